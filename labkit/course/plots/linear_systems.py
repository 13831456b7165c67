"""Figures of linear systems as guides: weights, signs that are kept, bits, gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.course.plots import canvas
from labkit.course.plots.series import draw_bars_beside
from labkit.course.plots.style import own_style
from labkit.course.wording import say

#: Where the best signs stand, beyond all weights of a vector of norm 1.
_TOP = 1.15


@own_style()
def draw_weights(
    ax: Axes, weights: canvas.Series, best: npt.ArrayLike, *, fixed: Sequence[int] = ()
) -> Axes:
    """Draws label -> (n,) weights as bars beside one another, each series at norm 1.

    `best`: (n,) signs of the best choice, triangles that point up or down; those of `fixed` pixels
    are ringed.
    """
    signs = np.asarray(best, dtype=np.float64)
    for i, label, values in canvas.number_series(weights):
        size = float(np.linalg.norm(values)) or 1.0
        draw_bars_beside(ax, range(len(values)), values / size, i, len(weights), label=label)
    for sign, marker in ((1, "^"), (-1, "v")):
        places = np.flatnonzero(signs == sign)
        ax.plot(places, np.full(len(places), _TOP * sign), marker, color=canvas.BLACK, ms=6)
    rings = np.array(fixed, dtype=int)
    ax.plot(rings, _TOP * signs[rings], "o", ms=12, mfc="none", mec=canvas.VERMILLION)
    ax.axhline(0, color=canvas.BLACK, lw=0.8)
    ax.set(
        xlabel=say("plot.linear_systems.pixel_mask_bit"),
        ylabel=say("plot.linear_systems.weight_of_norm"),
        ylim=(-1.35, 1.35),
    )
    ax.set_xlim(-0.7, len(signs) - 0.3)
    canvas.count_whole(ax.xaxis, most=8)
    return ax


@own_style()
def draw_over_fixed(
    ax: Axes,
    n_fixed: Sequence[int],
    series: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
    *,
    ylabel: str,
) -> Axes:
    """Draws label -> mean and standard error, (points,) each, over how many signs are fixed."""
    for i, (label, (mean, error)) in enumerate(series.items()):
        across = np.asarray(n_fixed) + 0.08 * i
        ax.errorbar(across, mean, error, capsize=3, label=label, **canvas.series_style(i))
    ax.set(xlabel=say("plot.linear_systems.signs_that_the_guide"), ylabel=ylabel)
    canvas.count_whole(ax.xaxis)
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_level(ax: Axes, label: str, mean: float, error: float) -> Axes:
    """Adds a dashed line at a mean, and a band of one standard error about it."""
    ax.axhline(mean, ls="--", color=canvas.BLACK, label=label)
    ax.axhspan(mean - error, mean + error, color=canvas.GREY, alpha=0.25, lw=0)
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_regrets_of_guides(ax: Axes, regrets: canvas.Series, *, n_fixed: int, most: float) -> Axes:
    """Draws label -> (n + 1,) regrets over 0, 1, ..., n fixed signs; a line at those chosen."""
    for i, label, values in canvas.number_series(regrets):
        ax.plot(values, ms=5, label=label, **canvas.series_style(i))
        ax.plot(n_fixed, values[n_fixed], ms=10, **canvas.marker_style(i))
    n = len(next(iter(regrets.values()))) - 1  # type: ignore[arg-type]
    ax.axvline(n_fixed, color=canvas.BLACK, ls=":", lw=1)
    ax.set(xlim=(-0.4, n + 0.4), ylim=(-0.03 * most, most))
    ax.set(
        xlabel=say("plot.linear_systems.signs_that_the_guide"),
        ylabel=say("plot.linear_systems.regret_of_the_best"),
    )
    canvas.count_whole(ax.xaxis, most=8)
    return ax


@own_style()
def draw_gates(ax: Axes, gates: Mapping[str, tuple[Any, Any]], n: Sequence[int]) -> Axes:
    """Draws two-qubit gates over unknowns, label -> (n, gates), and elimination's n^3 / 3."""
    for i, (label, (sizes, counts)) in enumerate(gates.items()):
        ax.plot(sizes, counts, label=label, **canvas.series_style(i))
    across = np.asarray(n, dtype=np.float64)
    ax.plot(
        across,
        across**3 / 3,
        "-",
        color=canvas.BLACK,
        lw=1,
        label=say("plot.linear_systems.elimination_n"),
    )
    ax.set(
        xlabel=say("plot.linear_systems.unknowns"),
        ylabel=say("plot.linear_systems.two_qubit_gates_or"),
        yscale="log",
    )
    ax.set_xticks(list(n))
    return canvas.add_legend(ax, grid=True)
