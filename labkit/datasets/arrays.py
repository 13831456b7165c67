"""The arrays of a task: finite features, whole labels, read-only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from labkit.arrays import Float32Array, IntArray
from labkit.limits import check_integer, find_no_numbers, name_first, show_value

_HOW = "Task.from_table takes tables as they are"


def check_features(argument: str, value: Any) -> Float32Array:
    """Returns features as float32 (samples, features), read-only.

    Raises:
        TypeError: one is no number; the message names its row and column.
        ValueError: one is missing or infinite, or the shape is another.
    """
    array = np.asarray(value)
    if array.ndim != 2 or not array.size:
        given = f"{argument} has shape {array.shape}"
        raise ValueError(f"{given} (limit: 1 sample and 1 feature or more, (samples, features))")
    if array.dtype.kind not in "biuf" and (text := find_no_numbers(array)).any():
        given = f"{argument} holds {name_first(value, text)}"
        raise TypeError(f"{given}, which is not a number ({_HOW})")
    with np.errstate(over="ignore"):
        features = array.astype(np.float32)
    if not np.isfinite(features).all():
        given = f"{argument} holds {name_first(value, ~np.isfinite(features))}"
        raise ValueError(f"{given} (limit: finite float32 numbers; {_HOW})")
    return freeze(features)


def check_labels(argument: str, value: Any, n_samples: int, n_classes: int) -> IntArray:
    """Returns labels 0..n_classes-1 as intp (samples,), which `np.bincount` takes; read-only.

    Raises:
        TypeError: they are no whole numbers.
        ValueError: one is out of range, or there is not one for each sample.
    """
    check_integer("n_classes", n_classes, minimum=2)
    array = np.asarray(value)
    if array.shape != (n_samples,):
        raise ValueError(f"{argument} has shape {array.shape} (limit: ({n_samples},))")
    if array.dtype.kind not in "biu" and not _are_whole(array):
        raise TypeError(f"{argument}={show_value(value)} are not labels 0 to n_classes-1 ({_HOW})")
    outside = array[(array < 0) | (array >= n_classes)]
    if len(outside):
        raise ValueError(f"{argument} holds {outside[0]} (limit: 0 to {n_classes - 1}; {_HOW})")
    return freeze(array.astype(np.intp))


def freeze(array: NDArray[Any]) -> NDArray[Any]:
    """The array C-contiguous and read-only."""
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def show_cell(value: Any) -> str:
    """A value as text of one line; a NumPy number as the number that it is."""
    return show_value(value.item() if isinstance(value, np.generic) else value)


def _are_whole(array: NDArray[Any]) -> bool:
    return array.dtype.kind == "f" and bool(np.all(array == np.floor(array)))
