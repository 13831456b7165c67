"""What notebook 09 computes: gradients agree, angles travel, errors follow the formula."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.axes import Axes
from parts import needs_tensorflow_quantum

from labkit.angle_training import is_installed, value_and_gradient
from labkit.ansatz import ramp_angles
from labkit.costs import PauliZCost
from labkit.course import recorded
from labkit.course.lessons import figures_09_training_angles as figures
from labkit.course.lessons.lesson_07_qaoa import chance_of_optimum
from labkit.course.lessons.lesson_09_training_angles import (
    central_differences,
    compare_transfer,
    difference_errors,
    expected_cost,
    mean_angles,
    moons_cost,
    moons_table,
    own_angles,
    train_in_tensorflow_quantum,
    transfer_angles,
)
from labkit.course.plots import (
    draw_bills,
    draw_gradients,
    draw_step_errors,
    draw_training,
    new_axes,
)
from labkit.platforms import TENSORFLOW_QUANTUM
from labkit.selectors import one_flip_search, queries_to_optimum
from labkit.simulators import qaoa_value_and_gradient


@pytest.fixture
def ax() -> Axes:
    axes: Axes = new_axes()[0]
    return axes


def test_the_cost_of_the_notebook_is_of_order_two() -> None:
    assert moons_cost(6, 1).order == 2
    np.testing.assert_allclose(moons_table(6, 1).costs, moons_cost(6, 1).to_table().costs)


def test_is_installed_tells_whether_there_is_a_tensorflow_quantum() -> None:
    assert is_installed() is TENSORFLOW_QUANTUM.is_installed()


@needs_tensorflow_quantum
def test_tensorflow_quantum_and_labkit_compute_the_same_gradient() -> None:
    cost = PauliZCost({(): 40.0, (0,): 0.02, (2,): -0.05, (0, 1): 0.03, (0, 1, 2): -0.04}, 3)
    gammas, betas = np.array([5.0, 11.0]), np.array([0.6, 0.2])
    value, *slopes = value_and_gradient(cost, gammas, betas)
    expected, *exact = qaoa_value_and_gradient(cost, gammas, betas, dtype="complex128")
    assert value == pytest.approx(expected, abs=1e-6)
    for found, right in zip(slopes, exact, strict=True):
        np.testing.assert_allclose(found, right, atol=2e-6)


@needs_tensorflow_quantum
def test_many_costs_in_one_process_warn_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    for seed in range(6):
        value_and_gradient(PauliZCost({(0,): 1.0 + seed, (0, 1): 0.5}, 2), [0.1], [0.2])
    assert not caplog.records


@needs_tensorflow_quantum
def test_the_recorded_training_is_what_tensorflow_quantum_computes() -> None:
    parameters = {"n_neurons": 10, "p": 4, "epochs": 2, "learning_rate": 0.1}
    outcome = train_in_tensorflow_quantum(parameters, 3)
    then = recorded("09_training_angles").runs.iloc[3]
    np.testing.assert_allclose(outcome.result["gradient"], then["result.gradient"], atol=1e-3)
    history = then["result.history"][:3]
    np.testing.assert_allclose(outcome.result["history"], history, atol=1e-3)


def test_the_recorded_gradient_is_that_of_central_differences() -> None:
    runs = recorded("09_training_angles").runs
    for seed in (0, 11):
        expected = central_differences(moons_table(10, seed), ramp_angles(4, 10, std=1.0))
        np.testing.assert_allclose(runs["result.gradient"][seed], expected, atol=1e-3)


def test_trained_angles_lower_the_mean_cost_and_are_recorded_so() -> None:
    ramp = ramp_angles(4, 6, std=1.0)
    table = moons_table(6, 2)
    assert expected_cost(table, own_angles(6, 2)) < expected_cost(table, ramp) < 0
    row = recorded("09_training_angles").runs.iloc[5]
    angles = np.array(row["result.gammas"]), np.array(row["result.betas"])
    assert expected_cost(moons_table(10, 5), angles) == pytest.approx(
        row["result.history"][-1], abs=1e-3
    )


def test_transferred_gammas_grow_as_the_root_of_n_and_betas_stay() -> None:
    gammas, betas = transfer_angles((np.array([1.0, 2.0]), np.array([0.5, 0.1])), 6, 24)
    np.testing.assert_allclose(gammas, [2.0, 4.0])
    np.testing.assert_array_equal(betas, [0.5, 0.1])


def test_mean_angles_are_the_mean_over_networks() -> None:
    gammas, betas = mean_angles(6, (100, 101))
    np.testing.assert_allclose(gammas, (own_angles(6, 100)[0] + own_angles(6, 101)[0]) / 2)
    np.testing.assert_allclose(betas, (own_angles(6, 100)[1] + own_angles(6, 101)[1]) / 2)


def test_a_state_without_layers_finds_an_optimum_as_a_random_mask_does() -> None:
    table = moons_table(6, 0)
    nothing = np.zeros(1), np.zeros(1)
    share = len(table.optimal_masks()) / 64
    assert chance_of_optimum(table, nothing) == pytest.approx(share, abs=1e-6)


def test_a_recorded_comparison_computed_anew_is_the_same() -> None:
    runs = recorded("09_transfer").runs
    then = runs[(runs["parameters.n_neurons"] == 8) & (runs["seed"] == 4)].iloc[0]
    parameters = {"n_neurons": 8, "n_from": 6, "n_donors": 10, "p": 4, "shots": 64}
    outcome = compare_transfer({**parameters, "evaluations": 60}, 4)
    for name in ("ramp", "transferred", "own", "random"):
        assert outcome.result[name] == pytest.approx(then[f"result.{name}"], abs=2e-3)
    # one-flip search draws after COBYLA's shots, whose number differs between versions of SciPy:
    # each mean of 20 searches is held against 400 others
    queries = queries_to_optimum(
        one_flip_search, [moons_table(8, 4)] * 400, rng=np.random.default_rng(9), restarts=9999
    )
    error = queries.std() / math.sqrt(20)
    for mean in (outcome.result["one_flip_queries"], then["result.one_flip_queries"]):
        assert abs(mean - queries.mean()) < 4 * error


def test_errors_of_differences_follow_shot_noise_at_small_steps() -> None:
    rng = np.random.default_rng(1)
    steps, start = [0.01, 0.1], ramp_angles(2, 6, std=1.0)
    exact, measured = difference_errors(moons_cost(6, 0), start, steps, shots=100, rng=rng)
    assert exact[1] / exact[0] == pytest.approx(100, rel=0.05)  # h^2
    assert measured[0] / measured[1] == pytest.approx(10, rel=0.25)  # 1 / h
    _, more = difference_errors(moons_cost(6, 0), start, steps, shots=10_000, rng=rng)
    assert measured[0] / more[0] == pytest.approx(10, rel=0.25)  # 1 / sqrt(shots)


def test_training_is_drawn_with_each_network_and_the_mean(ax: Axes) -> None:
    histories = np.array([[0.0, -1.0, -1.5], [0.0, -0.5, -0.5]])
    draw_training(ax, histories)
    lines = [np.asarray(line.get_ydata()) for line in ax.lines]
    assert len(lines) == 4  # two networks, their mean, the first value
    np.testing.assert_allclose(lines[2], histories.mean(axis=0))
    assert len(ax.collections) == 1


def test_gradients_have_a_tick_for_each_angle_and_a_marker_for_each_way(ax: Axes) -> None:
    draw_gradients(ax, {"one": [0.1, 0.2, 0.3, 0.4], "other": [0.1, 0.2, 0.3, 0.5]})
    assert len(ax.get_xticks()) == 4
    markers = {str(line.get_marker()) for line in ax.lines}
    assert {"o", "^"} <= markers


def test_step_errors_are_drawn_on_logarithmic_axes(ax: Axes) -> None:
    draw_step_errors(ax, [0.01, 0.1], {"exact": [1e-4, 1e-2], "shots": [1.0, 0.1]})
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert len(ax.lines) == 2


def test_bills_name_each_way_and_write_its_median(ax: Axes) -> None:
    draw_bills(ax, {"ramp": [10.0, 20.0, 1000.0], "search": [5.0, 5.0, 5.0]}, xlabel="queries")
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["ramp", "search"]
    assert [text.get_text() for text in ax.texts] == ["20", "5"]
    assert ax.get_xscale() == "log"


def test_the_text_of_the_slopes_names_the_steepest() -> None:
    slopes = {"one": [0.1, 0.2, 0.3, -0.4], "other": [0.1, 0.2, 0.3, -0.401]}
    text = figures.figure_gradients(slopes).text
    assert text == "Steepest by beta 2: -0.40. The three agree within 1e-03."
