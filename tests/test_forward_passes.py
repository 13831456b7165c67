"""A budget of forward passes: no selector runs one subnetwork more, whatever it searches."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cost_tables
from watched import WatchedCost

from labkit.costs import CostTable, LocalCost
from labkit.selectors import (
    SCHEMES,
    CostMeter,
    Ledger,
    adaptive_grover,
    dynamic_programming,
    exhaustive,
    genetic_search,
    grover_search,
    local_selection,
    one_flip_search,
    partition_crossover_search,
    qaoa_sampling,
    random_search,
    run,
    simulated_annealing,
    tabu_search,
    tree_elimination,
)
from labkit.sweeps.selection import select_neurons

QUERYING: dict[Any, dict[str, Any]] = {
    exhaustive: {},
    random_search: {},
    one_flip_search: {"restarts": 1},
    simulated_annealing: {"sweeps": 3},
    tabu_search: {},
    genetic_search: {"population": 4, "generations": 2},
}
IN_TABLES: dict[Any, dict[str, Any]] = {
    grover_search: {"shots": 2},
    adaptive_grover: {"max_oracle_calls": 6},
    qaoa_sampling: {"p": 1, "shots": 3},
}
READING = (dynamic_programming, tree_elimination, partition_crossover_search)
seeds = st.integers(0, 2**16)
budgets = st.integers(1, 90)


class CountedPasses(WatchedCost):
    """A cost that counts the subnetworks that were run: masks asked for, and those of tables."""

    def __init__(self, table: CostTable) -> None:
        super().__init__(table)
        self.in_tables = 0

    @property
    def passes(self) -> int:
        return len(self.asked) + self.in_tables

    def to_table(self) -> CostTable:
        self.in_tables += 2**self.n_neurons
        return super().to_table()


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def search_within(
    selector: Any, table: CostTable, budget: int, *, seed: int, **options: Any
) -> tuple[Ledger | None, int]:
    """The ledger, and the passes that the search ran; no ledger where no mask was asked for."""
    counted = CountedPasses(table)
    try:
        limits = {"max_forward_passes": budget}
        found = run(selector, counted, rng=generator(seed), **limits, **options)
    except RuntimeError as error:
        assert str(error).endswith(f"asked for no mask within max_forward_passes={budget}")
        return None, counted.passes
    return found.ledger, counted.passes - 1  # `run` checks the answer


@given(cost_tables(), st.sampled_from([*QUERYING]), seeds, budgets)
def test_a_search_that_only_asks_has_as_many_queries_as_passes(
    table: CostTable, selector: Any, seed: int, budget: int
) -> None:
    ledger, passes = search_within(selector, table, budget, seed=seed, **QUERYING[selector])
    assert ledger is not None
    assert passes == ledger.cost_queries == ledger.forward_passes <= budget


@given(cost_tables(), st.sampled_from([*IN_TABLES]), seeds, budgets)
def test_a_table_is_made_whole_or_not_at_all(
    table: CostTable, selector: Any, seed: int, budget: int
) -> None:
    ledger, passes = search_within(selector, table, budget, seed=seed, **IN_TABLES[selector])
    in_table = 2**table.n_neurons
    if ledger is None:
        assert budget <= in_table
        assert passes in (0, in_table)
    else:
        assert passes == ledger.forward_passes == in_table + ledger.cost_queries <= budget


@given(
    cost_tables(max_n=5),
    st.sampled_from([scheme for scheme in SCHEMES if scheme not in ("layers", "input_groups")]),
    st.sampled_from([*QUERYING, *IN_TABLES]),
    st.integers(1, 3),
    seeds,
    budgets,
)
def test_tables_of_blocks_are_within_the_budget_of_a_local_selection(
    table: CostTable, scheme: str, inner: Any, block_size: int, seed: int, budget: int
) -> None:
    options = {"scheme": scheme, "inner": inner, "block_size": min(block_size, table.n_neurons)}
    options["inner_options"] = {**QUERYING, **IN_TABLES}[inner]
    ledger, passes = search_within(local_selection, table, budget, seed=seed, **options)
    assert ledger is not None
    assert passes == ledger.forward_passes <= budget
    whole = run(local_selection, table, rng=generator(seed), **options).history
    cut = run(
        local_selection, table, rng=generator(seed), max_forward_passes=budget, **options
    ).history
    np.testing.assert_array_equal(cut, whole[: len(cut)])


def test_the_budget_holds_to_the_single_pass() -> None:
    table = CostTable(generator().permutation(64) * 1.0, 6)
    search = partial(run, local_selection, table, inner=grover_search, block_size=3)
    # the start, a table of 8, and the mask that was measured
    for budget, passes, queries in ((8, 1, 1), (9, 9, 1), (10, 10, 2), (17, 10, 2), (18, 18, 2)):
        ledger = search(rng=generator(), max_forward_passes=budget).ledger
        assert (ledger.forward_passes, ledger.cost_queries) == (passes, queries)


@given(st.sampled_from(READING), st.integers(1, 30))
def test_reading_the_tables_of_terms_takes_its_passes(selector: Any, budget: int) -> None:
    rng = generator()
    terms = [((j, j + 1, j + 2), rng.normal(size=8)) for j in range(6)]
    counted = run_or_none(selector, LocalCost(terms, 8), max_forward_passes=budget)
    if budget <= 8:
        assert counted is None
    else:
        assert counted is not None
        assert 8 < counted.forward_passes <= budget


def run_or_none(selector: Any, cost: Any, **limits: Any) -> Ledger | None:
    try:
        return run(selector, cost, rng=generator(), **limits).ledger
    except RuntimeError:
        return None


@given(cost_tables(), budgets, budgets, seeds)
def test_of_two_budgets_the_tighter_one_ends_the_search(
    table: CostTable, passes: int, queries: int, seed: int
) -> None:
    both = {"max_forward_passes": passes, "max_cost_queries": queries}
    found = run(one_flip_search, table, rng=generator(seed), **both)
    tighter = {"max_cost_queries": min(passes, queries)}
    same = run(one_flip_search, table, rng=generator(seed), **tighter)
    np.testing.assert_array_equal(found.history, same.history)


def test_a_child_has_what_is_left_of_both_budgets() -> None:
    table = CostTable(np.arange(8.0), 3)
    meter = CostMeter(table, max_cost_queries=9, max_forward_passes=20)
    meter.count_table(3)
    meter.evaluate(np.zeros((2, 3), dtype=bool))
    child = meter.child(table)
    assert (child.max_cost_queries, child.max_forward_passes, child.left) == (7, 10, 7)


@pytest.mark.parametrize("budget", [0, -1, 1.5, "9", True])
def test_a_budget_of_passes_is_an_integer_above_zero(budget: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="max_forward_passes"):
        run(exhaustive, CostTable(np.arange(4.0), 2), rng=generator(), max_forward_passes=budget)


def test_a_point_of_a_sweep_takes_the_budget() -> None:
    parameters = {"task_name": "moons", "n_hidden": 6, "selector": "random_search"}
    ledger = select_neurons({**parameters, "max_forward_passes": 11}, 0).ledger
    assert isinstance(ledger, Ledger)
    assert ledger.forward_passes == 11
