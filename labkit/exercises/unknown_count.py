"""Exercises of notebook 05."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labkit.amplification import average_success
from labkit.exercises.checking import compare_number, exercise
from labkit.masks import mask_from_index, mask_to_string


@exercise("05-1")
def success_of_a_round(answer: Any) -> str | None:
    """A function (n, M, reach) -> chance of a marked mask after a random number of calls."""
    for n, n_marked, reach in ((6, 1, 1), (6, 3, 4), (8, 1, 16), (10, 20, 7)):
        expected = average_success(n, n_marked, reach)
        came = float(answer(n, n_marked, reach))
        if not abs(came - expected) <= 1e-6:
            return (
                f"For n = {n}, M = {n_marked} and reach {reach} the chance is {expected:.6f}; "
                f"{came:.6f} came."
            )
    return None


@exercise("05-2")
def rounds_to_the_largest_reach(answer: Any) -> str | None:
    """Failed rounds until the reach has grown by 6/5 each from 1 to sqrt(2^12) or more."""
    return compare_number(answer, math.ceil(math.log(2**6) / math.log(6 / 5)))


@exercise("05-3")
def thresholds_in_expectation(answer: Any) -> str | None:
    """Thresholds of one search for the minimum of 2^8 different costs, that of the start too."""
    expected = sum(1 / rank for rank in range(1, 2**8 + 1))
    return compare_number(answer, expected, tolerance=0.05)


@exercise("05-4")
def costs_that_trap(answer: Any) -> str | None:
    """Eight different costs, least at mask 111, from which one flip at a time never leaves 000."""
    costs = np.asarray(answer, dtype=np.float64)
    if costs.shape != (8,) or not np.isfinite(costs).all():
        return "Eight costs are expected, one for each of the masks 000, 001, ..., 111."
    if len(np.unique(costs)) < 8:
        return "The eight costs must differ from one another; two of them are equal."
    best = int(costs.argmin())
    if best != 0b111:
        return (
            f"The least cost must be that of mask 111, {costs[7]:g}; mask "
            f"{mask_to_string(mask_from_index(best, 3))} has {costs[best]:g}."
        )
    for neighbour in (0b100, 0b010, 0b001):
        if costs[neighbour] < costs[0]:
            return (
                f"Mask 000 should be a trap; from its cost {costs[0]:g} a flip to mask "
                f"{neighbour:03b} leads down to {costs[neighbour]:g}."
            )
    return None
