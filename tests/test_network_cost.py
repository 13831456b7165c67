"""Costs by forward passes, against tables, and weight masks of too many inputs for a table."""

from __future__ import annotations

import pickle
import tracemalloc
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from cost_formulas import costs_in, mean_cost
from hypothesis import given
from hypothesis import strategies as st
from one_layer import sample_one_layer
from parts import needs_keras
from reference_cases import load_cases
from strategies import non_integers

from labkit.costs import Cost
from labkit.datasets import load_task
from labkit.limits import TooLargeError
from labkit.masks import all_masks, mask_from_index, masks_from_indices
from labkit.networks import (
    ManyInputsArrays,
    NetworkArrays,
    OneLayerArrays,
    fold_subnetwork,
    sample_network,
)
from labkit.scoring import (
    COSTS,
    NetworkCost,
    integer_weights,
    network_cost,
    quadratic_cost,
    score_all_masks,
    score_contributions,
)
from labkit.selectors import one_flip_search, run

Array = npt.NDArray[np.float64]
KINDS: dict[str, dict[str, Any]] = {
    "neuron": {},
    "weight": {"mask_kind": "weight"},
    "two layers": {"hidden_layers": 2},
}


def samples(n_features: int, *, n: int = 30, seed: int = 1) -> Array:
    return np.random.default_rng(seed).normal(size=(n, n_features))


def draw(n_inputs: int, n_hidden: int, n_outputs: int = 1, **options: Any) -> NetworkArrays:
    network = sample_network(n_inputs, n_hidden, n_outputs, **{"seed": 5, "scale": 2.0, **options})
    return network.adapted(samples(n_inputs, seed=2))


def without_table(network: NetworkArrays) -> ManyInputsArrays:
    """The same weight masks, standardised from the training samples of `draw`."""
    names = ("kernel", "readout", "scale", "mask_kind")
    kept: dict[str, Any] = {name: getattr(network, name) for name in names}
    return ManyInputsArrays(**kept).adapted(samples(network.n_inputs, seed=2))


# It is the cost of each mask


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("cost", COSTS)
def test_each_mask_costs_what_its_outputs_cost(kind: str, n_outputs: int, cost: str) -> None:
    network, x = draw(2, 3, n_outputs, **KINDS[kind]), samples(2)
    y = np.random.default_rng(0).integers(0, max(2, n_outputs), len(x))
    measured = network_cost(network, x, y, cost=cost)
    masks = np.random.default_rng(1).random((40, network.n_mask_bits)) < 0.6
    expected = [mean_cost(network.outputs(x, mask), y, cost) for mask in masks]
    np.testing.assert_allclose(measured.evaluate(masks), expected, atol=1e-12)


@given(
    st.sampled_from(list(KINDS)),
    st.integers(1, 2),
    st.integers(1, 3),
    st.sampled_from([1, 3]),
    st.sampled_from(["cross_entropy", "squared_error"]),
    st.integers(0, 2**16),
)
def test_it_agrees_with_the_table_on_every_mask(
    kind: str, n_inputs: int, n_hidden: int, n_outputs: int, cost: str, seed: int
) -> None:
    network, x = draw(n_inputs, n_hidden, n_outputs, seed=seed, **KINDS[kind]), samples(n_inputs)
    y = np.arange(len(x)) % max(2, n_outputs)
    measured = network_cost(network, x, y, cost=cost)
    masks = all_masks(network.n_mask_bits)
    table = score_all_masks(network, x, y, cost=cost)
    np.testing.assert_allclose(measured.to_table().costs, table.costs, atol=1e-12)
    np.testing.assert_allclose(measured.evaluate(masks), table.costs, atol=1e-12)


@pytest.mark.parametrize("case", load_cases("subnetwork_costs"))
@pytest.mark.parametrize("cost", costs_in(load_cases("subnetwork_costs")[0]))
def test_a_network_of_given_contributions_costs_the_reference_values(
    case: dict[str, Any], cost: str
) -> None:
    t, y = np.array(case["contributions"]), np.array(case["y"])
    # sample i is the unit vector e_i, on which hidden unit j is t_ij + shift, then less the shift
    shift = 1 - t.min()
    kernel = np.vstack([t + shift, np.zeros(t.shape[1])])
    mean, ones = np.full((t.shape[1], 1), shift), np.ones((t.shape[1], 1))
    network = OneLayerArrays(kernel, ones, 1.0, "neuron", mean, ones)  # type: ignore[arg-type]
    measured = network_cost(network, np.eye(len(t)), y, cost=cost)
    np.testing.assert_allclose(measured.evaluate(all_masks(t.shape[1])), case[cost], atol=1e-9)


