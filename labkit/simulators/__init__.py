"""Simulators: circuits on qsim, and fast evolution of states without a circuit."""

from labkit.simulators.circuit_runs import final_state, sample_masks
from labkit.simulators.grover import evolve_grover
from labkit.simulators.states import probabilities, sample_state

__all__ = [
    "evolve_grover",
    "final_state",
    "probabilities",
    "sample_masks",
    "sample_state",
]
