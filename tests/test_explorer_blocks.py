"""The explorers of 01, 02, 05 and 09: what a choice of a few neurons at a time finds and costs."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from labkit.amplification import expected_calls, expected_calls_unknown
from labkit.ansatz import ramp_angles
from labkit.costs import CostTable, equal_within
from labkit.course.explorers import (
    CostTableExplorer,
    Explorer,
    LayersExplorer,
    RandomNetworkExplorer,
    UnknownCountExplorer,
)
from labkit.course.explorers.cost_table import CostTableView
from labkit.course.explorers.layers import angles_for, view_layers
from labkit.course.explorers.network import NetworkView, share_right, share_solved
from labkit.course.explorers.unknown_count import find_rounds, view_pass
from labkit.course.lessons.lesson_05_unknown_count import expected_calls_to_minimum
from labkit.course.lessons.lesson_12_local_selection import follow_sweeps, pass_in_blocks
from labkit.course.plots.walks import mask_places
from labkit.masks import all_masks, mask_from_index, mask_to_index
from labkit.networks import OneLayerArrays
from labkit.problems import build_problem
from labkit.selectors import adaptive_grover, run, walk_locally
from labkit.selectors.blocks import embed
from labkit.simulators import largest_entropy


def share_of(explorer: Explorer, number: int, x: float, y: float) -> tuple[float, float]:
    """Where data coordinates of axes `number` are, in shares of the picture."""
    axes = explorer._axes[number]
    width, height = axes.figure.bbox.size
    across, up = axes.transData.transform((x, y))
    return across / width, up / height


def random_table(n: int, seed: int = 3) -> CostTable:
    return CostTable(np.random.default_rng(seed).normal(size=2**n), n)


# Sweeps from every start


@pytest.mark.parametrize("block_size", [1, 2, 3, 5])
def test_sweeps_end_where_the_selector_ends_from_the_same_start(block_size: int) -> None:
    table, met = build_problem("circles", 5, seed=2).table, set[int]()
    ends = follow_sweeps(table, block_size)
    for seed in range(60):
        walk = walk_locally(table, rng=np.random.default_rng(seed), block_size=block_size)
        start = mask_to_index(walk.masks()[0])
        met.add(start)
        assert table.costs[ends[start]] == pytest.approx(walk.selection.cost)
    assert len(met) > 20


def test_sweeps_of_one_block_of_all_neurons_end_at_the_best_from_everywhere() -> None:
    table = random_table(4)
    assert (follow_sweeps(table, 4) == table.costs.argmin()).all()


def test_sweeps_end_on_a_cost_with_ties_too() -> None:
    table = build_problem("iris", 5, seed=3, cost="error_rate").table
    ends = follow_sweeps(table, 2)
    np.testing.assert_array_equal(table.costs[follow_sweeps(table, 2)[ends]], table.costs[ends])
    assert (table.costs[ends] <= table.costs + 1e-12).all()


def test_each_block_of_a_pass_takes_its_least_cost_with_the_others_held() -> None:
    table = random_table(7)
    mask = mask_from_index(77, 7)
    offered, end = pass_in_blocks(table, mask, 3)
    for costs, block in zip(offered, ([0, 1, 2], [3, 4, 5], [6]), strict=True):
        masks = embed(mask, np.array(block), all_masks(len(block)))
        np.testing.assert_allclose(costs.costs, table.evaluate(masks))
        mask = masks[costs.costs.argmin()]
    np.testing.assert_array_equal(end, mask)


# 01


def test_the_shares_of_a_network_are_those_of_the_masks_where_sweeps_end() -> None:
    problem = build_problem("moons", 5, seed=1)
    view = NetworkView(problem, 2)
    ends = follow_sweeps(problem.table, 2)
    right = [problem.accuracy(mask_from_index(int(end), 5)) for end in ends]
    assert view.shares[1] == pytest.approx(np.mean(right))
    assert view.met_best[1] == np.mean(ends == problem.table.costs.argmin())
    assert view.whole == pytest.approx(problem.accuracy("11111"))
    assert view.best == pytest.approx(problem.accuracy(problem.table.optimal_masks()[0]))
    assert (view.neuron_mask == mask_from_index(int(ends[31]), 5)).all()
    assert view.shares[4] == view.best and view.met_best[4] == 1


def test_more_classes_than_two_have_shares_too() -> None:
    problem = build_problem("wine", 4, seed=1)
    best = int(problem.table.costs.argmin())
    assert share_right(problem)[best] == pytest.approx(problem.accuracy(mask_from_index(best, 4)))


def test_no_other_read_out_has_a_smaller_squared_error_than_the_solved_one() -> None:
    problem = build_problem("circles", 6, seed=3)
    assert isinstance(problem.network, OneLayerArrays)
    hidden = problem.network.contributions(problem.task.x_train)[:, :, 0]
    inputs = np.column_stack([hidden, np.ones(len(hidden))])
    y = 2.0 * problem.task.y_train - 1
    solved = np.linalg.solve(inputs.T @ inputs, inputs.T @ y)
    test = problem.network.contributions(problem.task.x_test)[:, :, 0]
    outputs = np.column_stack([test, np.ones(len(test))]) @ solved
    right = np.mean((2 * problem.task.y_test - 1) * outputs > 0)
    assert share_solved(problem) == pytest.approx(right)


def test_a_network_folds_only_at_the_lines_that_are_drawn() -> None:
    """Along any way across the plane, the output bends where a kept neuron's line is crossed."""
    problem = build_problem("moons", 8, seed=7)
    mask = NetworkView(problem, 1).neuron_mask
    way = np.linspace([-2.5, -2.0], [2.5, 1.0], 4001)
    outputs = problem.network.outputs(way, mask)[:, 0]
    bends = np.abs(np.diff(outputs, 2)) > 1e-5
    signs = np.column_stack([way, np.ones(len(way))]) @ problem.network.kernel[:, mask] > 0
    crossed = (signs[:-1] != signs[1:]).any(axis=1)
    assert bends.any()
    assert (crossed[:-1] | crossed[1:])[bends].all()