@needs_keras
@pytest.mark.parametrize("kind", KINDS)
def test_a_keras_network_costs_what_its_arrays_cost(kind: str) -> None:
    from labkit.networks import RandomNetwork

    task = load_task("wine").principal_components(2)
    network = RandomNetwork(2, 3, 3, seed=2, **KINDS[kind]).adapt(task.x_train)
    measured = network_cost(network, task.x_train, task.y_train)
    mask = mask_from_index(5, network.n_mask_bits)
    loss, _ = network.subnetwork(mask).evaluate(task.x_train, task.y_train, verbose=0)
    assert float(measured.evaluate(mask)) == pytest.approx(loss, abs=1e-5)


def test_labels_may_be_minus_and_plus_one() -> None:
    network, x, y = draw(2, 3), samples(2), np.arange(30) % 2
    costs = [network_cost(network, x, labels).evaluate("101") for labels in (y, 2 * y - 1)]
    assert costs[0] == costs[1]


# It is a cost like any other


def test_it_speaks_the_protocol_of_costs() -> None:
    cost: Cost = network_cost(draw(2, 4), samples(2), np.arange(30) % 2)
    assert isinstance(cost, NetworkCost)
    assert (cost.n_neurons, cost.order) == (4, 4)
    masks = np.ones((2, 3, 4), dtype=bool)
    assert cost.evaluate(masks).shape == (2, 3)
    assert cost.evaluate(masks[0, 0]).shape == ()
    assert cost.evaluate(masks[:0]).shape == (0, 3)


def test_a_search_on_it_is_the_search_on_its_table() -> None:
    cost = network_cost(draw(2, 9), samples(2), np.arange(30) % 2)
    found = run(one_flip_search, cost, rng=np.random.default_rng(0))
    on_table = run(one_flip_search, cost.to_table(), rng=np.random.default_rng(0))
    assert found.mask_string == on_table.mask_string
    np.testing.assert_allclose(found.history, on_table.history, atol=1e-12)


def test_five_hundred_neurons_are_searched_without_a_table() -> None:
    task = load_task("moons")
    network = sample_one_layer(2, 500, scale=2.0, seed=0).adapted(task.x_train)
    cost = network_cost(network, task.x_train, task.y_train)
    found = run(one_flip_search, cost, rng=np.random.default_rng(0), max_cost_queries=2000)
    assert found.history[0] > 2 * found.cost
    f = network.contributions(task.x_train)[:, found.neuron_mask].sum(axis=1)
    assert found.cost == pytest.approx(mean_cost(f, task.y_train, "cross_entropy"))


