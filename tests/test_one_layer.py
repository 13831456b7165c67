"""Random networks as arrays: how they are drawn, standardised and masked."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_layer import sample_one_layer

from labkit.masks import all_masks
from labkit.networks import NetworkArrays, sample_network, sample_nk_network

Array = npt.NDArray[np.float64]


def samples(n_features: int, *, n: int = 60, seed: int = 1) -> Array:
    return np.random.default_rng(seed).normal(size=(n, n_features))


def outputs_by_definition(
    network: NetworkArrays, x: Array, x_train: Array, mask: npt.NDArray[np.bool_]
) -> Array:
    """f_m(x) = scale sum_j a_j (relu(w_j . [x, 1]) - mean_j) / std_j, one unit after the other."""
    total = np.zeros((len(x), network.n_outputs))
    bits = mask.reshape(network.n_hidden, -1)
    for j in range(network.n_hidden):
        w = network.kernel[:, j].astype(np.float64)
        if network.mask_kind == "weight":
            w = w * bits[j]
        h_train = np.array([max(0.0, w[:-1] @ sample + w[-1]) for sample in x_train])
        h = np.array([max(0.0, w[:-1] @ sample + w[-1]) for sample in x])
        if h_train.std() < 1e-6 or (network.mask_kind == "neuron" and not bits[j, 0]):
            continue
        standardised = (h - h_train.mean()) / h_train.std()
        total += network.scale * np.outer(standardised, network.readout[j])
    return total


# How a network is drawn


def test_kaiming_normal_weights_have_variance_two_over_fan_in() -> None:
    kernel = sample_network(7, 20_000, seed=0).kernel
    assert kernel.shape == (8, 20_000)
    assert kernel.var() == pytest.approx(2 / 8, rel=0.02)
    assert abs(kernel.mean()) < 0.01


def test_signed_constant_weights_are_plus_or_minus_sqrt_two_over_fan_in() -> None:
    kernel = sample_network(7, 2_000, init="signed_constant", seed=0).kernel
    np.testing.assert_allclose(np.abs(kernel), math.sqrt(2 / 8), rtol=1e-6)
    assert (kernel > 0).mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("n_hidden", [2, 3, 8])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_a_signed_constant_readout_has_both_signs_in_every_output(
    n_hidden: int, n_outputs: int
) -> None:
    for seed in range(30):
        readout = sample_network(2, n_hidden, n_outputs, seed=seed).readout
        np.testing.assert_allclose(np.abs(readout), math.sqrt(2 / n_hidden), rtol=1e-6)
        assert (readout > 0).any(axis=0).all()
        assert (readout < 0).any(axis=0).all()


def test_a_gaussian_readout_has_variance_two_over_hidden_units() -> None:
    readout = sample_network(2, 20_000, readout="gaussian", seed=0).readout
    assert readout.var() * 20_000 == pytest.approx(2, rel=0.05)


def test_the_same_seed_draws_the_same_network_and_another_seed_another() -> None:
    one, same, other = (sample_network(3, 5, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.kernel, same.kernel)
    np.testing.assert_array_equal(one.readout, same.readout)
    assert not np.isclose(one.kernel, other.kernel).any()


@pytest.mark.parametrize("init", ["kaiming_normal", "signed_constant"])
def test_a_wider_network_begins_with_the_hidden_units_of_the_narrow_one(init: str) -> None:
    narrow, wide = (sample_network(3, n, init=init, seed=4) for n in (5, 9))
    np.testing.assert_array_equal(narrow.kernel, wide.kernel[:, :5])


@pytest.mark.parametrize(
    ("mask_kind", "n_inputs", "n_hidden", "bits"),
    [("neuron", 2, 5, 5), ("neuron", 13, 4, 4), ("weight", 2, 5, 15), ("weight", 3, 1, 4)],
)
def test_a_mask_has_a_bit_per_unit_or_per_weight_and_bias(
    mask_kind: str, n_inputs: int, n_hidden: int, bits: int
) -> None:
    assert sample_network(n_inputs, n_hidden, mask_kind=mask_kind, seed=0).n_mask_bits == bits


def test_a_seed_draws_the_weights_that_it_always_drew() -> None:
    network = sample_network(2, 3, readout="gaussian", seed=7)
    kernel = [
        [-0.5144483, 1.7443284, 0.23552765],
        [1.1962366, 0.7621686, -1.5649354],
        [-0.35868093, 0.55129266, 0.20205039],
    ]
    np.testing.assert_allclose(network.kernel, kernel, rtol=1e-6)
    np.testing.assert_allclose(network.readout[:, 0], [1.1446549, 0.6968148, 2.4954605], rtol=1e-6)
    signs = sample_network(2, 5, 2, init="signed_constant", seed=7).readout > 0
    assert signs.T.tolist() == [[True, True, True, False, True], [True] + [False] * 4]


# Which bits belong together


@pytest.mark.parametrize(("n_inputs", "n_hidden"), [(1, 1), (2, 5), (30, 4)])
def test_the_bits_of_an_input_are_those_that_let_it_through(n_inputs: int, n_hidden: int) -> None:
    network = sample_network(n_inputs, n_hidden, mask_kind="weight", seed=0)
    groups = network.input_groups
    assert sorted(bit for group in groups for bit in group) == [*range(network.n_mask_bits)]
    x = np.random.default_rng(0).normal(size=(9, n_inputs))
    for i in range(n_inputs):
        mask = np.ones(network.n_mask_bits)
        mask[list(groups[i])] = 0
        changed = x + 5 * (np.arange(n_inputs) == i)
        np.testing.assert_allclose(network.outputs(x, mask), network.outputs(changed, mask))
    without_biases = np.ones(network.n_mask_bits)
    without_biases[list(groups[-1])] = 0
    np.testing.assert_array_equal(network.outputs(np.zeros((1, n_inputs)), without_biases), 0)


@pytest.mark.parametrize("hidden_layers", [1, 2])
def test_neuron_masks_have_no_input_groups(hidden_layers: int) -> None:
    network = sample_network(2, 3, hidden_layers=hidden_layers, seed=0)
    with pytest.raises(ValueError, match=r"^mask_kind='neuron' has no input groups "):
        network.input_groups  # noqa: B018


# What it computes


@pytest.mark.parametrize(
    ("mask_kind", "n_outputs", "options"),
    [
        ("neuron", 1, {"scale": 2.0}),
        ("neuron", 3, {"readout": "gaussian"}),
        ("weight", 1, {"scale": 3.0}),
        ("weight", 3, {"init": "signed_constant"}),
    ],
)
def test_outputs_follow_the_definition_for_every_mask(
    mask_kind: str, n_outputs: int, options: dict[str, Any]
) -> None:
    n_hidden = 4 if mask_kind == "neuron" else 2
    network = sample_one_layer(2, n_hidden, n_outputs, mask_kind=mask_kind, seed=3, **options)
    x_train, x = samples(2), samples(2, n=9, seed=2)
    network = network.adapted(x_train)
    for mask in all_masks(network.n_mask_bits):
        expected = outputs_by_definition(network, x, x_train, mask)
        np.testing.assert_allclose(network.outputs(x, mask), expected, atol=1e-9)


@pytest.mark.parametrize("mask_kind", ["neuron", "weight"])
def test_the_empty_mask_gives_zero(mask_kind: str) -> None:
    x = samples(2)
    network = sample_one_layer(2, 3, mask_kind=mask_kind, seed=0).adapted(x)
    empty = np.zeros(network.n_mask_bits, dtype=bool)
    np.testing.assert_array_equal(network.outputs(x, empty), 0)


def test_hidden_units_are_standardised_on_the_training_samples() -> None:
    x = samples(4)
    network = sample_one_layer(4, 6, scale=2.5, seed=0).adapted(x)
    h = network.contributions(x)[:, :, 0] / (2.5 * network.readout[:, 0])
    np.testing.assert_allclose(h.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(h.std(axis=0), 1, atol=1e-12)


def test_new_samples_are_standardised_with_the_training_statistics() -> None:
    network = sample_one_layer(2, 3, seed=0).adapted(samples(2))
    few = samples(2, n=5, seed=9) + 3
    np.testing.assert_allclose(
        network.contributions(few)[2], network.contributions(few[2:3])[0], atol=1e-12
    )
    assert np.abs(network.contributions(few).mean(axis=0)).max() > 0.1


def test_before_adapting_hidden_units_are_plain_relu() -> None:
    network, x = sample_one_layer(2, 3, seed=0), samples(2)
    h = np.maximum(x @ network.kernel[:-1] + network.kernel[-1], 0)
    np.testing.assert_allclose(network.contributions(x)[:, :, 0], h * network.readout[:, 0])


def test_a_unit_that_never_fires_carries_nothing() -> None:
    network, x = sample_one_layer(2, 3, seed=0), samples(2)
    kernel = network.kernel.copy()
    kernel[:, 1] = [0, 0, -1]
    t = replace(network, kernel=kernel).adapted(x).contributions(x)
    np.testing.assert_array_equal(t[:, 1], 0)
    assert np.isfinite(t).all()


def test_adapting_leaves_the_network_it_came_from_as_it_was() -> None:
    network, x = sample_one_layer(2, 3, seed=0), samples(2)
    before = network.contributions(x)
    network.adapted(x)
    np.testing.assert_array_equal(network.contributions(x), before)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2**16))
def test_a_neuron_mask_adds_up_the_contributions_it_keeps(
    n_inputs: int, n_hidden: int, n_outputs: int, seed: int
) -> None:
    x = samples(n_inputs, n=7)
    network = sample_one_layer(n_inputs, n_hidden, n_outputs, seed=seed).adapted(x)
    t = network.contributions(x)
    assert t.shape == (7, n_hidden, n_outputs)
    for mask in all_masks(n_hidden):
        np.testing.assert_allclose(
            network.outputs(x, mask), np.einsum("j,sjo->so", mask.astype(float), t), atol=1e-12
        )


def test_weight_contributions_are_listed_by_the_units_own_bits_bias_last() -> None:
    x = samples(2)
    network = sample_one_layer(2, 2, mask_kind="weight", seed=0).adapted(x)
    t = network.contributions(x)
    assert t.shape == (60, 2, 8, 1)
    # unit 0 keeps its second weight and its bias (011), unit 1 its first weight (100)
    expected = t[:, 0, 0b011] + t[:, 1, 0b100]
    np.testing.assert_allclose(network.outputs(x, "011100"), expected, atol=1e-12)


# Units that do not vary


KINDS_OF_NETWORKS: list[dict[str, Any]] = [
    {},
    {"mask_kind": "weight"},
    {"hidden_layers": 2},
    {"n_inputs": 17, "mask_kind": "weight"},
]


def draw(options: dict[str, Any], *, bias: bool = True) -> Any:
    """A network of four hidden units a layer, or an NK network for {'nk': True}."""
    if "nk" in options:
        network: Any = sample_nk_network(2, 6, 2, seed=3)
    else:
        network = sample_network(**({"n_inputs": 2, "n_hidden": 4, "seed": 3} | options))
    if bias:
        return network
    kernel = network.kernel.copy()
    kernel[-1] = 0
    return replace(network, kernel=kernel)


def outputs_of_all(network: Any, x: Array) -> Array:
    masks = np.random.default_rng(0).random((20, network.n_mask_bits)) < 0.7
    found: Array = network.run_masks(network.prepare(x), masks)
    return found


@pytest.mark.parametrize("options", [*KINDS_OF_NETWORKS, {"nk": True}])
@given(size=st.floats(-3, 15), sign=st.sampled_from([-1, 1]), n_samples=st.integers(2, 400))
def test_samples_that_are_all_the_same_switch_every_unit_off(
    options: dict[str, Any], size: float, sign: int, n_samples: int
) -> None:
    network = draw(options)
    x = np.full((n_samples, network.n_inputs), sign * 10**size)
    adapted = network.adapted(x)
    outputs = outputs_of_all(adapted, x)
    assert np.ptp(outputs, axis=1).max() == 0
    n_first = network.n_hidden
    assert adapted.constant_units[:n_first].tolist() == [*range(n_first)]
    assert "n_constant=" in repr(adapted)


@pytest.mark.parametrize("options", [*KINDS_OF_NETWORKS, {"nk": True}])
@given(exponent=st.integers(-60, 60))
def test_without_biases_the_unit_of_the_samples_cancels(
    options: dict[str, Any], exponent: int
) -> None:
    network = draw(options, bias=False)
    x = samples(network.n_inputs)
    one = network.adapted(x)
    other = network.adapted(2.0**exponent * x)
    assert other.constant_units.tolist() == one.constant_units.tolist()
    assert len(one.constant_units) < one.n_hidden
    expected, came = outputs_of_all(one, x), outputs_of_all(other, 2.0**exponent * x)
    np.testing.assert_allclose(came, expected, atol=1e-9)


def test_small_samples_beside_biases_are_not_lost() -> None:
    x = 1e-7 * samples(2)
    network = sample_network(2, 8, seed=0).adapted(x)
    by_hand = np.maximum(np.c_[x, np.ones(60)] @ network.kernel.astype(float), 0)
    silent = np.flatnonzero(~by_hand.any(axis=0))  # whose bias is below 0
    assert network.constant_units.tolist() == silent.tolist()
    assert len(silent) < 4


def test_a_large_constant_in_a_feature_leaves_what_varies() -> None:
    x = samples(2) + np.array([1e6, 0.0])
    adapted = sample_network(2, 8, seed=0).adapted(x)
    varying = np.setdiff1d(np.arange(8), adapted.constant_units)
    by_hand = np.maximum(np.c_[x, np.ones(60)] @ adapted.kernel.astype(float), 0).std(axis=0)
    np.testing.assert_array_equal(varying, np.flatnonzero(by_hand > 1e-6))
    assert len(varying) > 2


def test_a_network_of_which_all_units_vary_says_nothing() -> None:
    network = sample_network(2, 8, seed=0).adapted(samples(2))
    assert len(network.constant_units) == 0
    assert "n_constant" not in repr(network)
