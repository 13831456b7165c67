"""Exercises: `check(name, answer)` tells not attempted, wrong and right apart, offline."""

from labkit.exercises import (
    every_mask,
    grover_search,
    masks_as_qubits,
    random_networks,
    welcome,
)
from labkit.exercises.checking import EXERCISES, Verdict, check

__all__ = [
    "EXERCISES",
    "Verdict",
    "check",
    "every_mask",
    "grover_search",
    "masks_as_qubits",
    "random_networks",
    "welcome",
]
