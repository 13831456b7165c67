"""Notebook 10: masks of a fixed number of neurons, by mixers that keep it and by a penalty."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from math import comb
from typing import Any

import numpy as np

from labkit.ansatz import ramp_angles
from labkit.arrays import BoolArray, FloatArray
from labkit.costs import CostTable, equal_within, penalised
from labkit.course.checking import (
    compare_cost,
    compare_function,
    exercise,
    number_exercise,
    take_mask,
)
from labkit.course.circuit_checks import compare_distribution
from labkit.ledger import Outcome
from labkit.masks import all_masks, mask_to_string
from labkit.problems import build_problem
from labkit.selectors import queries_to_optimum
from labkit.selectors.classical import swap_search
from labkit.simulators import evolve_qaoa, probabilities

#: Of the penalty, in standard deviations of the cost; 0 is no penalty.
STRENGTHS = (0.0, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0)
#: The ramps that are tried on the tuning networks: for 'x' and 'ring', and for 'grover', whose
#: phase goes once round at 2 pi.
_GAMMAS = (1.0, 2.0, 3.0, 4.5, 7.0, 10.0, 14.0)
_BETAS = {"x": (0.25, 0.35, 0.5, 0.75, 1.0), "ring": (0.25, 0.35, 0.5, 0.75, 1.0)}
_BETAS["grover"] = (1.0, 2.0, 3.0, 4.0, 5.0)
TUNING_SEEDS = range(100, 110)

Ramp = tuple[float, float]


def _table(n_neurons: int, seed: int) -> CostTable:
    return build_problem("moons", n_neurons, seed=seed).table


@lru_cache(maxsize=64)
def keeps(n_neurons: int, n_active: int) -> BoolArray:
    """Which of the 2^n masks keep `n_active` neurons: bool (2^n,)."""
    return np.asarray(all_masks(n_neurons).sum(axis=1) == n_active)


def costs_by_weight(table: CostTable) -> list[FloatArray]:
    """The costs of the masks that keep 0, 1, ..., n neurons."""
    n = table.n_neurons
    return [table.costs[keeps(n, n_active)] for n_active in range(n + 1)]


def ramp_chances(
    table: CostTable, n_active: int, mixer: str, strength: float, ramp: Ramp, p: int = 4
) -> FloatArray:
    """The chance of each mask in one shot after a ramp: float64 (2^n,).

    Args:
        table: the cost; its scale is the standard deviation over the masks that the state holds.
        n_active: neurons to keep.
        mixer: 'x', which only the penalty holds to `n_active`; or 'ring' or 'grover'.
        strength: of the penalty, for 'x'.
        ramp: `delta_gamma` and `delta_beta` of `labkit.ansatz.ramp_angles`.
        p: layers.
    """
    n, fixed = table.n_neurons, None if mixer == "x" else n_active
    cost = penalised(table, n_active, strength) if mixer == "x" else table
    std = cost.std if mixer == "x" else float(table.costs[keeps(n, n_active)].std())
    gammas, betas = ramp_angles(p, n, std=std, delta_gamma=ramp[0], delta_beta=ramp[1])
    return probabilities(evolve_qaoa(cost, gammas, betas, mixer=mixer, n_active=fixed))


def best_at(table: CostTable, n_active: int) -> BoolArray:
    """Which masks are the best of those that keep `n_active` neurons: bool (2^n,)."""
    inside = keeps(table.n_neurons, n_active)
    least = table.costs[inside].min()
    best: BoolArray = inside & (table.costs <= least + equal_within(table, least))
    return best


@lru_cache(maxsize=256)
def tune_ramp(n_neurons: int, n_active: int, mixer: str, strength: float) -> tuple[Ramp, float]:
    """The ramp that makes a best mask likeliest on the ten tuning networks, and that chance."""
    tables = [_table(n_neurons, seed) for seed in TUNING_SEEDS]

    def chance_of_best(table: CostTable, ramp: Ramp) -> float:
        chances = ramp_chances(table, n_active, mixer, strength, ramp)
        return float(chances[best_at(table, n_active)].sum())

    ramps = [*product(_GAMMAS, _BETAS[mixer])]
    means = [float(np.mean([chance_of_best(table, ramp) for table in tables])) for ramp in ramps]
    return ramps[int(np.argmax(means))], max(means)


def compare_mixers(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Three ways to hold QAOA to a number of neurons, each with its tuned ramp of 4 layers.

    Args:
        parameters: `n_neurons` and `n_active`.
        seed: of the network's weights, and of the searches' starts.

    Returns:
        The chance that a shot keeps `n_active` neurons, and that it is the best such mask: for
        each strength of the penalty, for the strength that was best on the tuning networks, and
        for the ring mixer and the Grover mixer; and the mean queries of classical searches.
    """
    n, k = parameters["n_neurons"], parameters["n_active"]
    table = _table(n, seed)
    inside, best = keeps(n, k), best_at(table, k)
    ways = [("x", strength) for strength in STRENGTHS] + [("ring", 0.0), ("grover", 0.0)]
    tuned = [tune_ramp(n, k, *way) for way in ways]
    chances = [ramp_chances(table, k, *way, tune[0]) for way, tune in zip(ways, tuned, strict=True)]
    right, found = (np.array([chance[at].sum() for chance in chances]) for at in (inside, best))
    likeliest = int(np.argmax([chance for _, chance in tuned[:-2]]))
    # no search stops at another number of neurons
    only = CostTable(np.where(inside, table.costs, table.costs.max() + 1), n)
    rng = np.random.default_rng(seed)
    result = {
        "right": right[:-2],
        "best": found[:-2],
        "strength": STRENGTHS[likeliest],
        "penalty": float(found[likeliest]),
        "ring": float(found[-2]),
        "grover": float(found[-1]),
        "swap_queries": queries_to_optimum(swap_search, [only] * 20, rng=rng, n_active=k).mean(),
        "random_queries": (inside.sum() + 1) / (best.sum() + 1),
    }
    return Outcome(result)


