"""From the outputs of a network and labels to a cost or an accuracy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.costs.outputs import mean_cost
from labkit.limits import check_array, check_choice
from labkit.networks import check_classes, read_labels

COSTS = ("cross_entropy", "squared_error", "error_rate")


def cost_of_outputs(outputs: npt.ArrayLike, targets: FloatArray, *, cost: str) -> FloatArray:
    """Mean cost over samples, of outputs f against targets y = ±1 (one column per output).

    squared_error = mean (f - y)^2; cross_entropy = mean log(1 + exp(-y f)), with more classes
    mean of log sum exp(f) - f_label; error_rate = mean [margin <= 0], the margin being y f, with
    more classes f_label minus the largest other output. So an output of 0 is never right.

    Args:
        outputs: (..., samples, outputs).
        targets: float64 (samples, outputs) as `check_labels` returns them.
        cost: one of `COSTS`.

    Returns:
        float64 (...).
    """
    check_choice("cost", cost, COSTS)
    f = check_array("outputs", outputs)
    if f.shape[-2:] != targets.shape:
        raise ValueError(f"outputs has shape {f.shape}; it must be (..., {str(targets.shape)[1:]}")
    return mean_cost(f, targets, cost)


def accuracy(outputs: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """1 - error_rate of outputs (samples, outputs) against labels y (samples,)."""
    f = check_array("outputs", outputs)
    if f.ndim != 2:
        raise ValueError(f"outputs has shape {f.shape}; it must be (samples, outputs)")
    targets = check_labels(y, n_samples=f.shape[0], n_outputs=f.shape[1])
    return 1.0 - float(cost_of_outputs(f, targets, cost="error_rate"))


def check_labels(y: npt.ArrayLike, *, n_samples: int, n_outputs: int) -> FloatArray:
    """Returns labels as targets ±1, float64 (samples, outputs): +1 in the label's column.

    Labels are 0..classes-1, for one output also -1 and +1; numbers or booleans, (samples,) or a
    column, as `fit` and `evaluate` of labkit's Keras models take them.
    """
    classes = check_classes(y, n_samples=n_samples, n_outputs=n_outputs)
    of_outputs = np.array([1]) if n_outputs == 1 else np.arange(n_outputs)
    return np.where(classes[:, np.newaxis] == of_outputs, 1.0, -1.0)


def labels_as_in_keras(y: npt.ArrayLike) -> FloatArray:
    """Labels in the forms that Keras takes beside (samples,): a column of them, or one-hot rows.

    Returns:
        float64 (samples,) labels; anything else as it is.
    """
    labels = read_labels(y)
    if labels.ndim != 2:
        return labels
    is_one_hot = ((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all()
    return labels.argmax(axis=1).astype(np.float64) if is_one_hot else labels
