"""Grover's search over neuron masks (L. K. Grover 1996, arXiv quant-ph/9605043)."""

from __future__ import annotations

from collections.abc import Sequence

import cirq
import numpy as np

from labkit.amplification import optimal_iterations, rotation_angle, success_probability
from labkit.circuits.oracles import flip_phase
from labkit.circuits.state_preparation import uniform_superposition
from labkit.limits import check_count, check_integer

__all__ = [
    "grover_circuit",
    "optimal_iterations",
    "reflect_about_start",
    "rotation_angle",
    "success_probability",
]

_BYTES_PER_MOMENT = 64  # a repeated circuit refers to its moments again


def grover_circuit(
    qubits: Sequence[cirq.Qid], oracle: cirq.AbstractCircuit, iterations: int
) -> cirq.Circuit:
    """The start state |s>, then `iterations` times the oracle and the reflection about |s>.

    Each iterate is -(I - 2|s><s|)(oracle) up to a global phase.

    Args:
        qubits: one qubit per neuron, neuron 0 first.
        oracle: flips the phase of the marked masks of `qubits`.
        iterations: number of oracle calls, 0 or more.

    Raises:
        TooLargeError: a circuit of so many iterations does not fit in memory.
    """
    iterations = check_integer("iterations", iterations, minimum=0)
    if not qubits:
        raise ValueError("qubits holds no qubit (limit: 1 or more)")
    iterate = cirq.Circuit(oracle, reflect_about_start(qubits))
    bytes_each = _BYTES_PER_MOMENT * len(iterate)
    check_count("iterations", iterations, bytes_each=bytes_each, what="the circuit")
    return uniform_superposition(qubits) + iterate * iterations


def reflect_about_start(qubits: Sequence[cirq.Qid]) -> cirq.Circuit:
    """I - 2|s><s| = H^n (I - 2|0><0|) H^n."""
    hadamards = cirq.Circuit(cirq.H.on_each(*qubits))
    return hadamards + flip_phase(qubits, np.zeros(len(qubits), dtype=bool)) + hadamards
