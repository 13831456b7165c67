"""Verdicts are kept in the lab book, once each; the panel says how far its reader is."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.course import check
from labkit.course.checking import all_exercises
from labkit.course.panels import Prediction, Progress
from labkit.course.panels.progress import best_statuses
from labkit.course.verdicts import QUESTION
from labkit.records import LabBook


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, where verdicts are kept."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABKIT_BOOK", raising=False)
    monkeypatch.delenv("LABKIT_KEEP_VERDICTS", raising=False)
    return tmp_path


def test_a_verdict_is_kept_and_the_same_one_once(folder: Path) -> None:
    assert check("00-2", ...).status == "not attempted"
    assert not (folder / "lab_book.sqlite").exists()
    for answer in (400, 400, 41, 2**20, 2**20, 400):
        assert check("00-2", answer).note == ""
    runs = LabBook("lab_book.sqlite").runs(exercise="00-2")
    assert runs["result.status"].tolist() == ["wrong", "wrong", "right"]
    assert "20 times 20" in runs["result.message"][0]
    assert set(runs["question"]) == {QUESTION}
    assert best_statuses(runs) == {"00-2": "right"}


@pytest.mark.parametrize("off", ["0", "off", " NO ", "False"])
def test_keeping_verdicts_can_be_switched_off(
    off: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_KEEP_VERDICTS", off)
    assert check("00-2", 2**20).status == "right"
    assert [*folder.iterdir()] == []


def test_a_verdict_that_cannot_be_kept_is_given_all_the_same(folder: Path) -> None:
    (folder / "lab_book.sqlite").write_text("no book")
    verdict = check("00-2", 2**20)
    assert verdict.status == "right"
    assert "Not kept in the lab book" in verdict.note
    assert "Not kept" in verdict._repr_html_() and "Not kept" not in str(verdict)
    assert (folder / "lab_book.sqlite").read_text() == "no book"


def test_what_half_characters_and_tags_a_reader_typed_is_kept_and_escaped() -> None:
    assert check("00-2", "<b>\ud800").note == ""
    Progress()


def test_the_panel_counts_exercises_points_and_sides(folder: Path) -> None:
    panel = Progress()
    total = len(all_exercises())
    assert f"0 of {total} solved" in panel.text.value
    assert not (folder / "lab_book.sqlite").exists()
    check("00-2", 400)
    check("00-3", 12)
    check("05-2", 7)
    check("00-2", 2**20)
    for question, guess, answer in (("a", 50.0, 100.0), ("b", 100.0, 100.0), ("c", 400.0, 100.0)):
        asked = Prediction(question)
        asked.control.value = guess
        asked.keep_button.click()
        asked.score(answer)
    chosen = Prediction("d", options=["yes", "no"])
    chosen.control.value = "no"
    chosen.keep_button.click()
    chosen.score("yes")
    panel.refresh_button.click()
    said = panel.text.value
    assert f"2 of {total} solved; tried, and not yet right: 05-2." in said
    assert "4 predictions scored" in said
    assert "Of 3 guessed numbers 1 were too low, 1 too high, 1 within 5%" in said
    assert "off by a factor of 2." in said
    assert "Of 1 choices 0 were right." in said
    assert "00 Welcome" in panel.table.value and "2 of 3" in panel.table.value
    assert "□■■" in panel.table.value
    assert panel.text.value in panel._repr_mimebundle_()["text/html"]


def test_a_book_that_cannot_be_read_is_said(folder: Path) -> None:
    (folder / "lab_book.sqlite").write_text("no book")
    assert "no lab book" in Progress().text.value
