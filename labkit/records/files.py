"""The file of a lab book: how it is made, checked and opened, and what goes wrong with it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote_from_bytes

#: Seconds that a writer waits for another.
PATIENCE = 60
_ATTEMPTS = 50
_APPLICATION_ID = 0x4C61624B  # "LabK"
_SCHEMA = 1
_TABLES = ("origins", "entries", "files", "attachments")
_CREATE = """
CREATE TABLE origins (digest TEXT NOT NULL PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE entries (
    number INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    nonce TEXT NOT NULL,
    started TEXT NOT NULL,
    seconds FLOAT,
    question TEXT NOT NULL,
    hypothesis TEXT,
    parameters TEXT NOT NULL,
    seed INTEGER,
    result TEXT NOT NULL,
    ledger TEXT,
    conclusion TEXT,
    error TEXT,
    point TEXT,
    corrects TEXT,
    origin TEXT NOT NULL REFERENCES origins (digest)
);
CREATE INDEX ix_entries_question ON entries (question);
CREATE INDEX ix_entries_point ON entries (point);
CREATE TABLE files (digest TEXT NOT NULL PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE attachments (
    entry TEXT NOT NULL REFERENCES entries (id),
    name TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES files (digest),
    PRIMARY KEY (entry, name)
);
""" + "".join(
    f"CREATE TRIGGER no_{action.lower()}_of_{table} BEFORE {action} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'what is in a lab book is never changed'); END;\n"
    for table in _TABLES
    for action in ("UPDATE", "DELETE")
)
_EXPLAINED = {
    "full": "the disk is full; nothing was written",
    "I/O error": "the disk is full or fails; nothing was written",
    "unable to open": "cannot be opened: its folder is read-only, or the disk is full",
    "readonly": "is read-only",
    "read-only": "is read-only",
    "malformed": "is damaged",
    "not a database": "is damaged",
    "no such": "is damaged: a table is not as it should be",
    "never changed": "what is in it is never changed",
    "locked": f"was locked by another program for {PATIENCE} seconds",
    "too big": "holds at most 1 GB an entry; nothing was written",
}


class LabBookError(Exception):
    """A lab book cannot be read or written; the message names the file and says why."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Errors of SQLite as a `LabBookError` in one line."""
    try:
        yield
    except sqlite3.Error as error:
        text = " ".join(str(error).split())
        why = next((why for sign, why in _EXPLAINED.items() if sign in text), f"failed: {text}")
        raise LabBookError(f"lab book {path}: {why}") from None
    except UnicodeDecodeError:
        raise LabBookError(f"lab book {path}: is damaged") from None


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A draft beside `path`, which takes that name after the body; no other file is replaced.

    Raises:
        FileExistsError: meanwhile there is such a file; it is left as it is.
        OSError: the folder, or the draft, cannot be written.
    """
    draft = path.with_name(f".{path.name[:99]}.{os.urandom(4).hex()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        _rename(draft, path)
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            Path(f"{draft}{ending}").unlink(missing_ok=True)


def create_file(path: Path) -> None:
    """Makes an empty lab book; if another process was first, its file stands.

    Raises:
        LabBookError: the file or its folder cannot be made.
    """
    try:
        with suppress(FileExistsError), explained(path), new_file(path) as draft:
            _write_schema(draft)
    except (OSError, ValueError) as error:  # ValueError: a zero character in the path
        why = getattr(error, "strerror", None) or str(error)
        raise LabBookError(f"lab book {path} cannot be created: {why}") from None
    if not path.exists():
        raise LabBookError(f"lab book {path} cannot be created: its folder is no folder")


def is_there(path: Path) -> bool:
    """Whether there is such a file.

    Raises:
        LabBookError: it is a folder, or lies where one may not look.
    """
    try:
        if path.is_dir():
            raise LabBookError(f"lab book {path} is a folder; name a file")
        return path.exists()
    except OSError as error:
        raise LabBookError(f"lab book {path} cannot be read: {error.strerror}") from None


def check_file(path: Path) -> None:
    """Refuses a file that is no lab book, or one of a newer kind; it is only read.

    Raises:
        LabBookError: it is empty, cut short, not of SQLite, not of labkit, or newer.
    """
    for attempt in range(_ATTEMPTS):
        before = file_state(path)
        try:
            _check_once(path)
        except LabBookError:  # is it so, or did somebody write just then?
            if before == file_state(path) or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.01)
        else:
            return


def why_read_only(path: Path) -> str | None:
    """Why nobody may write; None if somebody may. The bits count for an administrator too."""
    for place, what in ((path, "is read-only"), (path.parent, "lies in a read-only folder")):
        bits = place.stat().st_mode & 0o222 or (sys.platform == "win32" and place.is_dir())
        if not bits or not os.access(place, os.W_OK):
            return what
    return None


def open_connection(path: Path, mode: str) -> sqlite3.Connection:
    """A connection that does not trust what is in the file; `mode` as in SQLite's URIs.

    Transactions begin where BEGIN is executed, and nowhere else.
    """
    uri = f"file:{quote_from_bytes(os.fsencode(path))}?{mode}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        # a file from anybody: https://www.sqlite.org/security.html
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def connected_untouched(path: Path) -> Iterator[sqlite3.Connection]:
    """Reads a book without a change to it or its folder, and what is not yet in the file proper."""
    with ExitStack() as stack:
        mode = "mode=ro"
        if not file_state(path)[1]:
            mode = "mode=ro&immutable=1"
        elif not Path(f"{path}-shm").exists():
            # nobody has it open, and SQLite would have to make a file beside it
            path, mode = stack.enter_context(_copied(path)), "mode=rw"
        yield stack.enter_context(closing(open_connection(path, mode)))


def identity(path: Path) -> tuple[int, int] | None:
    """What stays the same while a file is only written to; None if there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def file_state(path: Path) -> tuple[tuple[int, int], int]:
    """Size and time of the file; size of what is beside it."""
    sizes = []
    for name in (path, Path(f"{path}-wal")):
        try:
            found = name.stat()
            sizes.append((found.st_size, found.st_mtime_ns))
        except OSError:
            sizes.append((0, 0))
    return sizes[0], sizes[1][0]


def _rename(draft: Path, path: Path) -> None:
    if sys.platform == "win32":  # where no file is replaced by another
        draft.rename(path)
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except (AttributeError, OSError):  # a system, or a file system, without links
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))  # whoever makes it has the name
        draft.replace(path)


