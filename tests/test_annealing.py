"""Simulated annealing: its temperatures, its moves, its queries."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cost_tables
from watched import WatchedCost

from labkit.costs import CostTable, LocalCost, PauliZCost
from labkit.masks import all_masks
from labkit.problems import build_problem
from labkit.selectors import (
    dynamic_programming,
    one_flip_search,
    random_search,
    run,
    simulated_annealing,
)
from labkit.selectors.counted import CountedWalk

seeds = st.integers(0, 2**16)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def rugged(n: int, *, seed: int = 0) -> CostTable:
    return CostTable(generator(seed).permutation(2**n).astype(float), n)


def nk_cost(n: int, k: int, *, seed: int) -> LocalCost:
    rng = generator(seed)
    terms = [(tuple((i + np.arange(k)) % n), rng.random(2**k) / n) for i in range(n)]
    return LocalCost(terms, n)


class Walk(WatchedCost):
    """The walk of a selector over a cost."""

    def rises(self, sweeps: int) -> list[tuple[int, float, bool]]:
        """(sweep, rise, kept) of each step of the first walk, worked out from what was asked."""
        n, costs = self.n_neurons, self.table.costs
        current, steps = self.asked[0], self.asked[1 + n :]
        found = []
        for i in range(n * sweeps - 1):
            tried, later = steps[i], steps[i + 1]
            # the next mask is one flip away from the tried one if it was kept, else two
            kept = (tried ^ later).bit_count() == 1
            assert (tried ^ current).bit_count() == 1
            found.append((i // n, float(costs[tried] - costs[current]), kept))
            current = tried if kept else current
        return found


@given(cost_tables(), seeds, st.integers(1, 4), st.integers(0, 2))
def test_every_query_is_the_first_mask_its_flips_or_a_step_of_a_walk(
    table: CostTable, seed: int, sweeps: int, restarts: int
) -> None:
    selection = run(
        simulated_annealing, table, rng=generator(seed), sweeps=sweeps, restarts=restarts
    )
    n = table.n_neurons
    assert selection.ledger.cost_queries == n + (1 + restarts) * (1 + sweeps * n)
    assert selection.ledger.forward_passes == selection.ledger.cost_queries
    assert selection.cost == selection.history.min()


@given(cost_tables(), seeds, st.integers(1, 30))
def test_a_budget_cuts_the_walk_short_but_does_not_change_it(
    table: CostTable, seed: int, budget: int
) -> None:
    whole = run(simulated_annealing, table, rng=generator(seed)).history
    cut = run(simulated_annealing, table, rng=generator(seed), max_cost_queries=budget).history
    np.testing.assert_array_equal(cut, whole[:budget])


def test_the_flips_of_the_first_mask_are_asked_for_first() -> None:
    walk = Walk(rugged(6))
    run(simulated_annealing, walk, rng=generator())
    assert [walk.asked[0] ^ index for index in walk.asked[1:7]] == [32, 16, 8, 4, 2, 1]


def test_a_sweep_tries_every_neuron_once_in_a_new_order() -> None:
    orders = []
    for seed in range(20):
        # a constant cost: every flip is kept, so that the steps are the neurons
        walk = Walk(CostTable(np.zeros(32), 5))
        run(simulated_annealing, walk, rng=generator(seed), sweeps=2)
        steps = [walk.asked[0], *walk.asked[6:-1]]
        flipped = [a ^ b for a, b in pairwise(steps)]
        assert sorted(flipped[:5]) == sorted(flipped[5:]) == [1, 2, 4, 8, 16]
        orders += [tuple(flipped[:5]), tuple(flipped[5:])]
    assert len(set(orders)) > 20


@pytest.mark.parametrize(("n", "in_order"), [(4096, False), (4097, True)])
def test_a_sweep_tries_every_one_of_many_neurons_once_and_from_4097_on_in_their_order(
    monkeypatch: pytest.MonkeyPatch, n: int, in_order: bool
) -> None:
    orders: list[list[int]] = []
    monkeypatch.setattr(CountedWalk, "anneal", lambda walk, order, *_: orders.append([*order]))
    run(simulated_annealing, PauliZCost({(0,): 1.0}, n), rng=generator(), sweeps=2)
    assert [sorted(order) for order in orders] == [[*range(n)]] * 2
    assert (orders[0] == orders[1] == [*range(n)]) == in_order


def test_a_cost_that_does_not_rise_is_always_kept() -> None:
    for seed in range(20):
        walk = Walk(rugged(8, seed=seed))
        run(simulated_annealing, walk, rng=generator(seed), sweeps=6)
        assert all(kept for _, rise, kept in walk.rises(6) if rise <= 0)


def test_rises_are_kept_as_often_as_metropolis_says_at_a_temperature_that_falls() -> None:
    sweeps, n = 5, 8
    kept, expected, variance = np.zeros(sweeps), np.zeros(sweeps), np.zeros(sweeps)
    for seed in range(60):
        table = rugged(n, seed=seed)
        walk = Walk(table)
        run(simulated_annealing, walk, rng=generator(seed), sweeps=sweeps)
        first, flips = table.costs[walk.asked[0]], table.costs[walk.asked[1 : n + 1]]
        rises = np.abs(flips - first)
        hot = float(np.median(rises)) / math.log(2)
        cold = float(np.quantile(rises, 0.1)) / math.log(100)
        for sweep, rise, was_kept in walk.rises(sweeps):
            if rise > 0:
                p = math.exp(-rise / (hot * (cold / hot) ** (sweep / (sweeps - 1))))
                kept[sweep] += was_kept
                expected[sweep] += p
                variance[sweep] += p * (1 - p)
    assert (np.abs(kept - expected) < 4 * np.sqrt(variance) + 1).all()
    assert kept[0] > 5 * kept[-1]


@given(st.integers(1, 6), seeds)
def test_a_cost_that_never_changes_is_walked_without_a_temperature(n: int, seed: int) -> None:
    table = CostTable(np.full(2**n, 0.25), n)
    assert run(simulated_annealing, table, rng=generator(seed)).cost == 0.25


def test_restarts_go_on_where_the_first_walk_ended() -> None:
    table = rugged(8)
    once = run(simulated_annealing, table, rng=generator())
    often = run(simulated_annealing, table, rng=generator(), restarts=3)
    np.testing.assert_array_equal(often.history[: len(once.history)], once.history)
    assert often.cost <= once.cost
    starts = often.history[len(once.history) :: 1 + 10 * 8]
    assert len(starts) == 3


def mean_regret(selector: Any, costs: list[Any], minima: list[float], budget: int) -> float:
    regrets = [
        run(selector, cost, rng=generator(i), max_cost_queries=budget, **options).cost - minimum
        for options in [{} if selector is random_search else {"restarts": 9999}]
        for i, (cost, minimum) in enumerate(zip(costs, minima, strict=True))
    ]
    return float(np.mean(regrets))


def test_on_rugged_costs_it_ends_lower_than_one_flip_search_of_as_many_queries() -> None:
    costs = [nk_cost(100, 5, seed=seed) for seed in range(4)]
    minima = [run(dynamic_programming, cost, rng=generator()).cost for cost in costs]
    annealed = mean_regret(simulated_annealing, costs, minima, 4000)
    descended = mean_regret(one_flip_search, costs, minima, 4000)
    assert 0 < annealed < 0.85 * descended


def test_on_smooth_costs_it_ends_lower_than_random_search_of_as_many_queries() -> None:
    tables = [build_problem("moons", 12, seed=seed).table for seed in range(10)]
    minima = [table.minimum for table in tables]
    annealed = mean_regret(simulated_annealing, tables, minima, 300)
    assert annealed < 0.2 * mean_regret(random_search, tables, minima, 300)


def test_one_sweep_is_hot() -> None:
    table = CostTable(all_masks(6).sum(axis=1).astype(float), 6)
    climbed = 0
    for seed in range(30):
        walk = Walk(table)
        run(simulated_annealing, walk, rng=generator(seed), sweeps=1)
        climbed += sum(kept for _, rise, kept in walk.rises(1) if rise > 0)
    # rises of 1 are kept in half of some 30 * 5 / 2 tries
    assert 20 < climbed < 60


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"sweeps": 0}, r"^sweeps=0 is too small \(limit: 1 or more\)$"),
        ({"sweeps": 1.5}, r"^sweeps=1\.5 is not an integer"),
        ({"restarts": -1}, r"^restarts=-1 is too small \(limit: 0 or more\)$"),
        ({"restarts": None}, r"^restarts=None is not an integer"),
    ],
)
def test_counts_out_of_range_are_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises((TypeError, ValueError), match=expected):
        run(simulated_annealing, rugged(3), rng=generator(), **options)
