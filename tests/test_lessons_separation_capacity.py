"""Notebook 21: its records' points computed anew, its searches against brute force, its figures."""

from __future__ import annotations

import itertools
import math
from typing import Any

import cirq
import numpy as np
import pytest
from matplotlib.axes import Axes
from pandas import isna

from labkit.arrays import FloatArray
from labkit.circuits.grover import grover_circuit
from labkit.circuits.oracles import build_table_oracle
from labkit.course import recorded
from labkit.course.explorers.separation import (
    RANGES,
    SETS,
    SeparationExplorer,
    draw_weights,
    find_features,
    least_widths,
)
from labkit.course.lessons import figures_21_separation_capacity as figures
from labkit.course.lessons import lesson_21_separation_capacity as lesson
from labkit.ledger import Ledger
from labkit.masks import all_masks
from labkit.neighbours.separation import (
    SeparationCost,
    cover_probability,
    random_relu,
    separates,
)
from labkit.selectors import run
from labkit.simulators import final_state

MEASURES: dict[str, tuple[Any, dict[str, Any]]] = {
    "21_widths": (lesson.measure_width, {"points": "moons"}),
    "21_cover": (lesson.measure_cover, {}),
    "21_margins": (lesson.measure_margin, {"n_neurons": 50}),
    "21_subsets": (lesson.measure_subset, {"search": "backward"}),
    "21_blocks": (lesson.measure_blocks, {"block_size": 3}),
    "21_readouts": (lesson.measure_readouts, {}),
}


@pytest.mark.parametrize("name", MEASURES)
def test_a_point_of_each_record_comes_out_again(name: str) -> None:
    measure, chosen = MEASURES[name]
    runs = recorded(name).runs
    for parameter, value in chosen.items():
        runs = runs[runs[f"parameters.{parameter}"] == value]
    row = runs[runs["seed"] == 4].iloc[0]
    columns = [column for column in runs.columns if column.startswith("parameters.")]
    given = {column.partition(".")[2]: row[column] for column in columns if not isna(row[column])}
    for column, value in measure(given, 4).result.items():
        assert np.allclose(row[f"result.{column}"], value), column


def test_two_layers_are_counted_from_one_neuron_on() -> None:
    outcome = lesson.measure_width(
        {"points": "moons", "n_points": 10, "bias_range": 1.0, "layers": 2}, 0
    )
    assert isinstance(outcome.ledger, Ledger)
    assert outcome.result["width"] == outcome.ledger.forward_passes > 1


@pytest.fixture(scope="module")
def small() -> SeparationCost:
    """Seven neurons that separate some moons."""
    points, y = lesson.build_points({"points": "moons", "n_points": 12}, np.random.default_rng(0))
    for seed in itertools.count():
        rng = np.random.default_rng(seed)
        phi = random_relu(points, n_neurons=7, bias_range=1.0, rng=rng)
        if separates(phi, y):
            return SeparationCost(phi, y, price=1 / 8)
    raise AssertionError


@pytest.mark.parametrize("search", ["by size", "downward", "Grover"])
def test_what_is_called_exact_finds_the_fewest_of_all_masks(
    search: str, small: SeparationCost
) -> None:
    masks = all_masks(7)
    fewest = min(m.sum() for m in masks if separates(small.features[:, m], small.y))
    found = run(lesson.SEARCHES[search], small, rng=np.random.default_rng(1))
    assert found.neuron_mask.sum() == fewest
    assert found.cost == pytest.approx(fewest / 8)
    assert (found.ledger.oracle_calls > 0) == (search == "Grover")


def test_nothing_can_be_dropped_from_what_backward_leaves(small: SeparationCost) -> None:
    mask = run(lesson.backward, small, rng=np.random.default_rng(2)).neuron_mask
    assert separates(small.features[:, mask], small.y)
    for j in np.flatnonzero(mask):
        fewer = mask & (np.arange(7) != j)
        assert not separates(small.features[:, fewer], small.y)


def test_the_least_weights_separate(small: SeparationCost) -> None:
    found = run(lesson.least_weights, small, rng=np.random.default_rng(0))
    assert found.cost < 1
    assert found.ledger.cost_queries == 1


def test_the_states_of_the_search_are_those_of_its_circuit(small: SeparationCost) -> None:
    fewest = int(run(lesson.by_size, small, rng=np.random.default_rng(1)).neuron_mask.sum())
    marked, states = lesson.dicke_search(small, fewest)
    assert all(m.sum() == fewest for m in all_masks(7)[marked])
    qubits = cirq.LineQubit.range(7)
    oracle = build_table_oracle(qubits, all_masks(7)[marked])
    for call, state in enumerate(states):
        found = final_state(grover_circuit(qubits, oracle, call, n_active=fewest))
        assert abs(np.vdot(found, state)) == pytest.approx(1, abs=1e-5)


def test_the_record_counts_what_grovers_formula_says() -> None:
    cost = lesson.twelve_that_separate(4)
    marked, states = lesson.dicke_search(cost, 3)
    theta = math.asin(math.sqrt(marked.sum() / math.comb(12, 3)))
    chances = [float(np.sum(state[marked] ** 2)) for state in states]
    expected = [math.sin((2 * k + 1) * theta) ** 2 for k in range(len(states))]
    np.testing.assert_allclose(chances, expected, atol=1e-9)
    assert (marked.sum(), len(states)) == (1, 12)