# 02


@pytest.mark.parametrize("block_size", [1, 2, 4])
def test_local_minima_are_the_masks_that_no_change_of_so_many_neurons_improves(
    block_size: int,
) -> None:
    table = random_table(5)
    flips = [sum(1 << j for j in s) for k in range(1, block_size + 1)
             for s in combinations(range(5), k)]  # fmt: skip
    by_hand = [all(table.costs[i] <= table.costs[i ^ f] for f in flips) for i in range(32)]
    view = CostTableView(table, block_size)
    assert view.stuck.tolist() == by_hand
    assert view.n_stuck[block_size - 1] == sum(by_hand)
    assert view.n_reached[block_size - 1] == 1 + len(flips)
    assert view.worst == max(table.costs[by_hand]) - table.costs.min()


def test_a_click_on_a_dot_of_the_cost_table_lights_its_mask() -> None:
    explorer = CostTableExplorer(n_neurons=6, block_size=6)
    table = explorer.problem.table
    index = int(table.costs.argmin())
    explorer.point_at(*share_of(explorer, 0, mask_places(table, 0)[index], table.minimum))
    assert explorer._lit_index == index
    assert explorer.text.value.endswith(", a local minimum")
    explorer._pressed(1, 0)
    assert explorer.text.value.endswith("no local minimum")
    explorer.point_at(*share_of(explorer, 1, 2.1, 20))
    assert explorer.controls["block_size"].value == 2


# 05


@pytest.mark.parametrize("cost", ["cross_entropy", "error_rate"])
def test_the_calls_to_the_minimum_are_those_of_the_search_on_average(cost: str) -> None:
    table, rng = build_problem("moons", 6, seed=4, cost=cost).table, np.random.default_rng(1)
    search = [
        run(adaptive_grover, table, rng=rng, target_cost=table.minimum, max_oracle_calls=10**6)
        for _ in range(600)
    ]
    calls = np.array([found.ledger.oracle_calls for found in search])
    expected = expected_calls_to_minimum(table)
    assert expected == pytest.approx(calls.mean(), abs=4 * calls.std() / np.sqrt(600))


def test_the_calls_to_the_minimum_follow_the_lemma_where_all_costs_differ() -> None:
    by_hand = sum(expected_calls_unknown(5, rank - 1) / rank for rank in range(2, 33))
    assert expected_calls_to_minimum(random_table(5)) == pytest.approx(by_hand)
    assert expected_calls_to_minimum(CostTable(np.full(8, 0.3), 3)) == 0


def test_a_pass_adds_up_what_its_blocks_take() -> None:
    problem = build_problem("moons", 7, seed=2)
    found = view_pass(problem, 1, 3)
    sizes = [cost.n_neurons for cost in found.offered]
    assert sizes == [3, 3, 1]
    assert found.masks == 8 + 8 + 2
    ties = [int((cost.costs <= cost.costs.min() + 1e-12).sum()) for cost in found.offered]
    assert max(ties) > 1  # a neuron that adds nothing
    known = [expected_calls(k, m) for k, m in zip(sizes, ties, strict=True)]
    assert found.known == pytest.approx(sum(known))
    calls = [1 + expected_calls_to_minimum(cost) for cost in found.offered]
    assert found.unknown == pytest.approx(sum(calls))
    assert view_pass(problem, 1, 7).regret == 0


