"""Exercises of notebook 03."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.course.checking import compare_number, exercise
from labkit.masks import BoolArray, all_masks, mask_from_string, mask_to_index, mask_to_string
from labkit.simulators import final_state, probabilities


@exercise("03-1")
def index_of_a_mask(answer: Any) -> str | None:
    """The index of mask 0110."""
    return compare_number(answer, mask_to_index(mask_from_string("0110")))


@exercise("03-2")
def one_mask(answer: Any) -> str | None:
    """A circuit that prepares mask 1010 for certain."""
    wanted = all_masks(4)[:, [0, 2]].all(axis=1) & ~all_masks(4)[:, [1, 3]].any(axis=1)
    return _compare_distribution(answer, wanted)


@exercise("03-3")
def neuron_zero_stays(answer: Any) -> str | None:
    """A circuit in which neuron 0 always stays and the other two are in superposition."""
    return _compare_distribution(answer, all_masks(3)[:, 0])


@exercise("03-4")
def both_or_neither(answer: Any) -> str | None:
    """A circuit in which neurons 0 and 1 stay both or neither."""
    masks = all_masks(2)
    return _compare_distribution(answer, masks[:, 0] == masks[:, 1])


def _compare_distribution(circuit: Any, wanted: BoolArray) -> str | None:
    """What is wrong with a circuit that should measure each wanted mask equally often."""
    n = len(wanted).bit_length() - 1
    if len(circuit.all_qubits()) != n:
        return f"The circuit acts on {len(circuit.all_qubits())} qubits; {n} were asked for."
    found = probabilities(final_state(circuit))
    expected = wanted / wanted.sum()
    worst = int(np.argmax(np.abs(found - expected)))
    if abs(found[worst] - expected[worst]) < 1e-4:
        return None
    mask = mask_to_string(all_masks(n)[worst])
    return (
        f"Mask {mask} should be measured with probability {expected[worst]:.3f}; "
        f"in your circuit it is {found[worst]:.3f}."
    )