# how many masks of 16 neurons keep 4
number_exercise(
    "10-1",
    comb(16, 4),
    "In how many ways can 4 neurons be picked from 16, in whatever order?",
    slips={
        16 * 15 * 14 * 13: "That tells apart in which order the 4 are picked; a mask does not.",
        16 * 4: "Count the choices of the first neuron, then of the second: they multiply.",
        16**4: "A neuron stays or not; it cannot be picked twice.",
        2**16: "Those are all masks, whatever they keep.",
        2**4: "Those are the masks of 4 neurons.",
    },
)


@exercise("10-2")
def one_of_each_pair(answer: Any) -> str | None:
    """A circuit on four qubits: one of neurons 0 and 1, one of neurons 2 and 3, all equal."""
    first, second, third, fourth = all_masks(4).T
    return compare_distribution(answer, (first != second) & (third != fourth))


@exercise("10-3")
def best_of_three(answer: Any) -> str | None:
    """The best mask of three of ten neurons, circles, seed 3."""
    table = build_problem("circles", 10, seed=3).table
    mask = take_mask(answer, 10)
    if mask.sum() != 3:
        return f"Mask {mask_to_string(mask)} keeps {mask.sum()} neurons; 3 are asked for."
    least = float(table.costs[keeps(10, 3)].min())
    return compare_cost(mask, table, least, "the least cost of three is")


@exercise("10-4")
def at_most(answer: Any) -> str | None:
    """A function (table, k) -> the least cost of masks that keep at most k neurons."""

    def least_cost(table: CostTable, k: int) -> float:
        return min(float(costs.min()) for costs in costs_by_weight(table)[: k + 1])

    for n, seed, k in ((6, 1, 0), (6, 2, 6), (8, 4, 2), (10, 7, 8)):
        what = f"For {n} neurons, seed {seed}, k = {k} it"
        case = (_table(n, seed), k)
        if wrong := compare_function(answer, least_cost, [case], what, tolerance=1e-9):
            return wrong
    return None
