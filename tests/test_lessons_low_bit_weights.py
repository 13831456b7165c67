"""Lesson 22: its records are what its functions compute, and its figures say what they show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.ansatz import ramp_angles
from labkit.baselines.low_bit import LowBitPasses
from labkit.course import recorded
from labkit.course.explorers import LowBitExplorer
from labkit.course.explorers.low_bit import EPOCHS, LOOKED_AT, train_low_bit
from labkit.course.lessons import figures_22_low_bit_weights as figures
from labkit.course.lessons import lesson_22_low_bit_weights as lesson
from labkit.datasets import load_task
from labkit.networks import sample_network
from labkit.networks.low_bit import hard_weights
from labkit.selectors import CostMeter, run
from labkit.simulators import entropy, evolve_qaoa

POINTS = [
    ("22_low_bit_weights", lesson.measure_search, {"bits": 124, "searcher": "search"}),
    ("22_low_bit_weights", lesson.measure_search, {"bits": 48, "searcher": "QAOA"}),
    ("22_low_bit_weights", lesson.measure_search, {"bits": 520, "searcher": "real"}),
    (
        "22_twice_the_scale",
        lesson.measure_search,
        {"bits": 248, "searcher": "one-flip", "scale": 2},
    ),
    ("22_hardening", lesson.measure_gap, {"bits": 48, "final_temperature": 1.0}),
    ("22_blocks", lesson.measure_blocks, {"bits": 15, "block_size": 4, "inner": "Grover"}),
]


@pytest.mark.parametrize(("name", "measure", "parameters"), POINTS)
def test_a_point_of_each_record_comes_again(
    name: str, measure: Any, parameters: dict[str, Any]
) -> None:
    runs = recorded(name).runs
    for key, value in parameters.items():
        runs = runs[runs[f"parameters.{key}"] == value]
    assert len(runs) == 12
    row = runs[runs["seed"] == 3].iloc[0]
    outcome = measure(parameters, 3)
    for key, value in outcome.result.items():
        assert value == pytest.approx(row[f"result.{key}"], rel=1e-6), key
    assert outcome.ledger.forward_passes == row["ledger.forward_passes"]


def test_every_search_of_the_record_keeps_to_its_passes() -> None:
    runs = recorded("22_low_bit_weights").runs
    assert runs["result.passes"].max() == lesson.PASSES == 600
    assert (runs["result.passes"] >= 580).all()


def test_the_sizes_have_the_bits_that_they_are_named_by() -> None:
    for bits in lesson.SIZES:
        assert lesson.build_low_bit(bits, 0).cost.n_neurons == bits


def test_the_smallest_optimum_is_found_by_flips() -> None:
    problem = lesson.build_low_bit(15, 2)
    found = lesson.search_low_bit(problem, "one-flip", np.random.default_rng(0))
    assert found.cost == pytest.approx(problem.cost.to_table().minimum)
    weights = lesson.weights_of(problem, found.neuron_mask)
    assert problem.passes.cost(weights) == pytest.approx(found.cost)


def test_a_search_begins_anew_until_the_budget_is_spent() -> None:
    problem = lesson.build_low_bit(15, 0)

    def look_once(meter: CostMeter, *, rng: np.random.Generator) -> None:
        meter.evaluate(rng.random(15) < 0.5)

    found = run(
        lesson.again(look_once), problem.cost, rng=np.random.default_rng(0), max_forward_passes=7
    )
    assert found.ledger.forward_passes == 7


def test_the_bits_of_the_whole_register_are_those_of_its_state() -> None:
    cost = lesson.build_low_bit(15, 0).cost
    held = lesson.entanglement_of_blocks(cost, 15, rng=np.random.default_rng(0))
    table = cost.to_table()
    angles = ramp_angles(lesson.LAYERS, 15, std=table.std)
    states = (evolve_qaoa(table, angles[0][:p], angles[1][:p]) for p in (1, 2, 3, 4))
    assert held == pytest.approx(max(entropy(state, range(7)) for state in states), abs=1e-6)
    assert lesson.entanglement_of_blocks(cost, 1, rng=np.random.default_rng(0)) == 0.0


def test_standard_errors_ahead_are_those_of_paired_networks() -> None:
    costs = {"a": ([1], np.array([[1.0, 2.0, 4.0]])), "b": ([1], np.array([[2.0, 3.0, 6.0]]))}
    gaps = np.array([1.0, 1.0, 2.0])
    expected = gaps.mean() / (gaps.std(ddof=1) / 3**0.5)
    assert figures.pick_ahead(costs, "a", "b")[0] == pytest.approx(expected)
    assert figures.pick_ahead(costs, "b", "a")[0] == pytest.approx(-expected)


# The explorer


def test_the_explorer_shows_a_training_and_what_hardening_would_cost() -> None:
    explorer = LowBitExplorer(final_temperature=100.0, learning_rate=0.01, epoch=60)
    training = train_low_bit("breast_cancer", 8, 1, 100.0, 0.01)
    view = explorer.view
    np.testing.assert_array_equal(view.weights, training.weights[LOOKED_AT.index(60)])
    assert f"{view.hard_cost:.4f}" in explorer.text.value
    assert training.weights.shape == (len(LOOKED_AT), 31, 8)
    assert training.temperatures[0] == 1.0
    assert training.temperatures[-1] == pytest.approx(100.0)
    hard = hard_weights(np.stack([-view.weights, view.weights], axis=-1), (-1.0, 1.0))
    network = sample_network(30, 8, mask_kind="weight", seed=1)
    task = load_task("breast_cancer")
    passes = LowBitPasses.of(network, (-1.0, 1.0), task.x_train, task.y_train)
    assert passes.cost(hard) == pytest.approx(view.hard_cost)
    assert passes.cost(view.weights) == pytest.approx(view.soft_cost)


def test_a_click_and_the_arrows_choose_the_epoch() -> None:
    explorer = LowBitExplorer(epoch=0)
    explorer._point(0, 42.0, 0.5)
    assert explorer.chosen["epoch"] == 40
    explorer._arrow(1, 0)
    assert explorer.chosen["epoch"] == 50
    explorer._point(1, 90.0, 0.5)
    assert explorer.chosen["epoch"] == 50
    explorer._point(0, 10_000.0, 0.5)
    assert explorer.chosen["epoch"] == EPOCHS


@given(st.sampled_from([0.0, 2.0, "x", None]))
def test_what_is_not_offered_is_refused(value: Any) -> None:
    if value is not None:  # which leaves the choice to the explorer
        for name in ("final_temperature", "learning_rate", "epoch"):
            if name == "epoch" and value == 0.0:
                continue
            with pytest.raises(ValueError, match=f"{name}=.* is not offered"):
                LowBitExplorer(**{name: value})
