"""Oracles: circuits that flip the phase of the masks that are searched for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import cirq
import numpy as np

from labkit.arrays import BoolArray
from labkit.circuits.computed_oracle import ComputedOracle, build_computed_oracle
from labkit.limits import show_value
from labkit.masks import check_one_mask

__all__ = [
    "ComputedOracle",
    "build_computed_oracle",
    "build_diagonal_oracle",
    "build_table_oracle",
    "flip_phase",
]

# Z with its two phases exchanged: diag(-1, 1)
_FLIP_ZERO = cirq.ZPowGate(exponent=1, global_shift=1)


def build_table_oracle(
    qubits: Sequence[cirq.Qid], marked_masks: Iterable[Any]
) -> cirq.FrozenCircuit:
    """Flips the phase of each marked mask: |m> -> -|m> if m is marked, else |m>.

    One many-controlled phase flip per marked mask. Whoever can list the marked masks has already
    paid for every cost: this oracle shows how the search works, not what it would cost.

    Args:
        qubits: one qubit per neuron, neuron 0 first.
        marked_masks: bool arrays (n,) or mask strings, at least one; one given twice is flipped
            once.

    Returns:
        A circuit on `qubits` without ancillas.
    """
    if isinstance(marked_masks, str) or not isinstance(marked_masks, Iterable):
        given = show_value(marked_masks)
        raise TypeError(f"marked_masks={given} is not a collection of masks")
    checked = (check_one_mask(mask, len(qubits), argument="marked_masks") for mask in marked_masks)
    masks = {mask.tobytes(): mask for mask in checked}
    if not masks:
        raise ValueError("marked_masks holds no mask (limit: 1 or more)")
    return cirq.FrozenCircuit(flip_phase(qubits, mask) for mask in masks.values())


def build_diagonal_oracle(qubits: Sequence[cirq.Qid], marked: BoolArray) -> cirq.FrozenCircuit:
    """The oracle of marked masks, bool (2^n,), as one diagonal of 2^n - 2 two-qubit gates.

    Raises:
        ValueError: `marked` is not of one entry for each of the 2^n masks.
    """
    if np.shape(marked) != (2 ** len(qubits),):
        raise ValueError(f"marked has shape {np.shape(marked)}; it must be ({2 ** len(qubits)},)")
    angles = np.where(marked, np.pi, 0.0).tolist()
    return cirq.FrozenCircuit(cirq.DiagonalGate(angles).on(*qubits))


def flip_phase(qubits: Sequence[cirq.Qid], neuron_mask: BoolArray) -> cirq.Operation:
    """I - 2|m><m| of the mask m, bool (n,), as one controlled gate, which qsim runs natively."""
    *controls, target = qubits
    *control_values, target_value = neuron_mask.astype(int).tolist()
    flip = cirq.Z if target_value else _FLIP_ZERO
    return flip.on(target).controlled_by(*controls, control_values=control_values)
