"""The file of a lab book among other processes, on full disks, damaged, or from strangers."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.records import LabBook, LabBookError
from labkit.records.attachments import Attachment
from labkit.records.entries import Entry
from labkit.records.storage import insert_entry

SCRIPTS = Path(__file__).with_name("lab_book_scripts.py")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such thing")
root_only = pytest.mark.skipif(
    sys.platform == "win32" or os.getuid() != 0, reason="only an administrator can"
)


def start(name: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPTS), name, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)


def finish(process: subprocess.Popen[str]) -> str:
    out, error = process.communicate()
    assert process.returncode == 0, error
    return out.strip()


def run(name: str, *arguments: object) -> str:
    return finish(start(name, *arguments))


def contents(folder: Path) -> dict[str, tuple[str, float]]:
    """Digest and time of each file."""
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime)
        for path in folder.iterdir()
    }


def assert_sound(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def read_all(book: LabBook) -> list[Entry]:
    """All entries, each with its digest checked."""
    return [book.entry(entry) for entry in book.runs()["entry"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


@pytest.fixture
def path(folder: Path) -> Path:
    """A closed book of twelve entries."""
    book = LabBook(folder / "book.sqlite")
    for k in range(12):
        book.record(
            f"q{k}",
            parameters={"k": k},
            attachments={
                "noise": random.randbytes(2000)[:0] or np.random.default_rng(k).random(300)
            },
        )
    book.close()
    return book.path


@pytest.fixture
def with_wal(folder: Path, path: Path) -> Path:
    """A copy of a book in use: its newest entries are in the file beside it."""
    book = LabBook(path)
    book.record("settled")
    book.record("beside it")
    (folder / "copy").mkdir()
    for ending in ("", "-wal"):
        shutil.copyfile(f"{path}{ending}", folder / "copy" / f"book.sqlite{ending}")
    return folder / "copy" / "book.sqlite"


def test_four_processes_and_a_notebook_record_5000_entries(folder: Path) -> None:
    path = folder / "book.sqlite"
    reader = start("read", path)
    writers = [start("record", path, name, 1250) for name in "abcd"]
    for writer in writers:
        finish(writer)
    Path(f"{path}.stop").touch()
    seen = [int(count) for count in finish(reader).split()]
    # a reader that waited for writers would see none of their entries, or all
    assert any(0 < count < 5000 for count in seen)
    book = LabBook(path)
    runs = book.runs()
    assert len(book) == 5000 + len(seen)
    for name in "abcd":
        mine = runs[runs["parameters.who"] == name]["parameters.k"]
        assert mine.tolist() == [*range(1250)]
    assert_sound(path)


def test_a_process_killed_while_it_records_leaves_whole_entries(folder: Path) -> None:
    path, rng, printed = folder / "book.sqlite", random.Random(0), 0
    for attempt in range(6):
        writer = start("record", path, f"w{attempt}", 100_000)
        assert writer.stdout is not None
        said = [writer.stdout.readline()]
        time.sleep(rng.uniform(0, 0.25))
        writer.kill()
        said += writer.stdout.read().split("\n")
        writer.communicate()
        printed += len([line for line in said if line.strip()])
        assert_sound(path)
    book = LabBook(path)
    runs = book.runs()
    assert printed <= len(runs) <= printed + 6  # what was said to be in it is in it
    for number in range(6):
        mine = runs[runs["parameters.who"] == f"w{number}"]["parameters.k"]
        assert mine.tolist() == [*range(len(mine))]
    for entry in read_all(book):
        assert len(entry.attachments) == (2 if entry.parameters["k"] % 5 == 0 else 0)
    book.record("it goes on")
    assert len(book) == len(runs) + 1


@posix_only
def test_a_writer_that_is_stopped_does_not_block_readers(folder: Path) -> None:
    path = folder / "book.sqlite"
    book = LabBook(path)
    book.record("q")
    with book._connections.writing() as connection:
        connection.execute("CREATE TABLE more(x)")  # holds the lock of writers
        assert run("say", path, "read") == "1"
        assert len(book) == 1


def test_many_processes_make_one_book(folder: Path) -> None:
    path = folder / "new folder" / "book.sqlite"
    writers = [start("record", path, k, 3) for k in range(6)]
    for writer in writers:
        finish(writer)
    assert len(LabBook(path)) == 18
    assert [one.name for one in path.parent.iterdir() if one.suffix == ".new"] == []


def test_threads_share_a_book(path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    book = LabBook(path)
    with ThreadPoolExecutor(30) as threads:
        ids = {*threads.map(lambda k: book.record("q", parameters={"k": k}), range(200))}
    assert len(ids) == 200
    assert len(book) == 212


@posix_only
def test_a_forked_process_and_its_parent_both_record(path: Path) -> None:
    book = LabBook(path)
    book.record("before")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for _ in range(50):
                book.record("child")
            status = 0
        finally:
            os._exit(status)
    for _ in range(50):
        book.record("parent")
    assert os.waitpid(child, 0)[1] == 0
    questions = book.runs()["question"].value_counts()
    assert (questions["child"], questions["parent"]) == (50, 50)
    read_all(book)
    assert_sound(path)


@posix_only
def test_a_fork_inherits_no_connection(path: Path) -> None:
    book = LabBook(path)
    book.record("q")
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        opened = [one.path for one in psutil.Process().open_files()]
        found = [name for name in opened if name.startswith(str(path))]
        os.write(writable, json.dumps(found).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert json.loads(os.read(readable, 10_000)) == []
    os.close(readable)
    os.close(writable)


@posix_only
def test_a_fork_in_the_middle_of_a_thread_s_work_is_refused_in_the_child(path: Path) -> None:
    book = LabBook(path)
    with book._connections.writing():  # as if it were another thread's
        child = os.fork()
        if child == 0:
            status = 1
            try:
                LabBook(path).record("q")
            except LabBookError as error:
                status = 0 if "spawn" in str(error) else 1
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
    book.record("q")
    assert len(book) == 13


@posix_only
def test_opening_a_book_again_does_not_take_its_locks_away(path: Path) -> None:
    book = LabBook(path)
    book.record("first")
    LabBook(path)  # a file that is opened and closed loses all locks of its process
    run("say", path, "record")  # and then this would remove the -wal file under our feet
    for k in range(3):
        book.record(f"after {k}")
    assert int(run("say", path, "read")) == 17


def test_a_book_that_is_closed_while_it_is_read_stays_open_no_longer(path: Path) -> None:
    def opened() -> list[str]:
        return [one.path for one in psutil.Process().open_files() if one.path == str(path)]

    book = LabBook(path)
    with book._connections.reading() as connection:
        book.close()
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (12,)
        assert opened()
    assert not opened()
    assert len(book) == 12


def test_what_could_not_be_written_leaves_no_transaction_open(path: Path) -> None:
    book = LabBook(path)
    with pytest.raises(LabBookError, match="never changed"), book._connections.writing() as writer:
        writer.execute("INSERT INTO files VALUES ('digest', 'data')")
        writer.execute("DELETE FROM entries")
    book.record("q")  # it holds no lock, and is not in the middle of anything
    assert int(run("say", path, "record")) == 14
    with book._connections.reading() as reader:
        assert reader.execute("SELECT * FROM files WHERE digest = 'digest'").fetchall() == []


def test_the_copy_of_a_book_that_cannot_be_opened_goes(
    with_wal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copies").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "copies"))
    assert len(LabBook(with_wal)) == 14
    with_wal.write_bytes(b"My notes\n" * 1000)
    with pytest.raises(LabBookError):
        LabBook(with_wal)
    assert [*(tmp_path / "copies").iterdir()] == []


def test_what_was_just_recorded_is_in_the_file_itself(folder: Path, path: Path) -> None:
    book = LabBook(path)
    book.record("now")
    shutil.copyfile(path, folder / "copy.sqlite")
    assert LabBook(folder / "copy.sqlite").runs()["question"].iloc[-1] == "now"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 800 KB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=800k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no file system can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill_up(disk: Path) -> None:
    with (disk / "fill").open("ab", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(500))
        except OSError:
            pass


def test_a_full_disk_is_said_and_leaves_the_book_as_it_was(small_disk: Path) -> None:
    path = small_disk / "book.sqlite"
    book = LabBook(path)
    ids = [book.record("q", attachments={"x": np.arange(50)}) for _ in range(3)]
    fill_up(small_disk)
    with pytest.raises(LabBookError, match=r"book.sqlite: the disk is full; nothing was written$"):
        for _ in range(100):
            ids.append(
                book.record("q", attachments={"noise": np.random.default_rng(0).random(999)})
            )
    assert [entry.id for entry in read_all(book)] == ids
    assert run("say", path, "read") == str(len(ids))
    (small_disk / "fill").unlink()
    ids.append(book.record("q"))
    assert run("say", path, "record") == str(len(ids) + 1)
    assert_sound(path)


def test_a_closed_book_on_a_full_disk_can_be_read(small_disk: Path) -> None:
    path = small_disk / "book.sqlite"
    LabBook(path).record("q")
    fill_up(small_disk)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    assert run("say", path, "read") == "1"
    assert "full" in run("say", path, "record")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    with pytest.raises(LabBookError, match=r"other.sqlite: the disk is full"):
        LabBook(small_disk / "other.sqlite")
    with pytest.raises(LabBookError, match=r"runs.csv cannot be written: No space left"):
        LabBook(path).export(small_disk / "runs.csv")
    assert {one.name.removeprefix("book.sqlite") for one in small_disk.iterdir()} <= {
        *("", "fill", "-wal", "-shm"),
    }
    (small_disk / "fill").unlink()
    assert run("say", path, "record") == "2"


@posix_only
def test_a_file_that_may_not_grow_is_said_and_left_whole(path: Path) -> None:
    nbytes = path.stat().st_size + 60_000
    recorded, readable, error = run("limited", path, nbytes).split("|")
    assert "full" in error
    assert int(readable) == 12 + int(recorded)
    assert_sound(path)
    assert run("say", path, "record") == str(13 + int(recorded))
    read_all(LabBook(path))


def test_a_full_book_is_said_and_left_whole(path: Path) -> None:
    book = LabBook(path)
    with book._connections.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LabBookError, match="full"):
        book.record("q", attachments={"noise": np.random.default_rng(1).random(10_000)})
    assert len(read_all(book)) == 12
    book.close()
    book.record("q")


def assert_only_read(path: Path, says: str, before: dict[str, tuple[str, float]]) -> None:
    """The book is read, recording is refused, and nothing changes."""
    book = LabBook(path)
    entries = read_all(book)
    assert len(entries) >= 12
    with pytest.raises(LabBookError, match=says) as caught:
        book.record("q")
    assert str(path) in str(caught.value)
    with pytest.raises(LabBookError, match=says):
        book.merge(make_book(path.parent.parent / "mergeable", "new"))
    assert len(LabBook(path)) == len(entries)
    book.close()
    assert contents(path.parent) == before


def make_book(path: Path, *questions: str) -> Path:
    book = LabBook(path)
    for question in questions:
        book.record(question)
    book.close()
    return path


def test_a_read_only_file_is_read_and_left_as_it_was(path: Path) -> None:
    path.chmod(0o444)
    assert_only_read(path, "is read-only$", contents(path.parent))


@posix_only
def test_a_book_in_a_read_only_folder_is_read_and_left_as_it_was(path: Path) -> None:
    path.parent.chmod(0o555)
    try:
        assert_only_read(path, "lies in a read-only folder$", contents(path.parent))
    finally:
        path.parent.chmod(0o755)


def test_a_read_only_file_with_entries_beside_it_is_read_whole(with_wal: Path) -> None:
    with_wal.chmod(0o444)
    before = contents(with_wal.parent)
    assert before.keys() == {"book.sqlite", "book.sqlite-wal"}
    assert LabBook(with_wal).runs()["question"].iloc[-1] == "beside it"
    assert_only_read(with_wal, "is read-only$", before)


def test_a_read_only_link_finds_the_entries_beside_its_file(with_wal: Path, tmp_path: Path) -> None:
    try:
        (tmp_path / "link").symlink_to(with_wal)
    except OSError:
        pytest.skip("no links here")
    with_wal.chmod(0o444)
    assert len(LabBook(tmp_path / "link")) == 14


def test_a_file_that_becomes_read_only_is_not_written_to(path: Path) -> None:
    book = LabBook(path)
    book.record("q")
    path.chmod(0o444)
    with pytest.raises(LabBookError, match="is read-only"):
        book.record("q")
    assert len(book) == len(LabBook(path)) == 13


def test_a_read_only_book_that_is_written_to_by_its_owner_stays_readable(path: Path) -> None:
    owner = LabBook(path)
    path.chmod(0o444)
    reader = LabBook(path)
    assert len(reader) == 12
    path.chmod(0o644)
    owner.record("q")
    path.chmod(0o444)
    assert len(reader) == 13
    with pytest.raises(LabBookError, match="written to while it was read"):
        owner.close()
        with reader._connections.reading():
            path.chmod(0o644)
            owner.record("q")


@root_only
@pytest.mark.parametrize("what", ["file", "folder", "unreadable", "hidden"])
def test_another_user_reads_and_is_told_why_not_to_write(path: Path, what: str) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own is for its user alone
        shared = Path(name)
        book = Path(shutil.copy(path, shared))
        shared.chmod(0o700 if what == "hidden" else 0o755)
        book.chmod({"folder": 0o666, "unreadable": 0o600}.get(what, 0o644))
        before = contents(shared)
        read, recorded = run("as_nobody", book, "read"), run("as_nobody", book, "record")
        if what in ("unreadable", "hidden"):
            assert read == recorded
            assert read.endswith("cannot be read: Permission denied")
        else:
            assert read == "12"
            assert recorded.endswith({"file": "is read-only"}.get(what, "in a read-only folder"))
        assert contents(shared) == before


def test_a_book_cut_short_is_refused_and_left_as_it_is(path: Path) -> None:
    whole = path.read_bytes()
    pages = len(whole) // 4096
    cuts = [0, 1, 15, 16, 50, 99, 100, 511, 512, 4095, 4096, 5000, len(whole) - 1]
    for cut in [*cuts, *(4096 * k for k in range(1, pages)), len(whole) // 2]:
        path.write_bytes(whole[:cut])
        before = contents(path.parent)
        with pytest.raises(LabBookError) as caught:
            LabBook(path).record("q")
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert contents(path.parent) == before
    assert "empty" in refusal(path, b"")
    assert "is damaged" in refusal(path, whole[:-4096])


def refusal(path: Path, content: bytes) -> str:
    """Why a file is no book; it is left as it was."""
    path.write_bytes(content)
    before = contents(path.parent)
    with pytest.raises(LabBookError) as caught:
        LabBook(path)
    assert contents(path.parent) == before
    return str(caught.value)


def test_flipped_bytes_give_an_error_or_right_data(path: Path) -> None:
    book = LabBook(path)
    right = {entry.id: entry for entry in read_all(book)}
    book.close()
    whole, rng, refused = path.read_bytes(), random.Random(1), 0
    for number in range(60):
        path.unlink()
        broken = bytearray(whole)
        for _ in range(rng.choice([1, 5, 50])):
            broken[rng.randrange(100 if number % 5 == 0 else len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(broken)
        target = LabBook(path.with_name(f"target{number}"))
        try:
            book = LabBook(path)
            book.runs(k=3)
            found = read_all(book)
            target.merge(path)
        except LabBookError:
            refused += 1
            assert len(target) == 0
        else:
            for entry in [*found, *read_all(target)]:
                assert entry.parameters == right[entry.id].parameters
                assert entry.attachments == right[entry.id].attachments
        assert path.read_bytes() == broken
        target.close()
    assert refused > 20


def test_a_foreign_database_is_refused_and_left_as_it_is(folder: Path) -> None:
    for number, mode in enumerate(["delete", "wal"]):
        foreign = folder / f"foreign{number}.db"
        connection = sqlite3.connect(foreign)
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("CREATE TABLE entries(id)")
        connection.close()
        before = contents(folder)
        with pytest.raises(LabBookError, match="another program"):
            LabBook(foreign)
        assert contents(folder) == before


def test_a_newer_schema_is_refused_and_left_as_it_is(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    assert "newer labkit (schema 2; limit: 1)" in refusal(path, path.read_bytes())


def test_a_book_without_a_table_is_refused(path: Path) -> None:
    alter(path, "DROP TABLE attachments")
    assert "it has no table attachments" in refusal(path, path.read_bytes())


def test_what_is_no_book_is_refused_and_left_as_it_is(folder: Path) -> None:
    assert "no SQLite file" in refusal(folder / "notes.txt", b"My notes\n" * 1000)
    with pytest.raises(LabBookError, match="is a folder"):
        LabBook(folder)
    (folder / "file").write_text("x")
    with pytest.raises(LabBookError, match="cannot be created"):
        LabBook(folder / "file" / "book.sqlite")
    with pytest.raises(LabBookError, match="cannot be created"):
        LabBook(folder / "zero\0character")
    with pytest.raises(LabBookError, match="File name too long"):
        LabBook(folder / ("x" * 300))
    assert sorted(one.name for one in folder.iterdir()) == ["file", "notes.txt"]


@posix_only
def test_a_link_to_nowhere_and_a_folder_without_rights_are_refused(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "missing" / "nowhere")
    with pytest.raises(LabBookError):
        LabBook(folder / "link")
    with pytest.raises(LabBookError, match=r"cannot be (created|opened)"):
        LabBook("/proc/lab_book.sqlite")


NAMES = ["a b", "a'b", 'a"b', "a?mode=ro", "a#b", "a%20b", "a&b=c", "größe", "本", "file:x", "a;b"]


@posix_only
@pytest.mark.parametrize("name", [*NAMES, ":memory:", "-x", "a\nb", "a\\b"])
def test_any_name_of_a_file_will_do(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name / "folder" / name
    book = LabBook(path)
    book.record("q")
    assert len(LabBook(path)) == 1
    assert LabBook(tmp_path / "other").merge(path) == 1
    book.close()
    assert [one.name for one in path.parent.iterdir()] == [name]
    path.chmod(0o444)
    assert len(LabBook(path)) == 1
    monkeypatch.chdir(path.parent)
    assert len(LabBook(name)) == 1


@posix_only
def test_a_name_that_is_no_unicode_will_do(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"a\xff.sqlite")
    LabBook(path).record("q")
    assert len(LabBook(path)) == 1


@posix_only
def test_a_book_that_was_removed_or_replaced_is_not_written_to(path: Path) -> None:
    book = LabBook(path)
    path.rename(path.with_name("moved"))
    with pytest.raises(LabBookError, match="was removed or replaced"):
        book.record("q")
    LabBook(path)
    with pytest.raises(LabBookError, match="was removed or replaced"):
        len(book)


def test_merging_leaves_the_other_book_as_it_is(path: Path, with_wal: Path, folder: Path) -> None:
    mine = LabBook(folder / "mine" / "book.sqlite")
    path.parent.joinpath("target.sqlite").touch()
    before = contents(with_wal.parent)
    assert before.keys() == {"book.sqlite", "book.sqlite-wal"}
    assert mine.merge(with_wal) == 14
    assert contents(with_wal.parent) == before


def test_merging_a_book_in_use_takes_what_is_in_it_and_leaves_it(path: Path, folder: Path) -> None:
    user = LabBook(path)
    user.record("settled")
    user.record("beside it")
    before = {name: contents(folder)[name] for name in ("book.sqlite", "book.sqlite-wal")}
    assert before["book.sqlite-wal"][0] != hashlib.sha256(b"").hexdigest()
    target = LabBook(folder / "target" / "book.sqlite")
    assert target.merge(path) == 14
    shutil.rmtree(folder / "target")
    after = contents(path.parent)
    assert {name: after[name] for name in before} == before
    user.record("goes on")
    assert len(user) == 15


@pytest.mark.parametrize("what", ["missing", "folder", "text"])
def test_merging_what_is_no_book_is_refused(path: Path, folder: Path, what: str) -> None:
    (folder / "text").write_text("text")
    (folder / "folder").mkdir()
    with pytest.raises(LabBookError, match=what):
        LabBook(path).merge(folder / what)
    assert len(LabBook(path)) == 12


def alter(path: Path, *statements: str, values: Any = ()) -> None:
    """Changes a book behind its triggers."""
    connection = sqlite3.connect(path)
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in triggers.fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement, values)
    connection.commit()
    connection.close()


ONE = "number = 7"
ITS_ID = f"(SELECT id FROM entries WHERE {ONE})"
ITS_FILE = f"(SELECT digest FROM attachments WHERE entry = {ITS_ID})"
ALTERED: list[tuple[str, Any]] = [
    (f"UPDATE entries SET question = 'other' WHERE {ONE}", ()),
    (f"UPDATE entries SET question = x'ff' WHERE {ONE}", ()),
    (f"UPDATE entries SET question = 5 WHERE {ONE}", ()),
    (f"UPDATE entries SET hypothesis = 'other' WHERE {ONE}", ()),
    (f"UPDATE entries SET parameters = '{{\"k\":7}}' WHERE {ONE}", ()),
    (f"UPDATE entries SET parameters = '{{\"k\": 6}}' WHERE {ONE}", ()),
    (f"UPDATE entries SET parameters = '[]' WHERE {ONE}", ()),
    (f"UPDATE entries SET parameters = 'no JSON' WHERE {ONE}", ()),
    (f"UPDATE entries SET parameters = '{{\"k\":NaN}}' WHERE {ONE}", ()),
    (f"UPDATE entries SET parameters = ? WHERE {ONE}", ("[" * 100_000,)),
    (f"UPDATE entries SET parameters = ? WHERE {ONE}", ('{"k":' + "9" * 10_000 + "}",)),
    (f"UPDATE entries SET result = '{{\"k\":6}}' WHERE {ONE}", ()),
    (f"UPDATE entries SET ledger = '{{}}' WHERE {ONE}", ()),
    (f"UPDATE entries SET seed = 'text' WHERE {ONE}", ()),
    (f"UPDATE entries SET seed = 1 WHERE {ONE}", ()),
    (f"UPDATE entries SET seconds = 'text' WHERE {ONE}", ()),
    (f"UPDATE entries SET seconds = 9e999 WHERE {ONE}", ()),
    (f"UPDATE entries SET started = 'today' WHERE {ONE}", ()),
    (f"UPDATE entries SET started = x'00' WHERE {ONE}", ()),
    (f"UPDATE entries SET error = 'other' WHERE {ONE}", ()),
    (f"UPDATE entries SET nonce = 'other' WHERE {ONE}", ()),
    (f"UPDATE entries SET origin = 'other' WHERE {ONE}", ()),
    ("UPDATE origins SET content = '{}'", ()),
    ("UPDATE origins SET content = '5'", ()),
    ("UPDATE origins SET digest = 'other'", ()),
    (f"UPDATE files SET data = x'504b' WHERE digest = {ITS_FILE}", ()),
    (f"UPDATE files SET data = 'text' WHERE digest = {ITS_FILE}", ()),
    (f"DELETE FROM files WHERE digest = {ITS_FILE}", ()),
    (f"DELETE FROM attachments WHERE entry = {ITS_ID}", ()),
    (f"UPDATE attachments SET name = 'other.npz' WHERE entry = {ITS_ID}", ()),
    (f"UPDATE attachments SET name = '../../x.npz' WHERE entry = {ITS_ID}", ()),
    (f"UPDATE attachments SET name = 5 WHERE entry = {ITS_ID}", ()),
    (f"INSERT INTO attachments SELECT {ITS_ID}, 'more.npz', {ITS_FILE}", ()),
]


@pytest.mark.parametrize(("statement", "values"), ALTERED, ids=lambda x: str(x)[:70])
def test_a_book_that_was_altered_is_refused_as_a_whole(
    path: Path, folder: Path, statement: str, values: Any
) -> None:
    its_id = LabBook(path).runs()["entry"][6]
    alter(path, statement, values=values)
    target = LabBook(folder / "target.sqlite")
    target.record("mine")
    with pytest.raises(LabBookError) as caught:
        target.merge(path)
    everywhere = "origins" in statement
    assert "is not what it was when it was recorded" in str(caught.value) or "\\xff" in statement
    assert everywhere or its_id in str(caught.value)
    assert "\n" not in str(caught.value)
    assert target.runs()["question"].tolist() == ["mine"]
    assert_only_a_book_error(lambda: LabBook(path).runs())
    assert_only_a_book_error(lambda: LabBook(path).runs(k=3))
    assert_only_a_book_error(lambda: LabBook(path)._repr_html_())
    assert_only_a_book_error(lambda: LabBook(path).export(folder / "report.html"))


def assert_only_a_book_error(call: Callable[[], object]) -> None:
    try:
        call()
    except LabBookError as error:
        assert "\n" not in str(error)


def forge(path: Path, entry: Entry, *, digest_of_file: str | None = None) -> None:
    """Writes an entry as a stranger would, who knows how digests are made."""
    with LabBook(path)._connections.writing() as connection:
        insert_entry(connection, entry)
    if digest_of_file is not None:
        alter(path, "UPDATE files SET digest = ?", values=(digest_of_file,))
        alter(path, "UPDATE attachments SET digest = ?", values=(digest_of_file,))


def forged(folder: Path, name: str, data: bytes) -> tuple[Path, str]:
    """A sound book with any attachment at all."""
    book = LabBook(folder / "forged.sqlite")
    entry_id = book.record("q", attachments={"x.svg": SVG})
    entry = book.entry(entry_id)
    book.close()
    attachment = Attachment(name, data)
    object.__setattr__(entry, "attachments", (attachment,))
    entry.__dict__.pop("id")
    path = folder / "stranger.sqlite"
    forge(path, entry)
    return path, entry.id


@pytest.mark.parametrize(
    "name",
    ["../x.svg", "/etc/x.svg", "a\\..\\x.svg", "x\0.svg", "x" * 5000 + ".svg", "x.exe", "", ".svg"],
)
def test_a_crafted_name_is_refused_whatever_its_digest(folder: Path, name: str) -> None:
    path, entry_id = forged(folder, name, SVG)
    before = {one.name for one in folder.parent.rglob("*")}
    target = LabBook(folder / "target.sqlite")
    with pytest.raises(LabBookError, match=entry_id):
        target.merge(path)
    assert len(target) == 0
    assert {one.name for one in folder.parent.rglob("*")} - before <= {
        *("target.sqlite", "target.sqlite-wal", "target.sqlite-shm"),
    }


def test_a_file_under_the_digest_of_another_is_refused(folder: Path) -> None:
    target = LabBook(folder / "target.sqlite")
    mine = target.record("mine", attachments={"x.svg": SVG})
    digest = target.entry(mine).attachments[0].digest
    other = LabBook(folder / "other.sqlite")
    other.record("theirs", attachments={"x.svg": SVG + b" other"})
    other.close()
    alter(other.path, "UPDATE files SET digest = ?", values=(digest,))
    alter(other.path, "UPDATE attachments SET digest = ?", values=(digest,))
    with pytest.raises(LabBookError, match="is not what it was"):
        target.merge(other.path)
    assert len(read_all(target)) == 1


class Bomb:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, str]]:
        return open, (str(self.path), "w")


def npz(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(f"{name}.npy", data)
    return stream.getvalue()


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def test_nothing_is_unpickled(folder: Path) -> None:
    bomb = folder / "unpickled"
    data = npz(array=npy(np.array([Bomb(bomb)], dtype=object)))
    with np.load(io.BytesIO(data), allow_pickle=True) as found:
        found["array"][0].close()
    assert bomb.exists()  # it would do harm
    bomb.unlink()
    path, entry = forged(folder, "history.npz", data)
    target = LabBook(folder / "target.sqlite")
    assert target.merge(path) == 1
    for call in (
        lambda: target.arrays(entry, "history"),
        lambda: target.figure(entry),
    ):
        with pytest.raises(ValueError, match=r"no .npz file of plain arrays"):
            call()
    target.runs()
    target.export(folder / "report")
    assert not bomb.exists()


def huge_header(shape: str) -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


ENCRYPTED = bytearray(npz(array=npy(np.zeros(2))))
ENCRYPTED[6] |= 1
ENCRYPTED[ENCRYPTED.index(b"PK\x01\x02") + 8] |= 1


@pytest.mark.parametrize(
    "data",
    [
        b"PK",
        b"PK" + bytes(1000),
        npz(array=b"no array"),
        npz(array=b""),
        npz(array=huge_header("(1000000000000,)")),
        npz(array=huge_header("(10000000000, 10000000000, 10000000000)")),
        npz(array=huge_header("(-1,)")),
        npz(array=huge_header("(" * 60)),
        npz(array=npy(np.zeros(3))[:-5]),
        npz(array=npy(np.zeros(100)))[:-30],
        bytes(ENCRYPTED),
    ],
    ids=range(11),
)
def test_a_broken_file_of_arrays_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"'x.npz' is no .npz file of plain arrays") as caught:
        Attachment("x.npz", data).arrays()
    assert "\n" not in str(caught.value)


def test_a_bomb_of_zeros_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labkit.limits.memory_limit", lambda: 2**25)
    bomb = npz(array=huge_header("(8000000,)") + bytes(64_000_000))
    assert len(bomb) < 100_000
    with pytest.raises(ValueError, match="limit"):
        Attachment("x.npz", bomb).arrays()


def test_a_broken_or_huge_picture_is_refused(folder: Path) -> None:
    start = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    for size, says in ((bytes(8), "no PNG picture"), (b"\x7f\xff\xff\xff" * 2, "limit")):
        book = LabBook(folder / f"{says[:2]}.sqlite")
        entry = book.record("q", attachments={"x.png": start + size + b"\x08\x06\0\0\0"})
        with pytest.raises(ValueError, match=says):
            book.figure(entry)
    book.export(folder / "report.html")


@given(st.binary(max_size=300))
def test_any_bytes_after_the_first_are_refused_or_read(data: bytes) -> None:
    attached = Attachment("x.npz", b"PK\x03\x04" + data)
    with pytest.raises(ValueError, match=r"no .npz file"):
        attached.arrays()


def test_the_lock_of_a_dead_process_does_not_stay(folder: Path) -> None:
    path = folder / "book.sqlite"
    LabBook(path).record("q")
    holder = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import sqlite3, sys, time\n"
            f"c = sqlite3.connect({str(path)!r}, isolation_level=None)\n"
            "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); time.sleep(36_000)",
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    assert len(LabBook(path)) == 1
    holder.send_signal(signal.SIGTERM)
    holder.wait()
    holder.stdout.close()
    assert run("say", path, "record") == "2"


def test_a_lock_that_stays_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labkit.records.files.PATIENCE", 0.1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    book = LabBook(path)
    with pytest.raises(LabBookError, match="was locked by another program"):
        book.record("q")
    assert len(book) == 12
    other.close()
    book.record("q")
