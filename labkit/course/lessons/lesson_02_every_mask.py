"""Exercises of notebook 02."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.course.checking import compare_best, compare_number, exercise, number_exercise
from labkit.problems import build_problem

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
