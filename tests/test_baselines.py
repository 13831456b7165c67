"""Edge-popup, magnitudes and gradient training, against brute force and central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parts import module_needs

from labkit.platforms import KERAS

module_needs(KERAS)

from labkit.baselines import (
    TrainedNetwork,
    edge_popup,
    magnitude_pruning,
    train_network,
    train_networks,
)
from labkit.baselines.pruning import (
    TrainingPasses,
    cross_entropy_slopes,
    keep_largest,
    magnitudes,
)
from labkit.datasets import load_task
from labkit.ledger import Ledger
from labkit.masks import all_masks
from labkit.networks import ManyInputsArrays, NetworkArrays, RandomNetwork, sample_network
from labkit.scoring import COSTS, accuracy, check_labels, cost_of_outputs
from labkit.selectors import Selection

Array = npt.NDArray[np.float64]
MOONS, WINE = load_task("moons"), load_task("wine")

NETWORKS: dict[str, dict[str, Any]] = {
    "neurons": {"n_hidden": 10},
    "weights": {"n_hidden": 4, "mask_kind": "weight"},
    "two layers": {"n_hidden": 5, "hidden_layers": 2},
}
each_network = pytest.mark.parametrize("kind", NETWORKS)


def draw(kind: str, *, seed: int = 0, n_inputs: int = 2, n_outputs: int = 1) -> NetworkArrays:
    """A standardised network for moons, or for the first features of wine."""
    x = MOONS.x_train if n_outputs == 1 else WINE.x_train[:, :n_inputs]
    options = {"readout": "gaussian", "scale": 2.0, "seed": seed, **NETWORKS[kind]}
    return sample_network(n_inputs, n_outputs=n_outputs, **options).adapted(x)


def cost_on_moons(network: NetworkArrays, neuron_mask: Any, cost: str = "cross_entropy") -> float:
    f = network.outputs(MOONS.x_train, neuron_mask)
    targets = check_labels(MOONS.y_train, n_samples=len(f), n_outputs=1)
    return float(cost_of_outputs(f, targets, cost=cost))


def counted(ledger: Ledger) -> dict[str, float]:
    """The ledger's entries that are not 0, seconds apart."""
    return {key: value for key, value in vars(ledger).items() if value and key != "seconds"}


# The gradient


def soft_outputs(network: NetworkArrays, x: Array, bits: Array, kept: npt.NDArray[np.bool_]) -> Any:
    """f with real numbers as bits; standardised with the statistics of the mask `kept`."""

    def standardise(h: Array, of_kept: Array) -> Array:
        std = of_kept.std(axis=0)
        return np.where(std > 1e-6, (h - of_kept.mean(axis=0)) / np.where(std > 0, std, 1), 0.0)

    def hidden(inputs: Array, kernel: npt.NDArray[Any]) -> Array:
        return np.maximum(inputs @ kernel[:-1] + kernel[-1], 0.0)

    if network.mask_kind == "weight":
        masked = [b.reshape(network.n_hidden, -1).T * network.kernel for b in (bits, kept)]
        h = standardise(*(hidden(x, kernel) for kernel in masked))
    else:
        first = hidden(x, network.kernel)
        h = standardise(first, first) * bits[: network.n_hidden]
        if network.hidden_layers == 2:
            whole = standardise(first, first)
            kernel = network.second_kernel  # type: ignore[attr-defined]
            h = standardise(hidden(h, kernel), hidden(whole, kernel)) * bits[network.n_hidden :]
    return network.scale * h @ network.readout


@each_network
@pytest.mark.parametrize("n_outputs", [1, 3])
@given(seed=st.integers(0, 2**16))
def test_the_gradient_is_that_of_central_differences(kind: str, n_outputs: int, seed: int) -> None:
    network = draw(kind, seed=seed % 7, n_inputs=2, n_outputs=n_outputs)
    task = MOONS if n_outputs == 1 else WINE
    x = task.x_train[:, :2].astype(np.float64)
    targets = check_labels(task.y_train, n_samples=len(x), n_outputs=n_outputs)
    neuron_mask = np.random.default_rng(seed).random(network.n_mask_bits) < 0.7

    def soft_cost(bits: Array) -> float:
        f = soft_outputs(network, x, bits, neuron_mask)
        return float(cost_of_outputs(f, targets, cost="cross_entropy"))

    cost, gradient = TrainingPasses.of(network, x, task.y_train).cost_and_gradient(neuron_mask)
    assert cost == pytest.approx(soft_cost(neuron_mask.astype(float)), abs=1e-5)
    steps = 1e-6 * np.eye(network.n_mask_bits)
    differences = [(soft_cost(neuron_mask + e) - soft_cost(neuron_mask - e)) / 2e-6 for e in steps]
    np.testing.assert_allclose(gradient, differences, atol=1e-5)


