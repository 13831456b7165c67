"""QAOA circuits: start state, then phase and mixer layers in turn (Farhi et al. 2014)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import cirq
import numpy as np
import numpy.typing as npt

from labkit.ansatz import check_angles, check_mixer, ring_edges
from labkit.circuits.phase_layers import phase_layer
from labkit.circuits.state_preparation import dicke_state, uniform_superposition
from labkit.costs import Cost


def qaoa_circuit(
    cost: Cost,
    gammas: npt.ArrayLike,
    betas: npt.ArrayLike,
    *,
    mixer: str = "x",
    n_active: int | None = None,
) -> cirq.Circuit:
    """prod_l exp(-i beta_l B) exp(-i gamma_l C) |start> on line qubits, layer 1 first.

    Args:
        cost: C, not rescaled; its form decides how the phase layers are built.
        gammas: (p,) radians per unit of cost.
        betas: (p,) radians.
        mixer: B, 'x', 'grover' or 'ring', see `labkit.ansatz`.
        n_active: neurons that every mask keeps, the start being the Dicke state; None for the
            uniform start. 'ring' needs one, 'x' has none.

    Raises:
        ValueError: angles of different lengths, an unknown mixer, or `n_active` out of range.
        TooLargeError: the gates of a table's diagonal do not fit in memory.
    """
    gammas, betas = check_angles(gammas, betas)
    mixer, n_active = check_mixer(mixer, n_active, cost.n_neurons)
    qubits = cirq.LineQubit.range(cost.n_neurons)
    circuit = start_circuit(qubits, n_active)
    for gamma, beta in zip(gammas.tolist(), betas.tolist(), strict=True):
        circuit.append(phase_layer(qubits, cost, gamma))
        circuit.append(mixer_layer(qubits, beta, mixer=mixer, n_active=n_active))
    return circuit


def start_circuit(qubits: Sequence[cirq.Qid], n_active: int | None) -> cirq.Circuit:
    """The uniform superposition, or the Dicke state of all masks with `n_active` neurons."""
    return uniform_superposition(qubits) if n_active is None else dicke_state(qubits, n_active)


def mixer_layer(
    qubits: Sequence[cirq.Qid], beta: Any, *, mixer: str = "x", n_active: int | None = None
) -> Iterator[cirq.Operation]:
    """exp(-i beta B): rotations by X, of the phase of the start state, or of pairs on a ring.

    Args:
        qubits: one qubit per neuron, neuron 0 first.
        beta: radians; for 'x' and 'ring' also a `sympy` symbol.
        mixer: 'x', 'grover' or 'ring', see `labkit.ansatz`.
        n_active: neurons that every mask of the start state keeps; None for the uniform start.

    Raises:
        ValueError: the mixer is unknown, or `n_active` does not go with it.
    """
    mixer, n_active = check_mixer(mixer, n_active, len(qubits))
    if mixer == "x":
        yield from cirq.rx(-2 * beta).on_each(*qubits)
    elif mixer == "grover":
        yield from _rotate_start(qubits, beta, n_active)
    else:
        for group in ring_edges(len(qubits)):
            # iSWAP^t sends |01> to cos(pi t/2) |01> + i sin(pi t/2) |10>
            yield from (cirq.ISWAP(qubits[j], qubits[k]) ** (2 * beta / np.pi) for j, k in group)


def _rotate_start(
    qubits: Sequence[cirq.Qid], beta: float, n_active: int | None
) -> Iterator[cirq.Operation]:
    """1 + (exp(i beta) - 1) |start><start|: unprepare, turn the phase of |0...0>, prepare."""
    prepare = start_circuit(qubits, n_active)
    yield from cirq.inverse(prepare).all_operations()
    # Z^t with shift -1 is diag(exp(-i pi t), 1): the phase turns where all qubits are 0
    turn = cirq.ZPowGate(exponent=-beta / np.pi, global_shift=-1).on(qubits[-1])
    yield turn.controlled_by(*qubits[:-1], control_values=[0] * (len(qubits) - 1))
    yield from prepare.all_operations()
