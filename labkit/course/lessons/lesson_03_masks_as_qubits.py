"""Exercises of notebook 03."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.course.checking import exercise, name_mask, number_exercise
from labkit.course.circuit_checks import compare_distribution
from labkit.masks import all_masks, mask_from_string, mask_to_index

# the index of mask 0110
number_exercise(
    "03-1",
    int(mask_to_index(mask_from_string("0110"))),
    lambda index: (
        f"That is the index of mask {name_mask(int(index), 4)}."
        if index in range(16)
        else "Four neurons have the indices 0 to 15."
    ),
)


@exercise("03-2")
def one_mask(answer: Any) -> str | None:
    """A circuit that prepares mask 1010 for certain."""
    return compare_distribution(answer, (all_masks(4) == mask_from_string("1010")).all(axis=1))


@exercise("03-3")
def neuron_zero_stays(answer: Any) -> str | None:
    """A circuit in which neuron 0 always stays and the other two are in superposition."""
    return compare_distribution(answer, all_masks(3)[:, 0])


@exercise("03-4")
def both_or_neither(answer: Any) -> str | None:
    """A circuit in which neurons 0 and 1 stay both or neither."""
    return compare_distribution(answer, np.equal(*all_masks(2).T))
