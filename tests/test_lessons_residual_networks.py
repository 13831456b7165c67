"""Notebook 20: its records, recomputed at a point each; what its figures and explorer say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from labkit.course import recorded
from labkit.course.explorers.residual import MAX_STAGES, RIDGE, prepare, seen_task, view_stages
from labkit.course.lessons import figures_20_residual_networks as figures
from labkit.course.lessons import lesson_20_residual_networks as lesson
from labkit.datasets import load_images, load_task
from labkit.ledger import Ledger
from labkit.neighbours.residual import class_targets, fit_residual, solve_ridge
from labkit.problems import build_problem

SIDES = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14)


def recorded_runs(name: str) -> pd.DataFrame:
    return recorded(name).runs


def point(name: str, seed: int, **fixed: object) -> pd.Series:
    runs = recorded_runs(name)
    for key, value in fixed.items():
        runs = runs[runs[f"parameters.{key}"] == value]
    (row,) = runs[runs["seed"] == seed].iloc
    return row


# Records


@pytest.mark.parametrize(
    ("name", "side", "scaling"),
    [("mnist5k", 4, "one scale"), ("mnist5k", 5, "each pixel"), ("digits", 8, "each pixel")],
)
def test_a_point_of_the_crossing_is_computed_again(name: str, side: int, scaling: str) -> None:
    parameters = {"task_name": name, "side": side, "scaling": scaling}
    row = point("20_crossing", 3, **parameters)
    found = lesson.measure_crossing(parameters, 3).result
    for key in ("line", "same", "twice"):
        assert found[key] == pytest.approx(row[f"result.{key}"], abs=0.003)


def test_a_point_of_the_stages_is_computed_again() -> None:
    parameters = {"task_name": "digits", "side": 8, "n_hidden": 64, "n_stages": 20}
    row = point("20_stages", 2, **parameters)
    found = lesson.measure_stages(parameters, 2).result
    np.testing.assert_allclose(found["accuracy"], row["result.accuracy"], atol=0.004)


def test_a_point_of_the_choice_is_computed_again() -> None:
    parameters = {"task_name": "moons", "n_hidden": 12}
    row = point("20_choice", 4, **parameters)
    found = lesson.measure_choice(parameters, 4).result
    for key in ("mask", "all", "chosen", "drawn"):
        assert found[key] == pytest.approx(row[f"result.{key}"], abs=0.006), key
    assert found["kept"] == row["result.kept"]


def test_greedy_choice_adds_the_neuron_that_costs_least() -> None:
    """With 64 to choose from, all are chosen in the end."""
    found = lesson.measure_greedy({"n_drawn": 64}, 0)
    assert found.result["chosen"][-1] == found.result["drawn"][-1]
    assert found.result["chosen"][0] > found.result["drawn"][0]
    assert isinstance(found.ledger, Ledger) and found.ledger.cost_queries == 64 * 64


def test_a_point_of_the_greedy_choice_is_computed_again() -> None:
    row, found = point("20_greedy", 0), lesson.measure_greedy({"n_drawn": 1024}, 0)
    for name, value in found.result.items():
        np.testing.assert_allclose(value, row[f"result.{name}"], atol=0.004, err_msg=name)
    assert isinstance(found.ledger, Ledger)
    assert found.ledger.cost_queries == row["ledger.cost_queries"] == 64 * 1024


# What they say


def test_the_claim_holds_from_some_fifty_bright_pixels_on_and_not_for_standardised_ones() -> None:
    runs = recorded_runs("20_crossing")
    bright, each = (figures.crossing_by_size(runs, scale, SIDES) for scale in lesson.SCALES)
    assert bright["J = M"].shape == (10, 20)
    gap = bright["J = M"] - bright["straight line"]
    assert gap[:3].max() <= 0 < gap[5:].min()
    assert (each["J = M"] - each["straight line"]).mean(axis=1).max() < 0
    digits = figures.pick(runs, "same", task_name="digits")
    assert (digits < figures.pick(runs, "line", task_name="digits")).all()


def test_at_equal_total_one_solve_is_ahead_of_stages() -> None:
    totals = figures.by_total(recorded_runs("20_stages"))
    one, wide, narrow = (dict(zip(*each, strict=True)) for each in totals.values())
    assert all(wide[n].mean() < one[n].mean() for n in (128, 256, 640, 1280))
    assert all(narrow[n].mean() < one[n].mean() for n in (64, 128, 256, 640, 1280))
    np.testing.assert_allclose(wide[64].mean(), one[64].mean(), atol=0.01)


def test_one_solve_beats_the_best_mask_and_choosing_compresses() -> None:
    runs = recorded_runs("20_choice")
    mask, whole, chosen, drawn, kept = (
        figures.by_task(runs, what) for what in ("mask", "all", "chosen", "drawn", "kept")
    )
    for task in mask:
        assert whole[task].mean() > mask[task].mean() + 0.02
        assert chosen[task].mean() > max(whole[task].mean() - 0.015, drawn[task].mean())
        assert 5 < kept[task].mean() < 8.1


def test_the_verdicts_follow_from_the_records() -> None:
    crossing, stages = recorded_runs("20_crossing"), recorded_runs("20_stages")
    told = figures.verdicts(crossing, stages)
    assert told["verdict"].tolist() == [
        *("confirmed", "not confirmed", "not confirmed", "confirmed", "not confirmed"),
        "not testable here",
    ]
    swapped = crossing.assign(
        **{"result.same": crossing["result.line"], "result.line": crossing["result.same"]}
    )
    assert figures.verdicts(swapped, stages)["verdict"].iloc[0] == "not confirmed"


def test_figures_say_their_means() -> None:
    right = {"a way": {"moons": np.array([0.5, 0.7]), "iris": np.array([0.8, 1.0])}}
    assert figures.figure_ways(right).text.startswith(
        "Mean test accuracy over the tasks: a way 0.750; 2 networks"
    )
    met = {"fixed": np.array([[True, True, True, True, True, True], [False] + 5 * [True]])}
    assert "in blocks of 1: fixed 50%" in figures.figure_blocks(met).text
    bill = figures.figure_bill({"stages": (5000, 2000000), "at once": (9000, 3000000)})
    assert "multiplications: stages 2,000,000, at once 3,000,000" in bill.text
    calls = {"every mask": np.full(3, 4096.0), "one-flip": np.array([1.0, 2.0, 6.0])}
    assert "every mask 4,096, one-flip 3" in figures.figure_calls(calls).text
    grown = {"chosen": np.tile([0.1, 0.2, 0.3, 0.4], (3, 1))}
    assert "chosen 8 0.100, 16 0.200" in figures.figure_greedy(grown).text


# How it is computed


def test_images_have_the_scale_that_is_asked_for() -> None:
    assert lesson.images("mnist5k", 5, "one scale") is load_images(5)
    each = lesson.images("mnist5k", 5, "each pixel")
    np.testing.assert_allclose(each.x_train.std(axis=0), 1, atol=1e-4)
    digits = lesson.images("digits", 8, "each pixel")
    np.testing.assert_allclose(digits.x_test, load_task("digits").x_test, atol=1e-4)


def test_solved_neurons_of_a_whole_mask_are_those_of_the_fitted_readout() -> None:
    problem = build_problem("moons", 6, seed=2)
    cost, whole = lesson.solved_cost(problem)
    assert lesson.solved_accuracy(problem, cost, np.ones(6, bool)) == pytest.approx(whole, abs=0.02)


# The explorer


def test_the_explorer_trains_as_fit_residual_does_and_solves_all_neurons_at_once() -> None:
    view, task = view_stages("breast_cancer", 0.25, 3, 0.5), seen_task("breast_cancer")
    made, j = prepare("breast_cancer", view.n_hidden), view.n_hidden
    y = class_targets(task.y_train, 2)
    split = [made.train[:, at : at + j] for at in range(0, MAX_STAGES * j, j)]
    fit = fit_residual(split, y, ridge=RIDGE, step=0.5)
    np.testing.assert_allclose(view.left, fit.residual_norms[1:] / fit.residual_norms[0])
    tests = [made.test[:, at : at + j] for at in range(0, MAX_STAGES * j, j)]
    right = np.mean(fit.outputs(tests).argmax(axis=1) == task.y_test)
    assert view.accuracies[-1] == right
    three = solve_ridge(made.train[:, : 3 * j], y, ridge=RIDGE)
    right = np.mean((made.test[:, : 3 * j] @ three).argmax(axis=1) == task.y_test)
    assert view.at_once == right
    assert "3</b> stages of J = <b>8" in view.text
