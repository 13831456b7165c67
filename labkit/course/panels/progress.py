"""How far a reader is: exercises solved, predictions scored, and how far off the guesses are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from labkit.course.checking import all_exercises
from labkit.course.html import in_html, table_in_html, with_title
from labkit.course.kernel_watch import kernel_watch
from labkit.course.panels.lab_log import button_for
from labkit.course.panels.scores import predictions_in_words, read_predictions
from labkit.course.registry import BY_NUMBER
from labkit.course.verdicts import read_verdicts
from labkit.course.wording import say

if TYPE_CHECKING:
    import pandas as pd

    from labkit.records import LabBook

_NEAR = 0.05  # of the answer: neither too high nor too low


class Progress(widgets.VBox):
    """What the lab book says of its reader: x of N exercises, score and calibration.

    Args:
        book: to read; by default the lab book of this folder, see `labkit.records.default_path`.

    Attributes:
        refresh_button: reads the book anew.
        text: all of it in sentences (`ipywidgets.HTML`).
        table: the exercises of each lesson (`ipywidgets.HTML`).
    """

    def __init__(self, book: LabBook | None = None) -> None:
        self._book = book
        self.text, self.table = widgets.HTML(), widgets.HTML()
        self.refresh_button = button_for(say("shared.refresh"), "refresh", self.refresh)
        super().__init__([self.refresh_button, kernel_watch(), self.text, self.table])
        self.refresh()

    def refresh(self) -> None:
        """Reads the book anew; where there is none, none is made."""
        from labkit.records import LabBook, LabBookError, default_path

        path = default_path() if self._book is None else self._book.path
        statuses: dict[str, str] = {}
        try:
            if Path(path).exists():
                statuses = best_statuses(LabBook(path).runs())
            predictions = read_predictions(path)
        except (LabBookError, OSError) as error:
            self.text.value = in_html(error)
            return
        told = (
            (say("progress.exercises"), exercises_in_words(statuses)),
            (say("progress.predictions"), predictions_in_words(predictions)),
            (say("progress.calibration"), calibration_in_words(predictions)),
        )
        self.text.value = "".join(f"<p>{with_title(*line)}</p>" for line in told)
        self.table.value = lessons_in_html(statuses)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live panel, and what it says for a page without a kernel."""
        still = f"{self.text.value}{self.table.value}"
        return {**super()._repr_mimebundle_(**kwargs), "text/html": still}


def best_statuses(runs: pd.DataFrame) -> dict[str, str]:
    """Exercise -> 'right' if it ever was, else 'wrong', out of the runs of a lab book."""
    best: dict[str, str] = {}
    for _, exercise, status in read_verdicts(runs):
        best[exercise] = "right" if "right" in (status, best.get(exercise)) else "wrong"
    return best


def exercises_in_words(statuses: Mapping[str, str]) -> str:
    """How many of all exercises are solved, and which were tried and are not."""
    solved = [name for name in all_exercises() if statuses.get(name) == "right"]
    tried = [name for name in all_exercises() if statuses.get(name) == "wrong"]
    said = say("progress.of_solved", n_solved=len(solved), n_all_exercises=len(all_exercises()))
    return (
        say("progress.tried_and_not_yet", said=said, tried=", ".join(tried))
        if tried
        else f"{said}."
    )


def calibration_in_words(predictions: pd.DataFrame) -> str:
    """On which side guessed numbers lie, by which factor typically, and how many choices are right.

    Args:
        predictions: of `read_predictions`; those after the answer are left out.
    """
    scored = predictions[predictions["points"].notna()]
    pairs = [*zip(scored["guess"], scored["answer"], strict=True)]
    choices = [guess == answer for guess, answer in pairs if isinstance(guess, str)]
    numbers = [(float(g), float(a)) for g, a in pairs if not isinstance(g, str)]
    said = [_numbers_in_words(numbers)] if numbers else []
    if choices:
        said.append(
            say("progress.of_choices_were_right", n_choices=len(choices), choices=sum(choices))
        )
    return " ".join(said) or say("progress.it_is_told_once")


def _numbers_in_words(numbers: list[tuple[float, float]]) -> str:
    side = Counter(
        "near"
        if abs(guess - answer) <= _NEAR * abs(answer)
        else "low"
        if guess < answer
        else "high"
        for guess, answer in numbers
    )
    said = say(
        "progress.of_guessed_numbers_were",
        n_numbers=len(numbers),
        low=side["low"],
        high=side["high"],
        near=side["near"],
        near_2=_NEAR,
    )
    logs = [abs(math.log(guess / answer)) for guess, answer in numbers if guess > 0 and answer > 0]
    if not logs:
        return f"{said}."
    factor = math.exp(sorted(logs)[len(logs) // 2])
    return say("progress.a_typical_one_is", said=said, factor=factor)


def lessons_in_html(statuses: Mapping[str, str]) -> str:
    """A table of the lessons: how many of their exercises are solved, and which."""
    marks = {"right": "■", "wrong": "◧"}
    rows = []
    for number, lesson in BY_NUMBER.items():
        names = [name for name in all_exercises() if name.partition("-")[0] == number]
        solved = sum(statuses.get(name) == "right" for name in names)
        squares = "".join(marks.get(statuses.get(name, ""), "□") for name in names)
        rows.append(
            (
                f"{number} {lesson.title}",
                say("progress.of", solved=solved, n_names=len(names)),
                squares,
            )
        )
    columns = ("text-align:left;font-weight:normal", "text-align:right", "text-align:left")
    return table_in_html(
        rows,
        columns,
        head=(say("progress.lesson"), say("progress.solved"), say("progress.solved_tried")),
        caption=say("progress.exercises_by_lesson"),
        css="border-spacing:8px 0",
        is_named=True,
    )
