"""Machines: the virtual ones of cirq-google, and any `cirq.Device`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cirq

from labkit.limits import check_choice, show_value
from labkit.platforms import CIRQ_GOOGLE, QSIM, has_qsim

#: Google's machines whose layout, gates and calibration come with cirq-google.
DEVICE_NAMES = ("rainbow", "weber")


def virtual_device(name: str) -> cirq.Device:
    """The layout and the gates of a machine of `DEVICE_NAMES`, 23 and 53 qubits on a grid.

    Raises:
        MissingPartError: cirq-google is not installed.
    """
    check_choice("device", name, DEVICE_NAMES)
    with quiet():
        return _cirq_google().engine.create_device_from_processor_id(name)


def virtual_sampler(name: str, *, seed: int) -> cirq.Sampler:
    """Runs circuits of a machine's own gates with its median errors, on this computer.

    By qsim, or by `cirq.Simulator` where that is missing.
    """
    engine = _cirq_google().engine
    kind = QSIM.load().QSimSimulator if has_qsim() else cirq.Simulator
    with quiet():
        machine = engine.create_default_noisy_quantum_virtual_machine(
            name, simulator_class=kind, seed=seed
        )
        return machine.get_sampler(name)


def check_device(device: Any) -> cirq.Device:
    """A device, or that of a name of `DEVICE_NAMES`."""
    if isinstance(device, str):
        return virtual_device(device)
    if not isinstance(device, cirq.Device) or device.metadata is None:
        given = show_value(device)
        raise TypeError(f"device={given} is no cirq.Device with a layout, nor of {DEVICE_NAMES}")
    return device


def target_gateset(device: cirq.Device) -> cirq.CompilationTargetGateset:
    """What to translate to: SYC or sqrt-iSWAP where a machine has them, else its first set, or CZ.

    The virtual machines have a calibrated error for the former two, and none for CZ.
    """
    sets = [*getattr(device.metadata, "compilation_target_gatesets", ())]
    preferred = ("SycamoreTargetGateset", "SqrtIswapTargetGateset")
    found = [each for name in preferred for each in sets if type(each).__name__ == name]
    return next(iter([*found, *sets]), cirq.CZTargetGateset())


@contextmanager
def quiet() -> Iterator[None]:
    """Without Cirq's warnings of what will change in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _cirq_google() -> Any:
    return CIRQ_GOOGLE.load()
