"""CostTable: a cost for each mask index, what is marked, what is optimal, who ranks where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cost_tables

from labkit.costs import Cost, CostTable
from labkit.masks import all_masks, mask_to_index, mask_to_string


@given(cost_tables())
def test_a_mask_costs_what_stands_at_its_index(table: CostTable) -> None:
    n = table.n_neurons
    for mask in all_masks(n):
        assert table.evaluate(mask) == table.costs[mask_to_index(mask)]
        assert table.evaluate(mask_to_string(mask)) == table.evaluate(mask.astype(int))
    np.testing.assert_array_equal(table.evaluate(all_masks(n)), table.costs)


def test_neuron_0_moves_through_the_table_in_the_largest_steps() -> None:
    table = CostTable(np.arange(8.0), 3)
    assert table.evaluate("100") == 4
    assert table.evaluate("001") == 1


def test_costs_of_a_batch_have_the_shape_of_the_batch() -> None:
    table = CostTable(np.arange(8.0), 3)
    assert table.evaluate(all_masks(3).reshape(2, 4, 3)).shape == (2, 4)
    assert table.evaluate("111").shape == ()


def test_a_table_is_a_cost_of_full_order_and_its_own_table() -> None:
    table = CostTable(np.zeros(8), 3)
    cost: Cost = table
    assert cost.n_neurons == cost.order == 3
    assert cost.to_table() is table


def test_a_table_does_not_follow_the_array_it_was_made_from() -> None:
    costs = np.arange(4.0)
    table = CostTable(costs, 2)
    costs[0] = 99
    assert table.costs[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        table.costs[0] = 99


def test_whole_numbers_become_float64() -> None:
    table = CostTable(np.arange(4), 2)  # type: ignore[arg-type]
    assert table.costs.dtype == np.float64


@given(cost_tables(), st.data())
def test_marked_are_the_masks_of_at_most_the_threshold(
    table: CostTable, data: st.DataObject
) -> None:
    threshold = data.draw(st.sampled_from(table.costs.tolist()))
    marked = table.marked(threshold)
    assert marked.dtype == bool
    np.testing.assert_array_equal(marked, table.costs <= threshold)


def test_a_threshold_marks_costs_that_differ_from_it_by_rounding_only() -> None:
    table = CostTable(np.array([0.1 + 0.2, 0.3, 0.3 + 1e-6, 1.0]), 2)
    assert table.marked(0.3).tolist() == [True, True, False, False]


@given(cost_tables())
def test_optimal_masks_are_all_that_cost_the_minimum(table: CostTable) -> None:
    assert table.minimum == min(table.costs)
    assert {mask_to_index(mask) for mask in table.optimal_masks()} == {
        i for i, cost in enumerate(table.costs) if cost == min(table.costs)
    }


@given(cost_tables())
def test_rank_counts_the_cheaper_masks_and_equal_costs_share_it(table: CostTable) -> None:
    for mask in all_masks(table.n_neurons):
        cheaper = sum(cost < table.evaluate(mask) for cost in table.costs.tolist())
        assert table.rank(mask) == 1 + cheaper


def test_costs_that_differ_by_rounding_share_a_rank() -> None:
    table = CostTable(np.array([0.3, 0.1 + 0.2, 0.5, 0.7]), 2)
    assert [table.rank(mask) for mask in all_masks(2)] == [1, 1, 3, 4]
