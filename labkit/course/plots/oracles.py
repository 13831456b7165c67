"""Oracles and the searches that call them: falling thresholds, registers, growth of a circuit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.course.plots.canvas import BLACK, BLUE, GREY, MARKERS, SERIES, VERMILLION

_STYLES = ("-", "--", ":", "-.")


def draw_falling_threshold(
    ax: Axes, calls: npt.ArrayLike, costs: npt.ArrayLike, thresholds: npt.ArrayLike
) -> Axes:
    """Draws one search for the minimum: each measured cost, and the threshold that it lowers.

    Args:
        ax: where to draw.
        calls: (rounds + 1,) oracle calls spent at the end of each round, first 0.
        costs: (rounds + 1,) what was measured then.
        thresholds: (rounds + 1,) the least cost so far.
    """
    spent, measured, least = (np.asarray(values) for values in (calls, costs, thresholds))
    is_better = np.append(True, np.diff(least) < 0)
    ax.step(spent, least, where="post", color=BLUE, lw=2)
    ax.plot(spent[~is_better], measured[~is_better], "x", color=GREY, label="no better")
    ax.plot(spent[is_better], measured[is_better], "^", color=VERMILLION, ms=8,
            label="new threshold")  # fmt: skip
    ax.set(xlabel="oracle calls spent", ylabel="cost (line: threshold)")
    ax.legend(fontsize=8)
    return ax


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
        ax.plot(x, y, _STYLES[i % 4], color=colour, lw=1.5, label=label)
    ax.legend(fontsize=8)
    ax.grid(alpha=0.3)
    return ax


def draw_registers(ax: Axes, registers: Mapping[str, int], *, title: str = "") -> Axes:
    """Draws each qubit of a circuit as a marker, a register under its name.

    Args:
        ax: where to draw.
        registers: name -> qubits; one of no qubits is left out.
        title: of the axes.
    """
    widest = max(registers.values())
    for i, (name, size) in enumerate(registers.items()):
        if size:
            ax.plot(range(size), [-i] * size, MARKERS[i], color=SERIES[i], ms=11, mec=BLACK)
            ax.text(-0.3, 0.3 - i, f"{name}: {size}", fontsize=10)
    ax.set(xlim=(-0.8, widest), ylim=(-2.7, 0.8), xticks=[], yticks=[], xlabel="qubits")
    ax.set_title(title, fontsize=10)
    return ax


def draw_sizes(ax: Axes, x: Sequence[float], sizes: Mapping[str, npt.ArrayLike]) -> Axes:
    """Draws how a circuit grows: the mean over networks, and its standard deviation as a bar.

    Args:
        ax: where to draw; the caller names its axes.
        x: (points,).
        sizes: label -> (points, networks).
    """
    for i, (label, values) in enumerate(sizes.items()):
        array = np.asarray(values, dtype=np.float64)
        ax.errorbar(x, array.mean(axis=1), array.std(axis=1), marker=MARKERS[i], capsize=3,
                    color=SERIES[i], ls=_STYLES[i % 4], label=label)  # fmt: skip
    ax.legend(fontsize=8)
    ax.grid(alpha=0.3)
    return ax
