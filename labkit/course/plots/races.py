"""Races: the best cost that each selector knows after so many calls, and what is left to gain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from labkit.course.plots.canvas import BLACK, GREY, HATCHES, MARKERS, SERIES, VERMILLION

_LINES = ("-", "--", ":", "-.")


def draw_race(
    ax: Axes,
    budgets: npt.ArrayLike,
    best: Mapping[str, npt.ArrayLike],
    *,
    minimum: float,
    error: str = "std",
) -> Axes:
    """Draws one line a selector over calls (each tick doubles them): mean and error of its runs.

    Args:
        ax: where to draw; it bears no legend.
        budgets: (budgets,) calls, rising; the axis ends at the last.
        best: label -> (runs, budgets), or fewer budgets where a line ends earlier; what is not
            finite is left out.
        minimum: drawn as a dotted line.
        error: 'std' for one standard deviation, 'interval' for 1.96 standard errors of the mean.
    """
    calls, errors, colours = np.log2(np.asarray(budgets, dtype=np.float64)), [], []
    for i, (label, values) in enumerate(best.items()):
        runs = np.asarray(values, dtype=np.float64)
        seen = np.isfinite(runs).all(axis=0)
        x, runs = calls[: runs.shape[1]][seen] + 0.03 * i, runs[:, seen]
        mean, half = runs.mean(axis=0), _half_length(runs, error)
        style: dict[str, Any] = {"marker": MARKERS[i % 6], "ls": _LINES[i % 4], "ms": 5, "lw": 1.3}
        ax.plot(x, mean, color=SERIES[i % 6], label=label, **style)
        errors.extend(np.stack([[x, x], [mean - half, mean + half]]).transpose(2, 1, 0))
        colours.extend([SERIES[i % 6]] * len(x))
    # one collection: six of them take several times longer to draw
    ax.add_collection(LineCollection(errors, colors=colours, linewidths=1, alpha=0.4))
    ax.axhline(minimum, color=GREY, ls=":")
    ticks = np.arange(np.ceil(calls[0]), calls[-1] + 0.01)
    ax.set_xticks(ticks, [f"{2**tick:,.0f}" for tick in ticks])
    ax.set(xlabel="calls", ylabel="best cost so far", xlim=(calls[0] - 0.3, calls[-1] + 0.4))
    return ax


def draw_regret(
    ax: Axes, regret: Mapping[str, npt.ArrayLike], *, lit: Collection[str] = (), error: str = "std"
) -> Axes:
    """Draws one bar a selector: its mean regret, named above it and marked as in `draw_race`.

    Args:
        ax: where to draw.
        regret: label -> (runs,), cost above the least of all masks.
        lit: labels whose bars are ringed.
        error: 'std' for one standard deviation, 'interval' for 1.96 standard errors of the mean;
            cut at 0, below which a regret cannot be.
    """
    runs = [np.asarray(values, dtype=np.float64) for values in regret.values()]
    means = np.array([values.mean() for values in runs])
    half = np.array([float(_half_length(values, error)) for values in runs])
    rows = np.arange(len(runs))
    ringed = [label in lit for label in regret]
    ax.barh(
        rows + 0.2,
        means,
        0.42,
        color=[SERIES[row % 6] for row in rows],
        hatch=[HATCHES[row % 6] for row in rows],
        edgecolor=[VERMILLION if ring else BLACK for ring in ringed],
        linewidth=[3 if ring else 1 for ring in ringed],
    )
    ax.hlines(
        rows + 0.2, np.maximum(means - half, np.minimum(means, 0)), means + half, BLACK, lw=1.5
    )
    for row, label in enumerate(regret):
        ax.plot(0, row - 0.22, MARKERS[row % 6], color=SERIES[row % 6], ms=6, clip_on=False)
        ax.text(0, row - 0.22, f"   {label}: {means[row]:.4f}", va="center", fontsize=9)
    ax.axvline(0, color=BLACK, lw=0.8)
    ax.set(xlabel="regret: cost above the least", ylim=(len(regret) - 0.45, -0.6))
    ax.set_yticks([])
    return ax


def set_log_ticks(ax: Axes, values: Iterable[float]) -> Axes:
    """Makes the horizontal axis logarithmic, with a tick at each of these values and no other."""
    places = list(values)
    ax.set_xscale("log")
    ax.set_xticks(places, [f"{place:,.0f}" for place in places])
    ax.minorticks_off()
    return ax


def _half_length(runs: npt.NDArray[np.float64], error: str) -> npt.NDArray[np.float64]:
    """Half the length of an error bar over runs, the first axis."""
    std = runs.std(axis=0, ddof=int(error == "interval"))
    half: npt.NDArray[np.float64] = std if error == "std" else 1.96 * std / np.sqrt(len(runs))
    return half
