"""Notebook 17's sweeps and pictures: guides, bits and gates, against the same made another way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from labkit.circuits.linear_systems import hhl_circuit, sign_circuit
from labkit.course import recorded
from labkit.course.explorers import LinearSystemExplorer
from labkit.course.explorers.linear_system import LinearSystemView, regrets_of
from labkit.course.lessons import figures_17_linear_systems as figures
from labkit.course.lessons.lesson_17_linear_systems import (
    FIXED,
    KEPT,
    N_PIXELS,
    PAIRS,
    RIDGE,
    build_weights,
    find_guide,
    leave_free,
    measure_bits,
    measure_gates,
    measure_guides,
)
from labkit.datasets import load_task
from labkit.masks import all_masks
from labkit.neighbours.linear_systems import clock_state, hhl_filter, sign_readout
from labkit.selectors import exhaustive, run
from labkit.simulators import entropy, final_state


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# The problem


def test_features_are_pixels_of_two_digits_above_their_median_or_not() -> None:
    problem, task = build_weights(PAIRS.index((3, 8))), load_task("digits")
    rows = [i for i, label in enumerate(task.y_train) if label in (3, 8)]
    assert problem.features.shape == (len(rows), N_PIXELS)
    assert set(np.unique(problem.features)) == {-1.0, 1.0}
    images = task.x_train[rows].reshape(-1, 8, 8)
    pixel = images[:, 2:4, 4:6].mean(axis=(1, 2))  # row 1, column 2 of 4 x 4
    np.testing.assert_array_equal(problem.features[:, 6] > 0, pixel > np.median(pixel))
    np.testing.assert_array_equal(problem.y > 0, task.y_train[rows] == 8)


def test_the_weights_solve_the_ridge_regression_of_the_labels() -> None:
    problem = build_weights(7)
    x = np.vstack([problem.features, np.sqrt(RIDGE * len(problem.y)) * np.eye(N_PIXELS)])
    y = np.concatenate([problem.y, np.zeros(N_PIXELS)])
    np.testing.assert_allclose(problem.weights, np.linalg.lstsq(x, y, rcond=None)[0], atol=1e-9)


@pytest.mark.parametrize("n", [4, 9])
def test_fewer_pixels_are_some_of_all(n: int) -> None:
    few, all_of_them = build_weights(3, n).features, build_weights(3).features
    places = [np.flatnonzero((pixel == all_of_them.T).all(axis=1))[0] for pixel in few.T]
    assert few.shape[1] == n == len({*places})


@pytest.mark.parametrize(("pair", "n"), [(-1, 4), (45, 4), (0, 0), (0, 17)])
def test_a_pair_or_a_number_of_pixels_that_there_is_not_is_refused(pair: int, n: int) -> None:
    with pytest.raises(ValueError, match=r"limit: "):
        build_weights(pair, n)


# The sweeps


def test_a_guide_of_counts_is_near_the_difference_that_it_counts() -> None:
    problem = build_weights(8)
    exact = sign_readout(*problem.equations, clock_qubits=6).difference
    assert np.abs(find_guide(problem, "counts", rng()) - exact).max() < 5 / np.sqrt(KEPT)


def test_what_is_left_free_has_the_costs_of_the_masks_with_the_surest_signs() -> None:
    problem, guide = build_weights(5, 6), np.array([0.1, -3.0, 0.2, 2.0, -0.3, 0.4])
    rest = leave_free(problem, guide, 2)
    masks = all_masks(6)
    agree = masks[masks[:, 1] & ~masks[:, 3]]
    np.testing.assert_allclose(rest.to_table().costs, problem.cost.evaluate(agree))


def test_clock_and_data_hold_the_bits_that_the_circuit_holds() -> None:
    g, b = build_weights(11, 4).equations
    for c in (3, 4):
        built = hhl_circuit(g, b, clock_qubits=c)
        operations = [*built.circuit.all_operations()]
        turn = next(
            i for i, op in enumerate(operations) if {built.flag, *built.clock} <= {*op.qubits}
        )
        half = type(built.circuit)(op for op in operations[:turn] if built.flag not in op.qubits)
        state = final_state(half, qubits=[*built.clock, *built.data])
        expected = clock_state(g, b, clock_qubits=c)
        np.testing.assert_allclose(state.reshape(expected.shape), expected, atol=1e-5)
        assert entropy(state, range(c)) == pytest.approx(
            entropy(expected.ravel(), range(c)), abs=1e-4
        )


def same(found: Any, row: Any) -> None:
    for name, value in found.result.items():
        assert value == pytest.approx(row[f"result.{name}"], rel=1e-4, abs=1e-6), name


@pytest.mark.parametrize("guide", ["w", "counts", "b", "random"])
def test_a_point_of_the_guides_is_that_of_the_record(guide: str) -> None:
    runs = recorded("17_guides").runs
    ridge = RIDGE if guide in ("w", "counts") else None
    row = figures.pick_guide(runs, guide, ridge).iloc[4]
    found = measure_guides({"guide": guide} | ({"ridge": ridge} if ridge else {}), 4)
    same(found, row)
    assert found.ledger is not None
    assert vars(found.ledger)["shots"] == row["ledger.shots"]
    queries = sum(2 ** (N_PIXELS - f) for f in FIXED) + found.result["flips"]
    assert vars(found.ledger)["cost_queries"] == queries == row["ledger.cost_queries"]


def test_points_of_the_bits_and_of_the_gates_are_those_of_their_records() -> None:
    runs = recorded("17_bits").runs
    bits, held = figures.pick_bits(runs)
    assert measure_bits({"guide": "b", "n_fixed": 8}, 6).result["bits"] == pytest.approx(
        bits["b"][4, 6], rel=1e-3
    )
    assert measure_bits({"clock_qubits": 5}, 6).result["bits"] == pytest.approx(held[5][6])
    gates = recorded("17_gates").runs
    point = {"evolution": "exact", "n_pixels": 4, "clock_qubits": 4}
    (row,) = [
        row
        for _, row in gates[gates["seed"] == 2].iterrows()
        if all(row[f"parameters.{name}"] == value for name, value in point.items())
    ]
    same(measure_gates(point, 2), row)


# What the notebook says of the records


def test_a_small_ridge_guides_worse_than_b_and_a_larger_one_better() -> None:
    runs = recorded("17_guides").runs
    kept = figures.pick_kept(runs)
    eight, ten = FIXED.index(8), FIXED.index(10)
    assert kept["b"].shape == (len(FIXED), len(PAIRS))
    assert kept["b"][eight].mean() - kept["w"][eight].mean() > 0.2
    ridges = figures.pick_ridges(runs, 10)["w"].mean(axis=1)
    assert ridges[2] > kept["b"][ten].mean()
    assert ridges.argmax() == 2
    assert (np.diff(ridges[:3]) > 0).all()


def test_signs_that_b_fixes_leave_more_bits_and_random_ones_fewer() -> None:
    bits, _ = figures.pick_bits(recorded("17_bits").runs)
    rise = bits["b"][3] - bits["b"][0]
    assert rise.mean() > 3 * rise.std(ddof=1) / np.sqrt(len(rise))
    assert (np.diff(bits["random"].mean(axis=1)) < 0).all()


def test_gates_outnumber_the_operations_of_elimination() -> None:
    gates = figures.pick_gates(recorded("17_gates").runs)
    assert (gates["gates"] > gates["n_pixels"] ** 3 / 3).all()
    ax: Any = figures.figure_gates(gates).ax
    assert [line.get_label() for line in ax.lines][-1] == "elimination, n³/3"


# The explorer


def test_regrets_of_a_guide_are_those_of_searching_what_it_leaves() -> None:
    problem, guide = build_weights(9, 6), rng(1).normal(size=6)
    found = regrets_of(problem, guide)
    least = problem.table.minimum
    for n_fixed in range(6):
        rest = run(exhaustive, leave_free(problem, guide, n_fixed), rng=rng())
        assert found[n_fixed] == pytest.approx(rest.cost - least, abs=1e-12)
    assert found[6] == pytest.approx(float(problem.table.evaluate(guide < 0)) - least, abs=1e-12)


def test_the_view_counts_what_the_circuit_gives() -> None:
    problem = build_weights(30, 4)
    view = LinearSystemView(problem, problem, 4, 10**6, 2)
    built = sign_circuit(*problem.equations, clock_qubits=4)
    state = final_state(built.circuit, qubits=built.qubits).reshape(16, -1, 2)
    chances = np.abs(state[0, :, 1]) ** 2
    np.testing.assert_allclose(view.counts / 10**6, chances, atol=5e-3)
    assert view.kept == view.counts.sum()
    assert len(view.fixed) == 2


def test_no_run_that_is_kept_tells_nothing_and_breaks_nothing() -> None:
    explorer = LinearSystemExplorer(digits=(6, 7), n_neurons=16, runs=1000, clock_qubits=3)
    assert explorer.view.kept < 5
    assert "of 1,000 tell" in explorer.text.value


def test_a_click_on_the_right_picture_and_the_arrows_fix_signs() -> None:
    explorer = LinearSystemExplorer()
    explorer._point(1, 3.2, 0.0)
    assert explorer.chosen["n_fixed"] == 3
    explorer._arrow(-9, 0)
    assert explorer.chosen["n_fixed"] == 0
    assert "leave 4,096 masks" in explorer.text.value
    explorer._arrow(99, 0)
    assert explorer.chosen["n_fixed"] == 12


def test_only_pairs_of_digits_are_offered() -> None:
    with pytest.raises(ValueError, match=r"^digits=\(8, 3\) is no pair of digits"):
        LinearSystemExplorer(digits=(8, 3))


def test_fidelity_is_the_squared_overlap_with_the_solution() -> None:
    problem = build_weights(2)
    left = hhl_filter(*problem.equations, clock_qubits=5).vector
    unit = problem.weights / np.linalg.norm(problem.weights)
    assert problem.fidelity_at(5) == pytest.approx((left @ unit) ** 2 / (left @ left))
