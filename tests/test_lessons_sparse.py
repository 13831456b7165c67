"""What notebook 10 computes: masks of a fixed number of neurons, penalties, swaps."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from labkit.ansatz import ramp_angles
from labkit.costs import CostTable, penalised, penalty
from labkit.course import recorded
from labkit.course.lessons.lesson_10_sparse_subnetworks import (
    STRENGTHS,
    best_at,
    compare_mixers,
    costs_by_weight,
    keeps,
    ramp_chances,
)
from labkit.course.plots import draw_kept, draw_strengths, new_axes
from labkit.masks import all_masks
from labkit.problems import build_problem
from labkit.selectors import run
from labkit.selectors.classical import swap_search
from labkit.simulators import final_state, probabilities


def moons_table(n_neurons: int, seed: int) -> CostTable:
    return build_problem("moons", n_neurons, seed=seed).table


@pytest.fixture
def ax() -> Axes:
    axes: Axes = new_axes()[0]
    return axes


@pytest.mark.parametrize(("n", "k"), [(3, 0), (4, 2), (6, 1), (7, 7)])
def test_so_many_masks_keep_k_neurons(n: int, k: int) -> None:
    assert keeps(n, k).sum() == comb(n, k)
    assert np.all(all_masks(n)[keeps(n, k)].sum(axis=1) == k)


def test_costs_by_weight_are_all_costs_sorted_into_groups() -> None:
    table = moons_table(6, 3)
    groups = costs_by_weight(table)
    assert [len(group) for group in groups] == [comb(6, k) for k in range(7)]
    assert sorted(np.concatenate(groups)) == sorted(table.costs)
    assert groups[0] == pytest.approx(table.costs[0])


@pytest.mark.parametrize(("n", "k"), [(2, 1), (5, 2), (6, 6), (7, 0)])
def test_the_penalty_is_the_square_of_the_excess(n: int, k: int) -> None:
    expected = (all_masks(n).sum(axis=1) - k) ** 2
    np.testing.assert_allclose(penalty(n, k).to_table().costs, expected, atol=1e-12)
    assert penalty(n, k).order <= 2


def test_a_penalised_table_leaves_the_right_masks_as_they_are() -> None:
    table = moons_table(6, 1)
    fined = penalised(table, 2, 0.5)
    inside = keeps(6, 2)
    np.testing.assert_allclose(fined.costs[inside], table.costs[inside])
    assert np.all(fined.costs[~inside] > table.costs[~inside] + 0.49 * table.std)


@pytest.mark.parametrize("mixer", ["x", "ring", "grover"])
def test_chances_are_those_of_the_circuit_on_qsim(mixer: str) -> None:
    from labkit.circuits.qaoa import qaoa_circuit

    n, k, ramp = 5, 2, (3.0, 0.6)
    table = moons_table(n, 4)
    chances = ramp_chances(table, k, mixer, 0.3, ramp, p=2)
    cost = penalised(table, k, 0.3) if mixer == "x" else table
    std = cost.std if mixer == "x" else table.costs[keeps(n, k)].std()
    gammas, betas = ramp_angles(2, n, std=std, delta_gamma=ramp[0], delta_beta=ramp[1])
    fixed = None if mixer == "x" else k
    circuit = qaoa_circuit(cost, gammas, betas, mixer=mixer, n_active=fixed)
    np.testing.assert_allclose(chances, probabilities(final_state(circuit)), atol=1e-4)


@pytest.mark.parametrize("mixer", ["ring", "grover"])
def test_mixers_that_keep_the_number_waste_no_shot(mixer: str) -> None:
    chances = ramp_chances(moons_table(8, 0), 3, mixer, 0.0, (3.0, 0.7))
    assert chances[keeps(8, 3)].sum() == pytest.approx(1, abs=1e-5)


def test_the_best_masks_of_a_number_include_ties() -> None:
    table = CostTable(np.array([9.0, 1.0, 1.0, 0.0]), 2)
    assert best_at(table, 1).tolist() == [False, True, True, False]


def test_swap_search_asks_only_masks_of_the_number_and_finds_the_best() -> None:
    n, k = 8, 3
    table = moons_table(n, 5)
    inside = keeps(n, k)
    elsewhere = CostTable(np.where(inside, table.costs, 1e6), n)
    target = float(table.costs[inside].min())
    rng = np.random.default_rng(2)
    found = run(swap_search, elsewhere, rng=rng, target_cost=target, n_active=k)
    assert found.cost == pytest.approx(target)
    assert found.neuron_mask.sum() == k
    assert found.history.max() < 1e6


def test_swap_search_ends_at_its_budget() -> None:
    rng = np.random.default_rng(0)
    found = run(swap_search, moons_table(6, 0), rng=rng, max_cost_queries=17, n_active=2)
    assert found.ledger.cost_queries == 17


@pytest.mark.parametrize(
    ("n_active", "error"), [(0, ValueError), (6, ValueError), (1.5, TypeError)]
)
def test_swap_search_refuses_a_number_without_an_exchange(
    n_active: int, error: type[Exception]
) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(error, match="n_active="):
        run(swap_search, moons_table(6, 0), rng=rng, max_cost_queries=5, n_active=n_active)


def test_a_comparison_has_chances_for_each_strength_and_each_mixer() -> None:
    result = compare_mixers({"n_neurons": 6, "n_active": 2}, 1).result
    assert result["right"].shape == result["best"].shape == (len(STRENGTHS),)
    assert np.all(result["best"] <= result["right"] + 1e-9)
    assert result["penalty"] in result["best"]
    assert 0 < result["ring"] <= 1.0001 and 0 < result["grover"] <= 1.0001
    assert result["random_queries"] == pytest.approx(16 / 2, rel=0.5)


def test_the_record_is_what_is_computed() -> None:
    runs = recorded("10_sparse_subnetworks").runs
    then = runs[(runs["parameters.n_active"] == 2) & (runs["seed"] == 0)].iloc[0]
    table = moons_table(12, 0)
    assert then["result.random_queries"] == pytest.approx(67 / (best_at(table, 2).sum() + 1))


def test_kept_neurons_are_drawn_as_bars_that_sum_to_one(ax: Axes) -> None:
    chances = {"uniform": np.full(8, 1 / 8), "one mask": np.eye(8)[5]}
    draw_kept(ax, chances, 2)
    heights = [bar.get_height() for bar in ax.patches if isinstance(bar, Rectangle)]
    np.testing.assert_allclose(heights, [1 / 8, 3 / 8, 3 / 8, 1 / 8, 0, 0, 1, 0])


def test_strengths_have_a_line_and_each_level_another(ax: Axes) -> None:
    draw_strengths(ax, (0.0, 0.1), [[0.1, 0.3], [0.5, 0.7]], {"ring mixer": [0.2, 0.4]})
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "0.1"]
    legend = ax.get_legend()
    assert legend is not None
    assert {text.get_text() for text in legend.get_texts()} == {"penalty", "ring mixer"}
