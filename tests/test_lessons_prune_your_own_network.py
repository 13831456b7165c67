"""Notebook 15a's sweep: its costs by hand, its ways to choose, a small run of the whole."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pandas as pd
import pytest
from parts import module_needs

from labkit.costs import CostTable
from labkit.course.plots import new_axes
from labkit.course.plots.series import draw_groups
from labkit.masks import all_masks
from labkit.platforms import KERAS
from labkit.selectors import exhaustive, run

module_needs(KERAS)

lesson = importlib.import_module("labkit.course.lessons.lesson_15a_prune_your_own_network")
figures = importlib.import_module("labkit.course.lessons.figures_15a_prune_your_own_network")


def test_a_price_is_added_for_each_unit_that_stays() -> None:
    table = CostTable(np.random.default_rng(0).random(16), 4)
    priced = lesson.PricedCost(table, 0.25)
    expected = [table.costs[i] + 0.25 * mask.sum() for i, mask in enumerate(all_masks(4))]
    np.testing.assert_allclose(priced.to_table().costs, expected)
    np.testing.assert_allclose(priced.evaluate(all_masks(4)), expected)
    found = run(exhaustive, priced, rng=np.random.default_rng(0))
    # at the best mask a unit is worth its price
    for j in np.flatnonzero(found.neuron_mask):
        without = found.neuron_mask ^ (np.arange(4) == j)
        assert table.evaluate(without) - table.evaluate(found.neuron_mask) >= 0.25 - 1e-12


def test_magnitude_and_chance_keep_as_many_as_they_are_told() -> None:
    masks = lesson.other_masks(np.array([3.0, 1.0, 2.0, 5.0, 4.0]), 2, seed=0)
    np.testing.assert_array_equal(masks["magnitude"], [0, 0, 0, 1, 1])
    assert masks["random"].sum() == 2


@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_a_point_of_the_sweep_compares_ways_of_one_size(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((40, 64), dtype=np.float32), np.arange(40) % 3
    monkeypatch.setattr(lesson, "load_digits", lambda: (x[:30], y[:30], x[30:], y[30:]))
    monkeypatch.setattr(lesson, "EPOCHS", 2)
    monkeypatch.setattr(lesson, "MORE_EPOCHS", 1)
    outcome = lesson.prune_digits({"kind": kind, "n_units": 6, "price": -0.05}, 0)
    result: dict[str, Any] = dict(outcome.result)
    assert result["n_active_magnitude"] == result["n_active_random"] == result["n_active_blocks"]
    assert all(0 <= result[f"after_{way}"] <= 1 for way in lesson.WAYS)
    queries = result["queries_blocks"] + result["queries_one_flip"]
    assert outcome.ledger.cost_queries == outcome.ledger.forward_passes == queries


def test_groups_are_drawn_at_their_means() -> None:
    ax = new_axes()[0]
    draw_groups(ax, {"a": {"x": [1, 3], "y": [2, 2]}, "b": {"x": [4, 4], "y": [0, 1]}}, ylabel="v")
    assert [line.get_text() for line in ax.get_legend().get_texts()] == ["a", "b"]
    heights = [np.asarray(c.lines[0].get_ydata(), dtype=float) for c in ax.containers]
    np.testing.assert_allclose(heights, [[2.0, 2.0], [4.0, 0.5]])


def test_leads_and_bills_are_those_of_the_runs() -> None:
    made_up = {
        "parameters.n_units": [8, 8],
        "result.n_active_blocks": [2, 4],
        "result.whole": [0.75, 0.85],
        "result.train_seconds": [3.0, 5.0],
    }
    for k, way in enumerate(lesson.WAYS):
        made_up[f"result.before_{way}"] = made_up[f"result.after_{way}"] = [0.9 - 0.1 * k] * 2
    for way in ("blocks", "one_flip"):
        made_up |= {f"result.queries_{way}": [1000, 3000], f"result.seconds_{way}": [1.0, 2.0]}
    rows = pd.DataFrame(made_up)
    first, *rest = figures.leads_in_words(rows).splitlines()
    assert first == "38% of the units kept; whole 0.800"
    assert rest[1] == "  blocks ahead of magnitude before +0.200 ± 0.000, after +0.200 ± 0.000"
    bill = "blocks 2,000 queries, 1.5 s; one_flip 2,000 queries, 1.5 s; training 4.0 s"
    assert figures.bill_in_words(rows) == bill


def test_figures_say_in_words_what_they_show() -> None:
    right = {"largest": np.array([0.5, 0.875]), "any": np.array([0.5, 0.75])}
    text = figures.figure_sizes([1, 8], right).text
    assert text.startswith("8 of 8 units: 0.875 with the largest, 0.750 with any eight")
    found = {"cost": np.array([0.2, 0.4]), "queries": np.array([1000.0, 3000.0])}
    text = figures.figure_blocks({"blocks of 2": found}).text
    assert text == "blocks of 2: 0.3000 ± 0.1000, 2,000 queries"
    ways = {
        way: {"dense 64": np.array([at, at])} for way, at in (("blocks", 0.9), ("magnitude", 0.4))
    }
    text = figures.figure_ways(ways, ways).text
    assert text.endswith("blocks lead magnitude by 0.500.")
