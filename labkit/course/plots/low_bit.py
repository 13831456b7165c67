"""Figures of low-bit weights: soft choices, what hardening costs, costs by the number of bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.arrays import FloatArray
from labkit.course.plots import canvas
from labkit.course.plots.series import draw_lines, set_log_ticks, standard_error
from labkit.course.plots.style import own_style
from labkit.course.wording import say
from labkit.palette import DIVERGING

#: label -> (points,) places, and (points, seeds) values.
Samples = Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]]


@own_style()
def draw_soft_weights(ax: Axes, differences: npt.ArrayLike, weights: canvas.Series) -> Axes:
    """Draws soft weights over the difference of two logits, label -> (differences,)."""
    draw_lines(ax, differences, weights)
    ax.set(xlabel=say("plot.low_bit.how_far_the_logit"), ylabel=say("plot.low_bit.soft_weight"))
    return canvas.add_legend(ax, grid=True, title=say("plot.low_bit.temperature"))


@own_style()
def draw_means_over(ax: Axes, samples: Samples, *, xlabel: str, ylabel: str) -> Axes:
    """Draws label -> (points,), (points, seeds): means ± standard error, one beside the other."""
    for i, (label, (x, values)) in enumerate(samples.items()):
        array = np.asarray(values, dtype=np.float64)
        shifted = np.asarray(x, dtype=np.float64) * (1 + 0.012 * i)
        style = canvas.series_style(i)
        ax.errorbar(shifted, array.mean(axis=1), standard_error(array), capsize=3, label=label,
                    **style)  # fmt: skip
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_costs_over_bits(ax: Axes, samples: Samples) -> Axes:
    """Draws costs over the number of mask bits, both axes logarithmic."""
    draw_means_over(
        ax,
        samples,
        xlabel=say("plot.low_bit.mask_bits"),
        ylabel=say("plot.low_bit.training_cost_cross_entropy"),
    )
    set_log_ticks(ax, np.asarray(next(iter(samples.values()))[0]).tolist())
    ax.set(yscale="log")
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_ratios(ax: Axes, samples: Samples, *, rival: str) -> Axes:
    """Draws costs over those of a rival on the same networks; below the line at 1 they are less."""
    of_rival = np.asarray(samples[rival][1], dtype=np.float64)
    shares = {
        label: (x, np.asarray(values) / of_rival)
        for label, (x, values) in samples.items()
        if label != rival
    }
    draw_means_over(
        ax,
        shares,
        xlabel=say("plot.low_bit.mask_bits"),
        ylabel=say("plot.low_bit.cost_that_of", rival=rival),
    )
    set_log_ticks(ax, np.asarray(samples[rival][0]).tolist())
    ax.axhline(1, color=canvas.BLACK, lw=1)
    return canvas.add_title(ax, say("plot.low_bit.the_same_networks"))


@own_style()
def draw_hardening(ax: Axes, costs: Mapping[str, canvas.Series]) -> Axes:
    """Draws costs before and after hardening by final temperature, side by side, with their means.

    `costs`: soft, stale or hard -> temperature -> (seeds,).
    """
    for i, (label, by_temperature) in enumerate(costs.items()):
        values = np.array([*by_temperature.values()], dtype=np.float64)
        across = np.arange(len(values)) + 0.26 * (i - 1)
        bars: dict[str, Any] = canvas.bar_style(i)
        ax.bar(across, values.mean(axis=1), 0.24, lw=0.5, label=label, **bars)
        ax.errorbar(across, values.mean(axis=1), standard_error(values), ls="", capsize=3,
                    color=canvas.BLACK)  # fmt: skip
    ax.set_xticks(range(len(by_temperature)), list(by_temperature))
    ax.set(
        xlabel=say("plot.low_bit.final_temperature"),
        ylabel=say("plot.low_bit.training_cost_cross_entropy"),
        yscale="log",
    )
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_training(
    ax: Axes, epochs: npt.ArrayLike, costs: canvas.Series, *, epoch: int, rises: Sequence[int]
) -> None:
    """Draws label -> (epochs,) costs over the epochs, those of the rise shaded, and one epoch."""
    for i, _, values in canvas.number_series(costs):
        ax.plot(np.asarray(epochs), values, ms=4, **canvas.series_style(i))
    ax.axvspan(*rises, color=canvas.PALEST_BLUE, zorder=0)
    ax.axvline(epoch, color=canvas.GREY, lw=5, alpha=0.4)
    low, high = (f([*map(f, costs.values())]) for f in (np.min, np.max))
    ax.set(
        xlabel=say("plot.low_bit.epoch_shaded_the_temperature"),
        ylabel=say("plot.low_bit.training_cost"),
        yscale="log",
    )
    ax.set(xlim=(-5, 5 + np.max(epochs)), ylim=(0.8 * low, 1.5 * high))
    canvas.add_title(ax, say("plot.low_bit.circles_soft_triangles_hard"))


@own_style()
def draw_weights(ax: Axes, weights: FloatArray, *, largest: float) -> None:
    """Draws weights (fan_in, units) as a map of colours from -largest to largest, biases below."""
    style: canvas.Style = {"cmap": DIVERGING, "aspect": "auto", "interpolation": "nearest"}
    ax.imshow(weights, vmin=-largest, vmax=largest, **style)
    ax.set(xlabel=say("plot.low_bit.unit"), ylabel=say("plot.low_bit.input_last_the_bias"))
    canvas.count_whole(ax.xaxis, ax.yaxis)
    canvas.add_title(ax, say("plot.low_bit.soft_weights_blue_white"))
