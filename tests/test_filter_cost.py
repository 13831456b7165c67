"""The cost of a choice of filters: against a read-out that is solved directly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.arrays import BoolArray, FloatArray
from labkit.limits import TooLargeError
from labkit.masks import all_masks, mask_to_string
from labkit.scoring.filter_cost import FilterCost, filter_cost
from labkit.selectors import exhaustive, one_flip_search, run

RNG = np.random.default_rng(23)
N, PLACES = 4, 3
H, Y = RNG.normal(size=(40, PLACES, N)) + 0.5, RNG.permutation(np.arange(40) % 3)
OTHER, OTHER_Y = RNG.normal(size=(20, PLACES, N)) + 0.5, RNG.permutation(np.arange(20) % 3)


@pytest.fixture(scope="module")
def cost() -> FilterCost:
    return filter_cost((H, Y), (OTHER, OTHER_Y), ridge=0.05)


def solve_directly(mask: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Outputs on the other samples by least squares on rows that hold the penalty, and targets."""
    kept, other = (h[:, :, mask].reshape(len(h), -1) for h in (H, OTHER))
    y, other_y = (2.0 * (labels[:, np.newaxis] == np.arange(3)) - 1 for labels in (Y, OTHER_Y))
    size = ((H - H.mean(axis=0)) ** 2).sum() / len(H)
    mean, rows = kept.mean(axis=0), kept.shape[1]
    added = np.vstack([kept - mean, np.sqrt(0.05 * size) * np.eye(rows)])
    targets = np.vstack([y - y.mean(axis=0), np.zeros((rows, 3))])
    w = np.linalg.lstsq(added, targets, rcond=None)[0]
    return (other - mean) @ w + y.mean(axis=0), other_y


@pytest.mark.parametrize("mask", all_masks(N), ids=mask_to_string)
def test_a_cost_is_the_error_of_a_read_out_that_is_solved_directly(
    cost: FilterCost, mask: BoolArray
) -> None:
    outputs, targets = solve_directly(mask)
    assert float(cost.evaluate(mask)) == pytest.approx(np.mean((outputs - targets) ** 2), rel=1e-9)
    assert cost.outputs(OTHER, mask) == pytest.approx(outputs, abs=1e-9)


def test_the_table_holds_the_cost_of_each_mask(cost: FilterCost) -> None:
    masks = all_masks(N)
    assert cost.to_table().costs == pytest.approx(cost.evaluate(masks))
    assert cost.evaluate(masks.reshape(2, 8, N)).shape == (2, 8)
    assert (cost.order, cost.n_places) == (N, PLACES)


def test_selectors_take_it(cost: FilterCost) -> None:
    best = run(exhaustive, cost, rng=np.random.default_rng(0))
    found = run(one_flip_search, cost, rng=np.random.default_rng(0), max_cost_queries=60)
    assert found.cost == pytest.approx(best.cost) and best.ledger.cost_queries == 2**N


def test_a_filter_without_a_variation_costs_nothing_and_buys_nothing() -> None:
    still, other = H.copy(), OTHER.copy()
    still[:, :, 0], other[:, :, 0] = 2.0, 2.0
    cost = filter_cost((still, Y), (other, OTHER_Y), ridge=0.05)
    with_it, without = cost.evaluate([[1, 1, 0, 1], [0, 1, 0, 1]])
    assert with_it == pytest.approx(without, rel=1e-9)


@settings(deadline=None, max_examples=25)
@given(st.floats(1e-6, 1e6))
def test_the_unit_of_the_features_does_not_matter(unit: float) -> None:
    plain = filter_cost((H, Y), (OTHER, OTHER_Y), ridge=0.05).evaluate("1010")
    scaled = filter_cost((unit * H, Y), (unit * OTHER, OTHER_Y), ridge=0.05).evaluate("1010")
    assert float(scaled) == pytest.approx(float(plain), rel=1e-6)


BAD: list[tuple[str, dict[str, Any], type[Exception]]] = [
    ("ridge", {"ridge": 0}, ValueError),
    ("h", {"training": (H[:, 0], Y)}, ValueError),
    ("h", {"validation": (OTHER[:, :, :2], OTHER_Y)}, ValueError),
    ("h", {"training": (np.ones_like(H), Y)}, ValueError),
    ("h", {"training": (np.full_like(H, np.nan), Y)}, ValueError),
    ("y", {"training": (H, Y[:-1])}, ValueError),
]


@pytest.mark.parametrize(("argument", "changed", "error"), BAD)
def test_bad_arguments_are_named_in_one_line(
    argument: str, changed: dict[str, Any], error: type[Exception]
) -> None:
    good: dict[str, Any] = {"training": (H, Y), "validation": (OTHER, OTHER_Y), "ridge": 0.1}
    with pytest.raises(error, match=f"^{argument}") as caught:
        filter_cost(**{**good, **changed})
    assert "\n" not in str(caught.value)


def test_an_equation_that_does_not_fit_is_refused_before_it_is_made() -> None:
    h = np.broadcast_to(0.0, (2, 10**4, 50))
    with pytest.raises(TooLargeError, match=r"^h"):
        filter_cost((h, [0, 1]), (h, [0, 1]), ridge=0.1)
