"""Exercises of notebook 04."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.amplification import optimal_iterations
from labkit.course.checking import compare_function, compare_number, compare_signs, exercise


@exercise("04-1")
def oracle_for_two_masks(answer: Any) -> str | None:
    """A circuit on three qubits that flips the phase of masks 011 and 111 only."""
    return compare_signs(answer, np.where(np.isin(np.arange(8), (0b011, 0b111)), -1, 1))


@exercise("04-2")
def calls_for_four_of_4096(answer: Any) -> str | None:
    """The best number of oracle calls for 4 marked masks of 12 neurons."""
    return compare_number(answer, optimal_iterations(12, 4))


@exercise("04-3")
def success_by_formula(answer: Any) -> str | None:
    """A function (n, M, k) -> chance of a marked mask."""
    cases = [
        (
            (n, n_marked, k),
            f"For n = {n}, M = {n_marked}, k = {k} the chance",
            np.sin((2 * k + 1) * np.arcsin(np.sqrt(n_marked / 2**n))) ** 2,
        )
        for n, n_marked, k in ((4, 1, 3), (6, 5, 2), (10, 1, 40), (3, 8, 1))
    ]
    return compare_function(answer, cases)
