"""The meter: what a selector asks for costs, which counts, remembers the best, and stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.costs import EQUAL_WITHIN, AnyCost, Cost, as_cost
from labkit.costs.tables import unchecked, walk_of
from labkit.ledger import Ledger
from labkit.masks import check_mask
from labkit.selectors.counted import CountedWalk

if TYPE_CHECKING:
    from typing_extensions import Self

#: Costs of a history, 32 MiB; beyond, it has only the least of those that are asked for together.
REMEMBERED = 2**22
#: Up to so many, memory for them is doubled; then it is taken for all, and used as they come.
_DOUBLED = 2**17


class SearchEnded(BaseException):
    """Raised by a `CostMeter` when its budget is spent or its target reached; `run` catches it.

    No `Exception`: a selector that catches those goes no further for it.
    """


class CostMeter:
    """A cost that counts what it is asked, remembers the best answer, and stops at its limits.

    Attributes:
        max_cost_queries: the budget; None where there is none.
        max_forward_passes: the budget of passes, of which a query is one; None where there is none.
        target_cost: a cost at which the search may end; None where there is none.
        best_mask: the best mask so far, of cost `best_cost`; None before the first query. Of costs
            that are equal but for rounding it is the first.
        magnitude: of the cost, and of that whose child this is; see `labkit.costs.equal_within`.
    """

    def __init__(
        self,
        cost: AnyCost,
        *,
        max_cost_queries: int | None = None,
        max_forward_passes: int | None = None,
        target_cost: float | None = None,
    ) -> None:
        self.cost: Cost = as_cost(cost)
        self.max_cost_queries = max_cost_queries
        self.max_forward_passes = max_forward_passes
        self.target_cost = target_cost
        self.best_mask: BoolArray | None = None
        self.best_cost = np.inf
        self.magnitude = float(getattr(self.cost, "magnitude", 0.0))
        self._costs_of = unchecked(self.cost)
        self._spent: dict[str, float] = {**vars(Ledger())}
        self._history, self._length = np.empty(0), 0

    @property
    def n_neurons(self) -> int:
        """Number of neurons of a mask."""
        return self.cost.n_neurons

    @property
    def ledger(self) -> Ledger:
        """What was counted so far."""
        return Ledger(**self._spent)  # type: ignore[arg-type]

    @property
    def history(self) -> FloatArray:
        """The cost of each mask asked for, in order; see `Selection`."""
        costs = self._history[: self._length]
        return costs if 2 * self._length > len(self._history) else costs.copy()

    def count(self, **spent: float) -> None:
        """Adds entries to the ledger, by the names of `Ledger`'s attributes."""
        for name, amount in spent.items():
            if name not in self._spent:
                raise ValueError(f"count of {name!r} is unknown (known: {', '.join(self._spent)})")
            self._spent[name] += amount

    def count_table(self, n_neurons: int) -> None:
        """Counts the 2^n forward passes of a table, before it is made; all of them or none.

        Raises:
            SearchEnded: the budget of passes does not allow them: no part of a table is of use.
        """
        passes, left = 2**n_neurons, self._left_of("forward_passes", self.max_forward_passes)
        if left is not None and passes > left:
            raise SearchEnded
        self.count(forward_passes=passes)

    def equal_within(self, value: float) -> float:
        """How far from a cost another one may be and be equal to it, but for rounding."""
        return EQUAL_WITHIN * max(abs(value), self.magnitude)

    def evaluate(self, neuron_masks: npt.ArrayLike) -> FloatArray:
        """Costs (...) of masks (..., n); each mask is one query.

        Raises:
            SearchEnded: the budget ran out (what it still allowed was asked), or one of these
                masks reached the target (those after it were not asked).
        """
        masks = check_mask(neuron_masks, self.n_neurons, argument="neuron_masks")
        batch = masks.reshape(-1, self.n_neurons)
        allowed = batch[: self.left]
        costs = self._costs_of(allowed)
        self.take(costs, len(batch), lambda i: allowed[i])
        return costs.reshape(masks.shape[:-1])

    def walk(self, neuron_mask: npt.ArrayLike) -> CountedWalk:
        """A walk from a mask, which is a query, as is each mask whose cost it tells later.

        Raises:
            SearchEnded: as of `evaluate`, here and by what the walk is asked.
        """
        if self.left == 0:
            raise SearchEnded
        walk = walk_of(self.cost, neuron_mask)
        self.take(np.array([walk.cost]), 1, lambda _: walk.neuron_mask)
        return CountedWalk(self, walk)

    def take(self, costs: FloatArray, wanted: int, mask_of: Callable[[int], BoolArray]) -> None:
        """Counts the first costs (k,) of those wanted, up to one that reaches the target.

        Args:
            costs: of as many as the budget allows.
            wanted: how many were asked for.
            mask_of: the mask of each, by its place.

        Raises:
            SearchEnded: the budget ran out, or the target was reached.
        """
        is_low = costs <= self.target if self.target_cost is not None else ()
        reached = np.flatnonzero(is_low)
        asked = int(reached[0]) + 1 if len(reached) else len(costs)
        self._remember(costs[:asked], mask_of)
        if len(reached) or len(costs) < wanted:
            raise SearchEnded

    def child(self, cost: Cost) -> Self:
        """A meter of another cost, with the same target and what is left of each budget.

        Raises:
            SearchEnded: nothing is left of one.
        """
        if self.left == 0:
            raise SearchEnded
        queries = self._left_of("cost_queries", self.max_cost_queries)
        passes = self._left_of("forward_passes", self.max_forward_passes)
        limits = {"max_cost_queries": queries, "max_forward_passes": passes}
        child = type(self)(cost, **limits, target_cost=self.target_cost)
        child.magnitude = max(child.magnitude, self.magnitude)
        return child

    def absorb(self, child: CostMeter, embed: Callable[[BoolArray], BoolArray]) -> None:
        """Takes over what a child counted, asked for and found.

        Args:
            child: not used any more after this.
            embed: the mask of this cost that one of the child's stands for, at the same cost.
        """
        for name, amount in child._spent.items():
            self._spent[name] += amount
        self._keep(child.history)
        if child.best_mask is not None and self._is_better(child.best_cost):
            self.best_mask, self.best_cost = embed(child.best_mask).copy(), child.best_cost

    @property
    def target(self) -> float:
        """Costs of at most this reach the target; NaN where there is none."""
        if self.target_cost is None:
            return np.nan
        return self.target_cost + self.equal_within(self.target_cost)

    @property
    def left(self) -> int | None:
        """Queries that the budgets still allow, each of which is a forward pass as well."""
        queries = self._left_of("cost_queries", self.max_cost_queries)
        passes = self._left_of("forward_passes", self.max_forward_passes)
        return min((left for left in (queries, passes) if left is not None), default=None)

    def _left_of(self, entry: str, budget: int | None) -> int | None:
        return None if budget is None else budget - int(self._spent[entry])

    def _remember(self, costs: FloatArray, mask_of: Callable[[int], BoolArray]) -> None:
        self.count(cost_queries=len(costs), forward_passes=len(costs))
        self._keep(costs)
        if len(costs) and self._is_better(least := float(costs.min())):
            best = int((costs <= least + self.equal_within(least)).argmax())
            self.best_mask, self.best_cost = mask_of(best).copy(), float(costs[best])

    def _keep(self, costs: FloatArray) -> None:
        """As history: all of them, or the least where there are too many already."""
        is_full = self._length >= REMEMBERED
        kept = costs.min(keepdims=True) if is_full and len(costs) else costs
        length = self._length + len(kept)
        if length > len(self._history):
            larger = np.empty(_size_for(length))
            larger[: self._length] = self._history[: self._length]
            self._history = larger
        self._history[self._length : length] = kept
        self._length = length

    def _is_better(self, cost: float) -> bool:
        """Whether it is lower than the best so far: of equal costs the first is kept."""
        return cost < self.best_cost - self.equal_within(cost)


def _size_for(length: int) -> int:
    """For how many costs memory is taken where so many are there."""
    return 2 * length if length < _DOUBLED else max(length, REMEMBERED) + REMEMBERED // 8
