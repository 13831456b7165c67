"""NK networks: how they are drawn, what they compute, and that Keras and arrays agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from one_layer import sample_one_layer
from parts import module_needs

from labkit.platforms import KERAS

module_needs(KERAS)

import keras

from labkit.datasets import Task, load_task
from labkit.limits import TooLargeError
from labkit.masks import mask_to_string
from labkit.networks import NKArrays, NKNetwork, sample_network, sample_nk_network
from labkit.scoring import accuracy, ensemble_cost

Array = npt.NDArray[np.float64]
SIZES = [(1, 1), (2, 1), (2, 2), (5, 3), (6, 6), (12, 4)]


@pytest.fixture(scope="module")
def moons() -> Task:
    return load_task("moons")


@pytest.fixture(scope="module")
def network(moons: Task) -> NKNetwork:
    return NKNetwork(2, 6, 3, neighbourhood="random", scale=2.0, seed=4).adapt(moons.x_train)


def samples(n_features: int, *, n: int = 60, seed: int = 1) -> Array:
    return np.random.default_rng(seed).normal(size=(n, n_features))


def random_masks(n: int, count: int) -> npt.NDArray[np.bool_]:
    return np.random.default_rng(0).random((count, n)) < 0.5


def to_array(outputs: Any) -> Array:
    return keras.ops.convert_to_numpy(outputs).astype(np.float64)


def outputs_by_definition(
    network: NKArrays, x: Array, x_train: Array, mask: npt.NDArray[np.bool_]
) -> Array:
    """y_i(x) = scale sum_{j in nbhd(i)} m_j a_ij (h_j(x) - mean_j) / std_j, term by term."""
    total = np.zeros((len(x), network.n_neurons))
    for i in range(network.n_neurons):
        for place, j in enumerate(network.neighbourhoods[i]):
            w = network.kernel[:, j].astype(np.float64)
            h_train = np.array([max(0.0, w[:-1] @ sample + w[-1]) for sample in x_train])
            h = np.array([max(0.0, w[:-1] @ sample + w[-1]) for sample in x])
            if mask[j] and h_train.std() >= 1e-6:
                standardised = (h - h_train.mean()) / h_train.std()
                total[:, i] += network.scale * float(network.readout[i, place]) * standardised
    return total


# How a network is drawn


@pytest.mark.parametrize(("n", "k"), SIZES)
def test_adjacent_outputs_read_the_next_neurons_around_the_circle(n: int, k: int) -> None:
    expected = [[(i + step) % n for step in range(k)] for i in range(n)]
    assert sample_nk_network(2, n, k, seed=0).neighbourhoods.tolist() == expected


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**16))
def test_random_outputs_read_their_own_neuron_first_and_distinct_others(
    n: int, k: int, seed: int
) -> None:
    assume(k <= n)
    network = sample_nk_network(2, n, k, neighbourhood="random", seed=seed)
    assert network.neighbourhoods.shape == (n, k)
    for i, neurons in enumerate(network.neighbourhoods.tolist()):
        assert neurons[0] == i
        assert len(set(neurons)) == k
        assert set(neurons) <= set(range(n))


def test_random_neighbours_are_drawn_from_all_neurons_alike() -> None:
    network = sample_nk_network(2, 40, 30, neighbourhood="random", seed=0)
    read = np.bincount(network.neighbourhoods[:, 1:].ravel(), minlength=40)
    # binomial of mean 29 and standard deviation 2.7
    assert read.min() > 29 - 5 * 2.7
    assert read.max() < 29 + 5 * 2.7


@pytest.mark.parametrize(("n", "k"), SIZES)
def test_a_readout_is_one_over_root_k_with_both_signs_in_every_output(n: int, k: int) -> None:
    for seed in range(20):
        readout = sample_nk_network(2, n, k, scale=2.0, seed=seed).readout
        assert readout.shape == (n, k)
        np.testing.assert_allclose(np.abs(readout), 1 / np.sqrt(k), rtol=1e-6)
        if k > 1:
            assert ((readout > 0).any(axis=1) & (readout < 0).any(axis=1)).all()


def test_readout_signs_are_fair() -> None:
    readout = sample_nk_network(2, 2000, 5, seed=0).readout
    assert (readout > 0).mean() == pytest.approx(0.5, abs=0.02)
    single = sample_nk_network(2, 2000, 1, seed=0).readout
    assert (single > 0).mean() == pytest.approx(0.5, abs=0.05)


def test_the_same_seed_draws_the_same_network_and_another_seed_another() -> None:
    one, same, other = (
        sample_nk_network(2, 30, 5, neighbourhood="random", seed=s) for s in (3, 3, 4)
    )
    for name in ("kernel", "readout", "neighbourhoods"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
        assert (getattr(one, name) != getattr(other, name)).any(), name


def test_neighbourhoods_change_neither_hidden_neurons_nor_signs() -> None:
    adjacent = sample_nk_network(3, 8, 4, seed=5)
    shuffled = sample_nk_network(3, 8, 4, neighbourhood="random", seed=5)
    np.testing.assert_array_equal(adjacent.kernel, sample_network(3, 8, seed=5).kernel)
    np.testing.assert_array_equal(adjacent.kernel, shuffled.kernel)
    np.testing.assert_array_equal(adjacent.readout, shuffled.readout)


# What it computes


@pytest.mark.parametrize("neighbourhood", ["adjacent", "random"])
def test_outputs_follow_the_definition(neighbourhood: str) -> None:
    x_train, x = samples(3), samples(3, n=9, seed=2)
    network = sample_nk_network(3, 7, 3, neighbourhood=neighbourhood, scale=2.0, seed=1)
    adapted = network.adapted(x_train)
    for mask in random_masks(7, 8):
        expected = outputs_by_definition(adapted, x, x_train, mask)
        np.testing.assert_allclose(adapted.outputs(x, mask), expected, atol=1e-9)
        np.testing.assert_allclose(
            adapted.prediction(x, mask)[:, 0], expected.mean(axis=1), atol=1e-9
        )


def test_contributions_are_by_output_and_place_and_sum_to_the_outputs() -> None:
    x = samples(2)
    network = sample_nk_network(2, 5, 2, scale=3.0, seed=1).adapted(x)
    t = network.contributions(x)
    assert t.shape == (60, 5, 2)
    # neuron 0 alone is read first by output 0 and second by output 4
    only_first = network.outputs(x, "10000")
    np.testing.assert_allclose(only_first[:, 0], t[:, 0, 0], atol=1e-12)
    np.testing.assert_allclose(only_first[:, 4], t[:, 4, 1], atol=1e-12)
    np.testing.assert_array_equal(only_first[:, 1:4], 0)


def test_every_neighbourhood_of_all_neurons_reads_the_hidden_units_of_a_random_network() -> None:
    x = samples(2)
    nk = sample_nk_network(2, 4, 4, seed=6).adapted(x)
    plain = sample_one_layer(2, 4, seed=6).adapted(x)
    hidden = plain.contributions(x)[:, :, 0] / plain.readout[:, 0]
    np.testing.assert_allclose(
        nk.contributions(x), hidden[:, nk.neighbourhoods] * nk.readout, atol=1e-12
    )


def test_hidden_neurons_that_never_vary_in_training_carry_nothing() -> None:
    network = sample_nk_network(2, 4, 2, seed=0).adapted(np.full((10, 2), 0.5))
    np.testing.assert_array_equal(network.contributions(samples(2)), 0)


# The Keras model and its twin compute the same


@pytest.mark.parametrize("neighbourhood", ["adjacent", "random"])
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_the_twin_in_arrays_computes_the_same(
    n: int, k: int, neighbourhood: str, moons: Task
) -> None:
    options: dict[str, Any] = {"neighbourhood": neighbourhood, "scale": 2.0, "seed": 8}
    network = NKNetwork(2, n, k, **options).adapt(moons.x_train)
    twin = sample_nk_network(2, n, k, **options).adapted(moons.x_train)
    x = moons.x_test
    np.testing.assert_array_equal(network.neighbourhoods, twin.neighbourhoods)
    np.testing.assert_allclose(network.contributions(x), twin.contributions(x), atol=1e-5)
    for mask in random_masks(n, 4):
        outputs, prediction = network.outputs(x, mask), network(x, neuron_mask=mask)
        np.testing.assert_allclose(to_array(outputs), twin.outputs(x, mask), atol=1e-5)
        np.testing.assert_allclose(to_array(prediction), twin.prediction(x, mask), atol=1e-5)


def test_no_mask_means_every_neuron_stays(network: NKNetwork, moons: Task) -> None:
    full = np.ones(6, dtype=bool)
    for run in (network, network.outputs):
        whole = to_array(run(moons.x_test))
        np.testing.assert_array_equal(whole, to_array(run(moons.x_test, neuron_mask=full)))


def test_a_mask_may_be_given_as_string_numbers_or_tensor(network: NKNetwork, moons: Task) -> None:
    mask = random_masks(6, 1)[0]
    expected = to_array(network(moons.x_test, neuron_mask=mask))
    same: list[Any] = [mask_to_string(mask), mask.astype(int).tolist()]
    for given_mask in [*same, keras.ops.convert_to_tensor(mask)]:
        found = to_array(network(moons.x_test, neuron_mask=given_mask))
        np.testing.assert_array_equal(found, expected)


# A real Keras model


def test_predict_and_evaluate_give_the_prediction_its_cross_entropy_and_accuracy(
    network: NKNetwork, moons: Task
) -> None:
    x, y = moons.x_train, moons.y_train
    prediction = network.predict(x, verbose=0)
    assert prediction.shape == (len(x), 1)
    np.testing.assert_allclose(prediction, network.arrays().prediction(x, "111111"), atol=1e-6)
    loss, share_right = network.evaluate(x, y, verbose=0)
    expected = ensemble_cost(network, x, y, "111111", cost="cross_entropy")
    assert loss == pytest.approx(expected, abs=1e-5)
    assert share_right == pytest.approx(accuracy(prediction, y), abs=1e-6)


def test_fit_lowers_the_loss_and_leaves_statistics_and_neighbourhoods(moons: Task) -> None:
    network = NKNetwork(2, 6, 3, scale=2.0, seed=4).adapt(moons.x_train)
    before = network.arrays()
    history = network.fit(moons.x_train, moons.y_train, epochs=4, verbose=0).history["loss"]
    assert history[-1] < history[0]
    after = network.arrays()
    for name in ("mean", "inverse_std", "neighbourhoods"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert not np.allclose(after.readout, before.readout)


def test_adapt_again_forgets_the_statistics_before(network: NKNetwork, moons: Task) -> None:
    other = NKNetwork(2, 6, 3, neighbourhood="random", scale=2.0, seed=4)
    assert other.adapt(moons.x_train * 3 + 1) is other
    other.adapt(moons.x_train)
    np.testing.assert_array_equal(
        other.contributions(moons.x_test), network.contributions(moons.x_test)
    )


def test_a_saved_network_is_loaded_whole(network: NKNetwork, moons: Task, tmp_path: Path) -> None:
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert isinstance(loaded, NKNetwork)
    assert loaded.get_config() == network.get_config()
    np.testing.assert_array_equal(loaded.neighbourhoods, network.neighbourhoods)
    for mask in random_masks(6, 4):
        np.testing.assert_array_equal(
            to_array(loaded.outputs(moons.x_test, mask)),
            to_array(network.outputs(moons.x_test, mask)),
        )


def test_its_settings_build_the_same_network_again(network: NKNetwork) -> None:
    again = NKNetwork.from_config(network.get_config())
    assert again.get_config() == network.get_config()
    for name in ("kernel", "readout", "neighbourhoods", "scale"):
        np.testing.assert_array_equal(
            getattr(again.arrays(), name), getattr(network.arrays(), name)
        )


def test_summary_lists_hidden_neurons_and_readout(network: NKNetwork) -> None:
    lines: list[str] = []
    network.summary(print_fn=lambda line, **_: lines.append(line))
    summary = "\n".join(lines)
    assert "hidden" in summary
    assert "readout" in summary
    assert "unbuilt" not in summary
    assert network.count_params() == sum(int(np.prod(w.shape)) for w in network.weights)


# What it refuses


@pytest.mark.parametrize("draw", [sample_nk_network, NKNetwork])
@pytest.mark.parametrize(
    ("arguments", "options", "expected"),
    [
        ((2, 4, 5), {}, r"^n_inputs_per_output=5 is too large \(limit: 4\)$"),
        ((2, 4, 0), {}, r"^n_inputs_per_output=0 is too small"),
        ((2, 0, 1), {}, r"^n_neurons=0 is too small"),
        ((0, 4, 2), {}, r"^n_inputs=0 is too small"),
        ((2, 4, 2), {"scale": 0.0}, r"^scale=0\.0 is not a finite number above 0$"),
        ((2, 4, 2), {"seed": -1}, r"^seed=-1 is too small"),
        ((2, 4, 2), {"neighbourhood": "near"}, r"^neighbourhood='near' is unknown \(known: adj"),
    ],
)
def test_arguments_out_of_range_are_refused(
    draw: Any, arguments: tuple[int, ...], options: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        draw(*arguments, **{"seed": 0, **options})


@pytest.mark.parametrize("name", ["n_inputs", "n_neurons", "n_inputs_per_output", "seed"])
@pytest.mark.parametrize("value", [1.5, "2", None, True])
def test_what_is_not_an_integer_is_refused(name: str, value: Any) -> None:
    arguments = {"n_inputs": 2, "n_neurons": 4, "n_inputs_per_output": 2, "seed": 0}
    with pytest.raises(TypeError, match=rf"^{name}=.* is not an integer"):
        sample_nk_network(**{**arguments, name: value})


@pytest.mark.parametrize(
    ("arguments", "name"),
    [((2, 10**12, 1), "n_neurons"), ((2, 10**6, 10**6), "n_neurons"), ((10**13, 2, 1), "n_inputs")],
)
def test_networks_that_do_not_fit_in_memory_are_refused(
    arguments: tuple[int, int, int], name: str
) -> None:
    with pytest.raises(TooLargeError, match=rf"^{name}=\d+ needs [\d.,]+ [KMGTPE]iB for "):
        sample_nk_network(*arguments, seed=0)


def test_samples_that_do_not_fit_in_memory_are_refused() -> None:
    network = sample_nk_network(1, 500, 500, seed=0)
    x = np.broadcast_to(np.zeros(1), (10**7, 1))
    with pytest.raises(TooLargeError, match=r"^n_samples=10000000 needs "):
        network.contributions(x)


@pytest.mark.parametrize("n_bits", [1, 5, 7])
def test_a_mask_of_the_wrong_length_is_refused(network: NKNetwork, n_bits: int) -> None:
    x, mask = np.zeros((2, 2)), np.ones(n_bits)
    expected = rf"^neuron_mask has {n_bits} entries; this network has 6 "
    for refuse in (network, network.outputs, network.arrays().outputs, network.arrays().prediction):
        with pytest.raises(ValueError, match=expected):
            refuse(x, neuron_mask=mask)


def test_samples_with_the_wrong_features_are_refused(network: NKNetwork) -> None:
    expected = r"^x has shape \(4, 3\); it must be \(samples, 2\)$"
    for refuse in (network, network.outputs, network.adapt, network.contributions):
        with pytest.raises(ValueError, match=expected):
            refuse(np.zeros((4, 3)))
