"""Lesson 25: its records are what its functions compute, and its figures say what they show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from labkit.course import recorded
from labkit.course.explorers import ReuseExplorer
from labkit.course.lessons import figures_25_vector_quantised_monte_carlo as figures
from labkit.course.lessons import lesson_25_vector_quantised_monte_carlo as lesson
from labkit.masks import all_masks
from labkit.neighbours.quantum_states import QuantumState, local_energies
from labkit.simulators import entropy

POINTS = [
    ("25_flips", lesson.measure_flips, {"n_neurons": 16, "mixing": "normal"}),
    ("25_searches", lesson.measure_search, {"search": "variational"}),
    ("25_blocks", lesson.measure_blocks, {"block_size": 4}),
    ("25_codes", lesson.measure_codes, {"codes": 0}),
    ("25_codes", lesson.measure_codes, {"codes": 4}),
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
        assert value == pytest.approx(row[f"result.{key}"], rel=1e-5, abs=1e-9, nan_ok=True), key
    if outcome.ledger is not None:
        asked = outcome.ledger.amplitude_evaluations
        assert asked == row["ledger.amplitude_evaluations"]


def test_the_energy_without_codes_is_within_a_thousandth_of_the_exact_one() -> None:
    errors = figures.pick(recorded("25_codes").runs, "codes", "error")[0]
    assert len(errors) == 10
    assert errors.min() > -1e-9
    assert errors.max() < 1e-3


def test_what_is_looked_at_exactly_is_the_mean_local_energy() -> None:
    state = QuantumState(lesson.N_NEURONS, seed=0)
    error, fidelity = lesson.look_exactly(state, 2)
    masks = all_masks(lesson.N_NEURONS)
    log_psi = state.log_psi(masks)
    shares = np.exp(2 * log_psi) / np.exp(2 * log_psi).sum()
    local = local_energies(state, lesson.build_cost(2), lesson.FIELD, masks)
    energy, chances = lesson.find_ground(2)
    assert error == pytest.approx(shares @ local - energy)
    assert fidelity == pytest.approx(np.sqrt(shares * chances).sum() ** 2)


def test_bits_of_the_whole_register_are_those_of_the_ground_state() -> None:
    found = lesson.measure_blocks({"block_size": 12}, 1).result
    exact = entropy(np.sqrt(lesson.find_ground(1)[1]), range(6))
    assert found["bits"] == pytest.approx(exact, rel=1e-5)
    assert found["error"] == pytest.approx(0, abs=1e-8)
    assert lesson.measure_blocks({"block_size": 1}, 1).result["bits"] == 0


def test_the_cost_has_a_standard_deviation_of_one() -> None:
    assert lesson.build_cost(0).to_table().std == pytest.approx(1)


def test_a_power_law_has_its_exponent() -> None:
    sizes = (8, 16, 64)
    values = np.array([[n**1.5, 3 * n**1.5] for n in sizes])
    assert figures.fit_exponent(sizes, values) == pytest.approx((1.5, 0.0))


def test_an_exponent_has_the_95_percent_interval_of_its_seeds() -> None:
    slopes = np.array([1.0, 1.2, 1.7])
    values = np.array([[n**slope for slope in slopes] for n in (8, 32)])
    # of three seeds t is 4.302653; the interval is the same as SciPy's own
    interval = ttest_1samp(slopes, 0).confidence_interval(0.95)
    mean, half = figures.fit_exponent((8, 32), values)
    assert (mean - half, mean + half) == pytest.approx((interval.low, interval.high))
    assert half == pytest.approx(4.302653 * slopes.std(ddof=1) / 3**0.5, rel=1e-6)


def test_the_growth_of_sites_and_work_is_told_apart_from_linear_by_its_intervals() -> None:
    runs, sizes = recorded("25_flips").runs, (8, 16, 32, 64, 128)
    of = {name: figures.fit_exponent(sizes, v) for name, v in figures.pick_changed(runs).items()}
    work = figures.pick(runs, "n_neurons", "multiply_adds", mixing="mean")
    grows, half = figures.fit_exponent(sizes, work)
    assert sum(of["averages"]) < of["std 1/√n"][0] - of["std 1/√n"][1]
    assert sum(of["averages"]) < 0.5
    assert 1 < grows - half < grows + half < 2
    said = figures.figure_growth(runs, sizes).text
    assert f"reuse, averages {grows:.2f} ± {half:.2f}" in said


# The explorer


def test_the_explorer_lights_the_sites_that_its_flip_changes() -> None:
    explorer = ReuseExplorer(n_neurons=24, neuron=5, n_codes=8, mixing="normal")
    view = explorer.view
    np.testing.assert_array_equal(view.changed.sum(axis=1), view.work.changed_sites[5])
    assert f"<b>{view.saving:.0f}</b>" in explorer.text.value


def test_a_click_and_the_arrows_choose_the_neuron() -> None:
    explorer = ReuseExplorer()
    explorer._point(1, 7.2, 1.0)
    assert explorer.chosen["neuron"] == 7
    explorer._arrow(1, 0)
    assert explorer.chosen["neuron"] == 8
    explorer._point(0, 1e6, 0.0)
    assert explorer.chosen["neuron"] == 15


@pytest.mark.parametrize(
    "arguments", [{"n_neurons": 15}, {"neuron": 16}, {"n_codes": 1}, {"mixing": "sum"}]
)
def test_what_is_not_offered_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        ReuseExplorer(**arguments)
