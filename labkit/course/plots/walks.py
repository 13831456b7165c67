"""Local selection: where it walks on the cost, which neurons are free, what it spends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs import CostTable
from labkit.course.plots import canvas
from labkit.course.plots.style import own_style
from labkit.course.wording import say
from labkit.masks import masks_to_indices
from labkit.selectors import BlockStep, LocalWalk

#: Share of the way to the next column over which the masks of one column are spread.
_SPREAD = 0.8
_ROWS = 6  # steps of a schedule that are drawn
#: kind of neuron in one step -> marker, colour, size, meaning
_SCHEDULE = {
    "free": ("s", canvas.ORANGE, 9, say("plot.walks.free_now")),
    "known": ("o", canvas.SKY, 5, say("plot.walks.decided_before_known")),
    "held": ("_", canvas.GREY, 5, say("plot.walks.held_as_at_the")),
    "merged": ("D", canvas.GREEN, 5, say("plot.walks.decided_apart_put_together")),
}


@own_style()
def draw_masks(ax: Axes, table: CostTable, start: npt.ArrayLike | None = None) -> Axes:
    """Draws every mask as a dot: its flips from a mask `start` across, its cost up.

    By default they are counted from the nearest optimum.
    """
    across = mask_places(table, _index(start))
    ax.plot(across, table.costs, "o", color=canvas.GREY, ms=3, alpha=0.5, mew=0)
    ax.axhline(table.minimum, color=canvas.BLACK, ls=":", lw=1)
    name = say("plot.walks.the_best_mask") if start is None else say("plot.walks.the_mask")
    ax.set(xlabel=say("plot.walks.neurons_that_differ_from", name=name), ylabel=say("shared.cost"))
    ax.set_xlim(-0.6, table.n_neurons + 0.6)
    canvas.count_whole(ax.xaxis, most=4)
    return ax


@own_style()
def draw_walk(
    ax: Axes,
    table: CostTable,
    visited: BoolArray,
    *,
    candidates: BoolArray | None = None,
    lit: BoolArray | None = None,
    start: npt.ArrayLike | None = None,
) -> Axes:
    """Draws the masks of a walk (steps + 1, n), in order, among all masks: see `draw_masks`.

    The first is a circle, the last a triangle; squares are the candidates (c, n) among which the
    next step chooses. The mask `lit` (n,) is in a ring.
    """
    draw_masks(ax, table, start)
    across = mask_places(table, _index(start))

    def points(masks: BoolArray) -> tuple[FloatArray, FloatArray]:
        indices = masks_to_indices(masks)
        return across[indices], table.costs[indices]

    if candidates is not None:
        ax.plot(*points(candidates), "s", mfc="none", mec=canvas.ORANGE, mew=1.5, ms=7)
    ax.plot(*points(visited), "-", color=canvas.BLUE, lw=1.5)
    ax.plot(*points(visited[:1]), "o", color=canvas.BLUE, ms=7)
    ax.plot(*points(visited[-1:]), "^", color=canvas.BLUE, ms=9)
    if lit is not None:
        ax.plot(*points(lit[np.newaxis]), ms=14, **canvas.LIT)
    return ax


def nearest_mask(
    table: CostTable, across: float, cost: float, ax: Axes, start: npt.ArrayLike | None = None
) -> int:
    """The index of the mask whose dot on `draw_masks`' axes is nearest to a place on the screen."""
    dots = np.column_stack([mask_places(table, _index(start)), table.costs])
    place = ax.transData.transform((across, cost))
    return int(np.hypot(*(ax.transData.transform(dots) - place).T).argmin())


@lru_cache(maxsize=8)
def mask_places(table: CostTable, start: int | None = None) -> FloatArray:
    """Where each mask stands across (2^n,): its flips from a mask index or the nearest optimum.

    The masks of one column are spread out.
    """
    ends = masks_to_indices(table.optimal_masks()) if start is None else np.array([start])
    indices = np.arange(len(table.costs))
    flips = np.min([np.bitwise_count(indices ^ end) for end in ends], axis=0)
    places = flips.astype(np.float64)
    for column in range(table.n_neurons + 1):
        inside = np.flatnonzero(flips == column)
        if len(inside) > 1:
            places[inside] += _SPREAD * (np.arange(len(inside)) / (len(inside) - 1) - 0.5)
    return places


