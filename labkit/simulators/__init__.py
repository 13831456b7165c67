"""Simulators: circuits on qsim, and fast evolution of states without a circuit."""

from labkit.simulators.grover import evolve_grover
from labkit.simulators.light_cones import light_cone, light_cone_expectation
from labkit.simulators.qaoa import evolve_qaoa, qaoa_expectation, qaoa_value_and_gradient
from labkit.simulators.qsim import final_state, sample_masks
from labkit.simulators.states import probabilities, sample_state

__all__ = [
    "evolve_grover",
    "evolve_qaoa",
    "final_state",
    "light_cone",
    "light_cone_expectation",
    "probabilities",
    "qaoa_expectation",
    "qaoa_value_and_gradient",
    "sample_masks",
    "sample_state",
]
