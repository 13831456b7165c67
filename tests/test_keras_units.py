"""Units of a Keras model of one's own as neurons: costs, and the smaller model of a mask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from parts import module_needs

from labkit.platforms import KERAS

module_needs(KERAS)

import keras
from keras import layers

from labkit.limits import TooLargeError
from labkit.masks import all_masks
from labkit.networks import RandomNetwork, network_from_keras
from labkit.networks.keras.units import KerasUnits, LinearUnits
from labkit.scoring import (
    integer_weights,
    network_cost,
    quadratic_cost,
    score_all_masks,
    score_contributions,
)
from labkit.selectors import adaptive_grover, exhaustive, local_selection, one_flip_search, run

Array = npt.NDArray[Any]
RNG = np.random.default_rng(15)
X = RNG.normal(size=(90, 8)).astype("float32")
Y = RNG.integers(0, 3, size=90)
IMAGES = RNG.normal(size=(40, 8, 8, 2)).astype("float32")


def build_functional(n_units: int = 64, **compile_options: Any) -> keras.Model:
    """8 inputs, a layer `hidden` in the middle, three classes by softmax."""
    x = keras.Input((8,))
    h = layers.Dense(16, "tanh", name="first")(x)
    h = layers.Dense(n_units, "relu", name="hidden")(h)
    h = layers.Dense(12, "relu", name="third")(h)
    model = keras.Model(x, layers.Dense(3, "softmax", name="classes")(h))
    options = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    model.compile(**{"optimizer": "adam", **options, **compile_options})
    return model


def build_one_hidden(n_units: int = 6, activation: str | None = None) -> keras.Model:
    """After `hidden` only BatchNormalization, Dropout and the outputs."""
    x = keras.Input((8,))
    h = layers.Dense(n_units, "relu", name="hidden")(x)
    h = layers.Dropout(0.3)(layers.BatchNormalization(name="norm")(h))
    return shaken(keras.Model(x, layers.Dense(3, activation, name="classes")(h)))


def build_images(*, pool: str = "flatten") -> keras.Model:
    """Conv, BatchNormalization, Activation, pooling, Conv, then outputs."""
    last = layers.Flatten() if pool == "flatten" else layers.GlobalAveragePooling2D()
    parts = [
        keras.Input((8, 8, 2)),
        layers.Conv2D(8, 3, padding="same", name="conv"),
        layers.BatchNormalization(name="norm"),
        layers.Activation("sigmoid"),
        layers.MaxPooling2D(),
        layers.SpatialDropout2D(0.2),
        layers.Conv2D(6, 3, activation="relu", padding="same", name="second"),
        last,
        layers.Dense(3, name="classes"),
    ]
    model = shaken(keras.Sequential(parts, name="images"))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def shaken(model: keras.Model) -> keras.Model:
    """All weights, biases and statistics away from 0 and 1, as after training."""
    rng = np.random.default_rng(3)
    drawn = [weight + rng.normal(0, 0.2, weight.shape) for weight in model.get_weights()]
    of_variance = ["variance" in weight.path for weight in model.weights]
    pairs = zip(drawn, of_variance, strict=True)
    model.set_weights([np.abs(w) if is_variance else w for w, is_variance in pairs])
    return model


def run_model(model: keras.Model, x: Array) -> Array:
    """Predictions, without the tracing of `predict`."""
    return np.asarray(model(x, training=False))


def masked_by_hand(model: keras.Model, reader: str, n: int, mask: Array, x: Array) -> Array:
    """Predictions where the reader's weights of units that are off are 0."""
    copy = keras.models.clone_model(keras.Model(model.inputs[0], model.outputs[0]))
    copy.set_weights(model.get_weights())
    kernel, *bias = copy.get_layer(reader).get_weights()
    places = np.resize(mask, kernel.shape[-2])  # flattened: channels are the fastest
    copy.get_layer(reader).set_weights([kernel * places[:, np.newaxis], *bias])
    return run_model(copy, x)


