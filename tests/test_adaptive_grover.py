"""Minimum finding: what it finds, what it counts, when it ends, and how its calls grow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cost_tables

from labkit.costs import EQUAL_WITHIN, CostTable, LocalCost
from labkit.masks import all_masks, masks_to_indices
from labkit.problems import build_problem
from labkit.selectors import (
    adaptive_grover,
    default_oracle_calls,
    fit_growth,
    oracle_calls_to_optimum,
    queries_to_optimum,
    random_search,
    run,
)
from labkit.selectors.grover import circuit_measurement, exact_measurement
from labkit.simulators import evolve_grover, probabilities

seeds = st.integers(0, 2**16)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def distinct_costs(n: int, *, seed: int = 0) -> CostTable:
    return CostTable(generator(seed).permutation(2**n).astype(float), n)


def assert_drawn_from(outcomes: Any, expected: Any) -> None:
    """Outcomes (draws,) are as frequent as the probabilities `expected` (2^n,) say."""
    found = np.bincount(outcomes, minlength=len(expected))
    assert found[expected < 1e-9].sum() == 0
    deviation = (found - len(outcomes) * expected)[expected >= 1e-9]
    variance = len(outcomes) * expected[expected >= 1e-9]
    chi_square, freedom = np.sum(deviation**2 / variance), len(deviation) - 1
    assert chi_square < freedom + 5 * math.sqrt(2 * freedom) + 1e-9


# The outcome of one shot


@given(cost_tables(max_n=5), st.integers(0, 6), st.data())
def test_the_closed_form_draws_masks_as_the_evolved_state_does(
    table: CostTable, iterations: int, data: st.DataObject
) -> None:
    threshold = data.draw(st.sampled_from(table.costs.tolist()))
    measure = exact_measurement(table, rng=generator(1))
    outcomes = masks_to_indices([measure(threshold, iterations) for _ in range(800)])
    state = evolve_grover(table.costs < threshold, iterations)
    assert_drawn_from(outcomes, probabilities(state))


@pytest.mark.parametrize("n_marked", [0, 1, 3])
def test_the_closed_form_draws_masks_as_the_circuit_does(n_marked: int) -> None:
    table = distinct_costs(3)
    exact = exact_measurement(table, rng=generator(1))
    on_qsim = circuit_measurement(table, rng=generator(2), sampler=None)
    for iterations in range(4):
        p = probabilities(evolve_grover(table.costs < n_marked, iterations))
        for measure in (exact, on_qsim):
            outcomes = [measure(n_marked, iterations) for _ in range(150)]
            assert_drawn_from(masks_to_indices(outcomes), p)


def test_a_cost_that_equals_the_threshold_but_for_rounding_is_not_marked() -> None:
    table = CostTable(np.array([0.3, 0.1 + 0.2, 0.3 * (1 - EQUAL_WITHIN / 2), 0.2]), 2)
    # one of four masks marked: one iteration finds it for certain
    for measure in (
        exact_measurement(table, rng=generator()),
        circuit_measurement(table, rng=generator(), sampler=None),
    ):
        assert {*masks_to_indices([measure(0.3, 1) for _ in range(30)]).tolist()} == {3}


# What is found


@given(cost_tables(), seeds)
def test_adaptive_grover_ends_at_the_optimum_of_small_tables(table: CostTable, seed: int) -> None:
    selection = run(adaptive_grover, table, rng=generator(seed))
    assert selection.cost == table.minimum


def test_the_default_calls_find_the_optimum_in_far_more_than_half_of_the_runs() -> None:
    for n in (2, 5, 8):
        found = [
            run(adaptive_grover, distinct_costs(n, seed=seed), rng=generator(seed)).cost == 0
            for seed in range(60)
        ]
        assert np.mean(found) > 0.9


def test_few_calls_miss_the_optimum_of_a_large_table() -> None:
    found = [
        run(adaptive_grover, distinct_costs(10), rng=generator(seed), max_oracle_calls=8).cost
        for seed in range(40)
    ]
    assert np.mean(np.array(found) == 0) < 0.5


def test_other_forms_of_a_cost_are_searched_through_their_table() -> None:
    terms = [((j, (j + 1) % 6), generator(j).normal(size=4)) for j in range(6)]
    cost = LocalCost(terms, 6)
    selection = run(adaptive_grover, cost, rng=generator())
    assert selection.cost == pytest.approx(cost.evaluate(all_masks(6)).min(), abs=1e-12)


# What is counted, and when it ends


@given(cost_tables(max_n=5), seeds, st.integers(0, 60))
def test_all_oracle_calls_are_spent_and_none_beyond(
    table: CostTable, seed: int, max_calls: int
) -> None:
    ledger = run(adaptive_grover, table, rng=generator(seed), max_oracle_calls=max_calls).ledger
    assert ledger.oracle_calls == max_calls >= ledger.shots
    # the random start, then one verification for each shot
    assert ledger.cost_queries == 1 + ledger.shots
    assert ledger.circuit_runs == ledger.shots
    assert ledger.forward_passes == 2**table.n_neurons + ledger.cost_queries
    assert ledger.cost_layers == 0


@pytest.mark.parametrize("n", [1, 4, 9])
def test_the_default_spends_what_duerr_and_hoeyer_prove_enough(n: int) -> None:
    calls = math.ceil(22.5 * 2 ** (n / 2) + 1.4 * n * n)
    assert default_oracle_calls(n) == calls
    assert run(adaptive_grover, distinct_costs(n), rng=generator()).ledger.oracle_calls == calls


def test_a_search_that_starts_at_an_optimum_goes_on_because_it_cannot_know() -> None:
    table = CostTable(np.zeros(16), 4)
    selection = run(adaptive_grover, table, rng=generator(), max_oracle_calls=50)
    assert selection.ledger.oracle_calls == 50
    assert selection.ledger.cost_queries > 10
    # no outcome is better than the start, so every mask is as likely as any other
    assert selection.history.tolist() == [0.0] * selection.ledger.cost_queries


def test_a_target_ends_the_search_before_its_calls_are_spent() -> None:
    ledgers = [
        run(adaptive_grover, distinct_costs(8), rng=generator(seed), target_cost=0).ledger
        for seed in range(10)
    ]
    assert all(ledger.oracle_calls < default_oracle_calls(8) for ledger in ledgers)


def test_iterations_are_uniform_up_to_a_reach_that_grows_to_the_root_of_2_to_the_n() -> None:
    n, rounds, runs = 8, 40, 200
    reaches = [min(1.2**i, 2 ** (n / 2)) for i in range(rounds)]
    expected = sum((math.ceil(reach) - 1) / 2 for reach in reaches) + rounds - 1
    variance = sum((math.ceil(reach) ** 2 - 1) / 12 for reach in reaches)
    # nothing is better than the start, so the reach is never set back
    calls = [
        run(
            adaptive_grover,
            CostTable(np.zeros(2**n), n),
            rng=generator(seed),
            max_cost_queries=rounds,
        ).ledger.oracle_calls
        for seed in range(runs)
    ]
    assert abs(np.mean(calls) - expected) < 4 * math.sqrt(variance / runs)
    assert np.std(calls) == pytest.approx(math.sqrt(variance), rel=0.25)


def test_where_almost_every_mask_is_better_few_oracle_calls_are_made() -> None:
    costs = np.zeros(64)
    costs[0] = 1.0
    ledgers = [
        run(adaptive_grover, CostTable(costs, 6), rng=generator(seed), target_cost=0).ledger
        for seed in range(300)
    ]
    # the start is met without an oracle call, or a mask drawn at random is better at once
    assert np.mean([ledger.oracle_calls for ledger in ledgers]) < 0.1


@pytest.mark.parametrize(("n", "n_marked"), [(6, 1), (8, 3), (10, 1), (10, 40)])
def test_a_search_below_one_threshold_needs_no_more_calls_than_boyer_and_others_prove(
    n: int, n_marked: int
) -> None:
    costs = np.ones(2**n)
    costs[generator(n).permutation(2**n)[:n_marked]] = 0.0
    calls = [
        run(
            adaptive_grover,
            CostTable(costs, n),
            rng=generator(seed),
            target_cost=0,
            max_oracle_calls=10**6,
        ).ledger.oracle_calls
        for seed in range(150)
    ]
    assert np.mean(calls) < 4.5 * math.sqrt(2**n / n_marked)
    assert np.mean(calls) > 0.25 * math.sqrt(2**n / n_marked)


@pytest.mark.parametrize(("n", "limit"), [(0, "1 or more"), (1001, "1000")])
def test_a_default_is_given_for_1_to_1000_neurons(n: int, limit: str) -> None:
    with pytest.raises(ValueError, match=rf"^n_neurons={n} is too .* \(limit: {limit}\)$"):
        default_oracle_calls(n)


@pytest.mark.parametrize("bad", [-1, 2.5, "9", True])
def test_a_number_of_calls_out_of_range_is_refused(bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^max_oracle_calls=.*\(limit: 0 or more\)$"):
        run(adaptive_grover, distinct_costs(3), rng=generator(), max_oracle_calls=bad)


def test_a_table_that_does_not_fit_is_refused_before_it_is_made() -> None:
    cost = LocalCost([((0, 49), np.arange(4.0))], 50)
    with pytest.raises(ValueError, match=r"^n_neurons=50 needs .* for sorted costs; .*limit: n_"):
        run(adaptive_grover, cost, rng=generator())


# How calls grow


def test_growth_is_read_off_calls_that_grow_exactly() -> None:
    calls = [[3 * 2 ** (0.5 * n)] * 4 for n in (4, 6, 9)]
    growth = fit_growth([4, 6, 9], calls, rng=generator())
    assert growth.exponent == pytest.approx(0.5)
    assert growth.low == pytest.approx(0.5)
    assert growth.high == pytest.approx(0.5)
    assert growth.prefactor == pytest.approx(3)


def test_growth_is_that_of_the_mean_not_of_the_median_or_the_mean_of_logarithms() -> None:
    calls = [[1.0, 1.0, 2.0**n * 3 - 2] for n in range(2, 8)]
    assert fit_growth(range(2, 8), calls, rng=generator()).exponent == pytest.approx(1)


def test_the_interval_holds_the_true_exponent_in_about_95_of_100_experiments() -> None:
    rng, n = generator(3), np.arange(6, 15)
    held, widths = 0, []
    for _ in range(100):
        calls = rng.exponential(2.0 ** (0.5 * n)[:, np.newaxis], (9, 100))
        growth = fit_growth(n, calls, rng=rng)
        held += growth.low <= 0.5 <= growth.high
        widths.append(growth.high - growth.low)
        assert growth.low < growth.exponent < growth.high
    assert 87 <= held <= 100
    # a mean of 100 exponentials has log2 of standard deviation 0.1443; the slope divides by 7.75
    assert np.mean(widths) == pytest.approx(2 * 1.96 * 0.1443 / 7.75, rel=0.1)


@pytest.mark.parametrize(
    ("n_neurons", "calls", "expected"),
    [
        (
            [4, 4],
            [[1], [2]],
            r"^n_neurons=\[4\.0, 4\.0\] holds too few sizes \(limit: 2 or more\)$",
        ),
        ([4, 5], [[1, 2]], r"^calls has shape \(1, 2\); it must be \(2, runs\)$"),
        ([4, 5], [1, 2], r"^calls has shape \(2,\); it must be \(2, runs\)$"),
        ([4, 5], [[0, 0], [1, 2]], r"^calls holds a size with no calls"),
        ([4, 5], [[3, -1], [1, 2]], r"^calls holds a size with no calls, or calls below 0"),
        ([4, 5], [[1, 2], [3, math.inf]], r"^calls holds a value that is not finite"),
    ],
)
def test_calls_that_have_no_growth_are_refused(n_neurons: Any, calls: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        fit_growth(n_neurons, calls, rng=generator())


def test_calls_until_the_optimum_grow_as_the_square_root_of_the_number_of_masks() -> None:
    sizes, rng = [6, 8, 10, 12, 14], generator(11)
    calls = []
    for n in sizes:
        tables = [build_problem("moons", n, seed=seed).table for seed in range(10)] * 20
        calls.append(
            oracle_calls_to_optimum(adaptive_grover, tables, rng=rng, max_oracle_calls=10**6)
        )
    growth = fit_growth(sizes, calls, rng=rng)
    assert 0.45 < growth.exponent < 0.55
    assert growth.high - growth.low < 0.06


def test_random_search_grows_as_the_number_of_masks() -> None:
    sizes, rng = [4, 6, 8, 10], generator(2)
    calls = [queries_to_optimum(random_search, [distinct_costs(n)] * 200, rng=rng) for n in sizes]
    assert fit_growth(sizes, calls, rng=rng).exponent == pytest.approx(1, abs=0.05)


def test_verifications_are_oracle_calls_and_queries_both() -> None:
    tables = [distinct_costs(6, seed=seed) for seed in range(5)]
    options: dict[str, Any] = {"max_oracle_calls": 10**6}
    calls = oracle_calls_to_optimum(adaptive_grover, tables, rng=generator(), **options)
    queries = queries_to_optimum(adaptive_grover, tables, rng=generator(), **options)
    # the start is a query, but no oracle call
    assert (calls >= queries - 1).all()
    assert (calls > queries - 1).any()


def test_a_budget_that_forbids_the_verification_forbids_its_oracle_call_too() -> None:
    table = CostTable(np.zeros(4), 2)
    ledger = run(adaptive_grover, table, rng=generator(), max_cost_queries=1).ledger
    # one iteration was never drawn: the first reach is 1
    assert (ledger.oracle_calls, ledger.shots, ledger.cost_queries) == (0, 1, 1)


@pytest.mark.parametrize("n", range(1, 19))
def test_the_expected_calls_that_are_proved_are_half_of_the_default_or_fewer(n: int) -> None:
    n_masks = 2.0**n
    rank = np.arange(2, n_masks + 1)
    searches = 4.5 * np.sqrt(n_masks / (rank - 1))
    # 1 / sin(2 theta), where fewer than three quarters of the masks are marked
    root = np.sqrt(n_masks / (rank - 1))
    verifications = np.log(root) / math.log(1.2) + 5
    assert (searches / rank).sum() < 8.4 * math.sqrt(n_masks)
    assert ((searches + verifications) / rank).sum() <= default_oracle_calls(n) / 2
