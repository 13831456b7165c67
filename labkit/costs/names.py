"""The neurons of a term, and what the neurons of a cost stand for."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from typing import Any

import numpy as np

from labkit.limits import check_count, check_integer, show_value

Neurons = tuple[int, ...]
#: What the neurons stand for, such as variables of a QUBO, neuron 0 first; None for 0, 1, ...
Names = tuple[Hashable, ...] | None
_BYTES_PER_NAME = 100


def check_neurons(neurons: Any, n_neurons: int) -> Neurons:
    """Returns the neurons of a term, each in 0..n_neurons - 1 and once, in the order given."""
    if isinstance(neurons, str) or not isinstance(neurons, Iterable):
        raise TypeError(f"neurons={show_value(neurons)} of a term is not a tuple of integers")
    limits = {"minimum": 0, "maximum": n_neurons - 1}
    checked = tuple(check_integer("neurons", j, **limits) for j in neurons)
    if len(set(checked)) < len(checked):
        raise ValueError(f"neurons={show_value(checked)} of a term holds a neuron twice (limit: 1)")
    return checked


def check_names(names: Any, n_neurons: int) -> Names:
    """Returns one name for each neuron, each once; None for 0, 1, ..., n_neurons - 1.

    Args:
        names: hashable, such as text or numbers from 1; NumPy's become Python's. None for none.
        n_neurons: n.
    """
    if names is None:
        return None
    if isinstance(names, str) or not isinstance(names, Collection):
        raise TypeError(f"names={show_value(names)} is not a sequence of names")
    if len(names) != n_neurons:
        raise ValueError(f"names holds {len(names)} names (limit: {n_neurons}, one a neuron)")
    if isinstance(names, range) and names == range(n_neurons):
        return None
    check_count("n_neurons", n_neurons, bytes_each=_BYTES_PER_NAME, what="the names")
    checked = tuple(name.item() if isinstance(name, np.generic) else name for name in names)
    seen: set[Hashable] = set()
    for name in checked:
        if not isinstance(name, Hashable):
            raise TypeError(f"names holds {show_value(name)}, which is not hashable")
        if name in seen:
            raise ValueError(f"names holds {show_value(name)} twice (limit: 1)")
        seen.add(name)
    return None if checked == (*range(n_neurons),) else checked
