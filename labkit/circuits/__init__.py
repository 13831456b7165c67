"""Circuit builders: parameters in, `cirq` circuits out; nothing here simulates or prints."""

from labkit.circuits import grover, oracles, state_preparation

__all__ = ["grover", "oracles", "state_preparation"]