def random_masks(n: int, count: int = 2) -> Array:
    """Random masks, and those of all and of no units."""
    drawn = np.random.default_rng(1).random((count, n)) < 0.5
    return np.vstack([drawn, np.ones((1, n), bool), np.zeros((1, n), bool)])


CASES = [
    ("functional", "hidden", "third"),
    ("functional", "first", "hidden"),
    ("one_hidden", "hidden", "classes"),
    ("images", "conv", "second"),
    ("images", "second", "classes"),
    ("pooled", "second", "classes"),
]


def build(name: str) -> tuple[keras.Model, Array]:
    if name == "functional":
        return build_functional(), X
    if name == "one_hidden":
        return build_one_hidden(), X
    return build_images(pool="flatten" if name == "images" else "mean"), IMAGES


@pytest.mark.parametrize(("name", "layer", "reader"), CASES)
def test_the_smaller_model_predicts_what_the_masked_one_does(
    name: str, layer: str, reader: str
) -> None:
    model, x = build(name)
    network = network_from_keras(model, layer=layer, x=x)
    for mask in random_masks(network.n_mask_bits):
        smaller = network.subnetwork(mask)
        found = run_model(smaller, x)
        np.testing.assert_allclose(found, network.predict(x, mask), atol=1e-5)
        expected = masked_by_hand(model, reader, network.n_mask_bits, mask, x)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert smaller.get_layer(layer).get_weights()[-1].shape == (max(mask.sum(), 1),)
        assert type(smaller) is type(model)
        assert smaller.count_params() < model.count_params() or mask.all()


