"""Spectra: shares by order, cutting orders off, and the explorer that shows both."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from labkit.costs import CostTable, PauliZCost
from labkit.costs.spectrum import regret_by, share_by_order, truncate
from labkit.course.explorers import SharedMask, SpectrumExplorer, SubnetworkExplorer
from labkit.course.explorers.spectrum import SpectrumView, nearest_point
from labkit.course.lessons.lesson_08_hamiltonian_without_a_table import compare_quadratic_costs
from labkit.course.plots import (
    draw_agreement,
    draw_counts,
    draw_couplings,
    draw_orders,
    draw_spectra,
    new_axes,
    render_png,
)
from labkit.masks import all_masks, mask_from_index, mask_from_string, mask_to_string
from labkit.problems import build_problem
from labkit.scoring import COSTS, quadratic_cost


def random_table(n: int, seed: int = 3) -> CostTable:
    return CostTable(np.random.default_rng(seed).normal(size=2**n), n)


@pytest.mark.parametrize("n", [1, 3, 6])
def test_shares_by_order_agree_with_summing_over_masks(n: int) -> None:
    table = random_table(n)
    z = 1 - 2 * all_masks(n)
    by_hand = np.zeros(n + 1)
    for order in range(1, n + 1):
        for neurons in combinations(range(n), order):
            by_hand[order] += np.mean(table.costs * z[:, neurons].prod(axis=1)) ** 2
    assert share_by_order(table) == pytest.approx(by_hand / table.std**2)
    assert share_by_order(table).sum() == pytest.approx(1)


def test_a_cost_that_never_changes_has_no_variance_to_share() -> None:
    assert share_by_order(CostTable(np.full(8, 0.3), 3)).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("max_order", [0, 1, 2, 5])
def test_truncating_is_what_the_expansion_does(max_order: int) -> None:
    table = random_table(5)
    expected = PauliZCost.from_table(table, max_order).to_table().costs
    assert truncate(table, max_order).costs == pytest.approx(expected)


def test_what_is_cut_off_is_the_mean_squared_error_and_no_other_polynomial_is_closer() -> None:
    table, n = random_table(5), 5
    cut = truncate(table, 2)
    error = np.mean((table.costs - cut.costs) ** 2)
    assert error == pytest.approx(share_by_order(table)[3:].sum() * table.std**2)
    z = 1 - 2 * all_masks(n)
    columns = [z[:, s].prod(axis=1) for k in (0, 1, 2) for s in combinations(range(n), k)]
    _, residual, *_ = np.linalg.lstsq(np.stack(columns, axis=1), table.costs, rcond=None)
    assert error == pytest.approx(residual[0] / 2**n)


@pytest.mark.parametrize("max_order", [-1, 4])
def test_an_order_out_of_range_is_refused(max_order: int) -> None:
    with pytest.raises(ValueError, match="max_order"):
        truncate(random_table(3), max_order)


def test_regret_is_what_the_chosen_mask_costs_more_than_the_best() -> None:
    table = CostTable(np.array([0.1, 0.4, 0.2, 0.9]), 2)
    assert regret_by(table, table) == 0
    assert regret_by(table, CostTable(-table.costs, 2)) == pytest.approx(0.8)
    undecided = CostTable(np.array([1.0, 0.0, 0.0, 1.0]), 2)
    assert regret_by(table, undecided) == pytest.approx(0.2)
    with pytest.raises(ValueError, match="other has 3 neurons"):
        regret_by(table, random_table(3))


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("max_order", [1, 2, 6])
def test_the_view_follows_the_expansion(cost: str, max_order: int) -> None:
    table = build_problem("circles", 6, seed=4, cost=cost).table
    view = SpectrumView(table, max_order)
    expansion = PauliZCost.from_table(table, max_order)
    expected = expansion.to_table()
    assert view.truncated.costs == pytest.approx(expected.costs)
    assert view.kept == pytest.approx((expansion.std / table.std) ** 2)
    assert view.truncated.evaluate(view.chosen) == view.truncated.costs.min()
    assert view.n_terms == {1: 7, 2: 22, 6: 64}[max_order]
    assert f"<b>{view.kept:.2%}</b> of the variance" in view.text


def test_all_of_squared_error_is_kept_at_order_two() -> None:
    table = build_problem("moons", 7, seed=1, cost="squared_error").table
    assert SpectrumView(table, 2).kept == pytest.approx(1)
    assert SpectrumView(table, 2).regret == 0
    assert SpectrumView(table, 1).kept < 0.95


def test_there_is_no_order_above_the_number_of_neurons() -> None:
    explorer = SpectrumExplorer(n_neurons=6, max_order=6)
    explorer.controls["n_neurons"].value = 4
    assert (explorer.controls["max_order"].value, explorer.controls["max_order"].max) == (4, 4)
    assert explorer.n_draws == 2
    explorer.controls["n_neurons"].value = 9
    assert (explorer.controls["max_order"].value, explorer.controls["max_order"].max) == (4, 9)


def test_the_control_says_which_locality_it_moves() -> None:
    slider = SpectrumExplorer().controls["max_order"]
    assert slider.description == "locality: order of the Hamiltonian"


def place_of(explorer: SpectrumExplorer, number: int, x: float, y: float) -> tuple[float, float]:
    """Shares of the picture's width and height at data coordinates of an axes."""
    ax = explorer._axes[number]
    across, up = ax.transData.transform((x, y))
    width, height = ax.figure.bbox.size
    return across / width, up / height


