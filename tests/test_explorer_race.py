"""The race: what it counts as a call, what each selector has found by then, and what is lit."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.costs import CostTable, LocalCost
from labkit.course.explorers import SelectorRace, SharedMask
from labkit.course.explorers.race import (
    BUDGETS,
    DRAWN_AT,
    MOST_RACERS,
    N_RUNS,
    RACERS,
    RaceView,
    run_race,
)
from labkit.course.plots import draw_race, draw_regret, new_axes
from labkit.course.plots.canvas import series_style
from labkit.masks import mask_from_string
from labkit.problems import build_nk_problem, build_problem
from labkit.selectors import adaptive_grover, one_flip_search, qaoa_sampling, run
from labkit.selectors.racing import ENTRANTS, LAYERS, LOCAL_ENTRANTS, Trace, trace


@pytest.fixture(scope="module")
def table() -> CostTable:
    return build_problem("moons", 8, seed=7).table


@pytest.fixture(scope="module")
def chain() -> LocalCost:
    return build_nk_problem("moons", 8, 3, seed=7).cost


@pytest.mark.parametrize("name", sorted([*ENTRANTS, *LOCAL_ENTRANTS]))
def test_each_selector_keeps_its_budget_and_ends_at_an_optimum_or_with_it(
    name: str, table: CostTable, chain: LocalCost
) -> None:
    cost = chain if name in LOCAL_ENTRANTS else table
    least = cost.to_table().minimum
    for budget in (8, 100):
        found = trace(name, cost, budget, rng=np.random.default_rng(3))
        assert (np.diff(found.calls) > 0).all()
        assert 0 < found.calls[-1] <= budget
        assert len(found.calls) == len(found.costs)
        met = found.costs.min() <= least + 1e-12
        assert met or found.calls[-1] >= budget - LAYERS - 15 or name == "tree elimination"


def test_elimination_pays_for_its_tables_before_it_answers(chain: LocalCost) -> None:
    found = trace("tree elimination", chain, 100, rng=np.random.default_rng(3))
    assert found.calls.tolist() == [1, 1 + 2**chain.order + 1]  # a random mask, then the optimum
    assert found.costs[1] == pytest.approx(chain.to_table().minimum)
    assert found.ledger.forward_passes == 2**chain.order + 2


def test_the_same_state_of_the_generator_gives_the_same_race(table: CostTable) -> None:
    for name in ENTRANTS:
        one, two = (trace(name, table, 64, rng=np.random.default_rng(5)) for _ in range(2))
        assert np.array_equal(one.calls, two.calls) and np.array_equal(one.costs, two.costs)


def test_a_classical_call_is_a_cost_query(table: CostTable) -> None:
    by_trace = trace("one-flip search", table, 200, rng=np.random.default_rng(1))
    by_run = run(
        one_flip_search, table, rng=np.random.default_rng(1), restarts=99,
        max_cost_queries=200, target_cost=table.minimum,
    )  # fmt: skip
    assert np.array_equal(by_trace.costs, by_run.history)
    assert np.array_equal(by_trace.calls, 1 + np.arange(len(by_run.history)))


def test_a_verification_after_grover_is_counted_once(table: CostTable) -> None:
    found = trace("adaptive Grover", table, 200, rng=np.random.default_rng(1))
    ledger = run(
        adaptive_grover, table, rng=np.random.default_rng(1), max_oracle_calls=200,
        target_cost=table.minimum,
    ).ledger  # fmt: skip
    verified = ledger.cost_queries - 1  # all but the start
    iterations = ledger.oracle_calls - verified
    assert found.calls[-1] == ledger.cost_queries + iterations == ledger.oracle_calls + 1


def test_a_shot_of_qaoa_costs_its_layers_and_its_verification(table: CostTable) -> None:
    found = trace("QAOA, ramp", table, 60, rng=np.random.default_rng(2))
    by_run = run(qaoa_sampling, table, rng=np.random.default_rng(2), p=LAYERS, shots=12)
    seen = len(found.costs)
    assert np.array_equal(found.costs, by_run.history[:seen])
    assert np.array_equal(found.calls, (LAYERS + 1) * np.arange(1, seen + 1))


def test_best_at_is_the_least_cost_known_by_then(table: CostTable) -> None:
    found = trace("random search", table, 50, rng=np.random.default_rng(0))
    for budget in (1, 2, 7, 50):
        assert found.best_at(budget) == found.costs[:budget].min()
    assert Trace(np.array([5]), np.array([0.3]), found.ledger).best_at(4) == np.inf


def test_an_unknown_selector_is_named(table: CostTable) -> None:
    with pytest.raises(ValueError, match="entrant='guessing' is unknown"):
        trace("guessing", table, 8, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="budget=0"):
        trace("annealing", table, 0, rng=np.random.default_rng(0))


@pytest.mark.parametrize("budget", BUDGETS)
def test_the_view_cuts_the_runs_at_the_budget(budget: int) -> None:
    problem = build_problem("moons", 8, seed=7)
    traces = run_race(problem)
    view = RaceView(problem, budget)
    for name in RACERS:
        best = [t.costs[t.calls <= budget].min() for t in traces[name]]
        assert np.allclose(view.regret[name], np.array(best) - problem.table.minimum)
        assert problem.table.evaluate(view.neuron_masks[name]) == best[0]
        assert view.best[name].shape == (N_RUNS, DRAWN_AT.index(budget) + 1)
        assert 0 <= view.found[name] <= N_RUNS


def test_moving_the_budget_runs_no_race_again() -> None:
    explorer = SelectorRace()
    missed = run_race.cache_info().misses
    for budget in BUDGETS:
        explorer.controls["budget"].value = budget
    assert run_race.cache_info().misses == missed


def click_bar(explorer: SelectorRace, row: int) -> None:
    ax = explorer._axes[1]
    x, y = ax.transData.transform((ax.get_xlim()[1] / 2, row))
    width, height = ax.figure.bbox.size
    explorer.point_at(x / width, y / height)


def test_a_click_on_a_bar_lights_the_mask_of_that_selector_everywhere() -> None:
    shared = SharedMask()
    explorer, other = SelectorRace(shared=shared), SelectorRace(budget=8, shared=shared)
    seen = bytes(other.image.value)
    for row, name in enumerate(RACERS):
        click_bar(explorer, row)
        assert shared.neuron_mask == list(explorer.view.neuron_masks[name])
        assert name in explorer.text.value.rpartition("found by")[2]
    assert bytes(other.image.value) != seen


def test_colours_and_markers_tell_all_racers_apart() -> None:
    styles = [series_style(i) for i in range(MOST_RACERS)]
    assert len(RACERS) <= MOST_RACERS
    for what in ("color", "marker"):
        assert len({style[what] for style in styles}) == MOST_RACERS


def test_arrow_keys_walk_through_the_bars() -> None:
    explorer = SelectorRace()
    explorer._pressed(0, -1)
    assert explorer.shared.neuron_mask == list(explorer.view.neuron_masks[RACERS[1]])
    explorer._pressed(0, 1)
    assert explorer.shared.neuron_mask == list(explorer.view.neuron_masks[RACERS[0]])


def test_a_mask_that_nobody_found_is_said_to_be_such() -> None:
    explorer = SelectorRace()
    explorer.shared.choose(mask_from_string("00000000"))
    assert "found by none of them" in explorer.text.value


@pytest.mark.parametrize("budget", [0, 7, 33, 512])
def test_a_budget_that_is_not_offered_is_refused(budget: int) -> None:
    with pytest.raises(ValueError, match=f"budget={budget}"):
        SelectorRace(budget=budget)


def test_a_race_is_drawn_without_what_is_not_finite_and_bars_stop_at_zero() -> None:
    race, bars = new_axes(2)
    best = np.array([[np.inf, 0.5, 0.4], [0.7, 0.5, 0.3]])
    draw_race(race, (8, 16, 32), {"one": best}, minimum=0.2)
    assert np.allclose(race.lines[0].get_ydata(), [0.5, 0.35])
    draw_regret(bars, {"one": [0.0, 0.3], "two": [0.1, 0.1]}, lit=["two"], error="interval")
    assert [patch.get_width() for patch in bars.patches] == pytest.approx([0.15, 0.1])
    assert min(segment[:, 0].min() for c in bars.collections for segment in c.get_segments()) >= 0


def test_searches_that_read_terms_race_where_the_cost_is_a_sum_of_them() -> None:
    racers = ("one-flip search", "partition crossover", "tree elimination")
    explorer = SelectorRace(n_inputs_per_output=3, racers=racers, budget=16)
    problem, cost = explorer.problem, build_nk_problem("moons", 8, 3, seed=7).cost
    assert np.allclose(problem.table.costs, cost.to_table().costs)
    assert explorer.view.found["tree elimination"] == N_RUNS  # a mask, 2^3 passes, the optimum
    assert RaceView(problem, 8, None, racers, cost).found["tree elimination"] == 0
    explorer.controls["seed"].value = 3
    assert explorer.problem.seed == 3
    again: SelectorRace = eval(explorer.code.split("\n\n")[1])
    assert again.text.value == explorer.text.value


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"racers": ["partition crossover"]}, "racers='partition crossover' is unknown"),
        ({"n_inputs_per_output": 5}, "n_inputs_per_output=5"),
        ({"n_inputs_per_output": 2, "task": "wine"}, "task='wine' is unknown"),
    ],
)
def test_what_reads_terms_is_refused_where_there_are_none(
    options: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        SelectorRace(**options)  # type: ignore[arg-type]
