"""QAOA angles trained in TensorFlow Quantum, against dense linear algebra and Adam by hand."""

from __future__ import annotations

import subprocess
import sys
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from parts import needs_tensorflow_quantum
from reference_cases import load_cases

from labkit.angle_training import train_angles
from labkit.costs import Cost, CostTable, LocalCost, PauliZCost
from labkit.limits import TooLargeError

Array = npt.NDArray[np.float64]

#: Of orders one to three, with no symmetry between neurons, a large mean and a small unit.
COST = PauliZCost({(): 40.0, (0,): 0.02, (2,): -0.05, (0, 1): 0.03, (0, 1, 2): -0.04}, 3)


def dense_expectation(costs: Array, angles: Array) -> float:
    """<psi|C|psi>, exp(i beta X) on each qubit after exp(-i gamma C); angles (2, p)."""
    n = len(costs).bit_length() - 1
    state = np.full(2**n, 2 ** (-n / 2), dtype=complex)
    for gamma, beta in angles.T:
        turn = np.array([[np.cos(beta), 1j * np.sin(beta)], [1j * np.sin(beta), np.cos(beta)]])
        state = reduce(np.kron, [turn] * n) @ (np.exp(-1j * gamma * costs) * state)
    return float(np.abs(state) ** 2 @ costs)


def dense_gradient(costs: Array, angles: Array, step: Array) -> Array:
    """Central differences by each angle, (2, p)."""
    gradient = np.zeros_like(angles)
    for index in np.ndindex(angles.shape):
        shift = np.zeros_like(angles)
        shift[index] = 1e-5 * step[index[0]]
        ends = [dense_expectation(costs, angles + sign * shift) for sign in (1, -1)]
        gradient[index] = (ends[0] - ends[1]) / (2 * shift[index])
    return gradient


def adam_by_hand(costs: Array, angles: Array, epochs: int, learning_rate: float) -> Array:
    """Kingma and Ba 2015, on gamma in units of 1 / std(costs) and beta."""
    unit = np.array([1 / costs.std(), 1.0])
    first, second = np.zeros_like(angles), np.zeros_like(angles)
    for t in range(1, epochs + 1):
        gradient = dense_gradient(costs, angles, unit) * unit[:, np.newaxis] / costs.std()
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        size = (first / (1 - 0.9**t)) / (np.sqrt(second / (1 - 0.999**t)) + 1e-7)
        angles = angles - learning_rate * size * unit[:, np.newaxis]
    return angles


@needs_tensorflow_quantum
@pytest.mark.parametrize(
    "case", load_cases("qaoa_gradient"), ids=lambda case: f"n={case['n_neurons']}"
)
def test_the_first_step_goes_down_the_reference_gradient(case: dict[str, Any]) -> None:
    cost = CostTable(case["costs"], case["n_neurons"])
    first = np.array([case["gammas"], case["betas"]])
    trained = train_angles(
        cost, p=first.shape[1], epochs=1, learning_rate=0.001, gammas=first[0], betas=first[1]
    )
    assert trained.history[0] == pytest.approx(case["value"], abs=1e-5)
    moved = np.array([trained.gammas, trained.betas]) - first
    down = -0.001 * np.sign([case["dgammas"], case["dbetas"]])
    np.testing.assert_allclose(moved * [[cost.std], [1]], down, atol=1e-6)


@needs_tensorflow_quantum
@pytest.mark.parametrize("p", [1, 3])
def test_training_is_adam_on_the_dense_expectation(p: int) -> None:
    rng, costs = np.random.default_rng(p), COST.to_table().costs
    first = np.array([rng.uniform(0, 15, p), rng.uniform(0, 0.8, p)])
    trained = train_angles(COST, p=p, epochs=8, learning_rate=0.1, gammas=first[0], betas=first[1])
    expected = adam_by_hand(costs, first, 8, 0.1)
    np.testing.assert_allclose(trained.gammas * COST.std, expected[0] * COST.std, atol=2e-3)
    np.testing.assert_allclose(trained.betas, expected[1], atol=2e-3)
    on_the_way = [dense_expectation(costs, adam_by_hand(costs, first, t, 0.1)) for t in (0, 1, 4)]
    np.testing.assert_allclose(trained.history[[0, 1, 4]], on_the_way, atol=2e-5)


