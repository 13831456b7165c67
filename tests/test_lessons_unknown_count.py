"""Searches that do not know M: formulas against simulation, rounds against the ledger."""

from __future__ import annotations

import math

import numpy as np
import pytest

from labkit.amplification import (
    average_success,
    expected_calls,
    expected_calls_unknown,
    success_probability,
)
from labkit.costs import CostTable
from labkit.course import recorded
from labkit.course.lessons.figures_05_unknown_count import expect_calls
from labkit.course.lessons.lesson_05_unknown_count import (
    RUNS,
    count_calls,
    expected_queries_one_flip,
    follow_rounds,
    mean_calls,
)
from labkit.course.plots import draw_falling_threshold, new_axes
from labkit.problems import build_problem
from labkit.selectors import adaptive_grover, default_oracle_calls, one_flip_search, run


@pytest.mark.parametrize(("n", "n_marked"), [(1, 1), (3, 8), (6, 1), (6, 40), (10, 7)])
@pytest.mark.parametrize("reach", [1, 2, 5, 32])
def test_the_average_success_is_the_mean_of_the_formula(n: int, n_marked: int, reach: int) -> None:
    chances = [success_probability(n, n_marked, k) for k in range(reach)]
    assert average_success(n, n_marked, reach) == pytest.approx(np.mean(chances), abs=1e-9)


@pytest.mark.parametrize(("n", "n_marked"), [(5, 1), (6, 3), (8, 1)])
def test_expected_calls_agree_with_searching(n: int, n_marked: int) -> None:
    rng = np.random.default_rng(5)

    def search() -> int:
        reach, calls = 1.0, 0
        while True:
            k = int(rng.integers(math.ceil(reach)))
            calls += k + 1
            if rng.random() < success_probability(n, n_marked, k):
                return calls
            reach = min(6 / 5 * reach, math.sqrt(2**n))

    counted = [search() for _ in range(4000)]
    error = float(np.std(counted)) / math.sqrt(len(counted))
    assert expected_calls_unknown(n, n_marked) == pytest.approx(np.mean(counted), abs=4 * error)


