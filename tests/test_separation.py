"""Separation: reference cases, other linear programmes, enumeration, and what is provable."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_cases import load_cases
from scipy.optimize import linprog, minimize
from test_bad_input import assert_refused, cases

from labkit.arrays import FloatArray
from labkit.masks import all_masks
from labkit.neighbours import point_sets
from labkit.neighbours.point_sets import PointSet
from labkit.neighbours.separation import (
    SeparationCost,
    cover_probability,
    hinge_slack,
    local_cover,
    margin,
    random_relu,
    separates,
    separation_probability,
    widest_hyperplane,
    width_to_separate,
)
from labkit.selectors import adaptive_grover, exhaustive, local_selection, one_flip_search, run

CASES = load_cases("neighbours/separation_open")
LINE = np.arange(4.0)[:, None]


def drawn(samples: int, n: int, seed: int) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, n)), rng.choice([-1.0, 1.0], size=samples)


def least_slack(features: FloatArray, y: FloatArray) -> float:
    """The smallest sum of hinge slacks, as its own linear programme in w, c and s."""
    samples, n = features.shape
    rows = y[:, None] * np.column_stack([features, np.ones(samples)])
    found = linprog(
        np.r_[np.zeros(n + 1), np.ones(samples)],
        A_ub=-np.hstack([rows, np.eye(samples)]),
        b_ub=-np.ones(samples),
        bounds=[(None, None)] * (n + 1) + [(0, None)] * samples,
    )
    return float(found.fun)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["kind"]))
def test_each_mask_of_the_reference_separates_or_not(case: dict[str, Any]) -> None:
    phi, y = np.array(case["features"]), np.array(case["y"])
    masks = all_masks(phi.shape[1])
    found = [i for i, mask in enumerate(masks) if separates(phi[:, mask], y)]
    assert found == case["separating_masks"]
    assert separates(phi, y) is case["separable"]
    assert min(masks[i].sum() for i in found) == case["fewest_neurons"]
    assert margin(phi, y) == pytest.approx(case["margin"], abs=1e-6)


@pytest.mark.parametrize("case", load_cases("neighbours/cover_function_open"), ids=str)
def test_covers_chance_is_that_of_the_reference(case: dict[str, Any]) -> None:
    assert cover_probability(case["n_points"], case["n_features"]) == case["value"]


@pytest.mark.parametrize(("samples", "n"), [(4, 1), (5, 2), (6, 3), (7, 2)])
def test_covers_chance_is_the_share_of_labels_that_a_hyperplane_separates(
    samples: int, n: int
) -> None:
    points, _ = drawn(samples, n, 3)
    labels = np.array([*itertools.product([-1.0, 1.0], repeat=samples)])
    share = np.mean([separates(points, y) for y in labels])
    assert share == cover_probability(samples, n)


def test_a_thousand_points_are_summed_in_integers() -> None:
    assert cover_probability(1000, 499) == 0.5
    assert cover_probability(1000, 10**9) == 1
    assert 0 < cover_probability(2000, 900) < 1e-4


@given(st.integers(2, 12), st.integers(0, 4), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_the_slack_is_that_of_its_own_programme_and_is_0_or_at_least_1(
    samples: int, n: int, seed: int
) -> None:
    features, y = drawn(samples, n, seed)
    slack = hinge_slack(features, y)
    assert slack == pytest.approx(least_slack(features, y), abs=1e-6)
    assert slack == 0 or slack > 1 - 1e-6
    assert separates(features, y) is (slack == 0)


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_a_tiny_gap_is_seen_in_any_unit_and_a_touch_is_none(gap: float, unit: float) -> None:
    x = np.r_[np.linspace(-1, 0, 30), np.linspace(gap, 1, 30)][:, None] * unit
    y = np.repeat([0, 1], 30)
    assert separates(x, y)
    assert separates(np.column_stack([x + 7 * unit, x**2]), y)
    assert margin(x, y) == pytest.approx(gap * unit / 2, rel=1e-5)
    x[30] = x[29]
    assert not separates(x, y)
    assert margin(x, y) == 0


@pytest.mark.parametrize("columns", [slice(0, 1), slice(0, 2), slice(0, 6)])
def test_one_point_in_both_classes_is_never_separated_however_few_points(columns: slice) -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(3 + seed % 3, 6))
        x[-1] = x[0]
        y = np.where(np.arange(len(x)) == 0, 1.0, -1.0)
        features = np.maximum(x @ rng.normal(size=(6, 6)), 0)[:, columns]
        assert not separates(features, y)
        assert hinge_slack(features, y) >= 2 - 1e-6
        assert margin(features, y) == 0


@pytest.mark.parametrize("unit", [1e-300, 1e-200, 1e200, 1e307])
def test_a_margin_has_the_unit_of_the_features_however_small_or_large(unit: float) -> None:
    features, y = np.array([[0.0, 1.0], [0.0, 2.0], [1.0, 1.0]]), [-1, -1, 1]
    assert margin(unit * features, y) == pytest.approx(unit / 2)


def test_columns_that_repeat_each_other_but_for_rounding_separate_nothing_new() -> None:
    x, y = drawn(12, 2, 5)
    y[:2], x[0] = [-1, 1], x[1]
    noise = 1e-14 * np.random.default_rng(0).normal(size=(12, 3))
    assert not separates(np.column_stack([x, x @ np.ones((2, 3)) + noise]), y)


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_the_hyperplane_is_the_widest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(10, 3))
    y = np.where(features @ rng.normal(size=3) > 0.1, 1.0, -1.0)
    if np.ptp(y) == 0:
        assert margin(features, y) == np.inf
        return
    found = widest_hyperplane(features, y)
    assert found is not None
    w, c = found
    assert np.linalg.norm(w) == pytest.approx(1)
    near = y * (features @ w + c)
    assert near.min() == pytest.approx(margin(features, y))
    start = np.append(w, c) / near.min()  # the same by another solver
    svm = minimize(
        lambda v: v[:3] @ v[:3],
        1.5 * start,
        constraints={"type": "ineq", "fun": lambda v: y * (features @ v[:3] + v[3]) - 1},
        method="SLSQP",
    )
    assert near.min() >= (1 - 1e-4) / np.linalg.norm(svm.x[:3])


def test_features_are_drawn_as_they_are_defined() -> None:
    points = np.array([[0.5, -1.0], [2.0, 0.1]])
    phi = random_relu(points, n_neurons=3, bias_range=0.7, rng=np.random.default_rng(4))
    rng = np.random.default_rng(4)
    weights, biases = rng.normal(size=(3, 2)), rng.uniform(-0.7, 0.7, size=3)
    by_hand = [[max(0.0, w @ x + b) for w, b in zip(weights, biases, strict=True)] for x in points]
    np.testing.assert_allclose(phi, np.sqrt(2 / 3) * np.array(by_hand))


def test_without_biases_aligned_rings_are_never_separated() -> None:
    rings = point_sets.aligned_rings(24)
    for layers in (1, 2):
        chance = separation_probability(
            *rings, n_neurons=60, bias_range=0, layers=layers, draws=3, rng=np.random.default_rng(0)
        )
        assert chance == 0
    assert separation_probability(
        *rings, n_neurons=60, bias_range=1, draws=3, rng=np.random.default_rng(0)
    )


def test_a_chance_is_the_share_of_networks_drawn_one_after_another() -> None:
    moons = point_sets.half_moons(20)
    rng = np.random.default_rng(2)
    each = [
        separates(random_relu(moons.points, n_neurons=5, bias_range=1.0, rng=rng), moons.y)
        for _ in range(20)
    ]
    chance = separation_probability(
        *moons, n_neurons=5, bias_range=1.0, draws=20, rng=np.random.default_rng(2)
    )
    assert 0 < chance < 1
    assert chance == np.mean(each)


@given(st.integers(0, 10**6), st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_the_least_width_is_the_first_that_separates(seed: int, n: int) -> None:
    features, y = drawn(9, n, seed)
    first = next((k for k in range(1, n + 1) if separates(features[:, :k], y)), None)
    assert width_to_separate(features, y) == first


def test_the_cover_is_fewer_balls_where_the_classes_keep_apart() -> None:
    assert local_cover(LINE, [0, 0, 0, 0]) == 1
    assert local_cover(LINE, [0, 1, 0, 1]) == 4
    assert local_cover([[0], [1], [9], [10]], [0, 0, 1, 1]) == 2
    assert local_cover(LINE, [0, 0, 1, 1], fraction=0.0) == 4
    far, near = (local_cover(*point_sets.spirals(200, turns)) for turns in (0.5, 1.5))
    assert far < near
    grown = [local_cover(*point_sets.spirals(n)) for n in (100, 800)]
    assert max(grown) < 1.2 * min(grown)
    with pytest.raises(ValueError, match="one point in both classes"):
        local_cover(np.zeros((2, 1)), [0, 1])


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["kind"]))
def test_the_cost_is_the_slack_and_a_small_price_finds_the_fewest(case: dict[str, Any]) -> None:
    phi, y = np.array(case["features"])[:, -6:], np.array(case["y"])
    masks = all_masks(phi.shape[1])
    cost, slacks = SeparationCost(phi, y), [hinge_slack(phi[:, mask], y) for mask in masks]
    np.testing.assert_allclose(cost.to_table().costs, slacks, atol=1e-9)
    priced = SeparationCost(phi, y, price=1 / 7).evaluate(masks)
    np.testing.assert_allclose(priced, slacks + masks.sum(axis=1) / 7, atol=1e-9)
    if min(slacks) == 0:
        fewest = min(mask.sum() for mask, slack in zip(masks, slacks, strict=True) if slack == 0)
        assert masks[priced.argmin()].sum() == fewest


@pytest.mark.parametrize(
    ("selector", "options"),
    [
        (exhaustive, {}),
        (one_flip_search, {}),
        (adaptive_grover, {}),
        (local_selection, {"block_size": 3}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_every_selector_takes_the_cost(selector: Any, options: dict[str, Any]) -> None:
    (case,) = (case for case in CASES if case["kind"] == "parity")
    cost = SeparationCost(np.array(case["features"]), np.array(case["y"]), price=0.2)
    found = run(selector, cost, rng=np.random.default_rng(1), **options)
    assert found.cost == pytest.approx(cost.evaluate(found.neuron_mask))
    assert found.cost <= 0.2 * cost.n_neurons + 1e-9
    assert found.ledger.cost_queries > 0


# Point sets


SETS = {
    "rings": point_sets.aligned_rings(30),
    "spirals": point_sets.spirals(40),
    "moons": point_sets.half_moons(21),
    "parity": point_sets.parity(3),
    "sphere": point_sets.on_sphere(30, 5, rng=np.random.default_rng(0)),
}


@pytest.mark.parametrize("name", SETS)
def test_points_are_of_radius_one_and_labelled(name: str) -> None:
    points, y = SETS[name]
    assert np.linalg.norm(points, axis=1).max() == pytest.approx(1)
    assert points.shape[0] == len(y)
    assert {*y.tolist()} == {-1.0, 1.0}
    assert len(np.unique(points.round(9), axis=0)) == len(points)


def test_rings_lie_along_rays_with_labels_in_turn() -> None:
    points, y = SETS["rings"]
    inner, middle, outer = points.reshape(3, 10, 2)
    np.testing.assert_allclose(middle, 2 * inner)
    np.testing.assert_allclose(outer, 3 * inner)
    assert y.reshape(3, 10)[:, 0].tolist() == [-1, 1, -1]


def test_parity_is_the_product_of_signs() -> None:
    points, y = SETS["parity"]
    assert y.tolist() == np.sign(points).prod(axis=1).tolist()


def test_points_that_are_turned_keep_their_distances() -> None:
    points = SETS["spirals"].points
    turned = point_sets.turned_into(points, 7, rng=np.random.default_rng(1))
    assert turned.shape == (40, 7)
    np.testing.assert_allclose(turned @ turned.T, points @ points.T, atol=1e-12)


# Bad input


MOONS = SETS["moons"]
RNG = np.random.default_rng(0)


def chance(moons: PointSet = MOONS, **options: Any) -> float:
    settings = {"n_neurons": 2, "bias_range": 1.0, "draws": 1, "rng": RNG, **options}
    return separation_probability(*moons, **settings)


@cases(
    ("n_neurons", "n_neurons", lambda v: chance(n_neurons=v)),
    ("layers", "layers", lambda v: chance(layers=v)),
    ("draws", "draws", lambda v: chance(draws=v)),
    ("rng", "rng", lambda v: chance(rng=v)),
    ("cover points", "n_points", lambda v: cover_probability(v, 2)),
    ("parity", "dimension", point_sets.parity),
    ("spirals", "n_points", point_sets.spirals),
    ("rings", "n_points", point_sets.aligned_rings),
    ("fraction", "fraction", lambda v: local_cover(*MOONS, fraction=v)),
    ("price", "price", lambda v: SeparationCost(*MOONS, price=v)),
)
@given(st.one_of(st.none(), st.text(max_size=5), st.just(-1), st.just(float("nan"))))
@settings(max_examples=10, deadline=None)
def test_what_is_no_number_of_its_kind_is_named(argument: str, call: Any, value: Any) -> None:
    assert_refused(call, value, argument, (TypeError, ValueError))


@pytest.mark.parametrize(
    ("features", "y", "named"),
    [
        (LINE, [0, 1, 2, 0], "y"),
        (LINE, [0, 1], "y"),
        (LINE[:, 0], [0, 1, 1, 0], "features"),
        (np.full((2, 2), np.nan), [0, 1], "features"),
        (np.empty((0, 2)), [], "features"),
    ],
)
def test_features_and_labels_that_do_not_fit_are_named(features: Any, y: Any, named: str) -> None:
    for call in (separates, hinge_slack, margin, width_to_separate, SeparationCost):
        assert_refused(partial(call, features), y, named, ValueError)


@cases(
    ("features", "n_neurons", lambda n: chance(n_neurons=n)),
    ("points", "n_points", lambda n: point_sets.on_sphere(n, 3, rng=RNG)),
    ("Cover", "n_points", lambda n: cover_probability(n, 3)),
)
def test_what_does_not_fit_is_refused_before_it_is_drawn(argument: str, call: Any) -> None:
    assert_refused(call, 10**14, argument, ValueError)


def test_the_corners_of_a_cube_of_many_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="corners"):
        point_sets.parity(50)


def test_one_label_has_no_widest_hyperplane() -> None:
    with pytest.raises(ValueError, match="one label"):
        widest_hyperplane(LINE, np.ones(4))
