"""Polynomial costs to and from dimod, the interchange format of Ising and binary problems.

dimod's spin is +1 where its binary variable is 1; here that is where the neuron stays, so
dimod's s_j is -z_j. A dimod sample, spin or binary, therefore is a neuron mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labkit.costs.pauli_z import PauliZCost
from labkit.costs.tables import Neurons
from labkit.limits import show_value

if TYPE_CHECKING:
    import dimod


def to_bqm(cost: PauliZCost) -> dimod.BinaryQuadraticModel:
    """The cost, of order 2 at most, as a binary quadratic model of spins, variables 0..n-1."""
    import dimod

    if cost.order > 2:
        raise ValueError(f"cost has order {cost.order}; a quadratic model has order 2 (limit: 2)")
    terms = _negate_odd(cost.terms)
    linear = {j: terms.get((j,), 0.0) for j in range(cost.n_neurons)}
    quadratic = {neurons: c for neurons, c in terms.items() if len(neurons) == 2}
    return dimod.BinaryQuadraticModel(linear, quadratic, terms.get((), 0.0), dimod.SPIN)


def to_binary_polynomial(cost: PauliZCost) -> dimod.BinaryPolynomial:
    """The cost as a polynomial of spins, of any order, variables 0..n-1."""
    import dimod

    unused = {(j,): 0.0 for j in range(cost.n_neurons)}
    return dimod.BinaryPolynomial(unused | _negate_odd(cost.terms), dimod.SPIN)


def from_dimod(
    model: dimod.BinaryQuadraticModel | dimod.BinaryPolynomial, n_neurons: int | None = None
) -> PauliZCost:
    """A cost from a quadratic model or a polynomial, of spins or binary variables.

    Args:
        model: its variables are the neurons, integers from 0.
        n_neurons: n; by default one more than the largest variable.
    """
    import dimod

    if isinstance(model, dimod.BinaryPolynomial):
        terms = {tuple(term): float(c) for term, c in model.to_spin(copy=True).items()}
    elif isinstance(model, dimod.BinaryQuadraticModel):
        spins = model.spin
        terms = {(): float(spins.offset)}
        terms |= {(j,): float(c) for j, c in spins.linear.items()}
        terms |= {pair: float(c) for pair, c in spins.quadratic.items()}
    else:
        raise TypeError(f"model={show_value(model)} is no dimod model")
    if n_neurons is None:
        n_neurons = 1 + max((_check_variable(j) for neurons in terms for j in neurons), default=0)
    return PauliZCost(_negate_odd(terms), n_neurons)


def _negate_odd(terms: Mapping[Neurons, float]) -> dict[Neurons, float]:
    """Coefficients after every sign changes: those of odd order are negated."""
    return {neurons: c * (-1) ** len(neurons) for neurons, c in terms.items()}


def _check_variable(j: Any) -> int:
    if not isinstance(j, int):
        raise TypeError(f"model has the variable {show_value(j)}, which is not an integer")
    return j
