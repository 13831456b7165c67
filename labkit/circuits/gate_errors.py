"""A circuit on a machine that errs: after each two-qubit gate, with some probability."""

from __future__ import annotations

from collections.abc import Iterator

import cirq

from labkit.circuits.decompositions import small_operations
from labkit.limits import check_number


def add_gate_errors(circuit: cirq.AbstractCircuit, probability: float) -> cirq.Circuit:
    """Lets each two-qubit gate be followed by an error, with the given probability.

    Operations on more qubits are decomposed first. An error is one of the 15 products of Pauli
    operators other than the identity, each as likely (depolarising noise). One-qubit gates,
    waiting and measurements are taken as exact, so a real machine does worse.

    Args:
        circuit: of operations that decompose into those on one or two qubits; channels stay.
        probability: of an error after each two-qubit gate, 0 to 1.

    Returns:
        A circuit with channels, for a sampler that takes them, such as qsim.

    Raises:
        ValueError: an operation is not decomposed, or `probability` is not in 0..1.
    """
    error = check_number("probability", probability)
    if not 0 <= error <= 1:
        raise ValueError(f"probability={error} is not in 0..1")
    return cirq.Circuit(_with_errors(circuit, error))


def _with_errors(circuit: cirq.AbstractCircuit, probability: float) -> Iterator[cirq.Operation]:
    for operation in small_operations(circuit):
        yield operation
        is_gate = cirq.has_unitary(operation) or cirq.is_parameterized(operation)
        if len(operation.qubits) == 2 and is_gate:
            yield cirq.depolarize(probability, 2)(*operation.qubits)
