"""Exercises of notebook 02."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.course.checking import compare_best, compare_number, exercise, number_exercise
from labkit.problems import build_problem

# GiB of a table of 2^30 float64 costs
number_exercise("02-1", 2**30 * 8 / 2**30)


@exercise("02-2")
def best_of_another_seed(answer: Any) -> str | None:
    """The best mask on circles, 8 neurons, seed 3."""
    return compare_best(answer, build_problem("circles", 8, seed=3).table)


@exercise("02-3")
def local_minima(answer: Any) -> str | None:
    """How many masks of moons, 8 neurons, seed 7 no single flip improves."""
    costs = build_problem("moons", 8, seed=7).table.costs
    better = [costs[np.arange(256) ^ (1 << j)] < costs for j in range(8)]
    return compare_number(answer, int((~np.any(better, axis=0)).sum()))
