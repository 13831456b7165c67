"""Walks in compiled loops: of polynomials, of sums of small tables, of outputs of a network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs.walks.building import Contributions, HiddenUnits, Polynomial, Tables
from labkit.costs.walks.stateful import Maker, StatefulWalk
from labkit.costs.walks.states import Fields
from labkit.costs.walks.walk import Flips, Rule, Steps, Tabu


class CompiledWalk(StatefulWalk):
    """A walk whose state is read and changed in compiled loops; see `StatefulWalk`."""

    def __init__(self, make_state: Maker, neuron_mask: BoolArray) -> None:
        from labkit.costs.walks import many_flips, quadratic

        super().__init__(make_state, neuron_mask)
        is_quadratic = isinstance(self._state, Fields) and not self._state.products.size
        self._loops: Any = many_flips
        self._of_many: Any = quadratic if is_quadratic else many_flips

    def try_flips(self, order: IntArray, rule: Rule, draws: FloatArray) -> Flips:
        """Tries flips one after another, each from where the last one that was kept led."""
        costs, kept = np.empty(len(order)), np.zeros(len(order), dtype=bool)
        tried = self._of_many.try_flips(self._state, order, rule, draws, costs, kept)
        self._stepped(int(np.count_nonzero(kept)))
        return Flips(costs[:tried], kept[:tried])

    def choose_blocks(self, blocks: IntArray, rule: Rule) -> Flips:
        """Takes the best mask of each block, one after another, where that lowers the cost."""
        costs, kept = np.empty(len(blocks)), np.zeros(blocks.shape, dtype=bool)
        tried = self._loops.choose_blocks(self._state, blocks, rule, costs, kept)
        self._stepped(tried << blocks.shape[1])
        return Flips(costs[:tried], kept[:tried])

    def take_steps(self, n_steps: int, tabu: Tabu) -> Steps:
        """Flips the neuron that costs least, whether that lowers the cost or not, and again."""
        costs, neurons = np.empty((n_steps, self.n_neurons)), np.zeros(n_steps, dtype=np.int64)
        taken = self._of_many.take_steps(self._state, tabu, costs, neurons)
        self._stepped(taken)
        return Steps(costs[:taken], neurons[:taken])

    def _after(self, neuron: int) -> float:
        return float(self._flip_costs(np.array([neuron]))[0])

    def _move(self, neuron: int, cost: float) -> None:
        self._loops.make_flip(self._state, neuron)
        self._stepped(1)

    def _flip_costs(self, neurons: IntArray) -> FloatArray:
        costs = np.empty(len(neurons))
        self._loops.flip_costs(self._state, neurons, costs)
        return costs

    def _block_costs(self, block: IntArray) -> FloatArray:
        costs = np.empty(2 ** len(block))
        self._loops.block_costs(self._state, block, costs)
        self._stepped(len(costs))
        return costs

    def _group_cost(self, neurons: IntArray) -> float:
        cost = float(self._loops.group_cost(self._state, neurons))
        self._stepped(2 * len(neurons))
        return cost


def warm_up() -> None:
    """Compiles and caches the loops of all walks: seconds, once on a machine."""
    outputs = np.zeros((1, 1))
    contributions = Contributions.of(
        outputs[np.newaxis], outputs, cost=0, width=0, constant=outputs
    )
    quadratic, cubic = (Polynomial.of({neurons: 1.0}, 3) for neurons in ((0, 1), (0, 1, 2)))
    tables = Tables.of([((0,), np.zeros(2))], 1)
    units = HiddenUnits.of(outputs, outputs, outputs, cost=0)
    for make, n in ((quadratic, 3), (cubic, 3), (tables, 1), (contributions, 1), (units, 1)):
        walk, order = CompiledWalk(make, np.zeros(n, dtype=bool)), np.arange(n)
        walk.block_costs(order)
        walk.group_costs([order])
        walk.flip(0)
        rule = Rule(1.0, 0.0, math.nan)
        walk.try_flips(order, rule, np.zeros(n))
        walk.choose_blocks(order[:, np.newaxis], rule)
        walk.take_steps(1, Tabu(np.zeros(n, dtype=np.int64), 0, 0, math.inf, math.nan))
