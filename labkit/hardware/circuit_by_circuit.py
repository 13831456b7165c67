"""Samplers that run circuits one by one: what is measured stands at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cirq
import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray
from labkit.limits import show_value

Records = Mapping[str, npt.NDArray[Any]]  #: key -> bits (shots, times, qubits)


class EachCircuit(cirq.Sampler):
    """Runs circuits one by one, their parameters filled in; the measurements stand at the end."""

    def run_sweep(
        self, program: cirq.AbstractCircuit, params: cirq.Sweepable, repetitions: int = 1
    ) -> Sequence[cirq.Result]:
        """As of every `cirq.Sampler`.

        Raises:
            ValueError: the circuit has no measurement, or gates after one.
        """
        gates, measurements = _split(program)
        return [
            cirq.ResultDict(
                params=resolver,
                records=self._records(
                    cirq.resolve_parameters(gates, resolver), measurements, repetitions
                ),
            )
            for resolver in cirq.to_resolvers(params)
        ]

    def _records(
        self, gates: cirq.Circuit, measurements: Sequence[cirq.Operation], repetitions: int
    ) -> Records:
        raise NotImplementedError


def read_masks(
    masks: BoolArray, gates: cirq.Circuit, measurements: Sequence[cirq.Operation]
) -> Records:
    """What measurements read of masks (shots, n), in the order of a circuit's sorted qubits."""
    qubits, read = sorted(gates.all_qubits()), dict[str, list[BoolArray]]()
    for measurement in measurements:
        places = [qubits.index(qubit) for qubit in measurement.qubits]
        bits = masks[:, places] ^ _inverted(measurement)
        read.setdefault(cirq.measurement_key_name(measurement), []).append(bits)
    return {key: np.stack(bits, axis=1).astype(np.uint8) for key, bits in read.items()}


def _inverted(measurement: cirq.Operation) -> BoolArray:
    """Which of its bits a measurement turns round."""
    gate = measurement.gate
    assert isinstance(gate, cirq.MeasurementGate)
    return np.array(gate.full_invert_mask())


def _split(program: cirq.AbstractCircuit) -> tuple[cirq.Circuit, list[cirq.Operation]]:
    """The gates, and the measurements after them; every qubit that is read is among the gates'."""
    program = cirq.unroll_circuit_op(program, deep=True, tags_to_check=None)
    measurements = [op for op in program.all_operations() if cirq.is_measurement(op)]
    if not measurements:
        raise ValueError("circuit measures no qubit")
    for each in measurements:
        if not isinstance(each.gate, cirq.MeasurementGate) or each.gate.confusion_map:
            given = show_value(each)
            raise ValueError(f"circuit holds {given} (limit: measurements of qubits, unconfused)")
    if not program.are_all_measurements_terminal():
        raise ValueError("circuit has gates after a measurement (limit: all stand at its end)")
    gates = cirq.Circuit(op for op in program.all_operations() if not cirq.is_measurement(op))
    idle = {q for m in measurements for q in m.qubits} - gates.all_qubits()
    return gates + cirq.Circuit(cirq.I.on_each(*sorted(idle))), measurements
