"""Loops over flips, of any state of a compiled walk."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import register_jitable

from labkit.costs.walks.loops import after, compiled, flip, move
from labkit.costs.walks.walk import EQUAL_WITHIN, HOPELESS


@compiled
def flip_costs(state: Any, neurons: Any, costs: Any) -> None:
    """The cost with each of these neurons flipped alone."""
    for i in range(len(neurons)):
        costs[i] = after(state, neurons[i])


@compiled
def make_flip(state: Any, neuron: int) -> None:
    """One flip."""
    flip(state, neuron)


@compiled
def block_costs(state: Any, block: Any, costs: Any) -> None:
    """The cost of each mask of a block by its index, in Gray-code order; and back."""
    b, index = len(block), 0
    for j in block:
        index = 2 * index + state.kept[j]
    costs[index] = state.total[0]
    for i in range(1, 1 << b):
        place = 0
        while not i >> place & 1:
            place += 1
        make_flip(state, block[b - 1 - place])
        index ^= 1 << place
        costs[index] = state.total[0]
    make_flip(state, block[0])


@compiled
def group_cost(state: Any, neurons: Any) -> float:
    """The cost with all of these neurons flipped; and back."""
    for j in neurons:
        make_flip(state, j)
    cost = state.total[0]
    for j in neurons:
        make_flip(state, j)
    return cost


@register_jitable
def _keeps(rule: Any, cost: float, flipped: float, draw: float) -> bool:
    """Whether a flip from one cost to another is kept, see `Rule.keeps`."""
    if rule.temperature > 0:
        falls = (cost - flipped) / rule.temperature
        return falls >= 0 or (falls > -HOPELESS and draw < math.exp(falls))
    return flipped < cost - EQUAL_WITHIN * max(abs(cost), rule.magnitude)


@compiled
def try_flips(state: Any, order: Any, rule: Any, draws: Any, costs: Any, kept: Any) -> int:
    """Tries flips one after another, see `Walk.try_flips`; how many were tried."""
    for i in range(len(order)):
        here, flipped = state.total[0], after(state, order[i])
        costs[i] = flipped
        if flipped <= rule.target:
            return i + 1
        if _keeps(rule, here, flipped, draws[i] if rule.temperature > 0 else 0.0):
            move(state, order[i], flipped)
            kept[i] = True
    return len(order)


@register_jitable
def _best_of_block(state: Any, block: Any, b: int) -> tuple[float, int]:
    """The least cost of the masks of a block, and which flips lead to it, bit i for neuron i."""
    least, best, flips = state.total[0], 0, 0
    for i in range(1, 1 << b):
        place = 0
        while not i >> place & 1:
            place += 1
        make_flip(state, block[place])
        flips ^= 1 << place
        if state.total[0] < least:
            least, best = state.total[0], flips
    make_flip(state, block[b - 1])
    return least, best


@compiled
def choose_blocks(state: Any, blocks: Any, rule: Any, costs: Any, kept: Any) -> int:
    """The best mask of one block after another, see `Walk.choose_blocks`; of how many."""
    for i in range(len(blocks)):
        b = 0
        while b < blocks.shape[1] and blocks[i, b] >= 0:
            b += 1
        costs[i] = here = state.total[0]
        least, best = _best_of_block(state, blocks[i], b)
        if not _keeps(rule, here, least, 0.0):
            continue
        costs[i] = least
        for place in range(b):
            kept[i, place] = best >> place & 1
        if least <= rule.target:
            return i + 1
        for place in range(b):
            if kept[i, place]:
                make_flip(state, blocks[i, place])
    return len(blocks)


@compiled
def take_steps(state: Any, tabu: Any, costs: Any, neurons: Any) -> int:
    """Steps to the best mask one flip away, see `Walk.take_steps` and `Tabu`; how many."""
    best = tabu.best
    for step in range(len(costs)):
        lowest, least, choice = np.inf, np.inf, 0
        for j in range(len(state.kept)):
            costs[step, j] = flipped = after(state, j)
            lowest = min(lowest, flipped)
            if flipped < least and (tabu.free_from[j] <= tabu.now + step or flipped < best):
                least, choice = flipped, j
        neurons[step] = choice
        if lowest <= tabu.target:
            return step + 1
        move(state, choice, least)
        tabu.free_from[choice] = tabu.now + step + 1 + tabu.tenure
        best = min(best, least)
    return len(costs)
