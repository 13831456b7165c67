"""Fines for masks that keep another number of neurons than was asked for."""

from __future__ import annotations

from itertools import combinations

from labkit.costs.tables import CostTable
from labkit.costs.terms import PauliZCost


def penalty(n_neurons: int, n_active: int) -> PauliZCost:
    """(|m| - k)^2, a cost of order 2: 0 where k = n_active neurons stay.

    With m = (1 - z)/2 and S = sum_j z_j it is (n/2 - k)^2 - (n/2 - k) S + S^2 / 4, where
    S^2 = n + 2 sum_{i<j} z_i z_j.
    """
    excess = n_neurons / 2 - n_active
    terms: dict[tuple[int, ...], float] = {(): excess**2 + n_neurons / 4}
    terms |= {(j,): -excess for j in range(n_neurons)}
    terms |= dict.fromkeys(combinations(range(n_neurons), 2), 0.5)
    return PauliZCost(terms, n_neurons)


def penalised(table: CostTable, n_active: int, strength: float) -> CostTable:
    """cost + strength * std * (|m| - n_active)^2; what is equal is told as in the table."""
    fine = penalty(table.n_neurons, n_active).to_table().costs
    costs, n = table.costs + strength * table.std * fine, table.n_neurons
    return CostTable.owning(costs, n, table.names, magnitude=table.magnitude)
