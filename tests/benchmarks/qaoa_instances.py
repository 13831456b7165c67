"""QAOA instances, and what an engine is that evaluates their objective."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measuring import TOLERANCE, Call, Contestant
from labkit.ansatz import ramp_angles
from labkit.costs import CostTable, PauliZCost
from labkit.simulators import probabilities, qaoa_expectation, qaoa_value_and_gradient

FloatArray = npt.NDArray[np.float64]
TABLE, TERMS = "table", "2-local"


@dataclass(frozen=True, eq=False)
class Instance:
    """A cost of order 2 with a term for each pair, in both forms, and angles.

    Attributes:
        polynomial: C in Pauli-Z terms, of standard deviation 1.
        table: C of each mask.
        gammas: (p,) radians per unit of cost.
        betas: (p,) radians.
    """

    polynomial: PauliZCost
    table: CostTable
    gammas: FloatArray
    betas: FloatArray

    @property
    def n(self) -> int:
        """Number of neurons."""
        return self.table.n_neurons

    @property
    def p(self) -> int:
        """Number of layers."""
        return len(self.gammas)


def draw_instance(n: int, p: int, *, rng: np.random.Generator) -> Instance:
    """Coefficients from N(0, 1), then of norm 1; the angles of an annealing ramp."""
    keys = [(j,) for j in range(n)] + [(i, j) for j in range(n) for i in range(j)]
    drawn = rng.normal(size=len(keys))
    coefficients = (drawn / np.linalg.norm(drawn)).tolist()
    polynomial = PauliZCost(dict(zip(keys, coefficients, strict=True)), n)
    gammas, betas = ramp_angles(p, n, std=polynomial.std)
    return Instance(polynomial, polynomial.to_table(), gammas, betas)


@dataclass(frozen=True, eq=False)
class Peer:
    """An engine.

    Attributes:
        name: as in the table.
        form: of the cost that it is given, by number of neurons and whether a gradient is asked.
        supports: whether (n, p), and perhaps its gradient, is worth waiting for.
        value: prepares a call that gives the mean cost.
        value_and_gradient: prepares one that gives value, dgammas and dbetas; None if it has none.
        tolerance: how far it may be from ours; the page tells where it is beyond the usual.
    """

    name: str
    form: Callable[[int, bool], str]
    supports: Callable[[int, int, bool], bool]
    value: Callable[[Instance], Call]
    value_and_gradient: Callable[[Instance], Call] | None
    tolerance: float = TOLERANCE

    def enter(self, instance: Instance, *, gradient: bool) -> Contestant | None:
        """The engine ready to be timed; None where it has nothing to offer.

        Raises:
            ImportError: it is not installed.
        """
        build = self.value_and_gradient if gradient else self.value
        if build is None or not self.supports(instance.n, instance.p, gradient):
            return None
        form, call = self.form(instance.n, gradient), build(instance)
        return Contestant(self.name, form, call, tolerance=self.tolerance)


def read_gradient(result: Any) -> FloatArray:
    """Value, dgammas and dbetas as one array (1 + 2p,)."""
    return np.concatenate([np.ravel(part) for part in result])


def read_value(result: Any) -> FloatArray:
    """The value alone, also of a result with its gradient."""
    return np.asarray(result[0] if isinstance(result, tuple) else result)


def enter_ours(instance: Instance, *, gradient: bool) -> Contestant:
    """labkit's own engine, by its public functions."""
    function = qaoa_value_and_gradient if gradient else qaoa_expectation
    arguments = instance.table, instance.gammas, instance.betas
    return Contestant("labkit", TABLE, lambda: function(*arguments))


def of_table(instance: Instance, state: Any) -> float:
    """The mean cost of a state, (2^n,) by mask index."""
    return float(probabilities(np.asarray(state)) @ instance.table.costs)
