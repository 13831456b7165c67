"""What a laptop does: every mask, random masks, one flip at a time, simulated annealing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.random import Generator

from labkit.arrays import BoolArray, FloatArray
from labkit.limits import check_integer, check_register
from labkit.masks import masks_from_indices
from labkit.selectors.counted import CountedWalk
from labkit.selectors.meter import CostMeter

_BLOCK = 2**14
#: Up to this many neurons all indices can be shuffled; beyond, the same mask is hardly met twice.
_SHUFFLE_UP_TO = 24
#: What of a mask may be flipped together: a neuron, or several.
Moves = Callable[[BoolArray], Iterable[Any]]


def exhaustive(meter: CostMeter, *, rng: Generator) -> None:
    """Asks for the cost of every mask, in index order: the optimum, for 2^n queries.

    Raises:
        TooLargeError: 2^n costs do not fit in memory.
    """
    n = check_register("n_neurons", meter.n_neurons, bytes_per_mask=16, what="every cost")
    for start in range(0, 2**n, _BLOCK):
        meter.evaluate(masks_from_indices(np.arange(start, min(start + _BLOCK, 2**n)), n))


def random_search(meter: CostMeter, *, rng: Generator) -> None:
    """Asks for masks in random order, none twice, until the budget or the target ends it.

    Beyond 24 neurons masks are drawn independently, and a budget is needed.
    """
    n = meter.n_neurons
    if n > _SHUFFLE_UP_TO and meter.left is None:
        raise ValueError(f"max_cost_queries=None with {n} neurons (limit: {_SHUFFLE_UP_TO})")
    for masks in _random_masks(n, rng):
        meter.evaluate(masks)


def _random_masks(n: int, rng: Generator) -> Iterator[BoolArray]:
    while n > _SHUFFLE_UP_TO:
        yield rng.random((_BLOCK, n)) < 0.5
    indices = rng.permutation(2**n)
    for start in range(0, len(indices), _BLOCK):
        yield masks_from_indices(indices[start : start + _BLOCK], n)


def one_flip_search(meter: CostMeter, *, rng: Generator, restarts: int = 0) -> None:
    """Flips one neuron at a time where that lowers the cost, until no flip does.

    From a random mask, neurons are tried in random order and every improving flip is kept at
    once; a whole sweep without one ends the descent. (What is lower by rounding alone is not, see
    `labkit.costs.equal_within`.) Then it restarts, `restarts` times.

    Args:
        meter: the cost.
        rng: source of starts and orders.
        restarts: further descents from new random masks, 0 or more.

    >>> from labkit.costs import CostTable
    >>> from labkit.selectors import run
    >>> found = run(one_flip_search, CostTable([0, 2, 1, 3], 2), rng=np.random.default_rng(0))
    >>> found.mask_string, found.cost
    ('00', 0.0)
    """
    n = meter.n_neurons
    for _ in range(1 + check_integer("restarts", restarts, minimum=0)):
        walk = meter.walk(rng.random(n) < 0.5)
        while walk.descend(rng.permutation(n)).kept.any():
            pass


def swap_search(meter: CostMeter, *, rng: Generator, n_active: int) -> None:
    """Exchanges one kept neuron for one that went where that lowers the cost, and restarts.

    The one-flip search of masks that keep `n_active` neurons: all exchanges in random order, an
    improving one kept at once; where none improves, it starts again. A budget or a target ends it.

    Args:
        meter: the cost.
        rng: source of starts and orders.
        n_active: neurons kept, 1 to n - 1.
    """
    n = meter.n_neurons
    n_active = check_integer("n_active", n_active, minimum=1, maximum=n - 1)
    while True:
        mask = np.zeros(n, dtype=bool)
        mask[rng.choice(n, n_active, replace=False)] = True
        _descend(meter, mask, lambda mask: _exchanges(mask, rng))


def _descend(meter: CostMeter, mask: BoolArray, moves: Moves) -> None:
    """Flips the neurons of each move where that lowers the cost, until no move does."""
    cost, improved = float(meter.evaluate(mask)), True
    while improved:
        improved = False
        for neurons in moves(mask):
            mask[neurons] ^= True
            flipped = float(meter.evaluate(mask))
            if flipped < cost - meter.equal_within(cost):
                cost, improved = flipped, True
            else:
                mask[neurons] ^= True


def _exchanges(mask: BoolArray, rng: Generator) -> Iterator[list[int]]:
    """Pairs, in random order, of a neuron kept by then and one that went."""
    for i, j in rng.permutation(list(product(range(len(mask)), repeat=2))):
        if mask[i] and not mask[j]:
            yield [i, j]


#: A rise of this quantile is kept in that share of all tries: in the first sweep, in the last.
_HOT, _COLD = (0.5, 1 / 2), (0.1, 1 / 100)
#: Up to so many neurons are tried in random order; of more, memory is read in order.
_SHUFFLED = 2**12


def simulated_annealing(
    meter: CostMeter, *, rng: Generator, sweeps: int = 10, restarts: int = 0
) -> None:
    """Flips one neuron at a time; a rise of the cost is kept with probability exp(-rise / T).

    A sweep tries every neuron once at one temperature, in random order; more than 4,096 neurons in
    their own order, which takes half the time. From sweep to sweep the temperature falls by one
    factor, T_s = T_hot (T_cold / T_hot)^(s / (sweeps - 1)). Both ends come from the cost
    differences of all n single flips of the first mask, which are asked for and counted: a rise of
    their median is kept in 1/2 of all tries at T_hot, and a rise of their lowest tenth in 1/100 at
    T_cold. Then it restarts from new random masks, `restarts` times.

    Args:
        meter: the cost.
        rng: source of starts, orders and decisions.
        sweeps: of one walk, at least 1.
        restarts: further walks at the same temperatures, 0 or more.

    Reference: Kirkpatrick, Gelatt, Vecchi 1983, Science 220, 671; Metropolis et al. 1953.
    """
    sweeps = check_integer("sweeps", sweeps, minimum=1)
    restarts = check_integer("restarts", restarts, minimum=0)
    n = meter.n_neurons
    walk = meter.walk(rng.random(n) < 0.5)
    rises = np.abs(walk.flip_costs() - walk.cost)
    temperatures = falling_temperatures(rises[rises > meter.equal_within(walk.cost)], sweeps)
    _anneal(walk, temperatures, rng)
    for _ in range(restarts):
        _anneal(meter.walk(rng.random(n) < 0.5), temperatures, rng)


def falling_temperatures(rises: FloatArray, sweeps: int) -> FloatArray:
    """(sweeps,), falling geometrically, from rises above 0; 1 where no flip changes the cost."""
    if not rises.size:
        return np.ones(sweeps)
    quantiles = np.quantile(rises, [_HOT[0], _COLD[0]])
    hot, cold = quantiles / [-math.log(_HOT[1]), -math.log(_COLD[1])]
    return np.geomspace(hot, cold, sweeps)


def _anneal(walk: CountedWalk, temperatures: FloatArray, rng: Generator) -> None:
    n = walk.n_neurons
    in_order = np.arange(n)
    for temperature in temperatures.tolist():
        walk.anneal(rng.permutation(n) if n <= _SHUFFLED else in_order, temperature, rng)
