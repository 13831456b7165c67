"""The cost of an NK network against brute force over its outputs, and Jensen's inequality."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from cost_formulas import each_cost
from hypothesis import given
from hypothesis import strategies as st
from parts import needs_keras

from labkit.datasets import Task, load_task
from labkit.limits import TooLargeError
from labkit.masks import all_masks
from labkit.networks import NKArrays, sample_nk_network
from labkit.scoring import COSTS, ensemble_cost, nk_cost

Array = npt.NDArray[np.float64]
NEIGHBOURHOODS = ("adjacent", "random")


def brute_force(network: Any, x: npt.ArrayLike, labels: Array, cost: str) -> Array:
    """Mean cost over samples and outputs of each mask, from the outputs themselves."""
    y = np.where(labels > 0, 1.0, -1.0)[:, np.newaxis]
    masks = all_masks(network.n_mask_bits)
    outputs = (np.asarray(network.outputs(x, mask), dtype=np.float64) for mask in masks)
    return np.array([each_cost(f, y, cost).mean() for f in outputs])


def random_network(n: int, k: int, seed: int, *, neighbourhood: str = "random") -> NKArrays:
    rng = np.random.default_rng(seed)
    network = sample_nk_network(2, n, k, neighbourhood=neighbourhood, scale=2.0, seed=seed)
    return network.adapted(rng.normal(size=(30, 2)))


def random_samples(seed: int) -> tuple[Array, npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(9, 2)), rng.integers(0, 2, 9)


@pytest.fixture(scope="module")
def moons() -> Task:
    return load_task("moons")


# The cost of all masks is what the outputs cost, mask by mask


@pytest.mark.parametrize("neighbourhood", NEIGHBOURHOODS)
@pytest.mark.parametrize("cost", COSTS)
@given(st.sampled_from([(1, 1), (3, 1), (4, 3), (5, 5), (6, 2)]), st.integers(0, 2**16))
def test_the_cost_is_the_mean_over_outputs_of_brute_force(
    neighbourhood: str, cost: str, size: tuple[int, int], seed: int
) -> None:
    network = random_network(*size, seed, neighbourhood=neighbourhood)
    x, labels = random_samples(seed)
    found = nk_cost(network, x, labels, cost=cost)
    expected = brute_force(network, x, labels.astype(float), cost)
    np.testing.assert_allclose(found.to_table().costs, expected, atol=1e-12)
    np.testing.assert_allclose(found.evaluate(all_masks(size[0])), expected, atol=1e-12)


@needs_keras
@pytest.mark.parametrize("neighbourhood", NEIGHBOURHOODS)
@pytest.mark.parametrize("cost", COSTS)
def test_the_cost_of_a_keras_network_is_what_keras_computes(
    neighbourhood: str, cost: str, moons: Task
) -> None:
    from labkit.networks import NKNetwork

    options: dict[str, Any] = {"neighbourhood": neighbourhood, "scale": 2.0, "seed": 3}
    network = NKNetwork(2, 5, 3, **options).adapt(moons.x_train)
    table = nk_cost(network, moons.x_train, moons.y_train, cost=cost).to_table()
    expected = brute_force(network, moons.x_train, moons.y_train.astype(float), cost)
    np.testing.assert_allclose(table.costs, expected, atol=1e-5)


def test_terms_are_by_output_with_neurons_in_the_order_of_the_neighbourhood() -> None:
    network = random_network(5, 3, 1, neighbourhood="adjacent")
    cost = nk_cost(network, *random_samples(1))
    assert [neurons for neurons, _ in cost.terms] == [
        (0, 1, 2),
        (1, 2, 3),
        (2, 3, 4),
        (3, 4, 0),
        (4, 0, 1),
    ]
    assert cost.order == 3
    assert {values.shape for _, values in cost.terms} == {(8,)}


def test_a_term_is_the_cost_of_its_output_divided_by_n() -> None:
    network = random_network(5, 3, 1, neighbourhood="adjacent")
    x, labels = random_samples(1)
    y = 2.0 * labels - 1
    neurons, values = nk_cost(network, x, labels, cost="cross_entropy").terms[4]
    # of neurons (4, 0, 1) the first stays and the last: index 101
    f = network.outputs(x, "01001")[:, 4]
    assert neurons == (4, 0, 1)
    assert values[0b101] == pytest.approx(each_cost(f, y, "cross_entropy").mean() / 5)
    assert values[0] == pytest.approx(math.log(2) / 5)


def test_a_thousand_neurons_need_a_thousand_small_tables(moons: Task) -> None:
    network = sample_nk_network(2, 1000, 5, scale=2.0, seed=0).adapted(moons.x_train)
    x, y = moons.x_train, moons.y_train
    found = nk_cost(network, x, y, cost="cross_entropy")
    assert len(found.terms) == 1000
    mask = np.random.default_rng(0).random(1000) < 0.5
    f = network.outputs(x, mask)
    expected = each_cost(f, 2.0 * y[:, np.newaxis] - 1, "cross_entropy").mean()
    assert float(found.evaluate(mask)) == pytest.approx(expected, abs=1e-9)


def test_squared_error_is_asked_for_by_default() -> None:
    network, (x, y) = random_network(4, 2, 0), random_samples(0)
    np.testing.assert_array_equal(
        nk_cost(network, x, y).to_table().costs,
        nk_cost(network, x, y, cost="squared_error").to_table().costs,
    )
    assert ensemble_cost(network, x, y, "1010") == ensemble_cost(
        network, x, y, "1010", cost="squared_error"
    )


@pytest.mark.parametrize("cost", COSTS)
def test_labels_may_be_zero_and_one_or_minus_and_plus_one(cost: str) -> None:
    network, (x, y) = random_network(4, 2, 0), random_samples(0)
    np.testing.assert_array_equal(
        nk_cost(network, x, y, cost=cost).to_table().costs,
        nk_cost(network, x, 2 * y - 1, cost=cost).to_table().costs,
    )


# The ensemble's own cost


@pytest.mark.parametrize("cost", COSTS)
@given(st.sampled_from([(1, 1), (4, 3), (5, 2)]), st.integers(0, 2**16))
def test_the_ensembles_cost_is_the_cost_of_its_prediction(
    cost: str, size: tuple[int, int], seed: int
) -> None:
    network, (x, labels) = random_network(*size, seed), random_samples(seed)
    for mask in all_masks(size[0]):
        f = network.prediction(x, mask)[:, 0]
        # where the outputs cancel, rounding decides whether the prediction is right
        if cost == "error_rate" and mask.any() and np.abs(f).min() < 1e-9:
            continue
        expected = each_cost(f, 2.0 * labels - 1, cost).mean()
        assert ensemble_cost(network, x, labels, mask, cost=cost) == pytest.approx(expected)


@pytest.mark.parametrize("cost", ["squared_error", "cross_entropy"])
@given(st.integers(2, 6), st.integers(2, 4), st.integers(0, 2**16), st.data())
def test_the_ensemble_costs_at_most_the_mean_of_its_outputs(
    cost: str, n: int, k: int, seed: int, data: st.DataObject
) -> None:
    network, (x, y) = random_network(n, min(k, n), seed), random_samples(seed)
    mask = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    mean_of_outputs = float(nk_cost(network, x, y, cost=cost).evaluate(mask))
    assert ensemble_cost(network, x, y, mask, cost=cost) <= mean_of_outputs + 1e-12


def test_the_ensemble_costs_less_where_its_outputs_differ() -> None:
    network, (x, y) = random_network(6, 2, 3), random_samples(3)
    mean_of_outputs = float(nk_cost(network, x, y).evaluate([True] * 6))
    assert ensemble_cost(network, x, y, [True] * 6) < mean_of_outputs - 0.1


@needs_keras
def test_a_keras_network_has_the_ensemble_cost_of_its_twin(moons: Task) -> None:
    from labkit.networks import NKNetwork

    network = NKNetwork(2, 5, 3, scale=2.0, seed=3).adapt(moons.x_train)
    x, y = moons.x_train, moons.y_train
    found = ensemble_cost(network, x, y, "10110", cost="cross_entropy")
    f = np.asarray(network(x, neuron_mask="10110"), dtype=np.float64)[:, 0]
    assert found == pytest.approx(each_cost(f, 2.0 * y - 1, "cross_entropy").mean(), abs=1e-5)


# What they refuse


def test_an_unknown_cost_is_refused() -> None:
    network, (x, y) = random_network(4, 2, 0), random_samples(0)
    expected = rf"^cost='loss' is unknown \(known: {', '.join(COSTS)}\)$"
    with pytest.raises(ValueError, match=expected):
        nk_cost(network, x, y, cost="loss")
    with pytest.raises(ValueError, match=expected):
        ensemble_cost(network, x, y, "1111", cost="loss")


def test_what_is_no_nk_network_is_refused() -> None:
    x, y = random_samples(0)
    other: Any = SimpleNamespace(contributions=lambda x: np.ones((9, 3)))
    with pytest.raises(TypeError, match=r"^network=.* has no neighbourhoods "):
        nk_cost(other, x, y)
    with pytest.raises(TypeError, match=r"^network=.* has no neighbourhoods "):
        ensemble_cost(other, x, y, "111")


@pytest.mark.parametrize("y", [[0, 1], [0, 1, 2] * 3, [-1, 0, 1] * 3, ["a"] * 9])
def test_labels_that_are_not_of_two_classes_are_refused(y: Any) -> None:
    network, (x, _) = random_network(4, 2, 0), random_samples(0)
    for refuse in (lambda: nk_cost(network, x, y), lambda: ensemble_cost(network, x, y, "1111")):
        with pytest.raises((TypeError, ValueError), match=r"^y[ =]"):
            refuse()


def test_a_mask_of_the_wrong_length_is_refused() -> None:
    network, (x, y) = random_network(4, 2, 0), random_samples(0)
    with pytest.raises(ValueError, match=r"^neuron_mask has 3 entries; this network has 4 "):
        ensemble_cost(network, x, y, "101")


def test_outputs_that_read_too_many_neurons_are_refused_before_the_network_runs() -> None:
    def contributions(x: object) -> None:
        raise AssertionError

    wide: Any = SimpleNamespace(
        contributions=contributions, neighbourhoods=np.zeros((50, 50), dtype=np.int64)
    )
    expected = r"^n_inputs_per_output=50 needs [\d.,]+ [KMGTPE]iB for the cost tables; "
    with pytest.raises(TooLargeError, match=expected):
        nk_cost(wide, *random_samples(0))
