"""Arithmetic on phases: a register of qubits that is added to in its Fourier basis.

A register of B qubits holds an integer x modulo 2^B, qubit k its bit k (weight 2^k), in two's
complement: the last qubit is the sign. In the Fourier basis qubit k is in the state
|0> + exp(2 pi i x / 2^(k+1)) |1>, and to add is to turn phases. The first w qubits are by
themselves the Fourier basis of x modulo 2^w.

Reference: T. G. Draper 2000, arXiv quant-ph/0008033.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cirq


def leave_fourier_basis(register: Sequence[cirq.Qid]) -> Iterator[cirq.Operation]:
    """The inverse Fourier transform, lowest bit first.

    Qubit k has the phase pi (b_k + b_(k-1)/2 + ... + b_0/2^k): the bits below it are known by
    then and taken out, H reads what is left. B (B - 1) / 2 two-qubit gates.

    Args:
        register: qubit k for bit k.
    """
    for k, qubit in enumerate(register):
        for below, known in enumerate(register[:k]):
            yield cirq.CZ(known, qubit) ** -(2.0 ** (below - k))
        yield cirq.H(qubit)


def enter_fourier_basis(register: Sequence[cirq.Qid]) -> Iterator[cirq.Operation]:
    """The Fourier transform: what `leave_fourier_basis` does, backwards.

    Args:
        register: qubit k for bit k.
    """
    return (cirq.pow(operation, -1) for operation in reversed(list(leave_fourier_basis(register))))


def add_integer(
    register: Sequence[cirq.Qid], integer: int, control: cirq.Qid | None = None
) -> Iterator[cirq.Operation]:
    """Adds an integer in the Fourier basis: exp(2 pi i integer / 2^(k+1)) on the 1 of qubit k.

    Args:
        register: qubit k for bit k, in the Fourier basis.
        integer: of either sign.
        control: adds only where this qubit is 1; always by default.
    """
    for k, qubit in enumerate(register):
        yield from turn_phase(qubit, integer / 2**k, control)


def turn_phase(
    qubit: cirq.Qid, half_turns: float, control: cirq.Qid | None = None
) -> Iterator[cirq.Operation]:
    """exp(pi i half_turns) on the 1 of a qubit, or of both qubits: no gate if that is 1."""
    exponent = half_turns % 2
    if exponent:
        phase = cirq.Z(qubit) if control is None else cirq.CZ(control, qubit)
        yield phase**exponent
