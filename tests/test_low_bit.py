"""Low-bit weights: as a cost for every selector, searched by logits, and as a Keras layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_cases import load_cases

from labkit.arrays import FloatArray
from labkit.baselines import low_bit_search, straight_through
from labkit.baselines.low_bit import LowBitPasses
from labkit.datasets import load_task
from labkit.limits import TooLargeError
from labkit.masks import all_masks
from labkit.networks import NetworkArrays, OneLayerArrays, sample_network
from labkit.networks.low_bit import (
    hard_weights,
    rise_factor,
    soft_weights,
    temperatures,
    with_values,
)
from labkit.scoring import LowBitCost, network_cost
from labkit.selectors import (
    adaptive_grover,
    exhaustive,
    grover_search,
    local_selection,
    one_flip_search,
    qaoa_sampling,
    random_search,
    run,
    simulated_annealing,
    tabu_search,
)

CASES = load_cases("neighbours/low_bit_search_open")
BINARY, TERNARY = (-1.0, 1.0), (-1.0, 0.0, 1.0)
seeds = st.integers(0, 2**16)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def data(n_inputs: int = 2, *, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    rng = generator(seed)
    return rng.normal(size=(12, n_inputs)), rng.integers(0, 2, size=12) * 1.0


def weight_network(n_inputs: int = 2, n_hidden: int = 2, *, seed: int = 0) -> NetworkArrays:
    return sample_network(n_inputs, n_hidden, mask_kind="weight", scale=2.0, seed=seed)


def network_of(case: dict[str, Any]) -> NetworkArrays:
    """The units, readout and scale of a reference case."""
    network = weight_network(len(case["x"][0]), len(case["readout"]))
    readout = np.array(case["readout"])[:, np.newaxis]
    return replace(network, readout=readout, scale=case["scale"])


def passes_of(case: dict[str, Any]) -> LowBitPasses:
    return LowBitPasses.of(network_of(case), case["values"], case["x"], case["y"])


# Against what was computed without labkit


@pytest.mark.parametrize("case", CASES)
def test_weights_costs_and_gradient_are_those_of_the_reference(case: dict[str, Any]) -> None:
    passes, logits, at = passes_of(case), np.array(case["logits"]), case["temperature"]
    soft, hard = soft_weights(logits, case["values"], at), hard_weights(logits, case["values"])
    np.testing.assert_allclose(soft, case["soft_weights"], atol=1e-9)
    np.testing.assert_array_equal(hard, case["hard_weights"])
    cost, gradient = passes.soft_cost_and_gradient(logits, at)
    np.testing.assert_allclose([cost, passes.cost(soft)], case["soft_cost"], rtol=1e-8)
    np.testing.assert_allclose(passes.cost(hard), case["hard_cost"], rtol=1e-8)
    expected = np.array(case["gradient"])
    np.testing.assert_allclose(gradient, expected, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("case", [case for case in CASES if "table" in case])
def test_a_mask_chooses_the_weights_of_the_reference_table(case: dict[str, Any]) -> None:
    cost = LowBitCost(network_of(case), case["values"], case["x"], case["y"])
    table = cost.to_table()
    np.testing.assert_allclose(table.costs, case["table"], atol=1e-8)
    np.testing.assert_allclose(cost.evaluate(all_masks(cost.n_neurons)), case["table"], atol=1e-8)
    chosen = passes_of(case).network.mask_of(np.array(case["logits"]).argmax(axis=-1))
    np.testing.assert_allclose(table.evaluate(chosen), case["hard_cost"], atol=1e-8)


@pytest.mark.parametrize("case", load_cases("neighbours/temperature_open"))
def test_the_temperature_of_each_epoch_is_that_of_the_reference(case: dict[str, Any]) -> None:
    expected = case.pop("temperatures")
    np.testing.assert_allclose(temperatures(**case), expected, rtol=1e-12)


# Costs


@pytest.mark.parametrize("n_inputs", [2, 20])  # statistics from a table of patterns, or measured
def test_zero_and_the_random_weight_are_the_weight_masks(n_inputs: int) -> None:
    x, y = data(n_inputs)
    network = weight_network(n_inputs, 3).adapted(x)
    assert isinstance(network, OneLayerArrays) == (n_inputs == 2)
    ours, known = LowBitCost(network, (0, network.kernel), x, y), network_cost(network, x, y)
    masks = generator().random((50, known.n_neurons)) < 0.5
    np.testing.assert_allclose(ours.evaluate(masks), known.evaluate(masks), rtol=1e-12)
    walks = ours.walk(masks[0]), known.walk(masks[0])
    np.testing.assert_allclose(walks[0].flip_costs(), walks[1].flip_costs(), rtol=1e-12)
    assert ours.network.input_groups == network.input_groups  # type: ignore[union-attr]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(2, 4), seeds)
def test_a_walk_tells_what_evaluating_tells(n: int, h: int, k: int, seed: int) -> None:
    x, y = data(n, seed=seed)
    cost = LowBitCost(weight_network(n, h), generator(seed).normal(size=k), x, y)
    assert cost.n_neurons == (n + 1) * h * (k - 1)
    walk = cost.walk(generator(seed).random(cost.n_neurons) < 0.5)
    for neuron in generator(seed).integers(0, cost.n_neurons, size=4).tolist():
        flips = np.eye(cost.n_neurons, dtype=bool)
        expected = cost.evaluate(walk.neuron_mask ^ flips)
        np.testing.assert_allclose(walk.flip_costs(), expected, rtol=1e-9)
        walk.flip(neuron)
        np.testing.assert_allclose(walk.cost, cost.evaluate(walk.neuron_mask), rtol=1e-9)


def test_the_bits_of_a_unit_choose_its_own_weights() -> None:
    of_weights = generator().normal(size=(3, 2, 4))
    network = with_values(weight_network(), np.moveaxis(of_weights, -1, 0))
    choices = generator(1).integers(0, 4, size=(3, 2))
    mask = network.mask_of(choices)
    chosen = network.masked_weights(mask.reshape(2, -1)).T
    for i in range(3):
        for j in range(2):
            bits = mask[j * 9 + i * 3 : j * 9 + i * 3 + 3]
            assert bits.sum() == choices[i, j]
            assert chosen[i, j] == of_weights[i, j, choices[i, j]]
    assert network.input_groups[1] == (3, 4, 5, 12, 13, 14)


@pytest.mark.parametrize(
    ("selector", "options"),
    [
        (exhaustive, {}), (random_search, {}), (one_flip_search, {}), (tabu_search, {}),
        (simulated_annealing, {"sweeps": 3}), (grover_search, {"shots": 3}), (adaptive_grover, {}),
        (qaoa_sampling, {"p": 2, "shots": 8}), (local_selection, {"block_size": 3}),
        (local_selection, {"block_size": 3, "inner": adaptive_grover}),
    ],
)  # fmt: skip
def test_every_selector_searches_it(selector: Any, options: dict[str, Any]) -> None:
    cost = LowBitCost(weight_network(1), TERNARY, *data(1))
    found = run(selector, cost, rng=generator(), max_forward_passes=2**8 + 300, **options)
    assert found.cost == pytest.approx(cost.evaluate(found.neuron_mask))
    assert found.cost >= cost.to_table().minimum - 1e-12


def test_more_classes_are_scored_by_their_softmax() -> None:
    task = load_task("iris")
    network = sample_network(task.n_features, 2, 3, mask_kind="weight", seed=0)
    cost = LowBitCost(network, BINARY, task.x_train, task.y_train)
    found = low_bit_search(
        network, task.x_train, task.y_train, values=BINARY, epochs=20, rng=generator()
    )
    assert cost.evaluate(found.neuron_mask) == pytest.approx(found.cost)


# Gradients


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 3), st.integers(1, 3), st.floats(0.5, 5.0), seeds)
def test_the_gradient_goes_through_the_statistics(
    k: int, n_outputs: int, temperature: float, seed: int
) -> None:
    rng = generator(seed)
    x, y = rng.normal(size=(15, 3)), rng.integers(0, max(2, n_outputs), size=15)
    network = sample_network(3, 4, n_outputs, mask_kind="weight", seed=seed)
    passes = LowBitPasses.of(network, rng.normal(size=k), x, y)
    logits, direction = rng.normal(size=(2, *passes.network.values.shape))
    step = 1e-5
    ends = [
        passes.soft_cost_and_gradient(logits + sign * step * direction, temperature)[0]
        for sign in (1, -1)
    ]
    _, gradient = passes.soft_cost_and_gradient(logits, temperature)
    slope = float((gradient * direction).sum())
    size = float(np.abs(gradient * direction).sum())
    rounding = 2.0**-48 * ends[0] / step
    within = 2e-4 * size + rounding
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(slope, rel=2e-4, abs=within)


def test_a_unit_that_never_fires_has_no_gradient_and_no_part() -> None:
    x, y = np.abs(data()[0]), data()[1]
    passes = LowBitPasses.of(weight_network(2, 1), BINARY, x, y)
    cost, gradient = passes.cost_and_gradient(-np.ones((3, 1)))
    assert cost == pytest.approx(np.log(2))
    assert not gradient.any()


# Searches


def test_the_search_hardens_what_it_has_found() -> None:
    task, network = load_task("breast_cancer"), weight_network(30, 4)
    x, y = task.x_train, task.y_train
    cost = LowBitCost(network, BINARY, x, y)
    found = low_bit_search(network, x, y, values=BINARY, epochs=100, rng=generator())
    assert cost.evaluate(found.neuron_mask) == pytest.approx(found.cost, rel=1e-9)
    by_chance = cost.evaluate(generator().random((200, cost.n_neurons)) < 0.5)
    assert found.cost < by_chance.min()
    ledger = replace(found.ledger, seconds=0)
    assert (ledger.cost_queries, ledger.forward_passes, ledger.backward_passes) == (1, 101, 100)
    assert found.history.tolist() == [found.cost]
    same = low_bit_search(network, x, y, values=BINARY, epochs=100, rng=generator())
    np.testing.assert_array_equal(same.neuron_mask, found.neuron_mask)


@pytest.mark.parametrize("values", [BINARY, TERNARY, "mask"])
def test_straight_through_returns_the_best_mask_on_its_way(values: Any) -> None:
    task, network = load_task("breast_cancer"), weight_network(30, 4)
    values = (0, network.kernel) if values == "mask" else values
    x, y = task.x_train, task.y_train
    cost = LowBitCost(network, values, x, y)
    found = straight_through(network, x, y, values=values, epochs=60, rng=generator())
    assert cost.evaluate(found.neuron_mask) == pytest.approx(found.cost, rel=1e-9)
    assert found.cost == found.history.min() < found.history[0]
    assert len(found.history) == found.ledger.forward_passes == found.ledger.cost_queries == 61
    assert found.ledger.backward_passes == 60


def test_the_temperature_reaches_the_final_one_between_its_two_epochs() -> None:
    factor = rise_factor(300, 1000.0)
    at = temperatures(300, factor=factor)
    assert factor == pytest.approx(1.0391, abs=5e-5)
    assert (at[:91] == 1).all()
    assert (np.diff(at[90:271]) > 0).all()
    np.testing.assert_allclose(at[270:], 1000.0)
    assert rise_factor(1, 5.0) == 5.0  # too few epochs to rise
    assert temperatures(1, factor=5.0).tolist() == [1.0]


# Bad input


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0], r"values has shapes \[\(\)\] \(limit: 2 or more, each a number or \(3, 2\)\)"),
        ([], "2 or more"),
        (3.0, "values=3.0 is not a sequence of values"),
        ("01", "values='01' is not a sequence of values"),
        ((0, np.ones((3, 3))), r"values has shapes \[\(\), \(3, 3\)\]"),
        ([0.0, np.nan], "values holds a value that is not finite"),
        (["a", "b"], "is not an array of numbers"),
    ],
)
def test_values_that_are_none_are_refused(values: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        LowBitCost(weight_network(), values, *data())


@given(st.sampled_from([0, -1.0, np.inf, np.nan, "x", None, True]))
def test_rates_and_temperatures_are_above_zero(value: Any) -> None:
    for name in ("learning_rate", "final_temperature"):
        with pytest.raises(ValueError, match=name):
            low_bit_search(
                weight_network(), *data(), values=BINARY, rng=generator(), **{name: value}
            )


@pytest.mark.parametrize("search", [low_bit_search, straight_through])
def test_what_is_no_training_is_refused(search: Any) -> None:
    options: dict[str, Any] = {"values": BINARY, "rng": generator()}
    with pytest.raises(ValueError, match="epochs=0 is too small"):
        search(weight_network(), *data(), **options, epochs=0)
    with pytest.raises(TypeError, match="rng"):
        search(weight_network(), *data(), **{**options, "rng": 1})
    with pytest.raises(ValueError, match="x has shape"):
        search(weight_network(3), *data(), **options)
    with pytest.raises(TypeError, match="is no network of one hidden layer"):
        search(sample_network(2, 2, hidden_layers=2, seed=0), *data(), **options)


def test_a_table_of_too_many_bits_is_refused() -> None:
    with pytest.raises(TooLargeError, match="n_neurons=62"):
        LowBitCost(weight_network(30, 2), BINARY, *data(30)).to_table()


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_rise_ends_after_it_began(start: float, end: float) -> None:
    if start <= end:
        assert len(temperatures(7, factor=2.0, start=start, end=end)) == 7
    else:
        with pytest.raises(ValueError, match="is above end"):
            temperatures(7, factor=2.0, start=start, end=end)


# In Keras


def test_the_layer_computes_what_the_arrays_compute() -> None:
    keras = pytest.importorskip("keras")
    import tensorflow as tf

    from labkit.networks import SearchedDense

    case = CASES[1]
    passes, x = passes_of(case), np.array(case["x"], dtype=np.float32)
    targets = np.array(case["y"], dtype=np.float32)
    layer = SearchedDense(len(case["readout"]), case["values"])
    model = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            layer,
            keras.layers.ReLU(),
            keras.layers.BatchNormalization(center=False, scale=False, epsilon=1e-9),
        ]
    )
    logits = np.array(case["logits"])
    layer.logits.assign(logits)
    layer.temperature.assign(case["temperature"])
    np.testing.assert_allclose(layer.soft_weights(), case["soft_weights"], atol=1e-6)
    np.testing.assert_array_equal(layer.hard_weights(), case["hard_weights"])
    with tf.GradientTape() as tape:
        h = model(x, training=True)
        f = case["scale"] * tf.linalg.matvec(h, tf.constant(case["readout"], tf.float32))
        cost = tf.reduce_mean(tf.math.softplus(-targets * f))
    expected, gradient = passes.soft_cost_and_gradient(logits, case["temperature"])
    assert float(cost) == pytest.approx(expected, rel=1e-5)
    found = np.asarray(tape.gradient(cost, layer.logits.value))
    np.testing.assert_allclose(found, gradient, atol=2e-3 * np.abs(gradient).max())
    layer.harden()
    np.testing.assert_array_equal(layer.soft_weights(), case["hard_weights"])


def test_the_temperature_rises_while_a_model_is_trained(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    from labkit.networks import RisingTemperature, SearchedDense

    layer = SearchedDense(2, BINARY, seed=3)
    model = keras.Sequential([keras.Input((2,)), layer, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    rise, seen = RisingTemperature(2.0, start=0.25, end=0.75), []
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(float(layer.temperature.value))
    )
    x, y = data()
    model.fit(x, y, epochs=4, verbose=0, callbacks=[rise, note])
    assert seen == temperatures(4, factor=2.0, start=0.25, end=0.75).tolist() == [1, 1, 2, 4]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)
    outer = keras.Sequential([keras.Input((2,)), model, keras.layers.Dense(1)])
    outer.compile("adam", "mse")
    layer.temperature.assign(1.0)
    outer.fit(x, y, epochs=4, verbose=0, callbacks=[rise])
    assert float(layer.temperature.value) == 4  # of a model inside a model, too
    plain = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    plain.compile("adam", "mse")
    with pytest.raises(ValueError, match="no layer with a temperature"):
        plain.fit(x, y, verbose=0, callbacks=[rise])


def test_every_weight_of_the_layer_can_have_values_of_its_own() -> None:
    pytest.importorskip("keras")
    from labkit.networks import SearchedDense

    network = weight_network()
    layer = SearchedDense(network.n_hidden, (0, network.kernel))
    layer.build((None, 2))
    logits = generator().normal(size=(3, 2, 2))
    layer.logits.assign(logits)
    kept = logits[..., 1] > logits[..., 0]
    np.testing.assert_array_equal(layer.hard_weights(), kept * network.kernel)
