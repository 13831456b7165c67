"""What may be asked of a cost, and the plainest one: a number for each of the 2^n masks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.limits import (
    check_array,
    check_count,
    check_integer,
    check_number,
    check_register,
    repr_line,
    show_value,
)
from labkit.masks import check_mask, check_one_mask, masks_from_indices, place_values

#: Costs closer together than this are equal: the rounding of a mean over samples is smaller.
EQUAL_WITHIN = 1e-12

Neurons = tuple[int, ...]
#: What the neurons stand for, such as variables of a QUBO, neuron 0 first; None for 0, 1, ...
Names = tuple[Hashable, ...] | None
_BYTES_PER_NAME = 100


class Cost(Protocol):
    """The cost of a neuron mask, whatever its form."""

    @property
    def n_neurons(self) -> int:
        """Number of neurons, the length of a mask."""

    @property
    def order(self) -> int:
        """The largest number of neurons in one term."""

    def evaluate(self, neuron_masks: npt.ArrayLike) -> FloatArray:
        """Costs (...) of masks (..., n)."""

    def to_table(self) -> CostTable:
        """The same cost as a table of all 2^n masks."""


class CheckedCost(ABC):
    """A cost that checks the masks it is asked for once, at its door; see `unchecked`."""

    if TYPE_CHECKING:  # a dataclass would take a property for the default of its field

        @property
        def n_neurons(self) -> int:
            """Number of neurons, the length of a mask."""

    @abstractmethod
    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again."""

    def evaluate(self, neuron_masks: npt.ArrayLike) -> FloatArray:
        """Costs, float64 (...), of masks: bool (..., n), 0 and 1, or a mask string."""
        return self.costs_of(check_mask(neuron_masks, self.n_neurons, argument="neuron_masks"))


def unchecked(cost: Cost) -> Callable[[BoolArray], FloatArray]:
    """What gives the costs of bool masks (..., n) that were checked."""
    return cost.costs_of if isinstance(cost, CheckedCost) else cost.evaluate


@dataclass(frozen=True, eq=False, repr=False)
class CostTable(CheckedCost):
    """The cost of each of the 2^n masks.

    Attributes:
        costs: float64 (2^n,), finite, read-only, by mask index (neuron 0 most significant).
        n_neurons: n.
        names: of the neurons, see `check_names`.

    Raises:
        TooLargeError: 2^n costs do not fit in memory.

    >>> table = CostTable([0.7, 0.2, 0.9, 0.4], 2)
    >>> float(table.evaluate("01")), table.optimal_masks().tolist()
    (0.2, [[False, True]])
    """

    costs: FloatArray
    n_neurons: int
    names: Names = None

    def __post_init__(self) -> None:
        n = check_register("n_neurons", self.n_neurons, bytes_per_mask=8, what="the cost table")
        costs = check_array("costs", self.costs).copy()
        if costs.shape != (2**n,):
            raise ValueError(f"costs has shape {costs.shape}; n_neurons={n} needs ({2**n},)")
        costs.setflags(write=False)
        object.__setattr__(self, "costs", costs)
        object.__setattr__(self, "n_neurons", n)
        object.__setattr__(self, "names", check_names(self.names, n))

    @classmethod
    def owning(cls, costs: FloatArray, n_neurons: int, names: Names = None) -> CostTable:
        """A table of costs (2^n,) that nobody else holds: no copy, but read-only from now on."""
        if not np.isfinite([costs.min(), costs.max()]).all():
            raise ValueError("costs holds a value that is not finite")
        table = object.__new__(cls)
        costs.setflags(write=False)
        object.__setattr__(table, "costs", costs)
        object.__setattr__(table, "n_neurons", n_neurons)
        object.__setattr__(table, "names", names)
        return table

    def __repr__(self) -> str:
        return repr_line(self, n_neurons=self.n_neurons, minimum=self.minimum, mean=self.mean)

    @property
    def order(self) -> int:
        """The largest number of neurons in one term: a table may couple all n."""
        return self.n_neurons

    @property
    def minimum(self) -> float:
        """The smallest cost of any mask."""
        return float(self.costs.min())

    @property
    def mean(self) -> float:
        """The mean cost over all masks."""
        return float(self.costs.mean())

    @property
    def std(self) -> float:
        """The standard deviation over all masks."""
        return float(self.costs.std())

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again."""
        return self.costs[masks @ place_values(self.n_neurons)]

    def to_table(self) -> CostTable:
        """Itself."""
        return self

    def marked(self, threshold: float) -> BoolArray:
        """Which masks cost at most `threshold`, at least one: bool (2^n,), by mask index."""
        threshold = check_number("threshold", threshold)
        marked = self.costs <= threshold + EQUAL_WITHIN
        if not marked.any():
            limit = f"limit: the smallest cost, {self.minimum:.6g}"
            raise ValueError(f"threshold={threshold:.6g} marks no mask ({limit})")
        return marked

    def optimal_masks(self) -> BoolArray:
        """All masks of the smallest cost, ties included: bool (ties, n)."""
        return masks_from_indices(np.flatnonzero(self.marked(self.minimum)), self.n_neurons)

    def rank(self, neuron_mask: npt.ArrayLike) -> int:
        """1 + the number of masks that cost less; equal costs share a rank."""
        cost = self.costs_of(check_one_mask(neuron_mask, self.n_neurons))
        return 1 + int(np.count_nonzero(self.costs < cost - EQUAL_WITHIN))


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
