"""Networks with two hidden layers: as arrays, in Keras, and as a table of costs."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from cost_formulas import keras_costs
from hypothesis import assume, given
from hypothesis import strategies as st
from parts import module_needs
from strategies import non_integers

from labkit.platforms import KERAS

module_needs(KERAS)

import keras

from labkit.datasets import Task, load_task
from labkit.masks import all_masks, mask_from_string
from labkit.networks import (
    OneLayerArrays,
    RandomNetwork,
    TwoLayerArrays,
    fold_subnetwork,
    sample_network,
)
from labkit.problems import build_problem
from labkit.scoring import COSTS, integer_weights, quadratic_cost, score_all_masks

Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def samples(n_features: int, *, n: int = 40, seed: int = 1) -> Array:
    return np.random.default_rng(seed).normal(size=(n, n_features))


def draw(n_inputs: int, n_hidden: int, n_outputs: int = 1, **options: Any) -> TwoLayerArrays:
    options = {"seed": 3, "scale": 2.0, **options}
    network = sample_network(n_inputs, n_hidden, n_outputs, hidden_layers=2, **options)
    assert isinstance(network, TwoLayerArrays)
    return network


def standardise(column: list[float], training: list[float]) -> list[float]:
    """(h - mean) / std of the training values; 0 where these do not vary."""
    mean = sum(training) / len(training)
    std = math.sqrt(sum((h - mean) ** 2 for h in training) / len(training))
    return [0.0 if std < 1e-6 else (h - mean) / std for h in column]


def layer_by_definition(
    inputs: list[list[float]], training: list[list[float]], kernel: npt.NDArray[np.float32]
) -> tuple[list[list[float]], list[list[float]]]:
    """relu(w_j . [inputs, 1]) and the same of the training inputs, each one list per unit."""
    activations: tuple[list[list[float]], list[list[float]]] = ([], [])
    for *weights, bias in kernel.T.tolist():
        for rows, found in zip((inputs, training), activations, strict=True):
            sums = [sum(w * v for w, v in zip(weights, row, strict=True)) for row in rows]
            found.append([max(0.0, value + bias) for value in sums])
    return activations


def outputs_by_definition(
    network: TwoLayerArrays, x: Array, x_train: Array, mask: BoolArray
) -> Array:
    """design.md's two layers, one unit and one sample after the other."""
    n = network.n_hidden
    of_x, of_train = layer_by_definition(x.tolist(), x_train.tolist(), network.kernel)
    whole = [standardise(h, h) for h in of_train]
    kept = [standardise(h, t) for h, t in zip(of_x, of_train, strict=True)]
    kept = [[m * value for value in h] for m, h in zip(mask[:n].tolist(), kept, strict=True)]
    rows = [list(row) for row in zip(*kept, strict=True)]
    whole_rows = [list(row) for row in zip(*whole, strict=True)]
    of_x, of_train = layer_by_definition(rows, whole_rows, network.second_kernel)
    total = np.zeros((len(x), network.n_outputs))
    for j in np.flatnonzero(mask[n:]):
        unit = standardise(of_x[j], of_train[j])
        total += network.scale * np.outer(unit, network.readout[j])
    return total


def run_model(model: keras.Model, x: npt.ArrayLike, mask: object = None) -> Array:
    outputs = model(np.asarray(x)) if mask is None else model(np.asarray(x), neuron_mask=mask)
    return np.asarray(keras.ops.convert_to_numpy(outputs), dtype=np.float64)


@pytest.fixture(scope="module")
def wine() -> Task:
    return load_task("wine").principal_components(2)


@pytest.fixture(scope="module")
def network(wine: Task) -> RandomNetwork:
    """3 + 3 hidden units, three classes."""
    options: dict[str, Any] = {"hidden_layers": 2, "scale": 1.5, "seed": 3}
    return RandomNetwork(2, 3, 3, **options).adapt(wine.x_train)


