"""What notebook 11 and its records are computed by, against brute force on small networks."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.costs import LocalCost
from labkit.course import check, recorded
from labkit.course.lessons.lesson_11_nk_networks import (
    compare_rivals,
    measure_light_cones,
    measure_quality,
    over_seeds,
)
from labkit.course.plots import (
    draw_bound,
    draw_circuit_size,
    draw_cone_widths,
    draw_costs_over_k,
    new_axes,
)
from labkit.masks import all_masks
from labkit.problems import build_nk_problem
from labkit.scoring import score_all_masks


@pytest.mark.parametrize("neighbourhood", ["adjacent", "random"])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_network_of_one_output_makes_the_same_prediction(k: int, neighbourhood: str) -> None:
    problem = build_nk_problem("moons", 7, k, seed=4, neighbourhood=neighbourhood)
    one = problem.as_one_output()
    for mask in all_masks(7)[::9]:
        expected = problem.network.prediction(problem.task.x_test, mask)
        assert one.outputs(problem.task.x_test, mask) == pytest.approx(expected, abs=1e-5)


def test_quality_is_that_of_the_mask_of_least_nk_cost() -> None:
    problem = build_nk_problem("moons", 8, 3, seed=5)
    table = problem.cost.to_table()
    found = measure_quality({"task_name": "moons", "n_neurons": 8, "n_inputs_per_output": 3}, 5)
    best = table.optimal_masks()[0]
    assert found.result["nk_cost"] == pytest.approx(table.minimum)
    assert found.result["random_nk_cost"] == pytest.approx(table.mean)
    assert found.result["ensemble_cost"] == pytest.approx(problem.ensemble_cost(best))
    assert found.result["test_accuracy"] == problem.accuracy(best)
    assert found.result["share_kept"] == best.mean()
    task = problem.task
    own = score_all_masks(problem.as_one_output(), task.x_train, task.y_train)
    assert own.minimum - 1e-6 <= found.result["searched_cost"] <= own.mean


def test_rivals_spend_the_same_calls_and_none_beats_the_optimum() -> None:
    parameters = {"task_name": "moons", "n_neurons": 9, "n_inputs_per_output": 3}
    found = compare_rivals({**parameters, "p": 2, "shots": 10}, 1).result
    table = build_nk_problem("moons", 9, 3, seed=1).cost.to_table()
    assert found["minimum"] == pytest.approx(table.minimum)
    for name in ("qaoa", "one_flip", "random"):
        assert found[f"{name}_calls"] == 10 * (2 + 1)
        assert found[f"{name}_cost"] >= table.minimum - 1e-12
    assert found["exact_passes"] == 2**3 + 1


def test_light_cones_give_the_mean_of_the_whole_state() -> None:
    from labkit.ansatz import ramp_angles
    from labkit.simulators import qaoa_expectation

    parameters = {"task_name": "moons", "n_neurons": 9, "n_inputs_per_output": 2}
    found = measure_light_cones({**parameters, "p": 2}, 3).result
    cost = build_nk_problem("moons", 9, 2, seed=3).cost
    expected = qaoa_expectation(cost, *ramp_angles(2, 9, std=cost.std), dtype="complex128")
    assert found["qaoa"] == pytest.approx(expected, abs=1e-9)
    assert found["minimum"] == pytest.approx(cost.to_table().minimum)


@pytest.mark.parametrize("measure", [measure_quality, compare_rivals, measure_light_cones])
def test_the_same_seed_gives_the_same_result(measure: object) -> None:
    parameters = {"task_name": "moons", "n_neurons": 6, "n_inputs_per_output": 2}
    more = {
        measure_quality: {},
        compare_rivals: {"p": 1, "shots": 4},
        measure_light_cones: {"p": 1},
    }
    first, second = (measure({**parameters, **more[measure]}, 2).result for _ in range(2))  # type: ignore[operator, index]
    assert first == second


@pytest.mark.parametrize(
    ("name", "points", "seeds"),
    [("11_nk_networks", 20, 20), ("11_nk_rivals", 6, 20), ("11_nk_light_cones", 4, 10)],
)
def test_a_record_is_complete(name: str, points: int, seeds: int) -> None:
    assert len(recorded(name).runs) == points * seeds


def test_a_recorded_run_agrees_with_running_it() -> None:
    runs = recorded("11_nk_rivals").runs
    again = compare_rivals(
        {"task_name": "moons", "n_neurons": 20, "n_inputs_per_output": 2, "p": 4, "shots": 64}, 4
    ).result
    row = runs[(runs["parameters.n_inputs_per_output"] == 2) & (runs["seed"] == 4)].iloc[0]
    for name, value in again.items():
        assert row[f"result.{name}"] == pytest.approx(value), name


def test_over_seeds_has_a_row_for_each_point_and_a_column_for_each_seed() -> None:
    runs = recorded("11_nk_light_cones").runs
    values = over_seeds(runs, "mean", by="n_neurons")
    assert values.shape == (4, 10)
    row = runs[(runs["parameters.n_neurons"] == 64) & (runs["seed"] == 3)].iloc[0]
    assert values[1, 3] == row["result.mean"]


def test_the_figures_show_the_numbers_they_are_given() -> None:
    ax = draw_bound(new_axes()[0], [1.0, 2.0, 3.0], [0.5, 0.7, 0.9], {"best": 0})
    assert np.asarray(ax.lines[2].get_xydata()).tolist() == [[1.0, 0.5]]
    ax = draw_costs_over_k(new_axes()[0], [1, 2], {"a": [5, 4], "b": [4, 3.99]}, chosen=2, lit=4.5)
    assert np.asarray(ax.lines[-1].get_xydata()).tolist() == [[2, 4.5]]
    low, high = sorted(text.get_position()[1] for text in ax.texts)
    assert high - low > 0.05  # the labels do not overlap
    ax = draw_circuit_size(new_axes()[0], [1, 2], [0, 12], [3, 4], chosen=2)
    assert np.isnan(np.asarray(ax.lines[0].get_ydata(), dtype=float)[0])
    ax = draw_cone_widths(new_axes()[0], [1, 2], {"K = 2": [4, 6]}, 26)
    assert np.asarray(ax.lines[0].get_ydata()).tolist() == [4, 6]


def test_a_phase_layer_with_the_wrong_sign_is_told_the_mask() -> None:
    import cirq

    ring = cirq.LineQubit.range(4)
    pairs = [(ring[j], ring[(j + 1) % 4]) for j in range(4)]
    right = cirq.Circuit(cirq.CZ(*pair) ** (-0.8 / np.pi) for pair in pairs)
    assert check("11-3", right).status == "right"
    wrong = check("11-3", cirq.inverse(right))
    assert wrong.status == "wrong" and "0011" in wrong.message


def test_a_mask_of_another_optimum_is_right_too() -> None:
    cost = build_nk_problem("circles", 40, 3, seed=2).cost
    assert isinstance(cost, LocalCost)
    wrong = check("11-2", "0" * 40)
    assert (
        wrong.status == "wrong"
        and f"{float(cost.evaluate(np.zeros(40, bool))):.6f}" in wrong.message
    )
