"""Sums in the Fourier basis, and samples as votes: integer inequalities in the mask bits.

Sample i votes for a mask if sum_j m_j d_ij >= 1, which says that it is classified correctly.
Qubit k of a register is for bit k of its integer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cirq
import numpy as np

from labkit.arrays import IntArray


def leave_fourier_basis(register: Sequence[cirq.Qid]) -> Iterator[cirq.Operation]:
    """The inverse Fourier transform, lowest bit first.

    Qubit k has the phase pi (b_k + b_(k-1)/2 + ... + b_0/2^k): the bits below it are known by
    then and taken out, H reads what is left. B (B - 1) / 2 two-qubit gates.
    """
    for k, qubit in enumerate(register):
        for below, known in enumerate(register[:k]):
            yield cirq.CZ(known, qubit) ** -(2.0 ** (below - k))
        yield cirq.H(qubit)


def enter_fourier_basis(register: Sequence[cirq.Qid]) -> Iterator[cirq.Operation]:
    """The Fourier transform: what `leave_fourier_basis` does, backwards."""
    return (cirq.pow(operation, -1) for operation in reversed(list(leave_fourier_basis(register))))


def add_integer(
    register: Sequence[cirq.Qid], integer: int, control: cirq.Qid | None = None
) -> Iterator[cirq.Operation]:
    """Adds an integer in the Fourier basis: exp(2 pi i integer / 2^(k+1)) on the 1 of qubit k.

    Of either sign, and only where the qubit `control` is 1, if there is one.
    """
    for k, qubit in enumerate(register):
        yield from turn_phase(qubit, integer / 2**k, control)


def turn_phase(
    qubit: cirq.Qid, half_turns: float, control: cirq.Qid | None = None
) -> Iterator[cirq.Operation]:
    """exp(pi i half_turns) on the 1 of a qubit, or of both qubits: no gate if that is 1."""
    exponent = half_turns % 2
    if exponent:
        phase = cirq.Z(qubit) if control is None else cirq.CZ(control, qubit)
        yield phase**exponent


_ROUNDS = 3  # small weights hardly ever shrink any further


@dataclass(frozen=True, eq=False)
class Vote:
    """`count` equal samples: each votes for a mask m if sum_j m_j weights[j] >= 1.

    Attributes:
        weights: int64 (n,), at least one of them above 0.
        count: how many samples these weights stand for.
    """

    weights: IntArray
    count: int

    @property
    def width(self) -> int:
        """The smallest B with -2^(B-1) <= sum_j m_j weights[j] - 1 < 2^(B-1) for every mask."""
        highest = int(self.weights[self.weights > 0].sum()) - 1
        lowest = int(self.weights[self.weights < 0].sum()) - 1
        return max(highest, -lowest - 1).bit_length() + 1


def collect_votes(weights: IntArray) -> list[Vote]:
    """Samples (samples, n) that some mask classifies correctly, reduced, equal ones together."""
    right = weights[(weights > 0).any(axis=1)]
    counts = Counter(tuple(reduce_weights(row).tolist()) for row in right)
    return [Vote(np.array(small), count) for small, count in counts.items()]


def reduce_weights(weights: IntArray) -> IntArray:
    """Weights int64 (n,), none larger, for which sum_j m_j d_j >= 1 holds for the same masks.

    The sum of the other weights takes some values r only. A weight d > 0 counts where r + d >= 1,
    so with the least r >= 1 - d it may shrink to 1 - r; a weight d < 0 counts where r + d < 1,
    so with the greatest r <= -d it may shrink to -r. A common divisor does not count either.

    The values r are found one weight after the other: there are at most 1 + sum_j |d_j| of them,
    and no mask is looked at. At least one weight is above 0.
    """
    small = weights // np.gcd.reduce(weights)
    for _ in range(_ROUNDS):
        for j in np.argsort(-np.abs(small), kind="stable"):
            sums = _subset_sums(np.delete(small, j))
            if small[j] > 0:
                small[j] = 1 - sums[sums >= 1 - small[j]].min()
            elif small[j] < 0:
                small[j] = -sums[sums <= -small[j]].max()
        small //= np.gcd.reduce(small)
    return small


def _subset_sums(weights: IntArray) -> IntArray:
    sums = np.zeros(1, dtype=np.int64)
    for weight in weights[weights != 0]:
        sums = np.union1d(sums, sums + weight)
    return sums
