"""Phase layers exp(-i gamma C): one circuit for each form of a cost."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import cirq
import numpy as np

from labkit.costs import Cost, CostTable, LocalCost, PauliZCost
from labkit.costs.tables import Neurons
from labkit.limits import check_register, show_value

Value = TypeVar("Value")

# a diagonal of n qubits is decomposed into some 2^n gates of some hundred bytes
_BYTES_PER_MASK = 2000


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
        TypeError: `cost` is none of the three forms.
        ValueError: there are not n qubits.
        TooLargeError: the gates of a diagonal do not fit in memory.
    """
    if len(qubits) != cost.n_neurons:
        raise ValueError(f"qubits holds {len(qubits)} qubits (limit: {cost.n_neurons})")
    if isinstance(cost, PauliZCost):
        yield from global_phase(qubits[0], -gamma * cost.mean)
        for neurons, coefficient in side_by_side(_without_constant(cost.terms.items())):
            yield from rotate_parity([qubits[j] for j in neurons], gamma * coefficient)
    elif isinstance(cost, LocalCost):
        constant = sum(float(values[0]) for neurons, values in cost.terms if not neurons)
        yield from global_phase(qubits[0], -gamma * constant)
        for neurons, values in side_by_side(_without_constant(cost.terms)):
            yield from diagonal([qubits[j] for j in neurons], -gamma * values)
    elif isinstance(cost, CostTable):
        yield from diagonal(qubits, -gamma * cost.costs)
    else:
        raise TypeError(f"cost={show_value(cost)} is no CostTable, PauliZCost or LocalCost")


def side_by_side(terms: Iterable[tuple[Neurons, Value]]) -> list[tuple[Neurons, Value]]:
    """Terms in rounds of those without a common neuron: all commute, and a round is as deep as one.

    Each term comes in the first round in which its neurons are free, so that the depth of a
    chain or ring of local terms does not grow with the number of neurons.

    Args:
        terms: pairs of neurons and anything.
    """
    taken: list[set[int]] = []
    rounds: list[list[tuple[Neurons, Value]]] = []
    for term in terms:
        free = (place for place, neurons in enumerate(taken) if neurons.isdisjoint(term[0]))
        place = next(free, len(taken))
        if place == len(taken):
            taken.append(set())
            rounds.append([])
        taken[place].update(term[0])
        rounds[place].append(term)
    return [term for one_round in rounds for term in one_round]


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
    """diag(exp(i angles)), angles (2^k,), on k qubits: Cirq's gates of two and three, or of k."""
    check_register("n_qubits", len(qubits), bytes_per_mask=_BYTES_PER_MASK, what="gates")
    if len(qubits) == 2:
        yield cirq.TwoQubitDiagonalGate(list(angles))(*qubits)
    elif len(qubits) == 3:
        yield cirq.ThreeQubitDiagonalGate(list(angles))(*qubits)
    else:
        yield cirq.DiagonalGate(list(angles))(*qubits)


def global_phase(qubit: cirq.Qid, angle: Any) -> Iterator[cirq.Operation]:
    """exp(i angle), which no measurement shows; nothing where the angle is 0, or a symbol.

    As a gate on one qubit, Z^2 with a shifted phase: not every sampler takes gates on none.
    """
    if isinstance(angle, float) and angle % (2 * np.pi):
        yield cirq.ZPowGate(exponent=2, global_shift=angle / (2 * np.pi))(qubit)


def _without_constant(terms: Iterable[tuple[Neurons, Value]]) -> list[tuple[Neurons, Value]]:
    return [term for term in terms if term[0]]
