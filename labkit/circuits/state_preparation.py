"""States in which a search starts."""

from __future__ import annotations

from collections.abc import Sequence

import cirq


def uniform_superposition(qubits: Sequence[cirq.Qid]) -> cirq.Circuit:
    """|s> = H^n |0...0> = 2^(-n/2) sum_m |m>: every subnetwork at once.

    Args:
        qubits: one qubit per neuron, neuron 0 first.
    """
    return cirq.Circuit(cirq.H.on_each(*qubits))