def test_a_click_on_a_dot_lights_its_mask_in_every_explorer() -> None:
    shared = SharedMask()
    explorer = SpectrumExplorer(n_neurons=6, shared=shared)
    other = SubnetworkExplorer(n_neurons=6, shared=shared)
    before, drawn = bytes(explorer.image.value), explorer.n_draws
    view = explorer.view
    index = int(view.table.costs.argmax())
    point = view.table.costs[index], view.truncated.costs[index]
    explorer.point_at(*place_of(explorer, 1, *point))
    mask = mask_from_index(index, 6)
    assert shared.neuron_mask == mask.tolist()
    assert explorer.n_draws == drawn + 1
    assert bytes(explorer.image.value) != before
    assert f"ring: mask {mask_to_string(mask)}" in explorer.text.value
    assert mask_to_string(mask) in other.text.value


def test_a_click_on_an_order_cuts_there() -> None:
    explorer = SpectrumExplorer(n_neurons=6)
    explorer.point_at(*place_of(explorer, 0, 4.2, -3))
    assert explorer.controls["max_order"].value == 4
    assert explorer.n_draws == 2


def test_the_arrow_keys_walk_through_the_masks_by_cost() -> None:
    explorer = SpectrumExplorer(n_neurons=5)
    ranked = np.argsort(explorer.problem.table.costs, kind="stable")
    for expected in (ranked[0], ranked[1], ranked[2]):
        explorer._pressed(1, 0)
        assert explorer.shared.neuron_mask == mask_from_index(int(expected), 5).tolist()
    for _ in range(4):
        explorer._pressed(-1, 0)
    assert explorer.shared.neuron_mask == mask_from_index(int(ranked[0]), 5).tolist()


def test_a_mask_of_another_size_is_not_lit() -> None:
    shared = SharedMask()
    explorer = SpectrumExplorer(n_neurons=6, shared=shared)
    shared.choose(mask_from_string("1010"))
    assert "ring" not in explorer.text.value


def test_the_nearest_point_is_found_on_both_axes() -> None:
    view = SpectrumView(random_table(4), 2)
    for index in range(16):
        at = view.table.costs[index], view.truncated.costs[index]
        assert nearest_point(view, *at) == index


@pytest.mark.parametrize(
    ("argument", "value"), [("cost", "unheard of"), ("max_order", 9), ("max_order", 0)]
)
def test_bad_arguments_are_named(argument: str, value: object) -> None:
    with pytest.raises(ValueError, match=argument):
        SpectrumExplorer(**{argument: value})  # type: ignore[arg-type]


def test_what_is_shown_is_kept_as_numbers() -> None:
    numbers = SpectrumExplorer(n_neurons=4)._numbers()
    assert numbers["n_terms"] == 11
    assert sum(numbers["share_by_order"]) == pytest.approx(1)


# What the notebook draws and runs


def test_every_figure_of_a_spectrum_is_drawn() -> None:
    problem = build_problem("moons", 4, seed=0, cost="squared_error")
    cost = quadratic_cost(problem.network, problem.task.x_train, problem.task.y_train)
    axes = new_axes(5)
    draw_couplings(axes[0], cost)
    draw_counts(axes[1], [3, 4], {"a": [8, 16], "b": [7, 11]})
    draw_spectra(axes[2], {"squared_error": [share_by_order(problem.table)] * 3})
    draw_orders(axes[3], share_by_order(problem.table), 2)
    draw_agreement(axes[4], problem.table.costs, problem.table.costs, best=1, chosen=2, lit=3)
    assert render_png(axes[0]).startswith(b"\x89PNG")
    written = {text.get_text() for text in axes[0].texts}
    assert {f"{c:+.2f}" for s, c in cost.terms.items() if s} == written
    assert len(axes[0].texts) == 10


def test_couplings_of_more_than_two_neurons_are_not_drawn() -> None:
    with pytest.raises(ValueError, match="order 3"):
        draw_couplings(new_axes()[0], PauliZCost({(0, 1, 2): 1.0}, 3))


def test_the_expansion_of_cross_entropy_is_squared_error_at_half_the_scale() -> None:
    given = {"task_name": "moons", "n_hidden": 6}
    for seed in range(3):
        whole = compare_quadratic_costs({**given, "scale": 2.0}, seed).result
        half = compare_quadratic_costs({**given, "scale": 1.0}, seed).result
        assert whole["accuracy.expanded"] == half["accuracy.squared_error"]
        assert whole["n_active.expanded"] == half["n_active.squared_error"]
        assert whole["regret.table"] == 0
