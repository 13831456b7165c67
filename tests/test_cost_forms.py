"""Polynomial and local costs: the same costs as their tables, and as dimod and Cirq see them."""

from __future__ import annotations

import tracemalloc
from typing import Any

import cirq
import dimod
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_cases import load_cases
from strategies import cost_tables, generators

from labkit.costs import (
    CostTable,
    LocalCost,
    PauliZCost,
    from_dimod,
    to_binary_polynomial,
    to_bqm,
)
from labkit.costs.spectrum import walsh_hadamard
from labkit.masks import all_masks


def random_table(n: int, rng: np.random.Generator) -> CostTable:
    return CostTable(rng.normal(size=2**n), n)


def random_polynomial(n: int, rng: np.random.Generator, *, highest: int = 4) -> PauliZCost:
    sets = [rng.permutation(n)[: rng.integers(0, min(n, highest) + 1)] for _ in range(2 * n)]
    return PauliZCost({tuple(s.tolist()): float(rng.normal()) for s in sets}, n)


def random_local(n: int, rng: np.random.Generator) -> LocalCost:
    sets = [tuple(rng.permutation(n)[: rng.integers(0, min(n, 4) + 1)].tolist()) for _ in range(n)]
    return LocalCost([(s, rng.normal(size=2 ** len(s))) for s in sets], n)


def by_hand(cost: PauliZCost, masks: Any) -> Any:
    """sum_S c_S prod z_j, one mask and one term at a time."""
    return [
        sum(c * np.prod([1 - 2 * int(mask[j]) for j in s]) for s, c in cost.terms.items())
        for mask in masks
    ]


# Polynomials


@pytest.mark.parametrize("case", load_cases("pauli_z"))
def test_a_table_has_the_expansion_of_the_reference(case: dict[str, Any]) -> None:
    table = CostTable(case["costs"], case["n_neurons"])
    cost = PauliZCost.from_table(table)
    expected = {tuple(neurons): c for neurons, c in case["terms"]}
    assert cost.terms.keys() == expected.keys()
    for neurons, coefficient in expected.items():
        assert cost.terms[neurons] == pytest.approx(coefficient, abs=1e-9)
    np.testing.assert_allclose(cost.to_table().costs, table.costs, atol=1e-9)


@given(st.integers(1, 7), generators)
def test_a_polynomial_is_the_sum_of_its_terms(n: int, rng: np.random.Generator) -> None:
    cost = random_polynomial(n, rng)
    np.testing.assert_allclose(cost.evaluate(all_masks(n)), by_hand(cost, all_masks(n)), atol=1e-12)
    np.testing.assert_allclose(cost.to_table().costs, cost.evaluate(all_masks(n)), atol=1e-12)
    assert cost.mean == pytest.approx(cost.to_table().costs.mean())
    assert cost.std == pytest.approx(cost.to_table().costs.std())


@given(cost_tables())
def test_expanding_a_table_and_coming_back_changes_nothing(table: CostTable) -> None:
    cost = PauliZCost.from_table(table)
    np.testing.assert_allclose(cost.to_table().costs, table.costs, atol=1e-12)
    np.testing.assert_allclose(cost.evaluate(all_masks(table.n_neurons)), table.costs, atol=1e-12)


@given(st.integers(1, 6), st.data(), generators)
def test_truncation_is_the_closest_polynomial_of_its_order(
    n: int, data: st.DataObject, rng: np.random.Generator
) -> None:
    highest, table = data.draw(st.integers(0, n)), random_table(n, rng)
    cost = PauliZCost.from_table(table, highest)
    assert cost.order <= highest
    members = [m for m in all_masks(n) if m.sum() <= highest]
    z = 1 - 2 * all_masks(n).astype(float)
    products = np.array([z[:, m].prod(axis=1) for m in members]).T
    best, *_ = np.linalg.lstsq(products, table.costs, rcond=None)
    np.testing.assert_allclose(cost.to_table().costs, products @ best, atol=1e-9)


def test_a_cost_of_pairs_is_recognised_as_one_whatever_its_rounding() -> None:
    rng = np.random.default_rng(0)
    pairs = random_polynomial(10, rng, highest=2)
    found = PauliZCost.from_table(pairs.to_table())
    assert found.order == pairs.order == 2
    assert found.terms.keys() == pairs.terms.keys()


@given(st.integers(1, 5), generators)
def test_the_hamiltonian_has_the_costs_on_its_diagonal(n: int, rng: np.random.Generator) -> None:
    cost, qubits = random_polynomial(n, rng), cirq.LineQubit.range(n)
    matrix = cost.to_pauli_sum(qubits).matrix(qubits)
    np.testing.assert_allclose(matrix, np.diag(cost.to_table().costs), atol=1e-9)


