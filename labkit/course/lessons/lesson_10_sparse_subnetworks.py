"""Notebook 10: masks of a fixed number of neurons, by mixers that keep it and by a penalty."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.ansatz import ramp_angles
from labkit.costs import EQUAL_WITHIN, CostTable
from labkit.costs.penalty import penalised
from labkit.course.checking import compare_number, exercise
from labkit.masks import BoolArray, all_masks, check_one_mask, mask_from_index, mask_to_string
from labkit.problems import build_problem
from labkit.selectors import run
from labkit.selectors.classical import swap_search
from labkit.selectors.running import Selector
from labkit.simulators import evolve_qaoa, probabilities
from labkit.sweeps.points import Outcome

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
    best: BoolArray = inside & (table.costs <= table.costs[inside].min() + EQUAL_WITHIN)
    return best


@lru_cache(maxsize=256)
def tune_ramp(n_neurons: int, n_active: int, mixer: str, strength: float) -> tuple[Ramp, float]:
    """The ramp that makes a best mask likeliest on the ten tuning networks, and that chance."""
    tables = [_table(n_neurons, seed) for seed in TUNING_SEEDS]

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
    table, inside = _table(n, seed), keeps(n, k)
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


@exercise("10-1")
def masks_of_four(answer: Any) -> str | None:
    """How many masks of 16 neurons keep 4."""
    return compare_number(answer, comb(16, 4))


@exercise("10-2")
def one_of_each_pair(answer: Any) -> str | None:
    """A circuit on four qubits: one of neurons 0 and 1, one of neurons 2 and 3, all equal."""
    import cirq

    from labkit.simulators import final_state, probabilities

    if not isinstance(answer, cirq.AbstractCircuit):
        return f"A cirq.Circuit is expected; {type(answer).__name__} came."
    qubits = cirq.LineQubit.range(4)
    everywhere = cirq.Circuit(cirq.I.on_each(*qubits)) + answer.unfreeze()
    chances = probabilities(final_state(everywhere))
    if len(chances) != 16:
        return f"The circuit acts on {len(everywhere.all_qubits())} qubits; 4 are asked for."
    right = [i for i in range(16) if (i >> 2) in (0b01, 0b10) and (i & 3) in (0b01, 0b10)]
    expected = np.where(np.isin(np.arange(16), right), 1 / len(right), 0.0)
    wrong = np.abs(chances - expected)
    worst = int(wrong.argmax())
    if wrong[worst] < 1e-4:
        return None
    return (
        f"Mask {mask_to_string(mask_from_index(worst, 4))} should have the chance "
        f"{expected[worst]:.3f}; it has {chances[worst]:.3f}."
    )


@exercise("10-3")
def best_of_three(answer: Any) -> str | None:
    """The best mask of three of ten neurons, circles, seed 3."""
    table = build_problem("circles", 10, seed=3).table
    mask = check_one_mask(answer, 10, argument="your mask")
    if mask.sum() != 3:
        return f"Mask {mask_to_string(mask)} keeps {mask.sum()} neurons; 3 are asked for."
    least, cost = float(table.costs[keeps(10, 3)].min()), float(table.evaluate(mask))
    if cost <= least + 1e-9:
        return None
    return f"Mask {mask_to_string(mask)} costs {cost:.6f}; the least cost of three is {least:.6f}."


@exercise("10-4")
def at_most(answer: Any) -> str | None:
    """A function (table, k) -> the least cost of masks that keep at most k neurons."""
    for n, seed, k in ((6, 1, 0), (6, 2, 6), (8, 4, 2), (10, 7, 8)):
        table = build_problem("moons", n, seed=seed).table
        expected = min(float(costs.min()) for costs in costs_by_weight(table)[: k + 1])
        came = float(answer(table, k))
        if not abs(came - expected) < 1e-9:
            return f"For {n} neurons, seed {seed}, k = {k} it is {expected:.6f}; {came:.6f} came."
    return None
