"""What a circuit asks of a machine: qubits, layers, two-qubit gates, and how wide they reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cirq

from labkit.circuits.decompositions import diagonal_angles, diagonal_steps, parts_of
from labkit.limits import show_value


@dataclass(frozen=True)
class CircuitReport:
    """The size of a circuit.

    Attributes:
        n_qubits: qubits that the circuit acts on.
        depth: layers of one- and two-qubit gates, each gate in the first layer in which its
            qubits are free.
        two_qubit_gates: gates on two qubits.
        widest_interaction: the most qubits that one operation acts on, as the circuit is written:
            the k of a k-local circuit.
    """

    n_qubits: int
    depth: int
    two_qubit_gates: int
    widest_interaction: int

    def __str__(self) -> str:
        """One line of words."""
        return (
            f"{self.n_qubits} qubits, depth {self.depth}, {self.two_qubit_gates} two-qubit gates, "
            f"widest interaction on {self.widest_interaction} qubits"
        )


def circuit_report(circuit: cirq.AbstractCircuit) -> CircuitReport:
    """Counts what a circuit is made of, once every operation is on one or two qubits.

    Any gate on two qubits counts as one. An operation on more is decomposed without ancillas, see
    `labkit.circuits.decompositions`: not always the shortest way that is known, but the same way
    wherever the gate stands. A subcircuit counts as what is in it; measurements, identities and
    global phases do not count.

    A `cirq.MatrixGate` on k qubits takes about (23/48) 4^k two-qubit gates, fewer where its blocks
    are equal, and a time in proportion: a second at 6 qubits, and once only for each matrix of the
    last few.

    A `cirq.DiagonalGate` on k qubits takes 2^k - 2 two-qubit gates, and time in proportion here; so
    does a phase with controls up to 7 qubits, on more of the order of 16 k^2.

    Args:
        circuit: of operations on one or two qubits, or that Cirq can decompose into such.

    A symbol without a value counts as any angle, where a gate on more than two qubits need not know
    it to be decomposed.

    Raises:
        ValueError: Cirq cannot decompose one of its operations, maybe for such a symbol.
    """
    if not isinstance(circuit, cirq.AbstractCircuit):
        raise TypeError(f"circuit={show_value(circuit)} is not a cirq.Circuit")
    operations = [operation for operation in _flatten(circuit) if _counts(operation)]
    known: dict[cirq.Gate, list[tuple[int, ...]]] = {}
    layers: dict[cirq.Qid, int] = {}
    two_qubit_gates = 0
    for operation in operations:
        for qubits in _small_gates(operation, known):
            layer = 1 + max(layers.get(qubit, 0) for qubit in qubits)
            layers.update(dict.fromkeys(qubits, layer))
            two_qubit_gates += len(qubits) == 2
    return CircuitReport(
        n_qubits=len(circuit.all_qubits()),
        depth=max(layers.values(), default=0),
        two_qubit_gates=two_qubit_gates,
        widest_interaction=max((len(operation.qubits) for operation in operations), default=0),
    )


def _flatten(circuit: cirq.AbstractCircuit) -> Iterator[cirq.Operation]:
    """The operations of a circuit, those of its subcircuits included."""
    for operation in circuit.all_operations():
        if isinstance(operation.untagged, cirq.CircuitOperation):
            yield from _flatten(operation.untagged.mapped_circuit())
        else:
            yield operation


def _counts(operation: cirq.Operation) -> bool:
    is_identity = isinstance(operation.gate, cirq.IdentityGate)
    return bool(operation.qubits) and not is_identity and not cirq.is_measurement(operation)


def _small_gates(
    operation: cirq.Operation, known: dict[cirq.Gate, list[tuple[int, ...]]]
) -> Iterator[tuple[cirq.Qid, ...]]:
    """The qubits of the one- and two-qubit gates that make up an operation, in order.

    How a gate decomposes, as places among its qubits, is kept in `known`.
    """
    gate, qubits = operation.gate, operation.qubits
    if len(qubits) <= 2:
        yield qubits
    elif diagonal_angles(operation) is not None:
        for places, _ in diagonal_steps(len(qubits)):
            yield tuple(qubits[place] for place in places)
    elif gate is None:
        yield from (part.qubits for part in parts_of(operation) if _counts(part))
    else:
        if gate not in known:
            line = cirq.LineQubit.range(len(qubits))
            place_of: dict[cirq.Qid, int] = {qubit: place for place, qubit in enumerate(line)}
            parts = [part for part in parts_of(gate.on(*line)) if _counts(part)]
            known[gate] = [tuple(place_of[qubit] for qubit in part.qubits) for part in parts]
        yield from (tuple(qubits[place] for place in places) for places in known[gate])
