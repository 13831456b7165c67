"""Tabu search: to the best mask one flip away, better or not, and not back for a while."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from labkit.limits import check_integer
from labkit.selectors.counted import CountedWalk
from labkit.selectors.meter import CostMeter

_LONGEST = 20  # steps for which a neuron is tabu, by default, in networks that are not small
_COSTS_AT_ONCE = 2**20  # 8 MiB of history


def tabu_search(
    meter: CostMeter,
    *,
    rng: Generator,
    tenure: int | None = None,
    patience: int = 50,
    restarts: int = 0,
) -> None:
    """Flips the neuron that leads to the least cost, whether it lowers it or not.

    A neuron that was flipped is tabu for `tenure` steps, unless its flip leads below the best cost
    so far; so the search leaves a local minimum, and does not fall back. Each step asks for the
    cost of all n flips. From a random mask it goes on until `patience` steps in a row met no lower
    cost than before, and then it restarts, `restarts` times.

    Args:
        meter: the cost.
        rng: source of starts.
        tenure: steps for which a flipped neuron is tabu, 0 to n - 1; by default a quarter of n - 1,
            20 at most.
        patience: steps without a lower cost that end a search, at least 1.
        restarts: further searches from new random masks, 0 or more.

    Reference: Glover 1989, ORSA Journal on Computing 1, 190.
    """
    n = meter.n_neurons
    chosen = min(_LONGEST, (n - 1) // 4) if tenure is None else tenure
    tenure = check_integer("tenure", chosen, minimum=0, maximum=n - 1)
    patience = check_integer("patience", patience, minimum=1)
    for _ in range(1 + check_integer("restarts", restarts, minimum=0)):
        _search(meter, meter.walk(rng.random(n) < 0.5), tenure, patience)


def _search(meter: CostMeter, walk: CountedWalk, tenure: int, patience: int) -> None:
    free_from, now = np.zeros(walk.n_neurons, dtype=np.int64), 0
    best, stalled = walk.cost, 0
    while stalled < patience:
        n_steps = min(patience - stalled, max(1, _COSTS_AT_ONCE // walk.n_neurons))
        costs = walk.take_steps(n_steps, free_from, now, tenure).costs
        now += n_steps
        for least in costs.min(axis=1).tolist():
            stalled += 1
            if least < best - meter.equal_within(best):
                best, stalled = least, 0
