"""Problems, trained rivals, provenance and formulas: what the notebooks build on."""

from __future__ import annotations

import math
import platform
from importlib.metadata import version
from typing import Any

import numpy as np
import pytest
from parts import needs_keras

from labkit import problems
from labkit.amplification import expected_calls, optimal_iterations, success_probability
from labkit.datasets import load_task
from labkit.problems import build_problem
from labkit.provenance import describe_run
from labkit.scoring import COSTS, network_cost, score_all_masks
from labkit.selectors import exhaustive, one_flip_search, queries_to_optimum, random_search


@pytest.mark.parametrize(
    ("task", "n_inputs", "n_outputs"),
    [("moons", 2, 1), ("breast_cancer", 2, 1), ("wine", 2, 3)],
)
def test_a_problem_scores_its_own_network_on_the_training_samples(
    task: str, n_inputs: int, n_outputs: int
) -> None:
    problem = build_problem(task, 4, seed=1, cost="squared_error")
    assert (problem.network.n_inputs, problem.network.n_outputs) == (n_inputs, n_outputs)
    x, y = problem.task.x_train, problem.task.y_train
    again = score_all_masks(problem.network, x, y, cost="squared_error")
    np.testing.assert_array_equal(problem.table.costs, again.costs)


def test_without_components_the_network_sees_every_feature() -> None:
    assert build_problem("breast_cancer", 3, seed=0, n_components=None).network.n_inputs == 30


@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("wine", {}),
        ("wine", {"mask_kind": "weight"}),
        ("wine", {"hidden_layers": 2}),
        ("iris", {"hidden_layers": 2, "n_components": None}),
    ],
)
def test_every_kind_of_network_is_scored_with_two_classes_and_three(
    task: str, options: dict[str, Any]
) -> None:
    problem = build_problem(task, 5, seed=0, **options)
    best = problem.table.optimal_masks()[0]
    train, outputs = problem.task, problem.network.outputs(problem.task.x_train, best)
    if outputs.shape[1] == 1:
        outputs = np.hstack([0 * outputs, outputs])
    of_label = np.take_along_axis(outputs, train.y_train[:, np.newaxis], axis=1)
    right = float(np.mean((outputs < of_label).sum(axis=1) == outputs.shape[1] - 1))
    assert problem.accuracy(best, split="train") == pytest.approx(right)
    assert problem.table.minimum < 0.8 * math.log(train.n_classes)
    again = network_cost(problem.network, train.x_train, train.y_train)
    assert float(again.evaluate(best)) == pytest.approx(problem.table.minimum)


def test_accuracy_counts_the_samples_of_the_split_that_is_asked_for() -> None:
    problem = build_problem("circles", 6, seed=3)
    outputs = problem.network.outputs(problem.task.x_validation, "101101")[:, 0]
    right = (outputs > 0) == (problem.task.y_validation == 1)
    assert problem.accuracy("101101", split="validation") == pytest.approx(right.mean())


@pytest.mark.parametrize("cost", COSTS)
def test_a_problem_is_the_same_whenever_it_is_built(cost: str) -> None:
    first = build_problem("iris", 3, seed=2, cost=cost)
    problems._build_problem.cache_clear()
    second = build_problem("iris", 3, seed=2, cost=cost)
    np.testing.assert_array_equal(first.table.costs, second.table.costs)


@needs_keras
def test_the_components_of_a_task_are_those_of_each_network_on_it() -> None:
    first, other = (build_problem("digits_3v6", 4, seed=seed) for seed in (0, 1))
    assert first.task is other.task
    expected = load_task("digits_3v6").principal_components(2)
    np.testing.assert_array_equal(first.task.x_train, expected.x_train)


def test_trained_networks_learn_independently_and_reproducibly() -> None:
    from labkit.baselines import train_networks

    task = load_task("moons")
    trained = train_networks(task, 12, n_networks=6, seed=3)
    assert trained.test_accuracy.shape == (6,)
    assert trained.test_accuracy.mean() > 0.93
    assert trained.ledger.forward_passes == 6 * 300
    again = train_networks(task, 12, n_networks=6, seed=3)
    np.testing.assert_allclose(again.test_accuracy, trained.test_accuracy, atol=0.011)


@needs_keras
def test_an_untrained_network_has_not_learned() -> None:
    from labkit.baselines import train_networks

    task = load_task("moons")
    trained = train_networks(task, 12, n_networks=6, epochs=1, seed=3)
    assert trained.train_accuracy.mean() < 0.85


@needs_keras
def test_three_classes_are_trained_too() -> None:
    from labkit.baselines import train_networks

    trained = train_networks(load_task("wine"), 6, n_networks=3, seed=0)
    assert trained.test_accuracy.mean() > 0.9


def test_expected_calls_are_tries_times_what_a_try_takes() -> None:
    chance = success_probability(6, 2, 3)
    assert expected_calls(6, 2, 3) == pytest.approx(4 / chance)
    assert expected_calls(6, 2) == expected_calls(6, 2, optimal_iterations(6, 2))
    assert math.isfinite(expected_calls(3, 8, 1))


def test_queries_to_the_optimum_are_counted_for_each_table() -> None:
    tables = [build_problem("moons", 5, seed=s).table for s in range(10)]
    rng = np.random.default_rng(0)
    assert (queries_to_optimum(random_search, tables, rng=rng) <= 32).all()
    first = [int(t.costs.argmin()) + 1 for t in tables]
    assert queries_to_optimum(exhaustive, tables, rng=rng).tolist() == first


def test_a_search_that_ends_elsewhere_is_not_counted_as_found() -> None:
    tables = [build_problem("moons", 8, seed=0).table] * 30
    with pytest.raises(RuntimeError, match="no optimum"):
        queries_to_optimum(one_flip_search, tables, rng=np.random.default_rng(1))


def test_the_footer_names_seed_and_installed_versions() -> None:
    text = describe_run(seed=11)._repr_markdown_()
    assert "seed 11" in text
    assert f"Python {platform.python_version()}" in text
    assert f"qsimcirq {version('qsimcirq')}" in text
