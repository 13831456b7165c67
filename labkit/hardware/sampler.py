"""A machine as a `cirq.Sampler`, which every selector takes as `sampler=`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cirq
import numpy as np

from labkit.hardware.circuit_by_circuit import EachCircuit, Records, read_masks
from labkit.hardware.compiling import CompiledCircuit, compile_circuit
from labkit.hardware.devices import check_device, quiet, virtual_sampler
from labkit.hardware.trajectories import noisy_simulator
from labkit.limits import check_rng, check_share, show_value
from labkit.masks import masks_from_indices
from labkit.simulators.noise import noisy_probabilities

_MOST_KEPT = 256  # compiled circuits


class DeviceSampler(EachCircuit):
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


class NoisySampler(EachCircuit):
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
        masks = masks_from_indices(drawn, len(gates.all_qubits()))
        return read_masks(masks, gates, measurements)


def _default_sampler(device: cirq.Device | str, rng: np.random.Generator) -> cirq.Sampler:
    seed = int(rng.integers(2**31))
    if isinstance(device, str):
        return virtual_sampler(device, seed=seed)
    return noisy_simulator(seed=seed)
