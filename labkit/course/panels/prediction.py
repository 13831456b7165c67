"""Predict, then run: what a reader writes into the lab book before the answer, and after it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from IPython.display import display

from labkit.course.html import in_html
from labkit.course.panels.fold import Fold, told_in_html
from labkit.course.panels.lab_log import Panel, button_for
from labkit.course.panels.scores import (
    Guess,
    Score,
    score_magnitude,
    score_share,
    value_in_words,
)
from labkit.course.wording import say
from labkit.limits import check_choice, check_finite, show_value

if TYPE_CHECKING:
    from labkit.course.plots import Captioned
    from labkit.records import LabBook

_WAS_SHOWN = say("prediction.the_answer_was_shown")
_IS_LATE = say("prediction.a_guess_is_now", was_shown=_WAS_SHOWN)


@dataclass(eq=False)
class _Shown:
    """What this kernel has shown of a question.

    Attributes:
        answer: what came; None before it is told.
        is_open: whether it was shown without a guess.
        folds: those that are closed.
    """

    answer: Guess | None = None
    is_open: bool = False
    folds: list[Fold] = field(default_factory=list)


#: (path of the book, question) -> what was shown: any panel of a question opens all its folds.
_shown: defaultdict[tuple[str, str], _Shown] = defaultdict(_Shown)


class Prediction(Panel):
    """A panel that keeps a guess in the lab book; `score` then holds it against what came.

    With `options` the guess is one of them, with `low` and `high` a number between them, else a
    number above 0, scored by its magnitude. Once kept, a guess stands, and is found again in the
    lab book after a restart. Until one is kept, a notebook folds what `show` and `score` tell. Who
    asks to be shown it first is told without a score; that is noted in the lab book, and a guess
    that is kept after it is late.

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

    _title = say("prediction.predict")

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
        self.keep_button = button_for(say("prediction.keep_my_guess"), "lock", self._keep)
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
        row = [self.control, widgets.Label(unit), self.keep_button]
        self._show(widgets.HBox(row, layout=wrap))
        self._resume()
        if self.guess is None and self._is_shown():
            self.note.value = _IS_LATE

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
        said = say("prediction.kept", value_in_words=value_in_words(self.guess, self.unit))
        self.note.value = in_html(said + say("prediction.after_the_answer_was") * late)

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
        if self._place().is_open:
            return True
        found = self.found()
        return found is not None and bool(
            found[["result.shown", "result.answer"]].notna().any(axis=None)
        )

    def _place(self) -> _Shown:
        from labkit.records import default_path

        book = default_path() if self._book is None else self._book.path
        return _shown[str(book.absolute()), self.question]

    def show(self, shown: Captioned | str) -> None:
        """Shows what tells the answer, folded until a guess is kept.

        Args:
            shown: a figure with its text, or a text alone.
        """
        display(self._fold(told_in_html(shown)))  # type: ignore[no-untyped-call]

    def score(self, answer: Guess, shown: Captioned | str = "") -> Score:
        """Holds the guess against what came, and keeps the score in the lab book.

        Args:
            answer: what came: one of the options, or a number.
            shown: what else is in the fold, see `show`.

        Raises:
            ValueError: the answer is none of the options, or not finite.
        """
        told = told_in_html(shown)
        self.answer = self._place().answer = self._check_answer(answer)
        self._take_up()
        score = self._scored(self.answer)
        return replace(score, fold=self._fold(told, score))

    def _fold(self, told: str, score: Score | None = None) -> Fold:
        """A fold, open if a guess stands or the answer has been shown."""
        ending = None if score is None else in_html(score)
        fold = Fold(told, self._show_me, score=ending)
        self._take_up()
        if self.guess is not None or self._is_shown():
            fold.unfold(ending or "")
        else:
            self._place().folds.append(fold)
        return fold

    def _take_up(self) -> None:
        """Takes up a guess that was kept in a panel that is gone."""
        if self.guess is None:
            self._resume()

    def _show_me(self) -> None:
        """The reader asks for the answer: it is noted, and all folds of the question open."""
        self._take_up()
        if self.guess is None and not self._is_shown():
            self._note_shown()
        self._open()

    def _note_shown(self) -> None:
        """Notes that the answer was shown without a guess, in the lab book too if that can be."""
        place = self._place()
        answer = {} if place.answer is None else {"answer": place.answer}
        if self.record(result={"shown": True, **answer}, conclusion=_WAS_SHOWN):
            self.entries.pop()
        place.is_open, self.note.value = True, _IS_LATE

    def _open(self) -> None:
        """Opens all folds of the question, with the score that is due."""
        place = self._place()
        score = "" if place.answer is None else in_html(self._scored(place.answer))
        for fold in place.folds:
            fold.unfold(score)
        place.folds.clear()

    def _scored(self, came: Guess) -> Score:
        """What becomes of the guess, if there is one; then it is kept."""
        if self.guess is None:
            return Score(self.question, came, unit=self.unit)
        points = None if self.late else self._points(self.guess, came)
        score = Score(self.question, came, self.guess, points, self.unit)
        result = {"guess": self.guess, "answer": came, "points": points}
        said = value_in_words(self.guess, self.unit)
        if self.record(hypothesis=said, result=result, corrects=self.entries[0]):
            self.note.value = in_html(str(score))
        else:  # the note says why
            self.note.value = say(
                "prediction.the_score_was_not", score=in_html(str(score)), value=self.note.value
            )
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
            is_number = self._options is None and self._range is None
            self.note.value = say(
                "prediction.number_first" if is_number else "prediction.guess_first"
            )
            return
        self._take_up()  # one that was kept in another panel stands
        if self.guess is not None:
            return
        late, said = self._is_shown(), value_in_words(value, self.unit)
        if self.record(hypothesis=said, parameters={"late": late, "guess": value}):
            self._stand(value, late, self.entries.pop())
            self._open()

    def _check_answer(self, answer: Guess) -> Guess:
        if self._options is not None:
            return check_choice("answer", str(answer), self._options)
        return check_finite("answer", answer)

    def _asked(self) -> str:
        choices = "" if self._options is None else f" ({' / '.join(self._options)})"
        return self.question + choices


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