@pytest.mark.parametrize("kind", KINDS)
def test_working_in_small_blocks_changes_nothing(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, x, y = draw(2, 3, 3, **KINDS[kind]), samples(2), np.arange(30) % 3
    masks = all_masks(network.n_mask_bits)[::3]
    whole = network_cost(network, x, y)
    # as an attribute of labkit.scoring, the function hides its module of the same name
    monkeypatch.setattr(import_module("labkit.scoring.network_cost"), "_BLOCK_BYTES", 1)
    one_by_one = network_cost(network, x, y)
    np.testing.assert_allclose(one_by_one.evaluate(masks), whole.evaluate(masks), atol=1e-12)
    np.testing.assert_allclose(one_by_one.to_table().costs, whole.to_table().costs, atol=1e-12)


@pytest.mark.parametrize(
    ("n_inputs", "n_hidden", "options"),
    [
        (2, 256, {}),
        (2, 5, {"mask_kind": "weight"}),
        (30, 4, {"mask_kind": "weight"}),
        (2, 16, {"hidden_layers": 2}),
    ],
)
def test_many_masks_are_run_in_little_memory(
    n_inputs: int, n_hidden: int, options: dict[str, Any]
) -> None:
    x = samples(n_inputs, n=300)
    network = sample_network(n_inputs, n_hidden, seed=0, **options).adapted(x)
    cost = network_cost(network, x, np.arange(300) % 2)
    masks = np.random.default_rng(0).random((12_000, cost.n_neurons)) < 0.5
    tracemalloc.start()
    try:
        cost.evaluate(masks)
        # all outputs at once would be 27 MiB, and several times that to score them
        assert tracemalloc.get_traced_memory()[1] < 24 * 2**20
    finally:
        tracemalloc.stop()


def test_many_classes_are_walked_in_the_memory_of_the_hidden_units() -> None:
    n, n_samples, n_outputs = 4096, 300, 10
    x, y = samples(2, n=n_samples), np.arange(n_samples) % n_outputs
    network = sample_network(2, n, n_outputs, readout="gaussian", seed=0).adapted(x)
    cost, mask = network_cost(network, x, y), np.arange(n) % 2 == 0
    tracemalloc.start()
    try:
        assert cost.walk(mask).cost == pytest.approx(float(cost.evaluate(mask)))
        # units of 9 MiB, made in three steps; what they add to all outputs would be 94 MiB
        assert tracemalloc.get_traced_memory()[1] < 48 * 2**20
    finally:
        tracemalloc.stop()


def test_many_classes_are_refused_where_the_hidden_units_do_not_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, mask = samples(2, n=3000), np.ones(4096)
    network = sample_network(2, 4096, 10, readout="gaussian", seed=0)
    cost = network_cost(network, x, np.arange(3000) % 10)
    limit = 8 * 3000 * 4096  # of the units; the contributions would take ten times as much
    monkeypatch.setattr("labkit.limits.ALWAYS_FITS", 0)
    monkeypatch.setattr("labkit.limits.memory_limit", lambda: limit - 1)
    with pytest.raises(TooLargeError, match=r"^n_samples=3000 needs .* for hidden units; "):
        cost.evaluate(mask)
    with pytest.raises(TooLargeError, match=r"^n_samples=3000 needs .* for contributions; "):
        network.contributions(x)  # type: ignore[attr-defined]
    monkeypatch.setattr("labkit.limits.memory_limit", lambda: 4 * limit)
    assert np.isfinite(cost.walk(mask).flip_costs([0])).all()


def test_changing_the_data_afterwards_changes_no_cost() -> None:
    x, y = samples(2), np.arange(30) % 2
    expected = network_cost(draw(2, 3), x.copy(), y.copy()).evaluate("110")
    cost = network_cost(draw(2, 3), x, y)
    x[:], y[:] = 0, 0
    assert cost.evaluate("110") == expected


@pytest.mark.parametrize("kind", KINDS)
def test_it_can_be_sent_to_another_process(kind: str) -> None:
    cost = network_cost(draw(2, 3, **KINDS[kind]), samples(2), np.arange(30) % 2)
    mask = mask_from_index(3, cost.n_neurons)
    expected = cost.evaluate(mask)
    assert pickle.loads(pickle.dumps(cost)).evaluate(mask) == expected


# Weight masks of many inputs


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_statistics_on_demand_are_the_tabulated_ones(n_outputs: int) -> None:
    network, x = draw(3, 2, n_outputs, mask_kind="weight"), samples(3, seed=8)
    on_demand = without_table(network)
    for mask in all_masks(8):
        expected = network.outputs(x, mask)
        np.testing.assert_allclose(on_demand.outputs(x, mask), expected, atol=1e-12)


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**16))
def test_a_table_by_forward_passes_is_the_table_of_contributions(
    n_inputs: int, n_hidden: int, n_outputs: int, seed: int
) -> None:
    x, y = samples(n_inputs, n=6), np.arange(6) % max(2, n_outputs)
    network = draw(n_inputs, n_hidden, n_outputs, mask_kind="weight", seed=seed)
    if network.n_mask_bits > 10:
        return
    assert isinstance(network, OneLayerArrays)
    expected = score_contributions(network.contributions(x), y)
    found = score_all_masks(without_table(network), x, y)
    np.testing.assert_allclose(found.costs, expected.costs, atol=1e-9)


