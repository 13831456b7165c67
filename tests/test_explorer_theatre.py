"""The theatre of local search: what it shows is what the selector did, step by step."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.course.explorers import LocalSearchTheatre, SharedMask
from labkit.course.explorers.theatre import LocalSearchView, find_walk, groups_of
from labkit.course.plots.walks import mask_places
from labkit.masks import mask_to_string
from labkit.problems import build_problem
from labkit.selectors import SCHEMES


def share_of(explorer: LocalSearchTheatre, number: int, x: float, y: float) -> tuple[float, float]:
    """Where data coordinates of axes `number` are, in shares of the picture."""
    axes = explorer._axes[number]
    width, height = axes.figure.bbox.size
    across, up = axes.transData.transform((x, y))
    return across / width, up / height


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("block_size", [1, 3, 6])
def test_each_step_goes_to_the_lowest_square_and_spends_its_queries(
    scheme: str, block_size: int
) -> None:
    problem = build_problem("moons", 6, seed=2)
    walk = find_walk(problem, block_size, scheme, 4)
    history = walk.selection.history
    for k in range(len(walk.steps)):
        view, after = (LocalSearchView(problem.table, walk, step) for step in (k, k + 1))
        if view.candidates is None:  # solo's decisions are put together
            assert after.spent == view.spent + 1 == len(history)
            assert history[-1] == problem.table.evaluate(after.masks[-1])
            continue
        asked = problem.table.evaluate(view.candidates)
        np.testing.assert_array_equal(history[view.spent : after.spent], asked)
        assert problem.table.evaluate(after.masks[-1]) == asked.min()
        held = np.setdiff1d(np.arange(6), walk.steps[k].block)
        assert (view.candidates[:, held] == walk.steps[k].before[held]).all()
    end = LocalSearchView(problem.table, walk, len(walk.steps))
    assert (end.next, end.candidates, end.spent) == (None, None, len(history))
    assert "the search has ended" in end.text


def test_the_text_begins_with_step_mask_cost_and_rank() -> None:
    problem = build_problem("moons", 8, seed=7)
    walk = find_walk(problem, 2, "sweeps", 0)
    view = LocalSearchView(problem.table, walk, 3, lit=walk.steps[0].before)
    mask = walk.steps[2].after
    assert view.text.startswith(
        f"after step <b>3</b> of {len(walk.steps)}: mask <b>{mask_to_string(mask)}</b> "
        f"(neuron 0 first), cost <b>{problem.table.evaluate(mask):.4f}</b>, rank "
        f"<b>{problem.table.rank(mask)}</b> of 256"
    )
    assert "<b>13</b>" in view.text  # the start, and three blocks of four masks
    assert "free next: neurons 6, 7 (4 candidates, squares)" in view.text
    assert f"ring: mask {mask_to_string(walk.steps[0].before)}" in view.text


@pytest.mark.parametrize(("step", "error"), [(-1, ValueError), (99, ValueError), (1.5, TypeError)])
def test_a_step_that_was_not_made_is_refused(step: int, error: type[Exception]) -> None:
    problem = build_problem("moons", 6, seed=2)
    with pytest.raises(error, match=r"^step="):
        LocalSearchView(problem.table, find_walk(problem, 2, "sweeps", 0), step)


def test_arrow_keys_make_a_step_back_and_forth_and_stay_in_the_walk() -> None:
    theatre = LocalSearchTheatre()
    control = theatre.controls["step"]
    theatre._pressed(-1, 0)
    assert control.value == 0
    for made in range(1, control.max + 1):
        drawn = theatre.n_draws
        theatre._pressed(1, 0)
        assert (control.value, theatre.n_draws) == (made, drawn + 1)
    theatre._pressed(1, 0)
    assert control.value == control.max
    theatre._pressed(-1, 0)
    assert control.value == control.max - 1


def test_another_search_has_its_own_number_of_steps() -> None:
    theatre = LocalSearchTheatre()
    theatre.controls["step"].value = theatre.controls["step"].max
    theatre.controls["block_size"].value = 8
    assert theatre.controls["step"].max == len(theatre.walk.steps)
    assert theatre.controls["step"].value <= theatre.controls["step"].max
    assert "rank <b>1</b> of 256" in theatre.text.value
    theatre.reset()
    assert theatre.controls["step"].value == 0
    assert theatre.controls["step"].max == len(theatre.walk.steps)


def test_every_scheme_of_local_selection_is_offered_and_so_is_every_size_and_task() -> None:
    theatre = LocalSearchTheatre(n_neurons=10, block_size=10)
    assert tuple(scheme for _, scheme in theatre.controls["scheme"].options) == SCHEMES
    theatre.controls["n_neurons"].value = 4
    assert (theatre.controls["block_size"].value, theatre.controls["block_size"].max) == (4, 4)
    assert theatre.controls["step"].max == len(theatre.walk.steps)
    theatre.controls["task"].value = "circles"
    assert theatre.problem is build_problem("circles", 4, seed=7)


def test_groups_are_halves_or_the_neurons_that_weigh_an_input_most() -> None:
    network = build_problem("moons", 7, seed=3).network
    assert groups_of(network, "layers") == [[0, 1, 2], [3, 4, 5, 6]]
    weights = np.abs(network.kernel[:2])
    first = [j for j in range(7) if weights[0, j] >= weights[1, j]]
    expected = [first, [j for j in range(7) if j not in first]]
    assert groups_of(network, "input_groups") == expected
    assert groups_of(network, "sweeps") is None


def test_a_click_on_a_dot_lights_its_mask_here_and_elsewhere() -> None:
    shared = SharedMask()
    theatre, other = (LocalSearchTheatre(shared=shared, block_size=size) for size in (2, 3))
    table = theatre.problem.table
    best = table.optimal_masks()[0]
    index = int(table.costs.argmin())
    drawn, before = other.n_draws, bytes(other.image.value)
    theatre.point_at(*share_of(theatre, 0, mask_places(table)[index], table.minimum))
    lit = shared.of(8)
    assert lit is not None
    assert (lit == best).all()
    assert f"ring: mask {mask_to_string(best)}" in theatre.text.value
    assert other.n_draws == drawn + 1
    assert bytes(other.image.value) != before


def test_a_click_on_a_bit_lights_the_mask_with_that_bit_flipped() -> None:
    theatre = LocalSearchTheatre()
    theatre.controls["step"].value = 2
    for row, expected in ((1, 1), (3, 2)):  # the row beneath the last is that of the next step
        theatre.point_at(*share_of(theatre, 1, 5.2, row))
        lit = theatre.shared.of(8)
        assert lit is not None
        assert np.flatnonzero(lit != theatre.view.masks[expected]).tolist() == [5]


def test_a_click_on_the_costs_goes_to_the_step_of_that_query() -> None:
    theatre = LocalSearchTheatre()
    height = float(theatre.walk.selection.history.min())
    for query, step in ((4.0, 0), (5.2, 1), (9.5, 2)):
        theatre.point_at(*share_of(theatre, 2, query, height))
        assert theatre.controls["step"].value == step


def test_what_is_shown_is_kept_with_its_parameters() -> None:
    theatre = LocalSearchTheatre(task="circles", seed=3, n_neurons=6, start=5)
    parameters, numbers = theatre._parameters(), theatre._numbers()
    assert parameters["task"] == "circles"
    assert (parameters["seed"], parameters["start"], parameters["step"]) == (3, 5, 0)
    assert numbers["cost"] == theatre.walk.selection.history[0]
    assert numbers["cost_queries"] == 1


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [("block_size", 9, ValueError), ("block_size", 0, ValueError), ("start", 20, ValueError),
     ("start", "one", TypeError), ("scheme", "rows", ValueError)],
)  # fmt: skip
def test_bad_arguments_are_named(argument: str, value: object, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"^{argument}="):
        LocalSearchTheatre(**{argument: value})  # type: ignore[arg-type]
