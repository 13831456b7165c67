"""How much of a cost is in the terms of each order, and what cutting the higher orders off costs.

cost(m) = sum_S c_S prod_{j in S} z_j with z_j = 1 - 2 m_j. The products are orthonormal over the
masks, so the variance of the cost is the sum of c_S^2 over all S but the empty one (Parseval).

Reference: O'Donnell 2014, Analysis of Boolean Functions, chapter 1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.costs.tables import EQUAL_WITHIN, CostTable
from labkit.limits import check_integer

_RADIX = 2**5  # entries that one product transforms
_BLOCK_SIZE = 2**14  # entries, 128 KiB


def share_by_order(table: CostTable) -> FloatArray:
    """sum_{|S| = k} c_S^2 / variance: which share of the variance the terms of k neurons hold.

    float64 (n + 1,), by order; its sum is 1, and entry 0, of the mean, is 0. All are 0 where
    every mask costs the same.
    """
    n = table.n_neurons
    weights = (walsh_hadamard(table.costs) / 2**n) ** 2
    weights[0] = 0
    # below this it is rounding of the costs
    weights[weights < (EQUAL_WITHIN * np.abs(table.costs).max()) ** 2] = 0
    orders = np.bitwise_count(np.arange(2**n))
    by_order = np.array([weights[orders == k].sum() for k in range(n + 1)])
    total = by_order.sum()
    return by_order if total == 0 else np.asarray(by_order / total)


def truncate(table: CostTable, max_order: int) -> CostTable:
    """The cost without its terms of more than `max_order` neurons.

    Of all polynomials of that order it is the closest to the table, in the mean square over masks.
    It is `PauliZCost.from_table(table, max_order).to_table()`, without the terms by name.
    """
    n = table.n_neurons
    check_integer("max_order", max_order, minimum=0, maximum=n)
    coefficients = walsh_hadamard(table.costs) / 2**n
    coefficients[np.bitwise_count(np.arange(2**n)) > max_order] = 0
    costs, largest = walsh_hadamard(coefficients, overwrite=True), float(np.abs(table.costs).max())
    return CostTable.owning(costs, n, table.names, magnitude=largest)


def regret_by(table: CostTable, other: CostTable) -> float:
    """How much more than the least the mask costs that another cost takes for the cheapest.

    Where `other`, which chooses, has several cheapest masks, their mean counts.
    """
    if other.n_neurons != table.n_neurons:
        raise ValueError(f"other has {other.n_neurons} neurons (limit: {table.n_neurons})")
    chosen = table.costs[other.marked(other.minimum)]
    return float(chosen.mean() - table.minimum)


def walsh_hadamard(values: npt.ArrayLike, *, overwrite: bool = False) -> FloatArray:
    """out_S = sum_m values_m (-1)^|S and m|, float64 (2^n,), by the fast transform.

    It takes n 2^n additions; applied twice it gives 2^n times the values. `overwrite` works in
    the array of values itself, a float64 one.

    Reference: Fino and Algazi 1976, IEEE Trans. Computers C-25, 1142.
    """
    out = np.array(values, dtype=np.float64, copy=None if overwrite else True)
    step = 1
    # five bits of the index at a time: a product with the matrix of signs of so many bits, of
    # which a block is made in a buffer that stays in the cache
    while step < len(out):
        size = min(_RADIX, len(out) // step)
        signs = _signs(size)
        for block in _blocks(out, size, step):
            block[...] = block @ signs if step == 1 else signs @ block
        step *= size
    return out


def _blocks(values: FloatArray, size: int, step: int) -> Iterator[FloatArray]:
    """Views of `values` to transform, each over its axis of `size` entries, `step` apart.

    (rows, size) where step is 1, else (batch, size, columns).
    """
    if step == 1:
        yield from _split(values.reshape(-1, size), _BLOCK_SIZE // size)
        return
    columns = min(step, _BLOCK_SIZE // size)
    for start in range(0, step, columns):
        part = values.reshape(-1, size, step)[:, :, start : start + columns]
        yield from _split(part, _BLOCK_SIZE // (size * columns))


def _split(array: FloatArray, rows: int) -> Iterator[FloatArray]:
    return (array[start : start + rows] for start in range(0, len(array), rows))


def _signs(size: int) -> FloatArray:
    """(-1)^|S and m|, (size, size)."""
    indices = np.arange(size)
    return 1.0 - 2.0 * (np.bitwise_count(indices[:, np.newaxis] & indices) % 2)
