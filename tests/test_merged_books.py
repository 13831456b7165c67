"""A merged book says whose each entry was; entries and the books themselves stay as they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from labkit.records import LabBook, LabBookError


def fill(path: Path, *questions: str) -> LabBook:
    book = LabBook(path)
    for question in questions:
        book.record(question)
    return book


@pytest.fixture
def merged(tmp_path: Path) -> LabBook:
    """A class book with an entry of its own, and those of two students."""
    book = fill(tmp_path / "class.sqlite", "own")
    for name in ("ada", "ben"):
        fill(tmp_path / name / "lab_book.sqlite", f"{name} 1", f"{name} 2").close()
        book.merge(tmp_path / name / "lab_book.sqlite")
    return book


def owners(book: LabBook) -> dict[str, object]:
    runs = book.runs()
    books = runs["merged_from"].astype(object).where(runs["merged_from"].notna(), None)
    return dict(zip(runs["question"], books, strict=True))


EXPECTED = {
    "own": None,
    "ada 1": "ada/lab_book.sqlite",
    "ada 2": "ada/lab_book.sqlite",
    "ben 1": "ben/lab_book.sqlite",
    "ben 2": "ben/lab_book.sqlite",
}


def test_an_entry_keeps_the_book_it_came_from(merged: LabBook) -> None:
    assert owners(merged) == EXPECTED
    assert merged.runs(merged_from="ben/lab_book.sqlite")["question"].tolist() == ["ben 1", "ben 2"]
    assert merged.runs(merged_from=None)["question"].tolist() == ["own"]
    assert "ada/lab_book.sqlite" in merged.runs().to_csv()


def test_a_merged_book_that_is_merged_again_keeps_the_first_names(
    merged: LabBook, tmp_path: Path
) -> None:
    school = LabBook(tmp_path / "school.sqlite")
    assert school.merge(merged.path) == 5
    assert owners(school) == {**EXPECTED, "own": f"{tmp_path.name}/class.sqlite"}
    assert school.merge(tmp_path / "ada" / "lab_book.sqlite") == 0
    assert owners(school)["ada 1"] == "ada/lab_book.sqlite"


def test_the_names_change_no_entry(merged: LabBook, tmp_path: Path) -> None:
    alone = LabBook(tmp_path / "ada" / "lab_book.sqlite")
    for entry in alone.runs()["entry"]:
        assert merged.entry(entry).id == alone.entry(entry).id == entry
    assert "merged_from" not in alone.runs()
    assert alone.runs(merged_from=None)["question"].tolist() == ["ada 1", "ada 2"]
    assert alone.runs(merged_from="ada/lab_book.sqlite").empty


def test_a_book_that_was_merged_before_names_were_kept_is_read_and_merged_into(
    merged: LabBook, tmp_path: Path
) -> None:
    merged.close()
    with closing(sqlite3.connect(merged.path)) as connection:  # as an earlier labkit left it
        connection.execute("DROP TABLE sources")
    old = LabBook(merged.path)
    assert len(old) == 5 and "merged_from" not in old.runs()
    fill(tmp_path / "cleo" / "lab_book.sqlite", "cleo").close()
    old.merge(tmp_path / "cleo" / "lab_book.sqlite")
    assert owners(old) == {**dict.fromkeys(EXPECTED), "cleo": "cleo/lab_book.sqlite"}


@pytest.mark.parametrize("action", ["UPDATE sources SET book = 'x'", "DELETE FROM sources"])
def test_sqlite_itself_refuses_to_change_a_name(merged: LabBook, action: str) -> None:
    merged.close()
    refused = pytest.raises(sqlite3.IntegrityError, match="never changed")
    with closing(sqlite3.connect(merged.path)) as connection, refused:
        connection.execute(action)


def forge(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE sources (entry, book)")
        connection.execute(statement, [connection.execute("SELECT id FROM entries").fetchone()[0]])


@pytest.mark.parametrize(
    "broken",
    [
        lambda path: forge(path, "INSERT INTO sources VALUES (?, X'00')"),
        lambda path: forge(path, f"INSERT INTO sources VALUES (?, '{'x' * 201}')"),
    ],
)
def test_a_forged_name_is_refused_and_nothing_is_taken(
    tmp_path: Path, broken: Callable[[Path], None]
) -> None:
    other = fill(tmp_path / "a" / "b.sqlite", "q")
    other.close()
    broken(other.path)
    book = LabBook(tmp_path / "class.sqlite")
    with pytest.raises(LabBookError, match="is damaged: book="):
        book.merge(other.path)
    assert len(book) == 0


def test_a_name_of_a_folder_in_any_encoding_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "Zoë\udcff"
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("no such name here")
    fill(folder / "b.sqlite", "q").close()
    book = LabBook(tmp_path / "class.sqlite")
    book.merge(folder / "b.sqlite")
    assert owners(book) == {"q": "Zoë?/b.sqlite"}
