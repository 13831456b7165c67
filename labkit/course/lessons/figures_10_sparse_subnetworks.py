"""Figures of notebook 10: what few neurons cost, where shots land, what circuits take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from labkit.arrays import FloatArray
from labkit.course.lessons.lesson_10_sparse_subnetworks import STRENGTHS, keeps
from labkit.course.plots import (
    Captioned,
    draw_amplitudes,
    draw_calls,
    draw_kept,
    draw_quality,
    draw_strengths,
    in_words,
    new_axes,
)
from labkit.course.plots.canvas import Series, number_series

if TYPE_CHECKING:
    from labkit.circuits.reports import CircuitReport


def figure_price(least: FloatArray, median: FloatArray) -> Captioned:
    """The least and the median cost of masks that keep 0, 1, ... neurons, (n + 1, networks)."""
    kept = range(len(least))
    costs = {"best mask": least, "median mask": median}
    ax = draw_quality(new_axes(width=7)[0], kept, costs)
    ax.set(xlabel="neurons kept", ylabel="cost on the training samples", xticks=kept)
    price = least.mean(axis=1)
    return Captioned(
        ax,
        f"Least cost, mean of {least.shape[1]} networks: {price[2]:.3f} with 2 neurons, "
        f"{price[3]:.3f} with 3, {price[5]:.3f} with 5, {price[-1]:.3f} with all {kept[-1]}. "
        "Bars: one standard deviation.",
    )


def figure_dicke(state: FloatArray, n_neurons: int, n_active: int) -> Captioned:
    """The amplitudes of a Dicke state (2^n,), those of its masks hatched."""
    inside = keeps(n_neurons, n_active)
    ax = draw_amplitudes(new_axes(width=7)[0], state, inside)
    return Captioned(
        ax,
        f"Each of the {inside.sum()} masks with {n_active} neurons has the amplitude "
        f"{state[inside][0].real:.3f}, and every other mask 0. Dashed: the mean of all.",
    )


def figure_kept(landed: Series, right: Mapping[str, float], n_active: int) -> Captioned:
    """How likely a shot keeps each number of neurons, label -> (2^n,); `right`: the one wanted."""
    return Captioned(
        draw_kept(new_axes(width=7)[0], landed, n_active),
        f"Chance that a shot keeps exactly {n_active} neurons: {in_words(right)}.",
    )


def figure_strengths(fined: FloatArray, levels: Series) -> Captioned:
    """The chance of the best mask of 3 by the penalty (strengths, networks), and by the mixers."""
    ax = draw_strengths(new_axes(width=7)[0], STRENGTHS, fined, levels)
    ax.set(ylabel="chance of the best mask of 3")
    by_penalty = dict(zip(STRENGTHS, fined.mean(axis=1), strict=True))
    means = {"strong penalty": by_penalty[1.0], "penalty 0.1": by_penalty[0.1]}
    means |= {label: values.mean() for _, label, values in number_series(levels)}
    return Captioned(
        ax,
        f"Mean chance over {fined.shape[1]} networks: {in_words(means)}. "
        "Bars and bands: one standard error.",
    )


def figure_sizes(sizes: Sequence[int], chances: Series) -> Captioned:
    """The chance of the best mask of so many neurons, way -> (sizes, networks), penalty first."""
    ax = draw_quality(new_axes(width=7)[0], sizes, chances)
    ax.set(xlabel="neurons kept", ylabel="chance of the best such mask", xticks=sizes)
    penalty, ring, *_ = (values for _, _, values in number_series(chances))
    shares = (penalty > ring).mean(axis=1)
    ahead = {f"{k} neurons": share for k, share in zip(sizes, shares, strict=True)}
    return Captioned(
        ax,
        f"Share of networks on which the penalty beats the ring mixer: {in_words(ahead, '.0%')}. "
        f"Bars: one standard deviation over {penalty.shape[1]} networks.",
    )


def figure_gates(reports: Mapping[str, CircuitReport]) -> Captioned:
    """The two-qubit gates of four layers of QAOA, way -> report."""
    needed = {label: report.two_qubit_gates for label, report in reports.items()}
    depths = {label: report.depth for label, report in reports.items()}
    ax = draw_calls(new_axes(width=7, height=2.4)[0], needed, xlabel="two-qubit gates, four layers")
    return Captioned(
        ax, f"Two-qubit gates: {in_words(needed, ',.0f')}. Depth: {in_words(depths, ',.0f')}."
    )
