"""Notebook 13's sweep: large networks without a table, and what their selection costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from parts import needs_keras

from labkit.baselines import edge_popup, fit_readout, train_arrays
from labkit.course import recorded
from labkit.course.lessons.figures_13_scaling_up import (
    figure_accuracies,
    figure_block_calls,
    figure_blocks,
    figure_decisions,
    figure_descents,
    figure_growth,
    figure_largest,
    figure_law,
)
from labkit.course.lessons.lesson_13_scaling_up import (
    EPOCHS,
    METHODS,
    descend,
    fit_power,
    learning_rate,
    measure_method,
    pick_by_block,
    pick_by_size,
    pick_descents,
    pick_largest,
    select_in_blocks,
)
from labkit.course.plots import new_axes, set_log_ticks
from labkit.datasets import load_task
from labkit.problems import build_large
from labkit.scoring import accuracy
from labkit.selectors import local_selection, one_flip_search, run

ACCURACY = "result.test_accuracy"


@pytest.mark.parametrize(
    ("task_name", "n_outputs"), [("digits_3v6", 1), ("wine", 3), ("digits", 10)]
)
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


def test_a_point_tells_what_local_selection_in_blocks_found() -> None:
    chosen = {"task_name": "moons", "n_hidden": 16, "block_size": 4}
    outcome = select_in_blocks(chosen, 6)
    network, cost = build_large("moons", 16, seed=6)
    found = run(local_selection, cost, rng=np.random.default_rng(6), block_size=4)
    task = load_task("moons")
    expected = accuracy(network.outputs(task.x_test, found.neuron_mask), task.y_test)
    assert outcome.result["test_accuracy"] == pytest.approx(expected)
    assert outcome.result["cost"] == found.cost
    assert outcome.result["n_active"] == found.neuron_mask.sum()
    ledger: Any = outcome.ledger
    assert ledger.forward_passes == found.ledger.forward_passes


def made_by_hand(method: str, network: Any, cost: Any, task: Any) -> tuple[Any, Any]:
    """The network and the mask that a method makes, by labkit's own functions."""
    whole, rng = np.ones(network.n_hidden, dtype=bool), np.random.default_rng(4)
    training = task.x_train, task.y_train
    if method == "one-flip search":
        return network, run(one_flip_search, cost, rng=rng).neuron_mask
    if method == "edge-popup":
        return network, edge_popup(network, *training, epochs=EPOCHS, rng=rng).neuron_mask
    if method == "gradient training":
        options = {"epochs": EPOCHS, "learning_rate": learning_rate(network.n_hidden)}
        return train_arrays(network, *training, **options).network, whole  # type: ignore[arg-type]
    if method == "least squares":
        fitted = fit_readout(network, training, (task.x_validation, task.y_validation))
        return fitted.network, whole
    return network, whole


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("task_name", ["breast_cancer", "wine"])
def test_a_point_tells_what_a_method_makes_of_one_random_network(
    method: str, task_name: str
) -> None:
    task = load_task(task_name)
    outcome = measure_method({"task_name": task_name, "n_hidden": 48, "method": method}, 4)
    made, mask = made_by_hand(method, *build_large(task_name, 48, seed=4), task)
    expected = accuracy(made.outputs(task.x_test, mask), task.y_test)
    assert outcome.result["test_accuracy"] == pytest.approx(expected)
    assert outcome.result["n_active"] == mask.sum() and outcome.result["seconds"] > 0


def test_a_search_of_another_cost_is_told_which() -> None:
    chosen = {"task_name": "moons", "n_hidden": 64, "method": "one-flip search"}
    plain, squared = (measure_method({**chosen, **more}, 0) for more in
                      ({}, {"cost": "squared_error"}))  # fmt: skip
    assert plain.result["n_active"] != squared.result["n_active"]


def assert_comes_again(name: str, task_name: str, n_hidden: int, method: str) -> None:
    chosen = {"task_name": task_name, "n_hidden": n_hidden, "method": method}
    runs = recorded(name).runs
    same = np.all([runs[f"parameters.{key}"] == value for key, value in chosen.items()], axis=0)
    [row] = [row for _, row in runs[same & (runs["seed"] == 3)].iterrows()]
    result = measure_method(chosen, 3).result
    # a sum in another order may turn a flip
    assert result["test_accuracy"] == pytest.approx(row["result.test_accuracy"], abs=0.02)
    assert result["n_active"] == pytest.approx(row["result.n_active"], rel=0.05)


@pytest.mark.parametrize("method", METHODS)
def test_points_of_the_record_come_again(method: str) -> None:
    for task_name, n_hidden in (("breast_cancer", 256), ("digits", 64)):
        assert_comes_again("13_what_size_buys", task_name, n_hidden, method)


def test_a_point_of_ten_classes_and_many_neurons_comes_again() -> None:
    assert_comes_again("13_ten_classes", "digits", 16384, "least squares")