@pytest.mark.parametrize("n", [4, 8, 12, 20])
def test_not_knowing_costs_a_small_factor_and_stays_within_the_bound(n: int) -> None:
    for n_marked in (1, 2, 2 ** (n // 2), 2 ** (n - 2)):
        calls = expected_calls_unknown(n, n_marked)
        assert calls <= 4.5 * math.sqrt(2**n / n_marked) + 1
        assert calls < 2.4 * expected_calls(n, n_marked)
    assert expected_calls_unknown(n, 2**n) == 1


COSTS = [[1, 0], [0, 2, 1, 3], [1, 5, 6, 2, 7, 3, 4, 0], [3, 1, 2, 0, 1, 1, 0, 2] * 2]


@pytest.mark.parametrize("costs", COSTS, ids=len)
def test_expected_queries_of_one_flip_search_agree_with_searching(costs: list[int]) -> None:
    table = CostTable(np.array(costs, dtype=float), len(costs).bit_length() - 1)
    dice = np.random.default_rng(5)

    def search() -> int:
        least = table.minimum
        found = run(one_flip_search, table, rng=dice, target_cost=least, restarts=10**9)
        return int(found.ledger.cost_queries)

    counted = [search() for _ in range(400)]
    error = float(np.std(counted)) / math.sqrt(len(counted))
    assert expected_queries_one_flip(table) == pytest.approx(np.mean(counted), abs=4 * error)


def test_expected_queries_of_one_flip_search_by_hand() -> None:
    # from 0 the flip leads to the least cost: 2 queries, from there 1
    assert expected_queries_one_flip(CostTable(np.array([1.0, 0.0]), 1)) == 1.5
    assert expected_queries_one_flip(CostTable(np.ones(2), 1)) == 1
    with pytest.raises(ValueError, match="n_neurons=11"):
        expected_queries_one_flip(CostTable(np.zeros(2**11), 11))


def test_dealing_costs_out_anew_changes_the_calls_of_one_flip_search_alone() -> None:
    table = build_problem("moons", 6, seed=1).table
    dealt = CostTable(np.random.default_rng(1).permutation(table.costs), 6)
    found = expect_calls([table, dealt])
    plain, shuffled = found.pop("one-flip search")
    assert shuffled > 2 * plain
    assert all(plain == pytest.approx(shuffled) for plain, shuffled in found.values())


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: average_success(4, 1, 0), ValueError),
        (lambda: average_success(4, 17, 2), ValueError),
        (lambda: expected_calls_unknown(4, 0), ValueError),
        (lambda: expected_calls_unknown(4, 1.5), TypeError),  # type: ignore[arg-type]
        (lambda: expected_calls_unknown(0, 1), ValueError),
    ],
)
def test_bad_arguments_are_refused(call: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        call()  # type: ignore[operator]


def test_the_rounds_add_up_to_what_the_ledger_of_the_same_run_says() -> None:
    table = build_problem("moons", 7, seed=3).table
    rounds = follow_rounds(table, rng=np.random.default_rng(2))
    found = run(adaptive_grover, table, rng=np.random.default_rng(2))
    assert rounds.calls[-1] == found.ledger.oracle_calls == default_oracle_calls(7)
    np.testing.assert_array_equal(rounds.costs, found.history)
    assert rounds.calls[0] == 0
    assert (np.diff(rounds.calls) >= 1).all()
    assert (np.diff(rounds.thresholds) <= 0).all()


def test_calls_to_a_threshold_are_those_of_a_run_that_ends_there() -> None:
    table = build_problem("moons", 7, seed=3).table
    rounds = follow_rounds(table, rng=np.random.default_rng(4))
    found = run(adaptive_grover, table, rng=np.random.default_rng(4), target_cost=table.minimum)
    assert rounds.calls_to(table.minimum) == found.ledger.oracle_calls
    with pytest.raises(ValueError, match="was not met"):
        rounds.calls_to(-1.0)


def test_shuffling_keeps_the_number_of_optima() -> None:
    plain = count_calls({"task_name": "moons", "n_hidden": 6}, 3)
    shuffled = count_calls({"task_name": "moons", "n_hidden": 6, "shuffled": True}, 3)
    assert plain.result["n_optima"] == shuffled.result["n_optima"]
    for name in ("adaptive_grover", "random_search", "one_flip_search"):
        assert plain.result[name].shape == (RUNS,)
        assert (plain.result[name] >= 0).all()


def test_a_recorded_point_computed_anew_is_the_same() -> None:
    runs = recorded("05_unknown_count").runs
    then = runs[(runs["parameters.n_hidden"] == 8) & (runs["seed"] == 4)].iloc[0]
    fresh = count_calls({"task_name": "moons", "n_hidden": 8}, 4)
    assert fresh.result["n_optima"] == then["result.n_optima"]
    for name in ("adaptive_grover", "random_search", "one_flip_search"):
        assert fresh.result[name].tolist() == list(then[f"result.{name}"])


def test_mean_calls_are_a_number_for_each_network() -> None:
    runs = recorded("05_unknown_count").runs.iloc[:5]
    means = mean_calls(runs)
    assert means["random search"].shape == (5,)
    assert means["adaptive Grover"][2] == np.mean(runs["result.adaptive_grover"].iloc[2])


def test_the_figure_of_a_search_tells_new_thresholds_from_the_rest() -> None:
    ax = draw_falling_threshold(new_axes()[0], [0, 2, 5], [3.0, 4.0, 1.0], [3.0, 3.0, 1.0])
    _, no_better, better = ax.lines
    assert np.asarray(no_better.get_ydata()).tolist() == [4.0]
    assert np.asarray(better.get_ydata()).tolist() == [3.0, 1.0]
