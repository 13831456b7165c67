"""Every selector under `run`: the right answer, an exact ledger, no lies."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cost_tables
from watched import WatchedCost

from labkit.costs import CostTable
from labkit.masks import all_masks
from labkit.problems import build_problem
from labkit.selectors import (
    CostMeter,
    Ledger,
    Selection,
    adaptive_grover,
    exhaustive,
    grover_search,
    one_flip_search,
    random_search,
    run,
    simulated_annealing,
)

CLASSICAL = (exhaustive, random_search, one_flip_search, simulated_annealing)
SELECTORS = (*CLASSICAL, grover_search, adaptive_grover)
seeds = st.integers(0, 2**16)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def distinct_costs(n: int, *, seed: int = 0) -> CostTable:
    return CostTable(generator(seed).permutation(2**n).astype(float), n)


def moons_table(n: int) -> CostTable:
    return build_problem("moons", n, seed=0).table


def without_seconds(selection: Selection) -> dict[str, Any]:
    return asdict(replace(selection.ledger, seconds=0))


# What holds for every selector


@given(cost_tables(), st.sampled_from(SELECTORS), seeds)
def test_the_stated_cost_is_the_cost_of_the_mask_and_the_best_asked_for(
    table: CostTable, selector: Any, seed: int
) -> None:
    selection = run(selector, table, rng=generator(seed))
    assert selection.neuron_mask.shape == (table.n_neurons,)
    assert selection.cost == table.evaluate(selection.neuron_mask) == selection.history.min()
    assert len(selection.history) == selection.ledger.cost_queries
    assert selection.ledger.seconds > 0
    assert selection.selector == selector.__name__
    assert float(table.evaluate(selection.mask_string)) == selection.cost


@given(cost_tables(), st.sampled_from(SELECTORS), seeds, st.integers(1, 70))
def test_a_budget_is_never_exceeded(
    table: CostTable, selector: Any, seed: int, budget: int
) -> None:
    watched = WatchedCost(table)
    selection = run(selector, watched, rng=generator(seed), max_cost_queries=budget)
    assert selection.ledger.cost_queries <= budget
    # one more: `run` checks the answer
    assert len(watched.asked) == selection.ledger.cost_queries + 1
    np.testing.assert_array_equal(selection.history, table.costs[watched.asked[:-1]])


@given(cost_tables(), st.sampled_from(CLASSICAL), seeds)
def test_a_budget_cuts_a_search_short_but_does_not_change_it(
    table: CostTable, selector: Any, seed: int
) -> None:
    whole = run(selector, table, rng=generator(seed)).history
    budget = (len(whole) + 1) // 2
    cut = run(selector, table, rng=generator(seed), max_cost_queries=budget).history
    np.testing.assert_array_equal(cut, whole[:budget])


@given(cost_tables(), st.sampled_from(SELECTORS), seeds)
def test_the_same_generator_state_gives_the_same_selection(
    table: CostTable, selector: Any, seed: int
) -> None:
    one, same = (run(selector, table, rng=generator(seed)) for _ in range(2))
    np.testing.assert_array_equal(one.neuron_mask, same.neuron_mask)
    np.testing.assert_array_equal(one.history, same.history)
    assert without_seconds(one) == without_seconds(same)


@pytest.mark.parametrize("selector", [random_search, one_flip_search])
def test_another_generator_state_searches_another_way(selector: Any) -> None:
    table = distinct_costs(8)
    one, other = (run(selector, table, rng=generator(seed)) for seed in (1, 2))
    assert one.history[:4].tolist() != other.history[:4].tolist()


@given(cost_tables(), st.sampled_from(SELECTORS), seeds, st.data())
def test_a_search_stops_at_the_first_mask_that_reaches_the_target(
    table: CostTable, selector: Any, seed: int, data: st.DataObject
) -> None:
    target = data.draw(st.sampled_from(table.costs.tolist()))
    history = run(selector, table, rng=generator(seed), target_cost=target).history
    assert (history[:-1] > target).all()
    if selector in (exhaustive, random_search):
        assert history[-1] <= target


def test_a_target_is_reached_by_costs_that_differ_from_it_by_rounding_only() -> None:
    table = CostTable(np.array([1.0, 0.1 + 0.2, 0.0, 0.0]), 2)
    assert len(run(exhaustive, table, rng=generator(), target_cost=0.3).history) == 2


# Ledgers


def test_exhaustive_asks_for_every_mask_once_and_counts_nothing_else() -> None:
    ledger = without_seconds(run(exhaustive, distinct_costs(6), rng=generator()))
    assert ledger == asdict(Ledger(cost_queries=64, forward_passes=64))


def test_grover_search_counts_its_oracle_calls_shots_verifications_and_its_table() -> None:
    table = distinct_costs(5)
    selection = run(grover_search, table, rng=generator(), iterations=3, shots=10)
    assert without_seconds(selection) == asdict(
        Ledger(
            cost_queries=10,
            oracle_calls=30,
            circuit_runs=1,
            shots=10,
            forward_passes=32 + 10,
        )
    )


def test_classical_selectors_count_one_forward_pass_for_each_query() -> None:
    for selector in (random_search, one_flip_search):
        ledger = run(selector, distinct_costs(5), rng=generator()).ledger
        assert ledger.forward_passes == ledger.cost_queries > 0
        assert ledger.oracle_calls == ledger.circuit_runs == ledger.shots == 0


def test_ledgers_add_up_entry_by_entry() -> None:
    one = Ledger(1, 2, 3, 4, 5, 6, 7, 8, 0.5)
    assert one + Ledger(10, 20, 30, 40, 50, 60, 70, 80, 0.25) == Ledger(
        11, 22, 33, 44, 55, 66, 77, 88, 0.75
    )
    assert one + Ledger() == one


def test_seconds_are_the_time_of_the_search() -> None:
    def sleeper(meter: CostMeter, *, rng: np.random.Generator) -> None:
        meter.evaluate("00")
        time.sleep(0.05)

    start = time.perf_counter()
    seconds = run(sleeper, distinct_costs(2), rng=generator()).ledger.seconds
    assert 0.04 < seconds <= time.perf_counter() - start


# Classical selectors


@given(cost_tables(), seeds)
def test_exhaustive_finds_the_minimum_of_the_table(table: CostTable, seed: int) -> None:
    selection = run(exhaustive, table, rng=generator(seed))
    assert selection.cost == min(table.costs)
    np.testing.assert_array_equal(selection.history, table.costs)


def test_exhaustive_goes_through_more_masks_than_one_block_holds() -> None:
    table = distinct_costs(15)
    selection = run(exhaustive, table, rng=generator())
    assert selection.cost == 0
    np.testing.assert_array_equal(selection.history, table.costs)


@pytest.mark.parametrize("n", [1, 6, 15])
def test_random_search_asks_for_every_mask_once_and_ends(n: int) -> None:
    watched = WatchedCost(distinct_costs(n))
    assert run(random_search, watched, rng=generator()).cost == 0
    assert sorted(watched.asked[:-1]) == [*range(2**n)]
    assert n == 1 or watched.asked[:-1] != [*range(2**n)]


def test_random_search_meets_the_optimum_after_half_the_masks_on_average() -> None:
    table = distinct_costs(6)
    queries = [
        run(random_search, table, rng=generator(seed), target_cost=0).ledger.cost_queries
        for seed in range(400)
    ]
    # uniform on 1..64: mean 32.5, standard deviation 18.5
    assert abs(np.mean(queries) - 32.5) < 4 * 18.5 / math.sqrt(400)


@given(cost_tables(), seeds)
def test_one_flip_search_ends_where_no_single_flip_lowers_the_cost(
    table: CostTable, seed: int
) -> None:
    selection = run(one_flip_search, table, rng=generator(seed))
    flipped = selection.neuron_mask ^ np.eye(table.n_neurons, dtype=bool)
    assert selection.cost <= table.evaluate(flipped).min()


def test_one_flip_search_ends_in_a_local_minimum_of_every_rugged_table() -> None:
    for seed in range(100):
        table = distinct_costs(7, seed=seed)
        selection = run(one_flip_search, table, rng=generator(seed))
        flipped = selection.neuron_mask ^ np.eye(7, dtype=bool)
        assert selection.cost <= table.evaluate(flipped).min(), f"seed {seed}"


def test_one_flip_search_walks_straight_down_a_smooth_cost() -> None:
    table = CostTable(all_masks(8).sum(axis=1).astype(float), 8)
    for seed in range(20):
        selection = run(one_flip_search, table, rng=generator(seed))
        assert selection.cost == 0
        # a start, at most two sweeps that improve or fail, and one that fails
        assert selection.ledger.cost_queries <= 1 + 3 * 8


def test_one_flip_search_moves_one_neuron_at_a_time() -> None:
    watched = WatchedCost(distinct_costs(8))
    run(one_flip_search, watched, rng=generator())
    current, best = watched.asked[0], watched.table.costs[watched.asked[0]]
    for index in watched.asked[1:-1]:
        assert bin(index ^ current).count("1") == 1
        if watched.table.costs[index] < best:
            current, best = index, watched.table.costs[index]


def test_restarts_go_on_where_the_first_descent_ended() -> None:
    table = distinct_costs(8)
    once = run(one_flip_search, table, rng=generator())
    often = run(one_flip_search, table, rng=generator(), restarts=20)
    np.testing.assert_array_equal(often.history[: len(once.history)], once.history)
    assert often.cost <= once.cost
    assert len(often.history) > 10 * len(once.history) / 2


# run trusts no selector


def test_a_selector_that_states_a_lower_cost_than_its_mask_has_is_refused() -> None:
    def liar(meter: CostMeter, *, rng: np.random.Generator) -> None:
        meter.evaluate("01")
        meter.best_cost = -1.0

    with pytest.raises(RuntimeError, match=r"^selector liar states -1\.0, it is "):
        run(liar, distinct_costs(2), rng=generator())


def test_a_selector_that_exchanges_its_mask_is_refused() -> None:
    def swindler(meter: CostMeter, *, rng: np.random.Generator) -> None:
        meter.evaluate("01")
        meter.best_mask = np.array([True, False])

    with pytest.raises(RuntimeError, match=r"^selector swindler states "):
        run(swindler, distinct_costs(2), rng=generator())


def test_a_selector_that_looks_up_the_answer_without_asking_is_refused() -> None:
    def thief(meter: CostMeter, *, rng: np.random.Generator) -> None:
        meter.evaluate(meter.cost.to_table().optimal_masks()[0] ^ True)
        meter.best_mask = meter.cost.to_table().optimal_masks()[0]
        meter.best_cost = meter.cost.to_table().minimum

    with pytest.raises(RuntimeError, match=r"^selector thief "):
        run(thief, distinct_costs(4), rng=generator())


def test_a_selector_that_answers_without_asking_anything_is_refused() -> None:
    def guesser(meter: CostMeter, *, rng: np.random.Generator) -> None:
        meter.best_mask, meter.best_cost = (
            np.array([False, False]),
            float(meter.cost.evaluate("00")),
        )

    with pytest.raises(RuntimeError, match=r"^selector guesser "):
        run(guesser, distinct_costs(2), rng=generator())


def test_a_selector_that_asks_for_nothing_is_refused() -> None:
    def idler(meter: CostMeter, *, rng: np.random.Generator) -> None:
        pass

    with pytest.raises(RuntimeError, match=r"^selector idler asked for no mask$"):
        run(idler, distinct_costs(2), rng=generator())


def test_a_selector_that_goes_on_after_its_budget_gets_no_answer() -> None:
    def stubborn(meter: CostMeter, *, rng: np.random.Generator) -> None:
        for mask in all_masks(3):
            try:
                meter.evaluate(mask)
            except Exception:
                continue

    watched = WatchedCost(distinct_costs(3))
    selection = run(stubborn, watched, rng=generator(), max_cost_queries=3)
    assert selection.ledger.cost_queries == 3
    assert watched.asked[:-1] == [0, 1, 2]


def test_a_meter_checks_masks_once_for_its_cost_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def check_again(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("labkit.costs.tables.check_mask", check_again)
    meter = CostMeter(CostTable(np.arange(4.0), 2))
    assert meter.evaluate("10") == 2
    refused: list[Any] = ["1", "12", [[0, 1], [0, 2]], None]
    for bad in refused:
        with pytest.raises((TypeError, ValueError), match=r"^neuron_masks"):
            meter.evaluate(bad)


def test_the_answer_does_not_change_when_a_selector_reuses_its_array() -> None:
    def reuser(meter: CostMeter, *, rng: np.random.Generator) -> None:
        mask = np.array([False, True])
        meter.evaluate(mask)
        mask[:] = True

    selection = run(reuser, CostTable(np.arange(4.0), 2), rng=generator())
    assert selection.mask_string == "01"


# Grover's search


@pytest.mark.parametrize("n", [4, 8, 12])
def test_grover_search_finds_the_optimum_of_moons(n: int) -> None:
    table = moons_table(n)
    selection = run(grover_search, table, rng=generator(1), shots=3)
    assert selection.cost == run(exhaustive, table, rng=generator()).cost
    assert table.rank(selection.neuron_mask) == 1


def test_one_shot_is_enough_where_the_rotation_ends_upright() -> None:
    table = distinct_costs(8)
    found = [run(grover_search, table, rng=generator(seed)).cost == 0 for seed in range(30)]
    assert all(found)


@pytest.mark.parametrize(
    ("n", "n_marked", "iterations"),
    [
        (4, 1, 0),
        (4, 1, 1),
        (4, 1, 3),
        (4, 3, 2),
        (8, 1, 3),
        (8, 1, 6),
        (8, 1, 12),
        (8, 1, 20),
        (8, 13, 1),
        (8, 13, 3),
        (12, 1, 10),
        (12, 1, 25),
        (12, 40, 4),
    ],
)
def test_grover_search_succeeds_as_often_as_the_formula_says(
    n: int, n_marked: int, iterations: int
) -> None:
    shots, table = 600, moons_table(n)
    threshold = float(np.sort(table.costs)[n_marked - 1])
    assert int(table.marked(threshold).sum()) == n_marked
    selection = run(
        grover_search,
        table,
        rng=generator(7),
        threshold=threshold,
        iterations=iterations,
        shots=shots,
    )
    p = math.sin((2 * iterations + 1) * math.asin(math.sqrt(n_marked / 2**n))) ** 2
    found = int((selection.history <= threshold).sum())
    assert abs(found - shots * p) <= 4 * math.sqrt(shots * p * (1 - p)) + 1e-6


def test_runs_of_one_shot_each_succeed_as_often_as_the_formula_says() -> None:
    table, rng, runs = moons_table(4), generator(3), 150
    found = sum(
        run(grover_search, table, rng=rng, iterations=1).cost == table.minimum for _ in range(runs)
    )
    p = 0.47265625
    assert abs(found - runs * p) <= 4 * math.sqrt(runs * p * (1 - p))


@given(cost_tables(max_n=4), seeds)
def test_where_every_mask_is_marked_grover_search_calls_no_oracle(
    table: CostTable, seed: int
) -> None:
    selection = run(grover_search, table, rng=generator(seed), threshold=float(table.costs.max()))
    assert selection.ledger.oracle_calls == 0


def test_a_threshold_below_every_cost_marks_no_mask() -> None:
    table = CostTable(np.arange(1.0, 5.0), 2)
    expected = r"^threshold=0\.5 marks no mask \(limit: the smallest cost, 1\)$"
    with pytest.raises(ValueError, match=expected):
        run(grover_search, table, rng=generator(), threshold=0.5)
    with pytest.raises(ValueError, match=expected):
        table.marked(0.5)


def test_a_history_that_is_full_keeps_the_least_of_what_is_asked_for_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("labkit.selectors.meter.REMEMBERED", 4)
    table = CostTable(np.arange(32.0)[::-1], 5)

    def ask(meter: CostMeter, *, rng: np.random.Generator) -> None:
        for start in range(0, 32, 6):
            meter.evaluate(all_masks(5)[start : start + 6])

    whole = run(ask, table, rng=np.random.default_rng(0))
    assert whole.history.tolist() == [31, 30, 29, 28, 27, 26, 20, 14, 8, 2, 0]
    assert whole.ledger.cost_queries == 32 and whole.cost == 0
    cut = run(ask, table, rng=np.random.default_rng(0), max_cost_queries=10)
    assert cut.history.tolist() == [31, 30, 29, 28, 27, 26, 22]
    assert cut.ledger.cost_queries == 10 and cut.cost == 22
    met = run(ask, table, rng=np.random.default_rng(0), target_cost=17.0)
    assert met.ledger.cost_queries == 15 and met.cost == 17 == met.history[-1]
