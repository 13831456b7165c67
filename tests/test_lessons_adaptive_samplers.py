"""Lesson 24: its records are what its functions compute, and its figures say what they show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from labkit.costs import CostTable
from labkit.course import check, recorded
from labkit.course.explorers import SamplerExplorer
from labkit.course.explorers.sampler import FLOORS, REMEDIES, SamplerView
from labkit.course.lessons import figures_24_adaptive_samplers as figures
from labkit.course.lessons import lesson_24_adaptive_samplers as lesson
from labkit.masks import all_masks
from labkit.neighbours.sampling import (
    gaussian_variance,
    inclusion_probabilities,
    mask_posterior,
)
from labkit.selectors import CostMeter
from labkit.simulators import entropy

QUERIES = (1000, 4000, 16_000, 64_000)
POINTS = [
    ("24_steps", lesson.measure_langevin, {"method": "none", "step": 0.1}),
    ("24_steps", lesson.measure_langevin, {"method": "full", "step": 0.03}),
    ("24_gradient_noise", lesson.measure_langevin, {"method": "sgld", "step": 0.01, "noise": 1.0}),
    ("24_masks", lesson.measure_masks, {"kind": "weighted", "queries": 4000}),
    ("24_masks", lesson.measure_masks, {"kind": "metropolis", "queries": 1000}),
    ("24_masks", lesson.measure_masks, {"kind": "random", "queries": 1000}),
    ("24_blocks", lesson.measure_blocks, {"block_size": 6, "queries": 16_000}),
    ("24_mixtures", lesson.measure_mixture, {}),
]


@pytest.mark.parametrize(("name", "measure", "parameters"), POINTS)
def test_a_point_of_each_record_comes_again(
    name: str, measure: Any, parameters: dict[str, Any]
) -> None:
    runs = recorded(name).runs
    for key, value in parameters.items():
        runs = runs[runs[f"parameters.{key}"] == value]
    assert len(runs) >= 10
    row = runs[runs["seed"] == 3].iloc[0]
    outcome = measure(parameters, 3)
    for key, value in outcome.result.items():
        assert value == pytest.approx(row[f"result.{key}"], rel=1e-6), key
    if outcome.ledger is not None:
        assert outcome.ledger.forward_passes == row["ledger.forward_passes"]
    if "queries" in parameters:
        assert 0 <= parameters["queries"] - outcome.ledger.cost_queries < 64


def test_the_bias_grows_as_the_step_shrinks_and_the_clock_mends_it() -> None:
    variances = figures.pick_variances(recorded("24_steps").runs)
    mean = {label: values.mean(axis=1) for label, values in variances.items()}
    assert (np.diff(mean["adaptive"][[1, 2, 3, 4]]) < 0).all()
    assert mean["adaptive"][0] > mean["adaptive"][2]
    assert mean["adaptive"][1] == pytest.approx(gaussian_variance(0.1), rel=0.08)
    for label in ("constant steps", figures.WEIGHTED):
        np.testing.assert_allclose(mean[label], 1, atol=0.05)
    assert variances["adaptive"].shape == (5, 10)


def test_corrected_masks_come_nearer_as_one_over_the_root_of_queries() -> None:
    runs = recorded("24_masks").runs
    errors, limits = figures.pick_errors(runs), figures.pick_errors(runs, "limit")
    for kind in ("jumps, weighted by 1/Z", "Metropolis"):
        of, spread = figures.exponent(QUERIES, errors[kind])
        assert of == pytest.approx(-0.5, abs=0.1), (kind, spread)
    stalled = errors["jumps, uncorrected"]
    assert figures.exponent(QUERIES, stalled)[0] > -0.4
    stall, at_end = figures.root_mean_square(limits["jumps, uncorrected"]), (
        figures.root_mean_square(stalled)
    )  # fmt: skip
    assert 0.9 * stall[-1] < at_end[-1] < 1.5 * stall[-1]
    assert at_end[-1] > 2 * figures.root_mean_square(errors["jumps, weighted by 1/Z"])[-1]


def test_an_exponent_is_that_of_a_power_law() -> None:
    errors = np.array([[0.2, 0.4], [0.1, 0.2], [0.05, 0.1]])
    assert figures.exponent([1, 4, 16], errors) == pytest.approx((-0.5, 0.0))


def test_blocks_drawn_anew_go_to_the_posterior() -> None:
    table = CostTable(np.random.default_rng(2).random(32), 5)
    truth = inclusion_probabilities(mask_posterior(table, 0.3))
    for size in (1, 2, 5):
        meter = CostMeter(table, max_cost_queries=20_000)
        masks = lesson.sample_in_blocks(meter, size, 0.3, np.random.default_rng(0))
        assert meter.ledger.cost_queries == 1 + len(masks) * 2**size <= 20_000
        np.testing.assert_allclose(masks.mean(axis=0), truth, atol=0.06)
    meter = CostMeter(table, max_cost_queries=20_000)
    found = lesson.weigh_random(meter, 0.3, np.random.default_rng(0))
    np.testing.assert_allclose(found, truth, atol=0.03)


def test_the_bits_of_the_whole_register_are_those_of_its_root_posterior() -> None:
    table = lesson.build_moons(1).table
    state = np.sqrt(mask_posterior(table, lesson.TEMPERATURE))
    held = lesson.bits_of_blocks(table, 12, np.random.default_rng(0))
    assert held == pytest.approx(entropy(state, range(6)), abs=1e-9)
    assert lesson.bits_of_blocks(table, 1, np.random.default_rng(0)) == 0.0


def test_the_mixture_is_a_mean_over_all_masks() -> None:
    problem, result = lesson.build_moons(0), lesson.measure_mixture({}, 0).result
    weights = mask_posterior(problem.table, 1 / 200)
    x, y = problem.task.x_test, problem.task.y_test
    chances = np.zeros(len(y))
    for weight, mask in zip(weights, all_masks(12), strict=True):
        if weight > 1e-9:
            outputs = problem.network.outputs(x, mask).astype(float).ravel()
            chances += weight / (1 + np.exp(-outputs))
    expected = -np.log(np.where(y == 1, chances, 1 - chances)).mean()
    assert result["mixture_cost"] == pytest.approx(expected, abs=1e-6)
    best = problem.table.optimal_masks()[0]
    assert result["best_accuracy"] == pytest.approx(problem.accuracy(best), abs=1e-9)


def test_each_slip_is_told() -> None:
    assert check("24-1", 9).status == "wrong" and "units of c" in check("24-1", 9).message
    posterior = mask_posterior(CostTable(np.array([0.0, 1.0, 1.0, 0.5]), 2), 0.5)
    assert "That is the posterior" in check("24-2", posterior).message
    assert "shape (3,)" in check("24-2", [0.2, 0.3, 0.5]).message
    assert check("24-4", 50_000).status == "wrong"


# The explorer


@pytest.mark.parametrize("correction", REMEDIES)
def test_the_explorer_shows_the_variance_of_its_chains(correction: str) -> None:
    view = SamplerView(0.03, 0.5, correction, 0.3)
    weighted = correction == "clock weights"
    assert view.variance == pytest.approx(view.chains.variance(weighted=weighted))
    powers = {"none": 1.0, "one step": 0.5}
    assert view.power == powers.get(correction, 0.0)
    if correction == "none":
        assert view.predicted == pytest.approx(gaussian_variance(0.3), rel=1e-4)
    elif view.power == 0:
        assert view.predicted == pytest.approx(1, rel=1e-4)
    assert f"<b>{view.variance:.2f}</b>" in view.text


def test_a_click_chooses_lambda_and_the_arrows_both() -> None:
    explorer = SamplerExplorer()
    explorer._point(1, 100.0, gaussian_variance(1.0))
    assert explorer.chosen["floor"] == 1.0
    explorer._point(0, 0.0, 0.2)
    assert explorer.chosen["floor"] == 1.0
    explorer._arrow(-1, 1)
    assert (explorer.chosen["step"], explorer.chosen["floor"]) == (0.03, 3.0)
    explorer._arrow(9, 9)
    assert (explorer.chosen["step"], explorer.chosen["floor"]) == (0.3, FLOORS[-1])
    assert explorer.n_draws >= 3


@pytest.mark.parametrize("name", ["step", "beta", "floor"])
def test_what_is_not_offered_is_refused(name: str) -> None:
    wrong: dict[str, Any] = {name: 0.123}
    with pytest.raises(ValueError, match=f"{name}=0.123 is not offered"):
        SamplerExplorer(**wrong)
    with pytest.raises(ValueError, match="correction='some' is unknown"):
        SamplerExplorer(correction="some")
