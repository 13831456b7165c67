"""Lab books of a web page: what the browser's storage is given, and what two pages make of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.records import LabBook, LabBookError, stored


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the browser's storage."""
    folder = tmp_path / "drive"
    folder.mkdir()
    monkeypatch.setattr(stored, "IN_BROWSER", True)
    monkeypatch.setattr(stored, "STORAGE", folder)
    enter_page(tmp_path / "first", monkeypatch)
    return folder


def enter_page(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a page were opened, whose memory is empty."""
    monkeypatch.setattr(stored, "MEMORY", memory)


def test_each_entry_is_in_the_storage_as_one_whole_file(storage: Path) -> None:
    book = LabBook(storage / "lab_book.sqlite")
    for n in range(3):
        book.record(f"question {n}")
        copy = storage.parent / f"copy{n}.sqlite"
        copy.write_bytes((storage / "lab_book.sqlite").read_bytes())
        assert len(LabBook.existing(copy)) == n + 1
    assert [path.name for path in storage.iterdir()] == ["lab_book.sqlite"]


def test_a_page_that_is_opened_again_finds_its_entries(
    storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = LabBook(storage / "lab_book.sqlite").record("q", hypothesis="seven")
    enter_page(tmp_path / "second", monkeypatch)
    assert LabBook(storage / "lab_book.sqlite").entry(kept).hypothesis == "seven"


def test_two_pages_at_one_book_lose_nothing_and_are_no_other_book(
    storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = LabBook(storage / "lab_book.sqlite")
    first.record("q0")
    enter_page(tmp_path / "second", monkeypatch)
    second = LabBook(storage / "lab_book.sqlite")
    second.record("q1")
    first.record("q2")
    second.record("q3")
    runs = second.runs()
    assert sorted(runs["question"]) == ["q0", "q1", "q2", "q3"]
    assert "merged_from" not in runs
    enter_page(tmp_path / "third", monkeypatch)
    assert len(LabBook(storage / "lab_book.sqlite")) == 4


def test_a_file_that_is_no_lab_book_is_left_as_it_is(storage: Path) -> None:
    path = storage / "lab_book.sqlite"
    path.write_bytes(b"a letter, and no book")
    for _ in range(2):
        with pytest.raises(LabBookError, match="no SQLite file"):
            LabBook(path)
    assert path.read_bytes() == b"a letter, and no book"


def test_a_book_from_elsewhere_merged_in_a_page_keeps_its_name(
    storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "IN_BROWSER", False)
    LabBook(tmp_path / "ada" / "lab_book.sqlite").record("hers")
    monkeypatch.setattr(stored, "IN_BROWSER", True)
    book = LabBook(storage / "lab_book.sqlite")
    assert book.merge(tmp_path / "ada" / "lab_book.sqlite") == 1
    enter_page(tmp_path / "second", monkeypatch)
    found = LabBook(storage / "lab_book.sqlite").runs()
    assert [*found["merged_from"]] == ["ada/lab_book.sqlite"]
