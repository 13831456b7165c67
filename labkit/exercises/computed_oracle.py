"""Exercises of notebook 06."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.exercises.checking import compare_number, exercise
from labkit.masks import mask_from_index, mask_from_string, mask_to_index, mask_to_string
from labkit.scoring.quantised import count_right


@exercise("06-1")
def masks_right_about_two(answer: Any) -> str | None:
    """Masks of 3 neurons that are right about 2 or more of three samples."""
    right = count_right([[2, -1, 1], [-3, 2, 2], [1, 1, -2]])
    if isinstance(answer, str):
        return "A list of mask strings is expected; one string came."
    given = {int(mask_to_index(mask_from_string(mask))) for mask in answer}
    for index, count in enumerate(right.tolist()):
        if (index in given) != (count >= 2):
            mask = mask_to_string(mask_from_index(index, 3))
            return (
                f"Mask {mask} is right about {count} of the 3 samples, so it "
                f"{'is' if count >= 2 else 'is not'} marked; your list has it "
                f"{'in' if index in given else 'not in'}."
            )
    return None


@exercise("06-2")
def oracle_for_odd_masks(answer: Any) -> str | None:
    """A circuit on three mask qubits and a clean work qubit: flips masks of odd size."""
    import cirq

    qubits = cirq.LineQubit.range(4)
    circuit = cirq.Circuit(answer)
    unitary = circuit.unitary(qubit_order=qubits, qubits_that_should_be_present=qubits)
    phase = unitary[0, 0]
    for index in range(8):
        mask = mask_to_string(mask_from_index(index, 3))
        column = unitary[:, 2 * index]  # the work qubit is the last, and begins at 0
        expected = -1 if mask.count("1") % 2 else 1
        if not np.isclose(abs(column[2 * index]), 1, atol=1e-6):
            left = abs(column[2 * index + 1]) ** 2
            return (
                f"Mask {mask} should come out as it went in, with the work qubit at 0; the work "
                f"qubit is left at 1 with probability {left:.3f}."
            )
        # a phase common to all masks cannot be measured
        sign = column[2 * index] / phase
        if not np.isclose(sign, expected, atol=1e-6):
            return f"Mask {mask} should get the sign {expected:+d}; it gets {np.round(sign, 3)}."
    return None


@exercise("06-3")
def width_of_an_accumulator(answer: Any) -> str | None:
    """Accumulator qubits for a sample of weights 5, -3, 2 and -7, as they stand."""
    from labkit.circuits.votes import Vote

    return compare_number(answer, Vote(np.array([5, -3, 2, -7]), 1).width)


@exercise("06-4")
def error_that_leaves_half(answer: Any) -> str | None:
    """Error per gate at which half of all runs of 5 calls of 700 gates meet no error."""
    expected: float = 1 - 0.5 ** (1 / (5 * 700))
    return compare_number(answer, expected, tolerance=0.02 * expected)
