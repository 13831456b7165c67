"""Circuit builders: parameters in, `cirq` circuits out; nothing here simulates or prints."""

from labkit.circuits import grover, oracles, qaoa, reports, state_preparation, variational
from labkit.circuits.reports import CircuitReport, circuit_report

__all__ = [
    "CircuitReport",
    "circuit_report",
    "grover",
    "oracles",
    "qaoa",
    "reports",
    "state_preparation",
    "variational",
]
