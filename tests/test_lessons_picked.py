"""What lessons pick from runs for their figures: the numbers of a record, in the right places."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.costs import CostTable
from labkit.course import recorded
from labkit.course.lessons.figures_05_unknown_count import (
    pick_growth,
    pick_shuffled,
    pick_spent,
    pick_ties,
)
from labkit.course.lessons.figures_06_computed_oracle import size_of
from labkit.course.lessons.lesson_01_random_networks import (
    figure_rivals,
    pick_accuracies,
    pick_passes,
    solve_readouts,
)
from labkit.course.lessons.lesson_02_every_mask import nearer_to_the_best
from labkit.course.lessons.lesson_06_computed_oracle import OracleSize
from labkit.course.lessons.lesson_08_hamiltonian_without_a_table import pick_results
from labkit.networks import OneLayerArrays
from labkit.problems import build_problem
from labkit.scoring.readout_cost import hidden_outputs

SPLITS = ("train", "test")


def test_accuracies_are_those_of_each_task_in_the_order_of_the_seeds() -> None:
    runs = recorded("01_random_networks").runs
    best, trained = pick_accuracies(runs)
    assert [*best] == [*trained] == ["digits", "iris", "moons"]
    (row,) = runs[(runs["parameters.task_name"] == "iris") & (runs["seed"] == 7)].iloc
    assert best["iris"][7] == row["result.subnetwork_accuracy"]
    assert trained["iris"][7] == row["result.trained_accuracy"]
    assert all(len(values) == 20 for values in (*best.values(), *trained.values()))


def test_a_solved_readout_stands_beside_each_network_of_the_record() -> None:
    runs = recorded("01_random_networks").runs
    best, trained = pick_accuracies(runs)
    some = runs[runs["seed"].isin([3, 4])]
    solved = solve_readouts(some)
    assert [*solved] == [*best] and all(len(values) == 2 for values in solved.values())
    problem = build_problem("moons", 12, seed=4)
    assert isinstance(problem.network, OneLayerArrays)
    hidden = {s: hidden_outputs(problem.network, getattr(problem.task, f"x_{s}")) for s in SPLITS}
    ones = {s: np.column_stack([h, np.ones(len(h))]) for s, h in hidden.items()}
    weights = np.linalg.pinv(ones["train"]) @ (2.0 * problem.task.y_train - 1)
    right = np.mean((ones["test"] @ weights > 0) == (problem.task.y_test == 1))
    assert solved["moons"][1] == pytest.approx(right, abs=0.006)
    one = {task: values[3:5] for task, values in best.items()}, trained, solved
    assert "solved, moons, 12 neuron bits" in figure_rivals(*one).text


def test_passes_for_all_masks_are_told_from_those_for_training() -> None:
    runs = recorded("01_random_networks").runs
    passes = pick_passes(runs)
    assert passes["forward, all masks"].tolist() == [2**15, 2**15, 2**12]
    both = passes["forward, all masks"] + passes["forward, training"]
    assert both["moons"] == runs["ledger.forward_passes"].iloc[-1]


def test_calls_are_picked_by_size_and_search_without_the_shuffled_ones() -> None:
    runs = recorded("05_unknown_count").runs
    sizes, calls = pick_growth(runs)
    assert sizes == [6, 8, 10, 12, 14]
    wanted = runs[(runs["parameters.n_hidden"] == 12) & (runs["seed"] == 3)]
    assert [*wanted["parameters.shuffled"].notna()] == [False, True]
    plain, shuffled = wanted.iloc
    assert calls["one-flip search"][3, 3] == np.mean(plain["result.one_flip_search"])
    assert pick_shuffled(runs)["one-flip search"][3] == np.mean(shuffled["result.one_flip_search"])


def test_ties_are_those_of_iris() -> None:
    runs = recorded("05_unknown_count").runs
    optima, calls = pick_ties(runs)
    (row,) = runs[(runs["parameters.task_name"] == "iris") & (runs["seed"] == 5)].iloc
    assert optima[5] == row["result.n_optima"]
    assert calls["random search"][5] == np.mean(row["result.random_search"])


def test_spent_calls_are_sorted_in_units_of_the_root_and_none_is_lost() -> None:
    runs = recorded("05_unknown_count").runs
    spent = pick_spent(runs)
    assert [*spent] == [8, 10, 12, 14]
    plain = runs[(runs["parameters.n_hidden"] == 10) & runs["parameters.shuffled"].isna()]
    assert spent[10].sum() * 2**5 == pytest.approx(
        sum(sum(calls) for calls in plain["result.adaptive_grover"])
    )
    assert np.all(np.diff(spent[10]) >= 0)


def test_sizes_of_oracles_are_read_by_name_and_keep_their_shape() -> None:
    small, large = (
        OracleSize({"mask qubits": n, "accumulator": 3, "counter": 2}, gates, 0)
        for n, gates in ((4, 60), (6, 90))
    )
    oracles = [[small, large, small], [large, large, small]]
    assert size_of(oracles, "qubits").tolist() == [[9, 11, 9], [11, 11, 9]]
    assert size_of(oracles, "two-qubit gates")[1].tolist() == [90, 90, 60]
    assert np.all(size_of(oracles, "counter") == 2)


def test_results_are_picked_by_scale_in_the_order_of_the_seeds() -> None:
    results = [{"regret.a": value} for value in (1.0, 2.0, 3.0, 0.0)]
    picked = pick_results({0.5: results[:2], 2.0: results[2:]}, "regret.a")
    assert {scale: values.tolist() for scale, values in picked.items()} == {
        "0.5": [1, 2],
        "2": [3, 0],
    }


def test_costs_below_the_middle_are_nearer_to_the_best() -> None:
    assert nearer_to_the_best(CostTable(np.array([0.0, 0.4, 0.6, 1.0]), 2)) == 0.5
    assert nearer_to_the_best(CostTable(np.array([0.0, 0.1, 0.2, 1.0]), 2)) == 0.75