@needs_tensorflow_quantum
def test_training_lowers_the_mean_cost_to_what_the_angles_returned_give() -> None:
    table = COST.to_table()
    trained = train_angles(COST, p=2, epochs=60)
    assert trained.history.shape == (61,)
    assert trained.history[-1] < trained.history[0] - 0.01 < COST.mean
    angles = np.array([trained.gammas, trained.betas])
    assert trained.history[-1] == pytest.approx(dense_expectation(table.costs, angles), abs=1e-6)
    assert trained.history[-1] >= table.minimum
    counted = {key: value for key, value in vars(trained.ledger).items() if value}
    assert counted.pop("seconds") > 0
    assert counted == {"circuit_runs": 61, "cost_layers": 2 * (60 + 61)}


@needs_tensorflow_quantum
def test_a_cost_is_trained_alike_in_each_of_its_forms() -> None:
    terms = [((0, 2), np.array([0.3, -1.0, 0.5, 2.0])), ((1,), np.array([0.4, -0.1]))]
    local = LocalCost(terms, 3)
    forms: list[Cost] = [local, local.to_table(), local.to_pauli_z()]
    trained = [train_angles(cost, p=2, epochs=3) for cost in forms]
    for other in trained[1:]:
        np.testing.assert_allclose(other.history, trained[0].history, atol=1e-5)
        np.testing.assert_allclose(other.gammas, trained[0].gammas, atol=1e-4)


# Where TensorFlow Quantum is missing, or legacy Keras out of reach


@pytest.mark.parametrize("package", ["tensorflow_quantum", "tf_keras"])
def test_where_it_is_missing_one_line_says_where_it_exists_and_what_does_without(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError) as refusal:
        train_angles(COST, p=1)
    message = str(refusal.value)
    assert "\n" not in message
    assert "Linux x86-64 with Python 3.10 to 3.12" in message
    assert "labkit.simulators.qaoa_value_and_gradient" in message


KERAS_3_FIRST = """
import os; os.environ['TF_USE_LEGACY_KERAS'] = '0'
import tensorflow; tensorflow.keras.layers
from labkit.angle_training import train_angles
from labkit.costs import PauliZCost
try:
    train_angles(PauliZCost({(0,): 1.0}, 1), p=1)
except RuntimeError as error:
    print(error)
"""


@needs_tensorflow_quantum
def test_where_tf_keras_is_keras_3_already_one_line_says_what_to_do() -> None:
    command = [sys.executable, "-c", KERAS_3_FIRST]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500, check=True)
    assert done.stdout.startswith("tf.keras is Keras 3 in this process")
    assert "restart, and import labkit before" in done.stdout
    assert done.stdout.count("\n") == 1


# Bad input


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("p", 0),
        ("p", 1.5),
        ("epochs", 0),
        ("epochs", "many"),
        ("learning_rate", 0),
        ("learning_rate", np.nan),
        ("gammas", [0.1]),
        ("gammas", [0.1, np.inf]),
        ("gammas", None),
        ("betas", [[0.1, 0.2]]),
        ("betas", "small"),
    ],
)
def test_bad_input_is_refused_in_one_line(argument: str, value: Any) -> None:
    options = {"p": 2, "gammas": [0.1, 0.2], "betas": [0.2, 0.1], argument: value}
    with pytest.raises((TypeError, ValueError), match=rf"\b{argument}\b") as refusal:
        train_angles(COST, **options)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("cost", [None, [1.0, 2.0], PauliZCost({(): 3.0}, 2)])
def test_what_is_no_cost_or_the_same_for_every_mask_is_refused(cost: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^cost"):
        train_angles(cost, p=1)


def test_what_does_not_fit_in_memory_is_refused() -> None:
    with pytest.raises(TooLargeError, match=r"^n_neurons=60 needs "):
        train_angles(PauliZCost({(0,): 1.0}, 60), p=1)
    with pytest.raises(TooLargeError, match=r"^p=1000000000 needs "):
        train_angles(COST, p=10**9)