@pytest.mark.parametrize(("start", "block_size"), [*product((0, 3), (1, 4, 8))])
def test_a_search_is_watched_for_three_rounds_after_it_met_the_least_cost(
    start: int, block_size: int
) -> None:
    problem = build_problem("moons", 8, seed=7)
    cost = view_pass(problem, start, block_size).offered[0]
    rounds = find_rounds(problem, start, block_size)
    met = rounds.thresholds <= cost.minimum + equal_within(cost, cost.minimum)
    assert met.sum() == 4
    assert rounds.costs[0] in cost.costs


def test_a_click_goes_to_the_round_of_a_call_or_to_a_block_size() -> None:
    explorer = UnknownCountExplorer(n_neurons=8, block_size=5)
    rounds = explorer.view.rounds
    explorer.point_at(*share_of(explorer, 0, rounds.calls[2] + 0.1, rounds.costs.mean()))
    assert explorer.controls["round"].value == np.flatnonzero(rounds.calls == rounds.calls[2])[-1]
    explorer.point_at(*share_of(explorer, 1, 3.2, 20))
    assert explorer.controls["block_size"].value == 3
    assert explorer.controls["round"].max == len(explorer.view.rounds.calls) - 1
    explorer._pressed(1, 0)
    assert f"<b>{explorer.view.calls}</b> oracle calls" in explorer.text.value


# 09


def test_layers_come_to_what_a_circuit_of_the_same_angles_measures() -> None:
    cirq = pytest.importorskip("cirq")
    from labkit.circuits.qaoa import qaoa_circuit

    problem = build_problem("moons", 6, seed=2, scale=1.0, cost="squared_error")
    blocks, _ = pass_in_blocks(problem.table, np.ones(6, dtype=bool), 3)
    for kind in ("ramp", "reused"):
        found, chances, bits = view_layers(problem, 3, 2, kind), [], []
        for block in blocks:
            gammas, betas = angles_for(kind, 3, 2)
            circuit = qaoa_circuit(block, gammas / block.std, betas)
            state = cirq.Simulator(dtype=np.complex128).simulate(circuit).final_state_vector
            chances.append(np.sum(np.abs(state[block.costs == block.minimum]) ** 2))
            bits.append(largest_entropy(state, 1)[0])
        assert found.chance == pytest.approx(min(chances), abs=1e-4)
        assert found.calls == pytest.approx(sum(3 / chance for chance in chances), rel=1e-3)
        assert found.bits <= max(bits) + 1e-4


def test_reused_angles_are_trained_and_the_ramp_is_not() -> None:
    gammas, betas = angles_for("ramp", 6, 3)
    expected = ramp_angles(3, 6, std=1.0)
    np.testing.assert_allclose([gammas, betas], expected)
    problem = build_problem("moons", 4, seed=3, scale=1.0, cost="squared_error")
    ramp, reused = (view_layers(problem, 4, 3, kind) for kind in ("ramp", "reused"))
    assert reused.chance > ramp.chance


def test_enumeration_asks_for_every_mask_of_every_block() -> None:
    view = LayersExplorer(n_neurons=7).view
    assert view.masks.tolist() == [14, 3 * 4 + 2, 2 * 8 + 2, 16 + 8, 32 + 4, 64 + 2, 128]


def test_the_arrow_keys_choose_blocks_and_layers() -> None:
    explorer = LayersExplorer(n_neurons=5, block_size=2, p=2)
    explorer._pressed(1, 1)
    assert (explorer.controls["block_size"].value, explorer.controls["p"].value) == (3, 3)
    assert explorer.n_draws == 2


@pytest.mark.parametrize(
    "build", [RandomNetworkExplorer, CostTableExplorer, UnknownCountExplorer, LayersExplorer]
)
def test_there_is_no_block_larger_than_the_network(build: type[Explorer]) -> None:
    explorer = build(n_neurons=8, block_size=8)  # type: ignore[call-arg]
    explorer.controls["n_neurons"].value = 5
    block_size = explorer.controls["block_size"]
    assert (block_size.value, block_size.max, explorer.n_draws) == (5, 5, 2)
    with pytest.raises(ValueError, match=r"^block_size="):
        build(n_neurons=5, block_size=6)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "build", [RandomNetworkExplorer, CostTableExplorer, UnknownCountExplorer, LayersExplorer]
)
def test_what_is_shown_is_kept_as_numbers(build: type[Explorer]) -> None:
    explorer = build(n_neurons=4)  # type: ignore[call-arg]
    assert explorer._parameters()["n_neurons"] == 4
    assert all(np.isfinite(value).all() for value in explorer._numbers().values())
