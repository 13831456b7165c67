"""Classification tasks: the course's, stored beside the code, and those made of a table.

`data/README.md` says where each stored one comes from; `data/make_data.py` makes them again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from labkit.arrays import Float32Array, FloatArray, IntArray
from labkit.browser import at_hand
from labkit.datasets.arrays import check_features, check_labels, freeze
from labkit.datasets.splits import standardise
from labkit.datasets.tables import describe_table
from labkit.limits import check_choice, check_integer, repr_line, show_value

TASK_NAMES = (
    "moons",
    "circles",
    "iris",
    "breast_cancer",
    "digits_3v6",
    "digits_3v8",
    "wine",
    "digits",
    "mnist5k",
)
_DIGITS = 12
_FILES = (".csv", ".tsv", ".txt", ".data")
_ARRAYS = ("x_train", "y_train", "x_validation", "y_validation", "x_test", "y_test")


@dataclass(frozen=True, eq=False, repr=False)
class Task:
    """A classification task with its fixed training, validation and test splits.

    Features are standardised with the training split's mean and standard deviation; a feature
    that never varies in the training split is 0 everywhere. The arrays of a task are read-only:
    copy one to change it. Two tasks of one name and the same arrays are equal.

    Attributes:
        name: One of `TASK_NAMES`, or of your own.
        x_train: Training features, float32 (samples, features), C-contiguous.
        y_train: Training labels, intp (samples,), 0..n_classes-1.
        x_validation, y_validation, x_test, y_test: Those of the other splits, alike.
        n_classes: Number of classes.
        source: Citation of the data, with its address.
        licence: Terms under which the data may be passed on.
        feature_names: One name per feature; empty where they have none.
        class_names: One name per label; empty where they have none.
        notes: What was dropped, filled or encoded when the task was made of a table.

    Raises:
        TypeError: Features are no numbers, or labels no integers.
        ValueError: A feature is missing or not finite, a label is out of range, or sizes differ.
    """

    name: str
    x_train: Float32Array
    y_train: IntArray
    x_validation: Float32Array
    y_validation: IntArray
    x_test: Float32Array
    y_test: IntArray
    n_classes: int
    source: str
    licence: str
    feature_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for split in ("train", "validation", "test"):
            x = check_features(f"x_{split}", getattr(self, f"x_{split}"))
            y = check_labels(f"y_{split}", getattr(self, f"y_{split}"), len(x), self.n_classes)
            if split != "train" and x.shape[1] != self.n_features:
                given = f"x_{split} has {x.shape[1]} features, x_train has {self.n_features}"
                raise ValueError(f"{given} (limit: the same)")
            object.__setattr__(self, f"x_{split}", x)
            object.__setattr__(self, f"y_{split}", y)

    @classmethod
    def from_table(
        cls,
        data: Any,
        *,
        target: Hashable | None = None,
        name: str | None = None,
        seed: int = 0,
        missing: str = "fill",
        drop: Hashable | Sequence[Hashable] = (),
    ) -> Task:
        """Makes a task of a table: text and dates become numbers, gaps are filled, rows are split.

        Half of the rows of each class become the training split, a fifth the validation split, the
        rest the test split. Numbers and booleans stay; of text or categories each value becomes a
        column of 0 and 1 (one column where there are two, the places of ordered ones); dates
        become days. Text with as many values as rows, or more than 100, is dropped. All is then
        standardised on the training split. `notes` says what was done.

        A task goes wherever a task's name does: `build_problem(task, 8, seed=0)`, `task=` of an
        explorer, `task_name` of a sweep.

        Args:
            data: A pandas DataFrame, a NumPy array (rows, columns), a tuple (x, y), or the path of
                a CSV file in UTF-8 (separated by commas, semicolons, tabs or bars).
            target: The column of the labels: its name, or in an array its number. Labels are text,
                booleans or whole numbers of two classes or more, and are put into sorted order.
            name: Of the task; by default the file's without its ending, or else 'own'.
            seed: Of the split, 0 or more.
            missing: What becomes of a missing feature: 'fill' (the training split's median; of
                text and categories a value of its own), 'refuse', or 'drop', which leaves out the
                rows where a feature or the label is missing. A missing label is an error otherwise.
            drop: Columns that are left out.

        Raises:
            OSError: The file cannot be read.
            TypeError: `data` or a column is of no such kind.
            ValueError: There is no such column, or it stands twice; no rows; a value that is
                missing or not finite, named with its row and column; one class, or fewer than
                three rows of a class; or a target that looks like a quantity.
        """
        made = describe_table(data, target=target, seed=seed, missing=missing, drop=drop)
        if name is not None:
            made["name"] = _check_name(name)
        _check_not_stored(made["name"])
        return cls(**made)

    def __repr__(self) -> str:
        rows = "/".join(str(len(y)) for y in (self.y_train, self.y_validation, self.y_test))
        said = repr_line(self, name=self.name, features=self.n_features, classes=self.n_classes)
        notes = f": {'; '.join(self.notes)}" if self.notes else ""
        return f"{said[:-1]}, rows={rows}){notes}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Task):
            return NotImplemented
        return self is other or (self.name, self.digest) == (other.name, other.digest)

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    @cached_property
    def digest(self) -> str:
        """12 hexadecimal digits that tell these arrays from others."""
        found = hashlib.sha256(str(self.n_classes).encode())
        for key in _ARRAYS:
            array = getattr(self, key)
            if array.dtype == np.intp:  # labels: the same digits where these have 32 bits
                array = array.astype(np.int64)
            found.update(str(array.shape).encode() + array.tobytes())
        return found.hexdigest()[:_DIGITS]

    @cached_property
    def label(self) -> str:
        """What records call it: its name, and '@' with its digest unless it is a stored task."""
        is_stored = self.name in TASK_NAMES and self == load_task(self.name)
        return self.name if is_stored else f"{self.name}@{self.digest}"

    @property
    def n_features(self) -> int:
        """Number of features of a sample."""
        return int(self.x_train.shape[1])

    def principal_components(self, n_components: int = 2) -> Task:
        """This task in the coordinates of the training split's leading principal components.

        With X the training features less their mean mu, and X = U S V^T, component c of a sample
        x is z_c = (x - mu) . V_c / std_c, where std_c = S_c / sqrt(samples) is its standard
        deviation over the training split. The sign of V_c makes its largest-magnitude loading
        positive. A component without training variance is 0 everywhere.

        Args:
            n_components: How many components to keep, 1..n_features.

        Returns:
            A task of the same name and labels, whose features are the components,
            float32 (samples, n_components), leading component first.
        """
        limit = min(self.x_train.shape)
        count = check_integer("n_components", n_components, minimum=1, maximum=limit)
        mean, directions = _fit_components(self.x_train, count)

        def project(x: Float32Array) -> Float32Array:
            return freeze(((x - mean) @ directions).astype(np.float32))

        train, validation, test = map(project, (self.x_train, self.x_validation, self.x_test))
        names = tuple(f"component {number}" for number in range(1, count + 1))
        return replace(
            self, x_train=train, x_validation=validation, x_test=test, feature_names=names
        )


def load_task(name: str | Task) -> Task:
    """Load one of the stored tasks; works without a network.

    Args:
        name: One of `TASK_NAMES`; a task is handed back as it is.

    Returns:
        The task, its arrays read-only. Loading it again returns the same object.

    Raises:
        ValueError: `name` is not a known task, or its file does not have the recorded SHA-256.
        FileNotFoundError: The stored tasks are missing.
    """
    known = check_task("name", name)
    return known if isinstance(known, Task) else _read_task(known, find_tasks_folder())


def check_task(argument: str, task: Any, names: Sequence[str] = TASK_NAMES) -> str | Task:
    """Returns a task, or the name of one among `names`; the ValueError says how to make one."""
    if isinstance(task, Task):
        return task
    try:
        return check_choice(argument, task, names)
    except ValueError as error:
        raise ValueError(f"{error}{_how_to_make(task)}") from None


def check_two_classes(argument: str, task: str | Task) -> Task:
    """Returns a task, loaded if it is named; one of more than two classes is a ValueError."""
    known = load_task(task)
    if known.n_classes != 2:
        given = f"{argument}={known.name!r} has {known.n_classes} classes"
        raise ValueError(f"{given} (limit: 2; one class against the rest makes two)")
    return known


def _how_to_make(task: Any) -> str:
    """What to do with a table that was given as a task; nothing for what is none."""
    is_path = isinstance(task, str | Path) and Path(task).suffix.lower() in _FILES
    if is_path:
        how = f"Task.from_table({str(task)!r}, target=...)"
        return f"; a file becomes a task by {how}, in the TOML of a sweep by [tasks.NAME]"
    is_table = hasattr(task, "shape") or isinstance(task, tuple)
    return "; a table becomes a task by Task.from_table(table, target=...)" if is_table else ""


def _check_name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"name={show_value(name)} is not text")
    if not name.strip() or not name.isprintable():
        raise ValueError(f"name={show_value(name)} is no name (limit: printable characters)")
    return name


def _check_not_stored(name: str) -> None:
    if name in TASK_NAMES:
        raise ValueError(f"name={name!r} is that of a stored task (limit: another, with name=...)")


def find_tasks_folder() -> Path:
    """`tasks/` in an installed package, `data/tasks/` in a checkout."""
    package = Path(__file__).parent.parent
    folders = (package / "tasks", package.parent / "data" / "tasks")
    for folder in folders:
        if (folder / "tasks.json").is_file():
            return folder
    looked = " nor ".join(str(folder / "tasks.json") for folder in folders)
    raise FileNotFoundError(f"the stored tasks are missing: found neither {looked}")


@cache
def _read_task(name: str, folder: Path) -> Task:
    """Read a task's arrays and description from `folder`, once."""
    arrays, entry = read_arrays(name, folder)
    if (x_train := arrays["x_train"]).dtype == np.uint8:  # what was measured, not yet scaled
        x_train = x_train.astype(np.float64)
        arrays |= {k: standardise(arrays[k], x_train) for k in _ARRAYS if k.startswith("x")}
    about = {key: entry[key] for key in ("n_classes", "source", "licence")}
    names: dict[str, Any] = {key: tuple(entry[key]) for key in ("feature_names", "class_names")}
    return Task(name=name, **about, **names, **arrays)


