"""Images of fewer pixels than are stored."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.datasets.tasks import Task, find_tasks_folder, load_task, read_arrays
from labkit.limits import check_integer

#: Pixels along a side of the images of mnist5k.
_SIDE = 14


def load_images(side: int = 14) -> Task:
    """Loads `mnist5k` with its images averaged to side x side pixels, as bright as they are.

    A pixel of the smaller image is the mean of the old ones in its square, each by the share of it
    that lies in there. All pixels are divided by one number, their standard deviation over the
    training split; those of `load_task("mnist5k")` are standardised each by itself.

    Args:
        side: pixels, 1 to 14: the task has side^2 features, 0 or more.

    >>> load_images(4).n_features
    16
    """
    return _load_images(check_integer("side", side, minimum=1, maximum=_SIDE))


@cache
def _load_images(side: int) -> Task:
    arrays = read_arrays("mnist5k", find_tasks_folder())[0]
    pooled = {key: pool(arrays[key], side) for key in arrays if key.startswith("x")}
    std = pooled["x_train"].std()
    scaled: dict[str, Any] = {key: (x / std).astype(np.float32) for key, x in pooled.items()}
    names = tuple(f"pixel_{row}_{column}" for row in range(side) for column in range(side))
    return replace(load_task("mnist5k"), feature_names=names, **scaled)


def pool(x: npt.NDArray[Any], side: int) -> FloatArray:
    """Images (samples, 14^2) averaged over squares: float64 (samples, side^2)."""
    low, high = np.arange(_SIDE), np.arange(1, _SIDE + 1)
    edges = np.linspace(0, _SIDE, side + 1)[:, np.newaxis]
    inside = np.minimum(high, edges[1:]) - np.maximum(low, edges[:-1])
    share = np.maximum(inside, 0.0) * side / _SIDE
    images = x.reshape(-1, _SIDE, _SIDE).astype(np.float64)
    return (share @ images @ share.T).reshape(len(x), -1)
