"""Simulated annealing: a walk that goes up, more and more rarely."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from labkit.costs import EQUAL_WITHIN
from labkit.limits import check_integer
from labkit.masks import BoolArray
from labkit.selectors.running import CostMeter

FloatArray = npt.NDArray[np.float64]

#: A rise of this quantile is kept in that share of all tries: in the first sweep, in the last.
_HOT, _COLD = (0.5, 1 / 2), (0.1, 1 / 100)


def simulated_annealing(
    meter: CostMeter, *, rng: np.random.Generator, sweeps: int = 10, restarts: int = 0
) -> None:
    """Flips one neuron at a time; a rise of the cost is kept with probability exp(-rise / T).

    A sweep tries every neuron once in random order, at one temperature; from sweep to sweep the
    temperature falls by one factor, T_s = T_hot (T_cold / T_hot)^(s / (sweeps - 1)). Both ends
    come from the cost differences of all n single flips of the first mask, which are asked for
    and counted: a rise of their median is kept in 1/2 of all tries at T_hot, and a rise of their
    lowest tenth in 1/100 at T_cold. Then it restarts from new random masks, `restarts` times.

    Args:
        meter: the cost.
        rng: source of starts, orders and decisions.
        sweeps: of one walk, at least 1.
        restarts: further walks at the same temperatures, 0 or more.

    Raises:
        TypeError: a count is not an integer.
        ValueError: one is out of range.

    Reference: Kirkpatrick, Gelatt, Vecchi 1983, Science 220, 671; Metropolis et al. 1953.
    """
    sweeps = check_integer("sweeps", sweeps, minimum=1)
    restarts = check_integer("restarts", restarts, minimum=0)
    n = meter.n_neurons
    mask = rng.random(n) < 0.5
    cost = float(meter.evaluate(mask))
    rises = np.abs(meter.evaluate(mask ^ np.eye(n, dtype=bool)) - cost)
    temperatures = _temperatures(rises, sweeps)
    _walk(meter, mask, cost, temperatures, rng)
    for _ in range(restarts):
        mask = rng.random(n) < 0.5
        _walk(meter, mask, float(meter.evaluate(mask)), temperatures, rng)


def _temperatures(rises: FloatArray, sweeps: int) -> FloatArray:
    """(sweeps,), falling geometrically; 1 where no flip changes the cost."""
    seen = rises[rises > EQUAL_WITHIN]
    if not seen.size:
        return np.ones(sweeps)
    hot, cold = (np.quantile(seen, q) / -math.log(share) for q, share in (_HOT, _COLD))
    return np.geomspace(hot, cold, sweeps)


def _walk(
    meter: CostMeter,
    mask: BoolArray,
    cost: float,
    temperatures: FloatArray,
    rng: np.random.Generator,
) -> None:
    for temperature in temperatures:
        for j in rng.permutation(len(mask)):
            mask[j] ^= True
            flipped = float(meter.evaluate(mask))
            if rng.random() < math.exp(min(0.0, (cost - flipped) / temperature)):
                cost = flipped
            else:
                mask[j] ^= True
