"""Figures of any series: means with their spread, points and lines, bars, differences."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.course.plots import canvas
from labkit.course.plots.style import own_style
from labkit.course.wording import say

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 12


def standard_error(values: npt.ArrayLike, axis: int = -1) -> Any:
    """s / sqrt(n): how far the mean of n values along an axis is from the true one, typically.

    The values are independent; s is their standard deviation, with n - 1 below. Returns float64, of
    the shape of `values` without that axis.
    """
    array = np.asarray(values, dtype=np.float64)
    return array.std(axis=axis, ddof=1) / np.sqrt(array.shape[axis])


@own_style()
def set_log_ticks(ax: Axes, values: Iterable[float]) -> Axes:
    """Makes the horizontal axis logarithmic, with a tick at each of these values and no other."""
    places = list(values)
    ax.set_xscale("log")
    ax.set_xticks(places, [f"{place:,.0f}" for place in places])
    ax.minorticks_off()
    return ax


@own_style()
def draw_lines(ax: Axes, x: npt.ArrayLike, lines: canvas.Series) -> None:
    """Draws label -> (points,) over x (points,), each with its own colour, marker and line."""
    for i, label, values in canvas.number_series(lines):
        ax.plot(np.asarray(x), values, label=label, **canvas.series_style(i))


@own_style()
def draw_band(
    ax: Axes, x: npt.ArrayLike, mean: Any, half: Any, i: int, *, shade: float = 0.18, **style: Any
) -> None:
    """Draws series `i` as a line, and a band of `half` on either side of it."""
    ax.plot(x, mean, **{**canvas.series_style(i), **style})
    ax.fill_between(x, mean - half, mean + half, color=canvas.colour_of(i), alpha=shade, lw=0)


@own_style()
def draw_bars_beside(
    ax: Axes, x: npt.ArrayLike, heights: npt.ArrayLike, i: int, n_series: int, **style: Any
) -> None:
    """Draws the bars of series `i` of `n_series`, which stand side by side at each x."""
    width = 0.8 / n_series
    places = np.asarray(x) + width * (i - (n_series - 1) / 2)
    ax.bar(places, heights, width, lw=0.5, **canvas.bar_style(i), **style)


@own_style()
def draw_quality(ax: Axes, positions: Sequence[float], samples: canvas.Series) -> Axes:
    """Draws one line per series (points, seeds): its mean, and its standard deviation as a bar."""
    for i, label, values in canvas.number_series(samples):
        shifted = np.asarray(positions, dtype=np.float64) * (1 + 0.012 * i)
        mean, std = values.mean(axis=1), values.std(axis=1)
        ax.errorbar(shifted, mean, std, capsize=3, label=label, **canvas.series_style(i))
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_points_and_lines(
    ax: Axes,
    points: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
    lines: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]] | None = None,
) -> Axes:
    """Draws what was measured as markers and what formulas say as lines: label -> (x, y)."""
    for i, (label, (x, y)) in enumerate(points.items()):
        ax.plot(x, y, ms=7, mec="white", mew=0.5, label=label, **canvas.marker_style(i))
    for i, (label, (x, y)) in enumerate((lines or {}).items()):
        colour = (canvas.BLACK, canvas.GREY, *canvas.SERIES[len(points) :])[i]
        ax.plot(x, y, canvas.LINES[i % 4], color=colour, lw=1.5, label=label)
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_counts(ax: Axes, sizes: npt.ArrayLike, counts: canvas.Series) -> Axes:
    """Draws what grows with the number of neurons, label -> (sizes,), on a logarithmic axis."""
    draw_lines(ax, sizes, counts)
    ax.set(xlabel=say("shared.neurons_qubits"), yscale="log")
    canvas.count_whole(ax.xaxis)
    return canvas.add_legend(ax, grid=True, fontsize=9)


@own_style()
def draw_spread(ax: Axes, samples: Mapping[str, canvas.Series], *, ylabel: str) -> Axes:
    """Draws every value as a point and each group's median as a bar, series side by side.

    `samples`: series -> group -> (seeds,); every series has the same groups.
    """
    groups = list(next(iter(samples.values())))
    for i, (label, by_group) in enumerate(samples.items()):
        for g, group in enumerate(groups):
            values = np.asarray(by_group[group], dtype=np.float64)
            x = g + 0.3 * (i - (len(samples) - 1) / 2) + np.linspace(-0.08, 0.08, len(values))
            name = label if g == 0 else "_"
            ax.plot(x, values, ms=4, alpha=0.6, label=name, **canvas.marker_style(i))
            ax.hlines(np.median(values), x[0] - 0.03, x[-1] + 0.03, color=canvas.BLACK, lw=2)
    ax.set_xticks(range(len(groups)), groups)
    ax.set(ylabel=say("shared.line_median", ylabel=ylabel))
    return canvas.add_legend(ax)


@own_style()
def draw_groups(ax: Axes, samples: Mapping[str, canvas.Series], *, ylabel: str) -> Axes:
    """Draws the mean of each group as a marker, its standard deviation as a bar, side by side.

    `samples`: series -> group -> (seeds,); every series has the same groups.
    """
    groups = list(next(iter(samples.values())))
    for i, (label, by_group) in enumerate(samples.items()):
        values = [np.asarray(by_group[group], dtype=np.float64) for group in groups]
        across = np.arange(len(groups)) + 0.13 * (i - (len(samples) - 1) / 2)
        mean, std = ([f(v) for v in values] for f in (np.mean, np.std))
        ax.errorbar(across, mean, std, capsize=3, label=label, **canvas.marker_style(i))
    ax.set_xticks(range(len(groups)), groups)
    ax.set(ylabel=ylabel)
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_calls(
    ax: Axes,
    calls: Mapping[str, float],
    spread: Mapping[str, float] | None = None,
    *,
    xlabel: str = "calls",
) -> Axes:
    """Draws how many calls each way to search takes, one bar each.

    `spread`: label -> half length of its error bar; `xlabel` says what a call is, and an error bar.
    """
    values = np.array(list(calls.values()), dtype=np.float64)
    errors = np.array([0.0 if spread is None else spread[label] for label in calls])
    for i, (label, value) in enumerate(calls.items()):
        (bar,) = ax.barh(label, value, **canvas.bar_style(i))
        said = f" {value:,.0f}" if float(value).is_integer() else f" {value:,.1f}"
        ax.annotate(said, (value, bar.get_y() + 0.08), fontsize=9)
    if spread:
        ax.errorbar(values, list(calls), xerr=errors, ls="", color=canvas.BLACK, capsize=3)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.15 * (values + errors).max())
    ax.set(xlabel=xlabel)
    return ax


@own_style()
def draw_bills(ax: Axes, bills: canvas.Series, *, xlabel: str) -> Axes:
    """Draws what each way costs on each network as a point, and its median as a line.

    `bills`: label -> (networks,), above 0: the axis is logarithmic.
    """
    for i, label, paid in canvas.number_series(bills):
        rows = i + np.linspace(-0.22, 0.22, len(paid))
        ax.plot(np.sort(paid), rows, ms=4, alpha=0.7, label=label, **canvas.marker_style(i))
        middle = float(np.median(paid))
        ax.vlines(middle, i - 0.33, i + 0.33, color=canvas.BLACK, lw=2)
        ax.annotate(f"{middle:,.0f}", (middle, i - 0.36), ha="center", va="bottom", fontsize=9)
    ax.set_yticks(range(len(bills)), list(bills))
    ax.set(
        xscale="log",
        xlabel=say("plot.series.line_median", xlabel=xlabel),
        ylim=(len(bills) - 0.5, -0.75),
    )
    ax.grid(alpha=0.3, axis="x")
    return ax


@own_style()
def draw_differences(ax: Axes, differences: canvas.Series, *, xlabel: str, ylabel: str) -> Axes:
    """Draws each run's difference as a point, and their mean with two standard errors.

    `differences`: label -> (runs,), of pairs that differ in one thing only.
    """
    for g, _, values in canvas.number_series(differences):
        across = g + np.linspace(-0.15, 0.15, values.size)
        ax.plot(across, values, "o", color=canvas.BLUE, ms=4, alpha=0.5)
        error = 2 * standard_error(values)
        ax.errorbar(g + 0.28, values.mean(), error, fmt="s", color=canvas.VERMILLION, capsize=4)
    ax.axhline(0, color=canvas.BLACK, lw=1, ls=":")
    ax.set_xticks(range(len(differences)), list(differences))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return canvas.add_title(ax, say("plot.series.circles_one_network_square"))


@own_style()
def draw_predictions(ax: Axes, predictions: pd.DataFrame) -> Axes:
    """Draws the mean points of each question, the newest below, and the mean of all (dashed).

    The predictions are of `panels.read_predictions`; several for one question, as in the books of a
    class that were merged, are averaged.
    """
    scored = predictions.dropna(subset="points").astype({"points": float})
    by_question = scored.groupby("question", sort=False)["points"]
    means, counts = by_question.mean().tail(_SHOWN), by_question.size()
    ax.set(xlabel=say("plot.series.share_of_the_points"), xlim=(0, 1))
    if means.empty:
        ax.set_yticks([])
        ax.text(
            0.5,
            0.5,
            say("plot.series.no_prediction_scored_yet"),
            ha="center",
            va="center",
            color=canvas.GREY,
        )
        return ax
    several = bool(counts.max() > 1)
    labels = [
        textwrap.fill(question + say("plot.series.guesses", counts=counts[question]) * several, 48)
        for question in means.index
    ]
    style: canvas.Style = {"color": canvas.BLUE, "edgecolor": canvas.BLACK, "hatch": "///"}
    ax.barh(labels, means, 0.6, **style)
    ax.axvline(scored["points"].mean(), color=canvas.VERMILLION, ls="--")
    ax.tick_params(axis="y", labelsize=8)
    ax.invert_yaxis()
    return ax
