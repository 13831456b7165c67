"""Polynomial costs to and from dimod, the interchange format of Ising and binary problems.

dimod's spin is +1 where its binary variable is 1; here that is where the neuron stays, so
dimod's s_j is -z_j. A dimod sample, spin or binary, therefore is a neuron mask. Variables keep
their names both ways.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from labkit.costs.qubo import Qubo, in_order, to_label, to_terms
from labkit.costs.terms import PauliZCost
from labkit.limits import check_integer, show_value
from labkit.platforms import DIMOD

if TYPE_CHECKING:
    import dimod


def to_bqm(cost: PauliZCost) -> dimod.BinaryQuadraticModel:
    """The cost, of order 2 at most, as a quadratic model of spins, variables 0..n-1 or names."""
    dimod = DIMOD.load()
    if cost.order > 2:
        raise ValueError(f"cost has order {cost.order}; a quadratic model has order 2 (limit: 2)")
    terms, labels = _negate_odd(cost.terms), _labels(cost)
    linear = {label: terms.get((j,), 0.0) for j, label in enumerate(labels)}
    pairs = (neurons for neurons in terms if len(neurons) == 2)
    quadratic = {(labels[i], labels[j]): terms[i, j] for i, j in pairs}
    return dimod.BinaryQuadraticModel(linear, quadratic, terms.get((), 0.0), dimod.SPIN)


def to_binary_polynomial(cost: PauliZCost) -> dimod.BinaryPolynomial:
    """The cost as a polynomial of spins, of any order, variables 0..n-1 or its names."""
    dimod = DIMOD.load()
    labels = _labels(cost)
    terms = {tuple(labels[j] for j in s): c for s, c in _negate_odd(cost.terms).items()}
    return dimod.BinaryPolynomial({(label,): 0.0 for label in labels} | terms, dimod.SPIN)


def from_dimod(
    model: dimod.BinaryQuadraticModel | dimod.BinaryPolynomial,
    n_neurons: int | None = None,
    *,
    names: Sequence[Hashable] | None = None,
) -> PauliZCost:
    """A cost from a quadratic model or a polynomial, of spins or binary variables.

    Args:
        model: its variables are the neurons: integers from 0 or from 1 in their order, others in
            the order of the model, of a polynomial sorted by their text. Other than 0..n-1 they
            are the `names` of the cost.
        n_neurons: n, where the variables are integers below it; the others are in no term.
        names: all variables in the order of neurons, those that the model lacks too.

    Raises:
        TypeError: `model` is none of dimod's.
        ValueError: integers skip a variable, or `names` lacks one.
    """
    dimod = DIMOD.load()
    if isinstance(model, dimod.BinaryPolynomial):
        spins = model.to_spin(copy=True)
        terms = {(*map(to_label, term),): float(c) for term, c in spins.items()}
        variables = sorted(map(to_label, spins.variables), key=repr)
    elif isinstance(model, dimod.BinaryQuadraticModel):
        bqm = model.spin
        terms = {(): float(bqm.offset)}
        terms |= {(to_label(j),): float(c) for j, c in bqm.linear.items()}
        terms |= {(to_label(i), to_label(j)): float(c) for (i, j), c in bqm.quadratic.items()}
        variables = [*map(to_label, bqm.variables)]
    else:
        raise TypeError(f"model={show_value(model)} is no dimod model")
    if n_neurons is not None:
        if names is not None:
            raise ValueError(f"n_neurons={show_value(n_neurons)} with names (limit: one of them)")
        names = range(check_integer("n_neurons", n_neurons, minimum=1))
    if names is None:  # a variable of the model is there, also with a coefficient of 0
        terms = dict.fromkeys(((v,) for v in in_order(variables)), 0.0) | terms
    return PauliZCost(*to_terms("model", Qubo(_negate_odd(terms)), names))


def _labels(cost: PauliZCost) -> Sequence[Hashable]:
    """What the variables are called."""
    return range(cost.n_neurons) if cost.names is None else cost.names


Key = TypeVar("Key", bound=tuple[Hashable, ...])


def _negate_odd(terms: Mapping[Key, float]) -> dict[Key, float]:
    """Coefficients after every sign changes: those of odd order are negated."""
    return {neurons: c * (-1) ** len(neurons) for neurons, c in terms.items()}