@given(st.integers(1, 8), generators)
def test_the_transform_is_the_product_with_the_matrix_of_signs(
    n: int, rng: np.random.Generator
) -> None:
    values, masks = rng.normal(size=2**n), all_masks(n).astype(int)
    given_values = values.copy()
    np.testing.assert_allclose(walsh_hadamard(values), (-1.0) ** (masks @ masks.T) @ values)
    np.testing.assert_array_equal(values, given_values)


@pytest.mark.parametrize("n", [14, 15, 17])
def test_the_transform_of_many_values_is_right_wherever_it_is_looked_at(n: int) -> None:
    rng = np.random.default_rng(n)
    values, indices = rng.normal(size=2**n), np.arange(2**n)
    found = walsh_hadamard(values)
    for s in [0, 1, 2**n - 1, *rng.integers(0, 2**n, 20).tolist()]:
        signs = 1 - 2 * (np.bitwise_count(indices & s) % 2.0)
        assert found[s] == pytest.approx(signs @ values, abs=1e-9)
    np.testing.assert_allclose(walsh_hadamard(found) / 2**n, values, atol=1e-13)


@pytest.mark.parametrize("form", ["polynomial", "local"])
def test_a_table_is_made_in_little_more_memory_than_it_takes(form: str) -> None:
    local = LocalCost([((i, (i + 8) % 18), np.arange(4.0) ** 2) for i in range(18)], 18)
    cost = local if form == "local" else local.to_pauli_z()
    tracemalloc.start()
    try:
        cost.to_table()
        assert tracemalloc.get_traced_memory()[1] < 1.5 * 8 * 2**18
    finally:
        tracemalloc.stop()


def test_a_polynomial_whose_costs_no_float_holds_has_no_table() -> None:
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=r"^costs holds a value"):
        PauliZCost({(): 1.5e308, (0,): 1.5e308}, 2).to_table()


def test_terms_given_in_another_order_are_one_term() -> None:
    cost = PauliZCost({(2, 0): 1.0, (0, 2): 0.5, (): 2}, 3)
    assert dict(cost.terms) == {(): 2.0, (0, 2): 1.5}
    assert cost.order == 2
    with pytest.raises(TypeError):
        cost.terms[0,] = 1.0  # type: ignore[index]


def test_no_terms_cost_nothing() -> None:
    for cost in (PauliZCost({}, 3), LocalCost([], 3)):
        assert cost.order == 0
        assert cost.mean == cost.std == 0
        np.testing.assert_array_equal(cost.evaluate(all_masks(3)), np.zeros(8))
        np.testing.assert_array_equal(cost.to_table().costs, np.zeros(8))


# dimod


@given(st.integers(1, 6), generators)
def test_dimod_gives_each_mask_its_cost(n: int, rng: np.random.Generator) -> None:
    cost, masks = random_polynomial(n, rng, highest=2), all_masks(n).astype(np.int8)
    bqm, names = to_bqm(cost), [*range(n)]
    costs = cost.evaluate(masks)
    np.testing.assert_allclose(bqm.energies((2 * masks - 1, names)), costs, atol=1e-9)
    np.testing.assert_allclose(bqm.binary.energies((masks, names)), costs, atol=1e-9)
    higher = random_polynomial(n, rng)
    polynomial = to_binary_polynomial(higher)
    energies = polynomial.energies((2 * masks - 1, names))
    np.testing.assert_allclose(energies, higher.evaluate(masks), atol=1e-9)


@given(st.integers(1, 6), generators)
def test_a_cost_comes_back_from_dimod_as_it_went(n: int, rng: np.random.Generator) -> None:
    pairs, higher = random_polynomial(n, rng, highest=2), random_polynomial(n, rng)
    bqm, polynomial = to_bqm(pairs), to_binary_polynomial(higher)
    for model in (bqm, bqm.change_vartype("BINARY", inplace=False)):
        expected = pairs.to_table().costs
        np.testing.assert_allclose(from_dimod(model).to_table().costs, expected, atol=1e-9)
    for model in (polynomial, polynomial.to_binary(copy=True)):
        expected = higher.to_table().costs
        np.testing.assert_allclose(from_dimod(model).to_table().costs, expected, atol=1e-9)


def test_the_mask_that_a_dimod_solver_finds_is_the_best_one() -> None:
    cost = random_polynomial(8, np.random.default_rng(1), highest=2)
    best = dimod.ExactSolver().sample(to_bqm(cost).binary).first
    mask = [best.sample[j] for j in range(8)]
    assert float(cost.evaluate(mask)) == pytest.approx(cost.to_table().minimum)


