"""Exercises of notebook 04."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.amplification import optimal_iterations, success_probability
from labkit.course.checking import compare_function, exercise, number_exercise
from labkit.course.circuit_checks import compare_signs


@exercise("04-1")
def oracle_for_two_masks(answer: Any) -> str | None:
    """A circuit on three qubits that flips the phase of masks 011 and 111 only."""
    return compare_signs(answer, np.where(np.isin(np.arange(8), (0b011, 0b111)), -1, 1))


def _says_of_calls(calls: float) -> str:
    """How likely one of 4 marked masks of 12 neurons is after so many calls."""
    if calls < 0 or calls != int(calls):
        return "Calls are whole: an oracle is called, or it is not."
    chance = success_probability(12, 4, int(calls))
    said = f"After so many calls the chance of a marked mask is {chance:.4f}."
    if chance < 0.75 or calls > optimal_iterations(12, 4):
        return f"{said} At its first peak it is nearly 1: where is (2k + 1) times the angle 90°?"
    return f"{said} To stop early saves calls if you may begin again; asked for is the first peak."


# the first peak for 4 marked masks of 12 neurons
number_exercise("04-2", optimal_iterations(12, 4), _says_of_calls)


@exercise("04-3")
def success_by_formula(answer: Any) -> str | None:
    """A function (n, M, k) -> chance of a marked mask."""
    cases = ((4, 1, 3), (6, 5, 2), (10, 1, 40), (3, 8, 1))
    what = "For n = {}, M = {}, k = {} the chance"
    return compare_function(answer, success_probability, cases, what)
