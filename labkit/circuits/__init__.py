"""Circuit builders: parameters in, `cirq` circuits out; nothing here simulates or prints."""

from labkit.circuits import grover, oracles, qaoa, reports, state_preparation

__all__ = ["grover", "oracles", "qaoa", "reports", "state_preparation"]
