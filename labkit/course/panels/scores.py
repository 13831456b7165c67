"""What became of predictions: points, words, and those that a lab book holds."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.course.html import with_title
from labkit.course.panels.fold import Fold
from labkit.course.wording import say
from labkit.files import user_path

if TYPE_CHECKING:
    import pandas as pd

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
        fold: in which a notebook shows it; None where it is shown openly.
    """

    question: str
    answer: Guess
    guess: Guess | None = None
    points: float | None = None
    unit: str = ""
    fold: Fold | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        came = say("scores.it_is", value_in_words=value_in_words(self.answer, self.unit))
        if self.guess is None:
            return say("scores.no_prediction_was_kept", came=came)
        said = say("scores.you_predicted", value_in_words=value_in_words(self.guess, self.unit))
        if self.points is None:
            return say("scores.after_the_answer_was", said=said, came=came)
        return say("scores.of_the_points", said=said, came=came, points=self.points)

    def _repr_html_(self) -> str:
        return f"<p>{with_title(say('scores.prediction'), str(self))}</p>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The fold that holds it, if there is one."""
        return {} if self.fold is None else self.fold._repr_mimebundle_(**kwargs)


def score_share(guess: float, answer: float, low: float, high: float) -> float:
    """1 - |guess - answer| / (high - low), at least 0."""
    return max(0.0, 1 - abs(guess - answer) / (high - low))


def score_magnitude(guess: float, answer: float) -> float:
    """1 - |log10(guess / answer)|, at least 0: a factor of ten scores nothing, as does a 0."""
    if guess <= 0 or answer <= 0:
        return float(guess == answer)
    return max(0.0, 1 - abs(math.log10(guess / answer)))


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
        return say("scores.no_prediction_has_been")
    said = say("scores.predictions_scored_of_the", n_points=len(points), mean=points.mean())
    return say("scores.came_after_the_answer", said=said, late=late) if late else f"{said}."


def value_in_words(value: Guess, unit: str) -> str:
    """A guess or an answer with its unit."""
    if isinstance(value, str):
        return f"{value} {unit}".strip()
    return f"{value:{',.0f' if abs(value) >= 1e4 else ',.4g'}} {unit}".strip()
