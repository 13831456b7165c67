"""Every mask's cost: how the costs are spread, how many tie, how quality grows with n."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labkit.arrays import FloatArray
from labkit.costs import CostTable
from labkit.course.checking import compare_best, compare_number, exercise, number_exercise
from labkit.course.plots import (
    Captioned,
    draw_cost_histogram,
    draw_quality,
    in_words,
    new_axes,
)
from labkit.problems import build_problem


def figure_costs(table: CostTable, worse: float) -> Captioned:
    """Shows how all costs are spread; `worse`: the share that costs more than no neuron."""
    n, ax = table.n_neurons, new_axes(width=7)[0]
    draw_cost_histogram(ax, table, {"no neuron": "0" * n, "all neurons": "1" * n})
    said = f"{worse:.0%} of all {len(table.costs)} masks cost more than the empty subnetwork"
    near = nearer_to_the_best(table)
    return Captioned(
        ax, f"{said}; {near:.0%} cost less than the middle between the best and the worst."
    )


def nearer_to_the_best(table: CostTable) -> float:
    """The share of masks whose cost is nearer to the least of all than to the largest."""
    return float((table.costs < (table.minimum + table.costs.max()) / 2).mean())


def figure_ties(
    table: CostTable, values: Mapping[str, int], optima: Mapping[str, int]
) -> Captioned:
    """Draws how the costs of a table are spread, and in words how many there are.

    `values`: cost -> how many different costs; `optima`: cost -> how many masks share the least.
    """
    ax = draw_cost_histogram(new_axes(width=7)[0], table)
    different, least = in_words(values, ","), in_words(optima, ",")
    return Captioned(ax, f"Different values: {different}. Optimal masks: {least}.")


def figure_quality(
    sizes: Sequence[int], training: FloatArray, test: FloatArray, chance: FloatArray
) -> Captioned:
    """Draws the share of samples right over n, each (sizes, seeds).

    That of the best mask on the training and on the test samples, and of a random mask.
    """
    accuracy = {
        "best mask, training": training,
        "best mask, test": test,
        "random mask, test": chance,
    }
    ax = draw_quality(new_axes(width=7.5)[0], sizes, accuracy)
    ax.set(xlabel="hidden neurons n (= qubits)", ylabel="share of samples right", ylim=(0, 1.05))
    said = in_words({label: float(values[-1].mean()) for label, values in accuracy.items()})
    return Captioned(
        ax,
        f"At n = {sizes[-1]}, mean of {test.shape[1]} seeds: {said}. Bars: one standard "
        "deviation over seeds; an empty mask is never right.",
    )


# GiB of a table of 2^30 float64 costs
number_exercise(
    "02-1",
    2**30 * 8 / 2**30,
    "How many masks have 30 neurons, how many bytes is that, and how many bytes is 1 GiB?",
    slips={
        2**30: "That is the number of masks; each takes 8 bytes, and 1 GiB is 2^30 bytes.",
        2**33: "That is in bytes; 1 GiB is 2^30 of them.",
        2**33 / 1e9: "That is in GB, of 10^9 bytes; a GiB has 2^30.",
        1: "That is one byte a mask; a cost takes 8.",
        30 * 8 / 2**30: "That is a number for each neuron; a table has one for each mask.",
    },
)


@exercise("02-2")
def best_of_another_seed(answer: Any) -> str | None:
    """The best mask on circles, 8 neurons, seed 3."""
    return compare_best(answer, build_problem("circles", 8, seed=3).table)


@exercise("02-3")
def local_minima(answer: Any) -> str | None:
    """How many masks of moons, 8 neurons, seed 7 no single flip improves."""
    costs = build_problem("moons", 8, seed=7).table.costs
    better = [costs[np.arange(256) ^ (1 << j)] < costs for j in range(8)]
    n_better = np.sum(better, axis=0)
    means = (
        "Count the masks of which no neighbour, one flip away, costs less. With exactly one such "
        f"neighbour there are {(n_better == 1).sum()}, with all eight {(n_better == 8).sum()}."
    )
    return compare_number(answer, int((n_better == 0).sum()), means)
