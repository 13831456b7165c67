"""Partition crossover beside what proves the optimum, and beside descents of as many queries."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit.costs import LocalCost
from labkit.datasets import load_task
from labkit.networks import sample_nk_network
from labkit.scoring import nk_cost
from labkit.selectors import (
    dynamic_programming,
    one_flip_search,
    partition_crossover_search,
    run,
)

TASK = "breast_cancer"
QUERIES_PER_NEURON = 100


@dataclass(frozen=True)
class Search:
    """One search for an optimum that is known.

    Attributes:
        found: whether it was found.
        queries: cost queries for each neuron.
        seconds: of the processor.
    """

    found: bool
    queries: float
    seconds: float


def draw_tables(n: int, k: int, *, seed: int, neighbourhood: str = "adjacent") -> LocalCost:
    """NK tables from a uniform distribution; each output reads its own neuron and k - 1 others."""
    rng = np.random.default_rng(seed)
    steps = [np.arange(1, k)] * n
    if neighbourhood == "random":
        steps = [rng.choice(np.arange(1, n), k - 1, replace=False) for _ in range(n)]
    reads = [(i, *((i + step) % n).tolist()) for i, step in enumerate(steps)]
    return LocalCost([(neurons, rng.random(2**k) / n) for neurons in reads], n)


def draw_network(n: int, k: int, *, seed: int, neighbourhood: str = "adjacent") -> LocalCost:
    """The cost of an NK network on all features of a task."""
    task = load_task(TASK)
    network = sample_nk_network(
        task.n_features, n, k, neighbourhood=neighbourhood, scale=2.0, seed=seed
    ).adapted(task.x_train)
    return nk_cost(network, task.x_train, task.y_train, cost="cross_entropy")


COSTS: dict[str, Any] = {"random tables": draw_tables, "a network": draw_network}


def search_optimum(cost: LocalCost, *, seed: int) -> Search:
    """Partition crossover to the optimum that dynamic programming proves, or its budget's end.

    Of the budget 2^K queries for each neuron are left out: so many would tell all tables.
    """
    rng = np.random.default_rng(seed)
    allowed = (QUERIES_PER_NEURON - 2**cost.order) * cost.n_neurons
    optimum = run(dynamic_programming, cost, rng=rng).cost
    start = time.process_time()
    found = run(
        partition_crossover_search, cost, rng=rng, target_cost=optimum, max_cost_queries=allowed
    )  # fmt: skip
    seconds = time.process_time() - start
    reached = found.cost <= optimum + 1e-9
    return Search(reached, found.ledger.cost_queries / cost.n_neurons, seconds)


def beside_descents(cost: LocalCost, *, queries: int, seed: int) -> tuple[float, float]:
    """The least cost that partition crossover finds, and one-flip search with restarts."""
    first, second = np.random.default_rng(seed).spawn(2)
    ours = run(partition_crossover_search, cost, rng=first, max_cost_queries=queries)
    rival = run(one_flip_search, cost, rng=second, restarts=queries, max_cost_queries=queries)
    return ours.cost, rival.cost
