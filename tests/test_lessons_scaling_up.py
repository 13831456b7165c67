"""Notebook 13's sweep: large networks without a table, and what their selection costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from parts import needs_keras

from labkit.course.lessons.figures_13_scaling_up import (
    figure_accuracies,
    figure_block_calls,
    figure_blocks,
    figure_decisions,
    figure_descents,
    figure_passes,
)
from labkit.course.lessons.lesson_13_scaling_up import (
    EPOCHS,
    N_TRAINED,
    descend,
    pick_by_block,
    pick_by_width,
    pick_descents,
    select_and_train,
    train_side_by_side,
)
from labkit.course.plots import new_axes, set_log_ticks
from labkit.datasets import load_task
from labkit.problems import build_large
from labkit.scoring import accuracy
from labkit.selectors import local_selection, run


@pytest.mark.parametrize(("task_name", "n_outputs"), [("digits_3v6", 1), ("wine", 3)])
def test_a_large_network_sees_all_features_and_has_an_output_for_each_class(
    task_name: str, n_outputs: int
) -> None:
    network, cost = build_large(task_name, 256, seed=0)
    task = load_task(task_name)
    assert network.n_inputs == task.n_features and network.n_outputs == n_outputs
    mask = np.arange(256) % 2 == 0
    f = network.outputs(task.x_train, mask)
    if n_outputs == 1:
        expected = np.mean(np.log1p(np.exp(-(2 * task.y_train - 1) * f[:, 0])))
    else:
        own = f[np.arange(len(f)), task.y_train]
        expected = np.mean(np.log(np.exp(f).sum(axis=1)) - own)
    assert float(cost.evaluate(mask)) == pytest.approx(expected)


def test_whole_sweeps_take_as_many_passes_as_there_are_masks_of_blocks() -> None:
    _, cost = build_large("moons", 64, seed=1)
    for b in (1, 4, 8):
        found = run(local_selection, cost, rng=np.random.default_rng(0), block_size=b)
        sweeps, left = divmod(found.ledger.forward_passes - 1, 64 // b * 2**b)
        assert sweeps >= 2 and left == 0


@needs_keras
def test_a_point_tells_what_local_selection_found_beside_a_trained_network() -> None:
    chosen = {"task_name": "moons", "n_hidden": 16, "block_size": 4}
    outcome = select_and_train(chosen, 6)
    network, cost = build_large("moons", 16, seed=6)
    found = run(local_selection, cost, rng=np.random.default_rng(6), block_size=4)
    task = load_task("moons")
    expected = accuracy(network.outputs(task.x_test, found.neuron_mask), task.y_test)
    assert outcome.result["subnetwork_accuracy"] == expected
    assert outcome.result["cost"] == found.cost
    assert outcome.result["n_active"] == found.neuron_mask.sum()
    trained = train_side_by_side("moons", 16)
    assert outcome.result["trained_accuracy"] == trained.test_accuracy[6 % N_TRAINED]
    ledger: Any = outcome.ledger
    assert ledger.backward_passes == EPOCHS
    assert ledger.forward_passes == EPOCHS + outcome.result["selection_passes"]


@needs_keras
def test_a_descent_tells_the_least_cost_after_powers_of_two() -> None:
    chosen = {"task_name": "moons", "n_hidden": 16}
    _, cost = build_large("moons", 16, seed=2)
    found = run(local_selection, cost, rng=np.random.default_rng(2), block_size=4)
    by_blocks = descend({**chosen, "block_size": 4}, 2).result
    assert by_blocks["passes"].tolist() == [2**power for power in range(8)]
    assert by_blocks["costs"].tolist() == [found.history[:n].min() for n in by_blocks["passes"]]
    by_gradients = descend({**chosen, "epochs": 6}, 2)
    assert by_gradients.result["passes"].tolist() == [1, 2, 4, 8]
    whole = float(cost.evaluate(np.ones(16, dtype=bool)))
    assert by_gradients.result["costs"][0] == pytest.approx(whole, rel=1e-4)
    ledger: Any = by_gradients.ledger
    assert ledger.forward_passes == ledger.backward_passes == 6


def test_log_ticks_stand_at_the_values_that_were_given() -> None:
    ax = set_log_ticks(new_axes()[0], (16, 64, 1024))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["16", "64", "1,024"]
    assert ax.get_xscale() == "log" and not len(ax.xaxis.get_minorticklocs())


def made_up_runs() -> pd.DataFrame:
    """Results that say where they come from, in no order."""
    rows = [
        (task, n, size, seed, 1000 * n + 10 * size + seed)
        for task, widths in (("breast_cancer", (16, 256)), ("moons", (16,)))
        for n in widths
        for size in (1, 4)
        for seed in (1, 0)
    ]
    names = ("task_name", "n_hidden", "block_size")
    columns = [*(f"parameters.{name}" for name in names), "seed", "result.cost"]
    return pd.DataFrame(rows, columns=columns)


def test_results_are_picked_by_task_and_width_in_the_order_of_seeds() -> None:
    found = pick_by_width(made_up_runs(), "cost")
    assert {name: [*by_n] for name, by_n in found.items()} == {
        "breast_cancer": [16, 256],
        "moons": [16],
    }
    assert found["breast_cancer"][256].tolist() == [256040, 256041]


def test_results_are_picked_by_block_size_at_one_width() -> None:
    found = pick_by_block(made_up_runs(), "cost")
    assert {size: of.tolist() for size, of in found.items()} == {
        1: [256010, 256011],
        4: [256040, 256041],
    }


def test_descents_are_compared_as_far_as_the_shortest_goes() -> None:
    runs = pd.DataFrame(
        {
            "parameters.block_size": [1, 4, None],
            "result.passes": [[1, 2, 4], [1, 2], [1, 2, 4]],
            "result.costs": [[3, 2, 1], [5, 4], [9, 8, 7]],
        }
    )
    passes, costs = pick_descents(runs)
    assert passes.tolist() == [1, 2]
    assert {way: of[:, 0].tolist() for way, of in costs.items()} == {
        "blocks of 1": [3, 2],
        "blocks of 4": [5, 4],
        "gradient training": [9, 8],
    }


def test_figures_say_in_words_what_they_show() -> None:
    sizes = (16, 64, 256)
    squares = {"breast_cancer": {n: np.full(2, float(n**2)) for n in sizes}}
    text = figure_passes(squares, 64).text
    assert "as n to the power 2.00" in text and "256 neurons: 1024 times" in text
    chosen, trained = (
        {name: {n: np.full(2, at) for n in sizes} for name in ("moons", "wine", "a", "b")}
        for at in (0.5, 0.75)
    )
    text = figure_accuracies(chosen, trained).text
    assert "moons 16 +0.250, 64 +0.250, 256 +0.250" in text
    text = figure_descents(np.array([1, 2]), {"a": np.array([[4.0, 4.0], [1.0, 3.0]])}).text
    assert "after 2 passes: a 2.0000" in text
    calls = {"all": np.array([2.0, 4.0, 8.0]), "other": np.array([3.0, 4.0, 5.0])}
    text = figure_block_calls(np.array([1, 2, 3]), calls).text
    assert text.endswith("from this block size on: other 3.")
    both = {1: np.array([0.5, 0.7]), 8: np.array([0.75, 0.95])}
    text = figure_blocks(both, {1: np.array([10.0, 10.0]), 8: np.array([40.0, 20.0])}).text
    assert "Blocks of 8 against 1: +0.2500 in test accuracy for 3 times" in text


def test_a_decision_is_drawn_for_each_network() -> None:
    task = load_task("moons")
    network, cost = build_large("moons", 16, seed=1)
    found = run(local_selection, cost, rng=np.random.default_rng(0), block_size=4, max_rounds=1)
    text = figure_decisions(task, {16: (network, found)}, {16: 0.625}).text
    assert text == "Decisions on moons; share of test samples right: 16 neurons 0.625."
