"""Circuits on a machine that errs, exactly: density matrices in the Pauli basis."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs.spectrum import walsh_hadamard
from labkit.limits import TooLargeError, check_register, check_share, show_value
from labkit.platforms import can_compile
from labkit.simulators.readout import check_readings, misread

if TYPE_CHECKING:
    import cirq

#: Qubits of a density matrix, at most: 4^12 numbers are 128 MB, a gate some tenths of a second.
MAX_QUBITS = 12
#: Numbers that all two-qubit gates of a circuit change, 4^n each: about a minute.
MOST_CHANGED = 10**10
_FEWEST = 9  # qubits that are reckoned with, for what each gate itself takes
_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_TWO = np.einsum("iab,jcd->ijacbd", _PAULIS, _PAULIS)
#: Of k qubits, the Pauli products (4^k, 4^k) as rows, of norm 1.
_BASIS = {1: _PAULIS.reshape(4, 4) / 2**0.5, 2: _TWO.reshape(16, 16) / 2}
_IDLE, _IDENTITY_WITHIN = np.eye(4), 1e-12
_FLIPS = np.kron(*[np.eye(4)[[0, 1, 3, 2]]] * 2)  # CNOT on rho by rows
_CNOT = (_BASIS[2].conj() @ _FLIPS @ _BASIS[2].T).real


def noisy_probabilities(
    circuit: cirq.AbstractCircuit,
    *,
    two_qubit_error: float,
    one_qubit_error: float = 0.0,
    readout_error: Any = None,
) -> FloatArray:
    """The chances of all masks at the end of a circuit whose gates err, without sampling.

    After each unitary operation on two qubits, with probability e, one of the 15 products of Pauli
    operators other than the identity acts on them, each as likely: rho -> (1 - l) rho +
    l Tr_ab(rho) I/4, l = 16 e/15 (depolarising). Likewise with the three on one qubit after each
    operation on one, l = 4 e/3, but for identities. Operations on more are decomposed first, so
    that a ZZ rotation counts once. Channels that the circuit holds act as they are.

    Args:
        circuit: a `cirq.Circuit` without measurements, of at most `MAX_QUBITS` qubits.
        two_qubit_error: e after each operation on two qubits, 0..1.
        one_qubit_error: e after each operation on one.
        readout_error: P(read 1 | it is 0) and P(read 0 | it is 1), each a number or one for each
            qubit; or one number for both; None if all are read right.

    Returns:
        float64 (2^n,) by mask index, in the order of the sorted qubits.

    Raises:
        ValueError: the circuit measures a qubit, holds what Cirq cannot decompose, or a symbol
            without a value.
        TooLargeError: the density matrix does not fit in memory, or the gates not in a minute.

    Reference: Nielsen and Chuang 2010, section 8.3.4 (depolarising channel).
    """
    kept_share("two_qubit_error", two_qubit_error, n_qubits=2)
    run = NoisyCircuit.of(circuit, one_qubit_error=one_qubit_error)
    read = None if readout_error is None else check_readings(readout_error, run.n_qubits)
    found = run.probabilities(two_qubit_error)
    return found if read is None else misread(found, *read)


@dataclass(frozen=True, eq=False)
class NoisyCircuit:
    """A circuit as Pauli transfer matrices of pairs of qubits, to be run at any error rate.

    R_ij = Tr(P_i E(P_j)) / 4 of a channel E. What acts on one qubit alone is multiplied into the
    next matrix on it.

    Attributes:
        n_qubits: n.
        pairs: (s, 2) places among the qubits, ascending.
        matrices: (s, 16, 16).
        errs: bool (s,), whether an error may follow.
    """

    n_qubits: int
    pairs: IntArray
    matrices: FloatArray
    errs: BoolArray

    @classmethod
    def of(cls, circuit: cirq.AbstractCircuit, *, one_qubit_error: float = 0.0) -> NoisyCircuit:
        """From a circuit without measurements."""
        from labkit.circuits.reports import circuit_report

        kept = kept_share("one_qubit_error", one_qubit_error, n_qubits=1)
        qubits = _check_circuit(circuit)
        gathered = _Pairs(len(qubits), kept)
        place = {qubit: j for j, qubit in enumerate(qubits)}
        limit = MOST_CHANGED // 4 ** max(len(qubits), _FEWEST)
        for operation in circuit.all_operations():
            gathered.append(place, operation)
            if len(gathered.places) > limit:
                gates = circuit_report(circuit).two_qubit_gates
                what = f"circuit has {gates:,} two-qubit gates on {len(qubits)} qubits"
                raise TooLargeError(f"{what}, over a minute (limit: {limit:,})")
        return gathered.finish()

    def probabilities(self, two_qubit_error: float) -> FloatArray:
        """Of all masks (2^n,), with an error of this probability after each two-qubit gate."""
        kept_share("two_qubit_error", two_qubit_error, n_qubits=2)
        n = self._width
        of_z = np.ix_(*[(0, 3)] * n)
        v = np.zeros((4,) * n)
        v[of_z] = 1.0  # of |0...0>, every product of I and Z
        self.apply(v.reshape(-1), two_qubit_error)
        chances = walsh_hadamard(v[of_z].ravel(), overwrite=True) / 2**n
        return np.maximum(chances.reshape(2**self.n_qubits, -1).sum(axis=1), 0.0)

    def apply(self, v: FloatArray, two_qubit_error: float) -> None:
        """To Tr(P rho) of all Pauli products P, (4^n,), in place."""
        share = kept_share("two_qubit_error", two_qubit_error, n_qubits=2)
        kept = np.where(self.errs, share, 1.0)
        if not can_compile():
            self._apply_arrays(v, kept)
            return
        from labkit.simulators.engine.transfer import apply_all

        apply_all(v, *self._sparse, kept)

    def _apply_arrays(self, v: FloatArray, kept: FloatArray) -> None:
        """As the compiled loop, `kept` (s,) being the factors of what is not the identity."""
        for (a, b), matrix, factor in zip(self.pairs, self.matrices, kept, strict=True):
            of_pair = np.moveaxis(v.reshape((4,) * self._width), (a, b), (0, 1))
            after = matrix @ of_pair.reshape(16, -1)
            after[1:] *= factor
            of_pair[:] = after.reshape(of_pair.shape)

    @property
    def _width(self) -> int:
        """Qubits that are run: a matrix is on two."""
        return max(self.n_qubits, 2)

    @cached_property
    def _sparse(self) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
        """For the compiled loop: the pairs' bits, and the entries of matrices that are not 0."""
        flat = self.matrices.ravel()
        places = np.flatnonzero(~(np.abs(flat) <= 1e-15))  # NaN is kept
        starts = np.searchsorted(places, 256 * np.arange(len(self.matrices) + 1))
        return 2 * (self._width - 1 - self.pairs), starts, places % 256, flat[places]


