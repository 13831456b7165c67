"""A machine as a `cirq.Sampler`, which every selector takes as `sampler=`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cirq
import numpy as np

from labkit.arrays import BoolArray
from labkit.hardware.compiling import CompiledCircuit, compile_circuit
from labkit.hardware.devices import check_device, quiet, virtual_sampler
from labkit.limits import check_rng, show_value
from labkit.masks import masks_from_indices
from labkit.simulators.noise import noisy_probabilities

_MOST_KEPT = 256  # compiled circuits


class DeviceSampler(cirq.Sampler):
    """Compiles each circuit for a machine, runs it there, and reads its qubits in their order.

    Nothing leaves this computer unless `inner` sends it. A circuit is compiled once, however often
    it is run.

    Args:
        device: a name of `DEVICE_NAMES`, or a `cirq.Device` with a layout.
        inner: runs the compiled circuits; by default a virtual machine with its own median errors
            where `device` is a name, and qsim without errors else.
    """

    def __init__(self, device: cirq.Device | str, inner: cirq.Sampler | None = None) -> None:
        self.device = check_device(device)
        if inner is not None and not isinstance(inner, cirq.Sampler):
            raise TypeError(f"inner={show_value(inner)} is not a cirq.Sampler")
        self.inner = inner or _default_sampler(device)
        self._compiled: dict[cirq.FrozenCircuit, CompiledCircuit] = {}

    def compiled(self, circuit: cirq.AbstractCircuit) -> CompiledCircuit:
        """A circuit without measurements as it is run; kept for when it comes again."""
        key = circuit.freeze()
        if key not in self._compiled:
            if len(self._compiled) >= _MOST_KEPT:
                self._compiled.pop(next(iter(self._compiled)))
            self._compiled[key] = compile_circuit(circuit, self.device)
        return self._compiled[key]

    def run_sweep(
        self, program: cirq.AbstractCircuit, params: cirq.Sweepable, repetitions: int = 1
    ) -> Sequence[cirq.Result]:
        """As of every `cirq.Sampler`; the measurements stand at the end of the circuit."""
        return [
            self._run_one(cirq.resolve_parameters(program, resolver), resolver, repetitions)
            for resolver in cirq.to_resolvers(params)
        ]

    def _run_one(
        self, program: cirq.AbstractCircuit, resolver: cirq.ParamResolver, repetitions: int
    ) -> cirq.Result:
        gates, measurements = _split(program)
        found = self.compiled(gates)
        place = dict(zip(found.qubits, found.places, strict=True))
        read = cirq.Moment(m.with_qubits(*(place[q] for q in m.qubits)) for m in measurements)
        with quiet():
            result = self.inner.run(found.circuit + cirq.Circuit(read), repetitions=repetitions)
        return cirq.ResultDict(params=resolver, records=result.records)


class NoisySampler(cirq.Sampler):
    """Draws from the exact chances of a circuit whose gates err, of 12 qubits or fewer.

    For a few shots of many circuits; a thousand shots of a large one are qsim's, on a circuit with
    `labkit.circuits.gate_errors.add_gate_errors`.

    Args:
        two_qubit_error: as for `labkit.simulators.noisy_probabilities`.
        one_qubit_error: the same.
        readout_error: the same.
        rng: source of the outcomes.
    """

    def __init__(
        self,
        two_qubit_error: float,
        *,
        one_qubit_error: float = 0.0,
        readout_error: Any = None,
        rng: np.random.Generator,
    ) -> None:
        self._noise = {
            "two_qubit_error": two_qubit_error,
            "one_qubit_error": one_qubit_error,
            "readout_error": readout_error,
        }
        self._rng = check_rng(rng)

    def run_sweep(
        self, program: cirq.AbstractCircuit, params: cirq.Sweepable, repetitions: int = 1
    ) -> Sequence[cirq.Result]:
        """As of every `cirq.Sampler`; the measurements stand at the end of the circuit."""
        return [
            self._run_one(cirq.resolve_parameters(program, resolver), resolver, repetitions)
            for resolver in cirq.to_resolvers(params)
        ]

    def _run_one(
        self, program: cirq.AbstractCircuit, resolver: cirq.ParamResolver, repetitions: int
    ) -> cirq.Result:
        gates, measurements = _split(program)
        chances = noisy_probabilities(gates, **self._noise)
        drawn = self._rng.choice(len(chances), size=repetitions, p=chances / chances.sum())
        qubits = sorted(gates.all_qubits())
        masks = masks_from_indices(drawn, len(qubits))
        column = {qubit: masks[:, j] for j, qubit in enumerate(qubits)}
        measured = {
            cirq.measurement_key_name(m): np.array([column[q] for q in m.qubits]).T ^ _inverted(m)
            for m in measurements
        }
        return cirq.ResultDict(params=resolver, measurements=measured)


def _inverted(measurement: cirq.Operation) -> BoolArray:
    """Which of its bits a measurement turns round."""
    gate = measurement.gate
    assert isinstance(gate, cirq.MeasurementGate)
    return np.array(gate.full_invert_mask())


def _default_sampler(device: cirq.Device | str) -> cirq.Sampler:
    import qsimcirq

    return virtual_sampler(device) if isinstance(device, str) else qsimcirq.QSimSimulator()


def _split(program: cirq.AbstractCircuit) -> tuple[cirq.Circuit, list[cirq.Operation]]:
    """The gates, and the measurements after them; every qubit that is read is among the gates'."""
    measurements = [op for op in program.all_operations() if cirq.is_measurement(op)]
    if not measurements:
        raise ValueError("circuit measures no qubit")
    if not program.are_all_measurements_terminal():
        raise ValueError("circuit has gates after a measurement (limit: all stand at its end)")
    gates = cirq.Circuit(op for op in program.all_operations() if not cirq.is_measurement(op))
    idle = {q for m in measurements for q in m.qubits} - gates.all_qubits()
    return gates + cirq.Circuit(cirq.I.on_each(*sorted(idle))), measurements