def test_before_adapting_units_of_many_inputs_are_plain_relu() -> None:
    network, x = sample_network(20, 3, mask_kind="weight", seed=0), samples(20)
    mask = np.random.default_rng(0).random(63) < 0.5
    kept = mask.reshape(3, 21).T * network.kernel
    h = np.maximum(x @ kept[:-1] + kept[-1], 0)
    np.testing.assert_allclose(network.outputs(x, mask), h @ network.readout, atol=1e-12)


def test_breast_cancer_has_a_mask_of_124_weights() -> None:
    task = load_task("breast_cancer")
    network = sample_network(30, 4, mask_kind="weight", scale=2.0, seed=1).adapted(task.x_train)
    assert network.n_mask_bits == 124
    mask = np.random.default_rng(3).random(124) < 0.5
    mask[31:62] = False  # the second unit keeps nothing
    total = np.zeros(len(task.x_test))
    for j in (0, 2, 3):
        w = np.where(mask[31 * j : 31 * j + 31], network.kernel[:, j], 0)
        h_train = np.maximum(task.x_train.astype(float) @ w[:30] + w[30], 0)
        h = np.maximum(task.x_test.astype(float) @ w[:30] + w[30], 0)
        total += 2 * network.readout[j, 0] * (h - h_train.mean()) / h_train.std()
    np.testing.assert_allclose(network.outputs(task.x_test, mask)[:, 0], total, atol=1e-6)
    measured = network_cost(network, task.x_train, task.y_train)
    found = run(one_flip_search, measured, rng=np.random.default_rng(0), max_cost_queries=600)
    assert found.cost < 0.5 * found.history[0]


@pytest.mark.parametrize("is_adapted", [True, False])
def test_a_subnetwork_of_many_inputs_is_folded_into_plain_relu_layers(is_adapted: bool) -> None:
    network, x = sample_network(20, 3, 2, mask_kind="weight", seed=0), samples(20)
    network = network.adapted(samples(20, seed=6)) if is_adapted else network
    mask = np.random.default_rng(0).random(63) < 0.5
    mask[:21] = False
    kernel, bias, readout, constant = fold_subnetwork(network, mask)
    assert kernel.shape == (20, 2)  # the first unit, which keeps nothing, is gone
    f = np.maximum(x @ kernel + bias, 0) @ readout + constant
    np.testing.assert_allclose(f, network.outputs(x, mask), atol=1e-6)


def test_sixteen_inputs_and_one_unit_have_a_table_of_seventeen_bits() -> None:
    x, y = samples(16, n=4), np.array([0, 1, 1, 0])
    network = sample_network(16, 1, mask_kind="weight", seed=0).adapted(x)
    table = score_all_masks(network, x, y)
    assert table.n_neurons == 17
    indices = np.array([0, 1, 77, 65_536, 131_071])
    expected = network_cost(network, x, y).evaluate(masks_from_indices(indices, 17))
    np.testing.assert_allclose(table.costs[indices], expected, atol=1e-12)


def test_many_inputs_are_drawn_and_run_without_tabulating_their_masks() -> None:
    tracemalloc.start()
    try:
        network = sample_network(300, 8, mask_kind="weight", seed=0).adapted(samples(300))
        network.outputs(samples(300), np.ones(network.n_mask_bits))
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_the_first_units_of_many_inputs_do_not_depend_on_the_mask_kind() -> None:
    neuron, weight = (
        sample_network(20, 5, mask_kind=kind, seed=3) for kind in ("neuron", "weight")
    )
    np.testing.assert_array_equal(neuron.kernel, weight.kernel)
    np.testing.assert_array_equal(neuron.readout, weight.readout)


def test_the_training_samples_may_change_after_adapting() -> None:
    x = samples(20)
    network = sample_network(20, 2, mask_kind="weight", seed=0).adapted(x)
    before = network.outputs(samples(20, seed=4), np.ones(42))
    x[:] = 0
    np.testing.assert_array_equal(network.outputs(samples(20, seed=4), np.ones(42)), before)


# What is refused


