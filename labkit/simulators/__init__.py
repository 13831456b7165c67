"""Simulators: circuits on qsim, and fast evolution of states without a circuit.

Where qsim is missing circuits run on `cirq.Simulator`, where numba is missing states in NumPy.
"""

from labkit.simulators.entanglement import (
    entropies_along,
    entropy,
    largest_entropy,
    schmidt_values,
)
from labkit.simulators.grover import evolve_grover
from labkit.simulators.light_cones import light_cone, light_cone_expectation
from labkit.simulators.noise import NoisyCircuit, noisy_probabilities
from labkit.simulators.noisy_light_cones import noisy_light_cone_expectation
from labkit.simulators.qaoa import (
    evolve_qaoa,
    evolve_qaoa_each,
    qaoa_expectation,
    qaoa_value_and_gradient,
)
from labkit.simulators.qsim import final_state, sample_masks
from labkit.simulators.readout import misread
from labkit.simulators.states import probabilities, sample_state

__all__ = [
    "NoisyCircuit",
    "entropies_along",
    "entropy",
    "evolve_grover",
    "evolve_qaoa",
    "evolve_qaoa_each",
    "final_state",
    "largest_entropy",
    "light_cone",
    "light_cone_expectation",
    "misread",
    "noisy_light_cone_expectation",
    "noisy_probabilities",
    "probabilities",
    "qaoa_expectation",
    "qaoa_value_and_gradient",
    "sample_masks",
    "sample_state",
    "schmidt_values",
]
