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
from labkit.selectors import (
    dynamic_programming,
    one_flip_search,
    partition_crossover_search,
    run,
    tree_elimination,
)
from labkit.selectors.crossover import Terms
from labkit.selectors.elimination import find_bags

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
    assert all(bag.parent > i for i, bag in enumerate(bags[:-1]))
    assert bags[-1].parent == -1
    for neuron in range(cost.n_neurons):  # of the bags of a neuron, one is the highest
        assert sum(neuron in bag.own for bag in bags) == 1
    for bag in bags[:-1]:
        assert {*bag.shared} == {*bag.neurons} & {*bags[bag.parent].neurons}


def test_too_wide_a_cost_is_refused_in_one_line() -> None:
    pairs: dict[tuple[int, ...], float] = {pair: 1.0 for pair in combinations(range(60), 2)}
    with pytest.raises(TooLargeError, match=r"^width=59 needs .*limit: width=\d+\)$"):
        run(tree_elimination, PauliZCost(pairs, 60), rng=generator())


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


def test_neurons_near_others_are_those_that_share_a_term() -> None:
    terms = Terms.of(PauliZCost({(0, 1): 1.0, (1, 2, 3): 1.0, (5,): 1.0, (): 2.0}, 6))
    assert terms.near(np.array([0])).tolist() == [0, 1]
    assert terms.near(np.array([2, 5])).tolist() == [1, 2, 3, 5]
    assert terms.near(np.array([4])).tolist() == []
    assert terms.near(np.empty(0, dtype=np.int64)).tolist() == []
    assert [part.tolist() for part in terms.parts(np.array([0, 2, 3, 5]))] == [[0], [2, 3], [5]]


@given(local_costs(), generators, st.integers(1, 40))
def test_partition_crossover_keeps_to_its_budget(
    cost: LocalCost, rng: np.random.Generator, budget: int
) -> None:
    seed = int(rng.integers(2**31))
    options: dict[str, Any] = {"rounds": 3}
    whole = run(partition_crossover_search, cost, rng=generator(seed), **options).history
    cut = run(
        partition_crossover_search, cost, rng=generator(seed), max_cost_queries=budget, **options
    )
    np.testing.assert_array_equal(cut.history, whole[:budget])
    target = float(whole[len(whole) // 2])
    ended = run(partition_crossover_search, cost, rng=generator(seed), target_cost=target)
    assert (ended.history[:-1] > target).all()


@pytest.mark.parametrize("form", ["tables", "polynomial"])
def test_partition_crossover_finds_the_optimum_that_is_proved(form: str) -> None:
    cost = nk_cost(200, 3, seed=7)
    optimum = run(dynamic_programming, cost, rng=generator()).cost
    searched = cost if form == "tables" else cost.to_pauli_z()
    found = run(
        partition_crossover_search, searched, rng=generator(1), rounds=10**6,
        max_cost_queries=100 * 200, target_cost=optimum + 1e-12,
    )  # fmt: skip
    assert found.cost == pytest.approx(optimum, abs=1e-9)


def test_on_random_neighbourhoods_it_does_no_worse_than_descents_of_as_many_queries() -> None:
    for seed in range(5):
        cost = nk_cost(100, 3, seed=seed, neighbourhood="random")
        budget: dict[str, Any] = {"max_cost_queries": 10_000}
        found = run(partition_crossover_search, cost, rng=generator(seed), rounds=10**6, **budget)
        rival = run(one_flip_search, cost, rng=generator(seed), restarts=10**6, **budget)
        assert found.cost <= rival.cost


@pytest.mark.parametrize("selector", GREY_BOX)
def test_a_cost_that_does_not_tell_its_terms_is_refused(selector: Any) -> None:
    expected = r"^cost is a CostTable of order 2 \(limit: a LocalCost or a PauliZCost\)$"
    with pytest.raises(TypeError, match=expected):
        run(selector, CostTable(np.arange(4.0), 2), rng=generator())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"kick": 0}, r"^kick=0 is too small"),
        ({"kick": 5}, r"^kick=5 is too large \(limit: 4\)$"),
        ({"rounds": -1}, r"^rounds=-1 is too small"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        run(partition_crossover_search, nk_cost(4, 2, seed=0), rng=generator(), **options)
