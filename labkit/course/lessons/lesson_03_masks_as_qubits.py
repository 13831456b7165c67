"""Exercises of notebook 03."""

from __future__ import annotations

from typing import Any

from labkit.course.checking import compare_distribution, compare_number, exercise
from labkit.masks import all_masks, mask_from_string, mask_to_index


@exercise("03-1")
def index_of_a_mask(answer: Any) -> str | None:
    """The index of mask 0110."""
    return compare_number(answer, mask_to_index(mask_from_string("0110")))


@exercise("03-2")
def one_mask(answer: Any) -> str | None:
    """A circuit that prepares mask 1010 for certain."""
    wanted = all_masks(4)[:, [0, 2]].all(axis=1) & ~all_masks(4)[:, [1, 3]].any(axis=1)
    return compare_distribution(answer, wanted)


@exercise("03-3")
def neuron_zero_stays(answer: Any) -> str | None:
    """A circuit in which neuron 0 always stays and the other two are in superposition."""
    return compare_distribution(answer, all_masks(3)[:, 0])


@exercise("03-4")
def both_or_neither(answer: Any) -> str | None:
    """A circuit in which neurons 0 and 1 stay both or neither."""
    masks = all_masks(2)
    return compare_distribution(answer, masks[:, 0] == masks[:, 1])
