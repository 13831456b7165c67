"""`make records` replaces a record when all of its points are there, and not before."""

from __future__ import annotations

from pathlib import Path

import make_records
import pytest

from labkit.records import LabBook

SWEEP = """
question = "q"
function = "sweep_points:{name}"
seeds = {{first = 0, count = 3}}

[[points]]
factor = 2
mended = "nowhere"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(make_records, "FOLDER", tmp_path)
    monkeypatch.setattr(make_records, "WORKSHOP", tmp_path / "build")
    return tmp_path


def write(folder: Path, name: str) -> Path:
    (folder / "one.toml").write_text(SWEEP.format(name=name))
    return folder / "one.sqlite"


def test_a_record_is_computed_anew_and_replaces_the_old_one(folder: Path) -> None:
    book = write(folder, "multiply")
    assert make_records.main([]) == 0
    (first, *_) = LabBook.existing(book).runs()["started"]
    assert make_records.main(["one"]) == 0
    runs = LabBook.existing(book).runs(error=None)
    assert len(runs) == 3 and min(runs["started"]) > first
    assert not [*(folder / "build").glob("*.sqlite*")]


def test_a_record_with_a_failed_point_stays_as_it_was(folder: Path) -> None:
    book = write(folder, "multiply")
    make_records.main([])
    before = book.read_bytes()
    write(folder, "fail_sometimes")
    assert make_records.main([]) == 1
    assert book.read_bytes() == before


def test_an_unknown_record_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "multiply")
    assert make_records.main(["two"]) == 2
    assert "no such record: two (there are one)" in capsys.readouterr().out
