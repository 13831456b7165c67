"""QAOA as circuits of gates: lightning.qubit, qsimcirq and Aer."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.measuring import Call
from benchmarks.qaoa_instances import TABLE, TERMS, Instance, Peer, of_table
from labkit.simulators import final_state

_MOST_NEURONS = 20
_LIGHTNING_DIAGONAL = 8
_AER_DIAGONAL = 10


def _lightning(instance: Instance, measure: Callable[[Any], Any], **options: Any) -> Any:
    """A QNode with a diagonal where that is quicker: at 8 qubits, not at 12, never for adjoints."""
    qml, n = import_module("pennylane"), instance.n

    def circuit(gammas: Any, betas: Any) -> Any:
        for j in range(n):
            qml.Hadamard(j)
        for gamma, beta in zip(gammas, betas, strict=True):
            if n <= _LIGHTNING_DIAGONAL and not options:
                qml.DiagonalQubitUnitary(np.exp(-1j * gamma * instance.table.costs), range(n))
            else:
                for neurons, coefficient in instance.polynomial.terms.items():
                    gate = qml.RZ if len(neurons) == 1 else qml.IsingZZ
                    gate(2 * coefficient * gamma, neurons)
            for j in range(n):
                qml.RX(-2 * beta, j)
        return measure(qml)

    device = qml.device("lightning.qubit", wires=n, c_dtype=np.complex64)
    return qml.QNode(circuit, device, **options)


def _lightning_value(instance: Instance) -> Call:
    node = _lightning(instance, lambda qml: qml.state())
    return lambda: of_table(instance, node(instance.gammas, instance.betas))


def _lightning_gradient(instance: Instance) -> Call:
    qml = import_module("pennylane")
    terms = instance.polynomial.terms
    words = [qml.prod(*map(qml.Z, neurons)) for neurons in terms]
    hamiltonian = qml.Hamiltonian(list(terms.values()), words)
    node = _lightning(instance, lambda qml: qml.expval(hamiltonian), diff_method="adjoint")
    gradient = qml.grad(node)
    angles = [qml.numpy.array(a, requires_grad=True) for a in (instance.gammas, instance.betas)]

    def call() -> Any:
        derivatives = gradient(*angles)
        return float(gradient.forward), *derivatives

    return call


def _qsim_value(instance: Instance) -> Call:
    from labkit.circuits.qaoa import qaoa_circuit

    def call() -> float:
        circuit = qaoa_circuit(instance.polynomial, instance.gammas, instance.betas)
        return of_table(instance, final_state(circuit))

    return call


def _aer_value(instance: Instance) -> Call:
    """A circuit made anew for diagonals up to 10 qubits, bound anew for terms beyond."""
    qiskit, aer = import_module("qiskit"), import_module("qiskit_aer")
    diagonal = import_module("qiskit.circuit.library").DiagonalGate
    vector = import_module("qiskit.circuit").ParameterVector
    # double precision, its default: in single precision it is slower, up to twice
    simulator = aer.AerSimulator(method="statevector", max_parallel_threads=1)
    n, p = instance.n, instance.p

    def build(gammas: Any, betas: Any) -> Any:
        circuit = qiskit.QuantumCircuit(n)  # its qubit 0 is the least significant
        circuit.h(range(n))
        for gamma, beta in zip(gammas, betas, strict=True):
            if n <= _AER_DIAGONAL:
                circuit.append(diagonal(np.exp(-1j * gamma * instance.table.costs)), range(n))
            else:
                for neurons, coefficient in instance.polynomial.terms.items():
                    gate = circuit.rz if len(neurons) == 1 else circuit.rzz
                    gate(2 * coefficient * gamma, *(n - 1 - j for j in neurons))
            circuit.rx(-2 * beta, range(n))
        circuit.save_statevector()
        return circuit

    names = (vector("gamma", p), vector("beta", p))
    unbound = None if n <= _AER_DIAGONAL else build(*names)

    def call() -> float:
        angles = instance.gammas, instance.betas
        bound = (
            build(*angles)
            if unbound is None
            else unbound.assign_parameters(dict(zip(names, angles, strict=True)))
        )
        return of_table(instance, simulator.run(bound).result().data(0)["statevector"])

    return call


def _is_small(n: int, p: int, gradient: bool) -> bool:
    return n <= _MOST_NEURONS


PEERS = [
    Peer(
        "lightning.qubit",
        lambda n, gradient: TABLE if n <= _LIGHTNING_DIAGONAL and not gradient else TERMS,
        _is_small,
        _lightning_value,
        _lightning_gradient,
    ),
    Peer("qsimcirq", lambda n, gradient: TERMS, _is_small, _qsim_value, None),
    Peer(
        "Aer",
        lambda n, gradient: TABLE if n <= _AER_DIAGONAL else TERMS,
        _is_small,
        _aer_value,
        None,
    ),
]
