"""Circuits whose counts tell the output of a kernel machine, its sign included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cirq
import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.circuits.linear_systems import LinearSystemCircuit, hhl_circuit
from labkit.circuits.state_preparation import real_state
from labkit.limits import check_array, check_positive, repr_line
from labkit.linear_systems import LinearSystem, read_system


def overlap_circuit(
    qubits: Sequence[cirq.Qid], vector: npt.ArrayLike, row: npt.ArrayLike
) -> cirq.Circuit:
    """(|0>|v> + |1>|k>)/sqrt(2), and a Hadamard on the first qubit: P(0) - P(1) = k.v/(|k| |v|).

    One shot is an outcome +-1 whose mean is the overlap: the same qubit tells size and sign.

    Args:
        qubits: 1 + d, the first of them tells the two vectors apart.
        vector: v (2^d,), not 0.
        row: k (2^d,), not 0.
    """
    halves = [_of_norm_one("vector", vector), _of_norm_one("row", row)]
    return real_state(qubits, np.concatenate(halves)) + cirq.H(qubits[0])


@dataclass(frozen=True, eq=False, repr=False)
class ReadoutCircuit:
    """HHL with a test sample's kernels as a known half: counts tell f = k.v, v the solution.

    Attributes:
        circuit: without measurements.
        system: its registers; the first data qubit tells solution (0) and row (1) apart until the
            last Hadamard.
        unit: f where all runs are kept and read 0 there.
    """

    circuit: cirq.FrozenCircuit
    system: LinearSystemCircuit
    unit: float

    def __repr__(self) -> str:
        return repr_line(self, n_qubits=len(self.system.qubits), unit=self.unit)

    def outcomes(self, masks: BoolArray) -> FloatArray:
        """Of each run (shots,): 0 where it is not kept, else +1 or -1 by the first data qubit.

        Args:
            masks: bool (shots, qubits), measured in the order clock, data, flag; kept are those
                of flag 1 and clock 0.
        """
        n_clock = len(self.system.clock)
        kept = masks[:, -1] & ~masks[:, :n_clock].any(axis=1)
        return kept * (1.0 - 2.0 * masks[:, n_clock])

    def output(self, masks: BoolArray) -> float:
        """f = unit times the mean outcome, from measured masks alone."""
        return self.unit * float(self.outcomes(masks).mean())


def readout_circuit(
    matrix: npt.ArrayLike,
    y: npt.ArrayLike,
    row: npt.ArrayLike,
    *,
    clock_qubits: int,
    length: float = 1.0,
) -> ReadoutCircuit:
    """Solves A v = y beside lambda_0 r = rho k, and mixes the two: P(0) - P(1) ~ v.r ~ k.v.

    lambda_0 is the least value of the clock that is not below C, the smallest eigenvalue of A, so
    that the flag keeps nearly all of r; and rho = `length` lambda_0, so that r is as long as the
    solution of y/|y| is thought to be: then P(0) - P(1) of the runs kept is the overlap. Of all
    runs it is 2 C^2 (v.r) over the squared norm of the right side, from which f = k.v follows.

    Args:
        matrix: A (n, n), symmetric, eigenvalues above 0, such as a kernel as a pattern keeps it;
            n a power of two up to 16.
        y: targets (n,).
        row: k (n,), kernels of the test sample with the training samples.
        clock_qubits: of phase estimation.
        length: |v|/|y| as far as it is known, as from the runs that HHL keeps; any value above 0
            leaves f what it is, at more shots.

    Raises:
        ValueError: as of `hhl_circuit`.
    """
    targets, kernels = check_array("y", y), check_array("row", row)
    settings = read_system(matrix, targets, clock_qubits=clock_qubits)
    known = _least_held(settings)
    rho = check_positive("length", length) * known
    right = np.concatenate([settings.vector, rho * _of_norm_one("row", kernels)])
    n = len(targets)
    both = np.block([[settings.matrix, np.zeros((n, n))], [np.zeros((n, n)), known * np.eye(n)]])
    time, constant = settings.time, settings.constant
    system = hhl_circuit(both, right, clock_qubits=clock_qubits, time=time, constant=constant)
    mixed = cirq.Circuit(system.circuit, cirq.H(system.data[0]))
    of_f = np.linalg.norm(targets) * np.linalg.norm(kernels)
    unit = of_f * (right @ right) * known / (2 * constant**2 * rho)
    return ReadoutCircuit(mixed.freeze(), system, float(unit))


def _least_held(settings: LinearSystem) -> float:
    """The least value that the clock holds and that is C or more."""
    held = settings.clock_eigenvalues
    return float(held[held >= settings.constant * (1 - 1e-9)].min())


def _of_norm_one(argument: str, vector: npt.ArrayLike) -> FloatArray:
    values = check_array(argument, vector)
    if values.ndim != 1 or not (norm := float(np.linalg.norm(values))) > 0:
        raise ValueError(f"{argument} has shape {values.shape} or is 0 (limit: (n,), a norm > 0)")
    return values / norm
