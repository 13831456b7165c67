"""Notebook 12: what a block size buys, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit import selectors
from labkit.arrays import IntArray
from labkit.costs import CostTable, equal_within
from labkit.course.checking import (
    compare_cost,
    compare_function,
    compare_trap,
    exercise,
    take_mask,
)
from labkit.course.circuit_checks import compare_signs
from labkit.ledger import Ledger, Outcome
from labkit.masks import BoolArray, mask_from_string, mask_to_string
from labkit.problems import Problem, build_problem
from labkit.selectors import Selection, local_selection, run
from labkit.selectors.blocks import BlockCost, cut, embed

if TYPE_CHECKING:
    import pandas as pd


#: Searches from so many start masks make one point.
STARTS = 5


def build_two_layers(seed: int) -> Problem:
    """breast_cancer, all features, two hidden layers of 6 neurons: 12 bits, 6 for each layer."""
    return build_problem("breast_cancer", 6, seed=seed, hidden_layers=2, n_components=None)


def search_two_layers(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """A selector on `build_two_layers`, from `STARTS` start masks.

    Args:
        parameters: 'selector', its options and those of `run`; 'inner' by its name. With 'budget'
            the search begins anew until so many cost queries are spent.
        seed: of the network's weights.

    Returns:
        Means over the starts: `regret`, the cost above the least, and the `cost_queries`,
        `oracle_calls`, `cost_layers` and `forward_passes` of one search; `solved`, the share of
        searches that met an optimum; and the ledger of all of them.
    """
    options = dict(parameters)
    selector = getattr(selectors, options.pop("selector"))
    if "inner" in options:
        options["inner"] = getattr(selectors, options["inner"])
    budget, table = options.pop("budget", None), build_two_layers(seed).table
    streams = [np.random.default_rng([seed, start]) for start in range(STARTS)]
    search = partial(run, selector, table, **options)
    runs = [_run_again(search, budget, rng) if budget else [search(rng=rng)] for rng in streams]
    regrets = np.array([min(found.cost for found in each) for each in runs]) - table.minimum
    ledger = sum((found.ledger for each in runs for found in each), Ledger())
    counted = ("cost_queries", "oracle_calls", "cost_layers", "forward_passes")
    result = {name: getattr(ledger, name) / STARTS for name in counted}
    solved = float((regrets <= equal_within(table, table.minimum)).mean())
    return Outcome(result | {"regret": float(regrets.mean()), "solved": solved}, ledger)


def _run_again(
    search: Callable[..., Selection], budget: int, rng: np.random.Generator
) -> list[Selection]:
    """Searches from new start masks until the budget is spent; it cuts the last one short."""
    runs: list[Selection] = []
    while (left := budget - sum(found.ledger.cost_queries for found in runs)) > 0:
        runs.append(search(rng=rng, max_cost_queries=left))
    return runs


def count_stuck_masks(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """How many masks of `build_two_layers` no block of k neurons improves.

    Args:
        parameters: 'largest', the largest k.
        seed: of the network's weights.

    Returns:
        `stuck_1`, `stuck_2`, ... by k; the ledger of the table of all masks.
    """
    table = build_two_layers(seed).table
    sizes = range(1, parameters["largest"] + 1)
    counts = {f"stuck_{size}": int(find_stuck_masks(table, size).sum()) for size in sizes}
    return Outcome(counts, Ledger(forward_passes=len(table.costs)))


def pick_runs(
    runs: pd.DataFrame, column: str, *, by: str = "block_size", **chosen: str | int
) -> pd.DataFrame:
    """A result of the record, a row for each value of the parameter `by`, a column for a seed.

    Runs are chosen by parameters; by default blocks searched by enumeration, without a budget.
    """
    rows = runs
    usual = {} if "selector" in chosen else {"selector": "local_selection", "inner": "exhaustive"}
    for name, value in (usual | chosen).items():
        rows = rows[rows[f"parameters.{name}"] == value]
    if "budget" not in chosen:
        rows = rows[rows["parameters.budget"].isna()]
    wide = rows.pivot(index=f"parameters.{by}", columns="seed", values=f"result.{column}")
    return wide.astype(float)


def find_stuck_masks(table: CostTable, block_size: int) -> BoolArray:
    """The masks that no block of `block_size` neurons improves: the local minima.

    A block of k neurons reaches the masks of at most k flips, so with e_j the flip of neuron j ::

        reach_0(m) = cost(m),   reach_k(m) = min(reach_{k-1}(m), min_j reach_{k-1}(m xor e_j))

    and m is stuck where cost(m) = reach_k(m). The optima are stuck for every k.

    Args:
        table: costs of all masks.
        block_size: k, any neurons.

    Returns:
        bool (2^n,), by mask index.
    """
    indices, reach = np.arange(len(table.costs)), table.costs
    flips = 1 << np.arange(table.n_neurons)
    for _ in range(block_size):
        reach = np.min([reach, *(reach[indices ^ flip] for flip in flips)], axis=0)
    stuck: BoolArray = table.costs <= reach + equal_within(table, reach)
    return stuck


def follow_sweeps(table: CostTable, block_size: int) -> IntArray:
    """Where `sweeps` of `local_selection` by enumeration ends, from each start mask: exact.

    Args:
        table: costs of all masks.
        block_size: k; blocks are of neighbouring neurons, the last one may be smaller.

    Returns:
        int64 (2^n,), by the index of the start: the index of the mask at the end.
    """
    ends = np.arange(len(table.costs))
    for block in cut(range(table.n_neurons), block_size):
        ends = _choose_in_block(table, block)[ends]
    one_sweep = ends
    while True:
        further = one_sweep[ends]
        before, after = table.costs[ends], table.costs[further]
        if not (after < before - equal_within(table, before)).any():
            return ends
        ends = further


def _choose_in_block(table: CostTable, block: IntArray) -> IntArray:
    """Of each mask the one that the choice of a block of neighbours leads to, (2^n,) indices."""
    size, after = 2 ** len(block), 2 ** (table.n_neurons - 1 - int(block[-1]))
    indices = np.arange(len(table.costs)).reshape(-1, size, after)
    chosen = table.costs[indices].argmin(axis=1, keepdims=True)
    found: IntArray = np.take_along_axis(indices, chosen, axis=1)
    return np.broadcast_to(found, indices.shape).ravel()


def pass_in_blocks(
    table: CostTable, start: BoolArray, block_size: int
) -> tuple[list[CostTable], BoolArray]:
    """One pass of blocks of neighbouring neurons, each of which takes its least cost.

    Args:
        table: costs of all masks.
        start: bool (n,), the mask at which it begins.
        block_size: neurons of a block; the last one may be smaller.

    Returns:
        the costs that each block is offered, all other neurons held, and the mask (n,) at the end.
    """
    offered, mask = [], start
    for block in cut(range(table.n_neurons), block_size):
        cost = BlockCost(table, mask, block).to_table()
        offered.append(cost)
        mask = embed(mask, block, cost.optimal_masks()[0])
    return offered, mask


_HELD, _BLOCK = mask_from_string("10110100"), [1, 4, 6]


@exercise("12-1")
def queries_of_sweeps(answer: Any) -> str | None:
    """A function (n, block_size, rounds) -> cost queries, the start included."""

    def count(n: int, block_size: int, rounds: int) -> float:
        table, rng = build_problem("moons", n, seed=0).table, np.random.default_rng(0)
        found = run(local_selection, table, rng=rng, block_size=block_size, scheme="one_pass")
        return 1 + rounds * (found.ledger.cost_queries - 1)

    cases = ((8, 2, 1), (12, 4, 3), (10, 3, 2), (7, 7, 1), (9, 4, 5))
    what = "For n = {}, blocks of {} and {} rounds the number of queries"
    return compare_function(answer, count, cases, what)


@exercise("12-2")
def best_of_a_block(answer: Any) -> str | None:
    """The best mask with neurons 1, 4, 6 free and the others held."""
    table, mask = build_problem("moons", 8, seed=3).table, take_mask(answer, 8)
    moved = np.setdiff1d(np.flatnonzero(mask != _HELD), _BLOCK)
    if moved.size:
        return f"Mask {mask_to_string(mask)} changes neuron {moved[0]}, which is held."
    least = _block_cost().to_table().minimum
    return compare_cost(mask, table, least, "a mask of the block costs")


@exercise("12-3")
def oracle_of_a_block(answer: Any) -> str | None:
    """A circuit on three qubits that flips the phase of the block's masks that cost less."""
    cost = _block_cost()
    now = float(cost.evaluate(_HELD[_BLOCK]))
    less = cost.to_table().costs < now - equal_within(cost, now)
    return compare_signs(answer, np.where(less, -1, 1))


@exercise("12-4")
def stuck_mask(answer: Any) -> str | None:
    """A mask that no single flip improves, and that is not the best."""
    return compare_trap(answer, build_problem("breast_cancer", 10, seed=17).table)


def _block_cost() -> BlockCost:
    """The cost of the block of exercises 2 and 3, the other neurons held."""
    return BlockCost(build_problem("moons", 8, seed=3).table, _HELD, np.array(_BLOCK))