def _write_schema(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size = 4096")
        connection.executescript(
            f"BEGIN; {_CREATE} PRAGMA application_id = {_APPLICATION_ID}; "
            f"PRAGMA user_version = {_SCHEMA}; COMMIT;"
        )
        connection.execute("PRAGMA journal_mode = WAL")


def _check_once(path: Path) -> None:
    # the file is read through SQLite: to open and close it here would drop the locks of this
    # process (https://www.sqlite.org/howtocorrupt.html, 2.2)
    try:
        nbytes = path.stat().st_size
        readable = os.access(path, os.R_OK)
    except OSError as error:
        raise LabBookError(f"lab book {path} cannot be read: {error.strerror}") from None
    if not readable:
        raise LabBookError(f"lab book {path} cannot be read: Permission denied")
    if not nbytes:
        raise LabBookError(f"{path} is empty, so no lab book; it was left as it is")
    with explained(path):
        application, version, full_size, tables = _read_header(path)
    if application != _APPLICATION_ID:
        raise LabBookError(f"{path} is a database of another program; it was left as it is")
    if version > _SCHEMA:
        raise LabBookError(
            f"lab book {path} was made by a newer labkit (schema {version}; limit: {_SCHEMA})"
        )
    if nbytes < full_size and not file_state(path)[1]:
        raise LabBookError(f"lab book {path} is damaged: its end is missing")
    if missing := {*_TABLES} - tables:
        raise LabBookError(f"lab book {path} is damaged: it has no table {min(missing)}")


def _read_header(path: Path) -> tuple[int, int, int, set[str]]:
    """Whose file it is, of which schema, how many bytes it should have, and its tables."""
    try:
        with connected_untouched(path) as connection:
            application, version, count, size = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("application_id", "user_version", "page_count", "page_size")
            )
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return application, version, count * size, {name for (name,) in tables}
    except sqlite3.DatabaseError as error:
        if "not a database" not in str(error):
            raise
        raise LabBookError(
            f"{path} is no SQLite file, so no lab book; it was left as it is"
        ) from None


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    """A copy of a book, and of what is beside it, while the body runs."""
    with tempfile.TemporaryDirectory(prefix="lab_book_", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "copy.sqlite"
        for ending in ("", "-wal"):
            shutil.copyfile(f"{path}{ending}", f"{copy}{ending}")
        yield copy