def test_the_law_of_the_records_says_what_a_further_network_comes_to() -> None:
    """The eleventh network of 1,024 neurons lies where the line through ten of each size does."""
    runs = pd.concat([recorded(name).runs for name in ("13_what_size_buys", "13_ten_classes")])
    found = pick_by_size(runs, "one-flip search", ACCURACY)["digits"]
    errors = {n: 1 - of_n for n, of_n in found.items()}
    exponent, spread = fit_power(errors)
    assert list(errors) == [64, 256, 1024, 4096, 16384] and spread < 0.03
    assert exponent == pytest.approx(-0.636, abs=0.02)
    sizes, means = np.log([*errors]), np.log([of_n.mean() for of_n in errors.values()])
    at_1024 = np.exp(means.mean() + exponent * (np.log(1024) - sizes.mean()))
    chosen = {"task_name": "digits", "n_hidden": 1024, "method": "one-flip search"}
    error = 1 - measure_method(chosen, 10).result["test_accuracy"]
    assert error == pytest.approx(at_1024, rel=0.35)


def test_choosing_among_the_most_neurons_passes_training_not_the_fitted_readout() -> None:
    runs = recorded("13_ten_classes").runs
    ways = ("one-flip search", "edge-popup", "gradient training", "least squares")
    chosen, popped, trained, fitted = (
        pick_by_size(runs, way, ACCURACY)["digits"][16384] for way in ways
    )
    assert len(chosen) == 10 and (chosen > trained).all() and (chosen > popped).all()
    assert 0.01 < (fitted - chosen).mean() < 0.02


def test_an_exact_power_has_no_error() -> None:
    values = {n: np.array([1.0, 2.0, 3.0]) * n**-0.75 for n in (16, 64, 256)}
    exponent, error = fit_power(values)
    assert exponent == pytest.approx(-0.75) and error == pytest.approx(0, abs=1e-12)


def test_the_error_of_a_power_is_that_of_leaving_out_one_network_at_a_time() -> None:
    rng = np.random.default_rng(0)
    values = {n: n**0.5 * rng.uniform(1, 2, size=6) for n in (16, 64, 256)}
    exponent, error = fit_power(values)
    slopes = []
    for left_out in range(6):
        means = [np.delete(of_n, left_out).mean() for of_n in values.values()]
        slopes.append(np.polyfit(np.log([*values]), np.log(means), 1)[0])
    assert error == pytest.approx(np.sqrt(5 / 6 * np.sum((slopes - np.mean(slopes)) ** 2)))
    assert exponent == pytest.approx(np.mean(slopes), abs=0.02)


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
        (task, n, method, block_size, seed, 1000 * n + 10 * block_size + seed)
        for task, widths in (("breast_cancer", (16, 256)), ("moons", (16,)))
        for n in widths
        for method in ("a", "b")
        for block_size in (1, 4)
        for seed in (1, 0)
    ]
    names = ("task_name", "n_hidden", "method", "block_size")
    columns = [*(f"parameters.{name}" for name in names), "seed", "result.cost"]
    return pd.DataFrame(rows, columns=columns)


def test_results_are_picked_by_task_and_size_in_the_order_of_seeds() -> None:
    runs = made_up_runs()
    found = pick_by_size(runs[runs["parameters.block_size"] == 4], "a", "result.cost")
    assert {name: [*by_n] for name, by_n in found.items()} == {
        "breast_cancer": [16, 256],
        "moons": [16],
    }
    assert found["breast_cancer"][256].tolist() == [256040, 256041]


def test_results_are_picked_by_block_size() -> None:
    runs = made_up_runs()
    of_one = runs[(runs["parameters.n_hidden"] == 256) & (runs["parameters.method"] == "b")]
    found = pick_by_block(of_one, "result.cost")
    assert {size: of.tolist() for size, of in found.items()} == {
        1: [256010, 256011],
        4: [256040, 256041],
    }


def test_methods_at_one_size_are_named_with_their_cost() -> None:
    runs = pd.DataFrame(
        {
            "parameters.method": ["search", "search", "search", "fit"],
            "parameters.cost": [None, None, "squared_error", None],
            "seed": [1, 0, 0, 0],
            "result.seconds": [4.0, 3.0, 2.0, 1.0],
        }
    )
    found = {name: of.tolist() for name, of in pick_largest(runs, "result.seconds").items()}
    assert found == {"search": [3.0, 4.0], "search, squared error": [2.0], "fit": [1.0]}


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
    squares = {name: {n: np.full(2, float(n**2)) for n in sizes} for name in ("a", "b")}
    text = figure_growth(squares, "queries", {"a": (2.0, 0.125)}).text
    assert "Mean queries at 256 neurons: a 65,536, b 65,536. Grows as: a, n to the" in text
    assert "power 2.00 ± 0.12" in text
    chosen, trained = (
        {name: {n: np.full(2, at) for n in sizes} for name in ("moons", "wine", "a", "b")}
        for at in (0.5, 0.75)
    )
    text = figure_accuracies({"trained": trained, "chosen": chosen}).text
    assert "trained less chosen, at each n: moons 16 +0.250, 64 +0.250, 256 +0.250" in text
    law = figure_law({"chosen": chosen["moons"]}, {"chosen": (-0.5, 0.01)})
    assert "chosen, n to the power -0.50 ± 0.01" in law.text
    three = {"a": np.array([0.5, 0.75]), "b": np.array([0.25, 0.25])}
    text = figure_largest(three, three).text
    assert text == "Mean test accuracy: a 0.625, b 0.250. Mean seconds: a 0.625, b 0.25."
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
