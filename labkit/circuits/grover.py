"""Grover's search over neuron masks (L. K. Grover 1996, arXiv quant-ph/9605043)."""

from __future__ import annotations

from collections.abc import Sequence

import cirq
import numpy as np

from labkit.amplification import optimal_iterations, rotation_angle, success_probability
from labkit.circuits.oracles import flip_phase
from labkit.circuits.state_preparation import dicke_state, uniform_superposition
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
    qubits: Sequence[cirq.Qid],
    oracle: cirq.AbstractCircuit,
    iterations: int,
    *,
    n_active: int | None = None,
) -> cirq.Circuit:
    """The start state |s>, then `iterations` times the oracle and the reflection about |s>.

    Each iterate is -(I - 2|s><s|)(oracle) up to a global phase.

    Args:
        qubits: one qubit per neuron, neuron 0 first.
        oracle: flips the phase of the marked masks of `qubits`.
        iterations: number of oracle calls, 0 or more.
        n_active: searches the masks that keep so many neurons only: |s> is their Dicke state.

    Raises:
        TooLargeError: a circuit of so many iterations does not fit in memory.
    """
    iterations = check_integer("iterations", iterations, minimum=0)
    if not qubits:
        raise ValueError("qubits holds no qubit (limit: 1 or more)")
    iterate = cirq.Circuit(oracle, reflect_about_start(qubits, n_active=n_active))
    bytes_each = _BYTES_PER_MOMENT * len(iterate)
    check_count("iterations", iterations, bytes_each=bytes_each, what="the circuit")
    return _start(qubits, n_active) + iterate * iterations


def reflect_about_start(qubits: Sequence[cirq.Qid], *, n_active: int | None = None) -> cirq.Circuit:
    """I - 2|s><s| = V (I - 2|0><0|) V^-1, where V |0> = |s>: H^n, or what makes a Dicke state."""
    start = _start(qubits, n_active)
    return cirq.inverse(start) + flip_phase(qubits, np.zeros(len(qubits), dtype=bool)) + start


def _start(qubits: Sequence[cirq.Qid], n_active: int | None) -> cirq.Circuit:
    return uniform_superposition(qubits) if n_active is None else dicke_state(qubits, n_active)
