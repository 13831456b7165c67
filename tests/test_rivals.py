"""Tabu search and the genetic search: their moves, their queries, and what they reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cost_tables
from watched import WatchedCost

from labkit.costs import CostTable, LocalCost, PauliZCost
from labkit.selectors import (
    dynamic_programming,
    genetic_search,
    one_flip_search,
    random_search,
    run,
    tabu_search,
)

seeds = st.integers(0, 2**16)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def rugged(n: int, *, seed: int = 0) -> CostTable:
    return CostTable(generator(seed).permutation(2**n).astype(float), n)


def nk_cost(n: int, k: int, *, seed: int) -> LocalCost:
    rng = generator(seed)
    terms = [(tuple((i + np.arange(k)) % n), rng.random(2**k) / n) for i in range(n)]
    return LocalCost(terms, n)


def spin_glass(n: int, *, seed: int) -> PauliZCost:
    rng = generator(seed)
    return PauliZCost({(i, j): float(rng.normal()) for j in range(n) for i in range(j)}, n)


def replay_tabu(table: CostTable, asked: list[int], tenure: int) -> list[int]:
    """The masks after each step of one search, worked out from what it asked for."""
    n, place, costs = table.n_neurons, asked[0], table.costs
    flips, free_from = 1 << np.arange(n)[::-1], np.zeros(n)
    best, path = costs[place], [place]
    for now, start in enumerate(range(1, len(asked), n)):
        looked = asked[start : start + n]
        assert looked == [place ^ flip for flip in flips][: len(looked)]
        if len(looked) < n:
            break
        may = (free_from <= now) | (costs[looked] < best)
        choice = int(np.where(may, costs[looked], np.inf).argmin())
        place, best = looked[choice], min(best, costs[looked].min())
        free_from[choice] = now + 1 + tenure
        path.append(place)
    return path


@given(seeds, st.integers(3, 7), st.integers(0, 2))
def test_each_step_goes_to_the_least_cost_that_is_not_tabu(seed: int, n: int, tenure: int) -> None:
    watched = WatchedCost(rugged(n, seed=seed))
    run(tabu_search, watched, rng=generator(seed), tenure=tenure, patience=9)
    path = replay_tabu(watched.table, watched.asked[:-1], tenure)
    costs = watched.table.costs[path]
    assert (len(watched.asked) - 2) % n == 0
    lows = np.minimum.accumulate(watched.table.costs[watched.asked[:-1]])[::n]
    assert len(lows) >= 10
    assert lows[-10] == lows[-1]  # nine steps without a lower cost, and no more
    assert (lows[:-10] > lows[-1]).all()
    assert len(costs) == len(lows)


@given(cost_tables(), seeds, st.integers(1, 60))
def test_a_budget_cuts_a_tabu_search_short_within_a_step_too(
    table: CostTable, seed: int, budget: int
) -> None:
    whole = run(tabu_search, table, rng=generator(seed), restarts=1).history
    cut = run(tabu_search, table, rng=generator(seed), restarts=1, max_cost_queries=budget)
    np.testing.assert_array_equal(cut.history, whole[:budget])


@pytest.mark.parametrize("make", [lambda: nk_cost(12, 3, seed=0), lambda: spin_glass(10, seed=0)])
@pytest.mark.parametrize("selector", [tabu_search, genetic_search])
def test_compiled_and_evaluated_walks_search_the_same_way(selector: Any, make: Any) -> None:
    compiled, table = make(), make().to_table()
    one, other = (run(selector, cost, rng=generator(3)) for cost in (compiled, table))
    np.testing.assert_allclose(one.history, other.history, atol=1e-12)
    assert one.mask_string == other.mask_string
    assert one.ledger.cost_queries == one.ledger.forward_passes == len(one.history)


@pytest.mark.parametrize("selector", [tabu_search, genetic_search])
def test_a_target_ends_them_at_the_mask_that_reaches_it(selector: Any) -> None:
    table = rugged(7)
    whole = run(selector, table, rng=generator(1)).history
    target = float(np.minimum.accumulate(whole)[len(whole) // 3])
    history = run(selector, table, rng=generator(1), target_cost=target).history
    np.testing.assert_array_equal(history, whole[: 1 + int((whole <= target).argmax())])


def test_tabu_search_leaves_local_minima_that_end_a_descent() -> None:
    glasses = [spin_glass(40, seed=seed) for seed in range(12)]
    found, descended = (
        np.array([run(f, cost, rng=generator(i)).cost for i, cost in enumerate(glasses)])
        for f in (tabu_search, one_flip_search)
    )
    assert found.mean() < descended.mean() - 5
    assert (found <= descended + 1e-9).mean() > 0.8


def test_a_genetic_search_asks_for_a_population_and_then_for_the_children() -> None:
    found = run(genetic_search, rugged(8), rng=generator(), population=10, generations=7)
    assert found.ledger.cost_queries == 10 + 7 * 9


def test_the_best_mask_of_a_generation_is_not_lost() -> None:
    means = []
    for generations in (0, 5, 40):
        found = [
            run(
                genetic_search,
                nk_cost(60, 3, seed=seed),
                rng=generator(seed),
                generations=generations,
            ).cost
            for seed in range(6)
        ]
        means.append(np.array(found))
    assert (means[0] >= means[1]).all()
    assert (means[1] >= means[2]).all()


def test_crossing_does_better_than_chance_at_as_many_queries_and_worse_than_the_optimum() -> None:
    for seed in range(5):
        cost = nk_cost(60, 3, seed=seed)
        bred = run(genetic_search, cost, rng=generator(seed))
        drawn = run(random_search, cost, rng=generator(seed), max_cost_queries=len(bred.history))
        optimum = run(dynamic_programming, cost, rng=generator()).cost
        assert optimum <= bred.cost < drawn.cost


@pytest.mark.parametrize(
    ("selector", "options", "expected"),
    [
        (tabu_search, {"tenure": 3}, r"^tenure=3 is too large \(limit: 2\)$"),
        (tabu_search, {"tenure": -1}, r"^tenure=-1 is too small"),
        (tabu_search, {"patience": 0}, r"^patience=0 is too small \(limit: 1 or more\)$"),
        (tabu_search, {"restarts": 0.5}, r"^restarts=0\.5 is not an integer"),
        (genetic_search, {"population": 1}, r"^population=1 is too small \(limit: 2 or more\)$"),
        (genetic_search, {"population": 2**50}, r"^population=\d+ needs "),
        (genetic_search, {"generations": -1}, r"^generations=-1 is too small"),
    ],
)
def test_options_out_of_range_are_refused(
    selector: Any, options: dict[str, Any], expected: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=expected):
        run(selector, rugged(3), rng=generator(), **options)


@given(cost_tables(max_n=2), seeds)
def test_one_neuron_or_two_are_enough(table: CostTable, seed: int) -> None:
    for selector in (tabu_search, genetic_search):
        assert run(selector, table, rng=generator(seed)).cost <= table.costs.max()
