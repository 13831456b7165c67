"""A genetic search: masks that cost little are crossed, and their children are mutated."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from labkit.arrays import BoolArray, FloatArray
from labkit.limits import check_count, check_integer
from labkit.selectors.meter import CostMeter


def genetic_search(
    meter: CostMeter, *, rng: Generator, population: int = 40, generations: int = 25
) -> None:
    """Crosses masks that cost little, and mutates their children.

    From random masks. For each child two parents are chosen, each the better of two masks drawn at
    random; it has each neuron from the one or the other parent by a coin, and then each neuron is
    flipped with probability 1/n. The children and the best mask are the next generation.

    Args:
        meter: the cost.
        rng: source of all randomness.
        population: masks of a generation, at least 2.
        generations: after the first, 0 or more.

    Raises:
        TooLargeError: two populations do not fit in memory.

    Reference: Holland 1975, Adaptation in Natural and Artificial Systems; Syswerda 1989, ICGA 3, 2
        (uniform crossover).
    """
    population = check_integer("population", population, minimum=2)
    generations = check_integer("generations", generations, minimum=0)
    n = meter.n_neurons
    # the masks and their children, and three arrays of random numbers on the way
    check_count("population", population, bytes_each=30 * n, what="masks and their children")
    masks = rng.random((population, n)) < 0.5
    costs = meter.evaluate(masks)
    for _ in range(generations):
        children = _breed(masks, costs, rng)
        children_costs = meter.evaluate(children)
        best = int(costs.argmin())  # it lives on, and is not asked for again
        masks = np.concatenate([masks[best : best + 1], children])
        costs = np.concatenate([costs[best : best + 1], children_costs])


def _breed(masks: BoolArray, costs: FloatArray, rng: Generator) -> BoolArray:
    """One child less than there are masks, each of two parents that won a tournament of two."""
    count, n = len(masks) - 1, masks.shape[1]
    drawn = rng.integers(len(masks), size=(2, 2, count))
    one, other = np.where(costs[drawn[0]] <= costs[drawn[1]], drawn[0], drawn[1])
    children = np.where(rng.random((count, n)) < 0.5, masks[one], masks[other])
    return children ^ (rng.random((count, n)) < 1 / n)