def test_a_model_of_fewer_variables_is_a_cost_of_as_many_neurons_as_asked() -> None:
    model = dimod.BinaryQuadraticModel({0: 1.0}, {}, 0.0, "BINARY")
    assert from_dimod(model, 3).n_neurons == 3
    np.testing.assert_allclose(from_dimod(model, 2).to_table().costs, [0, 0, 1, 1])


# Local costs


@pytest.mark.parametrize("case", load_cases("local_cost"))
def test_local_costs_agree_with_the_reference(case: dict[str, Any]) -> None:
    n = case["n_neurons"]
    cost = LocalCost([(tuple(s), values) for s, values in case["terms_divided_by_n"]], n)
    table = cost.to_table()
    assert table.minimum == pytest.approx(case["minimum"], abs=1e-9)
    assert int(table.costs.argmin()) == case["argmin"]
    if case["table"] is not None:
        np.testing.assert_allclose(table.costs, case["table"], atol=1e-9)
    np.testing.assert_allclose(cost.evaluate(all_masks(n)), table.costs, atol=1e-12)


@given(st.integers(1, 7), generators)
def test_a_local_cost_is_the_sum_of_what_its_small_tables_say(
    n: int, rng: np.random.Generator
) -> None:
    cost = random_local(n, rng)
    expected = [
        sum(values[int("".join(str(int(m[j])) for j in s) or "0", 2)] for s, values in cost.terms)
        for m in all_masks(n)
    ]
    np.testing.assert_allclose(cost.evaluate(all_masks(n)), expected, atol=1e-12)
    np.testing.assert_allclose(cost.to_table().costs, expected, atol=1e-12)
    np.testing.assert_allclose(cost.to_pauli_z().to_table().costs, expected, atol=1e-12)
    assert cost.mean == pytest.approx(np.mean(expected))
    assert cost.std == pytest.approx(np.std(expected))
    assert cost.to_pauli_z().order <= cost.order


@pytest.mark.parametrize("n", [7, 8, 9, 12, 17])
@pytest.mark.parametrize("order", [1, 3, 7])
def test_the_table_of_many_terms_is_the_cost_of_every_mask(n: int, order: int) -> None:
    rng = np.random.default_rng(n + order)
    random = [rng.permutation(n)[:order].tolist() for _ in range(20)]
    ring = [[(i + j) % n for j in range(order)] for i in range(n)]
    few = [[], [n - 1], [0, n - 1]]
    sets = [tuple(s) for s in (*random, *ring, *few)]
    cost = LocalCost([(s, rng.normal(size=2 ** len(s))) for s in sets], n)
    expected = cost.evaluate(all_masks(n))
    np.testing.assert_allclose(cost.to_table().costs, expected, atol=1e-12)


def test_a_term_over_all_neurons_has_a_table_too() -> None:
    rng = np.random.default_rng(0)
    cost = LocalCost([((0, 9), rng.normal(size=4)), (tuple(range(12)), rng.normal(size=2**12))], 12)
    np.testing.assert_allclose(cost.to_table().costs, cost.evaluate(all_masks(12)), atol=1e-12)


@given(st.integers(1, 6), generators)
def test_masks_may_come_in_any_shape(n: int, rng: np.random.Generator) -> None:
    masks = rng.random((2, 3, n)) < 0.5
    for cost in (random_table(n, rng), random_polynomial(n, rng), random_local(n, rng)):
        costs = cost.evaluate(masks)
        assert costs.shape == (2, 3)
        assert cost.evaluate(masks[1, 2]).shape == ()
        assert float(cost.evaluate(masks[1, 2])) == pytest.approx(costs[1, 2])
        assert cost.evaluate(masks[:0]).shape == (0, 3)


def test_what_a_caller_changes_later_does_not_change_a_cost() -> None:
    values = np.zeros(4)
    cost = LocalCost([((0, 1), values)], 2)
    values[:] = 1
    assert float(cost.evaluate("11")) == 0
    with pytest.raises(ValueError, match="read-only"):
        cost.terms[0][1][0] = 1


def test_a_thousand_neurons_need_no_table() -> None:
    rng = np.random.default_rng(0)
    ring = [((i, (i + 1) % 1000), rng.normal(size=4)) for i in range(1000)]
    cost = LocalCost(ring, 1000)
    masks = rng.random((20, 1000)) < 0.5
    np.testing.assert_allclose(cost.to_pauli_z().evaluate(masks), cost.evaluate(masks))
