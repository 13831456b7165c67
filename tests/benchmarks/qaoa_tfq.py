"""QAOA in TensorFlow Quantum."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.measuring import TOLERANCE, Call
from benchmarks.qaoa_instances import TERMS, Instance, Peer
from labkit.platforms import quiet_start


def _tfq(instance: Instance) -> tuple[Any, Callable[[Any], Any], Any]:
    """TensorFlow, the mean cost of a tensor of angles (1, 2p), and the angles."""
    with quiet_start():
        tf, tfq = import_module("tensorflow"), import_module("tensorflow_quantum")
    import cirq
    import sympy

    from labkit.circuits.qaoa import mixer_layer, phase_layer, start_circuit

    qubits = cirq.LineQubit.range(instance.n)
    names = [f"{angle}{i}" for angle in ("gamma", "beta") for i in range(instance.p)]
    symbols = sympy.symbols(names)
    circuit = start_circuit(qubits, None)
    for gamma, beta in zip(symbols[: instance.p], symbols[instance.p :], strict=True):
        circuit += phase_layer(qubits, instance.polynomial, gamma)
        circuit += mixer_layer(qubits, beta)
    layer = tfq.layers.Expectation(differentiator=tfq.differentiators.Adjoint())
    circuits = tfq.convert_to_tensor([circuit])
    operators = tfq.convert_to_tensor([[instance.polynomial.to_pauli_sum(qubits)]])

    def mean_cost(angles: Any) -> Any:
        return layer(circuits, symbol_names=names, symbol_values=angles, operators=operators)

    drawn = np.concatenate([instance.gammas, instance.betas])[np.newaxis]
    return tf, mean_cost, tf.constant(drawn, dtype=tf.float32)


def _tfq_value(instance: Instance) -> Call:
    _, mean_cost, angles = _tfq(instance)
    return lambda: float(mean_cost(angles).numpy().item())


def _tfq_gradient(instance: Instance) -> Call:
    tf, mean_cost, angles = _tfq(instance)

    def call() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(angles)
            value = mean_cost(angles)
        return value.numpy(), tape.gradient(value, angles).numpy()

    return call


PEER = Peer(  # at 16 qubits its gradient is 2e-4 off differences in float64, ours 2e-6
    "TFQ",
    lambda n, gradient: TERMS,
    lambda n, p, gradient: n <= 20,
    _tfq_value,
    _tfq_gradient,
    tolerance=20 * TOLERANCE,
)
