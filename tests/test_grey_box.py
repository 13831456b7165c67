"""Searches that know the terms: elimination along a tree of bags, and partition crossover."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import generators

from labkit.costs import CostTable, LocalCost, PauliZCost
from labkit.limits import TooLargeError
from labkit.masks import all_masks
from labkit.selectors import (
    Selection,
    dynamic_programming,
    one_flip_search,
    partition_crossover_search,
    run,
    tree_elimination,
)
from labkit.selectors.crossing import Terms
from labkit.selectors.elimination import eliminate, find_bags

GREY_BOX = (tree_elimination, partition_crossover_search)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def nk_cost(n: int, k: int, *, seed: int, neighbourhood: str = "adjacent") -> LocalCost:
    rng = generator(seed)
    steps = [np.arange(1, k)] * n
    if neighbourhood == "random":
        steps = [rng.choice(np.arange(1, n), k - 1, replace=False) for _ in range(n)]
    reads = [(i, *((i + step) % n).tolist()) for i, step in enumerate(steps)]
    return LocalCost([(neurons, rng.random(2**k) / n) for neurons in reads], n)


@st.composite
def local_costs(draw: st.DrawFn) -> LocalCost:
    """Some neurons in no term, terms of none, parts that nothing joins."""
    n, rng = draw(st.integers(1, 8)), draw(generators)
    sizes = draw(st.lists(st.integers(0, min(n, 4)), max_size=8))
    reads = [tuple(rng.choice(n, size, replace=False).tolist()) for size in sizes]
    return LocalCost([(neurons, rng.normal(size=2 ** len(neurons))) for neurons in reads], n)


# Elimination


@given(local_costs())
def test_elimination_finds_the_minimum_of_any_local_cost(cost: LocalCost) -> None:
    found = run(tree_elimination, cost, rng=generator())
    assert found.cost == pytest.approx(cost.to_table().minimum, abs=1e-12)
    assert found.ledger.cost_queries == 1
    assert found.ledger.forward_passes == 1 + 2**cost.order


@given(local_costs())
def test_elimination_finds_the_minimum_of_a_polynomial(cost: LocalCost) -> None:
    found = run(tree_elimination, cost.to_pauli_z(), rng=generator())
    assert found.cost == pytest.approx(cost.to_table().minimum, abs=1e-9)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_on_a_ring_elimination_and_dynamic_programming_agree(k: int) -> None:
    cost = nk_cost(150, k, seed=k)
    one, other = (
        run(f, cost, rng=generator()).cost for f in (tree_elimination, dynamic_programming)
    )
    assert one == pytest.approx(other, abs=1e-12)


def test_random_neighbourhoods_that_dynamic_programming_refuses_can_be_eliminated() -> None:
    cost = nk_cost(60, 2, seed=1, neighbourhood="random")
    with pytest.raises(TooLargeError):
        run(dynamic_programming, cost, rng=generator())
    optimum = run(tree_elimination, cost, rng=generator()).cost
    rival = run(one_flip_search, cost, rng=generator(), restarts=200).cost
    assert optimum <= rival + 1e-12


@given(local_costs())
def test_bags_hold_each_term_and_those_of_a_neuron_hang_together(cost: LocalCost) -> None:
    bags = find_bags(cost)
    assert sum(len(bag.terms) for bag in bags) == len(cost.terms)
    assert all({*term[0]} <= {*bag.neurons} for bag in bags for term in bag.terms)
    # of the bags of a neuron, one is the highest: its own
    assert sorted(bag.neuron for bag in bags) == [*range(cost.n_neurons)]
    for i, bag in enumerate(bags):
        assert bag.parent > i if bag.shared else bag.parent == -1
        if bag.shared:
            assert {*bag.shared} == {*bag.neurons} & {*bags[bag.parent].neurons}


def test_too_wide_a_cost_is_refused_in_one_line() -> None:
    pairs: dict[tuple[int, ...], float] = {pair: 1.0 for pair in combinations(range(60), 2)}
    with pytest.raises(TooLargeError, match=r"^width=59 needs .*limit: width=\d+\)$"):
        run(tree_elimination, PauliZCost(pairs, 60), rng=generator())


def test_a_thousand_neurons_that_all_share_terms_are_refused_at_the_first() -> None:
    near = [{*range(1000)} for _ in range(1000)]
    assert [len(shared) for _, shared in eliminate(near, widest=20)] == [999]


def test_the_order_of_the_least_degree_keeps_a_ring_narrow() -> None:
    for k in (3, 5):
        found = eliminate(
            [{(i + step) % 300 for step in range(-k + 1, k)} for i in range(300)], 300
        )
        assert max(len(shared) for _, shared in found) == 2 * (k - 1)


# Partition crossover


@given(local_costs(), generators)
def test_parts_share_no_term_and_their_gains_add_up(
    cost: LocalCost, rng: np.random.Generator
) -> None:
    n = cost.n_neurons
    one, other = rng.random((2, n)) < 0.5
    parts = Terms.of(cost).parts(np.flatnonzero(one != other))
    assert (
        sorted(j for part in parts for j in part.tolist()) == np.flatnonzero(one != other).tolist()
    )
    for neurons, _ in cost.terms:
        assert sum(bool({*neurons} & {*part.tolist()}) for part in parts) <= 1
    gains = cost.walk(one).group_costs(parts) - float(cost.evaluate(one))
    assert gains.sum() == pytest.approx(float(cost.evaluate(other) - cost.evaluate(one)), abs=1e-9)


def test_neurons_near_others_are_these_and_those_that_share_a_term() -> None:
    terms = Terms.of(PauliZCost({(0, 1): 1.0, (1, 2, 3): 1.0, (5,): 1.0, (): 2.0}, 6))
    assert terms.near(np.array([0])).tolist() == [0, 1]
    assert terms.near(np.array([2, 5])).tolist() == [1, 2, 3, 5]
    assert terms.near(np.array([4])).tolist() == [4]
    assert terms.near(np.empty(0, dtype=np.int64)).tolist() == []
    assert [part.tolist() for part in terms.parts(np.array([0, 2, 3, 5]))] == [[0], [2, 3], [5]]


@given(local_costs(), generators)
def test_the_child_is_the_best_of_all_that_have_each_neuron_from_the_one_or_the_other(
    cost: LocalCost, rng: np.random.Generator
) -> None:
    one, other = rng.random((2, cost.n_neurons)) < 0.5
    differing = np.flatnonzero(one != other)
    children = np.tile(one, (2 ** len(differing), 1))
    if len(differing):
        children[:, differing] = all_masks(len(differing))
    for terms in (Terms.of(cost), Terms.of(cost.to_pauli_z())):
        flips, wide = terms.cross(one, differing)
        child = one.copy()
        child[flips] ^= True
        assert wide == []
        assert {*flips.tolist()} <= {*differing.tolist()}
        least = float(cost.evaluate(children).min())
        assert cost.evaluate(child) == pytest.approx(least, abs=1e-9)


def test_a_part_in_which_too_many_neurons_share_terms_is_left_whole() -> None:
    pairs: dict[tuple[int, ...], float] = {pair: 1.0 for pair in combinations(range(12), 2)}
    terms = Terms.of(PauliZCost(pairs | {(12,): 1.0}, 13))
    flips, wide = terms.cross(np.zeros(13, dtype=bool), np.arange(13))
    assert [part.tolist() for part in wide] == [[*range(12)]]
    assert flips.tolist() == [12]  # a sign of -1 costs less


@given(local_costs(), generators, st.integers(1, 6))
def test_a_block_is_a_neuron_with_others_that_share_its_terms(
    cost: LocalCost, rng: np.random.Generator, size: int
) -> None:
    terms, neurons = Terms.of(cost), rng.permutation(cost.n_neurons)
    blocks = terms.blocks(neurons, size, rng)
    assert blocks.shape == (len(neurons), size)
    for neuron, row in zip(neurons.tolist(), blocks.tolist(), strict=True):
        block = [j for j in row if j >= 0]
        near = terms.near(np.array([neuron])).tolist()
        assert row == block + [-1] * (size - len(block))
        assert block[0] == neuron
        assert len({*block}) == min(size, len(near))
        assert {*block} <= {*near}


def test_a_ball_has_so_many_neurons_and_hangs_together() -> None:
    terms, rng = Terms.of(nk_cost(60, 3, seed=0)), generator()
    for size in (1, 2, 7, 31, 60, 100):
        ball = terms.ball(size, rng)
        assert len({*ball.tolist()}) == len(ball) == min(size, 60)
        assert len(terms.parts(np.sort(ball))) == 1
    assert len(Terms.of(PauliZCost({(0, 1): 1.0}, 4)).ball(3, rng)) <= 2


@given(local_costs(), generators, st.integers(1, 40))
def test_partition_crossover_keeps_to_its_budget(
    cost: LocalCost, rng: np.random.Generator, budget: int
) -> None:
    seed = int(rng.integers(2**31))

    def search(**limits: Any) -> Selection:
        return run(partition_crossover_search, cost, rng=generator(seed), rounds=3, **limits)

    whole = search()
    assert whole.ledger.cost_queries == len(whole.history)
    assert whole.ledger.forward_passes == len(whole.history) + 2**cost.order
    np.testing.assert_array_equal(search(max_cost_queries=budget).history, whole.history[:budget])
    target = float(whole.history[len(whole.history) // 2])
    assert (search(target_cost=target).history[:-1] > target).all()


def test_without_rounds_and_budget_it_ends_after_100_queries_for_each_neuron() -> None:
    found = run(partition_crossover_search, nk_cost(30, 3, seed=0), rng=generator())
    assert 3_000 <= found.ledger.cost_queries < 3_100


@pytest.mark.parametrize(
    ("k", "form", "n_runs"),
    [(3, "tables", 3), (3, "polynomial", 1), (4, "tables", 2), (5, "tables", 1)],
)
def test_of_a_thousand_neurons_it_finds_the_optimum_that_is_proved(
    k: int, form: str, n_runs: int
) -> None:
    for seed in range(n_runs):
        cost = nk_cost(1000, k, seed=seed)
        optimum = run(dynamic_programming, cost, rng=generator()).cost
        found = run(
            partition_crossover_search, cost if form == "tables" else cost.to_pauli_z(),
            rng=generator(seed), max_cost_queries=40 * 1000, target_cost=optimum + 1e-12,
        )  # fmt: skip
        assert found.cost == pytest.approx(optimum, abs=1e-9)


@pytest.mark.parametrize("form", ["tables", "polynomial"])
@pytest.mark.parametrize("k", [3, 4, 5])
def test_on_random_neighbourhoods_it_does_better_than_descents_of_many_more_queries(
    k: int, form: str
) -> None:
    tables = nk_cost(200, k, seed=k, neighbourhood="random")
    cost = tables if form == "tables" else tables.to_pauli_z()
    found = run(partition_crossover_search, cost, rng=generator(k), max_cost_queries=1_000)
    # more than it reads from the terms without asking
    rival = run(one_flip_search, tables, rng=generator(k), restarts=9**9, max_cost_queries=400_000)
    assert found.cost < rival.cost


def test_on_random_neighbourhoods_it_finds_the_optimum_of_the_elimination() -> None:
    for seed in range(5):
        cost = nk_cost(80, 2, seed=seed, neighbourhood="random")
        optimum = run(tree_elimination, cost, rng=generator()).cost
        found = run(
            partition_crossover_search, cost, rng=generator(seed),
            max_cost_queries=8_000, target_cost=optimum + 1e-12,
        )  # fmt: skip
        assert found.cost == pytest.approx(optimum, abs=1e-9)


@pytest.mark.parametrize("selector", GREY_BOX)
def test_a_cost_that_does_not_tell_its_terms_is_refused(selector: Any) -> None:
    expected = r"^cost is a CostTable of order 2 \(limit: a LocalCost or a PauliZCost\)$"
    with pytest.raises(TypeError, match=expected):
        run(selector, CostTable(np.arange(4.0), 2), rng=generator())


def test_rounds_below_0_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^rounds=-1 is too small"):
        run(partition_crossover_search, nk_cost(4, 2, seed=0), rng=generator(), rounds=-1)


def test_terms_that_do_not_fit_are_refused_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cost = nk_cost(100, 5, seed=0)
    monkeypatch.setattr("labkit.limits.ALWAYS_FITS", 0)
    monkeypatch.setattr("labkit.limits.memory_limit", lambda: 10_000)
    with pytest.raises(TooLargeError, match=r"^n_terms=100 needs .*who shares one"):
        run(partition_crossover_search, cost, rng=generator())
