"""Costs of one's own: any Python function of masks, and objects that have no more than that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.costs.names import Names, check_names
from labkit.costs.tables import (
    EQUAL_WITHIN,
    SINGLE_PRECISION,
    CheckedCost,
    Cost,
    CostTable,
)
from labkit.limits import TooLargeError, check_integer, check_register, repr_line, show_value
from labkit.masks import mask_to_string, masks_from_indices

_ROWS = 2**12  # masks that are given to a function at a time
_SAME = 1e-9  # of what varies: a batch may add up in another order
_MEMBERS = ("evaluate", "n_neurons", "order", "to_table")


class AnyCost(Protocol):
    """What is taken for a cost: a `Cost`, or an object with no more than this; see `as_cost`."""

    @property
    def n_neurons(self) -> int:
        """Number of neurons, the length of a mask."""

    def evaluate(self, neuron_masks: Any) -> Any:
        """A number for a mask, bool (n,), or numbers (masks,) for a batch."""


@dataclass(frozen=True, eq=False, repr=False)
class FunctionCost(CheckedCost):
    """cost(m) = function(m), whatever the function does.

    Whether the function takes one mask, bool (n,), or a batch, bool (masks, n), is found out here
    by trying it on a batch of three masks or four, and on each of them alone. Only where it gives
    one number a mask, the same both ways, does it get batches from then on; a function of one mask
    may raise at the batch. No ledger counts these calls, two to eight. Later each mask is one call
    or one row of a batch, and a query of who asks.

    Attributes:
        function: gives a finite number for a mask, or numbers (masks,) for a batch.
        n_neurons: n.
        table_up_to: evaluations that `to_table` may make: 2^n for a selector that needs a table.
        names: of the neurons, see `check_names`.
        takes_batches: what was found out.

    Raises:
        TypeError: what the function returns is not a number.
        ValueError: it is not finite, or more than one.
        RuntimeError: the function raises; the message names the mask, as do the others.

    >>> cost = FunctionCost(lambda mask: abs(int(mask.sum()) - 2), 3)
    >>> float(cost.evaluate("110")), cost.to_table().optimal_masks().shape
    (0.0, (3, 3))
    """

    function: Callable[[BoolArray], Any]
    n_neurons: int
    table_up_to: int = 2**16
    names: Names = None
    takes_batches: bool = field(init=False)

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(f"function={show_value(self.function)} is not a function of masks")
        n = check_integer("n_neurons", self.n_neurons, minimum=1)
        object.__setattr__(self, "n_neurons", n)
        check_integer("table_up_to", self.table_up_to, minimum=0)
        object.__setattr__(self, "names", check_names(self.names, n))
        object.__setattr__(self, "takes_batches", self._try())

    def __repr__(self) -> str:
        return repr_line(self, function=_name(self.function), n_neurons=self.n_neurons)

    @property
    def order(self) -> int:
        """The largest number of neurons in one term: a function may couple all n."""
        return self.n_neurons

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again."""
        batch = masks.reshape(-1, self.n_neurons)
        costs = [self._costs(batch[i : i + _ROWS]) for i in range(0, len(batch), _ROWS)]
        return np.concatenate([*costs, np.empty(0)]).reshape(masks.shape[:-1])

    def to_table(self) -> CostTable:
        """The cost of each of the 2^n masks, by 2^n evaluations.

        Raises:
            TooLargeError: they are more than `table_up_to`, or the table does not fit in memory.
        """
        n = self.n_neurons
        if 2**n > self.table_up_to:
            needed = f"a table of function {_name(self.function)} takes 2^{n} evaluations"
            limit = f"limit: table_up_to={self.table_up_to} of FunctionCost"
            raise TooLargeError(f"{needed} ({limit}; one_flip_search needs no table)")
        check_register("n_neurons", n, bytes_per_mask=80, what="the cost table")
        starts = range(0, 2**n, _ROWS)
        indices = (np.arange(start, min(start + _ROWS, 2**n)) for start in starts)
        costs = [self.costs_of(masks_from_indices(rows, n)) for rows in indices]
        return CostTable.owning(np.concatenate(costs), n, self.names)

    def _costs(self, masks: BoolArray) -> FloatArray:
        if not self.takes_batches:
            return np.array([self._cost(mask) for mask in masks])
        try:
            found = _as_numbers(self.function(masks.copy()))
        except Exception:
            found = None
        if found is None or found.shape != (len(masks),) or not np.isfinite(found).all():
            return np.array([self._cost(mask, batch=True) for mask in masks])  # which it was
        return found.astype(np.float64)

    def _cost(self, mask: BoolArray, *, batch: bool = False) -> float:
        where = f"function {_name(self.function)} of mask {show_value(mask_to_string(mask))}"
        try:
            returned = self.function(mask[np.newaxis].copy() if batch else mask.copy())
        except Exception as error:
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise RuntimeError(f"{where} raised {_short(what)}") from error
        found = _as_numbers(returned)
        if found is None:
            raise TypeError(f"{where} is {show_value(returned)} (limit: a number)")
        if found.shape != ((1,) if batch else ()):
            raise ValueError(f"{where} has shape {found.shape} (limit: one number a mask)")
        if not np.isfinite(found).all():
            raise ValueError(f"{where} is {found.item()} (limit: a finite number)")
        return float(found.item())

    def _try(self) -> bool:
        """Whether a batch gives what its masks give one by one."""
        n = self.n_neurons
        masks = np.ones((3, n), dtype=bool)
        masks[1, n // 2 :] = False
        masks[2, ::2] = False
        masks = masks if n > 1 else masks[:2]
        if n == len(masks):  # a number for each neuron is not to pass for one for each mask
            masks = np.concatenate([masks, ~masks[1:2]])
        try:
            together = _as_numbers(self.function(masks.copy()))
        except Exception:
            together = None
        if together is None or together.shape != (len(masks),):
            self._cost(masks[0])
            return False
        try:
            alone = np.array([self._cost(mask) for mask in masks])
        except (RuntimeError, TypeError, ValueError):
            # it takes no mask outside of a batch: then a batch of one is what it is held against
            alone = np.array([self._cost(mask, batch=True) for mask in masks])
        return bool((np.abs(together - alone) <= _rounding(together, alone)).all())


def as_cost(cost: AnyCost, *, argument: str = "cost") -> Cost:
    """Returns a cost, whole: what lacks `order` or `to_table` becomes a `FunctionCost`.

    Raises:
        TypeError: it has no `evaluate` or no `n_neurons`.
    """
    lacking = [name for name in _MEMBERS if not hasattr(cost, name)]
    if not lacking:
        return cast(Cost, cost)
    if "evaluate" in lacking or "n_neurons" in lacking:
        given = f"{argument}={show_value(cost)} is not a cost such as a CostTable"
        if callable(cost) and not isinstance(cost, type):
            raise TypeError(f"{given}: a function needs FunctionCost(function, n_neurons)")
        raise TypeError(f"{given} (limit: it has evaluate and n_neurons)")
    return FunctionCost(cost.evaluate, cost.n_neurons, names=getattr(cost, "names", None))


def _short(text: str) -> str:
    """Text that is not long."""
    return text if len(text) <= 120 else text[:117] + "..."


def _rounding(together: npt.NDArray[Any], alone: FloatArray) -> float:
    """What the costs of the same masks may differ by, in a batch and one by one.

    A constant in all of them allows no more than its own rounding.
    """
    largest = float(max(np.abs(together * 1.0).max(), np.abs(alone).max()))
    if together.dtype.kind == "f" and together.dtype.itemsize < 8:
        return SINGLE_PRECISION * largest
    return _SAME * float(np.ptp(alone)) + EQUAL_WITHIN * largest


def _as_numbers(returned: Any) -> npt.NDArray[Any] | None:
    """An array of real numbers; None for anything else."""
    try:
        array = np.asarray(returned)
    except Exception:  # rows of unequal length, or what has an odd `__array__`
        return None
    return array if array.dtype.kind in "biuf" else None


def _name(function: Any) -> str:
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", type(function).__name__)
    return name if owner is None else f"{type(owner).__name__}.{name}"
