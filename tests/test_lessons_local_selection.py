"""Notebook 12: steps that are watched, their figures, and what its records are computed by."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from labkit.costs import CostTable
from labkit.course.lessons.lesson_12_local_selection import (
    STARTS,
    build_two_layers,
    count_stuck_masks,
    find_stuck_masks,
    pick_runs,
    search_two_layers,
)
from labkit.course.plots import draw_masks, draw_schedules, draw_walk, new_axes
from labkit.course.plots.walks import draw_bits, draw_spent, mask_places, nearest_mask
from labkit.course.recorded import recorded
from labkit.masks import all_masks
from labkit.problems import build_problem
from labkit.selectors import SCHEMES, grover_search, local_selection, run, walk_locally
from labkit.selectors.blocks import embed

TABLE = build_problem("breast_cancer", 8, seed=9).table
GROUPS = {"layers": [range(4), range(4, 8)], "input_groups": [range(5), range(3, 8)]}


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# Steps


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("inner", [None, grover_search])
def test_a_watched_search_is_the_search_that_is_not_watched(scheme: str, inner: Any) -> None:
    options: dict[str, Any] = {"block_size": 3, "scheme": scheme, "groups": GROUPS.get(scheme)}
    if inner is not None:
        options |= {"inner": inner, "inner_options": {"shots": 3}}
    walk = walk_locally(TABLE, rng=generator(4), **options)
    plain = run(local_selection, TABLE, rng=generator(4), **options)
    np.testing.assert_array_equal(walk.selection.history, plain.history)
    assert replace(walk.selection.ledger, seconds=0) == replace(plain.ledger, seconds=0)
    ended = walk.steps[-1].ledger
    assert replace(ended, seconds=0) == replace(plain.ledger, seconds=0)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_step_changes_its_block_only_and_states_its_cost(scheme: str) -> None:
    walk = walk_locally(
        TABLE, rng=generator(1), block_size=3, scheme=scheme, groups=GROUPS.get(scheme)
    )
    for step in walk.steps:
        assert step.cost == TABLE.evaluate(step.after)
        if len(step.block):
            changed = np.flatnonzero(step.before != step.after)
            assert set(changed) <= set(step.block)
            offered = embed(step.before, step.block, all_masks(len(step.block)))
            assert step.cost == TABLE.evaluate(offered).min()
    masks = walk.masks()
    assert len(masks) == len(walk.steps) + 1
    np.testing.assert_array_equal(walk.masks(1), masks[:2])
    if scheme != "solo":
        np.testing.assert_array_equal(walk.path(), masks)
        assert walk.selection.cost == walk.steps[-1].cost


def test_solo_goes_back_to_the_start_before_each_decision() -> None:
    walk = walk_locally(TABLE, rng=generator(2), block_size=2, scheme="solo")
    *apart, merged = walk.steps
    assert not len(merged.block)
    for step in apart:
        np.testing.assert_array_equal(step.before, walk.masks()[0])
        np.testing.assert_array_equal(merged.after[step.block], step.after[step.block])
    assert len(walk.path()) > len(walk.masks())


def test_a_walk_without_a_decision_says_so() -> None:
    walk = walk_locally(TABLE, rng=generator(), block_size=2, max_cost_queries=2)
    assert walk.steps == ()
    for read in (walk.masks, walk.path):
        with pytest.raises(ValueError, match=r"^steps=\(\) .* \(limit: 1 step\)$"):
            read()


def test_what_watches_has_to_be_a_function() -> None:
    with pytest.raises(TypeError, match=r"^watch='steps' is not a function"):
        run(local_selection, TABLE, rng=generator(), block_size=2, watch="steps")


# Figures


@pytest.mark.parametrize("start", [None, "10010111"])
def test_masks_stand_at_their_flips_and_their_costs(start: str | None) -> None:
    ax = new_axes()[0]
    mask = None if start is None else np.array([c == "1" for c in start])
    draw_masks(ax, TABLE, mask)
    across, up = (np.asarray(values, dtype=float) for values in ax.lines[0].get_data())
    ends = TABLE.optimal_masks() if mask is None else mask[np.newaxis]
    flips = (all_masks(8)[:, np.newaxis] != ends).sum(axis=2).min(axis=1)
    np.testing.assert_array_equal(np.round(across), flips)
    np.testing.assert_array_equal(up, TABLE.costs)
    assert len(set(across[flips == 4])) == (flips == 4).sum()


def test_a_walk_is_drawn_with_what_is_offered_and_lit() -> None:
    walk, ax = walk_locally(TABLE, rng=generator(), block_size=2), new_axes()[0]
    step = walk.steps[0]
    offered = embed(step.before, step.block, all_masks(2))
    draw_walk(ax, TABLE, walk.path(), candidates=offered, lit=step.before)
    squares = next(line for line in ax.lines if line.get_marker() == "s")
    np.testing.assert_array_equal(squares.get_ydata(), TABLE.evaluate(offered))
    path = next(line for line in ax.lines if line.get_linestyle() == "-")
    np.testing.assert_array_equal(path.get_ydata(), TABLE.evaluate(walk.path()))


def test_the_nearest_dot_is_found_in_what_is_seen() -> None:
    ax = draw_masks(new_axes()[0], TABLE)
    for index in (0, 77, 255):
        place = mask_places(TABLE)[index], TABLE.costs[index]
        assert nearest_mask(TABLE, *place, ax) == index


def test_bits_are_filled_where_they_stay_and_framed_where_they_were_free() -> None:
    walk, ax = walk_locally(TABLE, rng=generator(), block_size=3), new_axes()[0]
    none = np.empty(0, dtype=np.int64)
    draw_bits(ax, walk.masks(2), [none, *(step.block for step in walk.steps[:2])],
              asked=walk.steps[2].block, lit=~walk.masks(2)[-1])  # fmt: skip
    filled, hollow, _, framed, lit = ax.lines
    assert len(filled.get_xdata()) == walk.masks(2).sum()
    assert len(hollow.get_xdata()) == (~walk.masks(2)).sum()
    assert list(framed.get_xdata()) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert list(lit.get_xdata()) == [*range(8)]
    assert [text.get_text() for text in ax.texts] == ["?", "?"]


def test_the_best_so_far_falls_to_what_was_found() -> None:
    walk, ax = walk_locally(TABLE, rng=generator(), block_size=3), new_axes()[0]
    queries = len(walk.selection.history)
    draw_spent(ax, walk, queries, TABLE.minimum, lit_cost=1.0)
    best = np.asarray(ax.lines[0].get_ydata(), dtype=float)
    assert len(best) == queries
    assert best[-1] == walk.selection.cost
    assert (np.diff(best) <= 0).all()


def test_a_schedule_shows_free_neurons_and_only_decisions_that_are_known() -> None:
    walks = {
        scheme: walk_locally(TABLE, rng=generator(), block_size=4, scheme=scheme)
        for scheme in ("solo", "one_pass")
    }
    axes = draw_schedules(new_axes(3), walks)

    def places(number: int, marker: str) -> list[tuple[float, float]]:
        lines = [line for line in axes[number].lines if line.get_marker() == marker]
        return [tuple(point) for line in lines for point in line.get_xydata()]

    for number in (0, 1):
        expected = [(j, 1) for j in range(4)] + [(j, 2) for j in range(4, 8)]
        assert places(number, "s") == expected
    assert places(0, "o") == []
    assert places(1, "o") == [(j, 2) for j in range(4)]
    assert places(0, "D") == [(j, 3) for j in range(8)]
    assert axes[2].texts[0].get_text() == "free now"


# What the records are computed by


@pytest.mark.parametrize("block_size", [1, 2, 3])
def test_stuck_masks_are_those_that_no_block_improves(block_size: int) -> None:
    table = CostTable(generator(3).permutation(64).astype(float), 6)
    stuck = find_stuck_masks(table, block_size)
    for index, mask in enumerate(all_masks(6)):
        reached = [
            table.evaluate(embed(mask, np.array(block), all_masks(block_size))).min()
            for block in combinations(range(6), block_size)
        ]
        assert stuck[index] == (min(reached) == table.costs[index])


def test_equal_optima_are_all_stuck() -> None:
    costs = np.array([0.3, 1.0, 2.0, 0.1 + 0.2])
    assert costs[0] < costs[3]
    assert find_stuck_masks(CostTable(costs, 2), 2).tolist() == [True, False, False, True]


def test_a_point_is_the_mean_over_its_starts() -> None:
    table = build_two_layers(1).table
    outcome = search_two_layers(
        {"selector": "local_selection", "inner": "exhaustive", "block_size": 3}, 1
    )
    found = [
        run(local_selection, table, rng=np.random.default_rng([1, start]), block_size=3)
        for start in range(STARTS)
    ]
    regrets = np.array([f.cost for f in found]) - table.minimum
    assert outcome.result["regret"] == pytest.approx(regrets.mean())
    assert outcome.result["solved"] == (regrets < 1e-9).mean()
    queries = np.mean([f.ledger.cost_queries for f in found])
    assert outcome.result["cost_queries"] == queries


def test_with_a_budget_a_search_begins_anew_until_all_is_spent() -> None:
    parameters = {"selector": "local_selection", "scheme": "sweeps", "block_size": 2}
    once, again = (search_two_layers(parameters | more, 2) for more in ({}, {"budget": 300}))
    assert again.result["cost_queries"] == 300
    assert again.result["regret"] <= once.result["regret"]


def test_the_records_hold_a_row_for_each_size_and_a_column_for_each_network() -> None:
    runs = recorded("12_local_selection").runs
    regret = pick_runs(runs, "regret", scheme="random_blocks")
    assert regret.shape == (6, 20)
    assert list(regret.index) == [1, 2, 3, 4, 6, 8]
    parameters = {"selector": "local_selection", "scheme": "random_blocks", "inner": "exhaustive"}
    fresh = search_two_layers(parameters | {"block_size": 4}, 7)
    assert regret.loc[4, 7] == pytest.approx(fresh.result["regret"])
    random = pick_runs(runs, "regret", by="max_cost_queries", selector="random_search")
    assert (np.diff(random.mean(axis=1)) < 0).all()
    stuck = recorded("12_stuck_masks").runs.set_index("seed").loc[7]
    counted = count_stuck_masks({"largest": 6}, 7).result
    assert all(stuck[f"result.{name}"] == count for name, count in counted.items())
