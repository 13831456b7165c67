"""Figures of notebook 11: who meets whom, what it buys, what it asks of a machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.arrays import FloatArray, IntArray
from labkit.costs import CostTable, LocalCost
from labkit.course.plots import (
    Captioned,
    draw_bound,
    draw_circuit_size,
    draw_cone_widths,
    draw_quality,
    draw_ring,
    draw_spread,
    in_words,
    new_axes,
    set_log_ticks,
)
from labkit.course.plots.canvas import Series, add_legend, number_series

if TYPE_CHECKING:
    from labkit.circuits.reports import CircuitReport

_DEVIATION = "Bars: one standard deviation"


def figure_neighbourhoods(read: Mapping[int, IntArray]) -> Captioned:
    """Who shares an output with whom, K -> neurons that each output reads, (N, K)."""
    axes, meets = new_axes(len(read), width=3.2, height=3.6), {}
    for ax, (k, rows) in zip(axes, read.items(), strict=True):
        neighbourhoods = rows.tolist()
        draw_ring(ax, neighbourhoods, len(rows), term=neighbourhoods[0], title=f"K = {k}")
        meets[f"K = {k}:"] = len({j for row in neighbourhoods if 0 in row for j in row}) - 1
    return Captioned(
        axes, f"Others that a neuron meets: {in_words(meets, 'd')}; squares: what output 0 reads."
    )


def figure_bound(nk: CostTable, own: CostTable) -> Captioned:
    """The cost of each mask's prediction over its NK cost."""
    chosen = {
        "least NK cost": int(nk.costs.argmin()),
        "least cost of the prediction": int(own.costs.argmin()),
    }
    ax = draw_bound(new_axes(width=6)[0], nk.costs, own.costs, chosen)
    costs = {label: own.costs[mask] for label, mask in chosen.items()}
    return Captioned(ax, f"Cost of the prediction, for the mask of {in_words(costs)}.")


def figure_quality(ks: Sequence[int], costs: Series, right: Series) -> Captioned:
    """Costs on moons and accuracies over K, label -> (K, networks)."""
    axes = new_axes(2, width=5)
    draw_quality(axes[0], ks, costs).set(ylabel="cost on moons", ylim=(0.46, 0.74))
    draw_quality(axes[1], ks, right).set(ylabel="test accuracy", ylim=(0.7, 1))
    for ax in axes:
        ax.set_xlabel("neurons an output reads, K")
    ends = {
        f"{label}, K = {ks[end]}": values[end].mean()
        for _, label, values in number_series(right)
        for end in (0, -1)
    }
    _, networks = np.shape(next(iter(right.values())))
    return Captioned(
        axes, f"Mean test accuracy over {networks} networks: {in_words(ends)}. {_DEVIATION}."
    )


def figure_circuit_size(reports: Sequence[CircuitReport]) -> Captioned:
    """Gates and depth of one layer on 24 neurons, for K = 1, 2, ..."""
    ks = range(1, len(reports) + 1)
    gates, depths = [r.two_qubit_gates for r in reports], [r.depth for r in reports]
    title = "one layer, 24 neurons"
    ax = add_legend(draw_circuit_size(new_axes(width=6)[0], ks, gates, depths, title=title))
    return Captioned(
        ax, f"Two-qubit gates for K = 1 to {ks[-1]}: {gates}; layers of gates: {depths}."
    )


def figure_rivals(ks: Sequence[int], regret: Mapping[str, FloatArray]) -> Captioned:
    """How much of the way to the average mask each search leaves, label -> (K, networks)."""
    grouped = {
        label: {f"K = {k}": share for k, share in zip(ks, shares, strict=True)}
        for label, shares in regret.items()
    }
    ax = draw_spread(new_axes(width=9)[0], grouped, ylabel="regret")
    ax.set_xlabel("neurons an output reads")
    met = {label: float(np.mean(shares < 1e-9)) for label, shares in regret.items()}
    return Captioned(
        ax, f"Regret: 0 is the optimum, 1 the average mask. Optimum met: {in_words(met, '.0%')}."
    )


def figure_cones(cost: LocalCost, cones: Sequence[Iterable[int]]) -> Captioned:
    """The light cone of the first term after 0, 1, ... layers."""
    read = [neurons for neurons, _ in cost.terms]
    axes, widths = new_axes(len(cones), width=3.2, height=3.6), [len({*cone}) for cone in cones]
    for p, (ax, cone) in enumerate(zip(axes, cones, strict=True)):
        draw_ring(ax, read, cost.n_neurons, term=read[0], cone=sorted(cone), title=f"p = {p}")
    layers = ", ".join(map(str, range(len(cones) - 1)))
    return Captioned(
        axes,
        f"Neurons in the light cone after {layers} and {len(cones) - 1} layers: {widths}, on any "
        "ring this large.",
    )


def figure_lengths(sizes: Sequence[int], costs: Series) -> Captioned:
    """Mean costs over the length of the ring, label -> (sizes, networks)."""
    ax = draw_quality(new_axes(width=7)[0], sizes, costs)
    set_log_ticks(ax, sizes).set(xlabel="neurons", ylabel="NK cost", ylim=(0.58, 1.1))
    largest = {label: values[-1].mean() for _, label, values in number_series(costs)}
    _, networks = np.shape(next(iter(costs.values())))
    return Captioned(
        ax, f"At {sizes[-1]:,} neurons: {in_words(largest)}. {_DEVIATION} over {networks} networks."
    )


def figure_cone_widths(widths: Mapping[str, Sequence[int]], limit: int) -> Captioned:
    """The qubits of a light cone after 1, 2, ... layers, and how many a machine can hold."""
    (drawn,) = {len(values) for values in widths.values()}
    ax = draw_cone_widths(new_axes(width=7)[0], range(1, drawn + 1), widths, limit)
    most = {label: sum(w <= limit for w in values) for label, values in widths.items()}
    return Captioned(
        ax, f"Layers whose cone fits into {limit} qubits (of {drawn} drawn): {in_words(most, 'd')}."
    )
