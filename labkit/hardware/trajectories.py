"""Runs of a circuit with channels, many at a time in NumPy: what qsim does, where it is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cirq
import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.circuits.decompositions import check_resolved, small_operations
from labkit.hardware.circuit_by_circuit import EachCircuit, Records, read_masks
from labkit.limits import check_register, check_rng
from labkit.masks import masks_from_indices
from labkit.platforms import QSIM, has_qsim
from labkit.simulators.states import probabilities

_AMPLITUDES = 2**20  # of all runs that are followed together
States = npt.NDArray[np.complex64]  #: (2,) * n and the runs, or one of all


def noisy_simulator(*, seed: int) -> cirq.Sampler:
    """Runs circuits with channels, each run with errors of its own: qsim, or `TrajectorySampler`.

    With a seed each draws what it drew before, and other runs than the other.
    """
    if has_qsim():
        return QSIM.load().QSimSimulator(seed=seed)
    return TrajectorySampler(rng=np.random.default_rng(seed))


class TrajectorySampler(EachCircuit):
    """Follows the state of each run, in which a channel is one of its Kraus operators, drawn.

    K comes with the chance |K psi|^2 and leaves K psi; runs that no channel told apart yet are
    followed as one.

    Args:
        rng: source of the errors and the outcomes.

    Reference: Nielsen and Chuang 2010, section 8.2.3 (operator-sum representation).
    """

    def __init__(self, *, rng: np.random.Generator) -> None:
        self._rng = check_rng(rng)

    def _records(
        self, gates: cirq.Circuit, measurements: Sequence[cirq.Operation], repetitions: int
    ) -> Records:
        check_resolved(gates)
        n, operations = len(gates.all_qubits()), [*small_operations(gates)]
        check_register("n_qubits", n, bytes_per_mask=40, what="the state of a run")
        is_exact = all(map(cirq.has_unitary, operations))
        at_once = repetitions if is_exact else max(1, _AMPLITUDES // 2**n)
        starts = range(0, repetitions, at_once)
        masks = [self._runs(gates, operations, min(at_once, repetitions - i)) for i in starts]
        return read_masks(np.concatenate(masks), gates, measurements)

    def _runs(
        self, gates: cirq.Circuit, operations: Sequence[cirq.Operation], runs: int
    ) -> BoolArray:
        """What is measured in so many runs, (runs, n)."""
        place = {qubit: j for j, qubit in enumerate(sorted(gates.all_qubits()))}
        states = np.zeros((2,) * len(place) + (1,), dtype=np.complex64)
        states[(0,) * len(place)] = 1
        for operation in operations:
            at = [place[qubit] for qubit in operation.qubits]
            if cirq.has_unitary(operation):
                states = _apply(states, cirq.unitary(operation), at)
            else:
                if states.shape[-1] < runs:
                    states = np.repeat(states, runs, axis=-1)
                self._draw(states, operation, at)
        return self._measure(states.reshape(2 ** len(place), -1), runs)

    def _draw(self, states: States, operation: cirq.Operation, at: list[int]) -> None:
        """Lets one operator of a channel act on each run, in place."""
        runs = states.shape[-1]
        if cirq.has_mixture(operation):
            chances, operators = zip(*cirq.mixture(operation), strict=True)
            which = self._rng.choice(len(chances), runs, p=np.divide(chances, sum(chances)))
        else:
            operators = cirq.kraus(operation)
            norms = np.array([_norms(_apply(states, each, at)) for each in operators])
            reached = norms.cumsum(axis=0) < self._rng.random(runs) * norms.sum(axis=0)
            which = reached.sum(axis=0)
        for k in np.unique(which):
            if not np.array_equal(operators[k], np.eye(len(operators[k]))):
                chosen = _apply(states[..., which == k], operators[k], at)
                states[..., which == k] = chosen / np.sqrt(_norms(chosen))

    def _measure(self, states: States, runs: int) -> BoolArray:
        """One mask of each run, from states (2^n, runs) or (2^n, 1)."""
        cumulative = probabilities(states).cumsum(axis=0)
        draws = self._rng.random(runs)
        if states.shape[1] == 1:
            found = np.searchsorted(cumulative[:, 0], draws * cumulative[-1, 0], side="right")
        else:
            found = (cumulative <= draws * cumulative[-1]).sum(axis=0)
        return masks_from_indices(found, len(states).bit_length() - 1)


def _apply(states: States, matrix: npt.NDArray[Any], at: Sequence[int]) -> States:
    """A matrix (2^k, 2^k) on k qubits of each state."""
    front = range(len(at))
    of_qubits = np.moveaxis(states, at, front)
    after = matrix.astype(np.complex64) @ of_qubits.reshape(len(matrix), -1)
    return np.moveaxis(after.reshape(of_qubits.shape), front, at)


def _norms(states: States) -> FloatArray:
    """<psi|psi> of each run."""
    return probabilities(states).reshape(-1, states.shape[-1]).sum(axis=0)
