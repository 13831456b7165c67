"""The cost of every sum of two outputs, one of each half of the units, without the outputs.

With f = a + b, a of the first half and b of the second, each cost splits: squared error into
parts of a and of b and one matrix product, cross-entropy into factors e^a e^b, an error into a
comparison of b with -a. A kernel is made once for a table and then asked for blocks of its rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from labkit.arrays import FloatArray
from labkit.scoring.outputs import cost_of_outputs

#: Rows of the first half to their costs with every row of the second, (rows, second).
Kernel = Callable[[slice], FloatArray]

_MAX_EXPONENT = 600.0  # e^709 is the largest float64
_MAX_PRODUCT_SIZE = 8  # entries of a factor of several samples: the inner size of a matrix product
_MAX_CHUNK = 96  # samples whose factors are made at once
_MAX_COUNT = 255  # of uint8
# of a half, whose labels are ±1: larger ones would have to cancel, and leave some rounding
_MAX_SQUARED_ERROR = 256.0


def make_kernel(
    first: FloatArray,
    second: FloatArray,
    targets: FloatArray,
    cost: str,
    units: Sequence[FloatArray],
) -> Kernel:
    """The kernel of a cost; from the outputs where a short cut would be inexact, or there is none.

    Outputs by what is chosen of half of the units are `first` (rows, samples, outputs) and
    `second` (columns, samples, outputs), whose units are (patterns, samples, outputs) each;
    `targets` are as `check_labels` returns them.
    """

    def from_outputs(rows: slice) -> FloatArray:
        return np.stack([cost_of_outputs(a + second, targets, cost=cost) for a in first[rows]])

    fast: Kernel | None = None
    if cost == "squared_error":
        fast = _squared_error(first, second, targets, units)
    elif cost == "cross_entropy":
        fast = _cross_entropy(first, second, targets)
    elif cost == "error_rate" and targets.shape[1] == 1:
        fast = _error_rate(first, second, targets)
    return fast or from_outputs


def _squared_error(
    first: FloatArray, second: FloatArray, targets: FloatArray, units: Sequence[FloatArray]
) -> Kernel | None:
    """mean (a - y)^2 + mean b^2 + 2 mean (a - y) b; None where the terms are too large to cancel.

    The means of squares are made once for each half. b is a sum of one pattern of each unit, so the
    product is one with each pattern, and then a choice of patterns.
    """
    a, b = (first - targets).reshape(len(first), -1), second.reshape(len(second), -1)
    of_a, of_b = (np.einsum("ij,ij->i", h, h) / targets.size for h in (a, b))
    if not of_a.max() + of_b.max() <= _MAX_SQUARED_ERROR:
        return None
    patterns = np.concatenate(units).reshape(-1, targets.size)
    of_patterns = a @ patterns.T * (2 / targets.size)
    choices = _choices([len(unit) for unit in units])

    def kernel(rows: slice) -> FloatArray:
        costs = of_patterns[rows] @ choices.T
        costs += of_a[rows, np.newaxis] + of_b
        return np.maximum(costs, 0.0, out=costs)

    return kernel


def _choices(counts: Sequence[int]) -> FloatArray:
    """Which patterns each choice of one for each unit takes, first unit most significant: 0, 1."""
    choices = np.zeros((1, 0))
    for count in counts:
        before, one = np.repeat(choices, count, axis=0), np.tile(np.eye(count), (len(choices), 1))
        choices = np.concatenate([before, one], axis=1)
    return choices


def _error_rate(first: FloatArray, second: FloatArray, targets: FloatArray) -> Kernel:
    """mean [y b <= -y a], which is exactly mean [y (a + b) <= 0]: a sum of floats has its sign."""
    a, b = (np.ascontiguousarray((targets * half)[..., 0].T) for half in (-first, second))

    def kernel(rows: slice) -> FloatArray:
        errors = np.zeros((a[:, rows].shape[1], b.shape[1]))
        for start in range(0, len(a), _MAX_COUNT):
            counts = np.zeros(errors.shape, dtype=np.uint8)
            for s in range(start, min(start + _MAX_COUNT, len(a))):
                counts += (b[s] <= a[s, rows, np.newaxis]).view(np.uint8)
            errors += counts
        return errors / len(a)

    return kernel


def _cross_entropy(first: FloatArray, second: FloatArray, targets: FloatArray) -> Kernel | None:
    """mean log sum_c e^(a_c - a_label) e^(b_c - b_label); None where that overflows.

    For one output the classes are 0 and -y f. The sum over classes is a product u . v of two
    short vectors, so the product over a few samples is one of their Kronecker products, and for
    all masks a matrix product. One logarithm is taken of the product over many samples.
    """
    a, b, y = (np.ascontiguousarray(array.T) for array in (first, second, targets))
    y = y[..., np.newaxis]
    bounds = sum(np.abs(_logits(half, y)).max(axis=(0, 2)) for half in (a, b))
    bounds = bounds + math.log(max(2, len(y)))
    if not bounds.max() <= _MAX_EXPONENT:
        return None
    chunks = [*_chunks(bounds)]
    of_second = [_factors(b[:, chunk], y[:, chunk]) for chunk in chunks]

    def kernel(rows: slice) -> FloatArray:
        costs = np.zeros((len(first[rows]), len(second)))
        factor = np.empty_like(costs)
        for chunk, of_b in zip(chunks, of_second, strict=True):
            product = np.ones_like(costs)
            for u, v in zip(_factors(a[:, chunk, rows], y[:, chunk]), of_b, strict=True):
                product *= np.matmul(u.T, v, out=factor)
            costs += np.log(product, out=product)
        return costs / len(targets)

    return kernel


def _logits(f: FloatArray, targets: FloatArray) -> FloatArray:
    """By how much the classes lead the label's, where not always 0: (outputs, samples, masks)."""
    return -targets * f if len(f) == 1 else f - np.sum(f, axis=0, where=targets > 0)


def _factors(f: FloatArray, targets: FloatArray) -> FloatArray:
    """Kronecker products of e^logits over a few samples each: (groups, entries, masks)."""
    u = np.exp(_logits(f, targets))
    if len(u) == 1:
        u = np.concatenate([np.ones_like(u), u])
    classes, samples, masks = u.shape
    size = max(1, int(math.log(_MAX_PRODUCT_SIZE + 0.5, classes)))
    padding = np.zeros((classes, -samples % size, masks))
    padding[0] = 1.0  # a factor of 1
    by_group = np.concatenate([u, padding], axis=1).reshape(classes, -1, size, masks)
    groups = by_group.shape[1]
    out = by_group[:, :, 0]
    for i in range(1, size):
        out = (out[:, np.newaxis] * by_group[:, :, i]).reshape(-1, groups, masks)
    return out.transpose(1, 0, 2)


def _chunks(bounds: FloatArray) -> Iterator[slice]:
    """Runs of samples whose product of factors, at most e^(sum of bounds), does not overflow."""
    start, total = 0, 0.0
    for i, bound in enumerate(bounds.tolist()):
        if i - start == _MAX_CHUNK or total + bound > _MAX_EXPONENT:
            yield slice(start, i)
            start, total = i, 0.0
        total += bound
    yield slice(start, len(bounds))
