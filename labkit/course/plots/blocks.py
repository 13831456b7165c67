"""What a block of neurons at a time buys and costs: local minima, calls, shares by block size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.arrays import BoolArray, FloatArray
from labkit.costs import CostTable
from labkit.course.plots import canvas
from labkit.course.plots.noise import mark_value
from labkit.course.plots.style import own_style
from labkit.course.plots.walks import draw_masks, mask_places
from labkit.course.wording import say
from labkit.masks import mask_to_index
from labkit.networks import NetworkArrays


@own_style()
def draw_over_blocks(
    ax: Axes,
    sizes: Sequence[int],
    lines: canvas.Series,
    *,
    chosen: int,
    ylabel: str,
    title: str,
    is_log: bool = False,
    levels: Sequence[float] = (),
) -> Axes:
    """Draws lines over the block size, label -> (sizes,), and levels that have none.

    Of the levels the first is dotted, the second dashed, the third dash-dotted. A grey band is at
    the size that is chosen. Names of the markers are the caller's to give, in the title.
    """
    for i, _, values in canvas.number_series(lines):
        ax.plot(sizes, values, ms=6, **canvas.series_style(i))
    for level, style in zip(levels, (":", "--", "-."), strict=False):
        ax.axhline(level, color=canvas.BLACK, ls=style, lw=1.3)
    mark_value(ax, chosen, sizes)
    ax.set(
        xlabel=say("shared.locality_block_size"),
        ylabel=ylabel,
        yscale="log" if is_log else "linear",
    )
    return canvas.add_title(ax, title)


@own_style()
def draw_folds(ax: Axes, network: NetworkArrays, neuron_mask: BoolArray) -> Axes:
    """Draws the line w_j . [x, 1] = 0 at which each hidden neuron of two inputs switches on.

    Solid where the mask (n,) keeps the neuron, else dotted; across the axes as they stand.
    """
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    far = 2 * np.hypot(right - left, high - low)
    centre = np.array([(left + right) / 2, (low + high) / 2])
    for (a, b, c), kept in zip(network.kernel.T.astype(np.float64), neuron_mask, strict=True):
        size = np.hypot(a, b)
        foot = centre - (a * centre[0] + b * centre[1] + c) / size**2 * np.array([a, b])
        ends = foot + np.outer([-far, far], [-b / size, a / size])
        style: canvas.Style = {"ls": "-", "lw": 1.8} if kept else {"ls": ":", "lw": 1.0}
        ax.plot(*ends.T, color=canvas.BLACK if kept else canvas.GREY, **style)
    ax.set(xlim=(left, right), ylim=(low, high))
    return ax


@own_style()
def draw_minima(ax: Axes, table: CostTable, stuck: BoolArray, lit: BoolArray | None) -> Axes:
    """Draws every mask by the neurons that it keeps (across) and its cost (up).

    Squares are around the local minima (2^n,), the triangle is the best, the ring is
    around the mask `lit` (n,).
    """
    draw_masks(ax, table, np.zeros(table.n_neurons))
    across, indices = mask_places(table, 0), np.flatnonzero(stuck)
    best = int(table.costs.argmin())
    ax.plot(across[indices], table.costs[indices], "s", mfc="none", mec=canvas.ORANGE, mew=2, ms=9)
    ax.plot(across[best], table.costs[best], "^", color=canvas.GREEN, mec=canvas.BLACK, ms=8)
    if lit is not None:
        index = mask_to_index(lit)
        ax.plot(across[index], table.costs[index], ms=14, **canvas.LIT)
    ax.set(xlabel=say("shared.neurons_kept"))
    return canvas.add_title(ax, say("plot.blocks.every_mask_squares_local"))


@own_style()
def draw_rounds(
    ax: Axes, calls: npt.ArrayLike, costs: FloatArray, thresholds: FloatArray, shown: int
) -> Axes:
    """Draws a search for the minimum up to a round: what was measured, and the threshold.

    All are (rounds + 1,), first those of the start, see `draw_falling_threshold`; the axes are as
    wide as the whole search.
    """
    spent, upto = np.asarray(calls), slice(shown + 1)
    better = np.append(True, np.diff(thresholds[upto]) < 0)
    ax.step(spent[upto], thresholds[upto], where="post", color=canvas.BLUE, lw=2)
    ax.plot(spent[upto][~better], costs[upto][~better], "x", color=canvas.GREY, ms=7)
    ax.plot(spent[upto][better], costs[upto][better], "^", color=canvas.VERMILLION, ms=8)
    ax.plot(spent[shown], costs[shown], ms=14, **canvas.LIT)
    room = 0.06 * (np.ptp(costs) or 1.0)
    ax.set(xlabel=say("shared.oracle_calls_spent"), ylabel=say("shared.cost_line_threshold"))
    ax.set(xlim=(-0.03 * spent[-1] - 0.5, 1.04 * spent[-1] + 0.5))
    ax.set_ylim(costs.min() - room, costs.max() + room)
    return canvas.add_title(ax, say("plot.blocks.triangle_new_threshold_cross"))
