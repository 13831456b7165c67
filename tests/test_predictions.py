"""Predictions: kept before the answer, unchangeable, scored against what came."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.course.panels import Prediction
from labkit.course.panels.prediction import score_magnitude, score_share
from labkit.records import LabBook


@pytest.fixture
def book(tmp_path: Path) -> LabBook:
    return LabBook(tmp_path / "book.sqlite")


def keep(prediction: Prediction, value: float | str) -> None:
    prediction.control.value = value
    prediction.keep_button.click()


def test_a_number_is_scored_by_its_magnitude(book: LabBook) -> None:
    prediction = Prediction("How many calls?", unit="calls", book=book)
    keep(prediction, 20)
    score = prediction.score(200)
    assert score.points == pytest.approx(0.0)
    assert str(score) == "You predicted 20 calls. It is 200 calls. 0% of the points."
    assert score._repr_html_() == f"<p><b>Prediction.</b> {score}</p>"
    assert score_magnitude(100, 100) == score_magnitude(0, 0) == 1
    assert score_magnitude(200, 100) == score_magnitude(50, 100) == pytest.approx(0.69897)
    assert score_magnitude(1, 10_000) == score_magnitude(0, 3) == 0


def test_a_number_in_a_range_is_scored_by_its_distance(book: LabBook) -> None:
    prediction = Prediction("What share?", low=0, high=1, book=book)
    keep(prediction, 0.5)
    assert prediction.score(0.25).points == pytest.approx(0.75)
    assert score_share(0.0, 9.0, 0.0, 3.0) == 0


@pytest.mark.parametrize(("guess", "points"), [("Grover", 1.0), ("random", 0.0)])
def test_a_choice_is_right_or_wrong(book: LabBook, guess: str, points: float) -> None:
    prediction = Prediction("Which?", options=["Grover", "random"], book=book)
    keep(prediction, guess)
    assert prediction.score("Grover").points == points


def test_guess_and_score_are_entries_of_the_lab_book(book: LabBook) -> None:
    prediction = Prediction("Which?", options=["Grover", "random"], book=book)
    keep(prediction, "random")
    prediction.score("Grover")
    first, second = (book.entry(entry) for entry in prediction.entries)
    assert (first.question, first.hypothesis) == ("Which?", "random")
    assert second.result == {"guess": "random", "answer": "Grover", "points": 0.0}
    assert second.corrects == first.id


def test_a_guess_that_is_kept_stands(book: LabBook) -> None:
    prediction = Prediction("How many?", book=book)
    keep(prediction, 7)
    assert prediction.control.disabled and prediction.keep_button.disabled
    prediction.control.value = 9
    assert prediction.score(7).points == 1


def test_without_a_guess_the_answer_is_told_unscored_and_nothing_is_kept(book: LabBook) -> None:
    score = Prediction("How many?", unit="masks", book=book).score(64)
    assert score.points is None
    assert str(score) == "No prediction was kept. It is 64 masks."
    assert len(book) == 0


def test_a_guess_after_the_answer_earns_no_points_and_is_kept_as_late(book: LabBook) -> None:
    prediction = Prediction("How many?", book=book)
    prediction.score(64)
    keep(prediction, 64)
    assert prediction.score(64).points is None
    assert "after the answer was shown" in str(prediction.score(64))
    assert book.entry(prediction.entries[0]).parameters == {"late": True}


@pytest.mark.parametrize("options", [None, ["a", "b"]])
def test_an_empty_guess_is_not_kept(book: LabBook, options: list[str] | None) -> None:
    prediction = Prediction("How many?", options=options, book=book)
    prediction.keep_button.click()
    assert "Make a guess first" in prediction.note.value
    assert len(book) == 0 and not prediction.control.disabled


def test_a_lab_book_that_cannot_be_written_is_told_and_the_guess_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_BOOK", str(tmp_path))
    prediction = Prediction("How many?")
    keep(prediction, 3)
    assert prediction.note.value and not prediction.control.disabled
    assert prediction.guess is None


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"question": 3}, TypeError, "question=3 is not text"),
        ({"question": " "}, ValueError, "question=' ' is empty"),
        ({"options": ["a"]}, ValueError, "leaves no choice"),
        ({"low": 1.0}, ValueError, "low=1.0, high=None is no interval"),
        ({"low": 1.0, "high": 1.0}, ValueError, "is no interval"),
    ],
)
def test_bad_arguments_are_named(
    arguments: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Prediction(**{"question": "Which?", **arguments})  # type: ignore[arg-type]


def test_an_answer_of_the_wrong_kind_is_refused(book: LabBook) -> None:
    with pytest.raises(TypeError, match="answer='many' is not a number"):
        Prediction("How many?", book=book).score("many")
    with pytest.raises(ValueError, match="answer=inf is not finite"):
        Prediction("How many?", book=book).score(float("inf"))
    with pytest.raises(ValueError, match="answer='c' is unknown"):
        Prediction("Which?", options=["a", "b"], book=book).score("c")


def test_what_was_typed_is_escaped_and_a_page_without_a_kernel_shows_the_question() -> None:
    bundle = Prediction("<script>?", options=["a", "b"])._repr_mimebundle_()
    assert "&lt;script&gt;? (a / b)" in bundle["text/html"]
