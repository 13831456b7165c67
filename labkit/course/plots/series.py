"""Figures of any series: means with their spread, points and lines, bars, differences."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.course.plots.canvas import (
    BLACK,
    BLUE,
    GREY,
    HATCHES,
    LINES,
    MARKERS,
    SERIES,
    VERMILLION,
    Series,
    add_legend,
    add_title,
    bar_style,
    count_whole,
    series_style,
)

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 12


def standard_error(values: npt.ArrayLike, axis: int = -1) -> Any:
    """s / sqrt(n): how far the mean of n values is from the true one, typically.

    Args:
        values: independent along `axis`; s is their standard deviation, with n - 1 below.
        axis: of n values.

    Returns:
        float64, of the shape of `values` without that axis.
    """
    array = np.asarray(values, dtype=np.float64)
    return array.std(axis=axis, ddof=1) / np.sqrt(array.shape[axis])


def set_log_ticks(ax: Axes, values: Iterable[float]) -> Axes:
    """Makes the horizontal axis logarithmic, with a tick at each of these values and no other."""
    places = list(values)
    ax.set_xscale("log")
    ax.set_xticks(places, [f"{place:,.0f}" for place in places])
    ax.minorticks_off()
    return ax


def draw_lines(ax: Axes, x: npt.ArrayLike, lines: Series) -> None:
    """Draws label -> (points,) over x (points,), each with its own colour, marker and line."""
    for i, (label, values) in enumerate(lines.items()):
        ax.plot(np.asarray(x), np.asarray(values), label=label, **series_style(i))


def draw_band(
    ax: Axes, x: npt.ArrayLike, mean: Any, half: Any, i: int, *, shade: float = 0.18, **style: Any
) -> None:
    """Draws series `i` as a line, and a band of `half` on either side of it."""
    ax.plot(x, mean, **{**series_style(i), **style})
    ax.fill_between(x, mean - half, mean + half, color=SERIES[i % 6], alpha=shade, lw=0)


def draw_bars_beside(
    ax: Axes, x: npt.ArrayLike, heights: npt.ArrayLike, i: int, n_series: int, **style: Any
) -> None:
    """Draws the bars of series `i` of `n_series`, which stand side by side at each x."""
    width = 0.8 / n_series
    places = np.asarray(x) + width * (i - (n_series - 1) / 2)
    ax.bar(places, heights, width, lw=0.5, **bar_style(i), **style)


def draw_quality(ax: Axes, positions: Sequence[float], samples: Series) -> Axes:
    """Draws one line per series: its mean over seeds, and its standard deviation as a bar.

    Args:
        ax: where to draw; the caller names its axes.
        positions: (points,) along the horizontal axis.
        samples: label -> (points, seeds).
    """
    for i, (label, values) in enumerate(samples.items()):
        array = np.asarray(values, dtype=np.float64)
        shifted = np.asarray(positions, dtype=np.float64) * (1 + 0.012 * i)
        mean, std = array.mean(axis=1), array.std(axis=1)
        ax.errorbar(shifted, mean, std, capsize=3, label=label, **series_style(i))
    return add_legend(ax, grid=True)


def draw_points_and_lines(
    ax: Axes,
    points: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
    lines: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]] | None = None,
) -> Axes:
    """Draws what was measured as markers and what formulas say as lines.

    Args:
        ax: where to draw; the caller names its axes.
        points: label -> (x, y).
        lines: label -> (x, y).
    """
    for i, (label, (x, y)) in enumerate(points.items()):
        ax.plot(x, y, MARKERS[i], color=SERIES[i], ms=7, mec="white", mew=0.5, label=label)
    for i, (label, (x, y)) in enumerate((lines or {}).items()):
        colour = (BLACK, GREY, *SERIES[len(points) :])[i]
        ax.plot(x, y, LINES[i % 4], color=colour, lw=1.5, label=label)
    return add_legend(ax, grid=True)


def draw_counts(ax: Axes, sizes: npt.ArrayLike, counts: Series) -> Axes:
    """Draws what grows with the number of neurons, on a logarithmic axis; the caller names it.

    Args:
        ax: where to draw.
        sizes: (points,) neurons.
        counts: label -> (points,).
    """
    draw_lines(ax, sizes, counts)
    ax.set(xlabel="neurons = qubits", yscale="log")
    count_whole(ax.xaxis)
    return add_legend(ax, grid=True, fontsize=9)


def draw_spread(ax: Axes, samples: Mapping[str, Series], *, ylabel: str) -> Axes:
    """Draws every value as a point and each group's median as a bar, series side by side.

    Args:
        ax: where to draw.
        samples: series -> group -> values (seeds,); every series has the same groups.
        ylabel: what the values are.
    """
    groups = list(next(iter(samples.values())))
    for i, (label, by_group) in enumerate(samples.items()):
        for g, group in enumerate(groups):
            values = np.asarray(by_group[group], dtype=np.float64)
            x = g + 0.3 * (i - (len(samples) - 1) / 2) + np.linspace(-0.08, 0.08, len(values))
            name = label if g == 0 else "_"
            ax.plot(x, values, MARKERS[i], color=SERIES[i], ms=4, alpha=0.6, label=name)
            ax.hlines(np.median(values), x[0] - 0.03, x[-1] + 0.03, color=BLACK, lw=2)
    ax.set_xticks(range(len(groups)), groups)
    ax.set(ylabel=f"{ylabel} (line: median)")
    return add_legend(ax)


def draw_calls(
    ax: Axes,
    calls: Mapping[str, float],
    spread: Mapping[str, float] | None = None,
    *,
    xlabel: str = "calls",
) -> Axes:
    """Draws how many calls each way to search takes, one bar each.

    Args:
        ax: where to draw.
        calls: label -> calls.
        spread: label -> half length of its error bar.
        xlabel: what a call is, and what the error bars are.
    """
    values = np.array(list(calls.values()), dtype=np.float64)
    errors = np.array([0.0 if spread is None else spread[label] for label in calls])
    for i, (label, value) in enumerate(calls.items()):
        (bar,) = ax.barh(label, value, **bar_style(i))
        ax.annotate(f" {value:,.1f}", (value, bar.get_y() + 0.08), fontsize=9)
    if spread:
        ax.errorbar(values, list(calls), xerr=errors, ls="", color=BLACK, capsize=3)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.15 * (values + errors).max())
    ax.set(xlabel=xlabel)
    return ax


def draw_bills(ax: Axes, bills: Series, *, xlabel: str) -> Axes:
    """Draws what each way costs on each network as a point, and its median as a line.

    Args:
        ax: where to draw; costs are on a logarithmic axis.
        bills: label -> (networks,), above 0.
        xlabel: what is paid.
    """
    for i, (label, values) in enumerate(bills.items()):
        paid = np.sort(np.asarray(values, dtype=np.float64))
        rows = i + np.linspace(-0.22, 0.22, len(paid))
        ax.plot(paid, rows, MARKERS[i % 6], color=SERIES[i % 6], ms=4, alpha=0.7, label=label)
        middle = float(np.median(paid))
        ax.vlines(middle, i - 0.33, i + 0.33, color=BLACK, lw=2)
        ax.annotate(f"{middle:,.0f}", (middle, i - 0.36), ha="center", va="bottom", fontsize=9)
    ax.set_yticks(range(len(bills)), list(bills))
    ax.set(xscale="log", xlabel=f"{xlabel} (line: median)", ylim=(len(bills) - 0.5, -0.75))
    ax.grid(alpha=0.3, axis="x")
    return ax


def draw_differences(ax: Axes, differences: Series, *, xlabel: str, ylabel: str) -> Axes:
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
        error = 2 * standard_error(array)
        ax.errorbar(g + 0.28, array.mean(), error, fmt="s", color=VERMILLION, capsize=4)
    ax.axhline(0, color=BLACK, lw=1, ls=":")
    ax.set_xticks(range(len(differences)), list(differences))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return add_title(ax, "circles: one network; square: mean ± two standard errors")


def draw_predictions(ax: Axes, predictions: pd.DataFrame) -> Axes:
    """Draws the mean points of each question, the newest below, and the mean of all (dashed).

    Args:
        ax: where to draw.
        predictions: of `panels.read_predictions`; several for one question, as in the books of a
            class that were merged, are averaged.
    """
    scored = predictions.dropna(subset="points").astype({"points": float})
    by_question = scored.groupby("question", sort=False)["points"]
    means, counts = by_question.mean().tail(_SHOWN), by_question.size()
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
    ax.barh(labels, means, color=BLUE, edgecolor=BLACK, hatch=HATCHES[1], height=0.6)
    ax.axvline(scored["points"].mean(), color=VERMILLION, ls="--")
    ax.tick_params(axis="y", labelsize=8)
    ax.invert_yaxis()
    return ax
