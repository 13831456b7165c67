"""Grover's search for one marked mask on gates, each circuit built beforehand.

On many qubits the gate engines run the first iterations of a search only: their time is that of
the part of all layers of Hadamards, 2 k + 1 for k iterations, that these take.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.measuring import Call, Contestant
from labkit.amplification import optimal_iterations
from labkit.masks import BoolArray, masks_from_indices
from labkit.simulators import evolve_grover, final_state

_FEWER = {16: 50, 18: 10, 20: 4}  # iterations that gate engines run of a longer search


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
    def iterations_on_gates(self) -> int:
        """Those that gate engines run in each call."""
        return min(self.iterations, _FEWER.get(self.n, self.iterations))

    @property
    def share(self) -> float:
        """The part of the search that these are, in layers of Hadamards."""
        return (2 * self.iterations_on_gates + 1) / (2 * self.iterations + 1)

    @property
    def marked_masks(self) -> BoolArray:
        """Which masks are marked, (2^n,)."""
        return np.arange(2**self.n) == self.marked

    @property
    def neuron_mask(self) -> BoolArray:
        """The marked mask."""
        mask: BoolArray = masks_from_indices(np.array(self.marked), self.n)
        return mask


def enter_ours(search: Search) -> Contestant:
    """labkit's evolution of amplitudes."""
    return Contestant("labkit", "table", _ours(search, search.iterations))


def _ours(search: Search, iterations: int) -> Call:
    marked = search.marked_masks
    return lambda: evolve_grover(marked, iterations)


def enter_peers(search: Search) -> list[Contestant]:
    """Four engines that run gates, or the first iterations of them.

    Raises:
        ImportError: one is not installed.
    """
    circuit = build_circuit(search, search.iterations_on_gates)
    calls = {
        "qsimcirq": lambda: final_state(circuit),
        "Aer": _aer(search),
        "cirq.Simulator": _cirq_simulator(circuit),
        "lightning.qubit": _lightning(search),
    }
    reference = _ours(search, search.iterations_on_gates)
    part = "" if search.share == 1 else f", {search.iterations_on_gates} iterations timed"
    return [
        Contestant(name, f"gates{part}", call, share=search.share, reference=reference)
        for name, call in calls.items()
    ]


def build_circuit(search: Search, iterations: int) -> Any:
    """Our circuit of a search, in Cirq."""
    import cirq

    from labkit.circuits.grover import grover_circuit
    from labkit.circuits.oracles import build_table_oracle

    qubits = cirq.LineQubit.range(search.n)
    oracle = build_table_oracle(qubits, [search.neuron_mask])
    return grover_circuit(qubits, oracle, iterations)


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
    for _ in range(search.iterations_on_gates):
        flip(search.neuron_mask)
        circuit.h(qubits)
        flip(np.zeros(search.n, dtype=bool))
        circuit.h(qubits)
    circuit.save_statevector()
    # double precision, its default: in single precision it is slower, up to twice
    simulator = aer.AerSimulator(method="statevector", max_parallel_threads=1)
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
        for _ in range(search.iterations_on_gates):
            for values in (search.neuron_mask.tolist(), [False] * n):
                flip(values)
                for j in range(n):
                    qml.Hadamard(j)
        return qml.state()

    return qml.QNode(circuit, qml.device("lightning.qubit", wires=n, c_dtype=np.complex64))
