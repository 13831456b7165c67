"""Local selection: blocks, schemes, inner selectors, and ledgers that add up."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import cost_tables
from watched import WatchedCost

from labkit.costs import Cost, CostTable, LocalCost, PauliZCost
from labkit.masks import all_masks
from labkit.problems import build_problem
from labkit.selectors import (
    SCHEMES,
    CostMeter,
    Ledger,
    adaptive_grover,
    dynamic_programming,
    exhaustive,
    grover_search,
    local_selection,
    one_flip_search,
    random_search,
    run,
    simulated_annealing,
)
from labkit.selectors.blocks import BlockCost, clusters, cut, interaction_strength, restriction

INNER: dict[Any, dict[str, Any]] = {
    exhaustive: {},
    random_search: {},
    one_flip_search: {"restarts": 1},
    simulated_annealing: {"sweeps": 3},
    grover_search: {"shots": 2},
    adaptive_grover: {"max_oracle_calls": 6},
    local_selection: {"block_size": 1, "inner": exhaustive},
}
UNGROUPED = [scheme for scheme in SCHEMES if scheme not in ("layers", "input_groups")]
seeds = st.integers(0, 2**16)
inner_selectors = st.sampled_from(list(INNER))
schemes = st.sampled_from(SCHEMES)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def distinct_costs(n: int, *, seed: int = 0) -> CostTable:
    return CostTable(generator(seed).permutation(2**n).astype(float), n)


def polynomial(n: int, *, order: int = 3, seed: int = 0) -> PauliZCost:
    rng, members = generator(seed), all_masks(n)
    terms = {
        tuple(np.flatnonzero(member).tolist()): float(rng.normal())
        for member in members[members.sum(axis=1) <= order]
    }
    return PauliZCost(terms, n)


def nk_cost(n: int, k: int, *, seed: int = 0) -> LocalCost:
    rng = generator(seed)
    terms = [(tuple((i + rng.permutation(k)) % n), rng.normal(size=2**k)) for i in range(n)]
    return LocalCost(terms, n)


def groups_for(scheme: str, n: int) -> list[range] | None:
    """Two halves, where the scheme takes groups."""
    return None if scheme in UNGROUPED else [g for g in (range(n // 2), range(n // 2, n)) if g]


def options_for(scheme: str, inner: Any, n: int, block_size: int) -> dict[str, Any]:
    return {
        "block_size": min(block_size, n),
        "scheme": scheme,
        "inner": inner,
        "inner_options": INNER[inner],
        "groups": groups_for(scheme, n),
    }


# The cost of a block


@given(st.integers(1, 6), st.data(), seeds)
def test_the_cost_of_a_block_is_the_cost_with_all_others_held(
    n: int, data: st.DataObject, seed: int
) -> None:
    block = np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=1, unique=True)))
    costs: list[Cost] = [
        distinct_costs(n, seed=seed),
        polynomial(n, seed=seed),
        nk_cost(n, min(n, 3), seed=seed),
        LocalCost([], n),
        PauliZCost({}, n),
    ]
    mask = generator(seed).random(n) < 0.5
    for cost in costs:
        full = np.tile(mask, (2 ** len(block), 1))
        full[:, block] = all_masks(len(block))
        small = restriction(cost)(mask, block)
        expected = cost.evaluate(full)
        np.testing.assert_allclose(small.evaluate(all_masks(len(block))), expected, atol=1e-12)
        np.testing.assert_allclose(small.to_table().costs, expected, atol=1e-12)
        assert small.n_neurons == len(block)
        assert small.order <= min(cost.order, len(block))


def test_a_block_of_a_polynomial_or_local_cost_keeps_its_form() -> None:
    mask, block = np.array([True, False, True, False]), np.array([1, 3])
    assert isinstance(restriction(polynomial(4))(mask, block), PauliZCost)
    assert isinstance(restriction(nk_cost(4, 2))(mask, block), LocalCost)
    assert isinstance(restriction(distinct_costs(4))(mask, block), BlockCost)


def test_the_table_of_a_large_block_is_made_in_parts() -> None:
    table, mask = distinct_costs(14), generator(1).random(14) < 0.5
    block = np.arange(1, 14)
    small = BlockCost(table, mask, block)
    rows = np.arange(2**13) + (2**13 if mask[0] else 0)
    np.testing.assert_array_equal(small.to_table().costs, table.costs[rows])


def test_a_block_in_the_middle_of_a_thousand_neurons_needs_no_table_of_them() -> None:
    cost = nk_cost(1000, 5)
    mask, block = generator().random(1000) < 0.5, np.arange(400, 406)
    small = restriction(cost)(mask, block)
    full = np.tile(mask, (64, 1))
    full[:, block] = all_masks(6)
    np.testing.assert_allclose(small.to_table().costs, cost.evaluate(full), atol=1e-9)


# Cutting into blocks


@given(st.lists(st.integers(0, 99), min_size=1, unique=True), st.integers(1, 12))
def test_a_cut_holds_each_neuron_once_in_blocks_of_the_size(
    neurons: list[int], block_size: int
) -> None:
    blocks = cut(neurons, block_size)
    assert sorted(np.concatenate(blocks).tolist()) == sorted(neurons)
    assert [len(block) for block in blocks[:-1]] == [block_size] * (len(blocks) - 1)
    assert 1 <= len(blocks[-1]) <= block_size
    assert all((np.diff(block) > 0).all() for block in blocks)


@given(st.integers(1, 12), st.integers(1, 12), seeds)
def test_clusters_hold_each_neuron_once_in_blocks_of_the_size(
    n: int, block_size: int, seed: int
) -> None:
    strength = np.abs(generator(seed).normal(size=(n, n)).round())
    np.fill_diagonal(strength, 0)
    blocks = clusters(strength + strength.T, block_size)
    assert sorted(np.concatenate(blocks).tolist()) == [*range(n)]
    assert [len(block) for block in blocks[:-1]] == [block_size] * (len(blocks) - 1)
    assert 1 <= len(blocks[-1]) <= block_size


def test_neurons_that_interact_strongly_share_a_cluster() -> None:
    strength = np.full((6, 6), 0.1)
    for triple in ((0, 2, 4), (1, 3, 5)):
        strength[np.ix_(triple, triple)] = 1 + triple[0]
    np.fill_diagonal(strength, 0)
    # the strongest first
    assert [block.tolist() for block in clusters(strength, 3)] == [[1, 3, 5], [0, 2, 4]]


def test_a_cluster_takes_what_interacts_with_it_not_what_interacts_most() -> None:
    strength = np.zeros((6, 6))
    for j, k, value in ((0, 1, 5.0), (0, 2, 1.0), (3, 4, 4.0), (3, 5, 4.0)):
        strength[j, k] = strength[k, j] = value
    assert [block.tolist() for block in clusters(strength, 3)] == [[0, 1, 2], [3, 4, 5]]


@given(st.integers(2, 6), seeds)
def test_interactions_of_a_polynomial_are_its_second_order_terms(n: int, seed: int) -> None:
    cost = polynomial(n, order=2, seed=seed)
    mask = generator(seed).random(n) < 0.5
    asked = CostMeter(cost.to_table())
    measured = interaction_strength(asked, mask, float(cost.evaluate(mask)))
    assert asked.ledger.cost_queries == n * (n + 1) // 2
    known = CostMeter(cost)
    from_terms = interaction_strength(known, mask, 0.0)
    assert known.ledger == Ledger()
    np.testing.assert_allclose(measured, from_terms, atol=1e-9)
    for j in range(n):
        for k in range(n):
            expected = 0.0 if j == k else abs(cost.terms[min(j, k), max(j, k)])
            assert from_terms[j, k] == expected


def test_interactions_of_a_local_cost_are_those_of_its_polynomial() -> None:
    cost, mask = nk_cost(8, 3), np.zeros(8, dtype=bool)
    np.testing.assert_array_equal(
        interaction_strength(CostMeter(cost), mask, 0.0),
        interaction_strength(CostMeter(cost.to_pauli_z()), mask, 0.0),
    )


# What holds for every scheme and every inner selector


@settings(max_examples=120)
@given(cost_tables(max_n=5), schemes, inner_selectors, st.integers(1, 3), seeds)
def test_the_stated_cost_is_the_best_asked_for_and_every_query_is_in_the_history(
    table: CostTable, scheme: str, inner: Any, block_size: int, seed: int
) -> None:
    watched = WatchedCost(table)
    n = table.n_neurons
    options = options_for(scheme, inner, n, block_size)
    in_tables = inner in (grover_search, adaptive_grover)
    selection = run(local_selection, watched, rng=generator(seed), **options)
    assert selection.cost == table.evaluate(selection.neuron_mask) == selection.history.min()
    assert selection.ledger.cost_queries == len(selection.history)
    if in_tables:  # each table of a block asks the cost of its masks too, as forward passes
        assert selection.ledger.forward_passes == len(watched.asked) - 1
        assert selection.ledger.shots > 0
    else:
        assert selection.ledger.forward_passes == selection.ledger.cost_queries
        np.testing.assert_array_equal(selection.history, table.costs[watched.asked[:-1]])


@settings(max_examples=120)
@given(cost_tables(max_n=5), schemes, inner_selectors, st.integers(1, 3), seeds, st.integers(1, 40))
def test_a_budget_is_never_exceeded(
    table: CostTable, scheme: str, inner: Any, block_size: int, seed: int, budget: int
) -> None:
    watched = WatchedCost(table)
    options = options_for(scheme, inner, table.n_neurons, block_size)
    selection = run(
        local_selection, watched, rng=generator(seed), max_cost_queries=budget, **options
    )
    assert 1 <= selection.ledger.cost_queries == len(selection.history) <= budget
    if inner not in (grover_search, adaptive_grover):
        assert len(watched.asked) == selection.ledger.cost_queries + 1
    whole = run(local_selection, table, rng=generator(seed), **options).history
    np.testing.assert_array_equal(selection.history, whole[:budget])


def test_no_block_is_begun_where_the_budget_is_spent() -> None:
    selection = run(
        local_selection,
        distinct_costs(6),
        rng=generator(),
        block_size=3,
        inner=grover_search,
        max_cost_queries=1,
    )
    assert replace(selection.ledger, seconds=0) == Ledger(cost_queries=1, forward_passes=1)


@settings(max_examples=120)
@given(cost_tables(max_n=5), schemes, inner_selectors, seeds, st.data())
def test_a_target_ends_everything(
    table: CostTable, scheme: str, inner: Any, seed: int, data: st.DataObject
) -> None:
    target = data.draw(st.sampled_from(table.costs.tolist()))
    options = options_for(scheme, inner, table.n_neurons, 2)
    history = run(
        local_selection, table, rng=generator(seed), target_cost=target, **options
    ).history
    assert (history[:-1] > target).all()


@settings(max_examples=120)
@given(cost_tables(max_n=5), schemes, inner_selectors, seeds)
def test_the_same_generator_state_gives_the_same_selection(
    table: CostTable, scheme: str, inner: Any, seed: int
) -> None:
    options = options_for(scheme, inner, table.n_neurons, 2)
    one, same = (run(local_selection, table, rng=generator(seed), **options) for _ in range(2))
    np.testing.assert_array_equal(one.history, same.history)
    assert replace(one.ledger, seconds=0) == replace(same.ledger, seconds=0)


@settings(max_examples=120)
@given(cost_tables(max_n=5), schemes, st.sampled_from([exhaustive, one_flip_search]), seeds)
def test_ledgers_of_nested_selectors_add_up(
    table: CostTable, scheme: str, inner: Any, seed: int
) -> None:
    ledgers, histories = [], []

    def watched_inner(meter: CostMeter, *, rng: np.random.Generator) -> None:
        inner(meter, rng=rng)
        meter.count(oracle_calls=3, shots=2, circuit_runs=1, cost_layers=5)
        ledgers.append(meter.ledger)
        histories.append(meter.history)

    n = table.n_neurons
    options = options_for(scheme, inner, n, 2) | {"inner": watched_inner, "inner_options": None}
    selection = run(local_selection, table, rng=generator(seed), **options)
    # the start, for solo the merged mask, and for clusters the second differences
    own = 1 + (scheme == "solo") + (n * (n + 1) // 2 if scheme == "clusters" else 0)
    total = sum(ledgers, Ledger(cost_queries=own, forward_passes=own))
    expected = asdict(replace(total, seconds=selection.ledger.seconds))
    assert asdict(selection.ledger) == expected
    assert all(ledger.seconds == 0 for ledger in ledgers)
    after_own = selection.history[own - (scheme == "solo") :]
    np.testing.assert_array_equal(
        np.concatenate(histories), after_own[: len(after_own) - (scheme == "solo")]
    )


@given(cost_tables(max_n=5), st.sampled_from(UNGROUPED), seeds)
def test_a_block_of_all_neurons_searched_exhaustively_is_the_optimum(
    table: CostTable, scheme: str, seed: int
) -> None:
    n = table.n_neurons
    selection = run(local_selection, table, rng=generator(seed), scheme=scheme, block_size=n)
    assert selection.cost == table.minimum


# Schemes


def block_minima(table: CostTable, mask: Any, blocks: Any) -> list[float]:
    """The least cost that each block alone reaches from a mask."""
    minima = []
    for block in blocks:
        full = np.tile(mask, (2 ** len(block), 1))
        full[:, block] = all_masks(len(block))
        minima.append(float(table.evaluate(full).min()))
    return minima


@pytest.mark.parametrize("scheme", ["sweeps", "clusters", "layers", "input_groups"])
def test_sweeps_end_where_no_block_alone_lowers_the_cost(scheme: str) -> None:
    for seed in range(10):
        table = distinct_costs(7, seed=seed)
        groups = groups_for(scheme, 7)
        selection = run(
            local_selection,
            table,
            rng=generator(seed),
            scheme=scheme,
            block_size=3,
            groups=groups,
        )
        if scheme != "clusters":
            blocks = [b for group in groups or [range(7)] for b in cut(group, 3)]
            minima = block_minima(table, selection.neuron_mask, blocks)
            assert min(minima) == selection.cost
        # blocks of one neuron inside any block do not lower it, either
        flips = selection.neuron_mask ^ np.eye(7, dtype=bool)
        assert table.evaluate(flips).min() >= selection.cost


def recorded_blocks(cost: Cost, seed: int = 0, **options: Any) -> list[list[int]]:
    """The block of each inner search, read off the costs that a labelled table gives."""
    n, blocks = cost.n_neurons, []

    def recorder(meter: CostMeter, *, rng: np.random.Generator) -> None:
        assert isinstance(meter.cost, BlockCost)
        blocks.append(meter.cost.block.tolist())
        held.append(meter.cost.neuron_mask.copy())
        exhaustive(meter, rng=rng)

    held: list[Any] = []
    run(local_selection, cost, rng=generator(seed), inner=recorder, **options)
    assert all(len(mask) == n for mask in held)
    return blocks


def test_one_pass_goes_through_neighbouring_neurons_in_order_once() -> None:
    blocks = recorded_blocks(distinct_costs(7), scheme="one_pass", block_size=3)
    assert blocks == [[0, 1, 2], [3, 4, 5], [6]]


def test_sweeps_go_through_the_same_blocks_again() -> None:
    blocks = recorded_blocks(distinct_costs(6), scheme="sweeps", block_size=2)
    assert len(blocks) % 3 == 0
    assert len(blocks) >= 6
    assert blocks == [[0, 1], [2, 3], [4, 5]] * (len(blocks) // 3)


def test_random_blocks_are_partitions_that_differ_from_round_to_round() -> None:
    blocks = recorded_blocks(distinct_costs(9), scheme="random_blocks", block_size=3)
    rounds = [blocks[i : i + 3] for i in range(0, len(blocks), 3)]
    assert len(rounds) >= 2
    assert all(sorted(np.concatenate(r).tolist()) == [*range(9)] for r in rounds)
    assert rounds[0] != rounds[1]


def test_groups_are_cut_into_blocks_one_group_after_the_other() -> None:
    groups = [[5, 0, 1], [4, 3, 2, 6]]
    blocks = recorded_blocks(
        distinct_costs(7), scheme="layers", block_size=3, groups=groups, max_rounds=1
    )
    assert blocks == [[0, 1, 5], [2, 3, 4], [6]]


def test_a_neuron_may_belong_to_the_groups_of_two_inputs() -> None:
    groups = [np.array([0, 1, 2]), np.array([2, 3])]
    blocks = recorded_blocks(
        distinct_costs(4), scheme="input_groups", block_size=3, groups=groups, max_rounds=1
    )
    assert blocks == [[0, 1, 2], [2, 3]]


def test_clusters_follow_the_interactions() -> None:
    pairs: dict[tuple[int, ...], float] = {(0, 3): 4.0, (1, 5): -3.0, (2, 4): 2.0, (0, 1): 0.1}
    table = PauliZCost(pairs, 6).to_table()
    blocks = recorded_blocks(table, scheme="clusters", block_size=2, max_rounds=1)
    assert blocks == [[0, 3], [1, 5], [2, 4]]


def test_max_rounds_ends_sweeps_early() -> None:
    for scheme in ("sweeps", "random_blocks"):
        blocks = recorded_blocks(distinct_costs(6), scheme=scheme, block_size=2, max_rounds=1)
        assert len(blocks) == 3


def test_solo_decides_each_block_at_the_start_mask() -> None:
    table, held = distinct_costs(6), []

    def recorder(meter: CostMeter, *, rng: np.random.Generator) -> None:
        assert isinstance(meter.cost, BlockCost)
        held.append(meter.cost.neuron_mask.tolist())
        exhaustive(meter, rng=rng)

    selection = run(
        local_selection, table, rng=generator(), scheme="solo", block_size=2, inner=recorder
    )
    assert held == [held[0]] * 3
    # the last query is the merged mask
    start, merged = np.array(held[0]), np.array(held[0])
    for block in ([0, 1], [2, 3], [4, 5]):
        masks = np.tile(start, (4, 1))
        masks[:, block] = all_masks(2)
        merged[block] = masks[table.evaluate(masks).argmin(), block]
    assert selection.history[0] == table.evaluate(start)
    assert selection.history[-1] == table.evaluate(merged)
    assert len(selection.history) == 1 + 3 * 4 + 1


def test_one_pass_hands_each_block_the_decisions_before_it() -> None:
    table, held = distinct_costs(6), []

    def recorder(meter: CostMeter, *, rng: np.random.Generator) -> None:
        assert isinstance(meter.cost, BlockCost)
        held.append(float(table.evaluate(meter.cost.neuron_mask)))
        exhaustive(meter, rng=rng)

    history = run(
        local_selection, table, rng=generator(), scheme="one_pass", block_size=2, inner=recorder
    ).history
    assert held == [history[0], history[:5].min(), history[:9].min()]


def test_a_worse_decision_is_not_kept() -> None:
    table = CostTable(all_masks(4).sum(axis=1).astype(float), 4)

    def contrary(meter: CostMeter, *, rng: np.random.Generator) -> None:
        meter.evaluate(np.ones(meter.n_neurons, dtype=bool))

    selection = run(
        local_selection, table, rng=generator(3), scheme="one_pass", block_size=1, inner=contrary
    )
    start = selection.history[0]
    assert start < 4
    assert selection.cost == start
    # every block was asked with the start, not with a worse decision before it
    assert set(selection.history.tolist()) <= {start, start + 1}


def test_larger_blocks_end_nearer_to_the_optimum() -> None:
    table = build_problem("moons", 12, seed=0).table
    regret = [
        np.mean(
            [
                run(
                    local_selection,
                    table,
                    rng=generator(seed),
                    scheme="random_blocks",
                    block_size=block_size,
                ).cost
                - table.minimum
                for seed in range(20)
            ]
        )
        for block_size in (1, 6, 12)
    ]
    assert regret[0] > 2 * regret[1]
    assert regret[2] == 0


# Other forms of cost


@pytest.mark.parametrize("scheme", UNGROUPED)
def test_dynamic_programming_chooses_blocks_of_a_local_cost(scheme: str) -> None:
    cost = nk_cost(12, 3)
    by_tables, by_masks = (
        run(
            local_selection,
            cost,
            rng=generator(4),
            scheme=scheme,
            block_size=4,
            inner=inner,
            max_rounds=2,
        )
        for inner in (dynamic_programming, exhaustive)
    )
    assert by_tables.cost == pytest.approx(by_masks.cost)
    assert by_tables.ledger.cost_queries < by_masks.ledger.cost_queries


@pytest.mark.parametrize("scheme", UNGROUPED)
def test_every_form_of_a_cost_is_searched_alike(scheme: str) -> None:
    local = nk_cost(8, 3)
    options: dict[str, Any] = {"scheme": scheme, "block_size": 3, "inner": one_flip_search}
    if scheme == "clusters":
        options["max_rounds"] = 1
    forms: list[Cost] = [local, local.to_pauli_z()]
    if scheme != "clusters":  # a table's clusters are measured
        forms.append(local.to_table())
    one, *others = [run(local_selection, cost, rng=generator(1), **options) for cost in forms]
    for other in others:
        np.testing.assert_allclose(other.history, one.history, atol=1e-9)


def test_a_thousand_neurons_are_chosen_in_blocks() -> None:
    cost = nk_cost(1000, 4)
    optimum = run(dynamic_programming, cost, rng=generator()).cost
    selection = run(
        local_selection, cost, rng=generator(), block_size=50, inner=dynamic_programming
    )
    start = selection.history[0]
    assert selection.cost >= optimum - 1e-9
    assert selection.cost < optimum + 0.1 * (start - optimum)


# What is refused


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"block_size": 0}, r"^block_size=0 is too small \(limit: 1 or more\)$"),
        ({"block_size": 5}, r"^block_size=5 is too large \(limit: 4\)$"),
        ({"block_size": 2.0}, r"^block_size=2\.0 is not an integer"),
        ({"scheme": "spiral"}, r"^scheme='spiral' is unknown \(known: solo, one_pass, "),
        ({"max_rounds": 0}, r"^max_rounds=0 is too small"),
        ({"inner": "exhaustive"}, r"^inner='exhaustive' is not a selector"),
        ({"inner_options": 3}, r"^inner_options=3 is not a mapping"),
        ({"scheme": "layers"}, r"^groups=None with scheme='layers' \(limit: groups with layers"),
        ({"groups": [[0]]}, r"^groups=\[\[0\]\] with scheme='sweeps' \(limit: "),
        (
            {"scheme": "layers", "groups": [[0, 1], [3]]},
            r"^groups lacks neuron 2 \(limit: all of 0\.\.3\)$",
        ),
        ({"scheme": "layers", "groups": [[0, 1, 4]]}, r"=4 is too large \(limit: 3\)$"),
        ({"scheme": "layers", "groups": [[0, 0]]}, r"holds a neuron twice"),
        ({"scheme": "layers", "groups": 7}, r"^groups=7 is not a sequence"),
        ({"scheme": "layers", "groups": "01"}, r"^groups='01' is not a sequence"),
    ],
)
def test_bad_arguments_are_refused_before_a_mask_is_asked_for(
    options: dict[str, Any], expected: str
) -> None:
    watched = WatchedCost(distinct_costs(4))
    with pytest.raises((TypeError, ValueError), match=expected):
        run(local_selection, watched, rng=generator(), **({"block_size": 2} | options))
    assert watched.asked == []


def test_an_inner_selector_that_asks_for_nothing_is_refused() -> None:
    def idler(meter: CostMeter, *, rng: np.random.Generator) -> None:
        pass

    with pytest.raises(RuntimeError, match=r"^selector idler asked for no mask$"):
        run(local_selection, distinct_costs(4), rng=generator(), block_size=2, inner=idler)


def test_an_inner_selector_that_states_a_lower_cost_is_refused() -> None:
    def liar(meter: CostMeter, *, rng: np.random.Generator) -> None:
        meter.evaluate(np.zeros(meter.n_neurons, dtype=bool))
        meter.best_cost = -1.0

    with pytest.raises(RuntimeError, match=r"^selector local_selection states -1\.0, it is "):
        run(local_selection, distinct_costs(4), rng=generator(), block_size=2, inner=liar)
