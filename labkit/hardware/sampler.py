"""A machine as a `cirq.Sampler`, which every selector takes as `sampler=`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cirq
import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray
from labkit.hardware.compiling import CompiledCircuit, compile_circuit
from labkit.hardware.devices import check_device, quiet, virtual_sampler
from labkit.limits import check_rng, check_share, show_value
from labkit.masks import masks_from_indices
from labkit.simulators.noise import noisy_probabilities
from labkit.simulators.qsim import noisy_simulator

_MOST_KEPT = 256  # compiled circuits
Records = Mapping[str, npt.NDArray[Any]]  #: key -> bits (shots, times, qubits)


class _EachCircuit(cirq.Sampler):
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


class DeviceSampler(_EachCircuit):
    """Compiles each circuit for a machine, runs it there, and reads its qubits in their order.

    Nothing leaves this computer unless `inner` sends it. A circuit is compiled once, however often
    it is run.

    Args:
        device: a name of `DEVICE_NAMES`, or a `cirq.Device` with a layout.
        inner: runs the compiled circuits; by default a virtual machine with its own median errors
            where `device` is a name, and qsim without errors else; either on `cirq.Simulator`
            where qsim is missing.
        rng: seeds that default; by default it is seeded anew each time.
    """

    def __init__(
        self,
        device: cirq.Device | str,
        inner: cirq.Sampler | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.device = check_device(device)
        if inner is not None and not isinstance(inner, cirq.Sampler):
            raise TypeError(f"inner={show_value(inner)} is not a cirq.Sampler")
        self.inner = inner or _default_sampler(device, np.random.default_rng(rng))
        self._compiled: dict[cirq.FrozenCircuit, CompiledCircuit] = {}

    def compiled(self, circuit: cirq.AbstractCircuit) -> CompiledCircuit:
        """A circuit without measurements as it is run; kept for when it comes again."""
        key = circuit.freeze()
        if key not in self._compiled:
            if len(self._compiled) >= _MOST_KEPT:
                self._compiled.pop(next(iter(self._compiled)))
            self._compiled[key] = compile_circuit(circuit, self.device)
        return self._compiled[key]

    def _records(
        self, gates: cirq.Circuit, measurements: Sequence[cirq.Operation], repetitions: int
    ) -> Records:
        found = self.compiled(gates)
        place = dict(zip(found.qubits, found.places, strict=True))
        read = cirq.Circuit(m.with_qubits(*(place[q] for q in m.qubits)) for m in measurements)
        with quiet():
            return self.inner.run(found.circuit + read, repetitions=repetitions).records


class NoisySampler(_EachCircuit):
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
            "two_qubit_error": check_share("two_qubit_error", two_qubit_error),
            "one_qubit_error": check_share("one_qubit_error", one_qubit_error),
            "readout_error": readout_error,
        }
        self._rng = check_rng(rng)

    def _records(
        self, gates: cirq.Circuit, measurements: Sequence[cirq.Operation], repetitions: int
    ) -> Records:
        chances = noisy_probabilities(gates, **self._noise)
        drawn = self._rng.choice(len(chances), size=repetitions, p=chances / chances.sum())
        qubits = sorted(gates.all_qubits())
        masks = masks_from_indices(drawn, len(qubits))
        read: dict[str, list[BoolArray]] = {}
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


def _default_sampler(device: cirq.Device | str, rng: np.random.Generator) -> cirq.Sampler:
    seed = int(rng.integers(2**31))
    if isinstance(device, str):
        return virtual_sampler(device, seed=seed)
    return noisy_simulator(seed=seed)


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
