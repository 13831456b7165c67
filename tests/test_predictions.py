"""Predictions: kept before the answer, unchangeable, scored against what came."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from traitlets import TraitError

import labkit.course.panels.prediction as prediction_module
from labkit.course.panels import Prediction, Score, read_predictions
from labkit.course.panels.fold import Fold
from labkit.course.panels.scores import score_magnitude, score_share
from labkit.course.plots import Captioned, new_axes
from labkit.records import LabBook


@pytest.fixture
def book(tmp_path: Path) -> LabBook:
    return LabBook(tmp_path / "book.sqlite")


def keep(prediction: Prediction, value: float | str) -> None:
    prediction.control.value = value
    prediction.keep_button.click()


def show_me(score: Score) -> None:
    assert score.fold is not None
    score.fold.ask_button.click()


def told(score: Score) -> str:
    """What the live fold of a score shows."""
    assert score.fold is not None
    return "".join(getattr(field, "value", "") for field in score.fold.children)


def forget_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a restart does."""
    monkeypatch.setattr(prediction_module, "_shown", defaultdict(prediction_module._Shown))


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


def test_a_large_number_is_told_with_all_its_digits(book: LabBook) -> None:
    prediction = Prediction("How many passes?", unit="passes", book=book)
    keep(prediction, 12_345)
    assert str(prediction.score(88_061)).startswith(
        "You predicted 12,345 passes. It is 88,061 passes."
    )


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
    assert first.parameters == {"late": False, "guess": "random"}
    assert second.result == {"guess": "random", "answer": "Grover", "points": 0.0}
    assert second.corrects == first.id


def test_a_guess_that_is_kept_stands(book: LabBook) -> None:
    prediction = Prediction("How many?", book=book)
    keep(prediction, 7)
    assert prediction.control.disabled and prediction.keep_button.disabled
    prediction.control.value = 9
    assert prediction.score(7).points == 1


def test_without_a_guess_the_answer_is_told_unscored_and_that_is_kept_once(book: LabBook) -> None:
    for _ in range(2):
        score = Prediction("How many?", unit="masks", book=book).score(64)
        assert score.points is None
        assert str(score) == "No prediction was kept. It is 64 masks."
        show_me(score)
        assert "It is 64 masks" in told(score)
    (entry,) = book.runs()["entry"]
    assert book.entry(entry).conclusion == "The answer was shown without a guess."
    assert book.entry(entry).result == {"shown": True, "answer": 64.0}
    assert read_predictions(book.path).empty


def test_what_was_run_and_stays_folded_makes_no_book_and_no_guess_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_BOOK", str(tmp_path / "book.sqlite"))
    prediction = Prediction("How many?")
    score = prediction.score(64)
    assert "64" not in told(score) and not [*tmp_path.iterdir()]
    keep(prediction, 64)
    assert not prediction.late and prediction.score(64).points == 1
    assert "100% of the points" in told(score)


def test_show_me_makes_a_guess_late_in_a_new_panel_too_and_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_BOOK", str(tmp_path / "book.sqlite"))
    show_me(Prediction("How many?").score(64))
    assert "late" in Prediction("How many?").note.value
    forget_kernel(monkeypatch)
    again = Prediction("How many?")
    assert "late" in again.note.value
    assert "It is 64" in told(again.score(64))  # it need not be asked for twice
    keep(again, 64)
    assert again.late and again.score(64).points is None


@pytest.mark.parametrize("is_file", [True, False])
def test_without_a_book_that_can_be_written_what_was_shown_is_known_to_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_file: bool
) -> None:
    path = tmp_path / "book.sqlite"
    path.write_text("no book") if is_file else path.mkdir()
    monkeypatch.setenv("LABKIT_BOOK", str(path))
    score = Prediction("How many?").score(64)
    show_me(score)
    assert "It is 64" in told(score)
    monkeypatch.setattr(Prediction, "record", lambda self, **told: self.entries.append("x") or True)
    again = Prediction("How many?")
    keep(again, 64)
    assert again.late


def test_a_guess_after_the_answer_earns_no_points_and_is_kept_as_late(book: LabBook) -> None:
    prediction = Prediction("How many?", book=book)
    show_me(prediction.score(64))
    keep(prediction, 64)
    assert prediction.score(64).points is None
    assert "after the answer was shown" in str(prediction.score(64))
    guess = book.runs(**{"parameters.late": True})["entry"]
    assert book.entry(guess[0]).parameters == {"late": True, "guess": 64.0}


def test_a_score_points_at_the_guess_and_not_at_what_was_shown_before(book: LabBook) -> None:
    prediction = Prediction("How many?", book=book)
    show_me(prediction.score(64))
    keep(prediction, 60)
    shown, guess, score = (book.entry(entry) for entry in book.runs()["entry"])
    assert shown.result == {"shown": True, "answer": 64.0}
    assert guess.parameters == {"late": True, "guess": 60.0}
    assert score.corrects == guess.id


