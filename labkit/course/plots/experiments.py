"""What an experiment shows: differences with their standard errors, and predictions kept."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.course.plots.canvas import BLACK, BLUE, GREY, HATCHES, SERIES, VERMILLION

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 12
_COLUMNS = {
    "question": "question",
    "result.guess": "guess",
    "result.answer": "answer",
    "result.points": "points",
}


def standard_error(values: npt.ArrayLike) -> float:
    """s / sqrt(n): how far the mean of n values is from the true one, typically.

    Args:
        values: (n,), independent; s is their standard deviation, with n - 1 below.
    """
    array = np.asarray(values, dtype=np.float64)
    return float(array.std(ddof=1) / np.sqrt(array.size))


def draw_differences(
    ax: Axes, differences: Mapping[str, npt.ArrayLike], *, xlabel: str, ylabel: str
) -> Axes:
    """Draws each run's difference as a point, and their mean with two standard errors.

    Args:
        ax: where to draw.
        differences: label -> (runs,), of pairs that differ in one thing only.
        xlabel: what the labels are.
        ylabel: what the differences are of.
    """
    for g, values in enumerate(differences.values()):
        array = np.asarray(values, dtype=np.float64)
        across = g + np.linspace(-0.15, 0.15, array.size)
        ax.plot(across, array, "o", color=BLUE, ms=4, alpha=0.5)
        ax.errorbar(g + 0.28, array.mean(), 2 * standard_error(array), fmt="s", color=VERMILLION,
                    capsize=4)  # fmt: skip
    ax.axhline(0, color=BLACK, lw=1, ls=":")
    ax.set_xticks(range(len(differences)), list(differences))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_title("circles: one network; square: mean ± two standard errors", fontsize=10)
    return ax


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


def draw_predictions(ax: Axes, predictions: pd.DataFrame) -> Axes:
    """Draws the mean points of each question, the newest below, and the mean of all (dashed).

    Args:
        ax: where to draw.
        predictions: of `read_predictions`; several for one question, as in the books of a class
            that were merged, are averaged.
    """
    scored = predictions.dropna(subset="points")
    by_question = scored.groupby("question", sort=False)["points"]
    means = by_question.apply(lambda points: points.astype(float).mean()).tail(_SHOWN)
    counts = by_question.size()
    ax.set(xlabel="share of the points", xlim=(0, 1))
    if means.empty:
        ax.set_yticks([])
        ax.text(0.5, 0.5, "no prediction scored yet", ha="center", va="center", color=GREY)
        return ax
    several = bool(counts.max() > 1)
    labels = [
        textwrap.fill(question + f" ({counts[question]} guesses)" * several, 48)
        for question in means.index
    ]
    ax.barh(labels, means, color=SERIES[0], edgecolor=BLACK, hatch=HATCHES[1], height=0.6)
    ax.axvline(scored["points"].astype(float).mean(), color=VERMILLION, ls="--")
    ax.tick_params(axis="y", labelsize=8)
    ax.invert_yaxis()
    return ax
