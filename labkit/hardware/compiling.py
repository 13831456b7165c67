"""A circuit as a machine takes it: on its qubits, along its couplings, in its gates."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import networkx as nx

from labkit.circuits.decompositions import check_resolved, small_operations
from labkit.circuits.reports import circuit_report
from labkit.hardware.devices import check_device, quiet, target_gateset
from labkit.limits import TooLargeError, show_value

#: Two-qubit gates of a circuit, at most: with so many, compiling takes about a minute.
MAX_GATES = 1500
_MOST_TRIES = 20_000  # of placing a qubit, until the router has to find the way

Placement = Mapping[cirq.Qid, cirq.Qid]


@dataclass(frozen=True, eq=False)
class CompiledCircuit:
    """A circuit in the gates of a machine.

    Attributes:
        circuit: on the machine's qubits, without measurements.
        qubits: those of the circuit that was compiled, sorted.
        places: where each of them is at the end.
        n_swaps: exchanges that the router put in.
    """

    circuit: cirq.Circuit
    qubits: tuple[cirq.Qid, ...]
    places: tuple[cirq.Qid, ...]
    n_swaps: int


def compile_circuit(circuit: cirq.AbstractCircuit, device: cirq.Device | str) -> CompiledCircuit:
    """Decomposes, places, routes and translates a circuit.

    Where the pairs that interact are found among the machine's couplings, as a ring of neurons on
    a cycle of a grid, no qubit is moved, and a circuit on the machine's own coupled qubits stays
    where it is; else Cirq's router moves them by exchanges.

    What cancels is left out: of gates that were folded (`fold_gates`) nothing remains.

    Args:
        circuit: without measurements.
        device: a `cirq.Device` with a layout, or a name of `DEVICE_NAMES`.

    Raises:
        ValueError: the circuit measures, has a symbol without a value, more qubits than the
            machine, or an operation that does not decompose into the machine's gates.
        TooLargeError: it has more than `MAX_GATES` two-qubit gates.

    Reference: Cowtan et al. 2019, arXiv 1902.08091 (routing).
    """
    device = check_device(device)
    small, qubits = _check_circuit(circuit), tuple(sorted(circuit.all_qubits()))
    assert device.metadata is not None
    graph = device.metadata.nx_graph.to_undirected()
    if len(qubits) > len(graph):
        raise ValueError(f"circuit has {len(qubits)} qubits (limit: the {len(graph)} of device)")
    with quiet():
        routed, places, n_swaps = _route(small, qubits, graph)
        translated = cirq.optimize_for_target_gateset(
            routed, gateset=target_gateset(device), ignore_failures=False
        )
    native = cirq.Circuit(op for op in translated.all_operations() if op.qubits)
    device.validate_circuit(native)
    return CompiledCircuit(native, qubits, tuple(places[q] for q in qubits), n_swaps)


def _check_circuit(circuit: cirq.AbstractCircuit) -> cirq.Circuit:
    """In operations on one and two qubits, if it is not too large."""
    if not isinstance(circuit, cirq.AbstractCircuit):
        raise TypeError(f"circuit={show_value(circuit)} is not a cirq.Circuit")
    if circuit.has_measurements():
        raise ValueError("circuit measures qubits; all are read at its end")
    if not circuit.all_qubits():
        raise ValueError("circuit has no qubit (limit: 1 or more)")
    check_resolved(circuit)
    operations: list[cirq.Operation] = []
    pairs = 0
    for operation in small_operations(circuit):
        operations.append(operation)
        pairs += len(operation.qubits) == 2
        if pairs > MAX_GATES:
            gates = circuit_report(circuit).two_qubit_gates
            what = f"circuit has {gates:,} two-qubit gates, over a minute of compiling"
            raise TooLargeError(f"{what} (limit: {MAX_GATES:,})")
    return cirq.Circuit(operations)


def _route(
    circuit: cirq.Circuit, qubits: Sequence[cirq.Qid], graph: nx.Graph
) -> tuple[cirq.AbstractCircuit, dict[cirq.Qid, cirq.Qid], int]:
    """The circuit along couplings, where each qubit is at its end, and the exchanges it took."""
    placement = place(circuit, qubits, graph)
    if placement is not None:
        return circuit.transform_qubits(placement.__getitem__), dict(placement), 0
    largest = max(nx.connected_components(graph), key=len)
    if len(qubits) > len(largest):
        what = f"circuit has {len(qubits)} qubits that interact"
        raise ValueError(f"{what} (limit: the {len(largest)} of device that are connected)")
    router = cirq.RouteCQC(graph.subgraph(largest))
    routed, first, moved = router.route_circuit(circuit, tag_inserted_swaps=True)
    swaps = sum(cirq.RoutingSwapTag() in op.tags for op in routed.all_operations())
    return routed, {qubit: moved[first[qubit]] for qubit in qubits}, swaps


def place(circuit: cirq.Circuit, qubits: Sequence[cirq.Qid], graph: nx.Graph) -> Placement | None:
    """Qubits of a machine on which all pairs of a circuit are coupled; None if none was found."""
    if _stands(circuit, qubits, graph):
        return {qubit: qubit for qubit in qubits}
    pairs = nx.Graph(tuple(op.qubits) for op in circuit.all_operations() if len(op.qubits) == 2)
    most = max((degree for _, degree in graph.degree), default=0)
    if any(degree > most for _, degree in pairs.degree):
        return None
    found = _Matcher(graph, pairs).first()
    if found is None:
        return None
    free = (qubit for qubit in sorted(graph) if qubit not in found.values())
    return {**found, **dict(zip((q for q in qubits if q not in found), free, strict=False))}


def _stands(circuit: cirq.Circuit, qubits: Sequence[cirq.Qid], graph: nx.Graph) -> bool:
    """Whether a circuit is on a machine's qubits already, and all of its pairs are coupled."""
    pairs = (op.qubits for op in circuit.all_operations() if len(op.qubits) == 2)
    return all(q in graph for q in qubits) and all(graph.has_edge(*pair) for pair in pairs)


class _Matcher(nx.algorithms.isomorphism.GraphMatcher):  # type: ignore[misc]
    """Finds one graph within another, and gives up after some tries."""

    def first(self) -> dict[Any, Any] | None:
        """The first match, from the small graph's nodes to the large one's."""
        self._tries = itertools.count()
        try:
            match = next(self.subgraph_monomorphisms_iter(), None)
        except _GivenUp:
            return None
        return match and {small: large for large, small in match.items()}

    def semantic_feasibility(self, large: Any, small: Any) -> bool:
        """Called for each place that is tried."""
        if next(self._tries) > _MOST_TRIES:
            raise _GivenUp
        return True


class _GivenUp(Exception):
    """No place was found within the tries that are allowed."""
