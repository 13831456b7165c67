"""RandomNetwork as a Keras model, against its twin in arrays and against the table of all masks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from cost_formulas import keras_costs
from one_layer import sample_one_layer
from parts import module_needs

from labkit.platforms import KERAS

module_needs(KERAS)

import keras

from labkit.datasets import TASK_NAMES, Task, load_task
from labkit.masks import all_masks, mask_from_index, mask_to_string
from labkit.networks import NKNetwork, RandomNetwork
from labkit.scoring import COSTS, accuracy, score_all_masks

Array = npt.NDArray[np.float32]
KINDS = ("neuron", "weight")
READ_IN_A_FRESH_PROCESS = """
import sys, numpy, labkit.networks.keras, keras
for path in sys.argv[1:]:
    model = keras.saving.load_model(path)
    numpy.save(path + ".npy", model(numpy.linspace(-2, 2, 20).reshape(10, 2)))
"""


@pytest.fixture(scope="module")
def moons() -> Task:
    return load_task("moons")


@pytest.fixture(params=KINDS)
def network(request: pytest.FixtureRequest, moons: Task) -> RandomNetwork:
    """Three hidden units adapted to moons; masks of 3 bits, or of 9."""
    return build_network(moons, 3, request.param)


def build_network(task: Task, n_hidden: int, mask_kind: str, *, seed: int = 3) -> RandomNetwork:
    n_outputs = 1 if task.n_classes == 2 else task.n_classes
    options: dict[str, Any] = {"mask_kind": mask_kind, "scale": 1.5, "seed": seed}
    return RandomNetwork(task.n_features, n_hidden, n_outputs, **options).adapt(task.x_train)


def run_model(model: keras.Model, x: npt.ArrayLike, mask: object = None) -> Array:
    outputs = model(np.asarray(x)) if mask is None else model(np.asarray(x), neuron_mask=mask)
    return keras.ops.convert_to_numpy(outputs)


def some_masks(n: int, count: int) -> Iterator[npt.NDArray[np.bool_]]:
    """The empty mask, the full one, and `count` others; all masks where they are few."""
    if 2**n <= count:
        yield from all_masks(n)
        return
    drawn = np.random.default_rng(0).integers(0, 2**n, count)
    for index in (0, 2**n - 1, *drawn.tolist()):
        yield mask_from_index(index, n)


# The table of all masks is what Keras computes mask by mask


@pytest.mark.parametrize("task_name", TASK_NAMES)
@pytest.mark.parametrize("mask_kind", KINDS)
def test_score_all_masks_agrees_with_keras_mask_by_mask(task_name: str, mask_kind: str) -> None:
    task, n_hidden = load_task(task_name), 5
    if mask_kind == "weight":
        task = task if task.n_features == 2 else task.principal_components(2)
        n_hidden = 3
    network = build_network(task, n_hidden, mask_kind)
    x, y = task.x_train, task.y_train
    tables = {cost: score_all_masks(network, x, y, cost=cost) for cost in COSTS}
    for mask in some_masks(network.n_mask_bits, 32):
        for cost, expected in keras_costs(run_model(network, x, mask), y).items():
            found = float(tables[cost].evaluate(mask))
            assert found == pytest.approx(expected, abs=1e-5), (cost, mask_to_string(mask))


@pytest.mark.parametrize("task_name", ["moons", "wine"])
def test_evaluate_gives_cross_entropy_and_accuracy_of_the_whole_network(task_name: str) -> None:
    task = load_task(task_name)
    network = build_network(task, 4, "neuron")
    loss, share_right = network.evaluate(task.x_train, task.y_train, verbose=0)
    table = score_all_masks(network, task.x_train, task.y_train)
    assert loss == pytest.approx(table.costs[-1], abs=1e-5)
    outputs = run_model(network, task.x_train)
    assert share_right == pytest.approx(accuracy(outputs, task.y_train), abs=1e-6)


def test_a_subnetwork_evaluates_to_the_cost_of_its_mask(
    network: RandomNetwork, moons: Task
) -> None:
    mask = mask_from_index(5, network.n_mask_bits)
    loss, _ = network.subnetwork(mask).evaluate(moons.x_train, moons.y_train, verbose=0)
    table = score_all_masks(network, moons.x_train, moons.y_train)
    assert loss == pytest.approx(float(table.evaluate(mask)), abs=1e-5)


# The network, its twin in arrays, and its subnetworks compute the same


@pytest.mark.parametrize("mask_kind", KINDS)
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_the_twin_in_arrays_computes_the_same(mask_kind: str, n_outputs: int, moons: Task) -> None:
    options: dict[str, Any] = {"mask_kind": mask_kind, "readout": "gaussian", "seed": 8}
    options["scale"] = 2.0
    network = RandomNetwork(2, 3, n_outputs, **options).adapt(moons.x_train)
    twin = sample_one_layer(2, 3, n_outputs, **options).adapted(moons.x_train)
    np.testing.assert_allclose(
        network.contributions(moons.x_test), twin.contributions(moons.x_test), atol=1e-5
    )
    for mask in some_masks(network.n_mask_bits, 10):
        np.testing.assert_allclose(
            run_model(network, moons.x_test, mask), twin.outputs(moons.x_test, mask), atol=1e-5
        )


def test_no_mask_means_every_neuron_stays(network: RandomNetwork, moons: Task) -> None:
    full = np.ones(network.n_mask_bits, dtype=bool)
    np.testing.assert_array_equal(
        run_model(network, moons.x_test), run_model(network, moons.x_test, full)
    )


def test_a_mask_may_be_given_as_string_numbers_or_tensor(
    network: RandomNetwork, moons: Task
) -> None:
    mask = mask_from_index(3, network.n_mask_bits)
    expected = run_model(network, moons.x_test, mask)
    for same in (
        mask_to_string(mask),
        mask.astype(int).tolist(),
        keras.ops.convert_to_tensor(mask),
    ):
        np.testing.assert_array_equal(run_model(network, moons.x_test, same), expected)


def test_every_subnetwork_computes_what_its_mask_computes(
    network: RandomNetwork, moons: Task
) -> None:
    for mask in some_masks(network.n_mask_bits, 10):
        np.testing.assert_allclose(
            run_model(network.subnetwork(mask), moons.x_test),
            run_model(network, moons.x_test, mask),
            atol=1e-5,
        )


def test_the_empty_subnetwork_gives_zero(network: RandomNetwork, moons: Task) -> None:
    empty = np.zeros(network.n_mask_bits, dtype=bool)
    np.testing.assert_array_equal(run_model(network, moons.x_test, empty), 0)
    np.testing.assert_array_equal(run_model(network.subnetwork(empty), moons.x_test), 0)


def test_a_subnetwork_has_only_the_neurons_that_stay(moons: Task) -> None:
    network = build_network(moons, 5, "neuron")
    assert network.subnetwork("10110").get_layer("hidden").units == 3
    assert network.subnetwork("00000").get_layer("hidden").units == 1


def test_a_subnetwork_with_three_outputs_computes_what_its_mask_computes() -> None:
    wine = load_task("wine")
    network = build_network(wine, 4, "neuron")
    assert run_model(network.subnetwork("0110"), wine.x_test).shape == (len(wine.x_test), 3)
    np.testing.assert_allclose(
        run_model(network.subnetwork("0110"), wine.x_test),
        run_model(network, wine.x_test, "0110"),
        atol=1e-5,
    )


# adapt


def test_adapt_standardises_the_hidden_units_and_returns_the_network(moons: Task) -> None:
    network = RandomNetwork(2, 4, seed=3)
    assert network.adapt(moons.x_train) is network
    h = keras.ops.convert_to_numpy(network.hidden(moons.x_train))
    np.testing.assert_allclose(h.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(h.std(axis=0), 1, atol=1e-5)


def test_adapt_again_forgets_the_statistics_before(moons: Task) -> None:
    network, other = (build_network(moons, 4, "neuron") for _ in range(2))
    network.adapt(moons.x_train * 3 + 1)
    network.adapt(moons.x_train)
    np.testing.assert_array_equal(run_model(network, moons.x_test), run_model(other, moons.x_test))


# A real Keras model


def test_summary_lists_hidden_units_and_readout(network: RandomNetwork) -> None:
    lines: list[str] = []
    network.summary(print_fn=lambda line, **_: lines.append(line))
    summary = "\n".join(lines)
    assert "hidden" in summary
    assert "readout" in summary
    assert "unbuilt" not in summary
    assert network.count_params() == sum(int(np.prod(w.shape)) for w in network.weights)


def test_predict_gives_the_outputs_of_a_call(network: RandomNetwork, moons: Task) -> None:
    outputs = network.predict(moons.x_test, verbose=0)
    assert outputs.shape == (len(moons.x_test), 1)
    np.testing.assert_allclose(outputs, run_model(network, moons.x_test), atol=1e-6)


def test_fit_lowers_the_loss_and_subnetworks_follow(network: RandomNetwork, moons: Task) -> None:
    before = run_model(network, moons.x_test)
    history = network.fit(moons.x_train, moons.y_train, epochs=4, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert not np.allclose(run_model(network, moons.x_test), before)
    mask = mask_from_index(6, network.n_mask_bits)
    np.testing.assert_allclose(
        run_model(network.subnetwork(mask), moons.x_test),
        run_model(network, moons.x_test, mask),
        atol=1e-5,
    )


def test_fit_leaves_the_statistics_frozen(moons: Task) -> None:
    network = build_network(moons, 3, "neuron")
    before = network.arrays()
    network.fit(moons.x_train, moons.y_train, epochs=1, verbose=0)
    np.testing.assert_array_equal(network.arrays().mean, before.mean)
    np.testing.assert_array_equal(network.arrays().inverse_std, before.inverse_std)


def test_a_saved_network_is_loaded_whole(
    network: RandomNetwork, moons: Task, tmp_path: Path
) -> None:
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert isinstance(loaded, RandomNetwork)
    assert loaded.get_config() == network.get_config()
    for mask in some_masks(network.n_mask_bits, 8):
        np.testing.assert_array_equal(
            run_model(loaded, moons.x_test, mask), run_model(network, moons.x_test, mask)
        )
    assert loaded.evaluate(moons.x_test, moons.y_test, verbose=0) == pytest.approx(
        network.evaluate(moons.x_test, moons.y_test, verbose=0)
    )


def test_a_network_drawn_in_every_other_way_is_loaded_whole(tmp_path: Path) -> None:
    options = {"init": "signed_constant", "readout": "gaussian", "scale": 3.0}
    network = RandomNetwork(2, 4, 3, **options, seed=5, name="other")  # type: ignore[arg-type]
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert loaded.get_config() == network.get_config()
    assert loaded.name == "other"
    x = np.linspace(-2, 2, 20).reshape(10, 2)
    np.testing.assert_array_equal(run_model(loaded, x), run_model(network, x))


@pytest.fixture(scope="module")
def fresh_process(
    moons: Task, tmp_path_factory: pytest.TempPathFactory
) -> tuple[subprocess.CompletedProcess[str], dict[str, keras.Model]]:
    """What a new process said that loaded these models, by path, and ran each of them."""
    neuron, weight = (build_network(moons, 3, kind) for kind in KINDS)
    folder = tmp_path_factory.mktemp("saved")
    models = {"neuron": neuron, "weight": weight, "subnetwork": neuron.subnetwork("101")}
    saved = {str(folder / f"{name}.keras"): model for name, model in models.items()}
    for path, model in saved.items():
        model.save(path)
    ran = subprocess.run(
        [sys.executable, "-c", READ_IN_A_FRESH_PROCESS, *saved],
        # what TensorFlow and labkit have set in this process is not the reader's
        env={k: v for k, v in os.environ.items() if not k.startswith(("TF", "KERAS", "KMP"))},
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    return ran, saved


def test_saved_networks_compute_the_same_in_a_fresh_process(
    fresh_process: tuple[subprocess.CompletedProcess[str], dict[str, keras.Model]],
) -> None:
    ran, saved = fresh_process
    assert ran.returncode == 0, ran.stderr
    x = np.linspace(-2, 2, 20).reshape(10, 2)
    for path, model in saved.items():
        np.testing.assert_allclose(np.load(f"{path}.npy"), run_model(model, x), atol=1e-6)


def test_a_reader_sees_no_remark_of_tensorflow_on_importing_and_running_a_network(
    fresh_process: tuple[subprocess.CompletedProcess[str], dict[str, keras.Model]],
) -> None:
    ran, _ = fresh_process
    assert (ran.stdout, ran.stderr) == ("", "")


def test_the_same_seed_builds_the_same_network_and_another_seed_another() -> None:
    one, same, other = (RandomNetwork(2, 4, seed=seed).arrays().kernel for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.isclose(one, other).any()


# What it refuses


@pytest.mark.parametrize("n_bits", [1, 8, 10])
def test_a_mask_of_the_wrong_length_is_refused(network: RandomNetwork, n_bits: int) -> None:
    x, mask = np.zeros((2, 2)), np.ones(n_bits)
    expected = rf"^neuron_mask has {n_bits} entries; this network has {network.n_mask_bits} "
    with pytest.raises(ValueError, match=expected):
        network(x, neuron_mask=mask)
    with pytest.raises(ValueError, match=expected):
        network.subnetwork(mask)


def test_samples_with_the_wrong_features_are_refused(network: RandomNetwork) -> None:
    for refuse in (network, network.adapt, network.contributions):
        with pytest.raises(ValueError, match=r"^x has shape \(4, 3\); it must be \(samples, 2\)$"):
            refuse(np.zeros((4, 3)))


def test_deeper_networks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^hidden_layers=3 is too large \(limit: 2\)$"):
        RandomNetwork(2, 4, hidden_layers=3, seed=0)


def test_forty_neurons_are_refused_a_table_with_the_memory_it_would_take() -> None:
    network = RandomNetwork(2, 40, seed=0)
    with pytest.raises(MemoryError, match=r"^n_neurons=40 needs 8\.0 TiB for the cost table; "):
        score_all_masks(network, np.zeros((3, 2)), [0, 1, 1])


# Labels


def label_forms(classes: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Labels of two classes in each form that is taken."""
    import pandas as pd

    forms: dict[str, Any] = {
        "0 and 1": classes,
        "-1 and +1": 2 * classes - 1,
        "booleans": classes > 0,
        "floats": classes.astype(float),
        "bytes": classes.astype(np.uint8),
        "signs as floats": 2.0 * classes - 1,
    }
    forms |= {f"{name}, a column": form[:, np.newaxis] for name, form in forms.items()}
    forms |= {f"{name}, pandas": pd.Series(form) for name, form in forms.items() if form.ndim == 1}
    forms["pandas, nullable"] = pd.Series(classes, dtype="Int64")
    forms["pandas, nullable booleans"] = pd.Series(classes > 0, dtype="boolean")
    forms["pandas, objects"] = pd.Series(list(classes > 0), dtype=object)
    forms["a list"] = classes.tolist()
    return forms


