"""Exercises of notebook 04."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.amplification import optimal_iterations
from labkit.course.checking import compare_number, exercise
from labkit.masks import mask_from_index, mask_to_string


@exercise("04-1")
def oracle_for_two_masks(answer: Any) -> str | None:
    """A circuit on three qubits that flips the phase of masks 011 and 111 only."""
    import cirq

    qubits = cirq.LineQubit.range(3)
    unitary = cirq.Circuit(answer).unitary(qubit_order=qubits, qubits_that_should_be_present=qubits)
    expected = np.where(np.isin(np.arange(8), (0b011, 0b111)), -1, 1)
    if not np.allclose(np.abs(unitary), np.eye(8), atol=1e-6):
        return "The circuit changes which mask is which; an oracle changes only signs."
    # a phase common to all masks cannot be measured
    phases = np.diag(unitary) / unitary[0, 0]
    wrong = np.flatnonzero(~np.isclose(phases, expected, atol=1e-6))
    if not wrong.size:
        return None
    return (
        f"Mask {mask_to_string(mask_from_index(int(wrong[0]), 3))} should get the sign "
        f"{expected[wrong[0]]:+d}; it gets {np.round(phases[wrong[0]], 3)}."
    )


@exercise("04-2")
def calls_for_four_of_4096(answer: Any) -> str | None:
    """The best number of oracle calls for 4 marked masks of 12 neurons."""
    return compare_number(answer, optimal_iterations(12, 4))


@exercise("04-3")
def success_by_formula(answer: Any) -> str | None:
    """A function (n, M, k) -> chance of a marked mask."""
    for n, n_marked, k in ((4, 1, 3), (6, 5, 2), (10, 1, 40), (3, 8, 1)):
        expected = np.sin((2 * k + 1) * np.arcsin(np.sqrt(n_marked / 2**n))) ** 2
        if abs(float(answer(n, n_marked, k)) - expected) > 1e-6:
            return (
                f"For n = {n}, M = {n_marked}, k = {k} the chance is {expected:.6f}; "
                f"{float(answer(n, n_marked, k)):.6f} came."
            )
    return None
