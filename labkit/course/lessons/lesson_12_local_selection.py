"""Notebook 12: what a block size buys, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit import selectors
from labkit.costs import EQUAL_WITHIN, CostTable
from labkit.course.checking import exercise
from labkit.ledger import Ledger
from labkit.masks import BoolArray, all_masks, check_one_mask, mask_from_string, mask_to_string
from labkit.problems import Problem, build_problem
from labkit.selectors import Selection, local_selection, run
from labkit.selectors.blocks import BlockCost
from labkit.selectors.running import Selector
from labkit.sweeps.points import Outcome

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
    if budget is None:
        runs = [[run(selector, table, rng=rng, **options)] for rng in streams]
    else:
        runs = [_run_again(budget, selector, table, rng, options) for rng in streams]
    regrets = np.array([min(found.cost for found in each) for each in runs]) - table.minimum
    ledger = sum((found.ledger for each in runs for found in each), Ledger())
    counted = ("cost_queries", "oracle_calls", "cost_layers", "forward_passes")
    result = {name: getattr(ledger, name) / STARTS for name in counted}
    solved = float((regrets <= EQUAL_WITHIN).mean())
    return Outcome(result | {"regret": float(regrets.mean()), "solved": solved}, ledger)


def _run_again(
    budget: int,
    selector: Selector,
    cost: CostTable,
    rng: np.random.Generator,
    options: Mapping[str, Any],
) -> list[Selection]:
    """Searches from new start masks until the budget is spent; it cuts the last one short."""
    runs: list[Selection] = []
    while (left := budget - sum(found.ledger.cost_queries for found in runs)) > 0:
        runs.append(run(selector, cost, rng=rng, max_cost_queries=left, **options))
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
    """A column of the record's results, a row for each value of a parameter, a column for a seed.

    Args:
        runs: of the record.
        column: such as 'regret'.
        by: the parameter that tells the points apart.
        **chosen: parameter -> value; by default blocks searched by enumeration, without a budget.
    """
    rows = runs
    usual = {} if "selector" in chosen else {"selector": "local_selection", "inner": "exhaustive"}
    for name, value in (usual | chosen).items():
        rows = rows[rows[f"parameters.{name}"] == value]
    if "budget" not in chosen:
        rows = rows[rows["parameters.budget"].isna()]
    table = rows.pivot(index=f"parameters.{by}", columns="seed", values=f"result.{column}")
    return table.astype(float)


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
    stuck: BoolArray = table.costs <= reach + EQUAL_WITHIN
    return stuck


_HELD, _BLOCK = "10110100", (1, 4, 6)


@exercise("12-1")
def queries_of_sweeps(answer: Any) -> str | None:
    """A function (n, block_size, rounds) -> cost queries, the start included."""
    for n, block_size, rounds in ((8, 2, 1), (12, 4, 3), (10, 3, 2), (7, 7, 1), (9, 4, 5)):
        table = build_problem("moons", n, seed=0).table
        found = run(local_selection, table, rng=np.random.default_rng(0),
                    block_size=block_size, scheme="one_pass")  # fmt: skip
        expected = 1 + rounds * (found.ledger.cost_queries - 1)
        came = float(answer(n, block_size, rounds))
        if came != expected:
            return (
                f"For n = {n}, blocks of {block_size} and {rounds} rounds, {expected} queries are "
                f"made; {came:g} came."
            )
    return None


@exercise("12-2")
def best_of_a_block(answer: Any) -> str | None:
    """The best mask with neurons 1, 4, 6 free and the others held."""
    table, held = build_problem("moons", 8, seed=3).table, mask_from_string(_HELD)
    mask = check_one_mask(answer, 8, argument="your mask")
    moved = [j for j in np.flatnonzero(mask != held) if j not in _BLOCK]
    if moved:
        return f"Mask {mask_to_string(mask)} changes neuron {moved[0]}, which is held."
    least = float(_block_cost().to_table().minimum)
    cost = float(table.evaluate(mask))
    if cost <= least + EQUAL_WITHIN:
        return None
    return f"Mask {mask_to_string(mask)} costs {cost:.6f}; a mask of the block costs {least:.6f}."


@exercise("12-3")
def oracle_of_a_block(answer: Any) -> str | None:
    """A circuit on three qubits that flips the phase of the block's masks that cost less."""
    import cirq

    qubits, cost = cirq.LineQubit.range(3), _block_cost()
    now = float(cost.evaluate(mask_from_string(_HELD)[list(_BLOCK)]))
    expected = np.where(cost.to_table().costs < now - EQUAL_WITHIN, -1, 1)
    unitary = cirq.Circuit(answer).unitary(qubit_order=qubits, qubits_that_should_be_present=qubits)
    if not np.allclose(np.abs(unitary), np.eye(8), atol=1e-6):
        return "The circuit changes which mask is which; an oracle changes only signs."
    # a phase common to all masks cannot be measured
    phases = np.diag(unitary) / unitary[0, 0] * expected[0]
    wrong = np.flatnonzero(~np.isclose(phases, expected, atol=1e-6))
    if not wrong.size:
        return None
    return (
        f"Mask {mask_to_string(all_masks(3)[wrong[0]])} of the block should get the sign "
        f"{expected[wrong[0]]:+d}; it gets {np.round(phases[wrong[0]], 3)}."
    )


@exercise("12-4")
def stuck_mask(answer: Any) -> str | None:
    """A mask that no single flip improves, and that is not the best."""
    table = build_problem("breast_cancer", 10, seed=17).table
    mask = check_one_mask(answer, 10, argument="your mask")
    cost = float(table.evaluate(mask))
    lower = np.flatnonzero(table.evaluate(mask ^ np.eye(10, dtype=bool)) < cost - EQUAL_WITHIN)
    if lower.size:
        return f"Mask {mask_to_string(mask)} is not stuck: flipping neuron {lower[0]} lowers it."
    if table.rank(mask) == 1:
        return f"Mask {mask_to_string(mask)} is the best of all; find one that is only stuck."
    return None


def _block_cost() -> BlockCost:
    """The cost of the block of exercises 2 and 3, the other neurons held."""
    table = build_problem("moons", 8, seed=3).table
    return BlockCost(table, mask_from_string(_HELD), np.array(_BLOCK))
