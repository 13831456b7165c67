"""What selectors, circuits and simulators may ask of a cost, and the check of its terms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

import numpy.typing as npt

from labkit.limits import BoolArray, FloatArray, check_integer, show_value
from labkit.masks import check_mask

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

    def evaluate(self, neuron_masks: npt.ArrayLike) -> FloatArray:
        """Costs (...) of masks (..., n)."""
        ...

    def to_table(self) -> CostTable:
        """The same cost as a table of all 2^n masks."""
        ...


class _Unchecked(Protocol):
    @property
    def n_neurons(self) -> int: ...

    def costs_of(self, masks: BoolArray, /) -> FloatArray: ...


class CheckedCost(ABC):
    """A cost that checks the masks it is asked for once, at its door.

    Who has checked them already, as a `CostMeter` has, asks `costs_of`.
    """

    @abstractmethod
    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again."""

    def evaluate(self: _Unchecked, neuron_masks: npt.ArrayLike) -> FloatArray:
        """Costs of masks.

        Args:
            neuron_masks: bool (..., n).

        Returns:
            float64 (...).

        Raises:
            ValueError: a mask does not have n entries of 0 or 1.
        """
        return self.costs_of(check_mask(neuron_masks, self.n_neurons, argument="neuron_masks"))


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
