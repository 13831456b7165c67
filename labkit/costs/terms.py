"""What the terms of a cost have in common: the neurons that each of them reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from labkit.limits import check_integer, show_value

Neurons = tuple[int, ...]


def check_neurons(neurons: Any, n_neurons: int) -> Neurons:
    """Returns the neurons of a term as a tuple of ints, in the order given.

    Raises:
        TypeError: `neurons` is not a collection of integers.
        ValueError: a neuron is not in 0..n_neurons - 1, or is there twice.
    """
    if isinstance(neurons, str) or not isinstance(neurons, Iterable):
        raise TypeError(f"neurons={show_value(neurons)} of a term is not a tuple of integers")
    limits = {"minimum": 0, "maximum": n_neurons - 1}
    checked = tuple(check_integer("neurons", j, **limits) for j in neurons)
    if len(set(checked)) < len(checked):
        raise ValueError(f"neurons={show_value(checked)} of a term holds a neuron twice (limit: 1)")
    return checked