# How the second layer is drawn


@pytest.mark.parametrize("options", [{}, {"init": "signed_constant", "readout": "gaussian"}])
def test_the_first_layer_and_the_readout_are_those_of_the_one_layer_network(
    options: dict[str, Any],
) -> None:
    one, two = sample_network(3, 5, 2, seed=4, **options), draw(3, 5, 2, seed=4, **options)
    np.testing.assert_array_equal(one.kernel, two.kernel)
    np.testing.assert_array_equal(one.readout, two.readout)
    x = samples(3)
    assert isinstance(one, OneLayerArrays)
    np.testing.assert_array_equal(one.adapted(x).mean[:, 0], two.adapted(x).mean)


def test_the_second_kernel_has_variance_two_over_fan_in_and_is_drawn_by_itself() -> None:
    network = draw(200, 200, seed=0)
    assert network.second_kernel.shape == (201, 200)
    assert network.second_kernel.var() == pytest.approx(2 / 201, rel=0.03)
    together = np.corrcoef(network.kernel.ravel(), network.second_kernel.ravel())
    assert abs(together[0, 1]) < 0.02
    signed = draw(2, 60, init="signed_constant").second_kernel
    np.testing.assert_allclose(np.abs(signed), math.sqrt(2 / 61), rtol=1e-6)


def test_the_seed_decides_the_second_kernel() -> None:
    one, same, other = (draw(2, 4, seed=seed).second_kernel for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.isclose(one, other).any()


def test_a_mask_has_a_bit_for_each_unit_of_both_layers() -> None:
    network = draw(2, 3)
    assert network.hidden_layers == 2
    assert network.n_mask_bits == 6


# What it computes


@pytest.mark.parametrize(("n_hidden", "n_outputs"), [(1, 1), (3, 1), (2, 3)])
def test_outputs_follow_the_definition_for_every_mask(n_hidden: int, n_outputs: int) -> None:
    x_train, x = samples(2), samples(2, n=7, seed=2)
    network = draw(2, n_hidden, n_outputs).adapted(x_train)
    for mask in all_masks(2 * n_hidden):
        expected = outputs_by_definition(network, x, x_train, mask)
        np.testing.assert_allclose(network.outputs(x, mask), expected, atol=1e-9)


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2**16))
def test_many_masks_at_once_give_the_outputs_of_each(
    n_inputs: int, n_hidden: int, n_outputs: int, seed: int
) -> None:
    x = samples(n_inputs, n=6)
    network = draw(n_inputs, n_hidden, n_outputs, seed=seed).adapted(x)
    masks = np.random.default_rng(seed).random((5, 2 * n_hidden)) < 0.5
    together = network.run_masks(network.prepare(x), masks)
    assert together.shape == (5, 6, n_outputs)
    for mask, outputs in zip(masks, together, strict=True):
        expected = outputs_by_definition(network, x, x, mask)
        np.testing.assert_allclose(outputs, expected, atol=1e-9)


