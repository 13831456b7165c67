"""Predict, then run: a guess that is kept in the lab book before the answer, and then scored."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from labkit.limits import check_choice, check_finite, show_value

if TYPE_CHECKING:
    import pandas as pd

    from labkit.records import LabBook

Guess = float | str

#: column of a book's runs -> its name among the predictions
_COLUMNS = {
    "question": "question",
    **{f"result.{name}": name for name in ("guess", "answer", "points")},
}


@dataclass(frozen=True)
class Score:
    """What became of a prediction.

    Attributes:
        question: what it was about.
        answer: what came.
        guess: what was expected; None if nothing was kept.
        points: 0 to 1; None without a guess, or with one that came after the answer.
        unit: of a number.
    """

    question: str
    answer: Guess
    guess: Guess | None = None
    points: float | None = None
    unit: str = ""

    def __str__(self) -> str:
        came = f"It is {_in_words(self.answer, self.unit)}."
        if self.guess is None:
            return f"No prediction was kept. {came}"
        said = f"You predicted {_in_words(self.guess, self.unit)}"
        if self.points is None:
            return f"{said} after the answer was shown. {came}"
        return f"{said}. {came} {self.points:.0%} of the points."

    def _repr_html_(self) -> str:
        return f"<p><b>Prediction.</b> {html.escape(str(self))}</p>"


def score_choice(guess: str, answer: str) -> float:
    """1 for the right choice, else 0."""
    return float(guess == answer)


def score_share(guess: float, answer: float, low: float, high: float) -> float:
    """1 - |guess - answer| / (high - low), at least 0."""
    return max(0.0, 1 - abs(guess - answer) / (high - low))


def score_magnitude(guess: float, answer: float) -> float:
    """1 - |log10(guess / answer)|, at least 0: a factor of ten scores nothing, as does a 0."""
    if guess <= 0 or answer <= 0:
        return float(guess == answer)
    return max(0.0, 1 - abs(math.log10(guess / answer)))


class Prediction(widgets.VBox):
    """A panel that keeps a guess in the lab book; `score` then holds it against what came.

    With `options` the guess is one of them, with `low` and `high` a number between them, else a
    number above 0, scored by its magnitude. Once kept, a guess stands. Until one is kept, `score`
    tells the answer without a score; a guess that is kept after that is recorded as such.

    Args:
        question: what is to be predicted.
        options: at least two answers to choose from.
        low: the least answer possible.
        high: the largest answer possible.
        unit: of the number, such as 'calls'.
        book: where to; by default the lab book of this folder, see `labkit.records.default_path`.

    Attributes:
        control: holds the guess.
        keep_button: keeps it.
        note: what became of it (`ipywidgets.HTML`).
        guess: what was kept; None before.
        answer: what came; None before `score`.
        late: whether the guess was kept after the answer was shown.
        entries: ids of what was kept.

    Raises:
        TypeError: the question is no text.
        ValueError: the question is empty, there are fewer than two options, or low and high are no
            interval.
    """

    def __init__(
        self,
        question: str,
        *,
        options: Sequence[str] | None = None,
        low: float | None = None,
        high: float | None = None,
        unit: str = "",
        book: LabBook | None = None,
    ) -> None:
        self.question, self.unit = _check_question(question), unit
        self.guess: Guess | None = None
        self.answer: Guess | None = None
        self.late, self.entries = False, list[str]()
        self._book, self._range = book, _check_range(low, high)
        self._options = _check_options(options)
        self.control = self._build_control()
        fits = widgets.Layout(width="max-content")
        self.keep_button = widgets.Button(description="Keep my guess", icon="lock", layout=fits)
        self.keep_button.on_click(lambda _: self._keep())
        self.note = widgets.HTML()
        row = [self.control, widgets.Label(unit), self.keep_button]
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
        title = widgets.HTML(f"<b>Predict.</b> {html.escape(question)}")
        super().__init__([title, widgets.HBox(row, layout=wrap), self.note])

    def score(self, answer: Guess) -> Score:
        """Holds the guess against what came, and keeps the score in the lab book.

        Args:
            answer: what came: one of the options, or a number.

        Raises:
            TypeError: a number was asked for, and the answer is none.
            ValueError: the answer is none of the options, or not finite.
        """
        self.answer = self._check_answer(answer)
        if self.guess is None:
            return Score(self.question, self.answer, unit=self.unit)
        points = None if self.late else self._points()
        score = Score(self.question, self.answer, self.guess, points, self.unit)
        result = {"guess": self.guess, "answer": self.answer, "points": points}
        said = _in_words(self.guess, self.unit)
        self._record(hypothesis=said, result=result, corrects=self.entries[0])
        self.note.value = html.escape(str(score))
        return score

    def _points(self) -> float:
        guess, answer = self.guess, self.answer
        if self._options is not None:
            return score_choice(str(guess), str(answer))
        assert isinstance(guess, float) and isinstance(answer, float)
        if self._range is not None:
            return score_share(guess, answer, *self._range)
        return score_magnitude(guess, answer)

    def _build_control(self) -> widgets.Widget:
        if self._options is not None:
            wide = widgets.Layout(width="max-content")
            return widgets.RadioButtons(options=self._options, value=None, layout=wide)
        if self._range is None:
            return widgets.FloatText(value=0.0, layout=widgets.Layout(width="140px"))
        low, high = self._range
        return widgets.FloatSlider((low + high) / 2, min=low, max=high, step=(high - low) / 200)

    def _keep(self) -> None:
        """Keeps the guess, after which it stands."""
        value = self.control.value
        if value is None or (self._options is None and self._range is None and value <= 0):
            self.note.value = "Make a guess first."
            return
        late, said = self.answer is not None, _in_words(value, self.unit)
        if self._record(hypothesis=said, parameters={"late": late}):
            self.late, self.guess = late, value
            self.control.disabled = self.keep_button.disabled = True
            self.note.value = html.escape(f"Kept: {said}" + ", after the answer was shown" * late)

    def _record(self, **told: Any) -> bool:
        from labkit.records import LabBook, LabBookError, default_path

        try:
            book = LabBook(default_path()) if self._book is None else self._book
            self.entries.append(book.record(self.question, **told))
        except (LabBookError, ValueError) as error:
            self.note.value = html.escape(str(error))
            return False
        return True

    def _check_answer(self, answer: Guess) -> Guess:
        if self._options is not None:
            return check_choice("answer", str(answer), self._options)
        return check_finite("answer", answer)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live panel, and its question for a page without a kernel."""
        choices = "" if self._options is None else f" ({' / '.join(self._options)})"
        still = f"<p><b>Predict.</b> {html.escape(self.question + choices)}</p>"
        return {**super()._repr_mimebundle_(**kwargs), "text/html": still}


