"""Circuits as OpenQASM 3, which other makers' software reads."""

from __future__ import annotations

import warnings

import cirq

from labkit.circuits.decompositions import check_resolved, small_operations
from labkit.limits import show_value

_DIGITS = 15
_SXDG = "gate sxdg a { inv @ sx a; }\n"  # Cirq writes it, and stdgates.inc lacks it


def to_openqasm3(circuit: cirq.AbstractCircuit) -> str:
    """A circuit as an OpenQASM 3 program in the gates of `stdgates.inc`; its qubits are q[0], ...

    The qubits come in their sorted order; measurements, if there are any, become bits of their
    key's name. The global phase is lost.

    Args:
        circuit: of operations that have a unitary, and measurements.

    Raises:
        ValueError: an operation has no OpenQASM form, such as a channel; two measurements have
            one key; the circuit has symbols.

    Reference: Cross et al. 2022, arXiv 2104.14722.
    """
    _check(circuit)
    small = cirq.Circuit(small_operations(circuit))
    qubits = sorted(circuit.all_qubits())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*global phase.*", UserWarning)
        program: str = small.to_qasm("", _DIGITS, qubits, version="3.0")
    include = 'include "stdgates.inc";\n'
    assert include in program
    return program.lstrip().replace(include, include + _SXDG, 1)


def _check(circuit: cirq.AbstractCircuit) -> None:
    if not isinstance(circuit, cirq.AbstractCircuit):
        raise TypeError(f"circuit={show_value(circuit)} is not a cirq.Circuit")
    check_resolved(circuit)
    keys = [key for op in circuit.all_operations() for key in cirq.measurement_key_names(op)]
    if len({*keys}) < len(keys):
        raise ValueError(f"circuit measures one key twice: {show_value(sorted(keys))}")
