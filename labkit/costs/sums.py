"""How terms add up: coefficients of products of signs, and small tables, each over few neurons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs.names import Neurons, check_neurons
from labkit.costs.spectrum import walsh_hadamard
from labkit.costs.tables import EQUAL_WITHIN
from labkit.limits import check_array, check_count, check_finite, check_register, show_value
from labkit.masks import masks_from_indices, place_values
from labkit.threads import blas_threads_for

#: Neurons, and a value for each mask of them.
Term = tuple[Neurons, FloatArray]
#: Terms of one order: neurons (terms, k), and coefficients (terms,) or values (terms, 2^k).
OfOneOrder = tuple[IntArray, FloatArray]

_BLOCK_BYTES = 2**24
_BYTES_PER_TERM = 600  # of a polynomial, in two mappings, on the way
_TAIL = 8  # last neurons whose choices lie side by side in memory
_MERGED_SHARE = 6  # merged terms take at most 2^-6 of a table, one wide term excepted
#: Pairs are a matrix up to so many entries in all, and so many for each that is not 0.
_EMPTY, _SPARSE = 2**20, 64


class Products(NamedTuple):
    """A polynomial in signs, ready to be evaluated.

    Attributes:
        constant: the coefficient of no neuron.
        linear: of one neuron, (n,).
        pairs: of two as an upper triangle (n, n); None where there are none, or most would be 0.
        others: the other terms by their order.
    """

    constant: float
    linear: FloatArray
    pairs: FloatArray | None
    others: list[OfOneOrder]

    @classmethod
    def of(cls, terms: Mapping[Neurons, float], n_neurons: int) -> Products:
        """Of coefficients by their neurons."""
        by_order: dict[int, dict[Neurons, float]] = {}
        for neurons, coefficient in terms.items():
            by_order.setdefault(len(neurons), {})[neurons] = coefficient
        constant = by_order.pop(0, {}).get((), 0.0)
        linear, pairs = np.zeros(n_neurons), None
        for neurons, coefficient in by_order.pop(1, {}).items():
            linear[neurons[0]] = coefficient
        if 2 in by_order and n_neurons**2 <= _EMPTY + _SPARSE * len(by_order[2]):
            pairs = np.zeros((n_neurons, n_neurons))
            for neurons, coefficient in by_order.pop(2).items():
                pairs[neurons] = coefficient
        others = [(np.array([*s]), np.array([*s.values()])) for s in by_order.values()]
        return cls(constant, linear, pairs, others)

    def evaluate(self, masks: BoolArray) -> FloatArray:
        """The sum (...) at each of masks (..., n)."""
        z = 1.0 - 2.0 * masks
        with blas_threads_for(z.size * (1 if self.pairs is None else len(self.linear))):
            costs = self.constant + z @ self.linear
            if self.pairs is not None:
                costs = costs + np.sum((z @ self.pairs) * z, axis=-1)
            for neurons, coefficients in self.others:
                costs = costs + np.prod(z[..., neurons], axis=-1) @ coefficients
        return np.asarray(costs)


def tables_of_products(terms: Mapping[Neurons, float]) -> list[Term]:
    """Each coefficient times the product of its neurons' signs, for each mask of them.

    Raises:
        TooLargeError: the tables do not fit in memory.
    """
    order = max(map(len, terms), default=0)
    what = f"each of {len(terms)} tables of order {order}"
    check_register("order", max(order, 1), bytes_per_mask=16 * len(terms), what=what)
    return [(neurons, c * _signs_of_masks(len(neurons))) for neurons, c in terms.items()]


def _signs_of_masks(order: int) -> FloatArray:
    """prod_j z_j of each mask of so many neurons, (2^order,)."""
    return 1.0 - 2.0 * (np.bitwise_count(np.arange(2**order)) % 2)


def expand(values: FloatArray, order: int, *, max_order: int) -> dict[Neurons, float]:
    """Coefficients of products of signs in a table (2^order,), by the places of their neurons.

    Those of more than `max_order` neurons are left out, and those below `EQUAL_WITHIN` of the
    largest value: they are rounding.
    """
    coefficients = walsh_hadamard(values)
    coefficients /= 2**order
    rounding = EQUAL_WITHIN * np.abs(values).max()
    orders = np.bitwise_count(np.arange(2**order))
    kept = np.flatnonzero((orders <= max_order) & (np.abs(coefficients) > rounding))
    check_count("n_terms", len(kept), bytes_each=_BYTES_PER_TERM + 17 * order, what="the terms")
    neurons = (tuple(np.flatnonzero(one).tolist()) for one in masks_from_indices(kept, order))
    return dict(zip(neurons, coefficients[kept].tolist(), strict=True))


def expand_all(terms: Sequence[Term]) -> dict[Neurons, float]:
    """Coefficients of a sum of small tables; those that cancel but for rounding are left out."""
    parts: dict[Neurons, list[float]] = {}
    for neurons, values in terms:
        k = len(neurons)
        small = expand(values, k, max_order=k) if k else {(): float(values[0])}
        for places, coefficient in small.items():
            key = tuple(sorted(neurons[i] for i in places))
            parts.setdefault(key, []).append(coefficient)
    return {
        key: sum(added)
        for key, added in parts.items()
        if not key or abs(sum(added)) > EQUAL_WITHIN * sum(map(abs, added))
    }


def group_tables(terms: Sequence[Term]) -> list[OfOneOrder]:
    """Small tables by their number k of neurons."""
    by_order = []
    for k in sorted({len(neurons) for neurons, _ in terms}):
        group = [term for term in terms if len(term[0]) == k]
        neurons = np.array([neurons for neurons, _ in group], dtype=np.int64)
        by_order.append((neurons, np.stack([values for _, values in group])))
    return by_order


def sum_tables(groups: Sequence[OfOneOrder], masks: BoolArray) -> FloatArray:
    """The sum (masks,) of small tables at each of masks (masks, n), some at a time."""
    widest = 1 + max((neurons.shape[1] for neurons, _ in groups), default=0)
    rows = max(1, _BLOCK_BYTES // (8 * widest * (1 + sum(len(values) for _, values in groups))))
    costs = np.zeros(len(masks))
    for start in range(0, len(masks), rows):
        block = masks[start : start + rows]
        for neurons, values in groups:
            index = block[:, neurons] @ place_values(neurons.shape[1])
            costs[start : start + rows] += np.take_along_axis(values, index.T, axis=1).sum(axis=0)
    return costs


def add_up(terms: Sequence[Term], n_neurons: int) -> FloatArray:
    """The sum of terms over the first n neurons, for every mask, (2^n,).

    The terms that read none of the last neurons are added up by themselves, and each of those
    sums holds for every choice of the last neurons. The others are merged, and added as rows of
    all choices of the last neurons: a stretch of memory, whatever neurons a term reads.
    """
    head = max(0, n_neurons - _TAIL)
    early = [term for term in terms if all(j < head for j in term[0])]
    late = [term for term in terms if any(j >= head for j in term[0])]
    costs = np.zeros((2,) * head + (2 ** (n_neurons - head),))
    if early:
        sums = add_up(early, head) if head else np.sum([values for _, values in early], axis=0)
        costs += sums.reshape((2,) * head + (1,))
    for neurons, rows in _merge(late, head, n_neurons):
        costs += rows.reshape([2 if j in neurons else 1 for j in range(head)] + [-1])
    return costs.reshape(-1)


def _merge(
    terms: Sequence[Term], head: int, n_neurons: int
) -> Iterator[tuple[set[int], FloatArray]]:
    """Terms added up to tables over a few of the first neurons and all of the last.

    Each as the first neurons that it reads, and an axis of two for each neuron, the last too.
    """
    all_read = [{j for j in neurons if j < head} for neurons, _ in terms]
    largest = max([head - _MERGED_SHARE, *map(len, all_read)])
    groups: list[tuple[set[int], list[Term]]] = []
    for term, read in zip(terms, all_read, strict=True):
        for neurons, members in groups:
            if len(neurons | read) <= largest:
                neurons |= read
                members.append(term)
                break
        else:
            groups.append((read, [term]))
    for neurons, members in groups:
        axes = [*sorted(neurons), *range(head, n_neurons)]
        table = np.zeros((2,) * len(axes))
        for term in members:
            table += spread(term, axes)
        yield neurons, table


def spread(term: Term, axes: Sequence[int]) -> FloatArray:
    """A term's values with an axis of two for each neuron of `axes` that it reads, one if not."""
    neurons, values = term
    in_order = values.reshape((2,) * len(neurons)).transpose(np.argsort(neurons))
    return in_order.reshape([2 if j in neurons else 1 for j in axes])


def check_coefficients(terms: Any, n_neurons: int) -> dict[Neurons, float]:
    """Returns coefficients by ascending neurons, few first; those of the same are added up."""
    if not isinstance(terms, Mapping):
        raise TypeError(f"terms={show_value(terms)} is not a mapping of neurons to number")
    sums: dict[Neurons, float] = {}
    for neurons, coefficient in terms.items():
        key = tuple(sorted(check_neurons(neurons, n_neurons)))
        sums[key] = sums.get(key, 0.0) + check_finite("terms", coefficient)
    return {key: sums[key] for key in sorted(sums, key=lambda key: (len(key), key))}


def check_term(term: object, n_neurons: int) -> tuple[Neurons, FloatArray]:
    """Returns neurons and values, read-only, of a pair of them."""
    if not isinstance(term, Sequence) or len(term) != 2:
        raise TypeError(f"terms holds {show_value(term)}, no pair of neurons and values")
    neurons = check_neurons(term[0], n_neurons)
    values = check_array("values of a term", term[1]).copy()
    if values.shape != (shape := (2 ** len(neurons),)):
        raise ValueError(f"values of a term have shape {values.shape}; {neurons} need {shape}")
    values.setflags(write=False)
    return neurons, values