def test_all_that_tells_the_answer_opens_at_once_in_the_panel_that_is_asked(
    book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    folds: list[Fold] = []
    monkeypatch.setattr(prediction_module, "display", folds.append)
    first = Prediction("How many?", book=book)
    first.show("they are < 100\nand > 10")
    first.score(64)
    second = Prediction("How many?", book=book)  # its cell is run again
    assert [fold.is_open for fold in folds] == [False]
    keep(second, 32)
    (shown,) = folds[0].children
    assert "they are &lt; 100\nand &gt; 10" in shown.value and "It is" not in shown.value
    first.show("and now it is open")
    assert [fold.is_open for fold in folds] == [True, True]


def test_what_was_shown_before_the_answer_was_told_is_kept_as_shown(
    book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    folds: list[Fold] = []
    monkeypatch.setattr(prediction_module, "display", folds.append)
    Prediction("How many?", book=book).show("a figure")
    folds[0].ask_button.click()
    forget_kernel(monkeypatch)
    again = Prediction("How many?", book=book)
    keep(again, 64)
    assert again.late


def test_a_figure_and_its_score_share_a_fold_that_a_page_without_a_kernel_can_open(
    book: LabBook,
) -> None:
    figure = Captioned(new_axes()[0], "Sixty-four of them.")
    score = Prediction("How many?", book=book).score(64, figure)
    bundle = score._repr_mimebundle_()
    page = bundle["text/html"]
    assert page.startswith("<details><summary>") and page.endswith("</details>")
    assert '<img alt="Sixty-four of them."' in page and "It is 64." in page
    assert "64" not in bundle["text/plain"]


PLACES = [
    ({"low": 0, "high": 10}, 7.0, 7.0),
    ({"unit": "calls"}, 12.3456789, 12.3456789),
    ({"options": ["a", "b"]}, "b", "b"),
]


@pytest.mark.parametrize(("options", "guess", "answer"), PLACES)
def test_a_guess_is_found_again_after_a_restart_and_stands(
    book: LabBook, options: dict[str, Any], guess: Any, answer: Any
) -> None:
    first = Prediction("Which?", book=book, **options)
    keep(first, guess)
    shown, again = first.note.value, Prediction("Which?", book=LabBook(book.path), **options)
    assert again.control.disabled and again.keep_button.disabled
    assert (again.control.value, again.note.value) == (guess, shown)
    assert again.score(answer).points == 1
    third = Prediction("Which?", book=book, **options)
    third._keep()  # as a click that was under way
    assert third.guess == guess and third.score(answer).points == 1
    assert len(read_predictions(book.path)) == 1
    assert not Prediction("Which else?", book=book, **options).control.disabled


def test_a_guess_kept_in_another_panel_stands(book: LabBook) -> None:
    one, other = (Prediction("Which?", options=["a", "b"], book=book) for _ in range(2))
    keep(one, "a")
    keep(other, "b")
    assert other.guess == "a" and other.score("b").points == 0
    unkept = Prediction("Which?", options=["c", "d"], book=book)
    assert unkept.guess is None  # what was kept is no answer here


def test_a_guess_after_a_restart_is_late_where_the_answer_was_shown_before(
    book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_me(Prediction("Which?", options=["a", "b"], book=book).score("b"))
    forget_kernel(monkeypatch)
    again = Prediction("Which?", options=["a", "b"], book=LabBook(book.path))
    keep(again, "b")
    assert again.late and again.score("b").points is None
    assert "after the answer was shown" in again.note.value
    third = Prediction("Which?", options=["a", "b"], book=book)
    assert third.late and third.score("b").points is None


def test_a_score_that_cannot_be_kept_says_why(book: LabBook) -> None:
    prediction = Prediction("Which?", options=["a", "b"], book=book)
    keep(prediction, "a")
    book.close()
    book.path.chmod(0o444)
    assert prediction.score("a").points == 1
    assert prediction.note.value.startswith("You predicted a.")
    assert "not kept: lab book " in prediction.note.value
    assert "is read-only" in prediction.note.value
    book.path.chmod(0o644)
    prediction.score("a")
    assert prediction.note.value == "You predicted a. It is a. 100% of the points."
    assert len(read_predictions(book.path)) == 1


@pytest.mark.parametrize("guess", [float("nan"), float("inf"), 0.0, -3.0])
def test_what_is_no_number_above_0_is_not_kept(book: LabBook, guess: float) -> None:
    prediction = Prediction("How many?", book=book)
    keep(prediction, guess)
    assert prediction.guess is None and len(book) == 0
    assert prediction.note.value == "Make a guess first: a number above 0."
    keep(prediction, 3.0)
    assert not (prediction.late or prediction.note.value.startswith("Make"))


def test_what_is_no_number_at_all_leaves_the_control_as_it_was(book: LabBook) -> None:
    prediction = Prediction("How many?", book=book)
    with pytest.raises(TraitError):
        prediction.control.value = "many"
    prediction.keep_button.click()
    assert prediction.guess is None and len(book) == 0


def test_what_is_shown_or_kept_in_one_book_is_neither_in_another(
    book: LabBook, tmp_path: Path
) -> None:
    other = LabBook(tmp_path / "other.sqlite")
    here, there = (Prediction("How many?", book=one) for one in (book, other))
    show_me(here.score(64))
    folded = there.score(64)
    assert folded.fold is not None and not folded.fold.is_open
    keep(there, 64)
    assert not there.late and there.score(64).points == 1
    keep(here, 32)
    assert here.late and here.guess == 32 and there.guess == 64


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
