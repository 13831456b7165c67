"""How much of a cost is in the terms of each order, and what cutting the higher orders off costs.

cost(m) = sum_S c_S prod_{j in S} z_j with z_j = 1 - 2 m_j. The products are orthonormal over the
masks, so the variance of the cost is the sum of c_S^2 over all S but the empty one (Parseval).

Reference: O'Donnell 2014, Analysis of Boolean Functions, chapter 1.
"""

from __future__ import annotations

import numpy as np

from labkit.costs.pauli_z import FloatArray, walsh_hadamard
from labkit.costs.tables import EQUAL_WITHIN, CostTable
from labkit.limits import check_integer


def share_by_order(table: CostTable) -> FloatArray:
    """sum_{|S| = k} c_S^2 / variance: which share of the variance the terms of k neurons hold.

    Args:
        table: the 2^n costs.

    Returns:
        float64 (n + 1,), by order; its sum is 1, and entry 0, of the mean, is 0. All are 0 where
        every mask costs the same.
    """
    n = table.n_neurons
    weights = (walsh_hadamard(table.costs) / 2**n) ** 2
    weights[0] = 0
    # below this it is rounding of the costs
    weights[weights < (1e-14 * np.abs(table.costs).max()) ** 2] = 0
    orders = np.bitwise_count(np.arange(2**n))
    by_order = np.array([weights[orders == k].sum() for k in range(n + 1)])
    total = by_order.sum()
    return by_order if total == 0 else np.asarray(by_order / total)


def truncate(table: CostTable, max_order: int) -> CostTable:
    """The cost without its terms of more than `max_order` neurons.

    Of all polynomials of that order it is the closest to the table, in the mean square over masks.
    It is `PauliZCost.from_table(table, max_order).to_table()`, without the terms by name.

    Args:
        table: the 2^n costs.
        max_order: 0 to n; n changes nothing.

    Raises:
        TypeError: `max_order` is not an integer.
        ValueError: it is not in 0..n.
    """
    n = table.n_neurons
    check_integer("max_order", max_order, minimum=0, maximum=n)
    coefficients = walsh_hadamard(table.costs) / 2**n
    coefficients[np.bitwise_count(np.arange(2**n)) > max_order] = 0
    return CostTable.owning(walsh_hadamard(coefficients), n)


def regret_by(table: CostTable, other: CostTable) -> float:
    """How much more than the least the mask costs that another cost takes for the cheapest.

    Args:
        table: the costs that count.
        other: the costs that choose; where it has several cheapest masks, their mean counts.

    Raises:
        ValueError: the two differ in n.
    """
    if other.n_neurons != table.n_neurons:
        raise ValueError(f"other has {other.n_neurons} neurons (limit: {table.n_neurons})")
    chosen = table.costs[other.costs <= other.minimum + EQUAL_WITHIN]
    return float(chosen.mean() - table.minimum)
