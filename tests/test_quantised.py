"""A network in small integers: what the computed oracle is built from."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.circuits.oracles import build_computed_oracle
from labkit.datasets import load_task
from labkit.masks import all_masks
from labkit.networks import sample_network
from labkit.scoring import integer_weights, score_all_masks
from labkit.simulators import final_state


def test_weights_are_the_rounded_contributions_towards_the_label() -> None:
    task, network = load_task("moons"), sample_network(2, 6, seed=1)
    x, y = task.x_train[:9], task.y_train[:9]
    weights = integer_weights(network, x, y, scale=3.0)
    for i in range(9):
        for j in range(6):
            activation = max(0.0, float(network.kernel[:2, j] @ x[i] + network.kernel[2, j]))
            sign = 1 if y[i] else -1
            exact = 3.0 * sign * float(network.readout[j, 0]) * activation
            assert abs(weights[i, j] - exact) <= 0.5 + 1e-5
    np.testing.assert_array_equal(weights, integer_weights(network, x, 2 * y - 1, scale=3.0))


def test_about_half_of_the_weights_of_a_relu_network_are_zero() -> None:
    task = load_task("moons")
    shares = [
        (integer_weights(sample_network(2, 8, seed=s), task.x_train, task.y_train, scale=20) == 0)
        for s in range(20)
    ]
    assert 0.3 < np.mean(shares) < 0.7


def test_fine_integers_are_right_about_the_samples_that_the_network_is_right_about() -> None:
    task, network = (
        load_task("moons"),
        sample_network(2, 6, seed=1).adapted(load_task("moons").x_train),
    )
    weights = integer_weights(network, task.x_train, task.y_train, scale=1e6)
    errors = 1 - (all_masks(6) @ weights.T >= 1).mean(axis=1)
    table = score_all_masks(network, task.x_train, task.y_train, cost="error_rate")
    np.testing.assert_allclose(errors, table.costs, atol=1e-12)


def test_the_oracle_of_a_quantised_network_marks_the_masks_with_enough_samples_right() -> None:
    task, network = load_task("moons"), sample_network(2, 5, seed=2)
    weights = integer_weights(network, task.x_train[:4], task.y_train[:4], scale=2.0)
    oracle = build_computed_oracle(weights, 3)
    right = (all_masks(5) @ weights.T >= 1).sum(axis=1)
    assert 0 < (right >= 3).sum() < 32
    import cirq

    qubits = [*oracle.mask_qubits, *oracle.accumulator_qubits, *oracle.counter_qubits]
    state = final_state(cirq.H.on_each(*oracle.mask_qubits) + oracle.circuit, qubits=qubits)
    by_mask = state.reshape(32, -1)[:, 0] * 32**0.5
    np.testing.assert_allclose(by_mask, np.where(right >= 3, -1, 1), atol=1e-4)


@pytest.mark.parametrize("scale", [0, -1.0, np.nan, "two", 1e30])
def test_a_scale_that_gives_no_integers_is_refused(scale: object) -> None:
    network = sample_network(2, 3, seed=0)
    with pytest.raises(ValueError, match=r"^scale="):
        integer_weights(network, [[1.0, 2.0]], [1], scale=scale)  # type: ignore[arg-type]


def test_more_classes_and_weight_masks_are_refused() -> None:
    x, y = [[1.0, 2.0], [0.0, 1.0]], [0, 1]
    for network in (
        sample_network(2, 3, 3, seed=0),
        sample_network(2, 3, mask_kind="weight", seed=0),
    ):
        with pytest.raises(ValueError, match=r"must be \(samples, n, 1\)$"):
            integer_weights(network, x, y, scale=1.0)
