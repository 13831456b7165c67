"""The quadratic cost against reference cases, the table of all masks, and finite differences."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_layer import sample_one_layer
from reference_cases import load_cases

from labkit.datasets import TASK_NAMES, load_task
from labkit.limits import TooLargeError
from labkit.masks import all_masks
from labkit.networks import sample_network, sample_nk_network
from labkit.scoring import cost_of_outputs, quadratic_cost, score_all_masks, score_contributions

Array = npt.NDArray[np.float64]
CASES = load_cases("subnetwork_costs")
X = np.zeros((3, 2))
Y = np.array([0, 1, 1])


def given_contributions(t: npt.ArrayLike) -> Any:
    """A network of which only its contributions are known."""
    return SimpleNamespace(contributions=lambda x: np.asarray(t))


def second_order_by_differences(f: Array, targets: Array) -> float:
    """Cross-entropy of s * f expanded about s = 0 to second order, at s = 1, by differences."""
    step = 1e-3
    below, at, above = (
        float(cost_of_outputs(s * f, targets, cost="cross_entropy")) for s in (-step, 0.0, step)
    )
    return at + (above - below) / (2 * step) + (above - 2 * at + below) / (2 * step**2)


# Squared error is exact


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"n={len(case['contributions'][0])}")
def test_squared_error_has_the_reference_coefficients(case: dict[str, Any]) -> None:
    ising = case["squared_error_ising"]
    terms = quadratic_cost(given_contributions(case["contributions"]), X, case["y"]).terms
    expected: dict[tuple[int, ...], float] = {(): ising["constant"]}
    expected |= {(j,): h for j, h in enumerate(ising["h"])}
    expected |= {(j, k): coupling for j, k, coupling in ising["J"]}
    assert dict(terms) == pytest.approx(expected, rel=0, abs=1e-9)


@pytest.mark.parametrize("task_name", TASK_NAMES)
def test_squared_error_is_the_table_of_every_task(task_name: str) -> None:
    task = load_task(task_name)
    n_outputs = 1 if task.n_classes == 2 else task.n_classes
    network = sample_network(task.n_features, 10, n_outputs, scale=2.0, seed=5).adapted(
        task.x_train
    )
    table = score_all_masks(network, task.x_train, task.y_train, cost="squared_error")
    cost = quadratic_cost(network, task.x_train, task.y_train)
    assert cost.order == 2
    np.testing.assert_allclose(cost.to_table().costs, table.costs, rtol=0, atol=1e-9)


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 9), st.integers(0, 2**16))
def test_squared_error_is_the_table_of_any_contributions(
    n: int, n_outputs: int, n_samples: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    t = rng.normal(size=(n_samples, n, n_outputs))
    y = rng.integers(0, max(n_outputs, 2), n_samples)
    cost = quadratic_cost(given_contributions(t), X, y, cost="squared_error")
    table = score_contributions(t, y, cost="squared_error")
    np.testing.assert_allclose(cost.evaluate(all_masks(n)), table.costs, rtol=0, atol=1e-11)


def test_five_hundred_neurons_cost_the_squared_error_of_their_outputs() -> None:
    task = load_task("breast_cancer")
    network = sample_network(task.n_features, 500, seed=2).adapted(task.x_train)
    cost = quadratic_cost(network, task.x_train, task.y_train)
    assert len(cost.terms) == 1 + 500 + 500 * 499 // 2
    for mask in np.random.default_rng(0).random((4, 500)) < 0.5:
        f = network.outputs(task.x_train, mask)[:, 0]
        expected = np.mean((f - (2 * task.y_train - 1)) ** 2)
        assert float(cost.evaluate(mask)) == pytest.approx(expected, abs=1e-9)


# Cross-entropy to second order


@given(st.integers(1, 5), st.integers(0, 2**16))
def test_cross_entropy_of_one_output_is_squared_error_with_targets_of_two(
    n: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    t, y = rng.normal(size=(8, n)), rng.choice([-1.0, 1.0], 8)
    cost = quadratic_cost(given_contributions(t), X, y, cost="cross_entropy")
    for mask in all_masks(n):
        f = t[:, mask].sum(axis=1)
        expected = math.log(2) - 0.5 + np.mean((f - 2 * y) ** 2) / 8
        assert float(cost.evaluate(mask)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n_outputs", [1, 2, 3, 5])
def test_cross_entropy_has_the_slope_and_curvature_of_the_true_one(n_outputs: int) -> None:
    rng = np.random.default_rng(n_outputs)
    t, y = rng.normal(size=(8, 4, n_outputs)), rng.integers(0, max(n_outputs, 2), 8)
    targets = np.where(y[:, np.newaxis] == np.arange(n_outputs), 1.0, -1.0)
    if n_outputs == 1:
        targets = 2.0 * y[:, np.newaxis] - 1
    cost = quadratic_cost(given_contributions(t), X, y, cost="cross_entropy")
    for mask in all_masks(4):
        expected = second_order_by_differences(t[:, mask].sum(axis=1), targets)
        assert float(cost.evaluate(mask)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("task_name", ["moons", "wine"])
def test_cross_entropy_is_close_where_outputs_are_small(task_name: str) -> None:
    task = load_task(task_name)
    n_outputs = 1 if task.n_classes == 2 else task.n_classes
    network = sample_network(task.n_features, 8, n_outputs, scale=0.1, seed=5).adapted(task.x_train)
    table = score_all_masks(network, task.x_train, task.y_train)
    cost = quadratic_cost(network, task.x_train, task.y_train, cost="cross_entropy")
    spread = table.costs.max() - table.costs.min()
    assert np.abs(cost.to_table().costs - table.costs).max() < 0.02 * spread


@pytest.mark.parametrize("cost", ["squared_error", "cross_entropy"])
def test_labels_may_be_zero_and_one_or_minus_and_plus_one(cost: str) -> None:
    network = given_contributions(np.random.default_rng(0).normal(size=(3, 4)))
    assert dict(quadratic_cost(network, X, Y, cost=cost).terms) == dict(
        quadratic_cost(network, X, 2 * Y - 1, cost=cost).terms
    )


# What it refuses


@pytest.mark.parametrize("cost", ["error_rate", "loss", None])
def test_a_cost_that_is_not_quadratic_is_refused_with_those_that_are(cost: Any) -> None:
    expected = r"^cost=.* is unknown \(known: squared_error, cross_entropy\)$"
    with pytest.raises(ValueError, match=expected):
        quadratic_cost(sample_network(2, 3, seed=0), X, Y, cost=cost)


def test_weight_masks_are_refused() -> None:
    network = sample_network(2, 3, mask_kind="weight", seed=0)
    with pytest.raises(ValueError, match=r"^network has mask_kind='weight'"):
        quadratic_cost(network, X, Y)


def test_an_nk_network_is_sent_to_its_own_cost() -> None:
    with pytest.raises(ValueError, match=r"^network=NKArrays.* \(try nk_cost\)$"):
        quadratic_cost(sample_nk_network(2, 4, 2, seed=0), X, Y)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^network=5 has no contributions .*network_from_keras"):
        quadratic_cost(5, X, Y)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(3,), (3, 0), (3, 2, 4, 1)])
def test_contributions_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^contributions has shape \(3,"):
        quadratic_cost(given_contributions(np.ones(shape)), X, Y)


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^y holds the labels \[0\.0, 1\.0, 2\.0\] "):
        quadratic_cost(sample_network(2, 3, seed=0), X, [0, 1, 2])


def test_pairs_that_do_not_fit_are_refused_before_the_network_runs() -> None:
    kernel = np.broadcast_to(np.float32(1), (3, 10**6))
    network = sample_one_layer(2, 1, seed=0)
    network = replace(
        network, kernel=kernel, mean=np.empty(0), inverse_std=np.empty(0)
    )  # cannot be run
    expected = r"^n_neurons=1000000 needs [\d.]+ TiB for every pair of neurons; "
    with pytest.raises(TooLargeError, match=expected):
        quadratic_cost(network, X, Y)
