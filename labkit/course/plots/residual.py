"""Residual random networks: quality over inputs, over neurons in all, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from labkit.arrays import FloatArray
from labkit.course.plots import canvas
from labkit.course.plots.noise import mark_value
from labkit.course.plots.series import draw_quality, set_log_ticks, standard_error
from labkit.course.plots.style import own_style
from labkit.course.wording import say


@own_style()
def draw_by_inputs(ax: Axes, inputs: Sequence[int], right: Mapping[str, FloatArray]) -> Axes:
    """Draws test accuracy over the number of inputs, label -> (sizes, seeds): mean, deviation."""
    draw_quality(ax, inputs, right)
    set_log_ticks(ax, inputs[::2] if len(inputs) > 6 else inputs)
    return _label(ax, say("plot.residual.inputs_m_pixels_of"))


@own_style()
def draw_by_neurons(
    ax: Axes, right: Mapping[str, tuple[Sequence[int], FloatArray]], ticks: Sequence[int]
) -> Axes:
    """Draws test accuracy over all neurons, label -> (totals, (totals, seeds)): mean, deviation."""
    for i, (label, (totals, values)) in enumerate(right.items()):
        mean, std = values.mean(axis=1), values.std(axis=1)
        ax.errorbar(totals, mean, std, capsize=3, label=label, **canvas.series_style(i))
    set_log_ticks(ax, ticks)
    canvas.add_legend(ax, grid=True, loc="lower right")
    return _label(ax, say("plot.residual.neurons_in_all_stages"))


@own_style()
def draw_by_blocks(ax: Axes, sizes: Sequence[int], met_by_label: canvas.Series) -> Axes:
    """Draws shares over the block size, label -> (networks, sizes) of 0 and 1: mean ± error."""
    for i, label, met in canvas.number_series(met_by_label):
        error = standard_error(met, axis=0)
        style = canvas.series_style(i)
        ax.errorbar(sizes, met.mean(axis=0), error, capsize=3, label=label, **style)
    ax.set(xlabel=say("plot.residual.locality_block_size_qubits"), ylim=(0, 1.03))
    ax.set(ylabel=say("plot.residual.share_that_ends_at"))
    ax.set_xticks(sizes)
    return canvas.add_legend(ax, grid=True, loc="lower right")


@own_style()
def draw_stages(
    ax: Axes, lines: canvas.Series, *, chosen: int, level: float | None = None, **words: Any
) -> Axes:
    """Draws lines over the stages from 1 on, label -> (stages,), and a dotted level if any."""
    stages = range(1, 1 + len(np.asarray(next(iter(lines.values())))))
    for i, _, values in canvas.number_series(lines):
        ax.plot(stages, values, ms=6, **canvas.series_style(i))
    if level is not None:
        ax.axhline(level, color=canvas.BLACK, ls=":", lw=1.5)
    mark_value(ax, chosen, stages)
    ax.set(xlabel=say("shared.stages"), ylabel=words["ylabel"])
    return canvas.add_title(ax, words["title"])


def _label(ax: Axes, xlabel: str) -> Axes:
    ax.set(xlabel=xlabel, ylabel=say("plot.residual.test_accuracy_bars_deviation"))
    return ax
