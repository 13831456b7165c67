"""Circuits in gates on one and two qubits, as a machine has them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import cirq
import numpy as np

from labkit.arrays import FloatArray
from labkit.limits import TooLargeError, check_memory, memory_limit, show_value
from labkit.masks import place_values

#: Qubits up to which a many-controlled phase is made as a diagonal, by 2^n - 2 CNOTs.
DIAGONAL_UP_TO = 7
#: A matrix, and the gates of one entry of it.
_BYTES_PER_ENTRY = 1000
_DIAGONAL = (cirq.ZPowGate, cirq.CZPowGate, cirq.CCZPowGate, cirq.ThreeQubitDiagonalGate)


def check_resolved(circuit: cirq.AbstractCircuit) -> None:
    """Refuses a circuit whose symbols have no value: it has no state, and no chances."""
    if names := sorted(cirq.parameter_names(circuit)):
        symbols = f"symbol{'s' * (len(names) > 1)} {', '.join(names)}"
        raise ValueError(f"circuit has the {symbols} without a value (cirq.resolve_parameters)")


class ThreeQubitDiagonal(cirq.ThreeQubitDiagonalGate):
    """diag(exp(i angles)), angles (8,), which qsim runs natively; 6 CNOTs on a machine.

    Cirq's own decomposition of this gate exchanges qubits that are not neighbours on a line, and
    not their angles (seen in 1.5 and 1.7), so that it makes another gate.
    """

    def _decompose_(self, qubits: Any) -> list[cirq.Operation]:
        return [cirq.DiagonalGate([*self._diag_angles_radians]).on(*qubits)]

    def __pow__(self, exponent: Any) -> ThreeQubitDiagonal:
        return ThreeQubitDiagonal([angle * exponent for angle in self._diag_angles_radians])

    def __repr__(self) -> str:
        angles = [*map(float, self._diag_angles_radians)]
        return f"{type(self).__module__}.ThreeQubitDiagonal({angles})"

    @classmethod
    def _json_namespace_(cls) -> str:
        """Its name in files that `cirq.to_json` writes begins with this."""
        return "labkit"


@lru_cache(maxsize=16)
def diagonal_steps(n_qubits: int) -> tuple[tuple[tuple[int, ...], int], ...]:
    """How `cirq.DiagonalGate` decomposes, whatever its angles: rotations about Z, and CNOTs.

    Each is told as the places of its qubits among the gate's, and the set S of bits whose parity
    its last qubit holds, as a mask index; a rotation's angle is -2 h_S, with h the Walsh-Hadamard
    transform of the gate's angles, over 2^n.

    Reference: Welch, Greenbaum, Mostame and Aspuru-Guzik 2014, New J. Phys. 16, 033040.
    """
    qubits = cirq.LineQubit.range(n_qubits)
    place: dict[cirq.Qid, int] = {qubit: j for j, qubit in enumerate(qubits)}
    parities = place_values(n_qubits).tolist()
    steps = []
    for operation in parts_of(cirq.DiagonalGate([0.0] * 2**n_qubits).on(*qubits)):
        places = tuple(place[qubit] for qubit in operation.qubits)
        if len(places) == 2:
            parities[places[1]] ^= parities[places[0]]
        steps.append((places, parities[places[-1]]))
    return tuple(steps)


def diagonal_angles(operation: cirq.Operation) -> FloatArray | None:
    """The angles (2^k,) of a diagonal on k >= 3 qubits, radians; None of anything else."""
    gate = operation.gate
    if not isinstance(gate, cirq.DiagonalGate | cirq.ThreeQubitDiagonalGate):
        return None
    if len(operation.qubits) < 3 or cirq.is_parameterized(gate):
        return None
    return np.array(gate.diag_angles_radians, dtype=np.float64)


def small_operations(circuit: cirq.AbstractCircuit) -> Iterator[cirq.Operation]:
    """The same circuit in operations on one or two qubits, and measurements; phases of all go.

    Z^t with controls becomes a diagonal up to `DIAGONAL_UP_TO` qubits; all else is decomposed by
    `cirq.decompose`, without ancillas, and what that cannot by `shannon_parts` of its matrix.

    Raises:
        ValueError: Cirq cannot decompose one of its operations, maybe for a symbol without a value.
    """
    for operation in circuit.all_operations():
        yield from parts_of(operation)


def parts_of(operation: cirq.Operation) -> list[cirq.Operation]:
    """One operation in operations on one or two qubits, those on none left out."""
    if operation.qubits and _is_small(operation):
        return [operation]
    try:
        parts = _decompose(operation)
    except TooLargeError:
        raise
    except ValueError as error:
        check_resolved(cirq.Circuit(operation))
        given = show_value(operation)
        raise ValueError(f"circuit holds {given}, which Cirq cannot decompose") from error
    return [part for part in parts if part.qubits]


def _by_matrix(operation: cirq.Operation) -> Any:
    """Any gate with a matrix, such as a `cirq.MatrixGate` on four qubits and more."""
    if len(operation.qubits) < 3 or not cirq.has_unitary(operation):
        return NotImplemented
    n, largest = len(operation.qubits), int(math.log(memory_limit() / _BYTES_PER_ENTRY, 4))
    nbytes = 4**n * _BYTES_PER_ENTRY
    check_memory("n_qubits", n, nbytes=nbytes, largest=largest, what="the gates of a matrix")
    line: list[cirq.Qid] = [*cirq.LineQubit.range(n)]
    places = dict(zip(line, operation.qubits, strict=True))
    matrix = np.ascontiguousarray(cirq.unitary(operation), dtype=np.complex128)
    return [part.transform_qubits(places) for part in shannon_parts(matrix.tobytes(), n)]


@lru_cache(maxsize=16)
def shannon_parts(matrix: bytes, n_qubits: int) -> tuple[cirq.Operation, ...]:
    """A unitary (2^n, 2^n), complex128, in gates on one or two qubits of a line.

    About (23/48) 4^n two-qubit gates, fewer where blocks are equal; each qubit more takes four
    times as long, from a second at 6 qubits.

    Reference: Shende, Bullock and Markov 2006, IEEE Trans. CAD 25, 1000 (quantum Shannon
    decomposition).
    """
    u = np.frombuffer(matrix, dtype=np.complex128).reshape(2**n_qubits, 2**n_qubits)
    parts = cirq.quantum_shannon_decomposition([*cirq.LineQubit.range(n_qubits)], u)
    return tuple(part for part in parts if part.qubits)


def _decompose(operation: cirq.Operation) -> list[cirq.Operation]:
    with warnings.catch_warnings():  # of what Cirq itself calls, thousands
        warnings.simplefilter("ignore", FutureWarning)
        return cirq.decompose(
            operation,
            keep=_is_small,
            intercepting_decomposer=_phases_as_diagonal,
            fallback_decomposer=_by_matrix,
        )


def _is_small(operation: cirq.Operation) -> bool:
    if isinstance(operation.untagged, cirq.CircuitOperation):
        return False
    return len(operation.qubits) <= 2 or cirq.is_measurement(operation)


def _phases_as_diagonal(operation: cirq.Operation) -> Any:
    """Powers of Z and Cirq's diagonal on three qubits, with any number of controls."""
    inner = operation.untagged
    if cirq.is_parameterized(inner) or not 3 <= len(inner.qubits) <= DIAGONAL_UP_TO:
        return NotImplemented
    gate = inner.gate
    while isinstance(gate, cirq.ControlledGate):
        gate = gate.sub_gate
    if not isinstance(gate, _DIAGONAL):
        return NotImplemented
    angles = np.angle(np.diag(cirq.unitary(inner)))
    return cirq.DiagonalGate(angles.tolist()).on(*inner.qubits)