@own_style()
def draw_bits(
    ax: Axes,
    masks: BoolArray,
    blocks: Sequence[IntArray],
    *,
    first: int = 0,
    asked: IntArray | None = None,
    lit: BoolArray | None = None,
) -> Axes:
    """Draws a walk's masks one beneath the other: filled stays, hollow is off, framed was free.

    Each row of `masks` (rows, n) is that after a step, numbered from `first` on, and has a block of
    neurons that were free to come there. Those `asked` are free next: a row of their own, with
    question marks. Rings stand on the last row where the mask `lit` (n,) differs.
    """
    n, rows = masks.shape[1], np.arange(first, first + len(masks))
    for kept, fill in ((True, canvas.BLUE), (False, "white")):
        y, x = np.nonzero(masks == kept)
        ax.plot(x, rows[y], "s", mfc=fill, mec=canvas.BLUE, ms=7)
    frames = [(j, row) for row, block in zip(rows, blocks, strict=True) for j in block]
    if asked is not None:
        below = rows[-1] + 1
        frames += [(j, below) for j in asked]
        held = np.setdiff1d(np.arange(n), asked)
        ax.plot(held, np.full(len(held), below), "_", color=canvas.GREY, ms=7)
        for j in asked:
            ax.text(j, below, "?", ha="center", va="center", fontsize=10)
    if frames:
        ax.plot(*np.array(frames).T, "s", mfc="none", mec=canvas.ORANGE, mew=2, ms=13)
    if lit is not None:
        differs = np.flatnonzero(lit != masks[-1])
        ax.plot(differs, np.full(len(differs), rows[-1]), ms=17, **canvas.LIT)
    ax.set(xlabel=say("shared.neuron"), ylabel=say("shared.step"), xlim=(-0.7, n - 0.3))
    ax.set_ylim(max(rows[-1] + 1, first + 5) + 0.6, first - 0.6)
    canvas.count_whole(ax.xaxis, ax.yaxis, most=4)
    return ax


@own_style()
def draw_spent(
    ax: Axes, walk: LocalWalk, spent: int, minimum: float, *, lit_cost: float | None = None
) -> Axes:
    """Draws the best cost so far over the cost queries, up to `spent` of them, at least 1.

    The axis is as wide as the whole search. Dotted is the least cost of all masks, dashed that of
    the mask that is lit.
    """
    best = np.minimum.accumulate(walk.selection.history)
    ax.step(np.arange(1, spent + 1), best[:spent], where="post", color=canvas.BLUE, lw=1.5)
    ax.plot(spent, best[spent - 1], "^", color=canvas.BLUE, ms=9)
    ax.axhline(minimum, color=canvas.BLACK, ls=":", lw=1)
    if lit_cost is not None:
        ax.axhline(lit_cost, color=canvas.VERMILLION, ls="--", lw=1.2)
    ax.set(
        xlabel=say("shared.cost_queries"),
        ylabel=say("shared.best_cost_so_far"),
        xlim=(0, 1.04 * len(best)),
    )
    return ax


@own_style()
def draw_schedules(axes: npt.NDArray[Any], walks: Mapping[str, LocalWalk]) -> npt.NDArray[Any]:
    """Draws which neurons are free in each step of each walk, and which decisions a step knows of.

    There is one more of the axes than walks (scheme -> walk): the last say what the signs mean.
    """
    for ax, (scheme, walk) in zip(axes, walks.items(), strict=False):
        _draw_steps(ax, walk.steps)
        canvas.add_title(ax, scheme)
    key = axes[len(walks)]
    key.set_axis_off()
    key.set(xlim=(0, 10), ylim=(4, -1))
    for row, (kind, (*_, meaning)) in enumerate(_SCHEDULE.items()):
        key.plot(0.5, row, **_sign(kind))
        key.text(1.4, row, meaning, va="center", fontsize=9)
    return axes


def _draw_steps(ax: Axes, steps: Sequence[BlockStep]) -> None:
    """Draws the first steps of a schedule, one a row."""
    n, known = len(steps[0].before), set[int]()
    for row, step in enumerate(steps[:_ROWS], start=1):
        for kind, neurons in _kinds(step, known, apart=not len(steps[-1].block)).items():
            ax.plot(sorted(neurons), [row] * len(neurons), **_sign(kind))
        known |= set(step.block.tolist())
    ax.set(
        xlabel=say("shared.neuron"),
        ylabel=say("shared.step"),
        xlim=(-0.7, n - 0.3),
        ylim=(_ROWS + 0.7, 0.3),
    )
    canvas.count_whole(ax.xaxis, ax.yaxis, most=4)


def _sign(kind: str) -> canvas.Style:
    """How neurons of a kind of `_SCHEDULE` are drawn."""
    marker, colour, size, _ = _SCHEDULE[kind]
    edge: canvas.Style = {"mec": canvas.BLACK, "mew": 0.8}
    return {"marker": marker, "color": colour, "ms": size, "ls": "", **edge}


def _kinds(step: BlockStep, known: set[int], *, apart: bool) -> dict[str, set[int]]:
    """The neurons of each kind of `_SCHEDULE` in one step."""
    free, everyone = set(step.block.tolist()), set(range(len(step.before)))
    if not free:
        return {"merged": everyone}
    decided = set[int]() if apart else known - free
    return {"free": free, "known": decided, "held": everyone - free - decided}


def _index(start: npt.ArrayLike | None) -> int | None:
    return None if start is None else int(masks_to_indices(np.asarray(start, dtype=bool)))
