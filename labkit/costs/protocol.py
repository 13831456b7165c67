"""What selectors, circuits and simulators may ask of a cost, and the check of its terms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from labkit.limits import check_integer, show_value

if TYPE_CHECKING:
    from labkit.costs.tables import CostTable


class Cost(Protocol):
    """The cost of a neuron mask, whatever its form."""

    @property
    def n_neurons(self) -> int:
        """Number of neurons, the length of a mask."""
        ...

    @property
    def order(self) -> int:
        """The largest number of neurons in one term."""
        ...

    def evaluate(self, neuron_masks: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Costs (...) of masks (..., n)."""
        ...

    def to_table(self) -> CostTable:
        """The same cost as a table of all 2^n masks."""
        ...


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
