"""Notebook 14's sweep: regrets that only fall, baselines counted, costs dealt at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from parts import needs_keras

from labkit.course import recorded
from labkit.course.explorers.network import share_solved
from labkit.course.lessons.figures_14_fair_comparison import (
    figure_dealt,
    figure_everyone,
    figure_found,
    figure_race,
    figure_test_accuracy,
    figure_tuning,
)
from labkit.course.lessons.lesson_14_fair_comparison import (
    EDGE_POPUP_STEPS,
    TRAINING_STEPS,
    collect,
    pick_table_passes,
    run_at_equal_budget,
    run_on_local_terms,
    shuffle_costs,
    solve_readouts,
    transferred_angles,
)
from labkit.problems import build_problem


def parameters(entrant: str, **changed: Any) -> dict[str, Any]:
    chosen = {"task_name": "moons", "n_hidden": 6, "budget": 64, "n_runs": 2, "shuffled": False}
    return {"entrant": entrant, **chosen, **changed}


@pytest.mark.parametrize(
    "entrant",
    [
        "one-flip search",
        "tabu search",
        "genetic search",
        "QAOA, transferred",
        "edge-popup",
        "magnitude pruning",
    ],
)
def test_regret_falls_with_the_budget_and_is_zero_where_the_optimum_was_found(entrant: str) -> None:
    result = run_at_equal_budget(parameters(entrant), 3).result
    assert result["budgets"].tolist() == [8, 16, 32, 64]
    assert (np.diff(result["regret"]) <= 0).all() and (result["regret"] >= -1e-12).all()
    assert (np.diff(result["found"]) >= 0).all()
    assert np.array_equal(result["found"] == 1, result["regret"] < 1e-9)
    assert ((result["test_accuracy"] >= 0) & (result["test_accuracy"] <= 1)).all()


def test_a_solved_readout_is_told_once_for_each_network() -> None:
    runs = recorded("14_fair_comparison").runs
    solved = solve_readouts(runs[runs["seed"].isin([0, 3])])
    assert solved.shape == (2,)
    assert solved[1] == share_solved(build_problem("moons", 12, seed=3))


def test_exhaustive_search_finds_the_optimum_with_as_many_calls_as_masks() -> None:
    result = run_at_equal_budget(parameters("exhaustive"), 3).result
    problem = build_problem("moons", 6, seed=3)
    assert result["found"][-1] == 1
    assert result["test_accuracy"][-1] == problem.accuracy(problem.table.optimal_masks()[0])
    expected = problem.table.costs[:8].min() - problem.table.minimum
    assert result["regret"][0] == pytest.approx(expected)


@pytest.mark.parametrize(
    "entrant", ["exhaustive", "tabu search", "partition crossover", "tree elimination"]
)
def test_on_local_terms_regret_is_counted_from_the_exact_optimum(entrant: str) -> None:
    sizes = {"task_name": "moons", "n_neurons": 9, "n_inputs_per_output": 3}
    given = {**sizes, "entrant": entrant, "budget": 512, "n_runs": 2}
    result = run_on_local_terms(given, 3).result
    assert result["budgets"].tolist() == [8, 16, 32, 64, 128, 256, 512]
    assert (np.diff(result["regret"]) <= 0).all() and (result["regret"] >= -1e-12).all()
    assert result["found"][-1] == 1  # of 512 masks


def test_a_point_is_the_same_when_it_is_run_again() -> None:
    for entrant in ("adaptive Grover", "edge-popup"):
        one, two = (run_at_equal_budget(parameters(entrant), 1).result for _ in range(2))
        assert all(np.array_equal(one[name], two[name]) for name in one)


def test_a_step_of_edge_popup_is_a_forward_and_a_backward_pass() -> None:
    ledger: Any = run_at_equal_budget(parameters("edge-popup", n_runs=1, budget=32), 0).ledger
    assert ledger.backward_passes == EDGE_POPUP_STEPS
    assert ledger.forward_passes == EDGE_POPUP_STEPS + 1


@needs_keras
def test_gradient_training_spends_two_calls_a_step_and_may_beat_every_mask() -> None:
    outcome = run_at_equal_budget(parameters("gradient training", budget=256), 0)
    ledger: Any = outcome.ledger
    assert ledger.forward_passes == ledger.backward_passes == TRAINING_STEPS
    assert outcome.result["regret"][-1] < 0
    assert not outcome.result["found"].any()


def test_dealing_costs_keeps_them_all_but_not_their_masks() -> None:
    problem = build_problem("moons", 6, seed=3)
    dealt = shuffle_costs(problem).table.costs
    assert np.array_equal(np.sort(dealt), np.sort(problem.table.costs))
    assert not np.array_equal(dealt, problem.table.costs)
    shuffled = run_at_equal_budget(parameters("exhaustive", shuffled=True), 3).result
    assert shuffled["found"][-1] == 1 and "test_accuracy" not in shuffled


def test_transferred_angles_have_learnt_from_another_network() -> None:
    gammas, betas = transferred_angles("moons", 6, 4)
    assert gammas.shape == betas.shape == (4,)
    assert not np.allclose(gammas, transferred_angles("moons", 6, 5)[0])


def test_collect_gathers_seeds_by_entrant() -> None:
    rows = [("a", False, [1, 2]), ("b", False, [3, 4]), ("a", False, [5, 6]), ("a", True, [0, 0])]
    columns = ["parameters.entrant", "parameters.shuffled", "result.regret"]
    found = collect(pd.DataFrame(rows, columns=columns), "regret")
    assert {name: values.tolist() for name, values in found.items()} == {
        "a": [[1, 2], [5, 6]],
        "b": [[3, 4]],
    }


def test_passes_for_the_table_alone_are_those_of_one_run() -> None:
    rows = [("adaptive Grover", 115, 15, 5), ("QAOA, ramp", 60, 10, 5), ("else", 1, 1, 1)]
    columns = ["parameters.entrant", "ledger.forward_passes", "ledger.cost_queries"]
    runs = pd.DataFrame(rows, columns=[*columns, "parameters.n_runs"])
    whole = pd.concat(
        [runs.assign(**{"parameters.shuffled": dealt}) for dealt in (False, True)],
        ignore_index=True,
    )
    whole.loc[len(runs) :, "ledger.forward_passes"] = 0
    assert pick_table_passes(whole) == {"adaptive Grover": 20.0, "QAOA, ramp": 10.0}


def test_figures_say_in_words_what_they_show() -> None:
    budgets = 2 ** np.arange(3, 9)
    falling = np.tile(np.linspace(1.0, 0.0, 6), (3, 1))
    text = figure_race(budgets, {"a": falling + 0.5}, 0.5).text
    assert text.startswith("Mean regret after 64 calls: a 0.4000.")
    text = figure_found(budgets, {"a": falling[:, ::-1]}).text
    assert text.startswith("Met the optimum within 64 calls: a 60%.")
    text = figure_everyone(
        {name: np.full(3, at) for name, at in zip("abcd", (0.4, 0.1, 0.2, 0.3), strict=True)}
    ).text
    assert text.startswith("Least mean regret after 64 calls: b, c, d; most: a.")
    text = figure_tuning({"a": 8, "its tuning": 51200}).text
    assert "a 8, its tuning 51,200" in text
    text = figure_dealt({"a": np.zeros(3)}, {"a": np.array([0.01, 0.02, 0.03])}).text
    assert "costs dealt at random: a 0.0200." in text
    text = figure_test_accuracy({"one-flip search": np.array([0.5, 0.6, 0.9])}).text
    assert text == "Median test accuracy after 256 calls: one-flip search 0.600."
