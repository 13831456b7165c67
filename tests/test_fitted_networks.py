"""What is fitted to a random network as arrays: its read-out, or all of its weights."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from parts import needs_keras

from labkit.baselines import fit_readout, train_arrays
from labkit.baselines.least_squares import RIDGES
from labkit.datasets import Task, load_task
from labkit.limits import TooLargeError
from labkit.networks import OneLayerArrays, sample_network
from labkit.problems import build_large
from labkit.scoring import accuracy, check_labels
from labkit.scoring.readout_cost import hidden_outputs

Array = npt.NDArray[np.float64]


def draw(task: Task, n_hidden: int, seed: int = 0) -> OneLayerArrays:
    network, _ = build_large(task, n_hidden, seed=seed)
    assert isinstance(network, OneLayerArrays)
    return network


def split(task: Task, name: str) -> tuple[Any, Any]:
    return getattr(task, f"x_{name}"), getattr(task, f"y_{name}")


def normal_equations(h: Array, targets: Array, penalty: float) -> Array:
    return np.linalg.solve(h.T @ h + penalty * np.eye(h.shape[1]), h.T @ targets)


# A read-out by least squares


def test_hidden_outputs_are_standardised_and_make_the_outputs() -> None:
    task = load_task("wine")
    network = draw(task, 20)
    h, mask = hidden_outputs(network, task.x_train), np.arange(20) % 3 > 0
    active = h.std(axis=0) > 0
    np.testing.assert_allclose(h.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(h.std(axis=0)[active], 1, atol=1e-9)
    np.testing.assert_allclose(
        network.scale * (h * mask) @ network.readout, network.outputs(task.x_train, mask)
    )


@pytest.mark.parametrize("task_name", ["moons", "wine"])
@pytest.mark.parametrize("n_hidden", [12, 300])
def test_a_fitted_readout_solves_the_normal_equations(task_name: str, n_hidden: int) -> None:
    """Fewer neurons than samples, and more."""
    task = load_task(task_name)
    network = draw(task, n_hidden)
    fitted = fit_readout(network, split(task, "train"), split(task, "validation"), ridges=[0.03])
    h = hidden_outputs(network, task.x_train)
    targets = check_labels(task.y_train, n_samples=len(h), n_outputs=network.n_outputs)
    penalty = 0.03 * np.mean(np.sum(h**2, axis=1))
    expected = normal_equations(h, targets, penalty)
    np.testing.assert_allclose(fitted.network.readout, expected, atol=1e-5)
    whole = np.ones(n_hidden, dtype=bool)
    other = hidden_outputs(network, task.x_test) @ expected
    np.testing.assert_allclose(fitted.network.outputs(task.x_test, whole), other, atol=1e-4)


def test_the_penalty_of_least_error_on_the_validation_samples_is_kept() -> None:
    task = load_task("breast_cancer")
    network = draw(task, 200)
    samples = split(task, "train"), split(task, "validation")
    fitted = fit_readout(network, *samples)
    alone = [fit_readout(network, *samples, ridges=[ridge]) for ridge in RIDGES]
    errors = [float(one.validation_errors[0]) for one in alone]
    np.testing.assert_allclose(fitted.validation_errors, errors)
    best = int(np.argmin(errors))
    assert 0 < best < len(RIDGES) - 1 and fitted.ridge == RIDGES[best]
    np.testing.assert_array_equal(fitted.network.readout, alone[best].network.readout)
    assert (fitted.ledger.forward_passes, fitted.ledger.cost_queries) == (1 + len(RIDGES), 0)


def test_a_fitted_readout_of_ten_classes_beats_the_random_one() -> None:
    task = load_task("digits")
    network = draw(task, 256)
    fitted = fit_readout(network, split(task, "train"), split(task, "validation")).network
    whole = np.ones(256, dtype=bool)
    before, after = (accuracy(net.outputs(task.x_test, whole), task.y_test) for net in
                     (network, fitted))  # fmt: skip
    assert before < 0.3 and after > 0.93


def test_what_cannot_be_fitted_is_refused_in_one_line() -> None:
    task = load_task("moons")
    samples = split(task, "train"), split(task, "validation")
    by_weight = sample_network(2, 3, mask_kind="weight", seed=0).adapted(task.x_train)
    with pytest.raises(TypeError, match=r"is no OneLayerArrays with neuron masks$"):
        fit_readout(by_weight, *samples)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"is no OneLayerArrays with neuron masks$"):
        train_arrays(by_weight, *samples[0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=re.escape("ridges is empty (limit: 1 or more)")):
        fit_readout(draw(task, 4), *samples, ridges=[])
    with pytest.raises(ValueError, match=r"^ridges=0"):
        fit_readout(draw(task, 4), *samples, ridges=[0.0])


def test_what_does_not_fit_in_memory_is_refused_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = load_task("breast_cancer")
    network = draw(task, 8192)
    samples = split(task, "train"), split(task, "validation")
    monkeypatch.setattr("labkit.limits.memory_limit", lambda: 2**20)
    with pytest.raises(TooLargeError, match=r"^n_samples=284 "):
        fit_readout(network, *samples)
    with pytest.raises(TooLargeError, match=r"^n_samples=284 .*activations in training"):
        train_arrays(network, *samples[0])


def test_an_equation_that_does_not_fit_names_what_makes_it_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = sample_network(2, 1000, seed=0)
    assert isinstance(network, OneLayerArrays)
    x, y = np.zeros((1500, 2)), np.zeros(1500)
    monkeypatch.setattr("labkit.limits.memory_limit", lambda: 2**20)
    with pytest.raises(TooLargeError, match=r"^n_hidden=1000 .*the equation of the readout"):
        fit_readout(network, (x, y), (x, y))


# All weights by gradients


@needs_keras
@pytest.mark.parametrize("task_name", ["moons", "wine"])
def test_training_takes_the_steps_of_keras(task_name: str) -> None:
    from labkit.baselines import train_network
    from labkit.networks import RandomNetwork

    task = load_task(task_name)
    sizes = (task.n_features, 24, 1 if task.n_classes == 2 else task.n_classes)
    model = RandomNetwork(*sizes, scale=2.0, seed=3).adapt(task.x_train)
    arrays, options = model.arrays(), {"epochs": 12, "learning_rate": 0.01}
    found = train_arrays(arrays, *split(task, "train"), **options)  # type: ignore[arg-type]
    expected = train_network(model, *split(task, "train"), **options)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.history, expected.history, rtol=2e-4)
    whole = np.ones(24, dtype=bool)
    f = found.network.outputs(task.x_test, whole)
    np.testing.assert_allclose(f, np.asarray(expected.model(task.x_test)), atol=5e-3)
    assert (found.ledger.forward_passes, found.ledger.backward_passes) == (12, 12)


def test_training_leaves_the_network_as_it_is_and_lowers_the_cost() -> None:
    task = load_task("breast_cancer")
    network = draw(task, 64)
    before = network.kernel.copy(), network.readout.copy()
    found = train_arrays(network, *split(task, "train"), epochs=40)
    np.testing.assert_array_equal(network.kernel, before[0])
    np.testing.assert_array_equal(network.readout, before[1])
    assert found.history[-1] < 0.05 * found.history[0]
