"""Searches one flip at a time, and the plain compiled loops that bound what they may take."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numba
import numpy as np

from benchmarks.measuring import Contestant, FloatArray
from labkit.costs import EQUAL_WITHIN, PauliZCost, to_bqm
from labkit.datasets import load_task
from labkit.networks import sample_network
from labkit.scoring import NetworkCost, network_cost
from labkit.selectors import one_flip_search, run, simulated_annealing, tabu_search
from labkit.selectors.classical import falling_temperatures

TASK = "breast_cancer"
COSTS = ("cross_entropy", "squared_error")
SWEEPS, STEPS = 20, 20_000


@dataclass(frozen=True, eq=False)
class Descent:
    """One sweep of flips over a random network of n neurons.

    Attributes:
        cost: without a table.
        seed: of the start and of the order.
    """

    cost: NetworkCost
    seed: int

    @property
    def n(self) -> int:
        """Number of neurons."""
        return self.cost.n_neurons

    def search(self, max_cost_queries: int | None = None) -> Any:
        """labkit's one-flip search."""
        rng = np.random.default_rng(self.seed)
        return run(one_flip_search, self.cost, rng=rng, max_cost_queries=max_cost_queries)


def draw_descent(n: int, cost: str, *, seed: int) -> Descent:
    """A network on all features of a task of 284 training samples."""
    task = load_task(TASK)
    network = sample_network(task.n_features, n, 1, scale=2.0, seed=seed).adapted(task.x_train)
    return Descent(network_cost(network, task.x_train, task.y_train, cost=cost), seed)


def enter_ours(descent: Descent) -> Contestant:
    """The costs of all flips that one-flip search tries until none improves."""
    return Contestant("labkit", "walk", lambda: descent.search().history[1:])


def enter_bound(descent: Descent) -> Contestant:
    """The same flips in a plain compiled loop over the samples."""
    loops: dict[str, Any] = {
        "cross_entropy": plain_cross_entropy,
        "squared_error": plain_squared_error,
    }
    rows = np.ascontiguousarray(descent.cost._prepared[..., 0])
    signs = np.ascontiguousarray(descent.cost._targets[:, 0])
    loop, rounding = loops[descent.cost.cost_name], EQUAL_WITHIN * descent.cost.magnitude

    def call() -> Any:
        rng = np.random.default_rng(descent.seed)
        mask, costs, before = rng.random(descent.n) < 0.5, [], None
        outputs = mask.astype(np.float64) @ rows
        while before is None or (mask != before).any():
            before = mask.copy()
            costs.append(np.empty(descent.n))
            order = rng.permutation(descent.n)
            plain_sweep(rows, signs, outputs, mask, order, costs[-1], loop, rounding)
        return np.concatenate(costs)

    return Contestant("plain loop", "flip by flip", call, tolerance=1e-9)


