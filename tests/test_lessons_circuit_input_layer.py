"""Notebook 18's sweeps and pictures: rivals of a circuit, its couplings, its gates as masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from labkit.course.explorers import SubcircuitExplorer
from labkit.course.explorers.subcircuit import MAX_GATES, MIN_GATES
from labkit.course.gated_circuits import (
    TASKS,
    bits_across,
    build_gated_circuit,
    seen_task,
    train_gated_circuit,
)
from labkit.course.lessons import figures_18_circuit_input_layer as figures
from labkit.course.lessons.lesson_18_circuit_input_layer import (
    BLOCKS,
    MODELS,
    measure_model,
    measure_subcircuits,
    with_readout_qubit,
)
from labkit.course.plots.gates import gate_places
from labkit.course.recorded import recorded
from labkit.masks import mask_from_string
from labkit.simulators import entropy

RIVALS = recorded("18_input_layers").runs
GATED = recorded("18_subcircuits").runs


# Points of the records


@pytest.mark.parametrize("model", ["circuit", "read-out qubit", "perceptron", "logistic"])
def test_a_point_of_the_record_of_rivals_comes_out_again(model: str) -> None:
    asked = {"task": "digits_3v8", "model": model}
    found = measure_model(asked, 3).result
    rows = RIVALS[(RIVALS["parameters.task"] == "digits_3v8") & (RIVALS["seed"] == 3)]
    (then,) = rows[rows["parameters.model"] == model].to_dict("records")
    assert found["test_accuracy"] == pytest.approx(then["result.test_accuracy"], abs=0.02)
    assert found["n_trained"] == then["result.n_trained"]
    if "bits" in found:
        assert found["bits"] == pytest.approx(then["result.bits"], abs=1e-3)
        assert found["epochs_to_90"] == then["result.epochs_to_90"] or model == "read-out qubit"


def test_a_point_of_the_record_of_subcircuits_comes_out_again() -> None:
    found = measure_subcircuits({"task": "digits_3v8"}, 2).result
    rows = GATED[(GATED["parameters.task"] == "digits_3v8") & (GATED["seed"] == 2)]
    (then,) = rows.to_dict("records")
    for name in ("cost_all", "cost_best", "cost_trained", "bits_best", "share_to_order_2"):
        assert found[name] == pytest.approx(then[f"result.{name}"], abs=1e-4), name
    for name in ("couplings_kept", "queries_random", "queries_one_flip", "calls_grover"):
        assert found[name] == then[f"result.{name}"], name


def test_the_records_hold_every_model_and_circuit() -> None:
    assert {*RIVALS["parameters.model"]} == {*MODELS}
    assert {*RIVALS["parameters.task"]} == {*GATED["parameters.task"]} == {*TASKS}
    counts = RIVALS.groupby(["parameters.model", "parameters.task"])["seed"].nunique()
    assert (counts == 12).all()
    assert (GATED.groupby("parameters.task")["seed"].nunique() == 20).all()


# What the lesson concludes


def test_training_the_angles_pays_on_every_task_and_frozen_ones_scatter() -> None:
    accuracies = figures.pick(RIVALS, "test_accuracy", figures.RIVALS)
    for task in TASKS:
        gap = accuracies["circuit"][task] - accuracies["frozen circuit"][task]
        assert gap.mean() > 2 * gap.std(ddof=1) / len(gap) ** 0.5
        assert accuracies["frozen circuit"][task].std() > 3 * accuracies["circuit"][task].std()


def test_blocks_of_three_lose_nothing_and_without_couplings_only_moons_lose() -> None:
    for task, (bits, right) in figures.pick_blocks(RIVALS).items():
        mean = right.mean(axis=1)
        assert mean[2] > mean[3] - 0.005
        assert (mean[0] < mean[3] - 0.1) == (task == "moons")
        assert bits[0].max() < 1e-9 and bits[1:3].max() <= 1


def test_no_mask_costs_less_than_training_from_the_same_angles() -> None:
    costs = figures.pick_ways(GATED, {"best": "cost_best", "trained": "cost_trained"})
    assert all((costs["best"][task] > costs["trained"][task]).all() for task in TASKS)


# What they are made of


def test_bits_across_are_the_most_over_straight_cuts_in_the_mean() -> None:
    rng = np.random.default_rng(0)
    states = rng.normal(size=(4, 16)) + 1j * rng.normal(size=(4, 16))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    most = [max(entropy(state, range(j)) for j in (1, 2, 3)) for state in states]
    assert bits_across(states) == pytest.approx(np.mean(most))
    assert bits_across(np.eye(1, 8)) == 0


def test_the_read_out_qubit_starts_in_one() -> None:
    x = with_readout_qubit(np.array([[0.1, 0.2]]))
    np.testing.assert_allclose(x, [[0.1, 0.2, 0.1, 0.2, 0.1, 0.2, np.pi / 2]])


def test_a_task_is_seen_in_as_many_components_as_qubits() -> None:
    assert seen_task("moons", 6).n_features == 2
    assert seen_task("digits_3v8", 4).n_features == 4
    with pytest.raises(ValueError, match="classes"):
        seen_task("wine", 4)


def test_a_subcircuit_costs_what_its_table_says_and_training_lowers_it() -> None:
    gated = build_gated_circuit("moons", 3, 10, 2)
    task, mask = gated.task, mask_from_string("1001011010")
    margins = (2 * task.y_train - 1) * gated.outputs(task.x_train, mask)[:, 0]
    assert gated.table.evaluate(mask) == pytest.approx(np.log1p(np.exp(-margins)).mean())
    trained = train_gated_circuit(gated)
    assert trained.history[-1] < gated.table.costs[-1]
    np.testing.assert_array_equal(trained.model.weights, gated.model.weights)


def test_a_gate_keeps_its_angle_whatever_couplings_there_are() -> None:
    few, all_gates = (build_gated_circuit("moons", 0, n, 2).model for n in (9, 12))
    np.testing.assert_array_equal(few.angles, all_gates.angles[-9:])
    np.testing.assert_array_equal(few.weights, all_gates.weights)
    assert [*few.circuit.gates] == [*all_gates.circuit.gates[-9:]]


# Pictures and the explorer


def test_figures_say_in_words_what_they_show() -> None:
    accuracies = {model: {task: np.full(2, 0.5) for task in TASKS} for model in figures.RIVALS}
    accuracies["circuit"]["circles"] = np.array([0.9, 1.0])
    text = figures.figure_rivals(accuracies).text
    assert text.startswith("On circles: circuit 0.950, circuit, shared angles 0.500")
    assert text.endswith("over 2 seeds.")
    points = {task: (np.zeros((4, 2)), np.ones((4, 2))) for task in TASKS}
    assert "all six: 1.000 with 0.00 bits" in figures.figure_blocks(points).text
    ways: dict[str, Any] = {"best mask": {task: np.array([1.0, 2.0, 9.0]) for task in TASKS}}
    assert "circles: best mask 2.000; moons" in figures.figure_ways(ways, ylabel="cost").text
    losses = {"a": [0.5, 0.25], "b": [0.5]}
    assert figures.figure_losses(losses).text == "Loss of the last epoch: a 0.250, b 0.500."
    assert len(BLOCKS) == 4


@pytest.mark.parametrize("n_gates", [MIN_GATES, 10, MAX_GATES])
def test_a_click_on_a_gate_switches_it(n_gates: int) -> None:
    shown = SubcircuitExplorer(task="circles", seed=2, n_neurons=n_gates)
    before = shown.view
    places = gate_places(before.gated.model.circuit.gates)
    assert len({tuple(place) for place in places.tolist()}) == n_gates
    for gate in (0, n_gates - 1):
        mask = shown.view.gate_mask
        shown._point(1, *places[gate].tolist())
        expected = mask ^ (np.arange(n_gates) == gate)
        assert shown.view.gate_mask.tolist() == expected.tolist()
    assert f"of {n_gates - MIN_GATES} couplings stay" in shown.text.value


def test_it_begins_with_the_best_mask_and_arrow_keys_go_by_cost() -> None:
    shown = SubcircuitExplorer(task="moons", seed=0)
    assert shown.view.rank == 1
    cost = shown.view.cost
    shown._pressed(1, 0)
    assert shown.view.cost >= cost
    assert "right on" in shown.text.value and "bits across a cut" in shown.text.value
