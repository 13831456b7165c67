"""Figures of reuse: the sites that a flip changes, and how their number and the work grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.arrays import BoolArray, IntArray
from labkit.course.plots import canvas
from labkit.course.plots.series import set_log_ticks, standard_error
from labkit.course.plots.style import own_style
from labkit.course.wording import say


@own_style()
def draw_sites(ax: Axes, changed: BoolArray, *, neuron: int) -> Axes:
    """Draws sites as grey points, one row a block, and those (blocks, n) that changed as diamonds.

    The row at the top is the mask, of which one neuron was flipped.
    """
    rows = np.vstack([np.arange(changed.shape[1]) == neuron, changed])
    for lit, marker, colour, size in (
        (False, "o", canvas.GREY, 3),
        (True, "D", canvas.VERMILLION, 6),
    ):
        row, site = np.nonzero(rows == lit)
        ax.plot(site, -row, ls="", marker=marker, color=colour, ms=size)
    names = ["mask", *(say("plot.reuse.block", i=i + 1) for i in range(len(changed)))]
    canvas.set_named_ticks(ax.yaxis, -np.arange(len(rows)), names)
    ax.set(
        xlim=(-1, changed.shape[1]),
        ylim=(-len(rows) + 0.5, 0.5),
        xlabel=say("plot.reuse.site_neuron"),
    )
    canvas.count_whole(ax.xaxis)
    canvas.add_title(ax, say("plot.reuse.diamonds_sites_that_change"))
    return ax


@own_style()
def draw_changes(ax: Axes, changed_sites: IntArray, *, neuron: int) -> Axes:
    """Draws how many sites each flip changes, (n, blocks); a vertical line marks one flip."""
    n, blocks = changed_sites.shape
    for i in range(blocks):
        ax.plot(np.arange(n), changed_sites[:, i], ms=5, **canvas.marker_style(i))
    ax.axvline(neuron, color=canvas.GREY, lw=5, alpha=0.4)
    ax.set(xlim=(-1, n), ylim=(-0.5, max(8, int(changed_sites.max())) + 0.5))
    ax.set(xlabel=say("shared.neuron_that_flips"), ylabel=say("plot.reuse.sites_that_change"))
    canvas.count_whole(ax.xaxis, ax.yaxis)
    ax.grid(alpha=0.3)
    return canvas.add_title(ax, say("plot.reuse.circles_block_triangles_block"))


@own_style()
def draw_growth(
    ax: Axes,
    sizes: Sequence[int],
    series: Mapping[str, npt.ArrayLike],
    *,
    ylabel: str,
    lines: Mapping[str, npt.ArrayLike] | None = None,
) -> Axes:
    """Draws label -> (sizes, seeds), mean and standard error, on logarithmic axes; lines dashed."""
    for i, label, values in canvas.number_series(series):
        ax.errorbar(sizes, values.mean(axis=1), standard_error(values), capsize=3, label=label,
                    **canvas.series_style(i))  # fmt: skip
    for style, (label, heights) in zip(("--", ":"), (lines or {}).items(), strict=False):
        ax.plot(sizes, heights, style, color=canvas.BLACK, label=label)
    set_log_ticks(ax, sizes)
    ax.set(yscale="log", xlabel=say("shared.neurons"), ylabel=ylabel)
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_errors(
    ax: Axes, names: Sequence[str], series: Mapping[str, npt.ArrayLike],
    lines: Mapping[str, npt.ArrayLike],
) -> Axes:  # fmt: skip
    """Draws label -> (names, seeds) as points with errors; (seeds,) as lines with bands."""
    for i, label, values in canvas.number_series(series):
        at = np.arange(len(names)) + 0.06 * i
        ax.errorbar(at, values.mean(axis=1), standard_error(values), capsize=3, label=label,
                    **canvas.series_style(i))  # fmt: skip
    for style, (label, of_line) in zip(("--", ":", "-."), lines.items(), strict=False):
        samples = np.asarray(of_line, dtype=float)
        ax.axhline(samples.mean(), ls=style, color=canvas.BLACK, label=label)
        spread = float(standard_error(samples))
        ax.axhspan(samples.mean() - spread, samples.mean() + spread, color=canvas.GREY, alpha=0.2)
    canvas.set_named_ticks(ax.xaxis, range(len(names)), names)
    ax.axhline(0, color=canvas.GREEN, lw=2, label=say("plot.reuse.exact"))
    ax.set(ylabel=say("plot.reuse.energy_above_the_exact"))
    return canvas.add_legend(ax, grid=True)