def enter_evaluate(descent: Descent, flips: int = 50) -> Contestant:
    """The last of the same flips, of which none is kept, each by one whole evaluation."""
    found = descent.search()
    rng = np.random.default_rng(descent.seed)
    rng.random(descent.n)
    orders = [rng.permutation(descent.n) for _ in range((len(found.history) - 1) // descent.n)]

    def call() -> Any:
        mask, costs = found.neuron_mask.copy(), np.empty(flips)
        for i, j in enumerate(orders[-1][-flips:].tolist()):
            mask[j] ^= True
            costs[i] = descent.cost.evaluate(mask)
            mask[j] ^= True
        return costs

    share = flips / (len(found.history) - 1)
    return Contestant("evaluate", "mask by mask", call, share=share, tolerance=1e-9)


@numba.njit
def plain_cross_entropy(row: Any, signs: Any, outputs: Any, sign: float) -> float:
    """mean log(1 + exp(-y f)) of the outputs with one row more or less."""
    total = 0.0
    for i in range(len(outputs)):
        total += math.log1p(math.exp(-signs[i] * (outputs[i] + sign * row[i])))
    return total / len(outputs)


@numba.njit
def plain_squared_error(row: Any, signs: Any, outputs: Any, sign: float) -> float:
    """mean (f - y)^2 of the outputs with one row more or less."""
    total = 0.0
    for i in range(len(outputs)):
        total += (outputs[i] + sign * row[i] - signs[i]) ** 2
    return total / len(outputs)


@numba.njit
def plain_sweep(
    rows: Any,
    signs: Any,
    outputs: Any,
    mask: Any,
    order: Any,
    costs: Any,
    cost: Any,
    rounding: float,
) -> None:
    """One flip after another, each kept where it lowers the cost by more than rounding."""
    here = cost(rows[0], signs, outputs, 0.0)
    for i in range(len(order)):
        j = order[i]
        sign = -1.0 if mask[j] else 1.0
        costs[i] = cost(rows[j], signs, outputs, sign)
        if costs[i] < here - rounding:
            here = costs[i]
            mask[j] ^= True
            for s in range(len(outputs)):
                outputs[s] += sign * rows[j, s]


def draw_glass(n: int, degree: int, *, rng: np.random.Generator) -> PauliZCost:
    """Couplings from N(0, 1): of each two neurons, or of as many with each one on average."""
    if degree >= n - 1:
        first, second = np.triu_indices(n, k=1)
    else:
        first, second = rng.integers(0, n, (2, n * degree // 2))
        first, second = first[first != second], second[first != second]
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return PauliZCost(dict(zip(pairs, rng.normal(size=len(first)).tolist(), strict=True)), n)


#: A search of a seed, and so many sweeps: its least cost, and its seconds without conversion.
Search = Callable[[int, int], tuple[float, float]]


def enter_annealing(cost: PauliZCost) -> Search:
    """labkit's annealing."""

    def search(seed: int, sweeps: int) -> tuple[float, float]:
        rng = np.random.default_rng(seed)
        found = run(simulated_annealing, cost, rng=rng, sweeps=sweeps)
        return found.cost, found.ledger.seconds

    return search


def enter_dwave_annealing(cost: PauliZCost, *, temperatures: FloatArray | None = None) -> Search:
    """dwave-samplers' annealing, its model made and its temperatures chosen beforehand.

    Args:
        cost: of order 2.
        temperatures: from the first to the last of these instead, as ours falling by one factor.

    Raises:
        ImportError: it is not installed.
    """
    annealing = import_module("dwave.samplers.sa.sampler")
    sampler, model = annealing.SimulatedAnnealingSampler(), to_bqm(cost)
    if temperatures is None:
        betas = annealing.default_beta_range(model)
    else:
        betas = (1 / temperatures[0], 1 / temperatures[-1])
    options = {"num_reads": 1, "beta_range": betas}

    def search(seed: int, sweeps: int) -> tuple[float, float]:
        found = sampler.sample(model, num_sweeps=sweeps, seed=seed, **options)
        return float(found.first.energy), found.info["timing"]["sampling_ns"] / 1e9

    return search


def our_temperatures(cost: PauliZCost) -> FloatArray:
    """Of labkit's annealing from a random mask."""
    walk = cost.walk(np.random.default_rng(0).random(cost.n_neurons) < 0.5)
    rises = np.abs(walk.flip_costs() - walk.cost)
    return falling_temperatures(rises[rises > 0], SWEEPS)


def sweep_seconds(search: Search, seed: int) -> float:
    """Of a sweep: what ten times as many sweeps more take, each way of starting apart."""
    few, many = (search(seed, sweeps)[1] for sweeps in (SWEEPS, 11 * SWEEPS))
    return (many - few) / (10 * SWEEPS)


def tabu_beside_dwave(cost: PauliZCost, *, seed: int) -> tuple[float, float, float]:
    """Seconds of so many steps of labkit's tabu search, its least cost, dwave's in that time.

    Raises:
        ImportError: dwave-samplers is not installed.
    """
    sampler = import_module("dwave.samplers").TabuSampler()
    rng, queries = np.random.default_rng(seed), STEPS * cost.n_neurons
    ours = run(tabu_search, cost, rng=rng, patience=STEPS, max_cost_queries=queries)
    milliseconds = max(1, round(1000 * ours.ledger.seconds))
    theirs = sampler.sample(to_bqm(cost), seed=seed, timeout=milliseconds)
    return ours.ledger.seconds, ours.cost, float(theirs.first.energy)
