"""Langevin chains and chains of masks: reference cases, dense matrices, and exact limits."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_cases import load_cases
from scipy.integrate import trapezoid

from labkit.arrays import FloatArray
from labkit.costs import CostTable, FunctionCost
from labkit.neighbours.sampling import (
    TARGETS,
    gaussian_variance,
    inclusion_probabilities,
    jump_chain_distribution,
    limit_density,
    log_rates,
    mask_posterior,
    sample_langevin,
)
from labkit.selectors import CostMeter
from labkit.selectors.posterior import KINDS, sample_masks_posterior

OF_MASKS = load_cases("neighbours/s16_mask_posterior")
TABLE = CostTable(np.array([0.0, 1.0, 1.0, 0.5]), 2)


class Told(np.random.Generator):
    """A generator whose normal numbers are known before."""

    def __init__(self, numbers: list[float]) -> None:
        super().__init__(np.random.PCG64(0))
        self.left = list(numbers)

    def standard_normal(self, size: Any = None, *_: Any, **__: Any) -> Any:
        """The next number, in an array of this length."""
        return np.full(size, self.left.pop(0))


@pytest.mark.parametrize("case", load_cases("neighbours/s16_trajectory"))
def test_a_chain_goes_where_the_reference_goes(case: dict[str, Any]) -> None:
    options = {"beta": case["beta"], "floor": case["lam"], "correction": case["method"]}
    made = sample_langevin(
        case["target"], step=case["step"], steps=len(case["noise"]), chains=1,
        rng=Told(case["noise"]), starts=[case["start"]], **options,
    )  # fmt: skip
    np.testing.assert_allclose(made.positions[:, 0], case["path"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(made.clocks[:, 0], case["clock"], rtol=1e-9)


@pytest.mark.parametrize("case", load_cases("neighbours/s16_limit_density"))
def test_moments_of_the_limit_density_are_those_of_the_reference(case: dict[str, Any]) -> None:
    edge = TARGETS[case["target"]].edge
    grid = np.linspace(-edge, edge, 60_001)
    density = limit_density(case["target"], grid, floor=case["lam"], power=case["power"])
    mean = trapezoid(grid * density, grid)
    assert mean == pytest.approx(case["mean"], abs=1e-6)
    variance = trapezoid((grid - mean) ** 2 * density, grid)
    assert variance == pytest.approx(case["variance"], abs=1e-6)
    right = grid >= 0
    assert trapezoid(density[right], grid[right]) == pytest.approx(case["p_positive"], abs=1e-6)


@pytest.mark.parametrize("floor", [0.01, 0.1, 1.0, 10.0])
def test_the_variance_of_the_limit_is_that_of_its_density(floor: float) -> None:
    grid = np.linspace(-9, 9, 20_001)
    density = limit_density("gaussian", grid, floor=floor, power=1)
    assert trapezoid(grid**2 * density, grid) == pytest.approx(gaussian_variance(floor), rel=1e-7)


@pytest.mark.parametrize("case", load_cases("neighbours/s16_sgld_gaussian"))
def test_constant_steps_have_the_variance_of_their_recursion(case: dict[str, Any]) -> None:
    made = sample_langevin(
        "gaussian", step=case["step"], steps=100 + int(60 / case["step"]), chains=1000,
        correction="sgld", rng=np.random.default_rng(1),
    )  # fmt: skip
    burn_in = 50 + int(10 / case["step"])
    assert made.variance(burn_in=burn_in) == pytest.approx(case["variance"], rel=0.03)
    assert (made.clocks == 1).all() and made.gradients == made.clocks.size


def over_seeds(correction: str, *, weighted: bool = False) -> FloatArray:
    """Variances at step .003, of ten seeds."""
    return np.array([
        sample_langevin(
            "gaussian", step=0.003, steps=4000, chains=150, correction=correction,
            rng=np.random.default_rng(seed),
        ).variance(burn_in=1000, weighted=weighted)
        for seed in range(10)
    ])  # fmt: skip


def test_small_adaptive_steps_go_to_another_variance_and_clocks_bring_it_back() -> None:
    assert gaussian_variance(0.1) == pytest.approx(1.889, abs=5e-4)
    assert over_seeds("none").mean() == pytest.approx(gaussian_variance(0.1), rel=0.08)
    assert over_seeds("sgld").mean() == pytest.approx(1, rel=0.05)
    assert over_seeds("none", weighted=True).mean() == pytest.approx(1, rel=0.05)


def test_the_limit_is_found_from_another_start_too() -> None:
    made = sample_langevin(
        "gaussian", step=0.01, steps=3000, chains=500, rng=np.random.default_rng(0),
        starts=np.zeros(500),
    )  # fmt: skip
    assert made.variance(burn_in=1500) > 1.5


def test_weights_are_those_of_the_definition() -> None:
    made = sample_langevin("double_well", step=0.01, steps=50, chains=3,
                           rng=np.random.default_rng(0))  # fmt: skip
    at, weights = made.positions[10:-1], made.clocks[10:]
    mean = (weights * at).sum() / weights.sum()
    expected = (weights * (at - mean) ** 2).sum() / weights.sum()
    assert made.variance(burn_in=10, weighted=True) == pytest.approx(expected)
    assert made.variance(burn_in=10) == pytest.approx(at.var())


# Masks


@pytest.mark.parametrize("case", OF_MASKS, ids=lambda case: f"n={case['n']}")
def test_distributions_of_masks_are_those_of_the_reference(case: dict[str, Any]) -> None:
    table, temperature = CostTable(np.array(case["costs"]), case["n"]), case["temperature"]
    posterior = mask_posterior(table, temperature)
    jumps = jump_chain_distribution(table, temperature)
    np.testing.assert_allclose(posterior, case["posterior"], rtol=1e-9)
    np.testing.assert_allclose(jumps, case["jump_chain"], rtol=1e-9)
    np.testing.assert_allclose(np.exp(log_rates(table, temperature)), case["rates"], rtol=1e-9)
    for p, name in ((posterior, "posterior"), (jumps, "jump_chain")):
        np.testing.assert_allclose(inclusion_probabilities(p), case[f"inclusion_{name}"], rtol=1e-9)
    assert np.abs(posterior - jumps).sum() / 2 == pytest.approx(case["total_variation"])


@given(st.integers(1, 5), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_the_jump_chain_is_stationary_under_its_dense_matrix(
    n: int, temperature: float, unit: float, seed: int
) -> None:
    costs = unit * np.random.default_rng(seed).random(2**n)
    table = CostTable(costs, n)
    chances = np.zeros((2**n, 2**n))
    for m in range(2**n):
        flipped = [m ^ (1 << j) for j in range(n)]
        log = -(costs[flipped] - costs[m]) / (2 * temperature)
        shares = np.exp(log - log.max())
        chances[m, flipped] = shares / shares.sum()
    jumps = jump_chain_distribution(table, temperature)
    np.testing.assert_allclose(jumps @ chances, jumps, atol=1e-12)
    posterior = mask_posterior(table, temperature)
    shifted = mask_posterior(CostTable(costs + 7 * unit, n), temperature)
    np.testing.assert_allclose(shifted, posterior, atol=1e-9)


def estimates(kind: str, queries: int, temperature: float = 0.5) -> FloatArray:
    """Inclusion probabilities of `TABLE` by a chain."""
    meter = CostMeter(TABLE, max_cost_queries=queries)
    rng = np.random.default_rng(3)
    return sample_masks_posterior(meter, kind=kind, temperature=temperature, rng=rng).inclusion()


def test_each_chain_of_masks_goes_to_its_distribution() -> None:
    truth = inclusion_probabilities(mask_posterior(TABLE, 0.5))
    other = inclusion_probabilities(jump_chain_distribution(TABLE, 0.5))
    np.testing.assert_allclose(truth, [0.307, 0.307], atol=5e-4)
    np.testing.assert_allclose(estimates("uncorrected", 12_001), other, atol=0.02)
    np.testing.assert_allclose(estimates("weighted", 12_001), truth, atol=0.02)
    np.testing.assert_allclose(estimates("metropolis", 12_001), truth, atol=0.02)
    assert other.min() > truth.max() + 0.1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("budget", [4, 5, 17, 99])
def test_no_query_beyond_the_budget_and_each_is_counted(kind: str, budget: int) -> None:
    asked: list[int] = []

    def cost_of(masks: Any) -> FloatArray:
        asked.append(masks.size // 3)
        return np.asarray(masks.sum(axis=-1) / 3.0)

    cost = FunctionCost(cost_of, 3)
    meter = CostMeter(cost, max_cost_queries=budget)
    asked.clear()
    found = sample_masks_posterior(meter, kind=kind, temperature=0.2, rng=np.random.default_rng(0))
    spent = found.ledger.cost_queries
    assert spent == sum(asked) == found.queries[-1] <= budget
    assert spent == (budget if kind == "metropolis" else 1 + 3 * ((budget - 1) // 3))
    assert len(found.neuron_masks) == len(found.weights) == len(found.queries)
    assert found.ledger.forward_passes == spent == len(meter.history)


def test_a_chain_moves_by_one_flip_and_weights_are_one_over_z() -> None:
    table = CostTable(np.random.default_rng(0).random(16), 4)
    for kind in KINDS:
        meter = CostMeter(table, max_cost_queries=401)
        found = sample_masks_posterior(
            meter, kind=kind, temperature=0.1, rng=np.random.default_rng(1)
        )
        moved = (found.neuron_masks[1:] ^ found.neuron_masks[:-1]).sum(axis=1)
        assert set(moved.tolist()) == ({0, 1} if kind == "metropolis" else {1})
        if kind == "weighted":
            places = found.neuron_masks @ (8, 4, 2, 1)
            expected = np.exp(-log_rates(table, 0.1)[places])
            np.testing.assert_allclose(found.weights, expected / expected.max())
        else:
            assert (found.weights == 1).all()
        part = found.inclusion(201)
        among = found.queries <= 201
        expected = np.average(found.neuron_masks[among], axis=0, weights=found.weights[among])
        np.testing.assert_allclose(part, expected)


# Bad input

langevin = partial(sample_langevin, "gaussian", step=0.1, steps=3, chains=2,
                   rng=np.random.default_rng(0))  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": 0}, "step=0 is not a finite number above 0"),
        ({"steps": 0}, "steps=0 is too small"),
        ({"chains": 0}, "chains=0 is too small"),
        ({"correction": "some"}, "correction='some' is unknown"),
        ({"beta": 1.0}, "beta=1.0 never sees a gradient"),
        ({"beta": -0.1}, "beta=-0.1 is not in 0..1"),
        ({"floor": 0.0}, "floor=0.0 is not a finite number above 0"),
        ({"noise": -1.0}, "noise=-1.0 is below 0"),
        ({"starts": [0.0]}, r"starts has shape \(1,\)"),
        ({"steps": 10**12}, "steps=1000000000000 needs"),
        ({"chains": 10**12}, "chains=1000000000000 needs"),
    ],
)
def test_a_chain_refuses_what_it_cannot_run(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        langevin(**options)


def test_densities_and_masks_refuse_what_has_none() -> None:
    grid = np.linspace(-1, 1, 5)
    with pytest.raises(ValueError, match="target='line' is unknown"):
        limit_density("line", grid, floor=0.1, power=1)
    with pytest.raises(ValueError, match="does not rise"):
        limit_density("gaussian", grid[::-1], floor=0.1, power=1)
    with pytest.raises(ValueError, match=r"power=-1.0 is below 0"):
        limit_density("gaussian", grid, floor=0.1, power=-1.0)
    for of in (mask_posterior, jump_chain_distribution):
        with pytest.raises(TypeError, match=r"^table=\[0.0, 1.0\] is no CostTable$"):
            of([0.0, 1.0], 1.0)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"temperature=0.0 is not a finite number above 0"):
            of(TABLE, 0.0)
    with pytest.raises(ValueError, match=r"probabilities has shape \(3,\)"):
        inclusion_probabilities([0.2, 0.3, 0.5])


@pytest.mark.parametrize(("kind", "least"), [("weighted", 3), ("metropolis", 2)])
def test_a_chain_of_masks_needs_a_budget(kind: str, least: int) -> None:
    for budget in (None, 1):
        meter = CostMeter(TABLE, max_cost_queries=budget)
        with pytest.raises(ValueError, match=rf"budget of {budget} \(limit: {least} or more\)"):
            sample_masks_posterior(meter, kind=kind, temperature=1.0, rng=np.random.default_rng(0))
        assert meter.ledger.cost_queries == 0
    with pytest.raises(TypeError, match=r"^meter=.* is no CostMeter$"):
        sample_masks_posterior(TABLE, kind=kind, temperature=1.0,  # type: ignore[arg-type]
                               rng=np.random.default_rng(0))  # fmt: skip
    meter = CostMeter(TABLE, max_cost_queries=9)
    found = sample_masks_posterior(meter, kind=kind, temperature=1.0, rng=np.random.default_rng(0))
    with pytest.raises(TypeError, match=r"^queries='a' is not a number"):
        found.inclusion("a")  # type: ignore[arg-type]
    meter = CostMeter(TABLE, max_cost_queries=9, target_cost=0.0)
    with pytest.raises(ValueError, match=r"target_cost=0.0 \(limit: None\)"):
        sample_masks_posterior(meter, kind=kind, temperature=1.0, rng=np.random.default_rng(0))


def test_too_large_a_step_is_an_error_and_no_numbers() -> None:
    with pytest.raises(FloatingPointError, match=r"^step=3.0: a chain left the reals \(limit: "):
        sample_langevin("double_well", step=3.0, steps=200, chains=2, correction="sgld",
                        rng=np.random.default_rng(0))  # fmt: skip
