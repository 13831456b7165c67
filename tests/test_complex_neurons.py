"""Complex-valued neurons: formulas, Keras layers and random networks, against loops and cases."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_cases import load_cases

from labkit.costs import equal_within
from labkit.datasets import load_task
from labkit.limits import TooLargeError
from labkit.masks import all_masks
from labkit.neighbours.complex_network import (
    ComplexArrays,
    sample_complex_network,
    to_unit_range,
)
from labkit.neighbours.complex_neurons import (
    modulus,
    net,
    patches,
    phase_encode,
    phase_net,
    phase_output,
    phase_probability,
)
from labkit.networks import fold_subnetwork
from labkit.scoring import network_cost, quadratic_cost, score_all_masks
from labkit.selectors import local_selection, one_flip_search, run

NEURONS = load_cases("neighbours/complex_neuron_open")
CONVOLUTIONS = load_cases("neighbours/complex_convolution_open")


def complex_of(case: dict[str, Any], name: str) -> npt.NDArray[np.complex128]:
    """The complex array of which a case has real and imaginary parts."""
    return np.array(case[f"{name}_real"]) + 1j * np.array(case[f"{name}_imag"])


def small() -> tuple[Any, Any, Any]:
    """Three samples of two inputs, and the weights and biases of four neurons."""
    rng = np.random.default_rng(23)
    w = rng.normal(size=(2, 4)) + 1j * rng.normal(size=(2, 4))
    return rng.random((3, 2)), w, rng.normal(size=4) + 1j * rng.normal(size=4)


@pytest.mark.parametrize("case", NEURONS)
def test_neurons_agree_with_cases_computed_elsewhere(case: dict[str, Any]) -> None:
    weights, bias = complex_of(case, "weights"), complex_of(case, "bias")
    assert net(case["x"], weights, bias) == pytest.approx(complex_of(case, "net"), abs=1e-8)
    assert modulus(case["x"], weights, bias) == pytest.approx(np.array(case["modulus"]), abs=1e-8)
    phases = case["x"], case["theta"], case["lam"], case["delta"]
    assert phase_output(*phases) == pytest.approx(np.array(case["phase_output"]), abs=1e-8)
    chance = np.array(case["phase_probability"])
    assert phase_probability(*phases) == pytest.approx(chance, abs=1e-8)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_filters_agree_with_cases_computed_elsewhere(case: dict[str, Any]) -> None:
    weights = complex_of(case, "weights")
    k, _, filters = weights.shape
    seen = modulus(
        patches(case["image"], k), weights.reshape(k * k, filters), complex_of(case, "bias")
    )
    assert seen == pytest.approx(np.array(case["modulus"]), abs=1e-8)
    assert seen**2 == pytest.approx(np.array(case["squared_modulus"]), abs=1e-8)


def test_a_sum_of_phases_is_what_a_loop_adds_up() -> None:
    x, w, b = small()
    for sample, found in zip(x, net(x, w, b), strict=True):
        for j in range(4):
            u = b[j]
            for k in range(2):
                u += w[k, j] * cmath.exp(1j * math.pi * sample[k] / 2)
            assert found[j] == pytest.approx(u, rel=1e-12)


def test_a_phase_neuron_is_a_complex_one_whose_weights_have_size_one() -> None:
    x, w, b = small()
    theta, lam = np.angle(w), np.angle(b)
    as_complex = net(x, np.exp(1j * theta), -np.exp(1j * lam))
    assert phase_net(x, theta, lam) == pytest.approx(as_complex, rel=1e-12)


def test_one_complex_neuron_is_xor_and_so_is_a_real_one() -> None:
    corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    xor = modulus(corners, [[1], [-1]], [0])[:, 0]
    assert xor == pytest.approx([0, math.sqrt(2), math.sqrt(2), 0], abs=1e-12)
    assert [abs(a - b) for a, b in corners] == [0, 1, 1, 0]


def test_the_argument_jumps_where_the_probability_does_not() -> None:
    theta, lam, delta = [[1.0]], [math.pi], [0.3]  # q = e^{i (pi x / 2 + 1)} + 1, of real part >= 0
    two = [[0.0], [0.0]], [0.0], [0.0]  # q = z_1 + z_2 - 1 crosses the negative axis at x = 2
    near = np.array([[2 - 1e-9, 2 - 1e-9], [2 + 1e-9, 2 + 1e-9]])
    first, second = phase_output(near, *two)[:, 0]
    assert abs(first - second) == pytest.approx(2 * math.pi, rel=1e-6)
    assert np.ptp(phase_probability(near, *two)) < 1e-6
    x = np.linspace(0, 1, 50)[:, np.newaxis]
    assert np.abs(np.diff(phase_output(x, theta, lam, delta)[:, 0])).max() < 0.1


def test_patches_are_read_row_by_row_without_a_flip() -> None:
    image = np.arange(12.0).reshape(3, 4)
    assert patches(image, 2)[1, 2].tolist() == [6, 7, 10, 11]
    assert patches(np.stack([image, -image]), 3).shape == (2, 1, 2, 9)
    corner = np.zeros((3, 3), dtype=complex)
    corner[0, 0] = 1
    seen = modulus(patches(image / 12, 3), corner.reshape(9, 1), [-1])
    assert seen[0, :, 0] == pytest.approx(np.abs(phase_encode([0, 1 / 12]) - 1))


BAD: list[tuple[str, Callable[[], object], type[Exception]]] = [
    ("x", lambda: phase_encode([math.nan]), ValueError),
    ("x", lambda: modulus([[0.1, 0.2]], [[1], [1], [1]], [0]), ValueError),
    ("x", lambda: modulus(0.5, [[1]], [0]), ValueError),
    ("weights", lambda: modulus([[0.1]], [1j], [0]), ValueError),
    ("weights", lambda: modulus([[0.1]], [[complex(0, math.inf)]], [0]), ValueError),
    ("weights", lambda: modulus([[0.1]], [["a"]], [0]), TypeError),
    ("bias", lambda: modulus([[0.1]], [[1j]], [0, 0]), ValueError),
    ("theta", lambda: phase_net([[0.1]], [0.2], [0.1]), ValueError),
    ("lam", lambda: phase_net([[0.1]], [[0.2]], [0.1, 0.2]), ValueError),
    ("delta", lambda: phase_output([[0.1]], [[0.2]], [0.1], [0.1, 0.3]), ValueError),
    ("images", lambda: patches([1.0, 2.0], 1), ValueError),
    ("kernel_size", lambda: patches(np.zeros((3, 5)), 4), ValueError),
    ("kernel_size", lambda: patches(np.zeros((3, 5)), 0), ValueError),
    ("x", lambda: phase_encode(np.broadcast_to(0.0, (10**7, 10**7))), TooLargeError),
]  # fmt: skip


@pytest.mark.parametrize(("argument", "call", "error"), BAD[:-1])
def test_bad_arguments_are_named_in_one_line(
    argument: str, call: Callable[[], object], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(argument) and "\n" not in str(caught.value)


finite = st.floats(-4, 4)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(finite, min_size=2, max_size=2), min_size=1, max_size=5), st.data())
def test_a_turn_of_all_weights_changes_no_modulus(x: list[list[float]], data: Any) -> None:
    w = np.array(data.draw(st.lists(finite, min_size=3, max_size=3))) + 0.5j
    turn = cmath.exp(1j * data.draw(finite))
    as_it_was = modulus(x, w[:2, np.newaxis], w[2:])
    turned = modulus(x, turn * w[:2, np.newaxis], turn * w[2:])
    assert turned == pytest.approx(as_it_was, abs=1e-9 * np.abs(w).sum())


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))
def test_sizes_that_do_not_fit_are_refused(inputs: int, given: int, neurons: int, n: int) -> None:
    x, w, b = np.zeros((2, inputs)), np.ones((given, neurons)), np.zeros(n)
    if inputs == given and neurons == n:
        assert modulus(x, w, b).shape == (2, neurons)
        return
    with pytest.raises(ValueError, match="has shape"):
        modulus(x, w, b)


@pytest.fixture(scope="module")
def network() -> ComplexArrays:
    return sample_complex_network(2, 6, seed=4).adapted(to_unit_range("moons").x_train)


def test_a_random_network_adds_up_what_a_loop_finds(network: ComplexArrays) -> None:
    task = to_unit_range("moons")
    x, w = task.x_train[:20], network.weights
    h = np.abs(phase_encode(task.x_train) @ w[:2] + w[2])
    standard = ((h - h.mean(axis=0)) / h.std(axis=0))[:20]
    t = network.contributions(x)
    assert t.shape == (20, 6, 1)
    assert t[:, :, 0] == pytest.approx(standard * network.readout[:, 0], rel=1e-6)
    for mask in all_masks(6)[::9]:
        assert network.outputs(x, mask) == pytest.approx((t * mask[:, np.newaxis]).sum(axis=1))


def test_every_cost_and_selector_takes_it(network: ComplexArrays) -> None:
    task = to_unit_range("moons")
    x, y = task.x_train, task.y_train
    table = score_all_masks(network, x, y)
    cost = network_cost(network, x, y)
    assert cost.evaluate(all_masks(6)) == pytest.approx(table.costs)
    squared = score_all_masks(network, x, y, cost="squared_error")
    assert quadratic_cost(network, x, y).to_table().costs == pytest.approx(squared.costs)
    for selector in (one_flip_search, local_selection):
        found = run(selector, cost, rng=np.random.default_rng(0), **sizes_of(selector))
        assert found.cost == pytest.approx(float(table.evaluate(found.neuron_mask)))
        assert found.cost >= table.minimum - equal_within(table, table.minimum)


def sizes_of(selector: Callable[..., None]) -> dict[str, int]:
    return {"block_size": 2} if selector is local_selection else {}


def test_a_neuron_that_never_varies_adds_nothing() -> None:
    network = sample_complex_network(3, 4, 3, seed=0).adapted(np.full((5, 3), 0.3))
    assert network.constant_units.tolist() == [0, 1, 2, 3]
    assert not network.contributions(np.random.default_rng(0).random((2, 3))).any()


def test_a_network_of_moduli_has_no_smaller_one_of_relu_units(network: ComplexArrays) -> None:
    with pytest.raises(ValueError, match="network holds moduli"):
        fold_subnetwork(network, "111000")


def test_weights_that_do_not_fit_are_refused_before_they_are_drawn() -> None:
    with pytest.raises(TooLargeError, match="n_hidden"):
        sample_complex_network(1000, 10**10, seed=0)
    with pytest.raises(ValueError, match="scale"):
        sample_complex_network(2, 3, scale=0, seed=0)


def test_features_come_to_lie_between_0_and_1() -> None:
    task, scaled = load_task("digits"), to_unit_range("digits")
    assert scaled.x_train.min() == 0 and scaled.x_train.max() == 1
    assert (scaled.y_test == task.y_test).all()
    still = np.ptp(task.x_train, axis=0) == 0
    assert still.any() and not scaled.x_test[:, still].any()
    for x in (scaled.x_validation, scaled.x_test):
        assert x.min() >= 0 and x.max() <= 1
