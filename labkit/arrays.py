"""The types of the arrays that are passed around, by the kind of their numbers; and counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def count_each(
    numbers: npt.ArrayLike, weights: npt.ArrayLike | None = None, *, at_least: int = 0
) -> npt.NDArray[Any]:
    """How often each of 0, 1, ... is among whole numbers, or what their weights add up to.

    `np.bincount` of any integers: by itself it takes none wider than a memory address, which has 32
    bits in a browser.

    Args:
        numbers: (k,), 0 or more.
        weights: (k,).
        at_least: entries of the result, which has one for the largest number.
    """
    return np.bincount(np.asarray(numbers).astype(np.intp, copy=False), weights, at_least)


def owners_of(lengths: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Of lists of these lengths, one after another, which each entry is in.

    >>> owners_of([2, 0, 1]).tolist()
    [0, 0, 2]
    """
    counts = np.asarray(lengths).astype(np.intp, copy=False)  # as for `count_each`
    return np.repeat(np.arange(len(counts)), counts)
