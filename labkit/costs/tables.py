"""What may be asked of a cost, and the plainest one: a number for each of the 2^n masks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.costs.names import Names, check_names
from labkit.costs.walks import EvaluatedWalk, IndexWalk, Walk
from labkit.costs.walks.walk import EQUAL_WITHIN as EQUAL_WITHIN
from labkit.limits import (
    check_array,
    check_number,
    check_register,
    repr_line,
)
from labkit.masks import check_mask, check_one_mask, masks_from_indices, place_values

#: Of the largest cost: what batches may differ by where costs may come from single precision.
SINGLE_PRECISION = 1e-4
#: A mean beyond so many standard deviations is kept apart from what is evolved.
_FAR_MEAN = 16.0
#: A few masks of a huge cost, as for those that are forbidden, do not say how exact the others are.
_TYPICAL, _LOOKED_AT = 8.0, 2**16


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


@runtime_checkable
class Walkable(Protocol):
    """A cost that tells what a flip of one neuron makes of it, without being evaluated anew."""

    def walk(self, neuron_mask: npt.ArrayLike, /) -> Walk:
        """A walk from a mask (n,)."""


class CheckedCost(ABC):
    """A cost that checks the masks it is asked for once, at its door; see `unchecked`."""

    if TYPE_CHECKING:  # a dataclass would take a property for the default of its field

        @property
        def n_neurons(self) -> int:
            """Number of neurons, the length of a mask."""

    @property
    def magnitude(self) -> float:
        """The largest size that a sum of its terms may reach; 0 where nothing is known of it."""
        return 0.0

    @abstractmethod
    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again."""

    def evaluate(self, neuron_masks: npt.ArrayLike) -> FloatArray:
        """Costs, float64 (...), of masks: bool (..., n), 0 and 1, or a mask string."""
        return self.costs_of(check_mask(neuron_masks, self.n_neurons, argument="neuron_masks"))

    def walk(self, neuron_mask: npt.ArrayLike) -> Walk:
        """A walk from a mask: bool (n,), 0 and 1, or a mask string; see `labkit.costs.walks`."""
        return self._walk(check_one_mask(neuron_mask, self.n_neurons))

    def _walk(self, neuron_mask: BoolArray) -> Walk:
        return EvaluatedWalk(self.costs_of, neuron_mask)


def walk_of(cost: Cost, neuron_mask: npt.ArrayLike) -> Walk:
    """A walk of any cost: its own, or one that evaluates it."""
    if isinstance(cost, Walkable):
        return cost.walk(neuron_mask)
    return EvaluatedWalk(cost.evaluate, check_one_mask(neuron_mask, cost.n_neurons))


def unchecked(cost: Cost) -> Callable[[BoolArray], FloatArray]:
    """What gives the costs of bool masks (..., n) that were checked."""
    return cost.costs_of if isinstance(cost, CheckedCost) else cost.evaluate


def equal_within(cost: Cost, values: npt.ArrayLike) -> FloatArray:
    """How far from values (...) of a cost a value may be and be equal to them, float64 (...).

    `EQUAL_WITHIN` of the largest size that entered the sum, which is the `magnitude` of the cost,
    or the value itself where that is larger or nothing else is known. So what is a tie, a target
    that is met, or no gain is the same in every unit; and a constant that is added makes equal
    only what its own rounding does not tell apart.
    """
    largest = np.maximum(np.abs(values), getattr(cost, "magnitude", 0.0))
    return np.asarray(EQUAL_WITHIN * largest)


def typical_magnitude(costs: FloatArray) -> float:
    """The largest size of costs (k,) whose terms are not known, up to 8 times the median size.

    The median is that of some 2^16 of them.
    """
    median = np.median(np.abs(costs[:: len(costs) // _LOOKED_AT | 1]))
    return float(min(max(abs(costs.min()), abs(costs.max())), _TYPICAL * median))


def far_mean(values: FloatArray) -> float:
    """The mean of values where it is large beside their standard deviation, else 0."""
    mean = float(values.mean())
    return mean if abs(mean) > _FAR_MEAN * float(values.std()) else 0.0


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
    def owning(
        cls,
        costs: FloatArray,
        n_neurons: int,
        names: Names = None,
        *,
        magnitude: float | None = None,
    ) -> CostTable:
        """A table of costs (2^n,) that nobody else holds: no copy, but read-only from now on.

        `names` are not checked again. `magnitude` is that of the sums that the costs are; by
        default it is told from them.
        """
        if not np.isfinite([costs.min(), costs.max()]).all():
            raise ValueError("costs holds a value that is not finite")
        table = object.__new__(cls)
        costs.setflags(write=False)
        object.__setattr__(table, "costs", costs)
        object.__setattr__(table, "n_neurons", n_neurons)
        object.__setattr__(table, "names", names)
        if magnitude is not None:
            object.__setattr__(table, "magnitude", magnitude)
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
        """The standard deviation over all masks; 0 where all costs are equal but for rounding."""
        low, high = self.minimum, float(self.costs.max())
        return 0.0 if high - low <= equal_within(self, high) else float(self.costs.std())

    @cached_property
    def magnitude(self) -> float:
        """The largest size that entered a cost, as far as it is known; see `equal_within`."""
        return typical_magnitude(self.costs)

    @cached_property
    def offset(self) -> float:
        """The mean where it is large beside the standard deviation, else 0."""
        return far_mean(self.costs)

    @cached_property
    def centred(self) -> CostTable:
        """The table less its `offset`, which is a phase common to all masks where it is evolved."""
        if not self.offset:
            return self
        costs = self.costs - self.offset
        return CostTable.owning(costs, self.n_neurons, self.names, magnitude=self.magnitude)

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again."""
        return self.costs[masks @ place_values(self.n_neurons)]

    def _walk(self, neuron_mask: BoolArray) -> Walk:
        return IndexWalk(self.costs, neuron_mask)

    def to_table(self) -> CostTable:
        """Itself."""
        return self

    def marked(self, threshold: float) -> BoolArray:
        """Which masks cost at most `threshold`, at least one: bool (2^n,), by mask index.

        Costs that equal it but for rounding are marked, see `equal_within`.
        """
        threshold = check_number("threshold", threshold)
        marked = self.costs <= threshold + float(equal_within(self, threshold))
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
        return 1 + int(np.count_nonzero(self.costs < cost - equal_within(self, cost)))


def centred_table(cost: Cost) -> tuple[CostTable, float]:
    """A table of the cost less a constant, and the constant.

    A constant large beside what varies is taken from the terms, before they are added up: there it
    costs no digits. Evolved, it is a phase that all masks have in common.
    """
    apart = getattr(cost, "offset", 0.0)
    table = (cost.centred if apart else cost).to_table()  # type: ignore[attr-defined]
    if isinstance(cost, CostTable):
        return table, apart
    return table.centred, apart + table.offset