def labelled() -> tuple[Array, npt.NDArray[np.int64]]:
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    return x, (x[:, 0] + x[:, 1] ** 2 > 0.5).astype(np.int64)


@pytest.mark.parametrize("make", [RandomNetwork, NKNetwork])
def test_every_form_of_labels_gives_the_loss_of_the_cost(make: Any) -> None:
    x, classes = labelled()
    model = make(3, 6, *([2] if make is NKNetwork else []), seed=0).adapt(x)
    right = model.evaluate(x, classes, verbose=0)
    for form, y in label_forms(classes).items():
        if make is RandomNetwork:
            assert score_all_masks(model, x, y).costs[-1] == pytest.approx(1.01775, rel=1e-5), form
            assert right == pytest.approx([1.01775, 0.36666667], rel=1e-5)
        assert model.evaluate(x, y, verbose=0) == pytest.approx(right, rel=1e-5), form
        assert [*model.test_on_batch(x, y)] == pytest.approx(right, rel=1e-5), form
        model.reset_metrics()


@pytest.mark.parametrize(
    "form", ["0 and 1", "-1 and +1", "booleans", "signs as floats", "-1 and +1, a column"]
)
def test_a_subnetwork_takes_signs_and_booleans_as_the_network_does(form: str) -> None:
    x, classes = labelled()
    model = RandomNetwork(3, 6, seed=0).adapt(x).subnetwork("1" * 6)
    came = model.evaluate(x, label_forms(classes)[form], verbose=0)
    assert came == pytest.approx([1.01775, 0.36666667], rel=1e-5)


