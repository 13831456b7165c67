"""Residual random networks, and the cost of a mask under a solved read-out, against refitting."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_cases import load_cases
from strategies import non_integers

from labkit.datasets import load_task
from labkit.limits import TooLargeError
from labkit.masks import all_masks, mask_from_index
from labkit.neighbours.residual import (
    ResidualFit,
    class_targets,
    draw_features,
    fit_residual,
    hidden_features,
    solve_ridge,
    solving_bill,
    train_residual,
)
from labkit.networks import sample_network
from labkit.scoring import ReadoutCost, readout_cost
from labkit.scoring.readout_cost import hidden_outputs
from labkit.selectors import (
    adaptive_grover,
    exhaustive,
    one_flip_search,
    qaoa_sampling,
    run,
    simulated_annealing,
    tabu_search,
)

Array = npt.NDArray[np.float64]
RESIDUAL = load_cases("neighbours/residual_training_open")
READOUT = load_cases("neighbours/readout_cost_open")


def numbers(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def refitted(hidden: Array, y: Array, ridge: float) -> float:
    """Mean squared error, each sample predicted by a read-out fitted without it."""
    errors = []
    for i in range(len(hidden)):
        rest = np.delete(np.arange(len(hidden)), i)
        h, t = hidden[rest], y[rest]
        centred = h - h.mean(axis=0)
        gram = centred.T @ centred + ridge * np.eye(h.shape[1])
        weights = np.linalg.solve(gram, centred.T @ (t - t.mean(axis=0)))
        errors.append(y[i] - t.mean(axis=0) - (hidden[i] - h.mean(axis=0)) @ weights)
    return float(np.mean(np.square(errors)))


# Residual training


@pytest.mark.parametrize("case", RESIDUAL)
def test_stages_agree_with_the_reference(case: dict[str, Any]) -> None:
    features, targets = np.array(case["features"]), np.array(case["targets"])
    fit = fit_residual(features, targets, ridge=case["ridge"], step=case["step"])
    np.testing.assert_allclose(fit.readouts, case["readouts"], atol=1e-8)
    np.testing.assert_allclose(fit.residual_norms, case["residual_norms"], atol=1e-8)
    np.testing.assert_allclose(fit.outputs(case["new_features"]), case["outputs"], atol=1e-8)


@given(
    st.integers(0, 2**32 - 1),
    st.floats(0, 2),
    st.sampled_from([0.0, 1e-3, 1.0, 50.0]),
    st.integers(1, 9),
)
@settings(max_examples=40, deadline=None)
def test_residual_never_rises_for_steps_of_0_to_2(
    seed: int, step: float, ridge: float, neurons: int
) -> None:
    fit = fit_residual(
        numbers(seed, 4, 6, neurons), numbers(seed + 1, 6, 2), ridge=ridge, step=step
    )
    assert np.all(np.diff(fit.residual_norms) <= 1e-12 * fit.residual_norms[0])


@pytest.mark.parametrize("neurons", [3, 8, 20])
@pytest.mark.parametrize("ridge", [0.0, 0.7])
def test_read_out_is_that_of_the_augmented_least_squares(neurons: int, ridge: float) -> None:
    h, y = numbers(1, 8, neurons), numbers(2, 8, 2)
    augmented = np.vstack([h, np.sqrt(ridge) * np.eye(neurons)])
    expected = np.linalg.pinv(augmented) @ np.vstack([y, np.zeros((neurons, 2))])
    np.testing.assert_allclose(solve_ridge(h, y, ridge=ridge), expected, atol=1e-9)


@pytest.mark.parametrize("shape", [(11, 5), (5, 11)])
@pytest.mark.parametrize("ridge", [1e-300, 1e-12, 1e-9, 0.5])
def test_a_small_ridge_is_not_lost_in_the_scale_of_the_features(
    shape: tuple[int, int], ridge: float
) -> None:
    """Two equal columns share what one of them would do, and rows that repeat no column agree."""
    h, y = 1e4 * numbers(1, *shape), numbers(2, shape[0], 2)
    h[:, 1] = h[:, 0]
    twice = np.hstack([np.sqrt(2) * h[:, :1], h[:, 2:]])
    u, s, vt = np.linalg.svd(twice, full_matrices=False)
    expected = vt.T @ ((s / (s**2 + ridge))[:, np.newaxis] * (u.T @ y))
    found = solve_ridge(h, y, ridge=ridge)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6, atol=1e-12 * abs(found).max())
    new = 1e4 * numbers(3, 4, shape[1])
    short = np.hstack([(new[:, :1] + new[:, 1:2]) / np.sqrt(2), new[:, 2:]])
    np.testing.assert_allclose(new @ found, short @ expected, atol=1e-9)


def test_a_residual_shrinks_by_its_factor_along_each_singular_vector() -> None:
    h, ridge, step = numbers(3, 9, 4), 1.5, 0.5
    left, s, _ = np.linalg.svd(h, full_matrices=False)
    fit = fit_residual([h], left, ridge=ridge, step=step)
    rest = left - step * h @ fit.readouts[0]
    np.testing.assert_allclose(rest, left * (1 - step * s**2 / (s**2 + ridge)), atol=1e-12)


def test_training_a_task_is_fitting_all_its_features_at_once() -> None:
    network = train_residual(
        "iris", n_hidden=6, n_stages=3, ridge=0.5, step=0.8, rng=np.random.default_rng(4)
    )
    task = load_task("iris")
    features = [hidden_features(task.x_train, weights) for weights in network.weights]
    fit = fit_residual(features, class_targets(task.y_train, 2), ridge=0.5, step=0.8)
    np.testing.assert_allclose(network.fit.readouts, fit.readouts, atol=1e-9)
    np.testing.assert_allclose(network.fit.residual_norms, fit.residual_norms, rtol=1e-12)
    whole = fit.outputs([hidden_features(task.x_test, weights) for weights in network.weights])
    *_, last = network.outputs_along(task.x_test)
    np.testing.assert_allclose(last, whole, atol=1e-9)
    right = np.mean(whole.argmax(axis=1) == task.y_test)
    assert network.accuracies(task.x_test, task.y_test)[-1] == right
    assert network.n_neurons == 18


def test_features_are_odd_and_have_unit_variance_before_tanh() -> None:
    weights = draw_features(30, 500, rng=np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(weights, axis=0), np.sqrt(30), rtol=1e-12)
    x = numbers(5, 4, 30)
    np.testing.assert_allclose(hidden_features(-x, weights), -hidden_features(x, weights))
    assert np.arctanh(hidden_features(x, weights)).std() == pytest.approx(1, abs=0.1)
    assert not hidden_features(np.zeros((1, 30)), weights).any()


def test_the_bill_of_twenty_small_solves_and_of_a_large_one() -> None:
    (held, multiplied), (held_once, once) = solving_bill(898, 64, 20), solving_bill(898, 1280)
    assert held == 898 * 64 + 64**2 and held_once == 898 * 1280 + 1280**2
    assert multiplied == round(20 * (898 * 64**2 + 64**3 / 3))
    assert once / multiplied == pytest.approx(28.8, abs=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": 2.5}, "step=2.5 is not in 0..2"),
        ({"step": float("nan")}, "step=nan is not"),
        ({"ridge": -1.0}, "ridge=-1.0 is too small (limit: 0 or more)"),
        ({"n_hidden": 0}, "n_hidden=0 is too small (limit: 1 or more)"),
        ({"n_stages": 0}, "n_stages=0 is too small (limit: 1 or more)"),
        ({"task": "mnist"}, "name='mnist' is unknown"),
    ],
)
def test_training_refuses_in_one_line(options: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"task": "iris", "n_hidden": 4, "n_stages": 2, "ridge": 1.0, **options}
    task = given.pop("task")
    with pytest.raises(ValueError, match=re.escape(message)):
        train_residual(task, rng=np.random.default_rng(0), **given)


@given(non_integers, st.sampled_from(["n_hidden", "n_stages"]))
@settings(max_examples=30, deadline=None)
def test_a_size_that_is_no_integer_is_refused_by_name(value: Any, name: str) -> None:
    sizes: dict[str, Any] = {"n_hidden": 2, "n_stages": 1, name: value}
    with pytest.raises(TypeError, match=rf"^{name}=.* is not an integer \(limit: 1 or more\)$"):
        train_residual("iris", ridge=1.0, rng=np.random.default_rng(0), **sizes)


@given(st.one_of(st.floats(max_value=0), st.just(float("nan")), st.just(float("inf")), st.none()))
@settings(max_examples=30, deadline=None)
def test_a_ridge_that_is_not_above_0_is_refused_by_name(ridge: Any) -> None:
    with pytest.raises(ValueError, match=r"^ridge=.* is not a finite number above 0$"):
        ReadoutCost(np.eye(3), np.arange(3.0), ridge)


@pytest.mark.parametrize("sizes", [{"n_hidden": 10**12}, {"n_hidden": 10, "n_stages": 10**12}])
def test_a_network_that_does_not_fit_is_refused_before_it_is_drawn(sizes: dict[str, int]) -> None:
    options: dict[str, Any] = {"n_stages": 1, **sizes}
    with pytest.raises(TooLargeError, match="needs"):
        train_residual("iris", ridge=1.0, rng=np.random.default_rng(0), **options)


@pytest.mark.parametrize(
    ("features", "targets", "message"),
    [
        (np.ones((4, 2)), np.ones(4), "features has shape (4, 2); it must be (stages, samples"),
        (np.ones((1, 4, 2)), np.ones(3), "features has 4 samples, targets has 3"),
        (np.full((1, 4, 2), np.inf), np.ones(4), "features holds a value that is not finite"),
        (np.ones((1, 4, 2)), np.ones((4, 2, 1)), "targets has shape (4, 2, 1)"),
    ],
)
def test_fitting_refuses_arrays_that_do_not_fit(
    features: Array, targets: Array, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        fit_residual(features, targets, ridge=1.0)


def test_features_of_other_sizes_are_refused() -> None:
    fit = ResidualFit(np.ones((2, 3, 1)), np.ones(3), 0.5)
    with pytest.raises(ValueError, match=re.escape("it must be (2, samples, 3)")):
        fit.outputs(np.ones((2, 5, 4)))


# The cost of a mask under a solved read-out


@pytest.mark.parametrize("case", READOUT)
def test_costs_of_all_masks_agree_with_the_reference(case: dict[str, Any]) -> None:
    cost = ReadoutCost(np.array(case["hidden"]), np.array(case["y"]), case["ridge"])
    np.testing.assert_allclose(cost.to_table().costs, case["costs"], atol=1e-8)
    assert int(cost.to_table().costs.argmin()) == case["argmin"]


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize(("samples", "n", "ridge"), [(12, 5, 0.3), (6, 9, 0.05), (20, 4, 30.0)])
def test_costs_are_those_of_fits_without_each_sample(
    samples: int, n: int, ridge: float, outputs: int
) -> None:
    hidden, y = numbers(6, samples, n) + 3.0, np.sign(numbers(7, samples, outputs))
    cost = ReadoutCost(hidden, y, ridge)
    for mask in (np.zeros(n, bool), np.ones(n, bool), np.arange(n) % 2 > 0):
        expected = refitted(hidden[:, mask], y, ridge)
        assert cost.evaluate(mask) == pytest.approx(expected, rel=1e-8)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(2, 30), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_walks_cost_what_the_masks_they_meet_cost(
    seed: int, n: int, samples: int, outputs: int
) -> None:
    rng = np.random.default_rng(seed)
    cost = ReadoutCost(rng.normal(size=(samples, n)), rng.normal(size=(samples, outputs)), 0.2)
    walk = cost.walk(rng.random(n) < 0.5)
    for neuron in rng.integers(0, n, 30).tolist():
        flips = walk.neuron_mask ^ np.eye(n, dtype=bool)
        np.testing.assert_allclose(walk.flip_costs(), cost.evaluate(flips), rtol=1e-8)
        walk.flip(neuron)
        assert walk.cost == pytest.approx(float(cost.evaluate(walk.neuron_mask)), rel=1e-8)


def test_a_long_walk_stays_exact() -> None:
    cost = ReadoutCost(numbers(8, 40, 30), np.sign(numbers(9, 40)), 1e-3)
    walk = cost.walk(np.zeros(30, dtype=bool))
    for neuron in np.random.default_rng(10).integers(0, 30, 700).tolist():
        walk.flip(neuron)
    assert walk.cost == pytest.approx(float(cost.evaluate(walk.neuron_mask)), rel=1e-8)


def test_cost_of_a_network_is_that_of_its_standardised_outputs() -> None:
    task = load_task("wine")
    network = sample_network(task.n_features, 6, 3, readout="gaussian", seed=1)
    cost = readout_cost(network.adapted(task.x_train), task.x_train, task.y_train, ridge=1.0)
    hidden = hidden_outputs(network.adapted(task.x_train), task.x_train)  # type: ignore[arg-type]
    y = class_targets(task.y_train, 3)
    assert cost.evaluate("101101") == pytest.approx(
        refitted(hidden[:, [0, 2, 3, 5]], y, 1.0), rel=1e-8
    )
    weights, constant = cost.readout("101101")
    assert not weights[[1, 4]].any()
    kept = hidden[:, [0, 2, 3, 5]]
    errors = hidden @ weights + constant - y
    np.testing.assert_allclose(errors.sum(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(kept.T @ errors + weights[[0, 2, 3, 5]], 0, atol=1e-9)


def test_anything_with_contributions_of_one_output_has_the_cost() -> None:
    class Own:
        def contributions(self, x: Array) -> Array:
            return np.stack([x[:, 0], x[:, 0] * x[:, 1]], axis=1)

    x = numbers(11, 15, 2)
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    cost = readout_cost(Own(), x, y, ridge=0.1)
    expected = refitted((x[:, :1] * x[:, 1:]), 2.0 * y[:, np.newaxis] - 1, 0.1)
    assert cost.evaluate("01") == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    "selector",
    [exhaustive, one_flip_search, simulated_annealing, tabu_search, adaptive_grover, qaoa_sampling],
)
def test_every_kind_of_selector_runs_on_it(selector: Any) -> None:
    cost = ReadoutCost(numbers(12, 25, 6), np.sign(numbers(13, 25)), 1.0)
    found = run(selector, cost, rng=np.random.default_rng(14))
    assert found.cost == pytest.approx(float(cost.evaluate(found.neuron_mask)), rel=1e-8)
    assert found.cost >= cost.to_table().minimum - 1e-12
    assert found.ledger.cost_queries > 0


def test_scaling_neurons_and_ridge_together_changes_nothing() -> None:
    hidden, y = numbers(15, 20, 5), np.sign(numbers(16, 20))
    costs = ReadoutCost(hidden, y, 0.4).evaluate(all_masks(5))
    for factor in (1e-6, 1e6):
        scaled = ReadoutCost(hidden * factor, y, 0.4 * factor**2).evaluate(all_masks(5))
        np.testing.assert_allclose(scaled, costs, rtol=1e-8)


@pytest.mark.parametrize(
    ("hidden", "y", "ridge", "message"),
    [
        (np.ones((4, 2)), np.ones(4), 0.0, "ridge=0.0 is not a finite number above 0"),
        (1e9 * numbers(0, 4, 2), np.ones(4), 1e-3, "ridge=0.001 is too small (limit here: "),
        (np.ones((4, 2)), np.ones(5), 1.0, "hidden has shape (4, 2), targets has (5, 1)"),
        (np.ones((4, 2)), np.ones((4, 0)), 1.0, "hidden has shape (4, 2), targets has (4, 0)"),
        (np.ones((4, 2)), np.ones((4, 1, 2)), 1.0, "hidden has shape (4, 2), targets has (4, 1"),
        (np.ones((1, 2)), np.ones(1), 1.0, "hidden has 1 sample (limit: 2 or more"),
        (np.full((4, 2), np.nan), np.ones(4), 1.0, "hidden holds a value that is not finite"),
    ],
)
def test_what_cannot_be_solved_is_refused(
    hidden: Array, y: Array, ridge: float, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        ReadoutCost(hidden, y, ridge)


def test_networks_whose_neurons_change_with_the_mask_are_refused() -> None:
    x, y = numbers(17, 10, 2), np.arange(10) % 2
    for options in ({"mask_kind": "weight"}, {"hidden_layers": 2}):
        network = sample_network(2, 3, seed=0, **options).adapted(x)
        with pytest.raises(ValueError, match="has no fixed hidden outputs"):
            readout_cost(network, x, y, ridge=1.0)


def test_a_table_and_an_equation_that_do_not_fit_are_refused() -> None:
    wide = ReadoutCost(numbers(18, 4, 60), np.arange(4.0), 1.0)
    with pytest.raises(TooLargeError, match="n_neurons=60 needs"):
        wide.to_table()

    class Huge:
        def contributions(self, x: Array) -> Array:
            return np.broadcast_to(np.zeros(1), (4, 10**6))

    with pytest.raises(TooLargeError, match="the equation of the read-out"):
        readout_cost(Huge(), np.ones((4, 1)), [0, 1, 0, 1], ridge=1.0)
    assert wide.evaluate(mask_from_index(5, 60)) > 0