# Figures


def test_widths_are_picked_by_what_was_given_and_what_was_not() -> None:
    runs = recorded("21_widths").runs
    for over, chosen, count in (
        ("n_points", {"points": "spirals"}, 5),
        ("n_points", {"points": "spirals", "labels": "random"}, 3),
        ("dimension", {"points": "spirals"}, 6),
        ("dimension", {"points": "parity"}, 7),
        ("bias_range", {"points": "rings"}, 8),
    ):
        values, widths = figures.pick_widths(runs, over, **chosen)
        assert widths.shape == (count, 20) and np.all(np.diff(values) > 0)


def test_width_is_flat_in_points_and_dimension_and_doubles_for_parity() -> None:
    runs = recorded("21_widths").runs
    points, dimensions, parity, bias = (
        figures.pick_widths(runs, over, points=name)
        for over, name in (
            ("n_points", "spirals"),
            ("dimension", "spirals"),
            ("dimension", "parity"),
            ("bias_range", "rings"),
        )
    )
    for flat, within in ((points, 4), (dimensions, 6)):
        assert np.ptp(np.median(flat[1], axis=1)) <= within
    slope, error = figures.doublings(parity)
    assert abs(slope - 1) < 0.05 and error < 0.02
    assert np.isnan(bias[1][0]).all() and not np.isnan(bias[1][1:]).any()
    middle = np.median(bias[1][1:], axis=1)
    assert 0 < middle.argmin() < len(middle) - 1 and middle.max() > 3 * middle.min()


def test_shares_of_separated_labels_are_covers_within_sampling_error() -> None:
    runs = recorded("21_cover").runs
    shares = figures.pick_chances(runs, range(41)).mean(axis=1)
    formula = [cover_probability(40, n) for n in range(41)]
    draws = sum(map(len, runs["result.widths"]))
    assert abs(shares - formula).max() < 1.36 / draws**0.5  # Kolmogorov and Smirnov, 5%


def test_no_search_keeps_fewer_than_the_exact_and_l1_keeps_twice_as_many() -> None:
    kept = figures.pick_by(recorded("21_subsets").runs, "search", "kept")
    fewest = kept["by size"]
    assert len(fewest) >= 10 and all((values >= fewest).all() for values in kept.values())
    assert (kept["Grover"] == fewest).all()
    assert kept["l1"].mean() > 1.9 * fewest.mean()


def test_a_width_that_doubles_has_slope_one() -> None:
    dimensions = np.arange(2.0, 6.0)
    widths = np.outer(2**dimensions, [1.0, 3.0])
    assert figures.doublings((dimensions, widths)) == pytest.approx((1, 0))


def test_figures_say_in_words_what_they_show() -> None:
    kept: dict[object, FloatArray] = {"by size": np.array([3.0, 4.0]), "l1": np.array([7.0, 8.0])}
    assert "by size 3.50, l1 7.50" in figures.figure_subsets(kept).text
    ends: dict[object, FloatArray] = {1: np.array([4.0, 5.0]), 12: np.array([3.0, 3.0])}
    assert "neurons kept 4.50 to 3.00" in figures.figure_blocks(ends, ends).text
    told = figures.figure_search([0.1, 0.9, 0.4], [0.1, 0.9, 0.4])
    assert told.text == "The chance rises from 0.100 to 0.900 after 1 calls."
    assert isinstance(told.ax, Axes)
    said = figures.searches_in_words(recorded("21_subsets").runs)
    assert "backward: 4.25 kept; 12 queries, 0 oracle calls, 12 forward passes" in said


def test_every_claim_has_a_verdict() -> None:
    verdicts = [row[-1] for row in figures.table_of_claims(recorded("21_widths").runs).rows]
    assert len(verdicts) == 5
    assert all(verdict.startswith(("confirmed", "not testable here")) for verdict in verdicts)


# The explorer


def test_the_explorer_draws_the_neurons_that_labkit_draws() -> None:
    points, y = SETS["rings"]
    rng = np.random.default_rng(5)
    phi = random_relu(points, n_neurons=36, bias_range=2.0, rng=rng)
    np.testing.assert_allclose(find_features("rings", 2.0, 5) * np.sqrt(2 / 36), phi)
    width = least_widths("rings", 5)[RANGES.index(2.0)]
    assert width is not None
    assert separates(phi[:, :width], y) and not separates(phi[:, : width - 1], y)
    assert draw_weights(0.0, 5)[1].tolist() == [0.0] * 36


def test_the_arrow_keys_walk_along_the_bias_ranges() -> None:
    shown = SeparationExplorer(bias_range=2.0)
    shown._pressed(1, 0)
    assert shown.view.bias_range == 4.0
    shown._pressed(1, 0)  # there is none beyond the last
    assert "λ = 4" in shown.text.value
    shown.controls["n_neurons"].value = 1
    assert "do not separate" in shown.text.value
