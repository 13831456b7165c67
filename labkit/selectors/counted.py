"""A walk of which each cost that is looked at is a query of a meter."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs.walks import Flips, Rule, Steps, Tabu, Walk
from labkit.masks import masks_from_indices

_NONE = np.empty(0)
_NO_LOOK: tuple[IntArray, FloatArray] = np.empty(0, dtype=np.int64), _NONE


class Counter(Protocol):
    """What counts queries, up to a budget and a target: a `CostMeter`."""

    magnitude: float
    best_cost: float

    def equal_within(self, value: float) -> float:
        """How far from a cost another one may be and be equal to it."""

    @property
    def left(self) -> int | None:
        """Queries that the budget still allows."""

    @property
    def target(self) -> float:
        """A cost of at most this ends the search; NaN for none."""

    def take(self, costs: FloatArray, wanted: int, mask_of: Callable[[int], BoolArray]) -> None:
        """Counts costs, see `CostMeter.take`."""


class CountedWalk:
    """A walk over the masks of a cost, as `CostMeter.walk` gives it.

    Each cost that it tells is a query, but in `descend_blocks`. Every method raises `SearchEnded`
    where the budget is spent or the target reached.
    """

    def __init__(self, meter: Counter, walk: Walk) -> None:
        self._meter, self._walk = meter, walk
        self._looked, self._draws = _NO_LOOK, _NONE

    @property
    def neuron_mask(self) -> BoolArray:
        """The present mask, bool (n,): a copy."""
        return self._walk.neuron_mask

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self._walk.n_neurons

    @property
    def cost(self) -> float:
        """Of the present mask."""
        return self._walk.cost

    def flip_costs(self, neurons: npt.ArrayLike | None = None) -> FloatArray:
        """The cost with each of these neurons flipped alone, float64 (k,): k queries; None: all."""
        wanted = np.arange(self.n_neurons) if neurons is None else np.asarray(neurons)
        allowed = wanted[: self._meter.left]
        costs, mask = self._walk.flip_costs(allowed), self.neuron_mask
        self._meter.take(costs, len(wanted), lambda i: _flipped(mask, allowed[i : i + 1]))
        self._looked = allowed, costs
        return costs

    def flip(self, neuron: int) -> None:
        """Flips a neuron; a query where the last `flip_costs` did not look at it."""
        if neuron not in self._looked[0]:
            self.flip_costs([neuron])
        neurons, costs = self._looked
        self.move([neuron], float(costs[neurons == neuron][0]))

    def move(self, neurons: npt.ArrayLike, cost: float) -> None:
        """Flips neurons (k,), which leads to a cost that was looked at: no query."""
        self._walk.move(neurons, cost)
        self._looked = _NO_LOOK

    def block_costs(self, block: IntArray) -> FloatArray:
        """The cost of each mask of a block, by its index, see `Walk.block_costs`: 2^b queries."""
        left, mask = self._meter.left, self.neuron_mask
        if left is not None and left < 2 ** len(block):  # the first of them, and one too many
            masks = masks_from_indices(np.arange(left + 1), len(block))
            return self.group_costs([block[one != mask[block]] for one in masks])
        costs = self._walk.block_costs(block)

        def mask_of(i: int) -> BoolArray:
            mask[block] = masks_from_indices(i, len(block))
            return mask

        self._meter.take(costs, len(costs), mask_of)
        return costs

    def group_costs(self, groups: Sequence[IntArray]) -> FloatArray:
        """The cost with all neurons of each group flipped, float64 (groups,): a query each."""
        allowed, mask = groups[: self._meter.left], self.neuron_mask
        costs = self._walk.group_costs(allowed)
        self._meter.take(costs, len(groups), lambda i: _flipped(mask, allowed[i]))
        return costs

    def flip_together(self, neurons: IntArray) -> None:
        """Flips all of these neurons: one query."""
        self.move(neurons, float(self.group_costs([neurons])[0]))

    def descend(self, order: IntArray) -> Flips:
        """Tries flips in this order, each a query, and keeps at once what lowers the cost."""
        return self._try(order, 0.0, None)

    def descend_blocks(self, blocks: IntArray) -> Flips:
        """Takes the best mask of each block, see `Walk.choose_blocks`; each move is a query.

        What the other masks of a block cost is not counted: it is for a search that knows the
        terms, and counts the passes that reading them takes.
        """
        before = self.neuron_mask
        rule = Rule(0.0, self._meter.magnitude, self._meter.target)
        tried = self._walk.choose_blocks(blocks, rule)
        self._looked = _NO_LOOK
        moves = np.flatnonzero(tried.kept.any(axis=1))
        flips = [blocks[i, tried.kept[i]] for i in moves]
        costs = tried.costs[moves]

        def mask_of(i: int) -> BoolArray:
            return _flipped(before, np.concatenate(flips[: i + 1]))

        self._meter.take(costs[: self._meter.left], len(costs), mask_of)
        return tried

    def anneal(self, order: IntArray, temperature: float, rng: np.random.Generator) -> Flips:
        """Tries flips in this order, each a query; a rise is kept with probability exp(-rise / T).

        One draw decides each flip; of flips that the budget or the target cuts off none is drawn.
        """
        return self._try(order, temperature, rng)

    def take_steps(self, n_steps: int, free_from: IntArray, now: int, tenure: int) -> Steps:
        """Flips the neuron that costs least and is not tabu, and again: n queries a step.

        See `Tabu`: one that is tabu is flipped where that leads below the best cost so far.
        """
        n, left, meter = self.n_neurons, self._meter.left, self._meter
        steps, before = n_steps if left is None else min(n_steps, left // n), self.neuron_mask
        below = meter.best_cost - meter.equal_within(meter.best_cost)
        taken = self._walk.take_steps(steps, Tabu(free_from, now, tenure, below, meter.target))
        self._looked = _NO_LOOK

        def mask_of(i: int) -> BoolArray:
            step, neuron = divmod(i, n)
            return _flipped(before, np.append(taken.neurons[:step], neuron))

        meter.take(taken.costs.ravel(), taken.costs.size, mask_of)
        if steps < n_steps:  # of the last step a part
            self.flip_costs()
        return taken

    def _try(self, order: IntArray, temperature: float, rng: np.random.Generator | None) -> Flips:
        allowed, before = order[: self._meter.left], self.neuron_mask
        rule = Rule(temperature, self._meter.magnitude, self._meter.target)
        if rng is None:
            tried = self._walk.try_flips(allowed, rule, _NONE)
        else:
            state = None if math.isnan(rule.target) else rng.bit_generator.state
            tried = self._walk.try_flips(allowed, rule, self._draw(len(allowed), rng))
            if state is not None and tried.costs.size and tried.costs[-1] <= rule.target:
                rng.bit_generator.state = state
                rng.random(len(tried.costs) - 1)
        self._looked = _NO_LOOK

        def mask_of(i: int) -> BoolArray:
            return _flipped(before, allowed[np.append(np.flatnonzero(tried.kept[:i]), i)])

        self._meter.take(tried.costs, len(order), mask_of)
        return tried

    def _draw(self, count: int, rng: np.random.Generator) -> FloatArray:
        """So many draws of 0..1, in the memory of the last ones."""
        if len(self._draws) != count:
            self._draws = np.empty(count)
        return rng.random(out=self._draws)


def _flipped(neuron_mask: BoolArray, neurons: IntArray) -> BoolArray:
    """The mask with these neurons flipped, one after another."""
    flips = np.zeros(len(neuron_mask), dtype=np.uint8)
    np.add.at(flips, neurons, np.uint8(1))  # that more than 255 begin at 0 again leaves odd odd
    return neuron_mask ^ (flips & 1).view(bool)