@pytest.mark.parametrize(("name", "layer"), [("functional", "hidden"), ("images", "conv")])
def test_the_smaller_model_saves_loads_and_trains(name: str, layer: str, tmp_path: Path) -> None:
    model, x = build(name)
    y = Y[: len(x)]
    network = network_from_keras(model, layer=layer, x=x)
    smaller = network.subnetwork(random_masks(network.n_mask_bits)[0])
    smaller.save(tmp_path / "smaller.keras")
    loaded = keras.saving.load_model(tmp_path / "smaller.keras")
    before = run_model(smaller, x)
    np.testing.assert_allclose(run_model(loaded, x), before, atol=1e-6)
    losses = loaded.fit(x, y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert type(loaded.optimizer) is type(model.optimizer)
    np.testing.assert_array_equal(run_model(smaller, x), before)


def test_a_model_without_compile_settings_gives_one_without() -> None:
    network = network_from_keras(build_one_hidden(), layer="hidden", x=X)
    assert not network.subnetwork("101010").compiled
    assert network.compiled_cost is None


def test_a_loss_function_of_ones_own_goes_with_the_smaller_model() -> None:
    def half_square(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean((y_true - y_pred) ** 2, axis=-1) / 2

    model = build_functional(8, loss=half_square, metrics=[])
    network = network_from_keras(model, layer="hidden", x=X)
    one_hot = np.eye(3)[Y]
    expected = model.evaluate(X, one_hot, verbose=0)
    assert float(network_cost(network, X, one_hot).evaluate("1" * 8)) == pytest.approx(expected)
    smaller = network.subnetwork("11110000")
    smaller.fit(X, one_hot, verbose=0)
    assert smaller.loss is half_square


def test_weights_are_those_of_the_moment() -> None:
    model = build_functional(8)
    network = network_from_keras(model, layer="hidden", x=X)
    before = network.predict(X, "11110000")
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(network.predict(X, "11110000"), before)
    np.testing.assert_allclose(run_model(network.subnetwork("11110000"), X), before, atol=1e-5)


def test_contributions_and_the_constant_give_what_forward_passes_give() -> None:
    network: Any = network_from_keras(build_one_hidden(), layer="hidden", x=X)
    assert type(network) is LinearUnits
    masks = all_masks(6)
    t, constant = network.contributions(X), network.constant(X)
    assert t.shape == (90, 6, 3)
    assert np.abs(constant).max() > 0.01
    for mask in masks[::20]:
        expected = masked_by_hand(network.whole.model, "classes", 6, mask, X)
        np.testing.assert_allclose(constant + t[:, mask].sum(axis=1), expected, atol=1e-5)
        passed = KerasUnits.run_masks(network, KerasUnits.prepare(network, X), mask[None])[0]
        np.testing.assert_allclose(passed, expected, atol=1e-5)


@pytest.mark.parametrize("cost", ["cross_entropy", "squared_error", "error_rate"])
def test_a_table_of_contributions_with_a_constant_is_that_of_each_mask(cost: str) -> None:
    network: Any = network_from_keras(build_one_hidden(activation="softmax"), layer="hidden", x=X)
    table = score_all_masks(network, X, Y, cost=cost)
    each = network_cost(network, X, Y, cost=cost).evaluate(all_masks(6))
    np.testing.assert_allclose(table.costs, each, atol=1e-12)
    if cost == "squared_error":
        quadratic = quadratic_cost(network, X, Y)
        np.testing.assert_allclose(quadratic.to_table().costs, each, atol=1e-9)
    one = score_contributions(
        network.contributions(X)[:, :1], Y, cost=cost, constant=network.constant(X)
    )
    assert len(one.costs) == 2
    assert one.costs[0] == pytest.approx(each[0])


def test_the_table_of_a_network_that_is_not_linear_is_that_of_its_passes() -> None:
    network = network_from_keras(build_functional(5), layer="hidden", x=X)
    assert type(network) is KerasUnits
    table = score_all_masks(network, X, Y)
    cost = network_cost(network, X, Y)
    np.testing.assert_array_equal(table.costs, [cost.evaluate(mask) for mask in all_masks(5)])
    with pytest.raises(TypeError, match="not linear after its units"):
        quadratic_cost(network, X, Y)


def binary(activation: str | None, loss: Any) -> keras.Model:
    parts = [layers.Dense(5, "relu", name="hidden"), layers.Dense(1, activation)]
    model = shaken(keras.Sequential([keras.Input((8,)), *parts]))
    model.compile("adam", loss)
    return model


def classes(activation: str | None, loss: Any) -> keras.Model:
    model = build_one_hidden(5, activation)
    model.compile("adam", loss)
    return model


LOSSES = keras.losses
Y2, ONE_HOT = (Y > 0).astype(int), np.eye(3)[Y]
REAL = np.linspace(-2, 3, 90)


@pytest.mark.parametrize(
    ("model", "y", "cost"),
    [
        (binary("sigmoid", "binary_crossentropy"), Y2, "cross_entropy"),
        (binary("sigmoid", "binary_crossentropy"), Y2[:, None], "cross_entropy"),
        (binary(None, LOSSES.BinaryCrossentropy(from_logits=True)), Y2, "cross_entropy"),
        (binary("sigmoid", LOSSES.BinaryCrossentropy(label_smoothing=0.1)), Y2, "loss"),
        (binary(None, "mse"), REAL, "loss"),
        (binary("tanh", LOSSES.Huber()), REAL[:, None], "loss"),
        (classes("softmax", "sparse_categorical_crossentropy"), Y, "cross_entropy"),
        (classes("softmax", LOSSES.CategoricalCrossentropy()), ONE_HOT, "cross_entropy"),
        (classes(None, LOSSES.CategoricalCrossentropy(from_logits=True)), ONE_HOT, "cross_entropy"),
        (classes("softmax", LOSSES.CategoricalCrossentropy(label_smoothing=0.2)), ONE_HOT, "loss"),
        (classes("sigmoid", "binary_crossentropy"), ONE_HOT, "loss"),
        (classes("softmax", "mse"), ONE_HOT, "loss"),
        (classes("softmax", ["crossentropy"]), Y, "cross_entropy"),
    ],
)
def test_without_a_cost_it_is_what_evaluate_says_of_the_compiled_model(
    model: keras.Model, y: Array, cost: str
) -> None:
    network = network_from_keras(model, layer="hidden", x=X)
    found = network_cost(network, X, y)
    assert found.cost_name == cost
    for mask in random_masks(5)[:3]:
        smaller = network.subnetwork(mask)
        expected = float(np.asarray(smaller.evaluate(X, y, verbose=0)).ravel()[0])
        assert float(found.evaluate(mask)) == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert score_all_masks(network, X, y).costs[-1] == pytest.approx(
        float(found.evaluate("11111")), rel=1e-9
    )


@pytest.mark.parametrize("n_units", [64, 512])
def test_selectors_without_a_table_take_many_units(n_units: int) -> None:
    network = network_from_keras(build_one_hidden(n_units), layer="hidden", x=X)
    cost = network_cost(network, X, Y)
    with pytest.raises(TooLargeError, match=f"n_neurons={n_units} needs .* for the cost table"):
        score_all_masks(network, X, Y)
    rng = np.random.default_rng(0)
    found = run(one_flip_search, cost, rng=rng, max_cost_queries=300)
    assert found.ledger.forward_passes == found.ledger.cost_queries <= 300
    options: dict[str, Any] = {"block_size": 4, "max_cost_queries": 300}
    for inner in (exhaustive, adaptive_grover):
        found = run(local_selection, cost, rng=rng, inner=inner, **options)
        assert found.cost < found.history[0]


def test_searches_run_on_64_units_in_the_middle_of_a_model() -> None:
    model = build_functional(64)
    network = network_from_keras(model, layer="hidden", x=X)
    cost = network_cost(network, X, Y)
    found = run(one_flip_search, cost, rng=np.random.default_rng(0), max_cost_queries=200)
    expected = network.subnetwork(found.neuron_mask).evaluate(X, Y, verbose=0)[0]
    assert found.cost == pytest.approx(expected, rel=1e-4)
    # a mask has one cost, asked for alone or among others
    masks = random_masks(64, 70)
    np.testing.assert_array_equal(cost.evaluate(masks), [cost.evaluate(mask) for mask in masks])


def test_residual_adds_and_branches_run_and_say_why_they_cannot_shrink() -> None:
    x = keras.Input((8,))
    h = layers.Dense(8, "relu", name="hidden")(x)
    out = layers.Dense(3, name="classes")(layers.Add(name="sum")([h, x]))
    model = shaken(keras.Model(x, out))
    network = network_from_keras(model, layer="hidden", x=X)
    assert isinstance(network, LinearUnits)
    (kernel, bias), (into, shift) = (
        model.get_layer(name).get_weights() for name in ("hidden", "classes")
    )
    mask = random_masks(8)[0]
    expected = (np.maximum(X @ kernel + bias, 0) * mask + X) @ into + shift
    np.testing.assert_allclose(network.predict(X, mask), expected, atol=1e-5)
    with pytest.raises(
        ValueError, match=r"layer='hidden' cannot lose units: .*'sum'.*another side"
    ):
        network.subnetwork(mask)


def test_units_read_by_two_branches_and_a_concatenation_can_go() -> None:
    x = keras.Input((8,))
    h = layers.Dense(7, "relu", name="hidden")(x)
    other = layers.Dense(4, "tanh", name="other")(x)
    left = layers.Dense(5, "relu", name="left")(h)
    joined = layers.Concatenate(name="joined")([layers.BatchNormalization(name="norm")(h), other])
    right = layers.Dense(5, name="right")(joined)
    model = shaken(keras.Model(x, layers.Dense(2, "softmax")(layers.Add()([left, right]))))
    network = network_from_keras(model, layer="hidden", x=X)
    for mask in random_masks(7):
        smaller = network.subnetwork(mask)
        np.testing.assert_allclose(run_model(smaller, X), network.predict(X, mask), atol=1e-5)
        assert smaller.get_layer("right").kernel.shape[0] == max(mask.sum(), 1) + 4
    whole = network.predict(X, np.ones(7, bool))
    np.testing.assert_allclose(whole, run_model(model, X), atol=1e-5)


def test_a_layer_that_adapted_itself_to_data_goes_along() -> None:
    normalization = layers.Normalization()
    normalization.adapt(X * 3 + 5)
    parts = [normalization, layers.Dense(6, "relu", name="hidden"), layers.Dense(3)]
    model = keras.Sequential([keras.Input((8,)), *parts])
    network = network_from_keras(model, layer="hidden", x=X)
    np.testing.assert_allclose(network.predict(X, "111111"), run_model(model, X), atol=1e-5)
    found = run_model(network.subnetwork("110010"), X)
    np.testing.assert_allclose(found, network.predict(X, "110010"), atol=1e-5)


def test_channels_of_a_sequence_can_go() -> None:
    x = RNG.normal(size=(30, 12, 3)).astype("float32")
    parts = [
        layers.Conv1D(6, 3, name="conv"),
        layers.PReLU(shared_axes=[1]),
        layers.AveragePooling1D(2),
        layers.Conv1D(4, 2, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(1, "sigmoid"),
    ]
    model = shaken(keras.Sequential([keras.Input((12, 3)), *parts]))
    network = network_from_keras(model, layer="conv", x=x)
    for mask in random_masks(6):
        found = run_model(network.subnetwork(mask), x)
        np.testing.assert_allclose(found, network.predict(x, mask), atol=1e-5)


def test_functions_of_ones_own_within_the_model_go_along() -> None:
    def halved(t: Any) -> Any:
        return keras.ops.maximum(t, 0) / 2

    x = keras.Input((8,))
    h = layers.Dense(6, halved, name="hidden")(layers.Lambda(halved)(x))
    h = layers.Dense(4, halved, name="next")(h)
    model = shaken(keras.Model([x], [layers.Dense(3)(h)]))
    network = network_from_keras(model, layer="next", x=X)
    np.testing.assert_allclose(
        network.predict(X, "1111"), np.asarray(model([X])).reshape(-1, 3), atol=1e-5
    )
    with pytest.raises(ValueError, match="layer='next' cannot lose units: its activation"):
        network.subnetwork("1010")


def build_awkward() -> keras.Model:
    """A layer of each kind that does not serve, and one that does, `mixed`."""
    x = keras.Input((8,))
    shared = layers.Dense(4, "relu", name="shared")
    once = shared(x)
    twice = shared(layers.Dense(8, name="mixed")(x))
    steps = layers.Reshape((2, 4))(layers.Concatenate()([once, twice]))
    return keras.Model(x, layers.Dense(2, name="out")(layers.LSTM(3, name="memory")(steps)))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("hiden", r"^layer='hiden' is not in the model \(those that serve: mixed\)$"),
        (3, r"^layer=3 is not in the model \(those that serve: mixed\)$"),
        ("shared", r"^layer='shared' is shared: called 2 times, .*those that serve: mixed\)$"),
        ("memory", r"^layer='memory' is of type LSTM, .*those that serve: mixed\)$"),
        ("out", r"^layer='out' gives the model's outputs, .*those that serve: mixed\)$"),
    ],
)
def test_a_layer_that_does_not_serve_is_refused_with_those_that_do(
    layer: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        network_from_keras(build_awkward(), layer=layer, x=X)


def test_units_read_by_a_shared_layer_cannot_go() -> None:
    network = network_from_keras(build_awkward(), layer="mixed", x=X)
    with pytest.raises(ValueError, match="'shared', which reads them, is shared"):
        network.subnetwork("11110000")


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        ("model.keras", TypeError, "no Keras model"),
        (keras.Sequential([layers.Dense(3)]), ValueError, "is not built"),
        (RandomNetwork(8, 4, seed=0), TypeError, "has no graph of layers"),
    ],
)
def test_a_model_that_cannot_be_taken_apart_is_refused(
    model: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        network_from_keras(model, layer="hidden", x=X)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("x", [X[:, :5], X[0], X[:0], IMAGES, np.full((2, 8), np.nan)])
def test_samples_that_do_not_fit_are_refused(x: Array) -> None:
    with pytest.raises(ValueError, match=r"^x (has shape .*must be \(samples, 8\)|holds a value)"):
        network_from_keras(build_functional(8), layer="hidden", x=x)


def test_a_model_that_draws_at_random_is_refused() -> None:
    def shake(t: Any) -> Any:
        return t + keras.random.normal(keras.ops.shape(t))

    x = keras.Input((8,))
    h = layers.Lambda(shake)(layers.Dense(8, name="hidden")(x))
    model = keras.Model(x, layers.Dense(3)(h))
    with pytest.raises(ValueError, match="does a layer draw at random"):
        network_from_keras(model, layer="hidden", x=X)


def test_labels_that_do_not_fit_a_compiled_loss_are_refused_in_one_line() -> None:
    network = network_from_keras(classes("softmax", "mse"), layer="hidden", x=X)
    with pytest.raises(ValueError, match=r"y has shape \(90,\); the compiled loss takes \(90, 3\)"):
        network_cost(network, X, Y)
    with pytest.raises(ValueError, match="cost='loss' is unknown"):
        network_cost(
            network_from_keras(build_functional(8), layer="hidden", x=X), X, Y, cost="loss"
        )


def test_one_hot_labels_are_taken_for_keras_models_only() -> None:
    network: Any = network_from_keras(build_one_hidden(5), layer="hidden", x=X)
    masks = all_masks(5)
    expected = network_cost(network, X, Y).evaluate(masks)
    for y in (ONE_HOT, Y[:, None]):
        np.testing.assert_array_equal(network_cost(network, X, y).evaluate(masks), expected)
        quadratic = quadratic_cost(network, X, y).evaluate(masks)
        np.testing.assert_array_equal(quadratic, quadratic_cost(network, X, Y).evaluate(masks))
    with pytest.raises(ValueError, match="y has shape"):
        score_contributions(network.contributions(X), ONE_HOT)
    for y in (ONE_HOT / 2, np.zeros_like(ONE_HOT), ONE_HOT[:, :2]):
        with pytest.raises(ValueError, match="y has shape"):
            network_cost(network, X, y)


def test_an_oracle_of_integers_refuses_outputs_with_a_constant() -> None:
    network = network_from_keras(binary(None, "mse"), layer="hidden", x=X)
    with pytest.raises(ValueError, match="other than 0 where every neuron is off"):
        integer_weights(network, X, Y2, scale=10.0)


def test_a_units_magnitude_is_of_the_weights_into_it_and_out_of_it() -> None:
    model = build_images()
    network = network_from_keras(model, layer="second", x=IMAGES)
    kernel, read = (model.get_layer(name).get_weights()[0] for name in ("second", "classes"))
    for unit in range(6):
        into, out_of = np.linalg.norm(kernel[..., unit]), np.linalg.norm(read[unit::6])
        assert network.magnitudes()[unit] == pytest.approx(into * out_of, rel=1e-5)


def test_a_mask_of_another_length_is_refused() -> None:
    network = network_from_keras(build_one_hidden(), layer="hidden", x=X)
    with pytest.raises(ValueError, match="6"):
        network.subnetwork("101")
    assert repr(network).startswith("LinearUnits(model=")


@pytest.mark.parametrize("score", [network_cost, quadratic_cost, score_all_masks])
def test_a_model_whose_layer_is_not_chosen_is_told_how_to_choose_it(score: Any) -> None:
    model = keras.Sequential([keras.Input((8,)), layers.Dense(4, "relu"), layers.Dense(1)])
    with pytest.raises(TypeError, match=r"^network=<Sequential .*network_from_keras") as refused:
        score(model, X, Y)
    assert "\n" not in str(refused.value)
