"""The cost of a neuron mask, what selection minimises, in four forms behind one protocol.

A `CostTable` has the cost of each of the 2^n masks; a `PauliZCost` is a polynomial in the signs
z_j = 1 - 2 m_j; a `LocalCost` is a sum of small tables; a `FunctionCost` is any function of
masks. The last three need no table of 2^n costs.
"""

from labkit.costs.functions import AnyCost, FunctionCost, as_cost
from labkit.costs.interchange import from_dimod, to_binary_polynomial, to_bqm
from labkit.costs.penalty import penalised, penalty
from labkit.costs.tables import EQUAL_WITHIN, CheckedCost, Cost, CostTable, equal_within
from labkit.costs.terms import LocalCost, PauliZCost

__all__ = [
    "EQUAL_WITHIN",
    "AnyCost",
    "CheckedCost",
    "Cost",
    "CostTable",
    "FunctionCost",
    "LocalCost",
    "PauliZCost",
    "as_cost",
    "equal_within",
    "from_dimod",
    "penalised",
    "penalty",
    "to_binary_polynomial",
    "to_bqm",
]
