"""What is equal, met, constant or found is the same in every unit, and with any constant added."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import dimod
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import generators

from labkit.ansatz import ramp_angles
from labkit.arrays import BoolArray, FloatArray
from labkit.circuits.qaoa import qaoa_circuit
from labkit.costs import (
    EQUAL_WITHIN,
    Cost,
    CostTable,
    FunctionCost,
    LocalCost,
    PauliZCost,
    equal_within,
    from_dimod,
    penalised,
)
from labkit.masks import all_masks
from labkit.scoring import score_contributions
from labkit.selectors import (
    adaptive_grover,
    classical,
    dynamic_programming,
    grover_search,
    local_selection,
    one_flip_search,
    queries_to_optimum,
    random_search,
    run,
    simulated_annealing,
)
from labkit.selectors.qaoa import optimise_angles
from labkit.selectors.selection import WrongCostError
from labkit.simulators import (
    evolve_qaoa,
    final_state,
    light_cone_expectation,
    noisy_light_cone_expectation,
    qaoa_expectation,
    qaoa_value_and_gradient,
)

units = st.one_of(
    st.sampled_from([1.0, 1234.567, 1.602e-19, 1e19, 0.1, 1 / 3]),
    st.floats(1e-19, 1e19, allow_subnormal=False),
)


def random_qubo(seed: int, n: int, unit: float) -> PauliZCost:
    """x . Q x with whole coefficients, so that masks tie, in a unit."""
    rng = np.random.default_rng(seed)
    q = {
        (i, j): int(rng.integers(-9, 10)) * unit
        for i in range(n)
        for j in range(i, n)
        if rng.random() < 0.6
    }
    return from_dimod(dimod.BQM.from_qubo(q), n_neurons=n)


def named_qubo(seed: int, n: int, unit: float) -> PauliZCost:
    """The same kind of cost, from a mapping of named variables."""
    rng = np.random.default_rng(seed)
    values = rng.integers(-9, 10, (n, n)) * unit
    q = {(f"x{i}", f"x{j}"): values[i, j] for i in range(n) for j in range(i, n)}
    return PauliZCost.from_qubo(q)


def random_local(seed: int, n: int, unit: float) -> LocalCost:
    """A ring of tables of whole tenths, so that masks tie, in a unit."""
    rng = np.random.default_rng(seed)
    terms = [((j, (j + 1) % n), unit * (rng.integers(-9, 10, 4) / 10)) for j in range(n)]
    return LocalCost(terms, n)


def choose_k(n: int, k: int, penalty: float, seed: int) -> PauliZCost:
    """-values . x + penalty (sum x - k)^2, as a choice of k features is written."""
    rng = np.random.default_rng(seed)
    model = dimod.BQM("BINARY")
    for i in range(n):
        model.add_linear(i, -float(rng.random()) + penalty * (1 - 2 * k))
        for j in range(i):
            model.add_quadratic(i, j, float(rng.random()) / n + 2 * penalty)
    model.offset += penalty * k * k
    return from_dimod(model)


def ranks(table: CostTable) -> list[int]:
    """Of all masks."""
    return [table.rank(mask) for mask in all_masks(table.n_neurons)]


# Equal


@pytest.mark.parametrize(("seed", "optima"), [(5, 2), (24, 3)])
@pytest.mark.parametrize("unit", [1.0, 1234.567, 1.602e-19])
def test_ties_of_a_qubo_are_found_in_every_unit(seed: int, optima: int, unit: float) -> None:
    table = random_qubo(seed, 8, unit).to_table()
    assert len(table.optimal_masks()) == optima
    found = run(grover_search, table, rng=np.random.default_rng(1))
    assert table.rank(found.neuron_mask) == 1
    met = run(random_search, table, rng=np.random.default_rng(1), target_cost=table.minimum)
    assert table.rank(met.neuron_mask) == 1


@given(
    st.integers(0, 2**32),
    st.integers(1, 7),
    units,
    st.sampled_from([random_qubo, random_local, named_qubo]),
)
def test_all_ranks_are_those_of_the_unit_1(
    seed: int, n: int, unit: float, make: Callable[[int, int, float], Any]
) -> None:
    n = max(n, 2)
    expected = ranks(make(seed, n, 1.0).to_table())
    scaled = make(seed, n, unit)
    assert ranks(scaled.to_table()) == expected
    by_hand = CostTable(scaled.evaluate(all_masks(n)), n)  # nobody knows from which terms
    assert ranks(by_hand) == expected


@given(st.integers(0, 2**32), units)
def test_a_cost_of_ones_own_and_tables_of_a_qubo_have_its_optima_in_every_unit(
    seed: int, unit: float
) -> None:
    qubo = named_qubo(seed, 6, unit)
    table, rng = qubo.to_table(), np.random.default_rng(seed)
    own = FunctionCost(qubo.evaluate, 6)
    assert own.takes_batches
    for search, cost in [(random_search, own), (dynamic_programming, qubo.to_local())]:
        found = run(search, cost, rng=rng, target_cost=table.minimum)
        assert table.rank(found.neuron_mask) == 1
    assert ranks(own.to_table()) == ranks(table) == ranks(qubo.to_local().to_table())


@given(st.integers(0, 2**32), units, st.floats(-1e6, 1e6))
def test_a_constant_merges_no_levels_that_its_rounding_leaves_apart(
    seed: int, unit: float, offset: float
) -> None:
    levels = np.random.default_rng(seed).integers(0, 9, 2**5) / 8
    plain, shifted = CostTable(unit * levels, 5), CostTable(unit * (levels + offset), 5)
    assert ranks(shifted) == ranks(plain)


def test_levels_a_hundred_millionth_apart_are_told_apart_beside_a_million() -> None:
    table = CostTable(1e6 + 1e-8 * np.array([3.0, 1, 2, 1]), 2)
    assert ranks(table) == [4, 1, 3, 1]


def test_forbidden_masks_of_a_huge_cost_make_no_others_equal() -> None:
    table = CostTable(np.array([1e30, 0.3, 0.2, 0.1 + 0.2, 0.2 + 1e-12, 5, 1e30, 7]), 3)
    assert ranks(table) == [7, 3, 1, 3, 2, 5, 7, 6]


def test_a_penalty_leaves_apart_what_its_table_tells_apart() -> None:
    table = CostTable(np.arange(16) / 16 + 0.0, 4)
    heavy = penalised(table, 2, 1e14)
    assert len(heavy.optimal_masks()) == 1
    assert heavy.optimal_masks()[0].tolist() == [False, False, True, True]


@given(st.integers(0, 2**32), units)
def test_equal_within_grows_with_the_unit(seed: int, unit: float) -> None:
    one, scaled = (random_qubo(seed, 5, u) for u in (1.0, unit))
    within = float(equal_within(scaled, 0.0))
    assert within == pytest.approx(unit * float(equal_within(one, 0.0)))
    assert within == EQUAL_WITHIN * sum(map(abs, scaled.terms.values()))


def test_a_cost_of_which_nothing_is_known_is_compared_with_its_own_values() -> None:
    class Third:
        n_neurons = order = 2

    assert equal_within(Third(), [0.0, -4.0, 1e-19]).tolist() == (  # type: ignore[arg-type]
        (EQUAL_WITHIN * np.array([0, 4, 1e-19])).tolist()
    )


@given(units, st.floats(-1e6, 1e6), st.integers(1, 6))
def test_a_constant_cost_has_no_spread(unit: float, constant: float, n: int) -> None:
    same = [((0,), np.full(2, 0.1)), ((0,), np.full(2, 0.2)), ((), np.array([constant]))]
    three = LocalCost(same, n)
    costs = unit * three.to_table().costs
    assert CostTable(costs, n).std == 0
    rise, fall = unit * np.array([0.1, 0.3]), unit * np.array([0, -0.2])
    assert LocalCost([((0,), rise), ((0,), fall)], n).std == 0


@given(st.integers(0, 2**32), st.integers(2, 8))
def test_masks_that_differ_in_neurons_without_weight_tie(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    t = rng.normal(size=(20, n)) * 10.0 ** rng.integers(-3, 2)
    t[:, -1] = t[:, 0]  # either of two equal neurons
    for cost in ("cross_entropy", "squared_error", "error_rate"):
        table = score_contributions(t, rng.integers(0, 2, 20), cost=cost)
        masks = all_masks(n)
        swapped = masks.copy()
        swapped[:, [0, -1]] = masks[:, [-1, 0]]
        assert [*map(table.rank, masks)] == [*map(table.rank, swapped)]


# Met, and at its end


SEARCHES: list[tuple[Any, dict[str, Any]]] = [
    (random_search, {}),
    (one_flip_search, {"restarts": 3}),
    (simulated_annealing, {}),
    (classical.swap_search, {"n_active": 3, "max_cost_queries": 200}),
    (local_selection, {"block_size": 3}),
    (local_selection, {"block_size": 2, "inner": adaptive_grover}),
    (adaptive_grover, {}),
]


@pytest.mark.parametrize(("selector", "options"), SEARCHES)
@given(seed=st.integers(0, 50), unit=units, make=st.sampled_from([random_qubo, random_local]))
def test_a_search_ends_at_the_same_level_in_every_unit(
    selector: Any, options: dict[str, Any], seed: int, unit: float, make: Any
) -> None:
    costs: tuple[Cost, ...] = make(seed, 7, 1.0), make(seed, 7, unit)
    for chosen in (costs, tuple(cost.to_table() for cost in costs)):
        one, other = (run(selector, c, rng=np.random.default_rng(1), **options) for c in chosen)
        assert other.ledger.cost_queries == one.ledger.cost_queries
        scale = unit * costs[0].magnitude  # type: ignore[attr-defined]
        assert abs(other.cost - unit * one.cost) <= 1e-12 * scale


@given(seed=st.integers(0, 50), unit=units)
def test_a_target_is_met_in_every_unit(seed: int, unit: float) -> None:
    for cost in (random_qubo(seed, 7, unit), random_local(seed, 7, unit)):
        table = cost.to_table()
        found = run(random_search, cost, rng=np.random.default_rng(0), target_cost=table.minimum)
        assert table.rank(found.neuron_mask) == 1
    queries = queries_to_optimum(random_search, [table], rng=np.random.default_rng(0))
    assert 1 <= queries[0] <= 2**7


# A result is never lost


@pytest.mark.parametrize("penalty", [1e3, 1e6, 1e8])
@pytest.mark.parametrize(
    ("selector", "options"),
    [(local_selection, {"block_size": 5}), (random_search, {"max_cost_queries": 2000})],
)
def test_a_large_penalty_ends_no_search(
    selector: Any, options: dict[str, Any], penalty: float
) -> None:
    for seed in range(4):
        cost = choose_k(40, 13, penalty, seed)
        found = run(selector, cost, rng=np.random.default_rng(seed), **options)
        again = float(cost.evaluate(found.neuron_mask))
        assert abs(found.cost - again) <= 1e-15 * sum(map(abs, cost.terms.values()))


class SinglePrecision:
    """A cost as a network on a graphics card computes it: batches are added up another way."""

    n_neurons = order = 12

    def evaluate(self, neuron_masks: npt.ArrayLike) -> FloatArray:
        masks = np.asarray(neuron_masks, dtype=np.float32)
        costs = masks @ np.linspace(-3e4, 3e4, 12, dtype=np.float32)
        return np.asarray(costs * np.float32(1 + 1e-6 * (masks.ndim > 1)), dtype=np.float64)

    def to_table(self) -> CostTable:
        raise NotImplementedError


def test_a_cost_in_single_precision_ends_no_search() -> None:
    found = run(random_search, SinglePrecision(), rng=np.random.default_rng(0))
    assert found.cost == pytest.approx(SinglePrecision().evaluate(found.neuron_mask), rel=1e-5)


def test_what_a_refused_selector_found_is_in_the_error() -> None:
    def liar(meter: Any, *, rng: np.random.Generator) -> None:
        meter.evaluate("01")
        meter.best_cost = -1.0

    with pytest.raises(WrongCostError, match=r"^selector liar states -1\.0, it is 0\.2") as error:
        run(liar, CostTable(np.array([0.7, 0.2, 0.9, 0.4]), 2), rng=np.random.default_rng(0))
    elsewhere = pickle.loads(pickle.dumps(error.value))  # as from a process of a sweep
    assert str(elsewhere) == str(error.value)
    for refused in (error.value, elsewhere):
        assert refused.selection.mask_string == "01"
        assert refused.selection.cost == 0.2


# Constants in QAOA


def forms(table: CostTable, offset: float) -> list[Cost]:
    """A cost plus a constant, as a table, a polynomial, and local tables."""
    n, polynomial = table.n_neurons, PauliZCost.from_table(table)
    shifted = dict(polynomial.terms) | {(): polynomial.mean + offset}
    half = ((*range(n),), table.costs + offset / 2)
    return [
        CostTable(table.costs + offset, n),
        PauliZCost(shifted, n),
        LocalCost([half, ((), np.array([offset / 2]))], n),
    ]


MIXERS: list[dict[str, Any]] = [
    {"mixer": "x"},
    {"mixer": "grover"},
    {"mixer": "grover", "n_active": 2},
    {"mixer": "ring", "n_active": 3},
]


@pytest.mark.parametrize("mixing", MIXERS)
@pytest.mark.parametrize("n", [4, 7])
@given(
    rng=generators,
    size=st.floats(0, 8),
    sign=st.sampled_from([-1, 1]),
    unit=units,
    dtype=st.sampled_from(["complex64", "complex128"]),
)
def test_a_constant_changes_no_gradient(
    mixing: dict[str, Any],
    n: int,
    rng: np.random.Generator,
    size: float,
    sign: int,
    unit: float,
    dtype: str,
) -> None:
    table = CostTable(rng.normal(size=2**n), n)
    gammas, betas = ramp_angles(3, n, std=table.std)
    right = qaoa_value_and_gradient(table, gammas, betas, dtype="complex128", **mixing)
    scaled, offset = CostTable(unit * table.costs, n), unit * sign * 10**size
    rounding = 1e-14 * 10**size
    tolerance = (3e-5 if dtype == "complex64" else 1e-10) + 30 * rounding
    for cost in forms(scaled, offset):
        value, *gradient = qaoa_value_and_gradient(
            cost, gammas / unit, betas, dtype=dtype, **mixing
        )
        assert abs((value - offset) / unit - right[0]) < tolerance
        assert np.abs(gradient[0] / unit**2 - right[1]).max() < tolerance * n
        assert np.abs(gradient[1] / unit - right[2]).max() < tolerance * n
        mean = qaoa_expectation(cost, gammas / unit, betas, dtype=dtype, **mixing)
        assert abs((mean - offset) / unit - right[0]) < tolerance


@pytest.mark.parametrize("offset", [0, 1e4, 1e6, 1e8])
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_the_gradient_beside_a_large_constant(offset: float, dtype: str) -> None:
    costs = np.random.default_rng(0).normal(size=2**8)
    angles = ramp_angles(3, 8, std=costs.std())
    came = qaoa_value_and_gradient(CostTable(costs + offset, 8), *angles, dtype=dtype)[1]
    np.testing.assert_allclose(came, [-0.12511, 0.81572, 0.16539], atol=2e-5)


@pytest.mark.parametrize("n", [4, 7])
@pytest.mark.parametrize("offset", [3.0, 40.0, 1e3])
def test_a_state_keeps_the_phase_of_a_constant(n: int, offset: float) -> None:
    table = CostTable(np.random.default_rng(1).normal(size=2**n), n)
    gammas, betas = np.array([0.3, -0.2, 0.5]), np.array([0.4, 0.1, 0.2])
    expected = evolve_qaoa(table, gammas, betas, dtype="complex128")
    expected = expected * np.exp(-1j * offset * gammas.sum())
    for cost in forms(table, offset):
        for dtype in ("complex64", "complex128"):
            came = evolve_qaoa(cost, gammas, betas, dtype=dtype)
            assert came.dtype == dtype
            np.testing.assert_allclose(came, expected, atol=3e-6)


@pytest.mark.parametrize("offset", [1e6, -1e8])
def test_a_constant_changes_no_circuit_but_for_its_phase(offset: float) -> None:
    table = CostTable(np.random.default_rng(1).normal(size=2**3), 3)
    angles = np.array([0.3, -0.2]), np.array([0.4, 0.1])
    expected = np.abs(evolve_qaoa(table, *angles, dtype="complex128")) ** 2
    for cost in forms(table, offset):
        state = final_state(qaoa_circuit(cost, *angles))
        np.testing.assert_allclose(np.abs(state) ** 2, expected, atol=1e-5)


@pytest.mark.parametrize("offset", [1e6, -1e8])
def test_a_constant_changes_no_expectation_of_a_light_cone(offset: float) -> None:
    local, angles = random_local(3, 7, 1.0), (np.array([0.3, -0.2]), np.array([0.4, 0.1]))
    shifted = LocalCost([(s, values + offset) for s, values in local.terms], 7)
    right = light_cone_expectation(local, *angles)
    came = light_cone_expectation(shifted, *angles) - 7 * offset
    assert abs(came - right) <= 1e-14 * abs(offset)
    noise = {"two_qubit_error": 0.01}
    right = noisy_light_cone_expectation(local, *angles, **noise)
    came = noisy_light_cone_expectation(shifted, *angles, **noise) - 7 * offset
    assert abs(came - right) <= 1e-14 * abs(offset)


@given(unit=units, offset=st.floats(-1e5, 1e5), seed=st.integers(0, 20))
def test_trained_angles_do_not_see_a_constant_nor_the_unit(
    unit: float, offset: float, seed: int
) -> None:
    table = CostTable(np.random.default_rng(seed).normal(size=2**4), 4)
    start = ramp_angles(2, 4, std=1.0)
    expected = np.concatenate(optimise_angles(table, start, evaluations=8))
    shifted = CostTable(unit * (table.costs + offset), 4)
    came = np.concatenate(optimise_angles(shifted, start, evaluations=8))
    np.testing.assert_allclose(came, expected, atol=1e-4)


def test_a_huge_cost_of_few_masks_leaves_the_phases_of_the_others() -> None:
    costs = np.append(np.random.default_rng(2).normal(size=2**6 - 1), 1e18)
    kept: BoolArray = np.arange(2**6) < 2**6 - 1
    state = evolve_qaoa(CostTable(costs, 6), [0.7], [0.0], dtype="complex128")
    np.testing.assert_allclose(state[kept], np.exp(-0.7j * costs[kept]) / 8, atol=1e-12)


def test_the_offset_is_what_is_large_beside_the_spread() -> None:
    rng = np.random.default_rng(0)
    costs = rng.normal(size=16)
    assert CostTable(costs, 4).offset == 0
    table = CostTable(costs, 4)
    assert table.centred is table
    assert CostTable(costs + 100, 4).offset == pytest.approx(100 + costs.mean())
    assert abs(CostTable(costs + 100, 4).centred.mean) < 1e-12
