"""Notebook 13's sweep: large networks without a table, and what their selection costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from parts import needs_keras

from labkit.course.lessons.lesson_13_scaling_up import (
    EPOCHS,
    N_TRAINED,
    descend,
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
