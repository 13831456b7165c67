"""Exercises of notebook 04."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.amplification import optimal_iterations, success_probability
from labkit.course.checking import compare_function, compare_signs, exercise, number_exercise


@exercise("04-1")
def oracle_for_two_masks(answer: Any) -> str | None:
    """A circuit on three qubits that flips the phase of masks 011 and 111 only."""
    return compare_signs(answer, np.where(np.isin(np.arange(8), (0b011, 0b111)), -1, 1))


# the best number of oracle calls for 4 marked masks of 12 neurons
number_exercise("04-2", optimal_iterations(12, 4))


@exercise("04-3")
def success_by_formula(answer: Any) -> str | None:
    """A function (n, M, k) -> chance of a marked mask."""
    cases = ((4, 1, 3), (6, 5, 2), (10, 1, 40), (3, 8, 1))
    what = "For n = {}, M = {}, k = {} the chance"
    return compare_function(answer, success_probability, cases, what)
