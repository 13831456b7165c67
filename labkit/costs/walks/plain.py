"""Walks that need no compiled loop: an index into a table, and any cost that can be evaluated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs.walks.walk import Walk
from labkit.masks import all_masks, place_values

_BLOCK_BYTES = 2**24  # of masks that are evaluated together


class IndexWalk(Walk):
    """A walk over a table: the index of the present mask, of which a flip changes one bit."""

    def __init__(self, costs: FloatArray, neuron_mask: BoolArray) -> None:
        super().__init__(neuron_mask)
        self._costs, self._worth = costs, place_values(len(neuron_mask))
        self._index = int(neuron_mask @ self._worth)

    @property
    def cost(self) -> float:
        """Of the present mask."""
        return float(self._costs[self._index])

    def _after(self, neuron: int) -> float:
        return float(self._costs[self._index ^ self._worth[neuron]])

    def _move(self, neuron: int, cost: float) -> None:
        self._mask[neuron] ^= True
        self._index ^= self._worth[neuron]

    def _flip_costs(self, neurons: IntArray) -> FloatArray:
        return self._costs[self._index ^ self._worth[neurons]]

    def _block_costs(self, block: IntArray) -> FloatArray:
        worth = self._worth[block]
        others = self._index & ~int(worth.sum())
        return self._costs[others + all_masks(len(block)) @ worth]


class EvaluatedWalk(Walk):
    """A walk over any cost: each mask is evaluated, several together where they are known.

    Args:
        costs_of: numbers (...) of bool masks (..., n).
        neuron_mask: bool (n,), where it begins.
    """

    def __init__(self, costs_of: Callable[[BoolArray], FloatArray], neuron_mask: BoolArray) -> None:
        super().__init__(neuron_mask)
        self._costs_of = costs_of
        self._cost = float(costs_of(self._mask.copy()))

    @property
    def cost(self) -> float:
        """Of the present mask."""
        return self._cost

    def _after(self, neuron: int) -> float:
        flipped = self._mask.copy()
        flipped[neuron] ^= True
        return float(self._costs_of(flipped))

    def _move(self, neuron: int, cost: float) -> None:
        self._mask[neuron] ^= True
        self._cost = cost

    def _group_cost(self, neurons: IntArray) -> float:
        flipped = self._mask.copy()
        flipped[neurons] ^= True
        return float(self._costs_of(flipped))

    def _flip_costs(self, neurons: IntArray) -> FloatArray:
        n = self.n_neurons
        rows = max(1, _BLOCK_BYTES // n)
        blocks = (neurons[i : i + rows] for i in range(0, len(neurons), rows))
        flips = (block[:, np.newaxis] == np.arange(n) for block in blocks)
        costs = [self._costs_of(self._mask ^ flip) for flip in flips]
        return np.concatenate([*costs, np.empty(0)])

    def _block_costs(self, block: IntArray) -> FloatArray:
        masks = np.broadcast_to(self._mask, (2 ** len(block), self.n_neurons)).copy()
        masks[:, block] = all_masks(len(block))
        return np.asarray(self._costs_of(masks))