def read_arrays(name: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A task's arrays as they are stored, and its description."""
    entry: dict[str, Any] = json.loads((folder / "tasks.json").read_bytes())[name]
    path = at_hand(folder / f"{name}.npz")
    _check_sum(path, entry["sha256"])
    with np.load(path, allow_pickle=False) as stored:
        return {key: stored[key] for key in _ARRAYS}, entry


def _check_sum(path: Path, expected: str) -> None:
    """Refuse a file whose SHA-256 is not the recorded one."""
    if not path.is_file():
        raise FileNotFoundError(f"the stored task is missing: {path}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        sums = f"its SHA-256 is {found[:12]}..., recorded is {expected[:12]}..."
        raise ValueError(f"{path} was altered: {sums} (restore it from the repository)")


def _fit_components(x_train: Float32Array, n_components: int) -> tuple[FloatArray, FloatArray]:
    """Training mean (features,) and directions V_c / std_c as columns (features, n_components)."""
    mean = x_train.mean(axis=0, dtype=np.float64)
    _, singular, loadings = np.linalg.svd(x_train - mean, full_matrices=False)
    largest = np.abs(loadings).argmax(axis=1)
    loadings *= np.sign(loadings[np.arange(len(loadings)), largest])[:, np.newaxis]
    # float32 features leave about this much in a direction that does not vary at all.
    varies = singular > singular[0] * max(x_train.shape) * np.finfo(np.float32).eps
    std = singular / np.sqrt(len(x_train))
    scale = np.divide(1, std, out=np.zeros_like(std), where=varies)
    return mean, (loadings.T * scale)[:, :n_components]
