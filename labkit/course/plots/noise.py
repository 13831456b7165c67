"""Figures of what errors leave: of a gain, of a chance, of a search in blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.course.plots import canvas
from labkit.course.plots.series import set_log_ticks, standard_error
from labkit.course.plots.style import own_style
from labkit.course.wording import say

if TYPE_CHECKING:
    import pandas as pd

#: Of one form of cost or one rate: (points,), (points, seeds).
Samples = Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]]


@own_style()
def draw_gain_left(ax: Axes, shares: pd.DataFrame) -> Axes:
    """Draws the share of the gain that is left over n, and the products of fidelities, dotted.

    `shares`: form, n -> `mean`, `sem`, drawn with two standard errors, and `fidelity`.
    """
    for i, (form, rows) in enumerate(shares.groupby("form")):
        n = rows.index.get_level_values("n")
        style = {**canvas.series_style(i), "ls": "-"}  # dotted are the products
        ax.errorbar(n, rows["mean"], 2 * rows["sem"], capsize=3, label=form, **style)
        ax.plot(n, rows["fidelity"], ":", color=canvas.colour_of(i), lw=1.2)
    set_log_ticks(ax, (4, 6, 9, 64, 1000))
    ax.set(
        xlabel=say("shared.neurons_qubits"),
        ylabel=say("plot.noise.share_of_the_gain"),
        ylim=(0, 1.02),
    )
    canvas.add_legend(ax, grid=True)
    return canvas.add_title(ax, say("plot.noise.dotted_product_of_the"))


@own_style()
def draw_over_errors(
    ax: Axes, errors: Sequence[float], chances: Mapping[str, npt.ArrayLike], *, chance: float
) -> Axes:
    """Draws label -> (errors, seeds) over the error rates, evenly spaced, mean ± standard error.

    `chance`: that of a random mask, a dashed line.
    """
    for i, (label, values) in enumerate(chances.items()):
        _draw_mean(ax, np.arange(len(errors)), values, i, label)
    ax.axhline(chance, ls="--", color=canvas.GREY, label=say("plot.noise.a_random_mask"))
    ax.set_xticks(range(len(errors)), [f"{error:g}" for error in errors])
    ax.set(xlabel=say("plot.noise.error_after_each_two"), ylabel=say("plot.noise.chance_of_one_of"))
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_calls_of_blocks(ax: Axes, sizes: Sequence[int], ratios: canvas.Series) -> Axes:
    """Draws calls per success over those of enumeration, label -> (sizes,), and the best size.

    A ring stands around the least of each series; below the dashed line Grover is ahead.
    """
    for i, label, values in canvas.number_series(ratios):
        ax.plot(sizes, values, label=label, **canvas.series_style(i))
        best = int(values.argmin())
        ax.plot(sizes[best], values[best], "o", ms=12, mfc="none", mec=canvas.colour_of(i))
    ax.axhline(1, ls="--", color=canvas.BLACK)
    ax.set(
        xlabel=say("plot.noise.block_size_neurons"),
        ylabel=say("plot.noise.calls_per_success_enumeration"),
        yscale="log",
    )
    canvas.count_whole(ax.xaxis)
    beside: canvas.Style = {"loc": "upper left", "bbox_to_anchor": (1.01, 1)}  # it covers no line
    title = "error\n(dashed:\nenumeration)"
    return canvas.add_legend(ax, grid=True, title=title, title_fontsize=8, **beside)


@own_style()
def draw_block_regret(
    ax: Axes, regrets: Samples, rivals: Mapping[str, npt.ArrayLike], *, calls: int
) -> Axes:
    """Draws regret over block size, label -> sizes and (sizes, seeds); rivals (seeds,) as lines.

    Means with one standard error.
    """
    for i, (label, (sizes, values)) in enumerate(regrets.items()):
        _draw_mean(ax, sizes, values, i, label, ls="-")  # dashed and dotted are the rivals
    for style, (label, values) in zip(("--", ":"), rivals.items(), strict=False):
        ax.axhline(float(np.mean(np.asarray(values))), ls=style, color=canvas.BLACK, label=label)
    ax.set(
        xlabel=say("plot.noise.block_size_neurons"),
        ylabel=say("plot.noise.regret_after_calls", calls=calls),
    )
    canvas.count_whole(ax.xaxis)
    return canvas.add_legend(ax, grid=True)


def _draw_mean(
    ax: Axes, x: npt.ArrayLike, values: npt.ArrayLike, i: int, label: str, **style: Any
) -> None:
    """Series `i`: means over seeds with one standard error."""
    samples = np.asarray(values, dtype=np.float64)
    shifted = np.asarray(x) + 0.03 * i
    ax.errorbar(shifted, samples.mean(axis=1), standard_error(samples), capsize=3, label=label,
                **{**canvas.series_style(i), **style})  # fmt: skip


@own_style()
def draw_masks_by_cost(
    ax: Axes,
    costs: npt.ArrayLike,
    clean: npt.ArrayLike,
    noisy: npt.ArrayLike,
    shots: npt.ArrayLike | None = None,
) -> None:
    """Draws the chance of each mask over its cost: without errors, with them, and in shots."""
    ax.plot(costs, clean, ms=4, alpha=0.7, **canvas.marker_style(0))
    ax.plot(costs, noisy, ms=4, alpha=0.9, **canvas.marker_style(1))
    if shots is not None:
        ax.vlines(costs, 0, shots, color=canvas.GREY, lw=1.5, alpha=0.6)
    ax.set(xlabel=say("plot.noise.cost_of_the_mask"), ylabel=say("shared.chance_in_one_shot"))
    ax.set_ylim(0, None, auto=True)
    bars = "" if shots is None else say("plot.noise.bars_share_of_shots")
    canvas.add_title(ax, say("plot.noise.circles_no_errors_triangles", bars=bars))


@own_style()
def draw_shares_over_errors(
    ax: Axes, errors: Sequence[float], shares: canvas.Series, *, chosen: str, error: int
) -> None:
    """Draws the share of the gain that is left over the error rates; the chosen form is thick."""
    for i, label, values in canvas.number_series(shares):
        ax.plot(values, ms=5, lw=3 if label == chosen else 1, **canvas.series_style(i))
        canvas.name_point(ax, label, (len(errors) - 1, float(values[-1])), -6, alpha=0.6, lw=0)
    ax.plot(error, np.asarray(shares[chosen])[error], ms=12, **canvas.LIT)
    ax.set_xticks(range(len(errors)), [f"{rate:g}" for rate in errors])
    ax.set(
        xlabel=say("plot.noise.error_after_each_two"),
        ylabel=say("plot.noise.share_of_the_gain_left"),
        ylim=(0, 1.05),
    )
    canvas.add_title(ax, say("plot.noise.ring_what_is_chosen"))


@own_style()
def draw_dial(
    ax: Axes,
    values: Sequence[int],
    success: canvas.Series,
    regrets: Sequence[float],
    *,
    chosen: int,
) -> None:
    """Draws success in one shot over a dial, label -> (values,), and where the regret is 0."""
    for i, _, chances in canvas.number_series(success):
        ax.plot(values, chances, ms=5, **canvas.series_style(i))
    exact = [value for value, regret in zip(values, regrets, strict=True) if regret == 0]
    ax.plot(exact, [-0.06] * len(exact), "*", color=canvas.BLACK, ms=8)
    mark_value(ax, chosen, values)
    ax.set(ylabel=say("plot.noise.success_in_one_shot"), ylim=(-0.1, 1.02))
    canvas.add_title(ax, say("plot.noise.no_errors_with_errors"))


@own_style()
def draw_gates(
    ax: Axes, values: Sequence[int], gates: Sequence[int], depths: Sequence[int], *, chosen: int
) -> None:
    """Draws two-qubit gates and depth over a dial."""
    ax.plot(values, gates, ms=5, **canvas.series_style(0))
    ax.plot(values, depths, ms=5, **canvas.series_style(3))
    mark_value(ax, chosen, values)
    ax.set(
        ylabel=say("shared.gates_layers"), yscale="symlog", ylim=(-0.5, 2 * max(*gates, *depths))
    )
    canvas.add_title(ax, say("plot.noise.circles_two_qubit_gates"))


@own_style()
def draw_bits(ax: Axes, values: Sequence[int], bits: Sequence[float], *, chosen: int) -> None:
    """Draws the largest entropy across a cut into halves over a dial."""
    ax.plot(values, bits, ms=5, **canvas.series_style(4))
    mark_value(ax, chosen, values)
    ax.set(ylabel=say("plot.noise.bits"), ylim=(-0.05, max(1.2, 1.1 * max(bits))))
    canvas.add_title(ax, say("plot.noise.most_bits_across_a"))


def mark_value(ax: Axes, chosen: int, values: Sequence[int]) -> None:
    """A line at the value that is chosen, with room for all."""
    ax.set_xlim(values[0] - 0.5, values[-1] + 0.5)
    ax.axvline(chosen, color=canvas.GREY, lw=6, alpha=0.3)
    canvas.count_whole(ax.xaxis)


@own_style()
def draw_bits_along(ax: Axes, bits: canvas.Series, *, xlabel: str) -> Axes:
    """Draws entropies from step 0 on, label -> (steps,), or (steps, seeds): mean ± standard error.

    The series are shifted a little to the right, one after another.
    """
    for i, (label, values) in enumerate(bits.items()):
        samples = np.asarray(values, dtype=np.float64)
        if samples.ndim == 2:
            _draw_mean(ax, np.arange(len(samples)), samples, i, label)
        else:
            ax.plot(samples, ms=5, label=label, **canvas.series_style(i))
    ax.set(xlabel=xlabel, ylabel=say("plot.noise.entanglement_across_the_cut"), ylim=(-0.05, None))
    canvas.count_whole(ax.xaxis)
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_bits_over_widths(ax: Axes, widths: Sequence[int], bits: canvas.Series) -> Axes:
    """Draws entropies over the width of a network, label -> (widths, seeds)."""
    for i, (label, values) in enumerate(bits.items()):
        _draw_mean(ax, widths, values, i, label)
    ax.set(
        xlabel=say("shared.neurons"),
        ylabel=say("shared.bits_across_the_middle"),
        ylim=(-0.05, None),
    )
    canvas.count_whole(ax.xaxis)
    return canvas.add_legend(ax, grid=True)
