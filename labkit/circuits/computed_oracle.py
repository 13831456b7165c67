"""An oracle that computes which masks it marks, from a network's integer contributions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np
import numpy.typing as npt

from labkit.arrays import IntArray
from labkit.circuits.qubits import Qubits, choose_qubits
from labkit.circuits.votes import (
    Vote,
    add_integer,
    collect_votes,
    enter_fourier_basis,
    leave_fourier_basis,
    turn_phase,
)
from labkit.limits import check_count, check_integer, show_value

_BYTES_PER_GATE, _BYTES_PER_SUM = 600, 64
_LARGEST_WEIGHT = 2**31 - 1  # sums of them are far from the end of int64


@dataclass(frozen=True, eq=False)
class ComputedOracle:
    """A circuit that flips the phase of the marked masks, and the qubits it works on.

    Attributes:
        circuit: one- and two-qubit gates.
        mask_qubits: one per neuron, neuron 0 first.
        accumulator_qubits: hold the sum of one sample, lowest bit first; zero before and after.
        counter_qubits: hold how many samples are correct, as the accumulator holds a sum.
    """

    circuit: cirq.FrozenCircuit
    mask_qubits: tuple[cirq.Qid, ...]
    accumulator_qubits: tuple[cirq.Qid, ...]
    counter_qubits: tuple[cirq.Qid, ...]

    @property
    def n_qubits(self) -> int:
        """The width of the circuit."""
        return len(self.mask_qubits) + len(self.accumulator_qubits) + len(self.counter_qubits)


def build_computed_oracle(
    weights: npt.ArrayLike, threshold: int, *, qubits: Qubits | None = None
) -> ComputedOracle:
    """Flips the phase of the masks under which enough samples are classified correctly.

    |m> -> -|m> if #{i : sum_j m_j d_ij >= 1} >= T, else |m>:

    1. The counter starts at 2^(c-1) - T, so that its sign bit comes to say "T or more".
    2. For each sample the accumulator takes the value v = sum_j m_j d_ij - 1.
    3. Its sign bit is 0 where the sample is correct; the counter counts that.
    4. Z on the sign bit of the counter.
    5. Steps 3 to 1 backwards return accumulator and counter to zero.

    Both registers are added to in the Fourier basis; see `labkit.circuits.votes`. From one
    sample to the next only the difference of their weights is added, where it is not a full turn
    of the phase. A sample may also be held as the complement -1 - v = -sum_j m_j d_ij, whose sign
    bit is the opposite: what takes the fewest gates comes next. Samples that no mask classifies
    correctly are left out, equal ones are counted at once, and weights are first reduced, by
    `labkit.circuits.votes.reduce_weights`. If no mask is marked, the circuit does nothing.

    Args:
        weights: int (samples, n), d_ij = round(scale y_i t_ij): what neuron j adds to the margin
            of sample i. Each one at most 2^31 - 1 in size.
        threshold: T, the least number of correct samples of a marked mask, 1..samples.
        qubits: as many as the oracle is wide, in the order of what it returns, or by their place;
            by default line qubits. How many these are, `n_qubits` of an oracle without them says.

    Returns:
        The circuit: first the n qubits of the mask, then the B of the accumulator, then
        the c of the counter, and no further ancilla.

    Raises:
        TooLargeError: the circuit does not fit in memory.

    Reference: T. G. Draper 2000, arXiv quant-ph/0008033 (addition in the Fourier basis).
    """
    array = _check_weights(weights)
    n_samples, n_neurons = array.shape
    threshold = check_integer("threshold", threshold, minimum=1, maximum=n_samples)
    votes = collect_votes(array)
    n_votes = sum(vote.count for vote in votes)
    width, counter_width = 0, 0
    if n_votes >= threshold:
        width = max(vote.width for vote in votes)
        counter_width = max(threshold - 1, n_votes - threshold).bit_length() + 1
    chosen = tuple(choose_qubits(qubits, n_neurons + width + counter_width))
    mask, work = chosen[:n_neurons], chosen[n_neurons:]
    idle = cirq.I.on_each(*mask)  # the circuit is on every qubit, also of a neuron without weight
    if n_votes < threshold:
        return ComputedOracle(cirq.FrozenCircuit(idle), mask, (), ())
    accumulator, counter = work[:width], work[width:]
    compute = [
        *cirq.H.on_each(*accumulator, *counter),  # the Fourier basis of zero
        *add_integer(counter, 2 ** (counter_width - 1) - threshold),
        *_count_votes(votes, mask, accumulator, counter),
        *leave_fourier_basis(counter),
    ]
    circuit = cirq.FrozenCircuit(idle, compute, cirq.Z(counter[-1]), cirq.inverse(compute))
    return ComputedOracle(circuit, mask, accumulator, counter)


def _count_votes(
    votes: Sequence[Vote],
    mask: Sequence[cirq.Qid],
    accumulator: Sequence[cirq.Qid],
    counter: Sequence[cirq.Qid],
) -> Iterator[cirq.Operation]:
    """Adds the votes for a mask to the counter, and leaves the accumulator at the last of them.

    The accumulator is in the Fourier basis before. Its first qubits suffice for a small sum; what
    the others hold is out of date until a sample needs them.
    """
    n_digits, controls = len(accumulator), (*mask, None)
    held = np.zeros((n_digits, len(controls)), dtype=np.int64)  # by qubit: d, and the constant
    to_do, read = list(votes), accumulator[:0]
    while to_do:
        place, integers = _nearest_form(to_do, held)
        vote = to_do.pop(place)
        yield from enter_fourier_basis(read)
        # 2. from what each qubit holds to what it is to hold
        for k, qubit in enumerate(accumulator[: vote.width]):
            for control, change in zip(controls, (integers - held[k]).tolist(), strict=True):
                yield from turn_phase(qubit, change / 2**k, control)
        held[: vote.width] = integers
        # 3. the sign bit
        read = accumulator[: vote.width]
        yield from leave_fourier_basis(read)
        is_complement = integers[-1] == 0
        if is_complement:  # 1 is correct
            yield from add_integer(counter, vote.count, read[-1])
        else:
            yield from add_integer(counter, vote.count)
            yield from add_integer(counter, -vote.count, read[-1])


def _nearest_form(votes: Sequence[Vote], held: IntArray) -> tuple[int, IntArray]:
    """The vote to compute next, and its integers (d, constant) or those of its complement."""
    full_turns = 2 ** np.arange(1, len(held) + 1)[:, np.newaxis]

    def count_gates(form: tuple[int, IntArray]) -> int:
        place, integers = form
        changes = (integers - held) % full_turns
        return np.count_nonzero(changes[: votes[place].width, :-1])

    plain = [(place, np.append(vote.weights, -1)) for place, vote in enumerate(votes)]
    complements = [(place, np.append(-vote.weights, 0)) for place, vote in enumerate(votes)]
    return min(plain + complements, key=count_gates)


def _check_weights(weights: Any) -> IntArray:
    """Returns weights as int64 (samples, n)."""
    try:
        array = np.asarray(weights)
    except ValueError:
        array = np.array(None)  # rows of unequal length
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"weights={show_value(weights)} are not an array of integers")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"weights has shape {array.shape}; it must be (samples, n), not empty")
    if array.max() > _LARGEST_WEIGHT or array.min() < -_LARGEST_WEIGHT:
        raise ValueError(f"weights holds a value too large in size (limit: {_LARGEST_WEIGHT})")
    _check_size(array.astype(np.int64))
    return array.astype(np.int64)


def _check_size(weights: IntArray) -> None:
    """Refuses weights whose circuit, or whose sums while they are reduced, do not fit."""
    n_samples, n = weights.shape
    largest_sum = int(np.abs(weights).sum(axis=1).max())
    n_sums = min(2**n, 1 + largest_sum)
    check_count("sums of weights", n_sums, bytes_each=_BYTES_PER_SUM, what="reducing them")
    width = largest_sum.bit_length() + 1
    gates = 2 * (width * (n + width) + n_samples.bit_length() + 1)
    bytes_each = _BYTES_PER_GATE * gates
    check_count("rows of weights", n_samples, bytes_each=bytes_each, what="the circuit")
