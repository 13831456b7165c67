"""Circuits on machines: placed, routed, translated, run, corrected, exported. Nothing is sent."""

from labkit.hardware.compiling import CompiledCircuit, compile_circuit
from labkit.hardware.devices import DEVICE_NAMES, virtual_device
from labkit.hardware.mitigation import correct_readout, extrapolate_to_zero_noise, fold_gates
from labkit.hardware.openqasm import to_openqasm3
from labkit.hardware.reports import CompilationReport, compilation_report
from labkit.hardware.sampler import DeviceSampler, NoisySampler
from labkit.hardware.trajectories import TrajectorySampler, noisy_simulator

__all__ = [
    "DEVICE_NAMES",
    "CompilationReport",
    "CompiledCircuit",
    "DeviceSampler",
    "NoisySampler",
    "TrajectorySampler",
    "compilation_report",
    "compile_circuit",
    "correct_readout",
    "extrapolate_to_zero_noise",
    "fold_gates",
    "noisy_simulator",
    "to_openqasm3",
    "virtual_device",
]
