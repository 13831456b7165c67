"""States in which a search starts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import cirq
import numpy as np
import numpy.typing as npt

from labkit.limits import check_array, check_integer


def uniform_superposition(qubits: Sequence[cirq.Qid]) -> cirq.Circuit:
    """|s> = H^n |0...0> = 2^(-n/2) sum_m |m>: every subnetwork at once."""
    return cirq.Circuit(cirq.H.on_each(*qubits))


def dicke_state(qubits: Sequence[cirq.Qid], n_active: int) -> cirq.Circuit:
    """|D^n_k> = C(n, k)^(-1/2) sum_{|m| = k} |m>: every subnetwork of k neurons at once.

    From |0...0 1...1>, whose last k qubits are 1, the recursion

        |D^l_k> = sqrt(k/l) |D^(l-1)_(k-1)> |1> + sqrt((l-k)/l) |D^(l-1)_k> |0>

    for l = n, n - 1, ..., 2 splits the last of the first l qubits off, for every number of ones
    at once ("split and cyclic shift"). Where n - k < k the state of n - k ones is made and every
    qubit flipped. At most 6 n min(k, n - k) two-qubit gates, all of them CNOT.

    Args:
        qubits: one qubit per neuron, neuron 0 first.
        n_active: k, the number of neurons kept, 0..n.

    Reference: A. Bärtschi, S. Eidenbenz 2019, arXiv 1904.07358, section 2.
    """
    if not qubits:
        raise ValueError("qubits holds no qubit (limit: 1 or more)")
    n = len(qubits)
    n_active = check_integer("n_active", n_active, minimum=0, maximum=n)
    if n_active == 0:
        return cirq.Circuit(cirq.I.on_each(*qubits))  # a circuit on these qubits all the same
    ones = min(n_active, n - n_active)
    circuit = cirq.Circuit(cirq.X.on_each(*qubits[n - ones :]))
    for last in range(n, 1, -1):
        circuit.append(_split_and_shift(qubits[:last], min(ones, last - 1)))
    if ones != n_active:
        circuit.append(cirq.X.on_each(*qubits))
    return circuit


def _split_and_shift(qubits: Sequence[cirq.Qid], ones: int) -> Iterator[cirq.Operation]:
    """|0^(l-i) 1^i> -> sqrt(i/l) |0^(l-i) 1^i> + sqrt((l-i)/l) |0^(l-i-1) 1^i 0>, i = 0..ones."""
    n, last = len(qubits), qubits[-1]
    for i in range(1, ones + 1):
        # only |0^(l-i) 1^i> has 0 at the target, 1 beside it and 1 at the end
        target, beside = qubits[n - i - 1], qubits[n - i]
        controls = [last] if i == 1 else [last, beside]
        yield cirq.CNOT(target, last)
        yield from _controlled_rotation(target, controls, 2 * math.acos(math.sqrt(i / n)))
        yield cirq.CNOT(target, last)


def _controlled_rotation(
    target: cirq.Qid, controls: Sequence[cirq.Qid], angle: float
) -> Iterator[cirq.Operation]:
    """Ry(angle) where all controls (one or two) are 1, by 2 or 4 CNOTs.

    Two or four parts of the rotation, every other one backwards: they add up where each CNOT turns
    the next one round, X Ry(-a) X = Ry(a), and cancel elsewhere.
    """
    part = angle / (2 * len(controls))
    for control, sign in zip([*controls, *controls], [1, -1] * len(controls), strict=True):
        yield cirq.ry(sign * part).on(target)
        yield cirq.CNOT(control, target)


def real_state(qubits: Sequence[cirq.Qid], amplitudes: npt.ArrayLike) -> cirq.Circuit:
    """sum_i a_i |i> with real amplitudes a_i / |a|, by a tree of rotations.

    Qubit l is turned by 2 atan2(|a right|, |a left|), the norms of the two halves of each block of
    2^(d-l) amplitudes, controlled by the qubits before it; the last one by the signed amplitudes
    themselves. A rotation of 2^l angles is a diagonal in another basis: some 2^(d+1) two-qubit
    gates in all.

    Args:
        qubits: d of them, the first the most significant.
        amplitudes: (2^d,), not all 0.

    Reference: Möttönen, Vartiainen, Bergholm, Salomaa 2004, arXiv quant-ph/0407010.
    """
    a = check_array("amplitudes", amplitudes)
    if not qubits or a.shape != (2 ** len(qubits),):
        raise ValueError(
            f"amplitudes has shape {a.shape} for {len(qubits)} qubits (limit: 2^qubits, 1 or more)"
        )
    if not a.any():
        raise ValueError("amplitudes holds only zeros (limit: a norm above 0)")
    circuit = cirq.Circuit()
    for level, target in enumerate(qubits):
        halves = a.reshape(2**level, 2, -1)
        left, right = (
            halves[..., 0] if level == len(qubits) - 1 else np.linalg.norm(halves, axis=2)
        ).T
        circuit += _rotate_each(qubits[:level], target, np.arctan2(right, left))
    return circuit


def _rotate_each(
    controls: Sequence[cirq.Qid], target: cirq.Qid, halves: npt.NDArray[np.float64]
) -> cirq.Circuit:
    """Ry(2 halves[k]) on the target where the controls hold k: a rotation about Z between two X."""
    if not controls:
        return cirq.Circuit(cirq.ry(2 * halves[0])(target))
    phases = np.stack([-halves, halves], axis=1).ravel().tolist()
    diagonal = cirq.DiagonalGate(phases).on(*controls, target)
    return cirq.Circuit(cirq.rx(np.pi / 2)(target), diagonal, cirq.rx(-np.pi / 2)(target))
