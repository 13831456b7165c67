"""From a network and data to a cost: the cost of every subnetwork, without a pass per mask."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from labkit.costs import CostTable
from labkit.limits import check_array, check_choice, check_count, check_register, show_value

FloatArray = npt.NDArray[np.float64]

COSTS = ("cross_entropy", "squared_error", "error_rate")
_BLOCK_BYTES = 2**24


class Contributor(Protocol):
    """A network whose output is a sum over hidden units (`RandomNetwork`, `NetworkArrays`)."""

    def contributions(self, x: npt.ArrayLike, /) -> Any:
        """What each hidden unit adds to each output."""
        ...


def score_all_masks(
    network: Contributor, x: npt.ArrayLike, y: npt.ArrayLike, *, cost: str = "cross_entropy"
) -> CostTable:
    """The cost of each of the 2^n subnetworks on the samples `x` with labels `y`.

    Args:
        network: its `contributions(x)` are (samples, n, outputs) for neuron masks, or
            (samples, units, patterns, outputs) for weight masks.
        x: (samples, features).
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        cost: one of `COSTS`, see `cost_of_outputs`.

    Returns:
        A `CostTable` of 2^n float64 costs, means over the samples.

    Raises:
        TypeError: `network` is no network, or `x` or `y` no array of numbers.
        ValueError: `cost` is unknown, or samples or labels do not fit.
        TooLargeError: the table does not fit in memory.
    """
    check_choice("cost", cost, COSTS)
    if not hasattr(network, "contributions"):
        raise TypeError(f"network={show_value(network)} has no contributions")
    if hasattr(network, "n_mask_bits"):
        check_register("n_neurons", network.n_mask_bits, bytes_per_mask=24, what="the cost table")
    return score_contributions(np.asarray(network.contributions(x)), y, cost=cost)


def score_contributions(
    t: npt.ArrayLike, y: npt.ArrayLike, *, cost: str = "cross_entropy"
) -> CostTable:
    """The cost of each subnetwork, from what each hidden unit adds to the output.

    The sums over the first half of the units and over the second half are made once each; every
    mask's output is then one sum of two. Working space is a block of some 16 MiB beside them.

    Args:
        t: float (samples, n), (samples, n, outputs) or (samples, units, patterns, outputs).
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        cost: one of `COSTS`.

    Raises:
        ValueError: `cost` is unknown, or shapes or labels do not fit.
        TooLargeError: the table does not fit in memory.
    """
    check_choice("cost", cost, COSTS)
    units = _unit_outputs(check_array("t", t))
    n = sum(len(unit).bit_length() - 1 for unit in units)
    check_register("n_neurons", n, bytes_per_mask=24, what="the cost table")
    targets = check_labels(y, n_samples=units[0].shape[1], n_outputs=units[0].shape[2])
    half = len(units) // 2
    _check_sums(units[:half], units[half:], targets.shape)
    first, second = _all_sums(units[:half], targets.shape), _all_sums(units[half:], targets.shape)
    rows = max(1, _BLOCK_BYTES // second.nbytes)
    blocks = [
        cost_of_outputs(first[i : i + rows, np.newaxis] + second, targets, cost=cost).ravel()
        for i in range(0, len(first), rows)
    ]
    return CostTable(np.concatenate(blocks), n)


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

    Raises:
        ValueError: `cost` is unknown.
    """
    check_choice("cost", cost, COSTS)
    f = check_array("outputs", outputs)
    if f.shape[-2:] != targets.shape:
        raise ValueError(f"outputs has shape {f.shape}; it must be (..., {str(targets.shape)[1:]}")
    if cost == "squared_error":
        return np.mean((f - targets) ** 2, axis=(-2, -1))
    if cost == "error_rate":
        return np.mean(_margins(f, targets) <= 0, axis=-1)
    if targets.shape[1] == 1:
        return np.mean(np.logaddexp(0, -targets * f)[..., 0], axis=-1)
    of_label = np.sum(f, axis=-1, where=targets > 0)
    return np.mean(np.logaddexp.reduce(f, axis=-1) - of_label, axis=-1)


def accuracy(outputs: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """1 - error_rate of outputs (samples, outputs) against labels y (samples,).

    Raises:
        TypeError: `outputs` or `y` is no array of numbers.
        ValueError: their shapes or the labels do not fit.
    """
    f = check_array("outputs", outputs)
    if f.ndim != 2:
        raise ValueError(f"outputs has shape {f.shape}; it must be (samples, outputs)")
    targets = check_labels(y, n_samples=f.shape[0], n_outputs=f.shape[1])
    return 1.0 - float(cost_of_outputs(f, targets, cost="error_rate"))


def check_labels(y: npt.ArrayLike, *, n_samples: int, n_outputs: int) -> FloatArray:
    """Returns labels as targets ±1, float64 (samples, outputs): +1 in the label's column.

    Raises:
        ValueError: there is not one label per sample, or a label is out of range.
    """
    labels = check_array("y", y)
    if labels.shape != (n_samples,):
        raise ValueError(f"y has shape {labels.shape}; there are {n_samples} samples")
    allowed = {-1, 0, 1} if n_outputs == 1 else set(range(n_outputs))
    found = set(np.unique(labels).tolist())
    if not found <= allowed or found >= {-1, 0}:
        limit = "0 and 1, or -1 and 1" if n_outputs == 1 else f"0 to {n_outputs - 1}"
        raise ValueError(f"y holds the labels {sorted(found)[:8]} (limit: {limit})")
    if n_outputs == 1:
        return np.where(labels[:, np.newaxis] > 0, 1.0, -1.0)
    return np.where(labels[:, np.newaxis] == np.arange(n_outputs), 1.0, -1.0)


def _unit_outputs(t: FloatArray) -> list[FloatArray]:
    """Contributions as one array (patterns, samples, outputs) per unit; pattern 0 adds nothing."""
    if t.ndim == 2:
        t = t[:, :, np.newaxis]
    if t.ndim == 3:
        t = np.stack([np.zeros_like(t), t], axis=2)
    if t.ndim != 4 or 0 in t.shape or t.shape[2] & (t.shape[2] - 1):
        raise ValueError(f"t has shape {t.shape}; it must be (samples, n, outputs)")
    return list(t.transpose(1, 2, 0, 3))


def _all_sums(units: Sequence[FloatArray], shape: tuple[int, ...]) -> FloatArray:
    """Outputs for every choice of one pattern per unit, first unit most significant."""
    sums = np.zeros((1, *shape))
    for unit in units:
        sums = (sums[:, np.newaxis] + unit).reshape(-1, *shape)
    return sums


def _check_sums(
    first: Sequence[FloatArray], second: Sequence[FloatArray], shape: tuple[int, ...]
) -> None:
    """Refuses samples for which the sums over half of the units do not fit in memory."""
    sums = [math.prod(len(unit) for unit in units) for units in (first, second)]
    # a block is one sum of the first half with all of the second, and the cost's own arrays
    bytes_each = 8 * shape[1] * (2 * sums[0] + 5 * sums[1])
    check_count("n_samples", shape[0], bytes_each=bytes_each, what="sums of contributions")


def _margins(f: FloatArray, targets: FloatArray) -> FloatArray:
    """By how much the label's output leads: (..., samples)."""
    if targets.shape[1] == 1:
        margins: FloatArray = (targets * f)[..., 0]
        return margins
    of_label = np.sum(f, axis=-1, where=targets > 0)
    of_others = np.max(f, axis=-1, where=targets < 0, initial=-np.inf)
    return of_label - of_others