@pytest.mark.parametrize("form", ["-1 and +1", "booleans", "floats, a column", "0 and 1, pandas"])
def test_every_form_of_labels_trains_to_the_same_weights(form: str) -> None:
    x, classes = labelled()
    trained = []
    for y in (classes, label_forms(classes)[form]):
        network = RandomNetwork(3, 6, seed=0).adapt(x)
        fit = network.fit(x, y, validation_data=(x, y), shuffle=False, verbose=0).history
        batch = network.train_on_batch(x, y)
        trained.append([fit["loss"], fit["val_loss"], batch, *network.get_weights()])
    for one, other in zip(*trained, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5)


def test_labels_in_a_data_set_are_taken_too() -> None:
    import tensorflow as tf

    x, classes = labelled()
    network = RandomNetwork(3, 6, seed=0).adapt(x)
    for y in (classes, 2 * classes - 1, classes > 0):
        batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(60)
        assert network.evaluate(batches, verbose=0)[0] == pytest.approx(1.01775, rel=1e-5)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array(["no", "yes"] * 30), r"^y holds the label 'no', which is no number$"),
        (["0", "1"] * 30, r"^y holds the label '0', which is no number$"),
        ([True, None] * 30, r"^y holds the label None, which is no number$"),
        (
            np.arange(60) % 2 + 1,
            r"^y holds the labels \[1\.0, 2\.0\] \(limit: 0 and 1, or -1 and 1\)",
        ),
        (np.arange(60) % 3 - 1, r"^y holds the labels \[-1\.0, 0\.0, 1\.0\] \(limit: "),
        (np.zeros((60, 2)), r"^y has shape \(60, 2\); there are 60 samples$"),
        (np.full(60, np.nan), r"^y holds a value that is not finite: nan at 0$"),
    ],
)
def test_labels_that_are_none_are_refused_alike_everywhere(y: Any, message: str) -> None:
    x, _ = labelled()
    network = RandomNetwork(3, 6, seed=0).adapt(x)
    ways: list[Any] = [network.fit, network.evaluate, network.train_on_batch, network.test_on_batch]
    for way in (*ways, lambda x, y: score_all_masks(network, x, y)):
        with pytest.raises((TypeError, ValueError), match=message):
            way(x, y)


def test_more_than_two_classes_take_columns_and_pandas() -> None:
    import pandas as pd

    x, _ = labelled()
    network, classes = RandomNetwork(3, 6, 3, seed=0).adapt(x), np.arange(60) % 3
    right = float(score_all_masks(network, x, classes).costs[-1])
    for y in (classes, classes[:, np.newaxis], classes.astype(float), pd.Series(classes)):
        assert network.evaluate(x, y, verbose=0)[0] == pytest.approx(right, rel=1e-5)
        assert score_all_masks(network, x, y).costs[-1] == right


def test_a_model_says_how_many_of_its_units_are_constant() -> None:
    network = RandomNetwork(2, 4, seed=0).adapt(np.full((30, 2), 1.7e9))
    assert network.constant_units.tolist() == [0, 1, 2, 3]
    assert "n_constant=4" in repr(network)
