"""Figures of notebook 12: walks, schedules, what a block buys and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from labkit.arrays import BoolArray, FloatArray
from labkit.costs import CostTable
from labkit.course.plots import (
    Captioned,
    draw_quality,
    draw_schedules,
    draw_spread,
    draw_walk,
    in_words,
    new_axes,
)
from labkit.course.plots.canvas import BLACK
from labkit.selectors import LocalWalk

if TYPE_CHECKING:
    import pandas as pd

_SIZE = "block size = qubits of the inner search"
_DEVIATION = "Bars: one standard deviation over networks."


def figure_walks(table: CostTable, walks: Mapping[int, LocalWalk]) -> Captioned:
    """Walks among all masks, block size -> walk."""
    axes = new_axes(len(walks))
    for ax, (size, walk) in zip(axes, walks.items(), strict=True):
        draw_walk(ax, table, walk.path()).set(title=f"{size} free at a time", ylim=(0.25, 1))
    above = {f"{size} free": walk.selection.cost - table.minimum for size, walk in walks.items()}
    return Captioned(axes, f"From circle to triangle; cost left above the best: {in_words(above)}.")


def figure_schedules(walks: Mapping[str, LocalWalk]) -> Captioned:
    """Which neurons each scheme frees in each step, scheme -> walk."""
    axes = draw_schedules(new_axes(4, rows=2, width=2.7, height=2.5), walks)
    pairs = {
        scheme: len({pair for step in walk.steps for pair in combinations(step.block, 2)})
        for scheme, walk in walks.items()
    }
    n = len(next(iter(walks.values())).steps[0].before)
    of_all = n * (n - 1) // 2
    return Captioned(
        axes, f"Pairs of neurons, of {of_all}, that are ever free together: {in_words(pairs, 'd')}."
    )


def figure_knowing(regret: Mapping[str, pd.DataFrame]) -> Captioned:
    """Regret over block size by what a decision knows, scheme -> sizes and networks."""
    mean = {scheme: values.loc[4].mean() for scheme, values in regret.items()}
    return Captioned(
        _draw_regret(regret), f"Mean regret with 4 free: {in_words(mean)}. {_DEVIATION}"
    )


def figure_together(regret: Mapping[str, pd.DataFrame]) -> Captioned:
    """Regret over block size by which neurons are free together, scheme -> sizes and networks."""
    random, layers = regret["random_blocks"], regret["sweeps"].loc[6]
    by_size = {f"{size}:": mean for size, mean in random.mean(axis=1).items()}
    lower = (random.loc[6] < layers).mean()
    return Captioned(
        _draw_regret(regret),
        f"Mean regret of random blocks by size: {in_words(by_size)}. At 6 they end lower than one "
        f"layer at a time ({layers.mean():.3f}) on {lower:.0%} of networks. {_DEVIATION}",
    )


def figure_spent(spent: Mapping[str, pd.DataFrame]) -> Captioned:
    """Calls of a search over block size, way of searching a block -> sizes and networks."""
    sizes, all_masks = next(iter(spent.values())).index, 2**12
    ax = draw_quality(new_axes(width=7)[0], sizes, spent)
    ax.axhline(all_masks, color=BLACK, ls=":")
    ax.set(yscale="log", xlabel=_SIZE, ylabel="calls of a search")
    last = {label: values.iloc[-1].mean() for label, values in spent.items()}
    return Captioned(
        ax,
        f"Calls with blocks of {sizes[-1]}: {in_words(last, ',.0f')}; dotted: all {all_masks:,} "
        f"masks. {_DEVIATION}",
    )


def figure_budget(regret: Mapping[str, pd.Series]) -> Captioned:
    """Regret at 400 queries, use of them -> networks."""
    samples = {"a network, mean of 5 searches": regret}
    ax = draw_spread(new_axes(width=9.5)[0], samples, ylabel="regret at 400 queries")
    mean = {label: values.mean() for label, values in regret.items()}
    return Captioned(ax, f"Mean regret: {in_words(mean, '.4f')}. Every point is a network.")


def figure_trap(
    table: CostTable, stuck: BoolArray, offered: BoolArray, way_out: BoolArray
) -> Captioned:
    """A mask (n,) that none of the masks offered (m, n) improves, and one that would."""
    ax, cost = new_axes(width=7)[0], float(table.evaluate(stuck))
    draw_walk(ax, table, stuck[np.newaxis], candidates=offered, lit=way_out, start=stuck)
    ax.set(xlim=(-0.6, 4.6), ylim=(table.minimum - 0.02, cost + 0.25))
    first, second = np.flatnonzero(way_out != stuck)
    apart = ", ".join(f"{size}" for size in range(2, 6) if first // size != second // size)
    return Captioned(
        ax,
        f"Flipping neurons {first} and {second} together lowers the cost by "
        f"{cost - table.evaluate(way_out):.4f}, neither alone does. They share no block of "
        f"{' or '.join(apart.rsplit(', ', 1))} neighbours.",
    )


def figure_stuck(counts: FloatArray) -> Captioned:
    """How many masks no block of 1, 2, ... neurons improves, (sizes, networks)."""
    sizes = range(1, len(counts) + 1)
    ax = draw_quality(new_axes(width=7)[0], sizes, {"masks that no block improves": counts})
    ax.set(xlabel="block size", ylabel="masks of 4,096", yscale="log")
    ticks = [1, 2, 5, 10, 20]
    ax.set_yticks(ticks, list(map(str, ticks)))
    mean = {f"{size}": count for size, count in zip(sizes, counts.mean(axis=1), strict=True)}
    return Captioned(
        ax,
        f"Mean number by block size: {in_words(mean, '.1f')}; the best mask is always one. "
        f"{_DEVIATION}",
    )


def _draw_regret(regret: Mapping[str, pd.DataFrame]) -> Axes:
    sizes = next(iter(regret.values())).index
    ax = draw_quality(new_axes(width=7)[0], sizes, regret)
    ax.set(xlabel=_SIZE, ylabel="regret", ylim=(0, None))
    return ax
