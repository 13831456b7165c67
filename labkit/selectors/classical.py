"""What a laptop does: every mask, random masks, one flip at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt

from labkit.limits import check_integer, check_register
from labkit.masks import BoolArray, masks_from_indices
from labkit.selectors.running import CostMeter

_BLOCK = 2**14
#: Up to this many neurons all indices can be shuffled; beyond, the same mask is hardly met twice.
_SHUFFLE_UP_TO = 24


def exhaustive(meter: CostMeter, *, rng: np.random.Generator) -> None:
    """Asks for the cost of every mask, in index order: the optimum, for 2^n queries.

    Raises:
        TooLargeError: 2^n costs do not fit in memory.
    """
    n = check_register("n_neurons", meter.n_neurons, bytes_per_mask=16, what="every cost")
    for start in range(0, 2**n, _BLOCK):
        meter.evaluate(masks_from_indices(np.arange(start, min(start + _BLOCK, 2**n)), n))


def random_search(meter: CostMeter, *, rng: np.random.Generator) -> None:
    """Asks for masks in random order, none twice, until the budget or the target ends it.

    Beyond 24 neurons masks are drawn independently, and a budget is needed.

    Raises:
        ValueError: more than 24 neurons without `max_cost_queries`.
    """
    n = meter.n_neurons
    if n > _SHUFFLE_UP_TO and meter.max_cost_queries is None:
        raise ValueError(f"max_cost_queries=None with {n} neurons (limit: {_SHUFFLE_UP_TO})")
    for masks in _random_masks(n, rng):
        meter.evaluate(masks)


def _random_masks(n: int, rng: np.random.Generator) -> Iterator[BoolArray]:
    if n > _SHUFFLE_UP_TO:
        while True:
            yield rng.random((_BLOCK, n)) < 0.5
    for block in _blocks(rng.permutation(2**n)):
        yield masks_from_indices(block, n)


def _blocks(indices: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    return (indices[i : i + _BLOCK] for i in range(0, len(indices), _BLOCK))


def one_flip_search(meter: CostMeter, *, rng: np.random.Generator, restarts: int = 0) -> None:
    """Flips one neuron at a time where that lowers the cost, until no flip does.

    From a random mask, neurons are tried in random order and every improving flip is kept at
    once; a whole sweep without one ends the descent. Then it restarts, `restarts` times.

    Args:
        meter: the cost.
        rng: source of starts and orders.
        restarts: further descents from new random masks, 0 or more.

    Raises:
        TypeError: `restarts` is not an integer.
        ValueError: it is negative.
    """
    for _ in range(1 + check_integer("restarts", restarts, minimum=0)):
        _descend(meter, rng)


def _descend(meter: CostMeter, rng: np.random.Generator) -> None:
    mask = rng.random(meter.n_neurons) < 0.5
    cost, improved = float(meter.evaluate(mask)), True
    while improved:
        improved = False
        for j in rng.permutation(meter.n_neurons):
            mask[j] ^= True
            flipped = float(meter.evaluate(mask))
            if flipped < cost:
                cost, improved = flipped, True
            else:
                mask[j] ^= True


def swap_search(meter: CostMeter, *, rng: np.random.Generator, n_active: int) -> None:
    """Exchanges one kept neuron for one that went where that lowers the cost, and restarts.

    The one-flip search of masks that keep `n_active` neurons: all exchanges in random order, an
    improving one kept at once; where none improves, it starts again. A budget or a target ends it.

    Args:
        meter: the cost.
        rng: source of starts and orders.
        n_active: neurons kept, 1 to n - 1.

    Raises:
        TypeError: `n_active` is not an integer.
        ValueError: it is out of range.
    """
    n = meter.n_neurons
    n_active = check_integer("n_active", n_active, minimum=1, maximum=n - 1)
    while True:
        mask = np.zeros(n, dtype=bool)
        mask[rng.choice(n, n_active, replace=False)] = True
        cost, improved = float(meter.evaluate(mask)), True
        while improved:
            improved = False
            for i, j in rng.permutation(list(product(range(n), repeat=2))):
                if not mask[i] or mask[j]:
                    continue
                mask[[i, j]] = False, True
                swapped = float(meter.evaluate(mask))
                if swapped < cost:
                    cost, improved = swapped, True
                else:
                    mask[[i, j]] = True, False
