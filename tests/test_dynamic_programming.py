"""Dynamic programming finds what enumeration finds, on chains and rings of local terms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_cases import load_cases

from labkit.costs import CostTable, LocalCost, PauliZCost
from labkit.limits import TooLargeError
from labkit.masks import all_masks, mask_to_index
from labkit.selectors import dynamic_programming, one_flip_search, run


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def nk_cost(n: int, k: int, *, cyclic: bool, seed: int = 0, ties: bool = False) -> LocalCost:
    """One term for each window of k neurons, its neurons in a random order."""
    rng, terms = generator(seed), []
    for i in range(n if cyclic else n - k + 1):
        neurons = rng.permutation((i + np.arange(k)) % n).tolist()
        values = rng.integers(0, 3, 2**k) if ties else rng.normal(size=2**k)
        terms.append((tuple(neurons), values.astype(float)))
    return LocalCost(terms, n)


def brute_force_minimum(cost: LocalCost) -> float:
    return float(cost.evaluate(all_masks(cost.n_neurons)).min())


@st.composite
def local_costs(draw: st.DrawFn) -> LocalCost:
    """Terms of any neurons of windows, repeated, of one neuron and of none, chains and rings."""
    n = draw(st.integers(1, 9))
    terms = []
    for _ in range(draw(st.integers(0, 8))):
        start, width = draw(st.integers(0, n - 1)), draw(st.integers(1, n))
        window = [(start + j) % n for j in range(width)]
        neurons = draw(st.lists(st.sampled_from(window), unique=True, max_size=5))
        values = draw(
            st.lists(st.integers(-5, 5), min_size=2 ** len(neurons), max_size=2 ** len(neurons))
        )
        terms.append((tuple(neurons), np.array(values, dtype=float)))
    return LocalCost(terms, n)


@given(local_costs())
def test_the_minimum_is_that_of_every_mask(cost: LocalCost) -> None:
    selection = run(dynamic_programming, cost, rng=generator())
    assert selection.cost == brute_force_minimum(cost)
    assert selection.cost == cost.evaluate(selection.neuron_mask)


@given(st.integers(1, 16), st.integers(1, 5), st.booleans(), st.booleans(), st.integers(0, 99))
def test_nk_costs_reach_the_minimum_of_every_mask(
    n: int, k: int, cyclic: bool, ties: bool, seed: int
) -> None:
    cost = nk_cost(n, min(k, n), cyclic=cyclic, seed=seed, ties=ties)
    selection = run(dynamic_programming, cost, rng=generator())
    assert selection.cost == pytest.approx(brute_force_minimum(cost), abs=1e-12)


@pytest.mark.parametrize("n", range(1, 9))
def test_windows_may_be_as_wide_as_the_ring(n: int) -> None:
    for k in range(1, n + 1):
        for cyclic in (False, True):
            cost = nk_cost(n, k, cyclic=cyclic, seed=10 * n + k)
            selection = run(dynamic_programming, cost, rng=generator())
            assert selection.cost == pytest.approx(brute_force_minimum(cost), abs=1e-12)


@pytest.mark.parametrize("case", load_cases("local_cost"))
def test_the_reference_minimum_is_reached(case: dict[str, Any]) -> None:
    terms = [(tuple(neurons), np.array(values)) for neurons, values in case["terms_divided_by_n"]]
    cost = LocalCost(terms, case["n_neurons"])
    selection = run(dynamic_programming, cost, rng=generator())
    assert selection.cost == pytest.approx(case["minimum"], abs=1e-10)
    assert mask_to_index(selection.neuron_mask) == case["argmin"]


def test_a_thousand_neurons_end_below_every_local_minimum_of_one_flip_search() -> None:
    cost = nk_cost(1000, 5, cyclic=True)
    selection = run(dynamic_programming, cost, rng=generator())
    local = run(one_flip_search, cost, rng=generator(), restarts=1)
    assert selection.cost < local.cost
    # no single flip and no flip of two neighbours lowers the cost
    one = np.eye(1000, dtype=bool)
    for flips in (one, one | np.roll(one, 1, axis=1)):
        assert (cost.evaluate(selection.neuron_mask ^ flips) >= selection.cost - 1e-9).all()


def test_on_a_ring_a_planted_minimum_is_found() -> None:
    n, k = 200, 4
    planted = generator(5).random(n) < 0.5
    terms = []
    for i in range(n):
        neurons = tuple(((i + np.arange(k)) % n).tolist())
        values = np.ones(2**k)
        values[int("".join(str(int(planted[j])) for j in neurons), 2)] = 0.0
        terms.append((neurons, values))
    selection = run(dynamic_programming, LocalCost(terms, n), rng=generator())
    assert selection.cost == 0
    np.testing.assert_array_equal(selection.neuron_mask, planted)


def test_a_far_pair_costs_no_more_than_its_reach_around_the_ring() -> None:
    # neurons 0 and 59 are neighbours on the ring, 59 apart on the line
    pair = np.array([0.0, 2.0, 2.0, 1.0])
    terms = [((j, (j + 1) % 60), pair) for j in range(60)]
    assert run(dynamic_programming, LocalCost(terms, 60), rng=generator()).cost == 0


def test_terms_of_far_neurons_are_minimised_where_all_masks_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = generator(1)
    terms = [(tuple(rng.permutation(14)[:3].tolist()), rng.normal(size=8)) for _ in range(30)]
    cost = LocalCost(terms, 14)
    minimum = brute_force_minimum(cost)
    # enough for the 2^14 states of an open chain, not for the 2^17 of a ring
    monkeypatch.setattr("labkit.limits.memory_limit", lambda: 2**21)
    assert run(dynamic_programming, cost, rng=rng).cost == pytest.approx(minimum)


def test_one_query_states_the_cost_and_the_local_tables_are_counted_as_passes() -> None:
    ledger = run(dynamic_programming, nk_cost(12, 3, cyclic=True), rng=generator()).ledger
    assert ledger.cost_queries == 1
    assert ledger.forward_passes == 2**3 + 1
    assert ledger.oracle_calls == ledger.circuit_runs == ledger.shots == ledger.cost_layers == 0


@pytest.mark.parametrize(
    "cost", [CostTable(np.arange(8.0), 3), PauliZCost({(0, 1): 1.0, (0, 1, 2): 2.0}, 3)]
)
def test_a_cost_without_local_tables_is_refused(cost: Any) -> None:
    expected = rf"^cost is a {type(cost).__name__} of order 3 \(limit: a LocalCost, "
    with pytest.raises(TypeError, match=expected):
        run(dynamic_programming, cost, rng=generator())


def test_terms_that_join_far_neurons_are_refused_by_their_bandwidth() -> None:
    rng = generator()
    terms = [(tuple(rng.permutation(300)[:3].tolist()), rng.normal(size=8)) for _ in range(300)]
    expected = r"^bandwidth=\d{3} needs .* \(limit: bandwidth=\d\d\)$"
    with pytest.raises(TooLargeError, match=expected):
        run(dynamic_programming, LocalCost(terms, 300), rng=rng)
