"""A circuit as input layer, trained: by Adam on exact gradients, and by TensorFlow Quantum."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from parts import needs_tensorflow_quantum

from labkit.ansatz import block_pairs
from labkit.baselines.input_circuits import (
    CircuitClassifier,
    draw_classifier,
    train_classifier,
)
from labkit.limits import TooLargeError
from labkit.neighbours.rotations import z_expectations
from labkit.variational_networks import build_variational_network

Array = npt.NDArray[np.float64]
X = np.random.default_rng(0).normal(size=(11, 3))
Y = np.arange(11) % 2


def loss_of(model: CircuitClassifier, loss: str) -> float:
    margins = (2 * Y - 1) * model.outputs(X)[:, 0]
    return float(
        np.mean(np.maximum(0, 1 - margins) if loss == "hinge" else np.log1p(np.exp(-margins)))
    )


def numbers_of(model: CircuitClassifier) -> Array:
    return np.concatenate([model.parameters, model.weights, [model.bias]])


def with_numbers(model: CircuitClassifier, numbers: Array) -> CircuitClassifier:
    k = len(model.parameters)
    return replace(model, parameters=numbers[:k], weights=numbers[k:-1], bias=float(numbers[-1]))


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
@pytest.mark.parametrize("shared", [False, True])
def test_training_is_adam_on_the_loss(loss: str, shared: bool) -> None:
    """On central differences of the loss itself; the first steps of all samples at once."""
    model = draw_classifier(3, 2, seed=1, shared=shared)
    trained = train_classifier(model, X, Y, epochs=3, batch_size=11, learning_rate=0.1, loss=loss)
    numbers, means = numbers_of(model), [0.0, 0.0]
    for t in range(1, 4):
        steps = 1e-6 * np.eye(len(numbers))
        ends = [
            [loss_of(with_numbers(model, numbers + s * e), loss) for e in steps] for s in (1, -1)
        ]
        gradient = (np.array(ends[0]) - np.array(ends[1])) / 2e-6
        means = [0.9 * means[0] + 0.1 * gradient, 0.999 * means[1] + 0.001 * gradient**2]
        before = loss_of(with_numbers(model, numbers), loss)
        assert trained.history[t - 1] == pytest.approx(before, rel=1e-4)  # Adam rounds to float32
        rate = 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)  # Keras adds epsilon before it corrects
        numbers = numbers - rate * means[0] / (np.sqrt(means[1]) + 1e-7)
    np.testing.assert_allclose(numbers_of(trained.model), numbers, atol=1e-4)


@pytest.mark.parametrize(
    ("shared", "pairs", "expected"),
    [(False, None, 43), (True, None, 13), (False, block_pairs(6, 1), 31), (True, [], 11)],
)
def test_numbers_are_counted(shared: bool, pairs: Any, expected: int) -> None:
    model = draw_classifier(6, 2, seed=0, shared=shared, pairs=pairs)
    assert model.n_parameters == expected == len(numbers_of(model))
    assert len(model.angles) == len(model.circuit.gates)


def test_what_is_frozen_stays_as_it_was() -> None:
    model = draw_classifier(3, 1, seed=2)
    readout = train_classifier(model, X, Y, epochs=2, trained="readout")
    np.testing.assert_array_equal(readout.model.parameters, model.parameters)
    assert (readout.model.weights != model.weights).all() and readout.ledger.backward_passes == 0
    angles = train_classifier(model, X, Y, epochs=2, trained="angles")
    np.testing.assert_array_equal(angles.model.weights, model.weights)
    assert angles.model.bias == model.bias
    assert (angles.model.parameters != model.parameters).any()
    assert angles.ledger.circuit_runs == 22
    assert angles.ledger.forward_passes == angles.ledger.backward_passes == 2


def test_features_are_repeated_in_turn() -> None:
    model = draw_classifier(5, 1, seed=0)
    whole = np.hstack([X[:, :2], X[:, :2], X[:, :1]])
    np.testing.assert_array_equal(model.outputs(X[:, :2]), model.outputs(whole))


def test_without_layers_each_qubit_says_the_sine_of_its_feature() -> None:
    model = draw_classifier(3, 0, seed=4)
    np.testing.assert_allclose(model.outputs(X)[:, 0], -np.sin(X) @ model.weights, atol=1e-12)


def test_without_couplings_the_output_is_a_sum_over_features() -> None:
    """f(x, y) - f(x, 0) - f(0, y) + f(0, 0) = 0: no feature meets another."""
    model = draw_classifier(2, 2, seed=5, pairs=[])
    x = X[:, :2]
    corners = [model.outputs(x * np.array(kept)) for kept in ([1, 1], [1, 0], [0, 1], [0, 0])]
    np.testing.assert_allclose(corners[0] - corners[1] - corners[2] + corners[3], 0, atol=1e-12)
    coupled = draw_classifier(2, 2, seed=5)
    corners = [coupled.outputs(x * np.array(kept)) for kept in ([1, 1], [1, 0], [0, 1], [0, 0])]
    assert np.abs(corners[0] - corners[1] - corners[2] + corners[3]).max() > 0.01


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("epochs", 0),
        ("batch_size", 0),
        ("learning_rate", -1.0),
        ("trained", "weights"),
        ("loss", "error_rate"),
        ("x", [0.1]),
        ("x", np.zeros((2, 4))),
        ("y", [0, 1]),
        ("model", None),
    ],
)
def test_a_wrong_argument_is_named_in_one_line(argument: str, value: Any) -> None:
    given = {"model": draw_classifier(3, 1, seed=0), "x": X, "y": Y, argument: value}
    with pytest.raises((TypeError, ValueError), match=argument) as refusal:
        train_classifier(**given)
    assert "\n" not in str(refusal.value)


# As a Keras model


@needs_tensorflow_quantum
@pytest.mark.parametrize("options", [{}, {"shared": True}, {"frozen": True}], ids=str)
def test_tensorflow_quantum_trains_the_same_model_in_the_same_steps(
    options: dict[str, Any],
) -> None:
    model = build_variational_network(3, 2, seed=3, **options)
    shared = "shared" in options
    ours, trained = draw_classifier(3, 2, seed=3, shared=shared), "all"
    if "frozen" in options:
        trained = "readout"
    assert model.count_params() == ours.n_parameters == (10 if shared else 22)
    n_trained = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert n_trained == (4 if "frozen" in options else ours.n_parameters)
    np.testing.assert_allclose(model(X).numpy(), ours.outputs(X), atol=1e-5)
    fitted = model.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    after = train_classifier(ours, X, Y, epochs=3, batch_size=4, trained=trained)
    np.testing.assert_allclose(fitted["loss"], after.history, atol=1e-4)
    np.testing.assert_allclose(fitted["accuracy"], after.accuracies, atol=1e-6)
    np.testing.assert_allclose(model(X).numpy(), after.model.outputs(X), atol=1e-3)


@needs_tensorflow_quantum
@pytest.mark.parametrize(("n", "layers"), [(1, 2), (2, 0), (2, 1), (11, 1)])
def test_symbols_have_their_values_in_any_number_of_qubits_and_layers(n: int, layers: int) -> None:
    """More than ten of each: 'angle10' comes before 'angle2' in the alphabet."""
    x = np.random.default_rng(n).normal(size=(3, n))
    model = build_variational_network(n, layers, seed=0)
    np.testing.assert_allclose(
        model(x).numpy(), draw_classifier(n, layers, seed=0).outputs(x), atol=1e-5
    )


def test_where_tensorflow_quantum_is_missing_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow_quantum", None)
    with pytest.raises(ImportError, match="TensorFlow Quantum is missing") as refusal:
        build_variational_network(2, 1, seed=0)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("n", 0, ValueError),
        ("n", 2.5, TypeError),
        ("n", 60, TooLargeError),
        ("layers", -1, ValueError),
        ("layers", 10**12, TooLargeError),
        ("seed", -1, ValueError),
        ("learning_rate", 0.0, ValueError),
    ],
)
def test_a_wrong_size_of_a_network_is_refused_in_one_line(
    argument: str, value: Any, error: type[Exception]
) -> None:
    given = {"n": 2, "layers": 1, "seed": 0, argument: value}
    with pytest.raises(error, match=argument) as refusal:
        build_variational_network(**given)
    assert "\n" not in str(refusal.value)


def test_a_trained_model_reads_its_states() -> None:
    model = draw_classifier(3, 1, seed=6)
    z = z_expectations(model.evolve(X))
    np.testing.assert_allclose(model.outputs(X)[:, 0], z @ model.weights + model.bias)
