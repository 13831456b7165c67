"""Figures of separation: a network's lines among points, widths that separate, what is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap

from labkit.arrays import FloatArray
from labkit.course.plots import canvas
from labkit.course.plots.series import set_log_ticks, standard_error
from labkit.course.plots.style import own_style
from labkit.course.wording import say
from labkit.platforms import circuit_simulator

#: Half the side of the square that is drawn; points have radius 1 at most.
EDGE = 1.15
_GRID = 61
_WIDTHS = (2, 5, 10, 20, 50, 100, 200, 400)
#: label -> x (points,), values (points, seeds).
Samples = Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]]


@own_style()
def draw_network(
    ax: Axes,
    points: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    biases: FloatArray,
    plane: tuple[FloatArray, float] | None,
) -> Axes:
    """Draws points (samples, 2), the line w . x + b = 0 of each neuron, and a read-out's sides.

    Triangles are +1, circles -1. `weights` is (n, 2), `biases` (n,); `plane` are the weights (n,)
    and the offset of the read-out of relu(w . x + b); without it no sides are drawn.
    """
    if plane is not None:
        side = np.linspace(-EDGE, EDGE, _GRID)
        grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        values = np.maximum(grid @ weights.T + biases, 0) @ plane[0] + plane[1]
        extent = (-EDGE, EDGE, -EDGE, EDGE)
        colours = ListedColormap(canvas.SERIES[:2])
        ax.imshow(
            (values > 0).reshape(_GRID, _GRID), origin="lower", extent=extent,
            cmap=colours, vmin=0, vmax=1, alpha=0.25, aspect="auto",
        )  # fmt: skip
    ax.add_collection(LineCollection(_lines(weights, biases), colors=canvas.DARK_GREY, lw=0.7))
    for label, i in ((-1.0, 0), (1.0, 1)):
        at = points[y == label]
        ax.plot(at[:, 0], at[:, 1], ms=4.5, mec="white", mew=0.4, **canvas.marker_style(i))
    ax.set(
        xlim=(-EDGE, EDGE),
        ylim=(-EDGE, EDGE),
        xlabel=say("plot.separation.input"),
        ylabel=say("plot.separation.input_2"),
    )
    return ax


def _lines(weights: FloatArray, biases: FloatArray) -> list[FloatArray]:
    """Where each w . x + b = 0 runs: two points (2, 2), far outside of the square."""
    length = np.linalg.norm(weights, axis=1, keepdims=True)
    foot = -biases[:, None] * weights / length**2
    along = 4 * EDGE * np.column_stack([-weights[:, 1], weights[:, 0]]) / length
    return [*np.stack([foot - along, foot + along], axis=1)]


@own_style()
def draw_widths(
    ax: Axes,
    widths: Samples,
    lines: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]] | None = None,
    *,
    xlabel: str,
    ticks: Sequence[float],
) -> Axes:
    """Draws the median width that separates and its quartiles as a bar; formulas as lines.

    Both axes are logarithmic; a group that mostly does not separate is left out.
    """
    for i, (label, (x, values)) in enumerate(widths.items()):
        low, middle, high = np.nanquantile(
            np.asarray(values, dtype=float), [0.25, 0.5, 0.75], axis=1
        )
        shifted = np.asarray(x, dtype=float) * (1 + 0.02 * i)
        ax.errorbar(shifted, middle, [middle - low, high - middle], capsize=3, label=label,
                    **canvas.series_style(i))  # fmt: skip
    for (label, (x, values)), style in zip((lines or {}).items(), ("--", ":"), strict=False):
        ax.plot(x, values, style, color=canvas.BLACK, label=label)
    set_log_ticks(ax, ticks)
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set(yscale="log", xlabel=xlabel, ylabel=say("plot.separation.neurons_that_separate_median"))
    ax.set_yticks(_WIDTHS, [str(width) for width in _WIDTHS])
    ax.set_ylim(*_beside(widths))
    ax.minorticks_off()
    return canvas.add_legend(ax, grid=True)


def _beside(widths: Samples) -> tuple[float, float]:
    """The least and the largest width, with some room."""
    drawn = np.concatenate([np.ravel(np.asarray(values)) for _, values in widths.values()])
    return 0.8 * float(np.nanmin(drawn)), 1.25 * float(np.nanmax(drawn))


@own_style()
def draw_chances(
    ax: Axes, widths: Sequence[int], shares: npt.ArrayLike, formula: npt.ArrayLike
) -> Axes:
    """Draws shares (widths, seeds) that separate, mean and standard error, and a formula's line."""
    samples = np.asarray(shares, dtype=float)
    ax.errorbar(widths, samples.mean(axis=1), 2 * standard_error(samples), capsize=3,
                label=say("plot.separation.random_neurons"), **canvas.marker_style(0))  # fmt: skip
    ax.plot(widths, formula, "--", color=canvas.BLACK, label=say("plot.separation.cover_s_formula"))
    ax.set(
        xlabel=say("shared.neurons"),
        ylabel=say("plot.separation.share_that_separates"),
        ylim=(-0.03, 1.03),
    )
    canvas.count_whole(ax.xaxis)
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_margins(ax: Axes, widths: Sequence[int], margins: npt.ArrayLike) -> Axes:
    """Draws margins (widths, seeds): every one, and the median as a line."""
    samples = np.asarray(margins, dtype=float)
    for width, values in zip(widths, samples, strict=True):
        spread = width * (1 + np.linspace(-0.04, 0.04, len(values)))
        ax.plot(spread, values, ms=4, alpha=0.5, **canvas.marker_style(0))
    ax.plot(
        widths,
        np.median(samples, axis=1),
        "--",
        color=canvas.BLACK,
        label=say("plot.separation.median"),
    )
    set_log_ticks(ax, widths)
    ax.set(xlabel=say("shared.neurons"), ylabel=say("plot.separation.margin"), ylim=(0, None))
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_kept(ax: Axes, kept: canvas.Series, *, xlabel: str) -> Axes:
    """Draws how often each number of neurons was kept, label -> (seeds,): larger is more often."""
    for i, _, values in canvas.number_series(kept):
        counts, times = np.unique(values, return_counts=True)
        ax.scatter(counts, np.full(len(counts), i), s=22.0 * times, color=canvas.colour_of(i),
                   marker=canvas.MARKERS[i % len(canvas.MARKERS)], alpha=0.8)  # fmt: skip
        ax.vlines(values.mean(), i - 0.35, i + 0.35, color=canvas.BLACK, lw=2)
    canvas.set_named_ticks(ax.yaxis, range(len(kept)), [*kept])
    ax.set(xlabel=xlabel, ylim=(len(kept) - 0.4, -0.6))
    canvas.count_whole(ax.xaxis)
    ax.grid(alpha=0.3, axis="x")
    return ax