@dataclass
class _Pairs:
    """Gathers operations; those on one qubit wait for the next pair with theirs."""

    n_qubits: int
    kept: float
    places: list[list[int]] = field(default_factory=list)
    matrices: list[FloatArray] = field(default_factory=list)
    before: list[list[FloatArray]] = field(default_factory=list)
    errs: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = [_IDLE] * max(self.n_qubits, 2)
        self._known: dict[Any, tuple[FloatArray, bool]] = {}

    def append(self, place: Mapping[cirq.Qid, int], operation: cirq.Operation) -> None:
        """Adds an operation; one on more than two qubits in parts."""
        from labkit.circuits.decompositions import diagonal_angles, parts_of

        angles = diagonal_angles(operation)
        if angles is not None:
            self._append_diagonal([place[qubit] for qubit in operation.qubits], angles)
            return
        for part in parts_of(operation):
            matrix, is_gate = self._transfer_matrix(part)
            self._append_small([place[qubit] for qubit in part.qubits], matrix, errs=is_gate)

    def finish(self) -> NoisyCircuit:
        """What still waits acts at the end."""
        last = len(self._waiting) - 2
        for first in range(0, last + 2, 2):
            a = min(first, last)
            self._append_small([a, a + 1], np.eye(16), errs=False)
        a, b = np.moveaxis(np.array(self.before), 1, 0)
        pairs = np.einsum("sij,skl->sikjl", a, b).reshape(-1, 16, 16)
        arrays = np.array(self.places), np.array(self.matrices) @ pairs, np.array(self.errs)
        return NoisyCircuit(self.n_qubits, *arrays)

    def _append_diagonal(self, places: list[int], angles: FloatArray) -> None:
        """What its parts would add, without making them: its rotations all at once."""
        from labkit.circuits.decompositions import diagonal_steps

        rotations = _z_rotations(-2 * walsh_hadamard(angles) / len(angles))
        are_gates = ~(np.abs(rotations - _IDLE).max(axis=(1, 2)) < _IDENTITY_WITHIN)  # NaN is one
        for at, parity in diagonal_steps(len(places)):
            is_pair = len(at) == 2
            matrix = _CNOT if is_pair else rotations[parity]
            self._append_small([places[j] for j in at], matrix, errs=is_pair or are_gates[parity])

    def _append_small(self, places: list[int], matrix: FloatArray, *, errs: bool) -> None:
        if len(places) == 1:
            kept = self.kept if errs else 1.0
            (a,) = places
            self._waiting[a] = np.array([[1.0], [kept], [kept], [kept]]) * matrix @ self._waiting[a]
            return
        if places[0] > places[1]:
            places = places[::-1]
            matrix = matrix.reshape(4, 4, 4, 4).transpose(1, 0, 3, 2).reshape(16, 16)
        a, b = places
        self.places.append(places)
        self.matrices.append(matrix)
        self.before.append([self._waiting[a], self._waiting[b]])
        self.errs.append(errs)
        self._waiting[a], self._waiting[b] = _IDLE, _IDLE

    def _transfer_matrix(self, operation: cirq.Operation) -> tuple[FloatArray, bool]:
        """R (4^k, 4^k), and whether it is a gate, which can err."""
        gate = operation.gate
        if gate is None or not isinstance(gate, Hashable):
            return transfer_matrix(operation)
        if gate not in self._known:
            self._known[gate] = transfer_matrix(operation)
        return self._known[gate]


