"""The cost of every subnetwork, as a table, without a pass per mask."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from labkit.costs import CostTable
from labkit.limits import check_array, check_choice, check_count, check_register
from labkit.scoring.outputs import COSTS, check_labels, cost_of_outputs

FloatArray = npt.NDArray[np.float64]

_BLOCK_BYTES = 2**24


class Contributor(Protocol):
    """A network whose output is a sum over hidden units (`RandomNetwork`, `NetworkArrays`)."""

    def contributions(self, x: npt.ArrayLike, /) -> Any:
        """What each hidden unit adds to each output."""
        ...


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