@own_style()
def draw_over_blocks(
    ax: Axes, sizes: Sequence[int], values: npt.ArrayLike, i: int, *, ylabel: str
) -> Axes:
    """Draws values (sizes, seeds) at evenly spaced block sizes: mean and standard error."""
    samples = np.asarray(values, dtype=float)
    ax.errorbar(range(len(sizes)), samples.mean(axis=1), standard_error(samples), capsize=3,
                **canvas.series_style(i))  # fmt: skip
    ax.set_xticks(range(len(sizes)), [str(size) for size in sizes])
    ax.set(xlabel=say("plot.separation.neurons_chosen_at_once"), ylabel=ylabel)
    ax.set_ylim(0, None)
    ax.grid(alpha=0.3)
    return ax


@own_style()
def draw_calls_of_sizes(ax: Axes, measured: npt.ArrayLike, formula: npt.ArrayLike) -> Axes:
    """Draws the chance of marked masks after 0, 1, ... calls: of a circuit, and by formula."""
    calls = range(len(np.asarray(measured)))
    label = say("plot.separation.circuit_on", simulator=circuit_simulator())
    ax.plot(calls, measured, ms=8, label=label, **canvas.marker_style(0))
    ax.plot(calls, formula, "--", color=canvas.BLACK, label=say("plot.separation.sin_k"))
    ax.set(
        xlabel=say("shared.oracle_calls"),
        ylabel=say("plot.separation.chance_of_a_mask"),
        ylim=(-0.03, 1.03),
    )
    canvas.count_whole(ax.xaxis)
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_least_widths(
    ax: Axes,
    ranges: Sequence[float],
    widths: Sequence[int | None],
    *,
    chosen: int,
    n: int,
    top: int,
) -> None:
    """Draws the least width of one network at each bias range; a cross at the top: none found.

    `chosen` is the place of the range that is shown, `n` the width that is.
    """
    found = [(i, width) for i, width in enumerate(widths) if width is not None]
    missed = [i for i, width in enumerate(widths) if width is None]
    if found:
        ax.plot(*zip(*found, strict=True), ms=5, **canvas.series_style(0))
    ax.plot(missed, [top] * len(missed), "x", color=canvas.VERMILLION, ms=8)
    ax.axhline(n, color=canvas.GREY, lw=6, alpha=0.3)
    ax.axvline(chosen, color=canvas.GREY, lw=6, alpha=0.3)
    canvas.set_named_ticks(ax.xaxis, range(len(ranges)), [f"{value:g}" for value in ranges])
    ax.set(xlim=(-0.5, len(ranges) - 0.5), ylim=(0, 1.06 * top))
    ax.set(xlabel=say("shared.bias_range"), ylabel=say("plot.separation.neurons_that_separate"))
    canvas.add_title(ax, say("plot.separation.circles_fewest_of_this"))
