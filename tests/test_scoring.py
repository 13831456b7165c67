"""The cost of every subnetwork at once, against reference cases and against one at a time."""

from __future__ import annotations

import io
import math
import sys
import tracemalloc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from cost_formulas import FORMULAS, costs_in, mean_cost
from hypothesis import given
from hypothesis import strategies as st
from reference_cases import load_cases

from labkit import scoring
from labkit.datasets import load_task
from labkit.masks import all_masks, mask_from_index, masks_to_indices
from labkit.networks import sample_network, sample_nk_network
from labkit.scoring import COSTS, accuracy, cost_of_outputs, score_all_masks, score_contributions

Array = npt.NDArray[np.float64]
CASES = load_cases("subnetwork_costs")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"n={len(case['contributions'][0])}")
@pytest.mark.parametrize("cost", costs_in(CASES[0]))
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
    expected = [mean_cost(t[:, mask].sum(axis=1), y, cost) for mask in all_masks(n)]
    np.testing.assert_allclose(table.costs, expected, atol=1e-12)


@given(st.integers(1, 5), st.integers(2, 4), st.integers(0, 2**16), st.sampled_from(COSTS))
def test_more_outputs_are_scored_as_mask_by_mask(
    n: int, n_outputs: int, seed: int, cost: str
) -> None:
    rng = np.random.default_rng(seed)
    t, y = rng.normal(size=(8, n, n_outputs)), rng.integers(0, n_outputs, 8)
    table = score_contributions(t, y, cost=cost)
    expected = [mean_cost(t[:, mask].sum(axis=1), y, cost) for mask in all_masks(n)]
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
        assert table.costs[index] == pytest.approx(mean_cost(f, 2.0 * y - 1, cost))


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
@pytest.mark.parametrize("n_outputs", [1, 2, 3, 10])
@pytest.mark.parametrize("n_samples", [1, 98, 300])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 20.0, 1e3])
def test_a_table_is_the_cost_of_all_outputs_whatever_their_size(
    n_samples: int, n_outputs: int, scale: float, cost: str
) -> None:
    rng = np.random.default_rng(n_samples)
    t = rng.normal(size=(n_samples, 7, n_outputs)) * scale * rng.random((n_samples, 1, 1))
    y = rng.integers(0, max(2, n_outputs), n_samples)
    outputs = np.tensordot(all_masks(7).astype(float), t, axes=(1, 1))
    expected = cost_of_outputs(
        outputs, scoring.check_labels(y, n_samples=n_samples, n_outputs=n_outputs), cost=cost
    )
    found = score_contributions(t, y, cost=cost).costs
    np.testing.assert_allclose(found, expected, rtol=2e-14, atol=1e-13)


def test_outputs_large_and_small_on_different_samples_are_scored_together() -> None:
    t = np.random.default_rng(0).normal(size=(60, 6)) * np.geomspace(1e-3, 150, 60)[:, np.newaxis]
    y = np.where(np.arange(60) % 2, 1.0, -1.0)
    outputs = (all_masks(6) @ t.T)[..., np.newaxis]
    expected = cost_of_outputs(outputs, y[:, np.newaxis], cost="cross_entropy")
    np.testing.assert_allclose(score_contributions(t, y).costs, expected, rtol=2e-14)