def test_slopes_of_huge_outputs_stay_finite() -> None:
    f, targets = np.array([[1e4], [-1e4]]), np.array([[-1.0], [-1.0]])
    np.testing.assert_allclose(cross_entropy_slopes(f, targets), [[0.5], [0.0]])
    both = cross_entropy_slopes(np.hstack([f, -f]), np.hstack([targets, -targets]))
    np.testing.assert_allclose(both, [[0.5, -0.5], [0.0, 0.0]])


def test_weight_masks_of_many_inputs_are_pruned_as_tabulated_ones_are() -> None:
    x = WINE.x_train[:, :4]
    tabulated = sample_network(4, 3, 3, mask_kind="weight", seed=1).adapted(x)
    kept = {name: getattr(tabulated, name) for name in ("kernel", "readout", "scale", "mask_kind")}
    untabulated = ManyInputsArrays(**kept)
    found = [
        edge_popup(network, x, WINE.y_train, rng=np.random.default_rng(0))
        for network in (tabulated, untabulated.adapted(x))
    ]
    np.testing.assert_allclose(found[1].history, found[0].history, atol=1e-6)
    # before `adapted` nothing is standardised
    raw = [
        TrainingPasses.of(network, x, WINE.y_train).cost_and_gradient(np.arange(15) % 3 > 0)
        for network in (sample_network(4, 3, 3, mask_kind="weight", seed=1), untabulated)
    ]
    np.testing.assert_allclose(raw[1][1], raw[0][1], atol=1e-9)


# Edge-popup


@each_network
def test_edge_popup_states_the_cost_of_its_mask_and_counts_its_passes(kind: str) -> None:
    network = draw(kind)
    before = {name: np.copy(value) for name, value in vars(network).items()}
    found = edge_popup(
        network, MOONS.x_train, MOONS.y_train, n_active=4, epochs=30, rng=np.random.default_rng(1)
    )
    assert (found.selector, int(found.neuron_mask.sum())) == ("edge_popup", 4)
    assert found.cost == pytest.approx(cost_on_moons(network, found.neuron_mask), abs=1e-12)
    assert found.history.shape == (31,)
    assert found.cost == found.history.min()
    assert counted(found.ledger) == {
        "cost_queries": 31,
        "forward_passes": 31,
        "backward_passes": 30,
    }
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(network, name), value)