def test_weight_masks_of_thirty_inputs_are_not_tabulated() -> None:
    network = sample_network(30, 4, mask_kind="weight", seed=0).adapted(samples(30))
    assert not hasattr(network, "contributions")
    for tabulate in (quadratic_cost, partial(integer_weights, scale=1.0)):
        with pytest.raises(ValueError, match=r"^network.* \(limit: .*\)$"):
            tabulate(network, samples(30), np.arange(30) % 2)


@needs_keras
def test_keras_refuses_weight_masks_of_more_than_fifteen_inputs() -> None:
    from labkit.networks import RandomNetwork

    with pytest.raises(ValueError, match=r"^n_inputs=16 is too large \(limit: 15\)$"):
        RandomNetwork(16, 2, mask_kind="weight", seed=0)


@pytest.mark.parametrize(
    "network",
    [
        sample_network(2, 40, seed=0),
        sample_network(2, 20, hidden_layers=2, seed=0),
        sample_network(30, 4, mask_kind="weight", seed=0),
    ],
)
def test_a_table_that_does_not_fit_is_refused_before_it_is_made(network: NetworkArrays) -> None:
    x, y = samples(network.n_inputs), np.arange(30) % 2
    expected = rf"^n_neurons={network.n_mask_bits} needs .* for the cost table; "
    for make in (score_all_masks, lambda *data: network_cost(*data).to_table()):
        with pytest.raises(TooLargeError, match=expected):
            make(network, x, y)


@pytest.mark.parametrize(
    "options", [{"hidden_layers": 2}, {"mask_kind": "weight"}], ids=["two layers", "weight"]
)
def test_activations_that_do_not_fit_are_refused(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = sample_network(16, 1000, seed=0, **options)
    monkeypatch.setattr("labkit.limits.memory_limit", lambda: 2**24)
    mask = np.ones(network.n_mask_bits, dtype=bool)
    with pytest.raises(TooLargeError, match=r"^n_samples=2000 needs .* for hidden activations; "):
        network_cost(network, samples(16, n=2000), np.arange(2000) % 2).evaluate(mask)


@pytest.mark.parametrize("network", [None, 3, samples(2), "network"])
def test_what_is_no_network_is_refused(network: Any) -> None:
    for make in (network_cost, score_all_masks):
        with pytest.raises(TypeError, match=r"^network="):
            make(network, samples(2), np.arange(30) % 2)


@given(st.text(max_size=5) | non_integers)
def test_an_unknown_cost_is_refused(cost: Any) -> None:
    with pytest.raises(ValueError, match=r"^cost=.* is unknown \(known: cross_entropy, "):
        network_cost(draw(2, 3), samples(2), np.arange(30) % 2, cost=cost)


@given(st.integers(0, 9), st.sampled_from(list(KINDS)))
def test_masks_of_the_wrong_length_are_refused(n_bits: int, kind: str) -> None:
    cost = network_cost(draw(2, 4, **KINDS[kind]), samples(2), np.arange(30) % 2)
    n = cost.n_neurons
    if n_bits == n:
        return
    with pytest.raises(ValueError, match=f"^neuron_masks has {n_bits} entries; .* {n} "):
        cost.evaluate(np.ones((2, n_bits)))


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (samples(3), np.arange(30) % 2, r"x has shape \(30, 3\); it must be \(samples, 2\)"),
        (samples(2), np.arange(29) % 2, r"y has shape \(29,\); there are 30 samples"),
        (samples(2), np.arange(30) % 3, r"y holds the labels .* \(limit: 0 and 1, or -1 and 1\)"),
        (
            samples(2) * np.inf,
            np.arange(30) % 2,
            "x holds a value that is not finite: .* at row 0, .*",
        ),
    ],
)
def test_data_that_do_not_fit_are_refused_at_once(x: Array, y: Any, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}$"):
        network_cost(draw(2, 3), x, y)


@pytest.mark.parametrize("entry", [2, -1, 0.5])
def test_masks_with_other_entries_are_refused(entry: float) -> None:
    with pytest.raises(ValueError, match=r"^neuron_masks=.* has entries other than 0 and 1"):
        network_cost(draw(2, 3), samples(2), np.arange(30) % 2).evaluate([[0, 1, entry]])
