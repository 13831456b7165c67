"""Notebook 19's sweeps, pictures and explorer: against systems that are solved by hand."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import numpy as np
import pytest

from labkit.course.explorers import KernelExplorer
from labkit.course.explorers.kernel import DRAWN, view_kernel
from labkit.course.lessons import figures_19_wide_networks as figures
from labkit.course.lessons.lesson_19_wide_networks import (
    DEPTHS,
    PATTERNS,
    SHOT,
    SHOTS,
    bits_by_depth,
    choose_pairs,
    clock_bits,
    count_cg_steps,
    deal_images,
    draw_terms,
    load_images,
    measure_circuit,
    measure_depth,
    measure_shots,
    measure_trained,
    one_in_ten,
    share_of_right_signs,
    shoot,
)
from labkit.course.recorded import recorded
from labkit.ledger import Ledger
from labkit.neighbours.kernels import kernel_machine, overlap, readout_shots


def record_of(name: str, seed: int, **parameters: Any) -> dict[str, Any]:
    """What a record holds of one point."""
    runs = recorded(name).runs
    chosen = runs["seed"] == seed
    for key, value in parameters.items():
        chosen &= runs[f"parameters.{key}"] == value
    (row,) = runs[chosen].to_dict("records")
    return {
        key.removeprefix("result."): value
        for key, value in row.items()
        if key.startswith("result.")
    }


@pytest.mark.parametrize(
    ("name", "measure", "parameters", "within"),
    [
        ("19_depth", measure_depth, {"depth": 8, "n_train": 128}, 1e-6),
        ("19_shots", measure_shots, {"depth": 32}, 1e-6),
        ("19_circuit", measure_circuit, {"depth": 16, "pattern": "by label"}, 1e-6),
    ],
)
def test_a_point_of_each_record_is_computed_again(
    name: str, measure: Any, parameters: dict[str, Any], within: float
) -> None:
    outcome, stored = measure(parameters, 1), record_of(name, 1, **parameters)
    assert {*outcome.result} == {*stored}
    for key, value in outcome.result.items():
        assert value == pytest.approx(stored[key], rel=within, abs=within), key


def test_a_trained_network_of_the_record_is_trained_again() -> None:
    outcome, stored = measure_trained({"width": 256}, 1), record_of("19_trained", 1, width=256)
    assert outcome.result["correlation"] == pytest.approx(stored["correlation"], abs=1e-3)
    assert outcome.result["machine"] == stored["machine"]
    assert outcome.result["network"] == pytest.approx(stored["network"], abs=0.01)
    assert isinstance(outcome.ledger, Ledger)
    assert outcome.ledger.backward_passes == outcome.ledger.forward_passes == 200


def test_images_are_dealt_once_each() -> None:
    x, y = load_images()
    deal = deal_images(128, 2, 3)
    assert len(y) == 357 and {*y} == {-1, 1}
    dealt = np.concatenate([deal.x, deal.x_test])
    assert sorted(map(tuple, dealt)) == sorted(map(tuple, x))
    assert deal.rows.shape == (229, 128) and deal.kernel.shape == (128, 128)


def test_a_test_set_has_one_eight_in_ten() -> None:
    few = one_in_ten(deal_images(128, 2, 3))
    assert np.mean(few.y_test > 0) == pytest.approx(0.1, abs=0.005)
    assert len(few.rows) == len(few.y_test)


def test_nearest_pairs_are_the_largest_entries_of_a_row() -> None:
    deal, rng = deal_images(40, 2, 1), np.random.default_rng(1)
    kept = choose_pairs("nearest", deal.kernel, deal.y, rng=rng)
    assert (kept == kept.T).all() and kept.diagonal().all()
    n_kept = round(np.log(40))
    for row, of_kernel in zip(kept, np.abs(deal.kernel), strict=True):
        assert row[np.argsort(-of_kernel)[: n_kept + 1]].all()


def test_conjugate_gradients_need_one_step_for_the_identity_and_n_at_most() -> None:
    y = np.sign(np.arange(12) - 5.5)
    assert count_cg_steps(np.eye(12), y) == 1
    deal = deal_images(12, 2, 0)
    assert 1 < count_cg_steps(deal.kernel, deal.y) <= 13


def test_shots_and_drawn_images_have_the_means_and_variances_that_they_should() -> None:
    deal, rng = deal_images(32, 4, 2), np.random.default_rng(3)
    v, k = kernel_machine(deal.kernel, deal.y), deal.rows[1]
    shots, drawn = shoot(v, k, 40_000, rng=rng), draw_terms(v, k, 40_000, rng=rng)
    o, f, need = float(overlap(k, v)), float(k @ v), float(readout_shots(k, v))
    assert {*shots} == {-1, 1}
    assert shots.mean() == pytest.approx(o, abs=5 / 200)
    assert drawn.mean() == pytest.approx(f, abs=5 * abs(f) * need**0.5 / 200)
    assert shots.var() / o**2 == pytest.approx(need, rel=0.05)


def test_a_mean_of_zero_is_right_by_half() -> None:
    values = np.array([[1.0, -1.0, 1.0, 1.0], [1.0, 1.0, -1.0, -1.0]])
    assert share_of_right_signs(values, np.array([1.0, -1.0]), 2) == pytest.approx(
        np.mean([0.5, 1, 0, 1])
    )


def test_a_clock_shares_nothing_with_one_eigenvalue_and_a_bit_with_two_far_apart() -> None:
    y = np.array([1.0, 1.0, 1.0, 1.0])
    assert clock_bits(np.eye(4), y) == pytest.approx(0, abs=1e-6)
    matrix = np.diag([63.0, 63.0, 20.0, 20.0])  # of 64 values of the clock: two that it holds
    assert clock_bits(matrix, y) == pytest.approx(1, abs=1e-6)
    many = np.diag([63.0, 40.0, 20.0, 10.0])
    assert clock_bits(many, y) == pytest.approx(2, abs=1e-6)


def test_the_bits_of_phase_estimation_are_those_of_its_circuit() -> None:
    import cirq

    from labkit.circuits.linear_systems import hhl_circuit
    from labkit.simulators import entropy, final_state

    deal = deal_images(4, 2, 0)
    system = hhl_circuit(deal.kernel, deal.y, clock_qubits=3)
    before = takewhile(
        lambda op: not isinstance(op.gate, cirq.DiagonalGate), system.circuit.all_operations()
    )
    state = final_state(cirq.Circuit(cirq.I.on_each(*system.qubits), before))
    assert entropy(state, range(3)) == pytest.approx(
        clock_bits(deal.kernel, deal.y, clock_qubits=3), abs=1e-3
    )


def test_a_pattern_has_more_bits_than_all_pairs_where_there_is_something_to_solve() -> None:
    bits = bits_by_depth((4, 32), seeds=range(10))
    more = bits["by label"][0] - bits["exact"][0]
    assert more.mean() > 3 * more.std(ddof=1) / 10**0.5
    assert bits["diagonal"].max() < 1e-6
    assert max(bits["exact"][1].mean(), bits["by label"][1].mean()) < 0.1


def test_where_the_solver_is_cheap_nothing_is_left_to_solve() -> None:
    runs = recorded("19_depth").runs
    assert runs["seed"].nunique() >= 10
    accuracy, condition, need = (
        figures.pick_depths(runs, of) for of in ("accuracy", "condition", "shots")
    )
    at = DEPTHS.index
    assert {*accuracy} == {*PATTERNS}
    gain = accuracy["exact"] - accuracy["diagonal"]
    error = gain.std(axis=1, ddof=1) / gain.shape[1] ** 0.5
    assert gain[at(4)].mean() > 5 * error[at(4)] > 0
    assert abs(gain[at(32) :].mean(axis=1)).max() < 5e-4
    assert np.median(condition["exact"][at(4)]) > 50
    assert np.median(condition["exact"][at(32)]) < 1.05
    sparse = accuracy["by label"] - accuracy["diagonal"]
    assert sparse.mean(axis=1).max() < 0.2 * gain[at(4)].mean()
    assert np.median(need["exact"][at(4)]) > 50 * np.median(need["exact"][at(32)])
    logistic = figures.pick(runs, "depth", "result.logistic")
    assert abs((accuracy["exact"] - logistic)[at(4)].mean()) < 0.005


def test_drawn_images_tell_signs_as_soon_as_shots() -> None:
    runs = recorded("19_shots").runs
    signs = figures.pick_signs(runs)
    assert runs["seed"].nunique() >= 10 and next(iter(signs.values())).shape == (len(SHOTS), 10)
    for depth in (4, 32):
        shots, drawn = (signs[f"{depth} layers, {way}"] for way in ("shots", "drawn images"))
        assert abs((shots - drawn).mean(axis=1)).max() < 0.05
        for way in ("circuit", "drawn"):
            assert 0.9 < np.median(figures.pick_needs(runs, way)[depth]) < 1.1
    assert runs["ledger.circuit_runs"].eq(SHOT).all()


def test_counts_tell_every_sign_and_more_runs_are_kept_with_more_layers() -> None:
    runs = recorded("19_circuit").runs
    assert runs["seed"].nunique() >= 10 and runs["result.right"].eq(1).all()
    for pattern in ("exact", "by label"):
        by_depth = figures.pick_counted(runs, pattern).groupby("parameters.depth")
        assert (np.diff(by_depth["result.kept"].mean()) > 0).all()
        for _, rows in by_depth:
            solved, counted = (
                np.concatenate([*rows[f"result.{of}"]]) for of in ("exact", "outputs")
            )
            assert np.sqrt(np.mean((solved - counted) ** 2)) < 0.1 * np.sqrt(np.mean(solved**2))


def test_wider_networks_are_closer_to_the_machine() -> None:
    correlation = figures.pick(recorded("19_trained").runs, "width", "result.correlation")
    assert correlation.shape[1] >= 10
    assert (np.diff(correlation.mean(axis=1)) > 0).all() and correlation[-1].min() > 0.99


def test_figures_say_in_words_what_they_show() -> None:
    text = figures.figure_kernels(
        [0, 0.5, 1], {"depth 0": [0, 0.5, 1], "depth 1": [0, 0.4, 1]}
    ).text
    assert text.endswith("the kernel: depth 0 0.500, depth 1 0.400.")
    text = figures.figure_trained((16, 64), np.array([[0.9, 0.9], [0.99, 0.97]])).text
    assert "16 0.900, 64 0.980" in text and text.endswith("over 2 networks.")
    of = {name: np.full((len(DEPTHS), 3), 0.9) for name in PATTERNS}
    text = figures.figure_depths(of, of, logistic=0.98, network=0.97).text
    assert "logistic regression 0.980, a trained network 0.970" in text and "3 deals" in text
    text = figures.figure_needed(of, np.full((len(DEPTHS), 3), 4.0)).text
    assert "exact 0.9 and 0.9" in text and text.endswith("of 3 deals.")
    text = figures.figure_signs({"a": np.full((len(SHOTS), 3), 0.75)}).text
    assert text.startswith("Right signs after 16: a 0.750.")
    shares = {"zero": {"x": np.array([0.9, 0.7])}, "median": {"x": np.array([0.6, 0.6])}}
    assert (
        "threshold zero: x 0.800; threshold median: x 0.600"
        in figures.figure_thresholds(shares, 4).text
    )
    text = figures.figure_eigenvalues({"G": np.array([0.2, 0.5])}).text
    assert text == "Largest eigenvalues: G 0.500."
    bits = {"exact": np.full((3, 4), 1.5)}
    assert figures.figure_bits((2, 16, 32), bits).text.startswith("At 2 layers exact 1.50; at 16")
    counted = figures.pick_counted(recorded("19_circuit").runs, "exact")
    assert "2 layers 0.08" in figures.figure_counted(counted).text


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_view_is_the_machine_solved_by_hand(pattern: str) -> None:
    view = view_kernel(24, 3, pattern, 5, 2)
    outputs = view.rows @ np.linalg.solve(view.kernel, view.y)
    assert view.rows @ view.vector == pytest.approx(outputs)
    assert view.accuracy("zero") == np.mean(np.sign(outputs) == view.y_test)
    assert (view.kernel == np.where(view.kept, view.kernel, 0)).all()
    assert view.n_pairs == (view.kept.sum() - 24) / 2
    assert f"output {outputs[5]:+.3f}" in view.text


def test_a_click_or_an_arrow_key_reads_another_image() -> None:
    explorer = KernelExplorer(n_images=16)
    ax = explorer._axes[1]
    across, up = ax.transData.transform((7.2, 0.1))
    width, height = ax.figure.bbox.size
    explorer.point_at(across / width, up / height)
    assert explorer.chosen["image"] == 7
    explorer._pressed(1, 0)
    assert "image 8" in explorer.text.value
    explorer.controls["image"].value = DRAWN - 1
    explorer._pressed(1, 0)
    assert explorer.chosen["image"] == DRAWN - 1 and explorer.lit is None