@each_network
def test_edge_popup_is_in_the_best_tenth_of_the_masks_of_its_size(kind: str) -> None:
    masks = all_masks(draw(kind).n_mask_bits)
    masks = masks[masks.sum(axis=1) == masks.shape[1] // 2]
    shares = []
    for seed in range(5):
        network, rng = draw(kind, seed=seed), np.random.default_rng(seed)
        found = edge_popup(network, MOONS.x_train, MOONS.y_train, rng=rng)
        tried = masks[rng.choice(len(masks), 200)]
        shares.append(np.mean([cost_on_moons(network, m) < found.cost for m in tried]))
    assert np.mean(shares) < 0.1


def test_edge_popup_keeps_the_highest_scores_at_first_and_then_goes_down_the_gradient() -> None:
    network, rng = draw("neurons"), np.random.default_rng(5)
    scores, velocity = rng.random(10), np.zeros(10)
    passes = TrainingPasses.of(network, MOONS.x_train, MOONS.y_train)
    expected = []
    for _ in range(6):
        mask = np.zeros(10, dtype=bool)
        mask[sorted(range(10), key=lambda j: -scores[j])[:3]] = True
        cost, gradient = passes.cost_and_gradient(mask)
        expected.append(cost)
        velocity = 0.9 * velocity - 0.2 * gradient
        scores = scores + velocity
    found = edge_popup(
        network,
        MOONS.x_train,
        MOONS.y_train,
        n_active=3,
        epochs=5,
        learning_rate=0.2,
        rng=np.random.default_rng(5),
    )
    np.testing.assert_allclose(found.history, expected)


def test_the_same_generator_gives_the_same_scores_and_another_others() -> None:
    def history(seed: int) -> list[float]:
        rng = np.random.default_rng(seed)
        return edge_popup(draw("weights"), MOONS.x_train, MOONS.y_train, rng=rng).history.tolist()

    assert history(3) == history(3)
    assert history(3) != history(4)


def test_a_keras_network_is_pruned_as_its_arrays_are() -> None:
    network = RandomNetwork(2, 6, scale=2.0, seed=3).adapt(MOONS.x_train)
    before = network.get_weights()
    baselines: list[Callable[[Any], Selection]] = [
        lambda network: edge_popup(
            network, MOONS.x_train, MOONS.y_train, rng=np.random.default_rng(0)
        ),
        lambda network: magnitude_pruning(network, MOONS.x_train, MOONS.y_train),
    ]
    for prune in baselines:
        found, expected = prune(network), prune(network.arrays())
        np.testing.assert_array_equal(found.history, expected.history)
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_half_of_the_bits_are_kept_by_default_and_at_least_one() -> None:
    rng = np.random.default_rng(0)
    for n_hidden, kept in ((1, 1), (7, 3)):
        network = sample_network(2, n_hidden, seed=0).adapted(MOONS.x_train)
        found = edge_popup(network, MOONS.x_train, MOONS.y_train, epochs=1, rng=rng)
        assert found.neuron_mask.sum() == kept


# Magnitudes


def test_the_magnitude_of_a_weight_is_its_size_unit_by_unit() -> None:
    network = draw("weights")
    expected = [abs(float(w)) for unit in network.kernel.T for w in unit]
    np.testing.assert_array_equal(magnitudes(network), expected)


def test_the_magnitude_of_a_unit_is_what_enters_times_what_leaves_within_its_layer() -> None:
    network: Any = draw("two layers", n_outputs=3)
    enters = [network.kernel, network.second_kernel]
    leaves = [network.second_kernel[:-1], network.readout]
    expected = []
    for into, out_of in zip(enters, leaves, strict=True):
        sizes = [
            np.sqrt((into[:, j].astype(float) ** 2).sum() * (out_of[j].astype(float) ** 2).sum())
            for j in range(5)
        ]
        expected += [size / np.mean(sizes) for size in sizes]
    np.testing.assert_allclose(magnitudes(network), expected, rtol=1e-12)


def test_equal_magnitudes_stay_in_order() -> None:
    kept = keep_largest(np.array([1.0, 2.0, 1.0, 2.0] * 25), 60)
    assert np.flatnonzero(~kept).tolist() == [j for j in range(20, 100) if j % 2 == 0]


@each_network
@pytest.mark.parametrize("cost", COSTS)
def test_magnitude_pruning_asks_each_number_once_and_returns_the_best(kind: str, cost: str) -> None:
    network = draw(kind, seed=2)
    n = network.n_mask_bits
    found = magnitude_pruning(network, MOONS.x_train, MOONS.y_train, cost=cost)
    order = np.argsort(magnitudes(network))[::-1]
    masks = [np.isin(np.arange(n), order[:kept]) for kept in range(1, n + 1)]
    expected = [cost_on_moons(network, mask, cost) for mask in masks]
    np.testing.assert_allclose(found.history, expected, atol=1e-12)
    assert (found.selector, found.cost) == ("magnitude_pruning", found.history.min())
    np.testing.assert_array_equal(found.neuron_mask, masks[int(np.argmin(expected))])
    assert counted(found.ledger) == {"cost_queries": n, "forward_passes": n}


def test_magnitude_pruning_to_a_number_asks_once() -> None:
    network = draw("weights")
    found = magnitude_pruning(network, MOONS.x_train, MOONS.y_train, n_active=5)
    assert found.neuron_mask.sum() == 5
    weights = np.abs(network.kernel.T).ravel()
    assert weights[found.neuron_mask].min() > weights[~found.neuron_mask].max()
    assert found.cost == pytest.approx(cost_on_moons(network, found.neuron_mask))
    assert counted(found.ledger) == {"cost_queries": 1, "forward_passes": 1}


# Training


def keras_network(kind: str, *, seed: int = 0) -> RandomNetwork:
    return RandomNetwork(2, scale=2.0, seed=seed, **NETWORKS[kind]).adapt(MOONS.x_train)


@each_network
def test_training_starts_at_the_random_network_and_lowers_its_cost(kind: str) -> None:
    network = keras_network(kind)
    before = network.get_weights()
    trained = train_network(network, MOONS.x_train, MOONS.y_train, epochs=100)
    whole = np.ones(network.n_mask_bits)
    assert trained.history.shape == (100,)
    assert trained.history[0] == pytest.approx(cost_on_moons(network.arrays(), whole), abs=1e-5)
    assert trained.train_cost < 0.5 * trained.history[0]
    assert trained.train_cost == pytest.approx(
        cost_on_moons(trained.model.arrays(), whole), abs=1e-5
    )
    assert accuracy(np.asarray(trained.model(MOONS.x_test)), MOONS.y_test) > 0.85
    assert counted(trained.ledger) == {"forward_passes": 100, "backward_passes": 100}
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_history_is_the_cost_before_each_step_and_no_average() -> None:
    network = keras_network("neurons")
    trained = [train_network(network, MOONS.x_train, MOONS.y_train, epochs=t) for t in (7, 8)]
    assert trained[1].history[7] == pytest.approx(trained[0].train_cost, abs=1e-5)


def test_training_moves_every_weight_and_no_statistic() -> None:
    network = keras_network("two layers")
    trained = train_network(network, MOONS.x_train, MOONS.y_train, epochs=3).model.arrays()
    for name, value in vars(network.arrays()).items():
        if name in ("kernel", "second_kernel", "readout"):
            assert (np.abs(getattr(trained, name) - value) > 1e-4).any(axis=0).all()
        else:
            np.testing.assert_array_equal(getattr(trained, name), value)


def test_the_first_step_of_training_goes_down_the_gradient_of_each_readout_weight() -> None:
    network = keras_network("neurons")
    trained = train_network(
        network, MOONS.x_train, MOONS.y_train, epochs=1, learning_rate=0.01
    ).model
    arrays = network.arrays()
    passes = TrainingPasses.of(arrays, MOONS.x_train, MOONS.y_train)
    _, by_mask_bit = passes.cost_and_gradient(np.ones(10, dtype=bool))
    by_readout = by_mask_bit / arrays.readout[:, 0]  # f depends on m_j a_j
    moved = (trained.arrays().readout - arrays.readout)[:, 0]
    np.testing.assert_allclose(moved, -0.01 * np.sign(by_readout), atol=1e-5)


def test_training_is_reproducible_and_takes_either_kind_of_label() -> None:
    histories = [
        train_network(keras_network("neurons"), MOONS.x_train, y, epochs=20).history
        for y in (MOONS.y_train, 2 * MOONS.y_train - 1)
    ]
    np.testing.assert_allclose(histories[0], histories[1], atol=1e-5)


def test_three_classes_are_trained() -> None:
    network = RandomNetwork(13, 8, 3, seed=0).adapt(WINE.x_train)
    trained = train_network(network, WINE.x_train, WINE.y_train, epochs=50)
    assert isinstance(trained, TrainedNetwork)
    assert accuracy(np.asarray(trained.model(WINE.x_test)), WINE.y_test) > 0.9


def test_networks_trained_side_by_side_count_their_passes() -> None:
    trained = train_networks(MOONS, 3, n_networks=4, epochs=20, seed=0)
    assert counted(trained.ledger) == {"forward_passes": 80, "backward_passes": 80}


# Bad input


CALLS: dict[str, Callable[..., object]] = {
    "edge_popup": edge_popup,
    "magnitude_pruning": magnitude_pruning,
    "train_network": train_network,
}
COMMON: list[tuple[str, Any]] = [
    ("network", MOONS.x_train),
    ("network", None),
    ("x", MOONS.x_train[:, :1]),
    ("x", "moons"),
    ("y", MOONS.y_train[1:]),
    ("y", MOONS.y_train + 5),
]
OWN: dict[str, list[tuple[str, Any]]] = {
    "edge_popup": [
        ("n_active", 0),
        ("n_active", 7),
        ("n_active", 2.5),
        ("epochs", 0),
        ("epochs", None),
        ("learning_rate", 0.0),
        ("learning_rate", "fast"),
        ("rng", 0),
    ],
    "magnitude_pruning": [("n_active", 0), ("n_active", 7), ("n_active", True), ("cost", "loss")],
    "train_network": [
        ("network", sample_network(2, 6, seed=0)),
        ("epochs", 0),
        ("epochs", 1.5),
        ("learning_rate", -1.0),
        ("learning_rate", np.inf),
    ],
}


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [(name, *bad) for name in CALLS for bad in COMMON + OWN[name]],
)
def test_bad_input_is_refused_in_one_line(name: str, argument: str, value: Any) -> None:
    network = RandomNetwork(2, 6, seed=0).adapt(MOONS.x_train)
    arguments: dict[str, Any] = {"network": network, "x": MOONS.x_train, "y": MOONS.y_train}
    if name == "edge_popup":
        arguments["rng"] = np.random.default_rng(0)
    with pytest.raises((TypeError, ValueError), match=rf"\b{argument}\b") as refusal:
        CALLS[name](**{**arguments, argument: value})
    assert "\n" not in str(refusal.value)
