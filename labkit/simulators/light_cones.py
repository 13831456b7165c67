"""The exact QAOA expectation of a sum of local terms, for more neurons than a state could hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from labkit.ansatz import check_angles
from labkit.arrays import FloatArray
from labkit.costs import LocalCost
from labkit.limits import check_integer, check_register, show_value
from labkit.simulators.qaoa import evolve_qaoa

_BYTES_PER_MASK = 112


def light_cone_expectation(cost: LocalCost, gammas: npt.ArrayLike, betas: npt.ArrayLike) -> float:
    """The mean cost of the QAOA state with the X mixer, term by term, each within its cone.

    Seen backwards, a phase layer spreads a term to the terms that overlap with it, and the mixer
    spreads nothing. After p layers a term of adjacent neighbourhoods of K neurons has met the
    p(K-1) neurons on either side and no others: 2^(K + 2p(K-1)) amplitudes give it exactly.

    Args:
        cost: of any number of neurons, not rescaled.
        gammas: (p,) radians per unit of cost.
        betas: (p,) radians.

    Raises:
        ValueError: the angles are not of one length.
        TooLargeError: the state of a cone does not fit in memory.

    Reference: Farhi, Goldstone, Gutmann 2014, arXiv 1411.4028, section II.
    """
    if not isinstance(cost, LocalCost):
        raise TypeError(f"cost={show_value(cost)} is not a LocalCost")
    gammas, betas = check_angles(gammas, betas)
    total, cost = cost.offset, cost.centred
    overlaps = Overlaps(cost)
    cones = [overlaps.light_cone(neurons, len(gammas)) for neurons, _ in cost.terms]
    widest = max(map(len, cones), default=0) or 1
    check_register("n_neurons of a cone", widest, bytes_per_mask=_BYTES_PER_MASK, what="its state")
    for (neurons, values), cone in zip(cost.terms, cones, strict=True):
        if not neurons:
            total += float(values[0])
            continue
        state = evolve_qaoa(overlaps.within(cone), gammas, betas, dtype="complex128")
        total += float(values @ _marginal(state, [cone.index(j) for j in neurons]))
    return total


def light_cone(cost: LocalCost, neurons: Sequence[int], p: int) -> list[int]:
    """The neurons on which a term's expectation depends after p QAOA layers, ascending.

    Args:
        cost: a sum of local terms.
        neurons: those of the term.
        p: number of layers, 0 or more.
    """
    return Overlaps(cost).light_cone(neurons, check_integer("p", p, minimum=0))


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Which terms of a cost have a neuron in common."""

    cost: LocalCost

    @cached_property
    def terms_of(self) -> list[list[int]]:
        """For each neuron, the terms that read it."""
        terms: list[list[int]] = [[] for _ in range(self.cost.n_neurons)]
        for i, (neurons, _) in enumerate(self.cost.terms):
            for j in neurons:
                terms[j].append(i)
        return terms

    def light_cone(self, neurons: Sequence[int], p: int) -> list[int]:
        """See `light_cone`."""
        cone = set(neurons)
        for _ in range(p):
            touched = {i for j in cone for i in self.terms_of[j]}
            cone.update(j for i in touched for j in self.cost.terms[i][0])
        return sorted(cone)

    def within(self, cone: Sequence[int]) -> LocalCost:
        """The terms that lie in a cone, with its neurons numbered from 0."""
        number = {j: position for position, j in enumerate(cone)}
        touched = sorted({i for j in cone for i in self.terms_of[j]})
        terms = [self.cost.terms[i] for i in touched]
        inside = [term for term in terms if number.keys() >= set(term[0])]
        renumbered = [(tuple(number[j] for j in s), values) for s, values in inside]
        return LocalCost(renumbered, len(cone))


def _marginal(state: npt.NDArray[np.complex128], qubits: Sequence[int]) -> FloatArray:
    """Probabilities (2^k,) of the masks on some qubits, the first of them most significant."""
    n = len(state).bit_length() - 1
    by_qubit = (np.abs(state) ** 2).reshape((2,) * n)
    others = tuple(j for j in range(n) if j not in qubits)
    marginal = by_qubit.sum(axis=others)
    return marginal.transpose(np.argsort(np.argsort(qubits))).ravel()
