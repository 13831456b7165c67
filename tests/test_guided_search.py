"""Binary weights: their cost, and a search whose surest signs a guide fixes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_cases import load_cases
from strategies import cost_tables

from labkit.costs import CostTable, PauliZCost
from labkit.masks import all_masks
from labkit.neighbours.linear_systems import normal_equations
from labkit.scoring import sign_cost
from labkit.selectors import exhaustive, guided_search, one_flip_search, random_search, run

CASES = load_cases("neighbours/binary_weights_public")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("case", CASES)
def test_the_cost_of_signs_is_that_of_the_reference(case: dict[str, Any]) -> None:
    cost = sign_cost(case["features"], case["y"], scale=case["scale"])
    assert cost.order == 2
    np.testing.assert_allclose(cost.to_table().costs, case["costs"], atol=1e-9)
    assert cost.mean == pytest.approx(case["constant"], abs=1e-9)
    fields = [cost.terms.get((j,), 0.0) for j in range(cost.n_neurons)]
    np.testing.assert_allclose(fields, case["h"], atol=1e-9)
    for i, j, coupling in case["J"]:
        assert cost.terms.get((i, j), 0.0) == pytest.approx(coupling, abs=1e-9)
    best = 1 - 2 * all_masks(cost.n_neurons)[cost.to_table().costs.argmin()].astype(int)
    assert best.tolist() in case["optima"]


@pytest.mark.parametrize("kind", ["least_squares", "correlation"])
@pytest.mark.parametrize("case", CASES)
def test_a_guided_search_asks_and_finds_what_the_reference_does(
    case: dict[str, Any], kind: str
) -> None:
    cost = sign_cost(case["features"], case["y"], scale=case["scale"])
    g, b = normal_equations(case["features"], case["y"], ridge=case["ridge"])
    guide = np.linalg.solve(g, b) if kind == "least_squares" else np.array(case["b"])
    for expected in case["guided"][kind]:
        found = run(guided_search, cost, rng=rng(), guide=guide, n_fixed=expected["n_fixed"])
        assert found.ledger.cost_queries == expected["queries"]
        assert found.cost == pytest.approx(expected["cost"], abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 9))
def test_the_cost_of_signs_is_the_squared_error_by_loops(seed: int, n: int, m: int) -> None:
    x, scale = rng(seed).normal(size=(m, n)), float(rng(seed).uniform(0.1, 2))
    y = rng(seed).choice([-1, 1], size=m)
    costs = sign_cost(x, y, scale=scale).evaluate(all_masks(n))
    for mask, cost in zip(all_masks(n), costs, strict=True):
        outputs = scale * x @ np.where(mask, -1, 1)
        assert cost == pytest.approx(np.mean((y - outputs) ** 2))
    np.testing.assert_allclose(sign_cost(x, (y + 1) / 2, scale=scale).evaluate(all_masks(n)), costs)


@settings(max_examples=30, deadline=None)
@given(cost_tables(max_n=5), st.data())
def test_the_best_mask_with_the_surest_signs_of_the_guide_is_found(
    table: CostTable, data: st.DataObject
) -> None:
    n = table.n_neurons
    guide = np.array(data.draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n)))
    n_fixed = data.draw(st.integers(0, n))
    surest = sorted(range(n), key=lambda j: -abs(guide[j]))[:n_fixed]
    agrees = (all_masks(n)[:, surest] == (guide < 0)[surest]).all(axis=1)
    found = run(guided_search, table, rng=rng(), guide=guide, n_fixed=n_fixed)
    assert found.cost == table.costs[agrees].min()
    assert found.ledger.cost_queries == 2 ** (n - n_fixed)
    assert (found.neuron_mask[surest] == (guide < 0)[surest]).all()


def test_any_selector_searches_the_rest_under_the_same_budget() -> None:
    cost = PauliZCost({(j, k): 1.0 for j in range(6) for k in range(j)}, 6)
    options: dict[str, Any] = {"rng": rng(), "guide": np.arange(6) - 2.5, "n_fixed": 2}
    found = run(guided_search, cost, inner=random_search, max_cost_queries=5, **options)
    assert found.ledger.cost_queries == 5
    found = run(
        guided_search, cost, inner=one_flip_search, inner_options={"restarts": 1}, **options
    )
    assert found.cost == run(exhaustive, cost, rng=rng()).cost


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"guide": [1.0]}, r"guide has shape \(1,\); it must be \(2,\)"),
        ({"guide": [1.0, np.nan]}, "guide holds a value that is not finite"),
        ({"guide": "ab"}, "guide='ab' is not an array of numbers"),
        ({"n_fixed": 3}, "n_fixed=3 is too large"),
        ({"n_fixed": -1}, "n_fixed=-1 is too small"),
        ({"inner": "exhaustive"}, "inner='exhaustive' is not a selector"),
        ({"inner_options": {"restarts": 1}}, "inner exhaustive.* cannot be called"),
    ],
)
def test_a_guide_that_does_not_fit_is_refused(options: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"guide": [1.0, -1.0], "n_fixed": 1} | options
    with pytest.raises((ValueError, TypeError), match=f"^{message}"):
        run(guided_search, CostTable(np.arange(4.0), 2), rng=rng(), **given)


@pytest.mark.parametrize(
    ("features", "y", "scale", "message"),
    [
        ([1.0], [1], 1.0, r"features has shape \(1,\); it must be \(samples, n\)"),
        ([[1.0]], [1, 1], 1.0, "y "),
        ([[1.0]], [7], 1.0, "y"),
        ([[1.0]], [1], 0.0, "scale=0.0 is not a finite number above 0"),
        ([[np.inf]], [1], 1.0, "features holds a value that is not finite"),
        (np.broadcast_to(0.0, (1, 10**6)), [1], 1.0, "n_neurons=1000000 needs"),
    ],
)
def test_features_that_have_no_cost_of_signs_are_refused(
    features: Any, y: Any, scale: float, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        sign_cost(features, y, scale=scale)
