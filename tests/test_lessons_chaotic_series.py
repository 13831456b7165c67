"""Notebook 26: its records, what its claims rest on, its explorer and exercises."""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np
import pytest

from labkit.course import check, recorded
from labkit.course.explorers import SeriesExplorer
from labkit.course.explorers.chaotic_series import SeriesView
from labkit.course.lessons import figures_26_chaotic_series as figures
from labkit.course.lessons import lesson_26_chaotic_series as lesson
from labkit.ledger import Ledger
from labkit.neighbours.chaos import load_series_task
from labkit.neighbours.random_filters import sample_filters
from labkit.simulators import entropy, final_state

#: The exponent at r = 3.2, where the slopes of the cycle of two multiply to 4 + 2r - r^2.
A_CYCLE = float(np.log(abs(4 + 2 * 3.2 - 3.2**2)) / 2)


@pytest.mark.parametrize("seed", [3])
def test_a_point_of_each_untrained_record_is_what_is_computed_now(seed: int) -> None:
    for name, function in (
        ("26_masks", lesson.measure_masks),
        ("26_rivals", lesson.measure_rivals),
    ):
        runs = recorded(name).runs
        (stored,) = runs[(runs["seed"] == seed) & (runs["parameters.map"] == "logistic")].to_dict(
            "records"
        )
        for key, value in function({"map": "logistic"}, seed).result.items():
            assert stored[f"result.{key}"] == pytest.approx(value, rel=1e-6, abs=1e-9), key


def test_a_trained_point_is_what_is_computed_now() -> None:
    pytest.importorskip("keras")
    runs = recorded("26_trained").runs
    (stored,) = runs[(runs["seed"] == 0) & (runs["parameters.kernel_size"] == 3)].to_dict("records")
    found = lesson.measure_training({"map": "logistic", "kernel_size": 3}, 0)
    assert stored["result.test"] == pytest.approx(found.result["test"], abs=0.02)
    assert isinstance(found.ledger, Ledger)
    assert (found.ledger.forward_passes, found.ledger.backward_passes) == (64, 60)


def test_a_large_kernel_leads_a_small_one_and_a_rule_leads_both() -> None:
    ways = figures.accuracies(recorded("26_trained").runs, recorded("26_rivals").runs)
    large, small = ways["kernel 40, trained"], ways["kernel 3, trained"]
    assert (large - small).mean() > 0.02 and len(large) == len(small) == 10
    assert ways["no period up to 64"].min() > large.max()


def test_one_filter_at_a_time_ends_at_the_best_mask() -> None:
    runs = recorded("26_masks").runs
    assert runs["result.regret_1"].max() < 1e-9 and runs["seed"].nunique() == 20
    assert (runs["result.bits_1"] == 0).all()


@pytest.mark.parametrize("size", [2, 3, 4, 6])
def test_bits_of_a_block_are_those_of_its_circuits(size: int) -> None:
    import cirq

    from labkit.circuits.grover import grover_circuit
    from labkit.circuits.oracles import build_table_oracle

    qubits = cirq.LineQubit.range(size)
    oracle = build_table_oracle(qubits, ["0" * size])
    calls = round(np.pi / (4 * np.arcsin(2 ** (-size / 2))) - 0.5)
    held = [
        entropy(final_state(grover_circuit(qubits, oracle, k)), range(size // 2))
        for k in range(1, calls + 1)
    ]
    assert lesson.bits_of_blocks(size) == pytest.approx(max(held), abs=1e-3)


def test_kept_periods_are_counted_against_those_of_the_input() -> None:
    series = np.tile([0.0, 1.0], (3, 30))
    series[2] = np.random.default_rng(0).random(60)  # without a period: not counted
    active = np.stack([series[:, :40], np.ones((3, 40))], axis=1)
    assert lesson.kept_periods(series, active, np.ones(2)) == (0.5, 0.5)


def test_an_error_of_the_input_moves_no_activation_by_more_than_its_bound() -> None:
    draw = np.random.default_rng(1)
    one = sample_filters(3, 5, seed=0)
    x, error = draw.normal(size=(1, 30)), draw.uniform(-1, 1, (1, 30))
    from labkit.neighbours.random_filters import slide_filters

    moved = slide_filters(x + error, one.filters, one.biases) - slide_filters(
        x, one.filters, one.biases
    )
    assert (np.abs(moved).max(axis=2) <= lesson.bounds_of(one.filters.T)).all()
    second = draw.normal(size=(4, 3, 2))
    expected = [
        sum(abs(second[k, f, j]) * lesson.bounds_of(one.filters.T)[f]
            for k in range(4) for f in range(3))
        for j in range(2)
    ]  # fmt: skip
    assert lesson.bounds_of(one.filters.T, second) == pytest.approx(expected)


def test_a_rank_correlation_is_that_of_scipy() -> None:
    from scipy.stats import spearmanr

    first, second = np.random.default_rng(0).integers(0, 5, (2, 12)).astype(float)
    assert lesson.rank_correlation(first, second) == pytest.approx(spearmanr(first, second)[0])
    assert lesson.rank_correlation(first, np.ones(12)) == 0


def test_the_sign_rule_is_the_correlation_of_each_filter_alone() -> None:
    task = load_series_task("logistic")
    network = sample_filters(12, lesson.KERNEL, seed=2).adapted(task.x_train)
    expected = [
        np.corrcoef(network.contributions(task.x_train)[:, j, 0], task.y_train)[0, 1]
        for j in range(12)
    ]
    assert lesson.fits_by_sign(network, task) == pytest.approx(expected)


def test_figures_say_what_they_were_given() -> None:
    masks = recorded("26_masks").runs
    best = lesson.pick(masks, "best", map="logistic").mean()
    assert f"best of 4,096 masks {best:.3f}" in figures.figure_masks(masks).text
    assert "bits from 0.00 at 1 to 0.96 at 12" in figures.figure_blocks(masks).text
    assert figures.judge(np.ones(4)).endswith(": confirmed")
    assert figures.judge(np.array([0.1, -0.1])).endswith("not confirmed")


def test_a_stride_divides_the_period_that_is_shown() -> None:
    assert SeriesView("logistic", 20, 0, 2).periods == (4, 2)
    shown = SeriesExplorer(step=40)
    assert "chaotic" in shown.text.value
    shown.controls["step"].value = 8
    assert "regular" in shown.text.value and "period 2" in shown.text.value


@pytest.mark.parametrize(
    ("name", "right", "wrong", "says"),
    [
        ("26-1", lambda p, s: p // gcd(p, s), lambda p, s: p, "p = 6 at stride 4"),
        ("26-2", A_CYCLE, -A_CYCLE, "half"),
        ("26-3", 1 + 5**0.5, 3.4, "r"),
    ],
)
def test_an_answer_is_judged(name: str, right: Any, wrong: Any, says: str) -> None:
    assert check(name, right).status == "right"
    verdict = check(name, wrong)
    assert verdict.status == "wrong" and says in verdict.message
