"""Notebook 14a's sweeps and pictures: what errors leave, against circuits that are run by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from labkit.ansatz import ramp_angles
from labkit.circuits.qaoa import qaoa_circuit
from labkit.costs import CostTable, LocalCost, PauliZCost
from labkit.course.lessons import figures_14a_noise_and_hardware as figures
from labkit.course.lessons.lesson_12_local_selection import build_two_layers
from labkit.course.lessons.lesson_14a_noise_and_hardware import (
    BUDGETS,
    ERRORS,
    break_even_error,
    build_cost,
    calls_per_success,
    computed_ratio,
    measure_block_regret,
    measure_gain_left,
    measure_truncation,
)
from labkit.course.plots import new_axes
from labkit.course.plots.noise import (
    draw_block_regret,
    draw_calls_of_blocks,
    draw_gain_left,
    draw_over_errors,
)
from labkit.course.recorded import recorded
from labkit.ledger import Ledger
from labkit.simulators import noisy_probabilities


def test_each_form_is_the_cost_that_it_says() -> None:
    assert isinstance(build_cost("NK 3", 6, 0), LocalCost)
    assert build_cost("NK 3", 6, 0).order == 3
    assert isinstance(build_cost("two-local", 6, 0), PauliZCost)
    assert isinstance(build_cost("table", 6, 0), CostTable)


@pytest.mark.parametrize("form", ["NK 2", "two-local", "table"])
def test_the_gain_that_is_left_is_that_of_the_circuit(form: str) -> None:
    parameters = {"form": form, "n_neurons": 5, "p": 2, "error": 0.01}
    result = measure_gain_left(parameters, 3).result
    cost = build_cost(form, 5, 3)
    table = cost.to_table()
    circuit = qaoa_circuit(cost, *ramp_angles(2, 5, std=cost.std))
    gains = [
        noisy_probabilities(circuit, two_qubit_error=error) @ table.costs - table.mean
        for error in (0.01, 0.0)
    ]
    assert result["gain_left"] == pytest.approx(gains[0] / gains[1])
    assert result["fidelity"] == pytest.approx(0.99 ** result["two_qubit_gates"])


def test_by_cones_and_by_the_density_matrix_the_share_is_the_same() -> None:
    parameters = {"form": "NK 2", "p": 2, "error": 0.01}
    few = measure_gain_left({**parameters, "n_neurons": 8}, 1).result["gain_left"]
    many = measure_gain_left({**parameters, "n_neurons": 40}, 1).result["gain_left"]
    assert many == pytest.approx(few, abs=0.01)


def test_order_one_takes_no_gate_and_loses_nothing() -> None:
    result = measure_truncation({"order": 1, "p": 3}, 0).result
    assert result["two_qubit_gates"] == 0
    chances = [result[f"chance_{i}"] for i in range(len(ERRORS))]
    assert np.ptp(chances) < 1e-9
    second = measure_truncation({"order": 2, "p": 3}, 0).result
    assert second["two_qubit_gates"] == 84
    assert second["chance_5"] < second["chance_0"]


def test_the_best_block_shrinks_as_errors_grow() -> None:
    sizes = range(2, 8)
    best = [min(sizes, key=lambda k: calls_per_success(k, error)) for error in ERRORS]
    assert best == sorted(best, reverse=True)
    at = dict(zip(ERRORS, best, strict=True))
    assert (at[1e-3], at[3e-3], at[2e-2]) == (6, 5, 3)
    assert at[1e-2] in (3, 4)
    # two neurons, no errors: one iteration and the check are sure, enumeration takes 2.5
    assert calls_per_success(2, 0.0) == pytest.approx(2 / 2.5)


def test_below_the_break_even_an_oracle_of_many_gates_pays_and_above_it_does_not() -> None:
    limit = break_even_error(4, 5000)
    assert computed_ratio(4, 5000, limit / 2) < 1 < computed_ratio(4, 5000, 2 * limit)
    assert computed_ratio(4, 5000, 0.0) == pytest.approx(calls_per_success(4, 0.0))
    assert break_even_error(1, 5000) == 0  # of one neuron Grover never pays


@pytest.mark.parametrize(
    "parameters",
    [
        {"searcher": "random"},
        {"searcher": "one_flip"},
        {"searcher": "enumeration", "block_size": 3},
        {"searcher": "grover", "block_size": 3, "error": 0.0},
        {"searcher": "grover", "block_size": 3, "error": 0.01},
    ],
    ids=str,
)
def test_the_regret_falls_with_the_calls_and_calls_are_counted(
    parameters: dict[str, object],
) -> None:
    outcome = measure_block_regret(parameters, 4)
    regrets = [outcome.result[f"regret_{budget}"] for budget in BUDGETS]
    assert regrets == sorted(regrets, reverse=True)
    assert regrets[-1] >= 0
    again, ledger = measure_block_regret(parameters, 4), outcome.ledger
    assert isinstance(ledger, Ledger) and isinstance(again.ledger, Ledger)
    assert again.result == outcome.result
    assert again.ledger == replace(ledger, seconds=again.ledger.seconds)
    assert ledger.cost_queries <= max(BUDGETS) + 1
    assert (ledger.oracle_calls > 0) == (parameters["searcher"] == "grover")
    assert build_two_layers(4).n_neurons == 12


def test_the_records_hold_what_the_figures_show() -> None:
    names = ("14a_gain_left", "14a_thousand_neurons")
    shares = figures.pick_gain_left(*(recorded(name).runs for name in names))
    for form in ("NK 2", "NK 3", "NK 4"):
        assert np.ptp(shares.loc[form, "mean"]) < 0.01
    assert {9, 64, 1000} <= {*shares.loc["NK 3"].index}
    table = shares.loc["table", "mean"]
    assert table[8] < table[6] / 2
    assert not shares.isna().any(axis=None)
    ax = draw_gain_left(new_axes()[0], shares)
    assert len(ax.get_legend_handles_labels()[1]) == shares.index.unique("form").size


def test_order_two_is_the_best_where_errors_are_common() -> None:
    chances = figures.pick_chances(recorded("14a_truncation").runs)
    for error in (3e-3, 1e-2):
        at = {label: values[ERRORS.index(error)] for label, values in chances.items()}
        for label, values in at.items():
            assert label == "order 2" or (at["order 2"] - values).mean() > 0, (error, label)
    ax = draw_over_errors(new_axes()[0], ERRORS, chances, chance=0.05)
    assert ax.get_xticklabels()[-1].get_text() == "0.02"


def test_one_flip_search_is_ahead_of_noiseless_grover_in_blocks() -> None:
    runs = recorded("14a_block_regret").runs
    blocks, rivals = figures.pick_block_regret(runs, 200)
    assert rivals["one-flip"].mean() < blocks["Grover, 0"][1].mean(axis=1).min()
    ax = draw_block_regret(new_axes()[0], blocks, rivals, calls=200)
    assert len(ax.get_legend_handles_labels()[1]) == len(blocks) + len(rivals)


def test_a_ring_marks_the_best_block_of_each_error() -> None:
    ax = draw_calls_of_blocks(new_axes()[0], range(2, 5), {"a": [0.8, 0.4, 0.6]})
    assert np.asarray(ax.lines[1].get_xydata()).tolist() == [[3, 0.4]]


def test_gates_are_picked_by_form_and_order() -> None:
    gates = figures.pick_gates(recorded("14a_gain_left").runs)
    assert gates["two-local"] == {n: n * (n - 1) for n in gates["two-local"]}  # two layers
    assert figures.pick_orders(recorded("14a_truncation").runs)[2] == 3 * 28


def test_figures_say_in_words_what_they_show() -> None:
    table = CostTable(np.array([3.0, 1.0, 2.0, 4.0]), 2)
    text = figures.figure_masks(
        table, np.array([0.1, 0.7, 0.1, 0.1]), np.array([0.2, 0.4, 0.2, 0.2])
    ).text
    assert "best mask: 0.700 without errors, 0.400 with, 0.250 by chance" in text
    shares = figures.pick_gain_left(
        *(recorded(f"14a_{name}").runs for name in ("gain_left", "thousand_neurons"))
    )
    text = figures.figure_gain_left(shares).text
    assert "NK 2 keeps 0.958 to 0.958 from 4 to 1,000 neurons" in text
    text = figures.figure_blocks(range(2, 5), {"0": [0.8, 0.6, 0.4], "0.1": [0.5, 0.6, 0.7]}).text
    assert text.endswith("Best block: 4 at 0, 2 at 0.1.")
    sizes = range(2, 8)
    ratios = {"0": [0.5] * 6}
    text = figures.figure_computed(
        ratios, {k: 1000 * k for k in sizes}, {k: k / 1e4 for k in sizes}
    ).text
    assert "4,000 two-qubit gates a call at 4 neurons" in text
    assert text.endswith("7,000 two-qubit gates a call at 7 neurons: below 7.0e-04.")
    searches = {
        calls: ({"enumeration": ([1, 2], np.ones((2, 3)))}, {"one-flip": np.full(3, calls / 1e4)})
        for calls in BUDGETS
    }
    text = figures.figure_block_regret(searches, calls=100).text
    assert "0.0050 after 50 calls, 0.0100 after 100 calls" in text


def test_orders_are_compared_at_one_error_in_a_hundred() -> None:
    at = ERRORS.index(0.01)
    chances = {label: np.zeros((len(ERRORS), 3)) for label in ("order 2", "the whole table")}
    chances["order 2"][at] = [0.25, 0.25, 0.75]
    chances["the whole table"][at + 1] = 1
    text = figures.figure_orders(chances).text
    assert text.startswith("At an error of 0.01 order 2 has 0.42, the table 0.00.")


def test_a_neuron_more_or_less_than_the_best_block_at_0_002_costs_what_exercise_3_says() -> None:
    calls = {k: calls_per_success(k, 0.002) for k in range(2, 8)}
    best = min(calls, key=lambda k: calls[k])
    more, less = (round(100 * (calls[best + step] / calls[best] - 1)) for step in (1, -1))
    assert (best, more, less) == (5, 6, 16)
