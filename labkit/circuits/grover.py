"""Grover's search over neuron masks (L. K. Grover 1996, arXiv quant-ph/9605043)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cirq
import numpy as np

from labkit.circuits.oracles import flip_phase
from labkit.circuits.state_preparation import uniform_superposition
from labkit.limits import check_integer


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
        TypeError: `iterations` is not an integer.
        ValueError: it is negative.
    """
    iterations = check_integer("iterations", iterations, minimum=0)
    iterate = cirq.Circuit(oracle, reflect_about_start(qubits))
    return uniform_superposition(qubits) + iterate * iterations


def reflect_about_start(qubits: Sequence[cirq.Qid]) -> cirq.Circuit:
    """I - 2|s><s| = H^n (I - 2|0><0|) H^n."""
    hadamards = cirq.Circuit(cirq.H.on_each(*qubits))
    return hadamards + flip_phase(qubits, np.zeros(len(qubits), dtype=bool)) + hadamards


def rotation_angle(n_neurons: int, n_marked: int) -> float:
    """theta = asin sqrt(M / 2^n) in radians: half of what one iteration turns the state.

    Reference: Boyer, Brassard, Høyer, Tapp 1998, arXiv quant-ph/9605034, section 3.

    Raises:
        TypeError: an argument is not an integer.
        ValueError: `n_marked` is not in 1..2^n.
    """
    n = check_integer("n_neurons", n_neurons, minimum=1)
    n_marked = check_integer("n_marked", n_marked, minimum=1, maximum=2**n)
    return math.asin(math.sqrt(n_marked / 2**n))


def success_probability(n_neurons: int, n_marked: int, iterations: int) -> float:
    """P(k) = sin^2((2k + 1) theta): the chance to measure a marked mask after k iterations.

    Raises:
        TypeError: an argument is not an integer.
        ValueError: `n_marked` is not in 1..2^n, or `iterations` negative.
    """
    iterations = check_integer("iterations", iterations, minimum=0)
    return math.sin((2 * iterations + 1) * rotation_angle(n_neurons, n_marked)) ** 2


def optimal_iterations(n_neurons: int, n_marked: int) -> int:
    """The first k at which P(k) peaks: (2k + 1) theta as near pi/2 as it gets.

    Raises:
        TypeError: an argument is not an integer.
        ValueError: `n_marked` is not in 1..2^n.
    """
    # the small subtraction decides a tie, where half the masks are marked, for fewer calls
    best = math.pi / (4 * rotation_angle(n_neurons, n_marked)) - 0.5
    return round(best - 1e-9)
