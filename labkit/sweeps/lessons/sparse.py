"""Notebook 10: masks of a fixed number of neurons, by mixers that keep it and by a penalty."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations, product
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.ansatz import ramp_angles
from labkit.costs import EQUAL_WITHIN, CostTable, PauliZCost
from labkit.limits import check_integer
from labkit.masks import BoolArray, all_masks
from labkit.problems import build_problem
from labkit.selectors import run
from labkit.selectors.running import CostMeter, Selector
from labkit.simulators import evolve_qaoa, probabilities
from labkit.sweeps.functions import Outcome

FloatArray = npt.NDArray[np.float64]

#: Of the penalty, in standard deviations of the cost; 0 is no penalty.
STRENGTHS = (0.0, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0)
#: The ramps that are tried on the tuning networks: for 'x' and 'ring', and for 'grover', whose
#: phase goes once round at 2 pi.
_GAMMAS = (1.0, 2.0, 3.0, 4.5, 7.0, 10.0, 14.0)
_BETAS = {"x": (0.25, 0.35, 0.5, 0.75, 1.0), "ring": (0.25, 0.35, 0.5, 0.75, 1.0)}
_BETAS["grover"] = (1.0, 2.0, 3.0, 4.0, 5.0)
TUNING_SEEDS = range(100, 110)

Ramp = tuple[float, float]


def moons_table(n_neurons: int, seed: int) -> CostTable:
    """The cross-entropy of each subnetwork of a random network on moons."""
    return build_problem("moons", n_neurons, seed=seed).table


@lru_cache(maxsize=64)
def keeps(n_neurons: int, n_active: int) -> BoolArray:
    """Which of the 2^n masks keep `n_active` neurons: bool (2^n,)."""
    return np.asarray(all_masks(n_neurons).sum(axis=1) == n_active)


def costs_by_weight(table: CostTable) -> list[FloatArray]:
    """The costs of the masks that keep 0, 1, ..., n neurons."""
    n = table.n_neurons
    return [table.costs[keeps(n, n_active)] for n_active in range(n + 1)]


def penalty(n_neurons: int, n_active: int) -> PauliZCost:
    """(|m| - k)^2, a cost of order 2: 0 where k neurons stay.

    With m = (1 - z)/2 and S = sum_j z_j it is (n/2 - k)^2 - (n/2 - k) S + S^2 / 4, where
    S^2 = n + 2 sum_{i<j} z_i z_j.

    Args:
        n_neurons: n.
        n_active: k.
    """
    excess = n_neurons / 2 - n_active
    terms: dict[tuple[int, ...], float] = {(): excess**2 + n_neurons / 4}
    terms |= {(j,): -excess for j in range(n_neurons)}
    terms |= dict.fromkeys(combinations(range(n_neurons), 2), 0.5)
    return PauliZCost(terms, n_neurons)


def penalised(table: CostTable, n_active: int, strength: float) -> CostTable:
    """cost + strength * std * (|m| - n_active)^2."""
    fine = penalty(table.n_neurons, n_active).to_table().costs
    return CostTable(table.costs + strength * table.std * fine, table.n_neurons)


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
    best: BoolArray = inside & (table.costs <= table.costs[inside].min() + EQUAL_WITHIN)
    return best


@lru_cache(maxsize=256)
def tune_ramp(n_neurons: int, n_active: int, mixer: str, strength: float) -> tuple[Ramp, float]:
    """The ramp that makes a best mask likeliest on the ten tuning networks, and that chance."""
    tables = [moons_table(n_neurons, seed) for seed in TUNING_SEEDS]

    def chance(ramp: Ramp) -> float:
        found = [
            ramp_chances(table, n_active, mixer, strength, ramp)[best_at(table, n_active)].sum()
            for table in tables
        ]
        return float(np.mean(found))

    scored = {ramp: chance(ramp) for ramp in product(_GAMMAS, _BETAS[mixer])}
    best = max(scored, key=lambda ramp: scored[ramp])
    return best, scored[best]


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
    table, inside = moons_table(n, seed), keeps(n, k)
    best = best_at(table, k)
    ways = [("x", strength) for strength in STRENGTHS] + [("ring", 0.0), ("grover", 0.0)]
    chances = [
        ramp_chances(table, k, mixer, strength, tune_ramp(n, k, mixer, strength)[0])
        for mixer, strength in ways
    ]
    tuned = [tune_ramp(n, k, "x", strength)[1] for strength in STRENGTHS]
    right = np.array([chance[inside].sum() for chance in chances])
    found = np.array([chance[best].sum() for chance in chances])
    result = {
        "right": right[:-2],
        "best": found[:-2],
        "strength": STRENGTHS[int(np.argmax(tuned))],
        "penalty": found[int(np.argmax(tuned))],
        "ring": found[-2],
        "grover": found[-1],
        "swap_queries": _mean_queries(swap_search, table, k, seed),
        "random_queries": (inside.sum() + 1) / (best.sum() + 1),
    }
    return Outcome({name: _plain(value) for name, value in result.items()})


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


def _mean_queries(selector: Selector, table: CostTable, n_active: int, seed: int) -> float:
    """Queries until a best mask of `n_active` neurons is met, the mean of 20 runs."""
    target = float(table.costs[keeps(table.n_neurons, n_active)].min())
    rng = np.random.default_rng(seed)
    runs = [
        run(selector, _only_at(table, n_active), rng=rng, target_cost=target, n_active=n_active)
        for _ in range(20)
    ]
    return float(np.mean([one.ledger.cost_queries for one in runs]))


def _only_at(table: CostTable, n_active: int) -> CostTable:
    """The table, with a cost no search stops at where another number of neurons stays."""
    inside = keeps(table.n_neurons, n_active)
    return CostTable(np.where(inside, table.costs, table.costs.max() + 1), table.n_neurons)


def _plain(value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else float(value)
