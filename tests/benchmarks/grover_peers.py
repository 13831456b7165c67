"""Grover's search for one marked mask on gates, each circuit built beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.measuring import Call, Contestant
from labkit.amplification import optimal_iterations
from labkit.masks import BoolArray, masks_from_indices
from labkit.simulators import evolve_grover, final_state


@dataclass(frozen=True)
class Search:
    """Grover's search for one mask.

    Attributes:
        n: number of neurons.
        marked: mask index.
    """

    n: int
    marked: int

    @property
    def iterations(self) -> int:
        """Those that leave the largest chance of success."""
        return int(optimal_iterations(self.n, 1))

    @property
    def neuron_mask(self) -> BoolArray:
        """The marked mask."""
        mask: BoolArray = masks_from_indices(np.array(self.marked), self.n)
        return mask


def enter_ours(search: Search) -> Contestant:
    """labkit's evolution of amplitudes."""
    marked = np.arange(2**search.n) == search.marked
    return Contestant("labkit", "table", lambda: evolve_grover(marked, search.iterations))


def enter_peers(search: Search) -> list[Contestant]:
    """The engines that finish within seconds.

    Raises:
        ImportError: one is not installed.
    """
    circuit = _cirq_circuit(search)
    peers = [Contestant("qsimcirq", "gates", lambda: final_state(circuit))]
    peers.append(Contestant("Aer", "gates", _aer(search)))
    if search.n <= 12:
        peers.append(Contestant("cirq.Simulator", "gates", _cirq_simulator(circuit)))
        peers.append(Contestant("lightning.qubit", "gates", _lightning(search)))
    return peers


def _cirq_circuit(search: Search) -> Any:
    import cirq

    from labkit.circuits.grover import grover_circuit
    from labkit.circuits.oracles import build_table_oracle

    qubits = cirq.LineQubit.range(search.n)
    oracle = build_table_oracle(qubits, [search.neuron_mask])
    return grover_circuit(qubits, oracle, search.iterations)


def _cirq_simulator(circuit: Any) -> Call:
    import cirq

    simulator = cirq.Simulator(dtype=np.complex64, split_untangled_states=False)
    return lambda: simulator.simulate(circuit).final_state_vector


def _aer(search: Search) -> Call:
    qiskit, aer = import_module("qiskit"), import_module("qiskit_aer")
    circuit = qiskit.QuantumCircuit(search.n)
    qubits = list(range(search.n))

    def flip(neuron_mask: BoolArray) -> None:
        zeros = [search.n - 1 - j for j in range(search.n) if not neuron_mask[j]]
        if zeros:
            circuit.x(zeros)
        circuit.mcp(np.pi, qubits[:-1], qubits[-1])
        if zeros:
            circuit.x(zeros)

    circuit.h(qubits)
    for _ in range(search.iterations):
        flip(search.neuron_mask)
        circuit.h(qubits)
        flip(np.zeros(search.n, dtype=bool))
        circuit.h(qubits)
    circuit.save_statevector()
    simulator = aer.AerSimulator(method="statevector", precision="single", max_parallel_threads=1)
    return lambda: np.asarray(simulator.run(circuit).result().data(0)["statevector"])


def _lightning(search: Search) -> Call:
    qml, n = import_module("pennylane"), search.n

    def flip(values: list[bool]) -> None:
        for turn in (0, 1):  # X before and after if the last qubit has to be 0
            if not values[-1]:
                qml.X(n - 1)
            if not turn:
                controls = list(range(n - 1))
                qml.ctrl(qml.Z(n - 1), control=controls, control_values=values[:-1])

    def circuit() -> Any:
        for j in range(n):
            qml.Hadamard(j)
        for _ in range(search.iterations):
            for values in (search.neuron_mask.tolist(), [False] * n):
                flip(values)
                for j in range(n):
                    qml.Hadamard(j)
        return qml.state()

    return qml.QNode(circuit, qml.device("lightning.qubit", wires=n, c_dtype=np.complex64))
