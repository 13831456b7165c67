"""On which qubits a circuit is built: by default on a line, or on those of a machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cirq

from labkit.limits import show_value

#: The qubits of neuron 0, 1, ..., or by neuron.
Qubits = Sequence[cirq.Qid] | Mapping[int, cirq.Qid]


def choose_qubits(qubits: Any, n_qubits: int) -> list[cirq.Qid]:
    """The qubit of each neuron: those given, or line qubits for None.

    Raises:
        TypeError: what is given holds no qubits of two levels.
        ValueError: there is not one for each, or one is given twice.
    """
    if qubits is None:
        return [*cirq.LineQubit.range(n_qubits)]
    if isinstance(qubits, Mapping):
        if {*qubits} != {*range(n_qubits)}:
            given = f"qubits={show_value(qubits)} is not of each neuron"
            raise ValueError(f"{given} (limit: the keys 0..{n_qubits - 1})")
        qubits = [qubits[j] for j in range(n_qubits)]
    if isinstance(qubits, str) or not isinstance(qubits, Sequence):
        what = "is no sequence of qubits, nor a mapping of neurons to qubits"
        raise TypeError(f"qubits={show_value(qubits)} {what}")
    if len(qubits) != n_qubits:
        raise ValueError(f"qubits holds {len(qubits)} qubits (limit: {n_qubits})")
    for qubit in qubits:
        if not isinstance(qubit, cirq.Qid) or qubit.dimension != 2:
            raise TypeError(f"qubits holds {show_value(qubit)}, no qubit")
    if len({*qubits}) < n_qubits:
        raise ValueError(f"qubits={show_value(qubits)} holds a qubit twice (limit: once)")
    return [*qubits]