def transfer_matrix(operation: cirq.Operation) -> tuple[FloatArray, bool]:
    """R_ij = Tr(P_i E(P_j)) / 2^k, (4^k, 4^k), and whether E is a gate, which can err.

    A gate is unitary, and on one qubit not the identity.
    """
    import cirq

    k = len(operation.qubits)
    if not cirq.has_kraus(operation) or cirq.is_measurement(operation):
        raise ValueError(f"circuit holds {show_value(operation)}, which is no gate or channel")
    kraus = cirq.kraus(operation)
    superoperator = sum(_kron(each, each.conj()) for each in kraus)  # on rho by rows
    matrix = (_BASIS[k].conj() @ superoperator @ _BASIS[k].T).real
    is_idle = k == 1 and np.abs(matrix - _IDLE).max() < _IDENTITY_WITHIN
    return matrix, cirq.has_unitary(operation) and not is_idle


def _z_rotations(angles: FloatArray) -> FloatArray:
    """R of exp(-i a Z/2) for each angle a, radians: (len(angles), 4, 4)."""
    matrices = np.tile(_IDLE, (len(angles), 1, 1))
    matrices[:, 1, 1] = matrices[:, 2, 2] = np.cos(angles)
    matrices[:, 2, 1] = np.sin(angles)
    matrices[:, 1, 2] = -matrices[:, 2, 1]
    return matrices


def _kron(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """As `np.kron` of two matrices, five times as fast."""
    product = a[:, np.newaxis, :, np.newaxis] * b[:, np.newaxis, :]
    return product.reshape(len(a) * len(b), -1)


def _check_circuit(circuit: cirq.AbstractCircuit) -> list[cirq.Qid]:
    """Its qubits, sorted, if their density matrix fits."""
    from labkit.circuits.decompositions import check_resolved

    if not hasattr(circuit, "all_qubits"):
        raise TypeError(f"circuit={show_value(circuit)} is not a cirq.Circuit")
    if circuit.has_measurements():
        raise ValueError("circuit measures qubits; all are read at its end")
    check_resolved(circuit)
    qubits = sorted(circuit.all_qubits())
    if not qubits:
        raise ValueError("circuit has no qubit (limit: 1 or more)")
    n = len(qubits)
    if n > MAX_QUBITS:
        what = f"circuit has {n} qubits; of a density matrix there are at most"
        raise TooLargeError(f"{what} {MAX_QUBITS}")
    check_register("n_qubits", n, bytes_per_mask=_bytes_per_mask, what="the density matrix")
    return qubits


def _bytes_per_mask(n: int) -> int:
    return (20 if can_compile() else 28) * int(2**n)


def kept_share(argument: str, error: float, *, n_qubits: int) -> float:
    """1 - 4^k e / (4^k - 1), the factor of what is not the identity, after depolarising."""
    return 1 - 4**n_qubits * check_share(argument, error) / (4**n_qubits - 1)
