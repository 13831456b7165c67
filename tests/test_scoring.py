"""The cost of every subnetwork at once, against reference cases and against one at a time."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_cases import load_cases

from labkit import scoring
from labkit.activations import draw_network, draw_nk_network
from labkit.datasets import load_task
from labkit.masks import all_masks, mask_from_index, masks_to_indices
from labkit.scoring import COSTS, accuracy, cost_of_outputs, score_all_masks, score_contributions

Array = npt.NDArray[np.float64]
CASES = load_cases("subnetwork_costs")


def binary_cost(f: Array, y: Array, cost: str) -> float:
    """design.md's formulas sample by sample, y in {-1, +1}."""
    formulas: dict[str, Callable[[float, float], float]] = {
        "squared_error": lambda f, y: (f - y) ** 2,
        "cross_entropy": lambda f, y: math.log(1 + math.exp(-y * f)),
        "error_rate": lambda f, y: float(y * f <= 0),
    }
    values = [formulas[cost](a, b) for a, b in zip(f.tolist(), y.tolist(), strict=True)]
    return sum(values) / len(values)


def many_class_cost(f: Array, labels: npt.NDArray[np.int64], cost: str) -> float:
    """Softmax cross-entropy, ±1 targets per class, or the label's output not the largest."""
    values = []
    for row, label in zip(f.tolist(), labels.tolist(), strict=True):
        if cost == "cross_entropy":
            values.append(-math.log(math.exp(row[label]) / sum(map(math.exp, row))))
        elif cost == "squared_error":
            targets = [1 if c == label else -1 for c in range(len(row))]
            values.append(sum((a - b) ** 2 for a, b in zip(row, targets, strict=True)) / len(row))
        else:
            others = [a for c, a in enumerate(row) if c != label]
            values.append(float(row[label] <= max(others)))
    return sum(values) / len(values)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"n={len(case['contributions'][0])}")
@pytest.mark.parametrize("cost", COSTS)
def test_costs_of_all_masks_are_the_reference_values(case: dict[str, Any], cost: str) -> None:
    table = score_contributions(case["contributions"], case["y"], cost=cost)
    np.testing.assert_allclose(table.costs, case[cost], rtol=0, atol=1e-9)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"n={len(case['contributions'][0])}")
def test_squared_error_is_the_reference_ising_model(case: dict[str, Any]) -> None:
    ising = case["squared_error_ising"]
    z = 1 - 2 * all_masks(len(ising["h"])).astype(float)
    expected = ising["constant"] + z @ np.array(ising["h"])
    for j, k, coupling in ising["J"]:
        expected += coupling * z[:, j] * z[:, k]
    table = score_contributions(case["contributions"], case["y"], cost="squared_error")
    np.testing.assert_allclose(table.costs, expected, rtol=0, atol=1e-9)


@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 2**16), st.sampled_from(COSTS))
def test_one_output_is_scored_as_mask_by_mask(n: int, n_samples: int, seed: int, cost: str) -> None:
    rng = np.random.default_rng(seed)
    t, y = rng.normal(size=(n_samples, n)), rng.choice([-1.0, 1.0], n_samples)
    table = score_contributions(t, y, cost=cost)
    assert table.n_neurons == n
    expected = [binary_cost(t[:, mask].sum(axis=1), y, cost) for mask in all_masks(n)]
    np.testing.assert_allclose(table.costs, expected, atol=1e-12)


@given(st.integers(1, 5), st.integers(2, 4), st.integers(0, 2**16), st.sampled_from(COSTS))
def test_more_outputs_are_scored_as_mask_by_mask(
    n: int, n_outputs: int, seed: int, cost: str
) -> None:
    rng = np.random.default_rng(seed)
    t, y = rng.normal(size=(8, n, n_outputs)), rng.integers(0, n_outputs, 8)
    table = score_contributions(t, y, cost=cost)
    expected = [many_class_cost(t[:, mask].sum(axis=1), y, cost) for mask in all_masks(n)]
    np.testing.assert_allclose(table.costs, expected, atol=1e-12)


@pytest.mark.parametrize("cost", COSTS)
def test_weight_masks_choose_one_pattern_of_each_unit_first_unit_most_significant(
    cost: str,
) -> None:
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(8, 3, 4, 1)), rng.integers(0, 2, 8)
    table = score_contributions(t, y, cost=cost)
    assert table.n_neurons == 6
    for index in range(64):
        patterns = masks_to_indices(mask_from_index(index, 6).reshape(3, 2))
        f = t[:, np.arange(3), patterns, 0].sum(axis=1)
        assert table.costs[index] == pytest.approx(binary_cost(f, 2.0 * y - 1, cost))


