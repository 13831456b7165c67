"""The angle explorer: its landscape and its point are what circuits and sorting give."""

from __future__ import annotations

import math

import numpy as np
import pytest

from labkit.circuits.qaoa import qaoa_circuit
from labkit.costs import CostTable
from labkit.course.explorers import AngleExplorer, SharedMask
from labkit.course.explorers.angles import (
    BETAS,
    GAMMAS,
    AngleSurface,
    AngleView,
    map_angles,
    ramp_through,
)
from labkit.course.lessons.lesson_07_qaoa import chance_of_optimum, compare_angles
from labkit.masks import mask_to_string
from labkit.problems import build_problem
from labkit.simulators import final_state, probabilities, qaoa_expectation


@pytest.fixture(scope="module")
def table() -> CostTable:
    return build_problem("moons", 6, seed=7).table


@pytest.fixture(scope="module")
def surface(table: CostTable) -> AngleSurface:
    return map_angles(table, 3)


def test_a_ramp_goes_through_its_point_and_is_it_at_one_layer() -> None:
    gammas, betas = ramp_through(1.5, 0.3, 4, 0.5)
    assert (gammas.mean(), betas.mean()) == pytest.approx((3.0, 0.3))
    assert (np.diff(gammas) > 0).all()
    assert (np.diff(betas) < 0).all()
    assert np.concatenate(ramp_through(1.5, 0.3, 1, 0.5)) == pytest.approx([3.0, 0.3])


def test_the_landscape_is_the_mean_cost_of_each_ramp(
    table: CostTable, surface: AngleSurface
) -> None:
    values = surface.values()
    assert values.shape == (len(BETAS), len(GAMMAS))
    for row, column in ((0, 0), (7, 12), (20, 25)):
        angles = ramp_through(GAMMAS[column], BETAS[row], 3, table.std)
        assert values[row, column] == pytest.approx(qaoa_expectation(table, *angles), abs=1e-5)


@pytest.mark.parametrize("share", [0.05, 0.3, 1.0])
def test_cvar_is_the_mean_of_the_best_share_of_many_shots(
    table: CostTable, surface: AngleSurface, share: float
) -> None:
    view = AngleView(table, 3, float(GAMMAS[9]), float(BETAS[12]))
    costs = np.repeat(table.costs, np.round(view.probabilities * 1_000_000).astype(int))
    best = np.sort(costs)[: math.ceil(share * len(costs))]
    assert surface.values(share)[12, 9] == pytest.approx(best.mean(), abs=1e-4)


def test_the_lowest_point_has_the_least_value(surface: AngleSurface) -> None:
    gamma, beta = surface.lowest(0.5)
    row, column = np.flatnonzero(beta == BETAS)[0], np.flatnonzero(gamma == GAMMAS)[0]
    values = surface.values(0.5)
    assert values[row, column] == values.min()


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5])
def test_a_share_that_is_none_is_refused(surface: AngleSurface, share: float) -> None:
    with pytest.raises(ValueError, match="share="):
        surface.values(share)


def test_the_view_agrees_with_the_circuit_on_qsim(table: CostTable) -> None:
    view = AngleView(table, 2, 1.2, 0.4)
    circuit = qaoa_circuit(table, *ramp_through(1.2, 0.4, 2, table.std))
    expected = probabilities(final_state(circuit))
    assert np.allclose(view.probabilities, expected, atol=1e-5)
    assert view.mean_cost == pytest.approx(expected @ table.costs, abs=1e-5)
    assert view.success == pytest.approx(expected[table.costs.argmin()], abs=1e-5)
    assert f"<b>{view.success:.4f}</b>" in view.text


def test_a_click_and_the_arrow_keys_move_the_point_with_one_drawing_each() -> None:
    explorer = AngleExplorer(n_neurons=6)
    explorer.point_at(0.3, 0.5)
    assert explorer.n_draws == 2
    gamma, beta = explorer.gamma, explorer.beta
    assert GAMMAS[0] < gamma < GAMMAS[-1]
    picture = bytes(explorer.image.value)
    explorer._pressed(1, -1)
    assert explorer.n_draws == 3
    assert explorer.gamma == pytest.approx(gamma + GAMMAS[1])
    assert explorer.beta == pytest.approx(beta - (BETAS[1] - BETAS[0]))
    assert bytes(explorer.image.value) != picture
    for _ in range(40):
        explorer._pressed(1, 1)
    assert (explorer.gamma, explorer.beta) == (GAMMAS[-1], BETAS[-1])


def test_a_click_on_a_mask_lights_it_everywhere() -> None:
    shared = SharedMask()
    here, there = (AngleExplorer(n_neurons=6, shared=shared) for _ in range(2))
    view, right = here.view, here._axes[1]
    for index in (0, int(view.table.costs.argmin())):
        place = view.table.costs[index], view.probabilities[index]
        x, y = right.transData.transform(place) / right.figure.bbox.size
        drawn = here.n_draws, there.n_draws
        here.point_at(x, y)
        assert (here.n_draws, there.n_draws) == (drawn[0] + 1, drawn[1] + 1)
        lit = shared.of(6)
        assert lit is not None
        assert view.table.evaluate(lit) == pytest.approx(view.table.costs[index])
        assert f"lit: <b>{mask_to_string(lit)}" in there.text.value


def test_reset_brings_the_point_back() -> None:
    explorer = AngleExplorer(n_neurons=6)
    start, picture = (explorer.gamma, explorer.beta), bytes(explorer.image.value)
    explorer.point_at(0.1, 0.8)
    explorer.reset()
    assert (explorer.gamma, explorer.beta) == start
    assert bytes(explorer.image.value) == picture


def test_what_is_kept_in_the_lab_book_names_the_point() -> None:
    explorer = AngleExplorer(n_neurons=6, seed=3)
    assert explorer._parameters()["gamma"] == explorer.gamma
    assert explorer._numbers()["mean_cost"] == explorer.view.mean_cost


def test_layers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="p=9"):
        AngleExplorer(p=9)


def test_the_chance_of_an_optimum_counts_ties_and_rescales_the_cost() -> None:
    tied = CostTable(np.array([0.0, 2.0, 0.0, 2.0]), 2)
    assert chance_of_optimum(tied, ([], [])) == pytest.approx(0.5)
    table = build_problem("moons", 6, seed=7).table
    angles = np.array([1.1]), np.array([0.4])
    view = AngleView(table, 1, 1.1, 0.4)
    assert chance_of_optimum(table, angles) == pytest.approx(view.success, abs=1e-6)


def test_trained_angles_beat_the_ramp_and_their_training_is_counted() -> None:
    parameters = {"task_name": "moons", "n_hidden": 6, "p": 2, "evaluations": 30}
    outcome = compare_angles(parameters, 7)
    assert set(outcome.result) == {"ramp", "trained", "transferred"}
    assert outcome.result["trained"] > outcome.result["ramp"]
    assert outcome.ledger is not None
    assert 2 * 2 * 2 < outcome.ledger.cost_layers <= 2 * (30 * 2 * 2 + 2)  # type: ignore[union-attr]
