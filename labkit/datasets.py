"""The course's classification tasks: small, standardised, already split, stored beside the code.

`data/README.md` says where each one comes from; `data/make_data.py` makes them again.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labkit.arrays import Float32Array, FloatArray, IntArray
from labkit.limits import check_choice, check_integer

TASK_NAMES = ("moons", "circles", "iris", "breast_cancer", "digits_3v6", "digits_3v8", "wine")
_ARRAYS = ("x_train", "y_train", "x_validation", "y_validation", "x_test", "y_test")


@dataclass(frozen=True, eq=False)
class Task:
    """A classification task with its fixed training, validation and test splits.

    Features are standardised with the training split's mean and standard deviation; a feature
    that never varies in the training split is 0 everywhere. The arrays of a loaded task are
    read-only: copy one to change it.

    Attributes:
        name: One of `TASK_NAMES`.
        x_train: Training features, float32 (samples, features), C-contiguous.
        y_train: Training labels, int64 (samples,), 0..n_classes-1.
        x_validation, y_validation, x_test, y_test: Those of the other splits, alike.
        n_classes: Number of classes.
        source: Citation of the data, with its address.
        licence: Terms under which the data may be passed on.
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

    @property
    def n_features(self) -> int:
        """Number of features of a sample."""
        return int(self.x_train.shape[1])

    def principal_components(self, n_components: int = 2) -> "Task":
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
            return _freeze(((x - mean) @ directions).astype(np.float32))

        train, validation, test = map(project, (self.x_train, self.x_validation, self.x_test))
        return replace(self, x_train=train, x_validation=validation, x_test=test)


def load_task(name: str) -> Task:
    """Load one of the stored tasks; works without a network.

    Args:
        name: One of `TASK_NAMES`.

    Returns:
        The task, its arrays read-only. Loading it again returns the same object.

    Raises:
        ValueError: `name` is not a known task, or its file does not have the recorded SHA-256.
        FileNotFoundError: The stored tasks are missing.
    """
    return _read_task(check_choice("name", name, TASK_NAMES), _find_tasks_folder())


def _find_tasks_folder() -> Path:
    """`tasks/` beside this file in an installed package, `data/tasks/` in a checkout."""
    package = Path(__file__).parent
    folders = (package / "tasks", package.parent / "data" / "tasks")
    for folder in folders:
        if (folder / "tasks.json").is_file():
            return folder
    looked = " nor ".join(str(folder / "tasks.json") for folder in folders)
    raise FileNotFoundError(f"the stored tasks are missing: found neither {looked}")


@cache
def _read_task(name: str, folder: Path) -> Task:
    """Read a task's arrays and description from `folder`, once."""
    entry: dict[str, Any] = json.loads((folder / "tasks.json").read_bytes())[name]
    path = folder / f"{name}.npz"
    _check_sum(path, entry["sha256"])
    with np.load(path, allow_pickle=False) as stored:
        arrays: dict[str, Any] = {key: _freeze(stored[key]) for key in _ARRAYS}
    about = {key: entry[key] for key in ("n_classes", "source", "licence")}
    return Task(name=name, **about, **arrays)


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


def _freeze(array: NDArray[Any]) -> NDArray[Any]:
    """The array C-contiguous and read-only."""
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array
