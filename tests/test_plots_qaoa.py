"""Figures of QAOA: hands, landscapes and probabilities are those of the state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from labkit.costs import CostTable
from labkit.course import plots
from labkit.course.plots.canvas import wipe
from labkit.course.plots.qaoa import probability_floor
from labkit.masks import mask_from_index
from labkit.problems import build_problem
from labkit.selectors import queries_to_optimum, random_search, run
from labkit.simulators import evolve_qaoa, probabilities


@pytest.fixture
def ax() -> Axes:
    axes: Axes = plots.new_axes()[0]
    return axes


@pytest.fixture(scope="module")
def table() -> CostTable:
    return build_problem("moons", 6, seed=7).table


def of_kind(ax: Axes, kind: type[Any]) -> Any:
    (found,) = [artist for artist in ax.collections if isinstance(artist, kind)]
    return found


def test_a_dial_shows_size_phase_and_probability_of_the_cheapest_mask_first(ax: Axes) -> None:
    small = build_problem("moons", 3, seed=7).table
    state = evolve_qaoa(small, [0.8 / small.std], [0.3])
    plots.draw_dials(ax, {"start": np.full(8, 8**-0.5), "state": state}, small)
    segments = np.array(of_kind(ax, LineCollection).get_segments())
    hands = (segments[:, 1] - segments[:, 0]) @ [1, 1j]
    first = hands[8] / 1j  # of the second row; phase 0 points up
    best = state[small.costs.argmin()]
    assert np.angle(first) == pytest.approx(np.angle(best), abs=1e-5)
    assert abs(first) == pytest.approx(0.48 * abs(best) / np.abs(state).max(), abs=1e-5)
    assert np.allclose(hands[:8].real, 0)
    assert ax.texts[8].get_text() == f"{abs(best) ** 2:.3f}"


def test_a_landscape_shows_its_values_and_its_points(ax: Axes) -> None:
    values = np.arange(12.0).reshape(3, 4)
    plots.draw_angle_surface(ax, np.arange(4), [0, 0.5, 1], values, {"here": (2, 0.5)})
    assert np.array_equal(np.asarray(ax.images[0].get_array()), values)
    assert tuple(ax.images[0].get_extent()) == (-0.5, 3.5, -0.25, 1.25)
    assert [text.get_text() for text in ax.texts] == ["here"]
    assert "dark 0.000 to light 11.000" in ax.get_title()


def test_a_flat_landscape_is_drawn_without_a_warning(ax: Axes) -> None:
    plots.draw_angle_surface(ax, np.arange(4), np.arange(3), np.ones((3, 4)))
    assert len(ax.images) == 1


def test_the_shares_of_all_ranges_of_cost_add_up_to_one(ax: Axes, table: CostTable) -> None:
    chance = probabilities(evolve_qaoa(table, [1.0], [0.4]))
    plots.draw_cost_shares(ax, table, {"all": np.full(64, 1 / 64), "one layer": chance})
    heights = [np.asarray(line.get_ydata(), dtype=float) for line in ax.lines]
    assert [h.sum() for h in heights] == pytest.approx([1, 1], abs=1e-5)
    assert heights[1][0] > heights[0][0]


def test_every_mask_is_a_point_at_its_cost_and_probability(ax: Axes, table: CostTable) -> None:
    chance = np.zeros(64)
    chance[:2] = 0.75, 0.25
    plots.draw_probabilities(ax, table, chance, mask_from_index(1, 6))
    x, y = (np.asarray(data, dtype=float) for data in ax.lines[0].get_data())
    assert np.array_equal(x, table.costs)
    assert y[:2].tolist() == [0.75, 0.25]
    assert (y[2:] == probability_floor(6)).all()
    ring = ax.lines[2]
    assert np.ravel(ring.get_xydata()).tolist() == [table.costs[1], 0.25]
    assert table.costs.argmin() in np.flatnonzero(x == ax.lines[1].get_xdata()[0])  # type: ignore[index]


def test_what_is_met_is_counted_at_the_query_that_met_it(ax: Axes, table: CostTable) -> None:
    rng = np.random.default_rng(5)
    met = queries_to_optimum(random_search, [table] * 40, rng=rng)
    rng = np.random.default_rng(5)
    runs = [run(random_search, table, rng=rng, target_cost=table.minimum) for _ in range(40)]
    plots.draw_share_met(ax, {"random": runs}, table.minimum)
    x, y = (np.asarray(data, dtype=float) for data in ax.lines[0].get_data())
    assert y == pytest.approx([np.mean(met <= k) for k in x])


def test_wiped_axes_are_drawn_on_again(ax: Axes, table: CostTable) -> None:
    for _ in range(2):
        wipe(ax)
        plots.draw_probabilities(ax, table, np.full(64, 1 / 64))
        count = len(ax.lines)
    assert count == 4
    assert ax.get_yscale() == "log"
