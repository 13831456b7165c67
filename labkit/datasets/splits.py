"""Stratified splits of rows from a seed, and features on the scale of the training split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.arrays import Float32Array, FloatArray, IntArray, count_each
from labkit.limits import show_number

if TYPE_CHECKING:
    import pandas as pd

SPLITS = ("train", "validation", "test")
#: Of the rows of each class, those up to the end of training, and of validation: as in the stored
#: tasks that were measured.
_ENDS = (0.5, 0.7)
#: Rows that equal others stay in one split unless they are so large a share: of a few categories
#: most rows are alike, and are no copies of one another.
_MOST_COPIES = 0.1


def split_rows(
    y: IntArray, features: pd.DataFrame, seed: int
) -> tuple[tuple[IntArray, ...], list[str]]:
    """Deals the rows of each class out to the splits.

    Args:
        y: labels (rows,), three or more of each.
        features: (rows, features); NaN equals NaN.
        seed: of the order.

    Returns:
        The places of the rows of each split, ascending; and what is to be said of equal rows.
    """
    alone = np.arange(len(y))
    repeats = int(features.duplicated().sum())
    if not repeats:
        return _deal_rows(y, alone, seed), []
    said = f"rows that equal others: {repeats}"
    if repeats <= _MOST_COPIES * len(y):
        group = features.groupby([*features], dropna=False, sort=False).ngroup().to_numpy()
        splits = _deal_rows(y, group, seed)
        if all(len(np.unique(y[rows])) == len(np.unique(y)) for rows in splits):
            return splits, [f"{said}, each in one split"]
    return _deal_rows(y, alone, seed), [f"{said}, some in two splits"]


def fill_gaps(
    features: pd.DataFrame, names: Sequence[str], train: IntArray
) -> tuple[FloatArray, list[str]]:
    """Features (rows, features), NaN replaced by the training rows' median, or else by 0."""
    medians = features.iloc[train].median().fillna(0.0)
    said = [
        f"{name}: {count} missing, filled with the training median {show_number(float(median))}"
        for name, count, median in zip(names, features.isna().sum(), medians, strict=True)
        if count
    ]
    return features.fillna(medians).to_numpy(dtype=np.float64), said


def standardise(x: FloatArray, x_train: FloatArray) -> Float32Array:
    """(x - mean) / std with the training rows' statistics; 0 where a feature never varies there.

    A spread within the rounding of the values is none. What is beyond float32 becomes infinite.
    """
    size = np.maximum(np.abs(x_train).max(axis=0), np.finfo(np.float64).tiny)
    with np.errstate(over="ignore"):
        scaled, train = x / size, x_train / size  # so that no square overflows
    varies = np.ptp(train, axis=0) > 4 * np.finfo(np.float64).eps
    std = np.where(varies, train.std(axis=0), 1.0)
    with np.errstate(over="ignore"):
        return np.where(varies, (scaled - train.mean(axis=0)) / std, 0.0).astype(np.float32)


def _deal_rows(y: IntArray, group: IntArray, seed: int) -> tuple[IntArray, ...]:
    """Shuffles the groups of each label and cuts where their rows reach the shares.

    A group has the label of its first row; rows of one group come into one split.
    """
    _, first, of_row = np.unique(group, return_index=True, return_inverse=True)
    sizes, labels = count_each(of_row), y[first]
    order = np.random.default_rng(seed).permutation(len(first))
    split = np.zeros(len(first), dtype=np.int64)
    for label in np.unique(labels):
        chosen = order[labels[order] == label]
        for end in _cuts(sizes[chosen]):
            split[chosen[end:]] += 1
    return tuple(np.flatnonzero(split[of_row] == number) for number in range(len(SPLITS)))


def _cuts(sizes: IntArray) -> tuple[int, int]:
    """After how many groups training ends, and validation; each split has one or more."""
    rows, n = np.cumsum(sizes), len(sizes)
    first, second = (int(np.abs(rows - end * rows[-1]).argmin()) + 1 for end in _ENDS)
    first = min(max(first, 1), max(n - 2, 1))
    return first, min(max(second, first + 1), max(n - 1, first + 1))
