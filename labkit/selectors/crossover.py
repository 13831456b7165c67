"""Grey-box search: local optima are taken apart where no term joins them, and put together."""

from __future__ import annotations

from itertools import count

import numpy as np
from numpy.random import Generator

from labkit.arrays import BoolArray, IntArray
from labkit.costs import LocalCost, PauliZCost
from labkit.limits import check_integer
from labkit.selectors.counted import CountedWalk
from labkit.selectors.crossing import Terms
from labkit.selectors.meter import CostMeter

#: Neurons that a descent chooses together.
_BLOCK = 6
#: Queries for each neuron, where neither rounds nor a budget say when to end.
_QUERIES_PER_NEURON = 100


def partition_crossover_search(
    meter: CostMeter, *, rng: Generator, rounds: int | None = None
) -> None:
    """Crosses each local optimum with another, the better of both in each separate part.

    A descent from a random mask takes a neuron with five that share a term with it, and the best of
    their 64 masks, until none is better. Then, again and again: neurons around a random one are
    chosen by a coin each, all others stay, and a descent leads to another local optimum. Where the
    two differ, neurons that share a term belong to one part. No term reads two parts, so the cost
    is a sum over the parts, and each is decided by itself: exactly where few of its neurons at a
    time share terms, so that the child is the best that has each neuron from the one or the other
    mask (`tree_elimination` of the difference); else as a whole. A descent from the child gives
    the next local optimum. As many neurons are chosen by a coin as come apart: at first all, half
    as many after a part that does not, and twice as many after a round without one.

    A query is each mask that the search goes to, and each part that it decides as a whole. What a
    block of neurons or a part would change otherwise is read from the terms, which are known:
    2^order forward passes, counted, as in `dynamic_programming`.

    Args:
        meter: of a `LocalCost` or a `PauliZCost`.
        rng: source of all randomness.
        rounds: crossings; by default they end with the budget, or the target, or 100 n queries
            where there is no budget.

    Raises:
        TypeError: the cost is of another form, which does not say who shares a term.
        TooLargeError: the tables of all terms, and who shares one, do not fit in memory.

    Reference: Tinós, Whitley, Chicano 2015, FOGA XIII, 137 (partition crossover); Chicano, Whitley,
        Sutton 2014, GECCO, 437 (descents by more than one flip, without evaluations); Chicano,
        Whitley, Ochoa, Tinós 2017, GECCO, 753 (with kicks); Chicano, Ochoa, Whitley, Tinós 2022,
        Evolutionary Computation 30, 409 (the best child of a part).
    """
    cost, n = meter.cost, meter.n_neurons
    if not isinstance(cost, LocalCost | PauliZCost):
        given = f"{type(cost).__name__} of order {cost.order}"
        raise TypeError(f"cost is a {given} (limit: a LocalCost or a PauliZCost)")
    if rounds is not None:
        rounds = check_integer("rounds", rounds, minimum=0)
    terms = Terms.of(cost)
    meter.count_table(cost.order)
    walk, size = meter.walk(rng.random(n) < 0.5), n
    _descend(walk, terms, np.arange(n), rng)
    for _ in count() if rounds is None else range(rounds):
        if rounds is None and meter.left is None and _spent(meter) >= _QUERIES_PER_NEURON * n:
            return
        before = walk.neuron_mask
        _kick(walk, terms, size, rng)
        comes_apart = _cross(meter, walk, terms, before, rng)
        size = min(n, 2 * size) if comes_apart else max(1, size // 2)


def _spent(meter: CostMeter) -> int:
    return int(meter.ledger.cost_queries)


def _kick(walk: CountedWalk, terms: Terms, size: int, rng: Generator) -> None:
    """So many neurons around a random one by a coin each: one query. Then a descent."""
    ball = terms.ball(size, rng)
    flips = ball[rng.random(len(ball)) < 0.5]
    walk.flip_together(flips)
    _descend(walk, terms, terms.near(flips), rng)


def _cross(
    meter: CostMeter, walk: CountedWalk, terms: Terms, before: BoolArray, rng: Generator
) -> bool:
    """Goes to the best child of the present mask and one before; whether all parts came apart."""
    mask = walk.neuron_mask
    better, wide = terms.cross(mask, np.flatnonzero(mask != before))
    lower = walk.group_costs(wide) < walk.cost - meter.equal_within(walk.cost)
    chosen = [part for part, is_lower in zip(wide, lower.tolist(), strict=True) if is_lower]
    if (flips := np.concatenate([better, *chosen])).size:
        walk.flip_together(flips)
        _descend(walk, terms, terms.near(flips), rng)
    return not wide


def _descend(walk: CountedWalk, terms: Terms, neurons: IntArray, rng: Generator) -> None:
    """Blocks around these neurons, then around all near what was flipped, until nothing is."""
    while neurons.size:
        blocks = terms.blocks(rng.permutation(neurons), _BLOCK, rng)
        neurons = terms.near(blocks[walk.descend_blocks(blocks).kept])
