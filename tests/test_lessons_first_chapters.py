"""Figures of 00, 03, 04 and 07: they draw what they are given, and their text says what it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from labkit.amplification import optimal_iterations, success_probability
from labkit.ansatz import ramp_angles
from labkit.costs import CostTable
from labkit.course.lessons import lesson_00_welcome as welcome
from labkit.course.lessons import lesson_03_masks_as_qubits as qubits
from labkit.course.lessons import lesson_04_grover_search as grover
from labkit.course.lessons import lesson_07_qaoa as qaoa
from labkit.masks import all_masks
from labkit.problems import build_problem
from labkit.selectors import random_search, run
from labkit.simulators import evolve_grover, evolve_qaoa


def test_the_best_mask_is_told_with_its_share_and_that_of_all_neurons() -> None:
    problem = build_problem("moons", 4, seed=7)
    best = problem.table.optimal_masks()[0]
    _, text = welcome.figure_best(problem, best)
    shares = [problem.accuracy("1111"), problem.accuracy(best)]
    assert text.endswith(f"all neurons on {shares[0]:.0%}, best mask {shares[1]:.0%}.")


def test_bars_of_calls_are_as_long_as_the_means() -> None:
    ax, text = welcome.figure_calls({"a": 128.5, "b": 13.0}, {"a": 3.0, "b": 0.0})
    assert isinstance(ax, Axes)
    assert [bar.get_width() for bar in ax.patches] == [128.5, 13.0]  # type: ignore[attr-defined]
    assert "a 128.5, b 13.0" in text


def test_dials_tell_how_likely_all_ones_are() -> None:
    _, text = qubits.figure_dials({"x": np.array([0.6, 0.8]), "y": np.array([1, 0])})
    assert text.endswith("Probability to measure 1: x 0.64, y 0.00.")
    _, text = qubits.figure_dials({"x": np.array([0, 0, 0, 1j])})
    assert text.endswith("Probability to measure 11: x 1.00.")


def test_shots_are_told_with_the_masks_that_appear() -> None:
    shots = np.repeat(all_masks(2)[[0, 3]], 50, axis=0)
    _, text = qubits.figure_shots(shots, np.sqrt([0.5, 0, 0, 0.5]))
    assert text == "100 shots: 2 of the 4 masks appear, each about 50 times."


def test_the_noise_of_shots_is_told_for_the_fewest_and_the_most() -> None:
    means = {10: [0.0, 2.0], 1000: [0.9, 1.1]}
    _, text = qubits.figure_shot_noise(means, 1.0)
    assert text == (
        "Standard deviation of the estimate: 1.000 with 10 shots, 0.100 with 1,000; the exact mean "
        "is 1.000."
    )


def test_two_neurons_agree_where_both_bits_are_the_same() -> None:
    _, text = qubits.figure_bases({"a": np.array([0.5, 0, 0, 0.5]), "b": np.full(4, 0.25)})
    assert text == "How often the two neurons agree: a 100%, b 50%."


def test_amplitudes_of_all_calls_share_one_axis() -> None:
    marked = np.arange(16) == 3
    ax, text = grover.figure_amplitudes({k: evolve_grover(marked, k) for k in (0, 1)}, marked)
    assert isinstance(ax, Axes)
    assert {each.get_ylim() for each in ax.figure.axes} == {(-0.05, 1.05)}
    assert f"1 calls {success_probability(4, 1, 1):.3f}" in text


def test_frequencies_within_two_errors_are_counted_as_such() -> None:
    exact = [success_probability(6, 1, k) for k in range(8)]
    off = [*exact[:6], 0.5, 0.5]
    for hits, share in ((exact, "100%"), (off, "75%")):
        _, text = grover.figure_frequencies(hits, 400, n_neurons=6, n_marked=1)
        assert text.startswith(share)
        assert text.endswith(f"best at {np.argmax(hits)} calls.")
    error = grover.standard_error_of_share(np.array([0.5, 0.0]), 400)
    assert error == pytest.approx([0.025, 0])


def test_growth_is_that_of_the_last_two_sizes() -> None:
    _, text = grover.figure_growth((4, 6, 8), {"a": [[1], [2], [8]], "b": [[1, 3], [2, 2], [5, 1]]})
    assert "From 6 to 8 neurons" in text
    assert "a 4.0, b 1.5" in text


def test_a_wrong_plan_is_told_with_both_chances() -> None:
    _, text = grover.figure_wrong_plan(8, planned=1, met=4)
    right, wrong = optimal_iterations(8, 4), optimal_iterations(8, 1)
    assert f"{right} calls {success_probability(8, 4, right):.3f}" in text
    assert f"{wrong} calls {success_probability(8, 4, wrong):.3f}" in text


def test_a_layer_is_told_by_what_the_best_mask_gains() -> None:
    table = build_problem("moons", 3, seed=7).table
    states = {"start": evolve_qaoa(table, [], []), "end": evolve_qaoa(table, [0.5], [0.3])}
    _, text = qaoa.figure_layer(states, table)
    after = abs(states["end"][table.costs.argmin()]) ** 2
    assert text.endswith(f"The best mask: 0.125 before, {after:.3f} after.")


def test_the_lowest_point_of_a_landscape_is_found_by_its_place() -> None:
    table, values = CostTable(np.arange(4.0), 2), np.array([[3.0, 2.0], [0.5, 4.0]])
    _, text = qaoa.figure_landscape(np.array([1.0, 2.0]), np.array([0.1, 0.2]), values, table)
    assert text == "Lowest at γ 1.00, β 0.20: mean cost 0.500 (all masks 1.500, least 0.000)."


def test_chances_of_the_record_stand_by_depth_and_network() -> None:
    kinds = ("ramp", "transferred", "trained")
    rows = [{"parameters.p": p, **{f"result.{k}": p + s / 10 for k in kinds}}
            for s in (1, 2, 3) for p in (4, 1)]  # fmt: skip
    depths, chances = qaoa.chances_by_depth(pd.DataFrame(rows))
    assert depths == [1, 4]
    assert [*chances] == [*kinds]
    assert chances["ramp"].tolist() == [[1.1, 1.2, 1.3], [4.1, 4.2, 4.3]]
    _, text = qaoa.figure_depths(depths, chances)
    assert "p = 1 and p = 4: ramp 1.200 and 4.200" in text


def test_the_share_of_runs_that_met_the_optimum_is_counted_by_queries() -> None:
    table, rng = build_problem("moons", 4, seed=7).table, np.random.default_rng(3)
    runs = [run(random_search, table, rng=rng, max_cost_queries=16) for _ in range(50)]
    for queries in (1, 8, 16):
        met = [table.minimum in each.history[:queries] for each in runs]
        assert qaoa.share_met(runs, table, queries) == pytest.approx(np.mean(met))


def test_calls_with_a_ramp_are_layers_and_a_query_for_each_shot() -> None:
    tables = [build_problem("moons", 6, seed=seed).table for seed in (1, 2)]
    angles = ramp_angles(3, 6, std=1.0)
    shots = [1 / qaoa.chance_of_optimum(table, angles) for table in tables]
    assert qaoa.calls_with_ramp(3, tables) == pytest.approx([4 * s for s in shots])


def test_a_block_costs_what_the_whole_mask_does_with_the_rest_as_in_the_best() -> None:
    table = build_problem("moons", 6, seed=7).table
    best = table.optimal_masks()[0]
    for k in (2, 5, 6):
        masks = np.array([[*first, *best[k:]] for first in all_masks(k)])
        assert np.array_equal(qaoa.hold_all_but(table, k).costs, table.evaluate(masks))


def test_the_bill_is_told_by_medians_and_by_wins() -> None:
    bill = {"one-flip search": [1.0, 5.0, 9.0], "QAOA, transferred": [2.0, 4.0, 30.0]}
    _, text = qaoa.figure_bill(bill, 12_800)
    assert "one-flip search 5, QAOA, transferred 4. Training: 12,800 layers" in text
    assert text.endswith("on 33% of the networks.")
