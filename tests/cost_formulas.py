"""Each cost by its definition, one sample at a time: the one table that tests of costs read."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.scoring import COSTS

Array = npt.NDArray[np.float64]
Numbers = Sequence[float]


def split_scores(f: Numbers, y: Numbers) -> tuple[float, list[float]]:
    """The score of the label, and those of all others; one output f is the scores y f and 0."""
    if len(f) == 1:
        return y[0] * f[0], [0.0]
    label = [*y].index(1)
    return f[label], [*f[:label], *f[label + 1 :]]


def squared_error(f: Numbers, y: Numbers) -> float:
    return sum((a - b) ** 2 for a, b in zip(f, y, strict=True)) / len(f)


def cross_entropy(f: Numbers, y: Numbers) -> float:
    right, wrong = split_scores(f, y)
    return math.log(sum(math.exp(score - right) for score in (right, *wrong)))


def error_rate(f: Numbers, y: Numbers) -> float:
    right, wrong = split_scores(f, y)
    return float(right <= max(wrong))


#: Of one sample: outputs and targets ±1, one for each output. A new cost is one more function here.
FORMULAS: dict[str, Callable[[Numbers, Numbers], float]] = {
    "squared_error": squared_error,
    "cross_entropy": cross_entropy,
    "error_rate": error_rate,
}


def mean_cost(f: npt.ArrayLike, labels: npt.ArrayLike, cost: str) -> float:
    """Of outputs (samples, outputs) and labels 0, 1, ... (samples,), or (samples,) and -1 and 1."""
    outputs, y = np.asarray(f, dtype=np.float64), np.asarray(labels)
    outputs = outputs.reshape(len(y), -1)
    n_outputs = outputs.shape[1]
    if n_outputs == 1:
        targets = np.where(y > 0, 1.0, -1.0)[:, np.newaxis]
    else:
        targets = 2 * np.eye(n_outputs)[y] - 1
    pairs = zip(outputs.tolist(), targets.tolist(), strict=True)
    return sum(FORMULAS[cost](a, b) for a, b in pairs) / len(y)


def each_cost(f: Array, y: Array, cost: str) -> Array:
    """Of outputs, each of a network of its own, and targets ±1: an array of their shape."""
    return np.vectorize(lambda a, b: FORMULAS[cost]([a], [b]), otypes=[float])(f, y)


def keras_costs(f: npt.NDArray[Any], y: npt.NDArray[np.int64]) -> dict[str, float]:
    """The costs that Keras has, by its own losses."""
    import keras

    losses = keras.losses
    if f.shape[1] == 1:
        entropy = losses.BinaryCrossentropy(from_logits=True)(y[:, np.newaxis], f)
        targets = 2.0 * y[:, np.newaxis] - 1
    else:
        entropy = losses.SparseCategoricalCrossentropy(from_logits=True)(y, f)
        targets = 2.0 * np.eye(f.shape[1])[y] - 1
    squared = losses.MeanSquaredError()(targets, f)
    counted = mean_cost(f, y, "error_rate")
    return {
        "cross_entropy": float(entropy),
        "squared_error": float(squared),
        "error_rate": counted,
    }


def costs_in(case: dict[str, object]) -> list[str]:
    """The costs that a reference case holds."""
    return [cost for cost in COSTS if cost in case]