def test_statistics_of_the_second_layer_are_those_of_the_whole_network() -> None:
    x = samples(2)
    network = replace(draw(2, 4, seed=1).adapted(x), readout=np.eye(4, dtype=np.float32), scale=1.0)
    whole = network.outputs(x, "1" * 8)
    np.testing.assert_allclose(whole.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(whole.std(axis=0), 1, atol=1e-12)
    masked = network.outputs(x, "0111" + "1111")
    assert (np.abs(masked.std(axis=0) - 1) > 0.01).any()


def test_without_second_units_the_output_is_zero_and_without_first_ones_the_same_for_all() -> None:
    x = samples(2)
    network = draw(2, 3).adapted(x)
    np.testing.assert_array_equal(network.outputs(x, "111000"), 0)
    constant = network.outputs(x, "000111")
    np.testing.assert_array_equal(constant, np.broadcast_to(constant[0], constant.shape))
    assert constant[0, 0] != 0


def test_a_second_unit_that_never_fires_carries_nothing() -> None:
    network, x = draw(2, 3), samples(2)
    kernel = network.second_kernel.copy()
    kernel[:, 1] = [0, 0, 0, -1]
    adapted = replace(network, second_kernel=kernel).adapted(x)
    np.testing.assert_array_equal(adapted.outputs(x, "111010"), 0)


# Keras


def test_keras_computes_what_the_arrays_compute(network: RandomNetwork, wine: Task) -> None:
    options: dict[str, Any] = {"hidden_layers": 2, "scale": 1.5, "seed": 3}
    twin = sample_network(2, 3, 3, **options).adapted(wine.x_train)
    for mask in all_masks(6):
        expected = twin.outputs(wine.x_test, mask)
        np.testing.assert_allclose(run_model(network, wine.x_test, mask), expected, atol=1e-5)
        again = network.arrays().outputs(wine.x_test, mask)
        np.testing.assert_allclose(again, expected, atol=1e-5)


def test_no_mask_means_every_neuron_of_both_layers_stays(
    network: RandomNetwork, wine: Task
) -> None:
    assert network.n_mask_bits == 6
    np.testing.assert_array_equal(
        run_model(network, wine.x_test), run_model(network, wine.x_test, "111111")
    )


def test_every_subnetwork_is_a_smaller_model_of_the_same_function(
    network: RandomNetwork, wine: Task
) -> None:
    for mask in all_masks(6)[::5]:
        subnetwork = network.subnetwork(mask)
        np.testing.assert_allclose(
            run_model(subnetwork, wine.x_test), run_model(network, wine.x_test, mask), atol=1e-5
        )
        left = [max(1, int(bits.sum())) for bits in np.split(mask, 2)]
        assert [subnetwork.get_layer(name).units for name in ("hidden", "second")] == left


def test_a_subnetwork_evaluates_to_the_cost_of_its_mask(network: RandomNetwork, wine: Task) -> None:
    mask = mask_from_string("110101")
    loss, _ = network.subnetwork(mask).evaluate(wine.x_train, wine.y_train, verbose=0)
    table = score_all_masks(network, wine.x_train, wine.y_train)
    assert loss == pytest.approx(float(table.evaluate(mask)), abs=1e-5)


@given(st.integers(1, 4), st.sampled_from([1, 3]), st.integers(0, 2**16), st.data())
def test_folded_weights_compute_the_subnetwork_without_standardisation(
    n_hidden: int, n_outputs: int, seed: int, data: st.DataObject
) -> None:
    x = samples(3, n=8)
    network = draw(3, n_hidden, n_outputs, seed=seed).adapted(x)
    mask = data.draw(st.lists(st.booleans(), min_size=2 * n_hidden, max_size=2 * n_hidden))
    first, bias, second, second_bias, readout, constant = fold_subnetwork(network, mask)
    h = np.maximum(np.maximum(x @ first + bias, 0) @ second + second_bias, 0)
    np.testing.assert_allclose(h @ readout + constant, network.outputs(x, mask), atol=1e-9)


def test_a_saved_network_is_loaded_whole(
    network: RandomNetwork, wine: Task, tmp_path: Path
) -> None:
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert isinstance(loaded, RandomNetwork)
    assert loaded.get_config() == network.get_config()
    assert loaded.get_config()["hidden_layers"] == 2
    for mask in ("111111", "010011"):
        np.testing.assert_array_equal(
            run_model(loaded, wine.x_test, mask), run_model(network, wine.x_test, mask)
        )


def test_fitting_moves_both_kernels_and_no_statistics() -> None:
    moons = load_task("moons")
    network = RandomNetwork(2, 3, hidden_layers=2, seed=0).adapt(moons.x_train)
    before = network.arrays()
    network.fit(moons.x_train, moons.y_train, epochs=1, verbose=0)
    after = network.arrays()
    assert isinstance(before, TwoLayerArrays)
    assert isinstance(after, TwoLayerArrays)
    for moved in ("kernel", "second_kernel", "readout"):
        assert not np.allclose(getattr(before, moved), getattr(after, moved)), moved
    for frozen in ("mean", "inverse_std", "second_mean", "second_inverse_std"):
        np.testing.assert_array_equal(getattr(before, frozen), getattr(after, frozen))


# The table of costs


def test_the_tables_are_what_keras_computes_mask_by_mask(
    network: RandomNetwork, wine: Task
) -> None:
    x, y = wine.x_train, wine.y_train
    tables = {cost: score_all_masks(network, x, y, cost=cost) for cost in COSTS}
    assert {table.n_neurons for table in tables.values()} == {6}
    for index, mask in enumerate(all_masks(6)):
        f = run_model(network, x, mask)
        for cost, expected in keras_costs(f, y).items():
            assert tables[cost].costs[index] == pytest.approx(expected, abs=1e-5), cost


def test_six_and_six_neurons_are_a_problem_of_twelve_bits() -> None:
    problem = build_problem("breast_cancer", 6, hidden_layers=2, seed=0)
    assert problem.n_neurons == 12
    best = problem.table.optimal_masks()[0]
    outputs = problem.network.outputs(problem.task.x_test, best)[:, 0]
    right = np.mean((outputs > 0) == (problem.task.y_test == 1))
    assert problem.accuracy(best) == pytest.approx(right)
    assert problem.accuracy(best, split="train") > 0.8


# What is refused


@given(non_integers | st.integers().filter(lambda v: v not in (1, 2)))
def test_other_numbers_of_layers_are_refused(hidden_layers: Any) -> None:
    for build in (sample_network, RandomNetwork):
        with pytest.raises((TypeError, ValueError), match=r"^hidden_layers=.*\(limit: (1|2)\b"):
            build(2, 3, hidden_layers=hidden_layers, seed=0)


def test_weight_masks_of_two_layers_are_refused() -> None:
    expected = r"^hidden_layers=2 with mask_kind='weight' \(limit: 1\)$"
    for build in (sample_network, RandomNetwork):
        with pytest.raises(ValueError, match=expected):
            build(2, 3, hidden_layers=2, mask_kind="weight", seed=0)


def test_two_layers_have_no_contributions(network: RandomNetwork) -> None:
    with pytest.raises(ValueError, match=r"^hidden_layers=2 has no contributions "):
        network.contributions(np.zeros((2, 2)))
    assert not hasattr(network.arrays(), "contributions")


@pytest.mark.parametrize("of", ["arrays", "keras"])
def test_costs_made_of_contributions_refuse_two_layers(of: str, network: RandomNetwork) -> None:
    source = network if of == "keras" else network.arrays()
    for make in (quadratic_cost, partial(integer_weights, scale=1.0)):
        with pytest.raises(ValueError, match=r"^network=TwoLayerArrays.* has no contributions "):
            make(source, np.zeros((2, 2)), [0, 1])


def test_a_second_layer_that_does_not_fit_is_refused_before_it_is_drawn() -> None:
    with pytest.raises(MemoryError, match=r"^n_hidden=10000000 needs .* for weights; "):
        sample_network(2, 10**7, hidden_layers=2, seed=0)


@given(st.integers(0, 12), st.sampled_from(["ones", "string"]))
def test_a_mask_of_the_wrong_length_is_refused(n_bits: int, form: str) -> None:
    assume(n_bits != 6)
    mask = "1" * n_bits if form == "string" else np.ones(n_bits)
    network = draw(2, 3).adapted(samples(2))
    expected = rf"^neuron_mask has {n_bits} entries; this network has 6 "
    with pytest.raises(ValueError, match=expected):
        network.outputs(samples(2), mask)
    with pytest.raises(ValueError, match=expected):
        fold_subnetwork(network, mask)
