"""`PhaseEncode` and `ComplexConv2D` in Keras, against their formulas in NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from parts import module_needs
from reference_cases import load_cases

from labkit.platforms import KERAS

module_needs(KERAS)

import keras

from labkit.neighbours.complex_neurons import (
    modulus,
    net,
    patches,
    phase_encode,
    phase_net,
    phase_output,
)
from labkit.neighbours.trained_filters import STRUCTURES, train_filters
from labkit.networks import ComplexConv2D, PhaseEncode

KINDS = [
    (weights, output) for weights in ("complex", "phase") for output in ("modulus", "argument")
]
Array = npt.NDArray[Any]


def run_layers(image: npt.ArrayLike, layer: ComplexConv2D, weights: list[Array]) -> Array:
    """The first of the images (samples, rows, columns) or the only one, encoded and filtered."""
    encoded = PhaseEncode()(np.asarray(image, dtype=np.float32)[np.newaxis, :, :, np.newaxis])
    layer.build(encoded.shape)
    layer.set_weights(weights)
    return np.asarray(keras.ops.convert_to_numpy(layer(encoded))[0])


@pytest.mark.parametrize("case", load_cases("neighbours/complex_convolution_open"))
def test_a_complex_convolution_agrees_with_cases_computed_elsewhere(case: dict[str, Any]) -> None:
    kernels = [np.array(case[f"weights_{part}"])[:, :, np.newaxis] for part in ("real", "imag")]
    biases = [np.array(case[f"bias_{part}"]) for part in ("real", "imag")]
    k, filters = kernels[0].shape[0], kernels[0].shape[-1]
    found = run_layers(case["image"], ComplexConv2D(filters, k), [*kernels, *biases])
    assert found == pytest.approx(np.array(case["modulus"]), abs=1e-5)


@pytest.mark.parametrize(("weights", "output"), KINDS)
def test_each_kind_computes_its_formula(weights: str, output: str) -> None:
    rng = np.random.default_rng(1)
    image, k, filters = rng.random((5, 4)), 2, 3
    seen, shape = patches(image, k), (k * k, filters)
    real, imag, first, second, delta = (
        rng.normal(size=size) for size in (shape, shape, filters, filters, filters)
    )
    if weights == "complex":
        u, parts = net(seen, real + 1j * imag, first + 1j * second), [real, imag, first, second]
        expected = np.abs(u) if output == "modulus" else np.angle(u)
    else:
        q, parts = phase_net(seen, real, first), [real, first]
        expected = np.abs(q)
        if output == "argument":
            parts, expected = [*parts, delta], phase_output(seen, real, first, delta)
    as_kernels = [p.reshape(k, k, 1, filters) if p.ndim == 2 else p for p in parts]
    found = run_layers(image, ComplexConv2D(filters, k, weights, output), as_kernels)
    assert found == pytest.approx(expected, abs=1e-5)


def test_two_complex_channels_add_up() -> None:
    rng = np.random.default_rng(2)
    images, w = rng.random((2, 4, 4)), rng.normal(size=(2, 9, 2)) + 1j * rng.normal(size=(2, 9, 2))
    parts = w.reshape(2, 3, 3, 2).transpose(1, 2, 0, 3)
    layer = ComplexConv2D(2, 3)
    encoded = PhaseEncode()(images.transpose(1, 2, 0)[np.newaxis].astype(np.float32))
    layer.build(encoded.shape)
    layer.set_weights([parts.real, parts.imag, np.zeros(2), np.zeros(2)])
    u = sum(phase_encode(patches(image, 3)) @ each for image, each in zip(images, w, strict=True))
    found = keras.ops.convert_to_numpy(layer(encoded))[0]
    assert found == pytest.approx(np.abs(u), abs=1e-5)


@pytest.mark.parametrize(("weights", "output"), KINDS)
def test_a_saved_model_computes_the_same(weights: str, output: str, tmp_path: Path) -> None:
    layers = [PhaseEncode(), ComplexConv2D(2, 3, weights, output, seed=3), keras.layers.Flatten()]
    model = keras.Sequential([keras.Input((8, 8, 1)), *layers, keras.layers.Dense(10)])
    path = tmp_path / "model.keras"
    model.save(path)
    x = np.random.default_rng(0).random((3, 8, 8, 1), dtype=np.float32)
    assert np.allclose(keras.saving.load_model(path)(x), model(x), atol=1e-6)
    assert model.output_shape == (None, 10) and model.layers[1].output.shape == (None, 6, 6, 2)


def test_a_seed_fixes_the_first_weights() -> None:
    def drawn(seed: int | None) -> Array:
        layer = ComplexConv2D(2, 3, seed=seed)
        layer.build((None, 8, 8, 2))
        return np.asarray(layer.get_weights()[0])

    assert np.array_equal(drawn(5), drawn(5))
    assert not np.array_equal(drawn(5), drawn(6))
    layer = ComplexConv2D(2, 3, seed=5)
    layer.build((None, 8, 8, 2))
    real, imag = layer.get_weights()[:2]
    assert not np.array_equal(real, imag)


def test_a_sum_that_is_zero_has_a_gradient_that_is_a_number() -> None:
    import tensorflow as tf

    layer = ComplexConv2D(1, 2)
    layer.build((None, 2, 2, 2))
    layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    with tf.GradientTape() as tape:
        output = layer(tf.ones((1, 2, 2, 2)))
    gradients = tape.gradient(output, layer.trainable_variables)
    assert all(np.isfinite(g.numpy()).all() for g in gradients)
    assert float(np.max(output)) <= 1e-5


BAD = [
    ("filters", {"filters": 0}),
    ("kernel_size", {"kernel_size": 0}),
    ("weights", {"weights": "real"}),
    ("output", {"output": "square"}),
    ("seed", {"seed": -1}),
]


@pytest.mark.parametrize(("argument", "changed"), BAD)
def test_bad_arguments_are_named_in_one_line(argument: str, changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{argument}") as caught:
        ComplexConv2D(**{"filters": 2, "kernel_size": 3, **changed})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(None, 8, 8, 3), (None, 8, 2), (None, 2, 8, 2)])
def test_inputs_that_do_not_fit_are_refused(shape: tuple[int | None, ...]) -> None:
    with pytest.raises(ValueError, match="inputs"):
        ComplexConv2D(2, 3).build(shape)


def test_a_model_of_both_layers_trains() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((64, 4, 4, 1), dtype=np.float32), rng.integers(2, size=64)
    keras.utils.set_random_seed(0)
    layers = [PhaseEncode(), ComplexConv2D(3, 3, seed=0), keras.layers.Flatten()]
    model = keras.Sequential([keras.Input((4, 4, 1)), *layers, keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.03), loss)
    losses = model.fit(x, y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert np.all(modulus([[0.0]], [[1]], [-1]) == 0)


def test_filters_that_were_trained_in_arrays_are_the_same_in_keras() -> None:
    rng = np.random.default_rng(3)
    images, y = rng.random((30, 5, 5)), np.arange(30) % 3
    options: dict[str, Any] = {"epochs": 3, "learning_rate": 0.02, "rng": rng}
    found = train_filters(STRUCTURES["complex"], images, y, **options)
    of = found.parameters
    layers = [PhaseEncode(), ComplexConv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((5, 5, 1)), *layers])
    kernels = [of[name].reshape(3, 3, 1, 4) for name in ("kernel_real", "kernel_imag")]
    model.set_weights([*kernels, of["bias_real"], of["bias_imag"], of["readout"], of["offset"]])
    outputs = keras.ops.convert_to_numpy(model(images[..., np.newaxis].astype(np.float32)))
    assert outputs == pytest.approx(found.outputs(images), abs=1e-5)