def read_predictions(path: str | os.PathLike[str]) -> pd.DataFrame:
    """The predictions of a lab book that were held against what came, in their order.

    Args:
        path: of the book; where there is none, none is made.

    Returns:
        Columns question, guess, answer, points; points are missing where the guess came after the
        answer was shown.
    """
    import pandas as pd

    from labkit.records import LabBook

    if not Path(path).exists():
        return pd.DataFrame(columns=[*_COLUMNS.values()])
    runs = LabBook(path).runs().reindex(columns=["corrects", *_COLUMNS])
    scored = runs[runs["result.guess"].notna()].drop_duplicates("corrects", keep="first")
    return scored[[*_COLUMNS]].rename(columns=_COLUMNS).reset_index(drop=True)


def predictions_in_words(predictions: pd.DataFrame) -> str:
    """How many predictions were scored, and their mean points."""
    points = predictions["points"].dropna().astype(float)
    late = len(predictions) - len(points)
    if points.empty:
        return "No prediction has been scored in this lab book yet."
    said = f"{len(points)} predictions scored, {points.mean():.0%} of the points in the mean"
    return f"{said}; {late} came after the answer." if late else f"{said}."


def _in_words(value: Guess, unit: str) -> str:
    number = value if isinstance(value, str) else f"{value:,.4g}"
    return f"{number} {unit}".strip()


def _check_question(question: str) -> str:
    if not isinstance(question, str):
        raise TypeError(f"question={show_value(question)} is not text")
    if not question.strip():
        raise ValueError(f"question={question!r} is empty")
    return question


def _check_options(options: Sequence[str] | None) -> tuple[str, ...] | None:
    if options is None:
        return None
    if len(set(options)) < 2 or isinstance(options, str):
        raise ValueError(f"options={show_value(options)} leaves no choice (limit: 2 or more)")
    return tuple(options)


def _check_range(low: float | None, high: float | None) -> tuple[float, float] | None:
    if low is None and high is None:
        return None
    if low is None or high is None or not low < high:
        raise ValueError(f"low={low}, high={high} is no interval (both, and low < high)")
    return float(low), float(high)
