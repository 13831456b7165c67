"""QAOA circuits: start state, then phase and mixer layers in turn (Farhi et al. 2014).

A phase layer exp(-i gamma C) is one circuit for each form of a cost.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import cirq
import numpy as np
import numpy.typing as npt

from labkit.ansatz import check_angles, check_mixer, ring_edges
from labkit.circuits.decompositions import ThreeQubitDiagonal
from labkit.circuits.qubits import Qubits, choose_qubits
from labkit.circuits.state_preparation import dicke_state, uniform_superposition
from labkit.costs import Cost, CostTable, LocalCost, PauliZCost
from labkit.costs.names import Neurons
from labkit.costs.tables import far_mean
from labkit.limits import check_register, show_value

Value = TypeVar("Value")

# a diagonal of n qubits is decomposed into some 2^n gates of some hundred bytes
_BYTES_PER_MASK = 2000


def qaoa_circuit(
    cost: Cost,
    gammas: npt.ArrayLike,
    betas: npt.ArrayLike,
    *,
    mixer: str = "x",
    n_active: int | None = None,
    qubits: Qubits | None = None,
) -> cirq.Circuit:
    """prod_l exp(-i beta_l B) exp(-i gamma_l C) |start>, layer 1 first.

    Args:
        cost: C, not rescaled; its form decides how the phase layers are built.
        gammas: (p,) radians per unit of cost.
        betas: (p,) radians.
        mixer: B, 'x', 'grover' or 'ring', see `labkit.ansatz`.
        n_active: neurons that every mask keeps, the start being the Dicke state; None for the
            uniform start. 'ring' needs one, 'x' has none.
        qubits: of neuron 0, 1, ..., or by neuron, such as those of a machine; by default line
            qubits. A mask is measured in this order: `sample_masks(circuit, ..., qubits=qubits)`.

    Raises:
        TooLargeError: the gates of a table's diagonal do not fit in memory.
    """
    gammas, betas = check_angles(gammas, betas)
    mixer, n_active = check_mixer(mixer, n_active, cost.n_neurons)
    qubits = choose_qubits(qubits, cost.n_neurons)
    circuit = start_circuit(qubits, n_active)
    for gamma, beta in zip(gammas.tolist(), betas.tolist(), strict=True):
        circuit.append(phase_layer(qubits, cost, gamma))
        circuit.append(mixer_layer(qubits, beta, mixer=mixer, n_active=n_active))
    return circuit


def start_circuit(qubits: Sequence[cirq.Qid], n_active: int | None) -> cirq.Circuit:
    """The uniform superposition, or the Dicke state of all masks with `n_active` neurons."""
    return uniform_superposition(qubits) if n_active is None else dicke_state(qubits, n_active)


def phase_layer(qubits: Sequence[cirq.Qid], cost: Cost, gamma: Any) -> Iterator[cirq.Operation]:
    """|m> -> exp(-i gamma cost(m)) |m>, in gates as local as the cost.

    A polynomial becomes one rotation for each of its terms; a sum of local tables one small
    diagonal for each; a table of 2^n costs one diagonal of all qubits.

    Args:
        qubits: one qubit per neuron, neuron 0 first.
        cost: its form decides.
        gamma: radians per unit of cost; for a polynomial also a `sympy` symbol, but then without
            the phase of its constant.

    Raises:
        TooLargeError: the gates of a diagonal do not fit in memory.
    """
    if len(qubits) != cost.n_neurons:
        raise ValueError(f"qubits holds {len(qubits)} qubits (limit: {cost.n_neurons})")
    if isinstance(cost, PauliZCost):
        yield from global_phase(qubits[0], -gamma * cost.mean)
        for neurons, coefficient in side_by_side(t for t in cost.terms.items() if t[0]):
            yield from rotate_parity([qubits[j] for j in neurons], gamma * coefficient)
    elif isinstance(cost, LocalCost):
        constant = sum(float(values[0]) for neurons, values in cost.terms if not neurons)
        yield from global_phase(qubits[0], -gamma * constant)
        for neurons, values in side_by_side(term for term in cost.terms if term[0]):
            yield from diagonal([qubits[j] for j in neurons], -gamma * values)
    elif isinstance(cost, CostTable):
        yield from diagonal(qubits, -gamma * cost.costs)
    else:
        given = f"cost={show_value(cost)} is no CostTable, PauliZCost or LocalCost"
        raise TypeError(f"{given}: cost.to_table() asks it for 2^{cost.n_neurons} masks")


def side_by_side(terms: Iterable[tuple[Neurons, Value]]) -> list[tuple[Neurons, Value]]:
    """Terms in rounds of those without a common neuron: all commute, and a round is as deep as one.

    Each term comes in the first round in which its neurons are free, so that the depth of a
    chain or ring of local terms does not grow with the number of neurons.
    """
    rounds: list[tuple[set[int], list[tuple[Neurons, Value]]]] = []
    for term in terms:
        taken, members = next((r for r in rounds if r[0].isdisjoint(term[0])), (set(), []))
        if not members:
            rounds.append((taken, members))
        taken.update(term[0])
        members.append(term)
    return [term for _, members in rounds for term in members]


def rotate_parity(qubits: Sequence[cirq.Qid], angle: Any) -> Iterator[cirq.Operation]:
    """exp(-i angle Z...Z): rz, a ZZ rotation, or for more qubits rz between ladders of CNOTs."""
    if len(qubits) == 1:
        yield cirq.rz(2 * angle)(*qubits)
    elif len(qubits) == 2:
        yield cirq.ZZPowGate(exponent=2 * angle / np.pi, global_shift=-0.5)(*qubits)
    else:
        ladder = [cirq.CNOT(*pair) for pair in itertools.pairwise(qubits)]
        yield from (*ladder, cirq.rz(2 * angle)(qubits[-1]), *reversed(ladder))


def diagonal(qubits: Sequence[cirq.Qid], angles: Any) -> Iterator[cirq.Operation]:
    """diag(exp(i angles)), angles (2^k,), on k qubits: Cirq's gates of two and three, or of k.

    Of angles that are all far from 0 whole turns are taken off: some simulators round to float32.
    """
    angles = angles - 2 * np.pi * np.rint(far_mean(angles) / (2 * np.pi))
    check_register("n_qubits", len(qubits), bytes_per_mask=_BYTES_PER_MASK, what="gates")
    of_few = {2: cirq.TwoQubitDiagonalGate, 3: ThreeQubitDiagonal}
    yield of_few.get(len(qubits), cirq.DiagonalGate)(list(angles))(*qubits)


def global_phase(qubit: cirq.Qid, angle: Any) -> Iterator[cirq.Operation]:
    """exp(i angle), which no measurement shows; nothing where the angle is 0, or a symbol.

    As a gate on one qubit, Z^2 with a shifted phase: not every sampler takes gates on none.
    """
    if isinstance(angle, float) and angle % (2 * np.pi):
        yield cirq.ZPowGate(exponent=2, global_shift=angle / (2 * np.pi) % 1)(qubit)


def mixer_layer(
    qubits: Sequence[cirq.Qid], beta: Any, *, mixer: str = "x", n_active: int | None = None
) -> Iterator[cirq.Operation]:
    """exp(-i beta B): rotations by X, of the phase of the start state, or of pairs on a ring.

    Args:
        qubits: one qubit per neuron, neuron 0 first.
        beta: radians; for 'x' and 'ring' also a `sympy` symbol.
        mixer: 'x', 'grover' or 'ring', see `labkit.ansatz`.
        n_active: neurons that every mask of the start state keeps; None for the uniform start.
    """
    mixer, n_active = check_mixer(mixer, n_active, len(qubits))
    if mixer == "x":
        yield from cirq.rx(-2 * beta).on_each(*qubits)
    elif mixer == "grover":
        yield from _rotate_start(qubits, beta, n_active)
    elif mixer == "ring":
        for group in ring_edges(len(qubits)):
            # iSWAP^t sends |01> to cos(pi t/2) |01> + i sin(pi t/2) |10>
            yield from (cirq.ISWAP(qubits[j], qubits[k]) ** (2 * beta / np.pi) for j, k in group)
    else:
        raise ValueError(f"mixer={mixer!r} has no circuit in {__name__}")


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