@pytest.mark.parametrize("cost", COSTS)
def test_working_in_small_blocks_changes_nothing(
    cost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(8, 7, 3)), rng.integers(0, 3, 8)
    whole = score_contributions(t, y, cost=cost)
    monkeypatch.setattr(scoring.tables, "_BLOCK_BYTES", 1)
    np.testing.assert_allclose(score_contributions(t, y, cost=cost).costs, whole.costs)


@pytest.mark.parametrize("cost", COSTS)
def test_labels_may_be_zero_and_one_or_minus_and_plus_one(cost: str) -> None:
    t, y = np.random.default_rng(0).normal(size=(6, 4)), np.array([0, 1, 1, 0, 0, 1])
    np.testing.assert_array_equal(
        score_contributions(t, y, cost=cost).costs,
        score_contributions(t, 2 * y - 1, cost=cost).costs,
    )


def test_an_output_of_zero_is_never_right() -> None:
    empty = score_contributions(np.ones((4, 2)), [0, 0, 1, 1], cost="error_rate").costs[0]
    tied = score_contributions(np.ones((3, 2, 3)), [0, 1, 2], cost="error_rate").costs
    assert empty == 1
    np.testing.assert_array_equal(tied, 1)


def test_the_empty_mask_costs_log_two_or_log_classes_and_one() -> None:
    two, three = np.ones((4, 2)), np.ones((3, 2, 3))
    assert score_contributions(two, [0, 0, 1, 1]).costs[0] == pytest.approx(math.log(2))
    assert score_contributions(three, [0, 1, 2]).costs[0] == pytest.approx(math.log(3))
    assert score_contributions(two, [0, 0, 1, 1], cost="squared_error").costs[0] == 1


@pytest.mark.parametrize("outputs", [1, 3])
def test_cross_entropy_of_huge_outputs_stays_finite(outputs: int) -> None:
    t = np.full((3, 2, outputs), 1e4)
    t[..., 0] *= -1
    assert np.isfinite(score_contributions(t, [0, 1, 1]).costs).all()


def test_a_network_is_asked_once_for_all_its_subnetworks() -> None:
    calls = []

    class Network:
        def contributions(self, x: npt.ArrayLike) -> Array:
            calls.append(x)
            return np.ones((3, 10))

    assert score_all_masks(Network(), np.zeros((3, 2)), [0, 1, 1]).n_neurons == 10
    assert len(calls) == 1


@pytest.mark.parametrize("mask_kind", ["neuron", "weight"])
@pytest.mark.parametrize("cost", COSTS)
def test_a_network_of_arrays_is_scored_as_its_own_outputs(mask_kind: str, cost: str) -> None:
    task = load_task("moons")
    network = draw_network(2, 3, mask_kind=mask_kind, seed=0).adapted(task.x_train)
    table = score_all_masks(network, task.x_train, task.y_train, cost=cost)
    targets = np.where(task.y_train == 1, 1.0, -1.0)
    for index, mask in enumerate(all_masks(network.n_mask_bits)):
        f = network.outputs(task.x_train, mask)[:, 0]
        assert table.costs[index] == pytest.approx(binary_cost(f, targets, cost), abs=1e-9)


def test_a_large_table_is_made_in_little_more_memory_than_it_takes() -> None:
    t, y = np.random.default_rng(0).normal(size=(150, 16)), np.arange(150) % 2
    tracemalloc.start()
    try:
        score_contributions(t, y)
        # the outputs of all masks on all samples would be 75 MiB, and twice that to score them
        assert tracemalloc.get_traced_memory()[1] < 70 * 2**20
    finally:
        tracemalloc.stop()


def test_cost_of_outputs_takes_many_outputs_at_once() -> None:
    f = np.random.default_rng(0).normal(size=(5, 2, 8, 1))
    y = np.where(np.arange(8) % 2, 1.0, -1.0)
    for cost in COSTS:
        found = cost_of_outputs(f, y[:, np.newaxis], cost=cost)
        assert found.shape == (5, 2)
        assert found[3, 1] == pytest.approx(binary_cost(f[3, 1, :, 0], y, cost))


def test_accuracy_is_the_share_of_samples_classified_rightly() -> None:
    assert accuracy([[2.0], [-1.0], [0.5], [-3.0]], [1, 0, 0, 0]) == 0.75
    assert accuracy([[0.1, 0.9, 0.0], [3.0, 1.0, 2.0]], [1, 2]) == 0.5


def test_an_nk_network_is_not_scored_as_one_of_many_classes() -> None:
    network = draw_nk_network(2, 4, 2, seed=0)
    for score in (score_all_masks, scoring.network_cost, scoring.quadratic_cost):
        with pytest.raises((TypeError, ValueError), match=r"^(network|contributions)"):
            score(network, [[1.0, 2.0]], [1])
