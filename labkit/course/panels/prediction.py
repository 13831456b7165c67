"""Predict, then run: what a reader writes into the lab book before the answer, and after it."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from labkit.course.html import in_html, with_title
from labkit.course.panels.lab_log import Panel, button_for
from labkit.files import user_path
from labkit.limits import check_choice, check_finite, show_value

if TYPE_CHECKING:
    import pandas as pd

    from labkit.records import LabBook

Guess = float | str

#: Answers that were shown without a guess, where there is no lab book to say so.
_shown: set[tuple[str, str]] = set()

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
        return f"<p>{with_title('Prediction.', str(self))}</p>"


def score_share(guess: float, answer: float, low: float, high: float) -> float:
    """1 - |guess - answer| / (high - low), at least 0."""
    return max(0.0, 1 - abs(guess - answer) / (high - low))


def score_magnitude(guess: float, answer: float) -> float:
    """1 - |log10(guess / answer)|, at least 0: a factor of ten scores nothing, as does a 0."""
    if guess <= 0 or answer <= 0:
        return float(guess == answer)
    return max(0.0, 1 - abs(math.log10(guess / answer)))


class Prediction(Panel):
    """A panel that keeps a guess in the lab book; `score` then holds it against what came.

    With `options` the guess is one of them, with `low` and `high` a number between them, else a
    number above 0, scored by its magnitude. Once kept, a guess stands, and is found again in the
    lab book after a restart. Until one is kept, `score` tells the answer without a score; a guess
    that is kept after that is recorded as such.

    Args:
        question: what is to be predicted.
        options: at least two answers to choose from.
        low: the least answer possible.
        high: the largest answer possible.
        unit: of the number, such as 'calls'.
        book: where to, see `Panel`.

    Attributes:
        control: holds the guess.
        keep_button: keeps it.
        guess: what was kept; None before.
        answer: what came; None before `score`.
        late: whether the guess was kept after the answer was shown.

    Raises:
        ValueError: there are fewer than two options, or low and high are no interval.
    """

    _title = "Predict."

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
        super().__init__(question, book)
        self.unit, self._range = unit, _check_range(low, high)
        self._options = _check_options(options)
        self.guess: Guess | None = None
        self.answer: Guess | None = None
        self.late = False
        self.control = self._build_control()
        self.keep_button = button_for("Keep my guess", "lock", self._keep)
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
        row = [self.control, widgets.Label(unit), self.keep_button]
        self._show(widgets.HBox(row, layout=wrap))
        self._resume()

    def _resume(self) -> None:
        """Takes up the first guess that the book holds, and whether the answer has been shown."""
        if (found := self.found()) is None:
            return
        for _, run in found[
            found["corrects"].isna() & found["parameters.guess"].notna()
        ].iterrows():
            if self._is_possible(run["parameters.guess"]):
                self._stand(run["parameters.guess"], bool(run["parameters.late"]), run["entry"])
                return

    def _stand(self, guess: Guess, late: bool, entry: str) -> None:
        """A guess that was kept stands."""
        self.late, self.guess = late, guess if isinstance(guess, str) else float(guess)
        self.entries.append(entry)
        self.control.value = self.guess
        self.control.disabled = self.keep_button.disabled = True
        said = f"Kept: {_in_words(self.guess, self.unit)}" + ", after the answer was shown" * late
        self.note.value = in_html(said)

    def _is_possible(self, guess: Any) -> bool:
        """Whether a guess is one that can be made here."""
        if self._options is not None:
            return isinstance(guess, str) and guess in self._options
        if isinstance(guess, str | bool) or not math.isfinite(guess):
            return False
        low, high = self._range or (0.0, math.inf)
        return low <= guess <= high and (self._range is not None or guess > 0)

    def _is_shown(self) -> bool:
        """Whether the answer has been shown, here or before a restart."""
        if self.answer is not None or self._place() in _shown:
            return True
        found = self.found()
        return found is not None and bool(found["result.answer"].notna().any())

    def _show_answer(self, answer: Guess) -> None:
        """Notes that the answer was shown without a guess: once, where there is a book."""
        from labkit.records import default_path

        if self._is_shown():
            return
        _shown.add(self._place())
        if self._book is not None or default_path().exists():
            said, note = "The answer was shown without a guess.", self.note.value
            self.record(result={"answer": answer}, conclusion=said)
            self.note.value = note

    def _place(self) -> tuple[str, str]:
        from labkit.records import default_path

        book = default_path() if self._book is None else self._book.path
        return str(book.absolute()), self.question

    def score(self, answer: Guess) -> Score:
        """Holds the guess against what came, and keeps the score in the lab book.

        Args:
            answer: what came: one of the options, or a number.

        Raises:
            ValueError: the answer is none of the options, or not finite.
        """
        came = self._check_answer(answer)
        if self.guess is None:
            self._resume()  # it may have been kept in a panel that is gone
        if self.guess is None:
            self._show_answer(came)
            self.answer = came
            return Score(self.question, came, unit=self.unit)
        self.answer = came
        points = None if self.late else self._points(self.guess, came)
        score = Score(self.question, came, self.guess, points, self.unit)
        result = {"guess": self.guess, "answer": came, "points": points}
        said = _in_words(self.guess, self.unit)
        if self.record(hypothesis=said, result=result, corrects=self.entries[0]):
            self.note.value = in_html(str(score))
        else:  # the note says why
            self.note.value = f"{in_html(str(score))} The score was not kept: {self.note.value}"
        return score

    def _points(self, guess: Guess, answer: Guess) -> float:
        if isinstance(guess, str) or isinstance(answer, str):
            return float(guess == answer)
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
        if value is None or not self._is_possible(value):
            self.note.value = "Make a guess first."
            return
        self._resume()  # one that was kept in another panel stands
        if self.guess is not None:
            return
        late, said = self._is_shown(), _in_words(value, self.unit)
        if self.record(hypothesis=said, parameters={"late": late, "guess": value}):
            self._stand(value, late, self.entries.pop())

    def _check_answer(self, answer: Guess) -> Guess:
        if self._options is not None:
            return check_choice("answer", str(answer), self._options)
        return check_finite("answer", answer)

    def _asked(self) -> str:
        choices = "" if self._options is None else f" ({' / '.join(self._options)})"
        return self.question + choices


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

    if not user_path(path).exists():
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
