"""Figures of samplers: positions beside densities, variances by step, errors by queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.arrays import FloatArray
from labkit.course.plots import canvas
from labkit.course.plots.series import standard_error
from labkit.course.plots.style import own_style
from labkit.course.wording import say

_BINS = 41


@own_style()
def draw_positions(
    ax: Axes,
    positions: FloatArray,
    weights: FloatArray | None,
    densities: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
    *,
    edge: float,
    top: float,
) -> Axes:
    """Draws the share of positions per unit of theta, and densities as lines: label -> (x, y).

    `weights` count the positions, None: each alike. The axes go to -edge..edge and up to `top`.
    """
    bins = np.linspace(-edge, edge, _BINS)
    heights, _ = np.histogram(positions, bins, density=True, weights=weights)
    ax.stairs(heights, bins, fill=True, color=canvas.PALE_BLUE, edgecolor=canvas.BLUE)
    ends = zip(densities.items(), ("-", "--"), (canvas.BLACK, canvas.VERMILLION), strict=False)
    for (label, (x, y)), style, colour in ends:
        ax.plot(x, y, style, color=colour, lw=1.6, label=label)
    ax.set(xlim=(-edge, edge), ylim=(0, top), xlabel="θ", ylabel=say("plot.samplers.density"))
    return ax


@own_style()
def draw_running(
    ax: Axes, variances: FloatArray, lines: Mapping[str, float], *, low: float, high: float
) -> Axes:
    """Draws the variance (steps,) of all positions so far, and predictions: label -> value."""
    ax.plot(np.arange(1, len(variances) + 1), variances, color=canvas.BLUE, lw=1.8)
    ends = zip(lines.values(), ("-", "--"), (canvas.BLACK, canvas.VERMILLION), strict=False)
    for value, style, colour in ends:
        ax.axhline(value, ls=style, color=colour, lw=1.6)
    ax.set(xlim=(0, len(variances)), ylim=(low, high), xlabel=say("plot.samplers.steps"))
    ax.set(ylabel=say("plot.samplers.variance_of_all_positions"))
    return ax


@own_style()
def draw_over_log(
    ax: Axes,
    x: Sequence[float],
    samples: canvas.Series,
    lines: Mapping[str, float] | None = None,
    *,
    xlabel: str,
    ylabel: str,
) -> Axes:
    """Draws label -> (points, seeds), means and standard errors, over a logarithmic axis."""
    for i, label, values in canvas.number_series(samples):
        shifted = np.asarray(x, dtype=np.float64) * (1 + 0.03 * i)
        ax.errorbar(shifted, values.mean(axis=1), standard_error(values), capsize=3, label=label,
                    **canvas.series_style(i))  # fmt: skip
    for (label, value), style in zip((lines or {}).items(), ("--", ":"), strict=False):
        ax.axhline(value, ls=style, color=canvas.BLACK, label=label)
    ax.set(xscale="log", xlabel=xlabel, ylabel=ylabel)
    ax.set_xticks(x, [f"{value:,g}" for value in x])
    ax.minorticks_off()
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_inclusion(ax: Axes, inclusion: canvas.Series) -> Axes:
    """Draws label -> (neurons,), the chance that each neuron is kept, side by side."""
    for i, label, values in canvas.number_series(inclusion):
        places = np.arange(len(values)) + 0.27 * (i - (len(inclusion) - 1) / 2)
        ax.bar(places, values, 0.25, lw=0.5, label=label, **canvas.bar_style(i))
    ax.set(
        xlabel=say("shared.neuron"), ylabel=say("plot.samplers.chance_that_it_is"), ylim=(0, 1.18)
    )
    canvas.count_whole(ax.xaxis, most=12)
    return canvas.add_legend(ax, grid=True, loc="upper center", ncols=3)


@own_style()
def draw_paired(ax: Axes, one: FloatArray, other: FloatArray, *, labels: tuple[str, str]) -> Axes:
    """Draws a point for each seed, one value against another (seeds,); on the line they agree."""
    ax.plot(one, other, ms=6, **canvas.marker_style(0))
    ends = [min(one.min(), other.min()) * 0.95, max(one.max(), other.max()) * 1.05]
    ax.plot(ends, ends, "--", color=canvas.BLACK, lw=1)
    ax.set(xlabel=labels[0], ylabel=labels[1], xlim=ends, ylim=ends)
    ax.grid(alpha=0.3)
    return ax
