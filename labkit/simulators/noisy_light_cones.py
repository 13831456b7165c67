"""The exact QAOA expectation of a sum of local terms on a machine that errs, cone by cone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from labkit.ansatz import check_angles
from labkit.arrays import FloatArray
from labkit.costs import LocalCost
from labkit.costs.spectrum import walsh_hadamard
from labkit.costs.sums import Term
from labkit.limits import TooLargeError, check_memory, memory_limit, show_value
from labkit.simulators.light_cones import Overlaps
from labkit.simulators.noise import MOST_CHANGED, NoisyCircuit, kept_share

_BYTES = 24  # of each number: it, what it becomes, and a copy in the order of the axes


def noisy_light_cone_expectation(
    cost: LocalCost, gammas: npt.ArrayLike, betas: npt.ArrayLike, *, two_qubit_error: float
) -> float:
    """The mean cost of the noisy QAOA state with the X mixer, term by term, each within its cone.

    The circuit is that of `qaoa_circuit`, the noise that of `noisy_probabilities`. A term is
    followed backwards as a sum of Pauli products. An error multiplies a product by a factor and
    leaves it as it is; a phase layer gives the neurons it spreads to no more than Z, on which all
    phase layers leave no mark. So the cone is as wide as without noise: p layers on a ring of
    neighbourhoods of K take at most 4^(K + 2(p-1)(K-1)) 2^(2(K-1)) numbers, whatever N is.

    Args:
        cost: of any number of neurons, not rescaled.
        gammas: (p,) radians per unit of cost.
        betas: (p,) radians.
        two_qubit_error: e after each operation on two qubits, 0..1.

    Raises:
        ValueError: the angles are not of one length, or the error is not in 0..1.
        TooLargeError: the products of a cone do not fit in memory, or the terms not in a minute.
    """
    if not isinstance(cost, LocalCost):
        raise TypeError(f"cost={show_value(cost)} is not a LocalCost")
    gammas, betas = check_angles(gammas, betas)
    kept_share("two_qubit_error", two_qubit_error, n_qubits=2)
    _check_terms(cost)
    constant, cost = cost.offset, cost.centred
    _check_cones(cost, len(gammas))
    layers = [
        _Layer(cost, gamma, beta, two_qubit_error)
        for gamma, beta in zip(gammas.tolist(), betas.tolist(), strict=True)
    ]
    return constant + sum(_expectation(term, layers) for term in cost.terms)


def _check_terms(cost: LocalCost) -> None:
    """Refuses a cost whose terms' gates, as matrices (4^k, 4^k), take over a minute or the memory.

    A term of k neurons has 2^k - 2 gates at most, each of which changes 16^k numbers.
    """
    orders = [max(len(neurons), 2) for neurons, _ in cost.terms]
    largest = int(math.log(memory_limit() / _BYTES, 16))
    k = max(orders, default=2)
    check_memory("order of cost", k, nbytes=_BYTES * 16.0**k, largest=largest, what="a term of it")
    if sum(32.0**order for order in orders) > MOST_CHANGED:
        what = f"cost has {len(orders):,} terms of up to {k} neurons, over a minute"
        raise TooLargeError(f"{what} (limit: {int(MOST_CHANGED / 32**k):,} terms of so many)")


def _check_cones(cost: LocalCost, p: int) -> None:
    """Refuses a cone whose products do not fit in memory, before any is made."""
    largest = int(math.log(memory_limit() / _BYTES, 4))
    overlaps = Overlaps(cost)
    for neurons in {neurons for neurons, _ in cost.terms if neurons and p}:
        inner = len(overlaps.light_cone(neurons, p - 1))
        outer = len(overlaps.light_cone(neurons, p)) - inner
        nbytes = _BYTES * 4.0**inner * 2.0**outer
        what = "the Pauli products of it"
        check_memory("neurons of a cone", inner + outer, nbytes=nbytes, largest=largest, what=what)


def _expectation(term: Term, layers: Sequence[_Layer]) -> float:
    """<+...+| of a term taken backwards through all layers."""
    neurons, values = term
    if not neurons:
        return float(values[0])
    coefficients = walsh_hadamard(values) / len(values)
    products = _Products([*neurons], coefficients.reshape((2,) * len(neurons)))
    for layer in reversed(layers):
        products = layer.backwards(products)
    return products.mean_of_start()


@dataclass(frozen=True, eq=False)
class _Products:
    """A sum of Pauli products on some neurons, one axis each: I, X, Y, Z; or I, Z of length 2."""

    neurons: list[int]
    coefficients: FloatArray

    def apply(self, neurons: Sequence[int], matrix: FloatArray) -> _Products:
        """A matrix (new axes, old axes) on some of the neurons, which come to the front."""
        old = [self.neurons.index(j) for j in neurons]
        k = len(neurons)
        found = np.tensordot(matrix, self.coefficients, axes=(range(k, 2 * k), old))
        return _Products([*neurons, *(j for j in self.neurons if j not in neurons)], found)

    def length(self, neuron: int) -> int:
        """Of a neuron's axis: 4, 2, or 1 for one that has none and is the identity."""
        if neuron not in self.neurons:
            return 1
        return self.coefficients.shape[self.neurons.index(neuron)]

    def widen(self, neurons: Sequence[int]) -> _Products:
        """With neurons that are the identity so far, and may become Z."""
        wide = np.zeros(self.coefficients.shape + (2,) * len(neurons))
        wide.reshape(*self.coefficients.shape, -1)[..., 0] = self.coefficients
        return _Products([*self.neurons, *neurons], wide)

    def mean_of_start(self) -> float:
        """In |+...+> a product of I and X has mean 1, any other 0."""
        kept = tuple(slice(length // 2) for length in self.coefficients.shape)
        return float(self.coefficients[kept].sum())


@dataclass(frozen=True, eq=False)
class _Layer:
    """exp(-i beta B) exp(-i gamma C) with errors, as matrices on Pauli products."""

    cost: LocalCost
    gamma: float
    beta: float
    two_qubit_error: float

    def backwards(self, products: _Products) -> _Products:
        """The sum of products whose mean before the layer is that of these after it."""
        for neuron in [*products.neurons]:
            length = products.length(neuron)
            products = products.apply(
                [neuron], self._mixer[:, [0, 3]] if length == 2 else self._mixer
            )
        touched = {i for j in products.neurons for i in self._terms_of[j]}
        reached = {j for i in touched for j in self._in_order[i][0]}
        products = products.widen(sorted(reached.difference(products.neurons)))
        marked = {i for j in products.neurons for i in self._terms_of[j]}
        for i in sorted(marked, reverse=True):
            products = self._phase(i, products)
        return products

    def _phase(self, i: int, products: _Products) -> _Products:
        """Backwards through a term's gates: what has no axis is the identity and stays it."""
        neurons = self._in_order[i][0]
        places = {4: [0, 1, 2, 3], 2: [0, 3], 1: [0]}
        kept = [places[products.length(j)] for j in neurons]
        inside = [j for j in neurons if products.length(j) > 1]
        block = self._block(i)[np.ix_(*kept, *kept)]
        lengths = [len(k) for k in kept if len(k) > 1]
        return products.apply(inside, block.reshape(lengths * 2))

    def _block(self, i: int) -> FloatArray:
        """Of a term's gates on k neurons, (4,) * 2k, from products after them to those before."""
        if i not in self._blocks:
            self._blocks[i] = _transfer(*self._in_order[i], self.gamma, self.two_qubit_error)
        return self._blocks[i]

    @cached_property
    def _blocks(self) -> dict[int, FloatArray]:
        return {}

    @cached_property
    def _in_order(self) -> list[Term]:
        """The terms in the order of the circuit."""
        from labkit.circuits.qaoa import side_by_side

        return side_by_side(term for term in self.cost.terms if term[0])

    @cached_property
    def _terms_of(self) -> list[list[int]]:
        """For each neuron, the terms that read it."""
        found: list[list[int]] = [[] for _ in range(self.cost.n_neurons)]
        for i, (neurons, _) in enumerate(self._in_order):
            for j in neurons:
                found[j].append(i)
        return found

    @cached_property
    def _mixer(self) -> FloatArray:
        """exp(i beta X) on one neuron, backwards: Z -> cos 2beta Z - sin 2beta Y."""
        c, s = math.cos(2 * self.beta), math.sin(2 * self.beta)
        return np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, c, -s], [0, 0, s, c]])


def _transfer(
    neurons: Sequence[int], values: FloatArray, gamma: float, two_qubit_error: float
) -> FloatArray:
    """R transposed of one term's gates with their errors, (4,) * 2k."""
    import cirq

    from labkit.circuits.qaoa import diagonal

    k = len(neurons)
    qubits = cirq.LineQubit.range(k)
    run = NoisyCircuit.of(cirq.Circuit(diagonal(qubits, -gamma * values)))
    columns = np.eye(4 ** max(k, 2))
    for column in columns:  # rows of the unit matrix become columns of R
        run.apply(column, two_qubit_error)
    if k == 1:
        columns = columns[::4, ::4]  # a neuron alone is run with another, which stays I
    return columns.reshape((4,) * (2 * k))