def test_an_error_is_counted_by_the_sign_of_the_sum_of_the_halves_and_by_nothing_near() -> None:
    rng = np.random.default_rng(0)
    t = rng.choice([-0.3, -0.1, 0.0, 0.1, 0.2, 0.3], size=(600, 8))
    y = rng.choice([-1.0, 1.0], 600)
    halves = [np.zeros((1, 600)), np.zeros((1, 600))]
    for j in range(8):
        added = np.stack([np.zeros(600), t[:, j]])
        halves[j // 4] = (halves[j // 4][:, np.newaxis] + added).reshape(-1, 600)
    f = halves[0][:, np.newaxis] + halves[1]
    assert np.any((np.abs(f) < 1e-15) & (f != 0))
    expected = np.mean(y * f <= 0, axis=-1).ravel()
    np.testing.assert_array_equal(score_contributions(t, y, cost="error_rate").costs, expected)


def test_a_perfect_fit_costs_nothing_and_never_less() -> None:
    rng = np.random.default_rng(0)
    y = rng.choice([-1.0, 1.0], 50)
    for scale in (*np.linspace(0.5, 1.5, 10), 1e4):
        large = scale * rng.normal(size=50)
        t = np.stack([large, rng.normal(size=50), y - large, rng.normal(size=50)], axis=1)
        costs = score_contributions(t, y, cost="squared_error").costs
        assert 0 <= costs[0b1010] < 1e-13
        assert costs.min() >= 0


def test_contributions_beyond_a_float_are_refused() -> None:
    with np.errstate(all="ignore"):
        for cost in COSTS:
            with pytest.raises(ValueError, match=r"^sums of t holds a value that is not finite"):
                score_contributions(np.full((3, 4), 1e308), [0, 1, 1], cost=cost)
        for n in (2, 3):
            with pytest.raises(ValueError, match="not finite"):
                score_contributions(np.full((3, n), 9e307), [0, 1, 1], cost="squared_error")


def test_a_table_cannot_be_changed() -> None:
    table = score_contributions(np.ones((3, 2)), [0, 1, 1])
    with pytest.raises(ValueError, match="read-only"):
        table.costs[0] = 0


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
    network = sample_network(2, 3, mask_kind=mask_kind, seed=0).adapted(task.x_train)
    table = score_all_masks(network, task.x_train, task.y_train, cost=cost)
    targets = np.where(task.y_train == 1, 1.0, -1.0)
    for index, mask in enumerate(all_masks(network.n_mask_bits)):
        f = network.outputs(task.x_train, mask)[:, 0]
        assert table.costs[index] == pytest.approx(mean_cost(f, targets, cost), abs=1e-9)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(("n", "n_samples", "mebibytes"), [(16, 256, 6.5), (18, 8, 3.5)])
def test_a_large_table_is_made_in_little_more_memory_than_it_takes(
    n: int, n_samples: int, mebibytes: float, cost: str
) -> None:
    # tables of 0.5 and 2 MiB; the outputs of all masks on all samples would be 128 and 16 MiB
    t, y = np.random.default_rng(0).normal(size=(n_samples, n)), np.arange(n_samples) % 2
    tracemalloc.start()
    try:
        score_contributions(t, y, cost=cost)
        assert tracemalloc.get_traced_memory()[1] < mebibytes * 2**20
    finally:
        tracemalloc.stop()


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "patience", "shown"),
    [(Terminal(), 0.0, True), (Terminal(), 60.0, False), (io.StringIO(), 0.0, False)],
    ids=["long", "short", "unwatched"],
)
def test_a_bar_shows_the_progress_of_long_work_to_somebody_who_looks_on(
    stream: io.StringIO, patience: float, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring.tables, "_PATIENCE", patience)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    slices = [*scoring.tables.watched_slices(10, 4)]
    assert slices == [slice(0, 4), slice(4, 8), slice(8, 10)]
    assert ("3" in stream.getvalue()) == shown


def test_cost_of_outputs_takes_many_outputs_at_once() -> None:
    f = np.random.default_rng(0).normal(size=(5, 2, 8, 1))
    y = np.where(np.arange(8) % 2, 1.0, -1.0)
    for cost in COSTS:
        found = cost_of_outputs(f, y[:, np.newaxis], cost=cost)
        assert found.shape == (5, 2)
        assert found[3, 1] == pytest.approx(mean_cost(f[3, 1, :, 0], y, cost))


def test_accuracy_is_the_share_of_samples_classified_rightly() -> None:
    assert accuracy([[2.0], [-1.0], [0.5], [-3.0]], [1, 0, 0, 0]) == 0.75
    assert accuracy([[0.1, 0.9, 0.0], [3.0, 1.0, 2.0]], [1, 2]) == 0.5


def test_an_nk_network_is_not_scored_as_one_of_many_classes() -> None:
    network = sample_nk_network(2, 4, 2, seed=0)
    for score in (score_all_masks, scoring.network_cost, scoring.quadratic_cost):
        with pytest.raises((TypeError, ValueError), match=r"^(network|contributions)"):
            score(network, [[1.0, 2.0]], [1])


# A cost that is new


def test_the_table_of_formulas_has_every_cost() -> None:
    assert {*FORMULAS} == {*COSTS}


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_a_name_without_a_formula_is_refused_rather_than_taken_for_another_cost(
    n_outputs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (scoring.outputs, scoring.tables):
        monkeypatch.setattr(module, "COSTS", (*COSTS, "loss"))
    t, y = np.ones((3, 4, n_outputs)), np.array([0, 1, 1])
    targets = scoring.check_labels(y, n_samples=3, n_outputs=n_outputs)
    with pytest.raises(ValueError, match=r"^cost='loss' has no formula in labkit\.costs\."):
        cost_of_outputs(t[:, 0], targets, cost="loss")
    with pytest.raises(ValueError, match=r"^cost='loss' has no formula in labkit\.costs\."):
        score_contributions(t, y, cost="loss")


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_a_cost_without_a_short_cut_is_made_from_the_outputs(
    n_outputs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hinge(f: Array, targets: Array, *, cost: str) -> Array:
        assert cost == "margin"
        return np.maximum(0, 1 - targets * f).mean(axis=(-2, -1))

    monkeypatch.setattr(scoring.tables, "COSTS", (*COSTS, "margin"))
    monkeypatch.setattr(scoring.kernels, "cost_of_outputs", hinge)
    t, y = np.random.default_rng(0).normal(size=(5, 4, n_outputs)), np.array([0, 1, 1, 0, 1])
    targets = scoring.check_labels(y, n_samples=5, n_outputs=n_outputs)
    table = score_contributions(t, y, cost="margin")
    expected = [hinge(t[:, mask].sum(axis=1), targets, cost="margin") for mask in all_masks(4)]
    np.testing.assert_allclose(table.costs, expected, atol=1e-12)
