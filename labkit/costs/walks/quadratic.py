"""Loops over flips of a polynomial of order 2 at most, with its arrays at hand.

They do what those of `many_flips` do, to the last bit. There each flip takes the arrays out of the
state anew, which takes as long as the flip where a neuron has few couplings.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import register_jitable

from labkit.costs.walks.exponentials import rises_of_draws
from labkit.costs.walks.loops import compiled
from labkit.costs.walks.walk import EQUAL_WITHIN, HOPELESS

_ONE = np.uint64(1)
#: What a rise that a draw keeps may be off by, in temperatures.
_ROUNDING = 1e-9


@compiled
def sum_rows(starts: Any, items: Any, values: Any, signs: Any, sums: Any) -> None:
    """The sum (n,) of each neuron's couplings times the signs (n,) of the others."""
    for j in range(len(sums)):
        added = 0.0
        for p in range(starts[j], starts[j + 1]):
            added += values[p] * signs[items[p]]
        sums[j] = added


@register_jitable
def _subtract(fields: Any, twice: float, values: Any) -> None:
    """Several at a time: with an offset in an index, which might be below 0, it is one by one."""
    for k in range(len(fields)):
        fields[k] -= twice * values[k]


@register_jitable
def _take_off(fields: Any, starts: Any, items: Any, values: Any, neuron: Any, twice: float) -> None:
    """The fields of the others after a flip: those less 2 z_j times their couplings with it."""
    first, last = starts[neuron], starts[neuron + _ONE]
    if last - first == len(fields) - 1:  # all others, in order
        _subtract(fields[:neuron], twice, values[first : first + neuron])
        _subtract(fields[neuron + _ONE :], twice, values[first + neuron : last])
    else:
        others, couplings = items[first:last], values[first:last]
        for k in range(len(others)):
            fields[others[k]] -= twice * couplings[k]


@register_jitable
def _is_kept(rise: float, temperature: float, draw: float) -> bool:
    """Whether draw < exp(-rise / T); no draw keeps a rise without hope."""
    fall = min(-rise / temperature, 0.0)
    return fall > -HOPELESS and draw < math.exp(fall)


def try_flips(state: Any, order: Any, rule: Any, draws: Any, costs: Any, kept: Any) -> int:
    """Tries flips one after another, see `Walk.try_flips`; how many were tried."""
    neurons = order.view(np.uint64)
    if rule.temperature > 0:
        rises_of_draws(draws, rule.temperature, costs)
    return int(_try_flips(*_arrays(state), neurons, *rule, draws, costs, kept))


def take_steps(state: Any, tabu: Any, costs: Any, neurons: Any) -> int:
    """Steps to the best mask one flip away, see `Walk.take_steps` and `Tabu`; how many."""
    return int(_take_steps(*_arrays(state), *tabu, costs, neurons))


def _arrays(state: Any) -> tuple[Any, ...]:
    """One by one: numba takes as long for nested tuples as for a sweep over a few neurons.

    Indices without a sign: what may be below 0 is asked at each use.
    """
    pairs = state.pairs
    others = pairs.items.view(np.uint32)
    return state.kept, state.total, state.fields, pairs.starts, others, pairs.values


@compiled
def _try_flips(
    mask: Any,
    total: Any,
    fields: Any,
    starts: Any,
    items: Any,
    values: Any,
    order: Any,
    temperature: float,
    magnitude: float,
    target: float,
    draws: Any,
    costs: Any,
    kept: Any,
) -> int:
    """`costs` holds the rises that the draws keep, and each is the cost once it was tried."""
    cost, rounding, tried = total[0], total[1], len(order)
    slack = _ROUNDING * temperature
    for i in range(len(order)):
        neuron = order[i]
        twice = 2.0 - 4.0 * mask[neuron]
        change = -twice * fields[neuron] - rounding
        allowed = costs[i]
        costs[i] = flipped = cost + change
        if flipped <= target:
            tried = i + 1
            break
        if temperature > 0:
            rise = flipped - cost
            if rise > allowed + slack:
                continue
            if rise > allowed - slack and not _is_kept(rise, temperature, draws[i]):
                continue
        elif not flipped < cost - EQUAL_WITHIN * max(abs(cost), magnitude):
            continue
        rounding = (flipped - cost) - change
        cost = flipped
        _take_off(fields, starts, items, values, neuron, twice)
        mask[neuron] ^= True
        kept[i] = True
    total[0], total[1] = cost, rounding
    return tried


@compiled
def _take_steps(
    mask: Any,
    total: Any,
    fields: Any,
    starts: Any,
    items: Any,
    values: Any,
    free_from: Any,
    first: int,
    tenure: int,
    best: float,
    target: float,
    costs: Any,
    neurons: Any,
) -> int:
    twice = 2.0 - 4.0 * mask
    for step in range(len(costs)):
        row, now = costs[step], first + step
        for j in range(len(row)):
            row[j] = total[0] - (total[1] + twice[j] * fields[j])
        least, choice, is_reached = np.inf, 0, False
        for j in range(len(row)):
            is_reached |= row[j] <= target
            if row[j] < least and (free_from[j] <= now or row[j] < best):
                least, choice = row[j], j
        neurons[step] = choice
        if is_reached:
            return step + 1
        change = -twice[choice] * fields[choice] - total[1]
        total[1] = (least - total[0]) - change
        total[0] = least
        _take_off(fields, starts, items, values, np.uint64(choice), twice[choice])
        mask[choice] ^= True
        twice[choice] *= -1
        free_from[choice], best = now + 1 + tenure, min(best, least)
    return len(costs)
