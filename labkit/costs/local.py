"""A cost as a sum of small tables, each over a few neurons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs.pauli_z import PauliZCost
from labkit.costs.tables import CheckedCost, CostTable, Neurons, check_neurons
from labkit.limits import check_array, check_integer, check_register, repr_line, show_value
from labkit.masks import place_values

Term = tuple[Neurons, FloatArray]

_BLOCK_BYTES = 2**24
_TAIL = 8  # last neurons whose choices lie side by side in memory
_MERGED_SHARE = 6  # merged terms take at most 2^-6 of a table, one wide term excepted


@dataclass(frozen=True, eq=False, repr=False)
class LocalCost(CheckedCost):
    """cost(m) = sum_i values_i[m restricted to neurons_i]: never a table of 2^n.

    Attributes:
        terms: pairs of neurons (k,) and values float64 (2^k,), read-only, by the index of the
            mask on those neurons, the first of them most significant.
        n_neurons: n.

    >>> cost = LocalCost([((0, 1), [0.0, 1.0, 1.0, 0.0]), ((1, 2), [0.0, 1.0, 1.0, 0.0])], 3)
    >>> float(cost.evaluate("010")), cost.order
    (2.0, 2)

    Reference: Whitley, Tinós, Chicano 2015, arXiv 1505.01887 (NK landscapes of neurons).
    """

    terms: Sequence[tuple[Neurons, FloatArray]]
    n_neurons: int

    def __post_init__(self) -> None:
        n = check_integer("n_neurons", self.n_neurons, minimum=1)
        if not isinstance(self.terms, Sequence):
            raise TypeError(f"terms={show_value(self.terms)} is not a sequence of terms")
        object.__setattr__(self, "terms", tuple(_check_term(term, n) for term in self.terms))
        object.__setattr__(self, "n_neurons", n)

    def __repr__(self) -> str:
        n_terms = len(self.terms)
        return repr_line(self, n_neurons=self.n_neurons, order=self.order, n_terms=n_terms)

    @property
    def order(self) -> int:
        """The largest number of neurons in one term."""
        return max((len(neurons) for neurons, _ in self.terms), default=0)

    @property
    def mean(self) -> float:
        """The mean cost over all masks."""
        return float(sum(values.mean() for _, values in self.terms))

    @property
    def std(self) -> float:
        """The standard deviation over all masks."""
        return self.to_pauli_z().std

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again."""
        batch = masks.reshape(-1, self.n_neurons)
        rows = max(1, _BLOCK_BYTES // (8 * (1 + self.order) * (1 + len(self.terms))))
        blocks = [self._evaluate(batch[i : i + rows]) for i in range(0, len(batch), rows)]
        return np.concatenate([*blocks, np.empty(0)]).reshape(masks.shape[:-1])

    def to_table(self) -> CostTable:
        """The cost of each of the 2^n masks.

        Raises:
            TooLargeError: the table does not fit in memory.
        """
        n = check_register("n_neurons", self.n_neurons, bytes_per_mask=16, what="the cost table")
        return CostTable.owning(_add_up(self.terms, n), n)

    def to_pauli_z(self) -> PauliZCost:
        """The same cost as a polynomial in z_j: each small table expanded by itself."""
        sums: dict[Neurons, float] = {}
        for neurons, values in self.terms:
            if not neurons:
                sums[()] = sums.get((), 0.0) + float(values[0])
                continue
            small = PauliZCost.from_table(CostTable(values, len(neurons)))
            for positions, coefficient in small.terms.items():
                key = tuple(sorted(neurons[i] for i in positions))
                sums[key] = sums.get(key, 0.0) + coefficient
        return PauliZCost(sums, self.n_neurons)

    def _evaluate(self, masks: BoolArray) -> FloatArray:
        costs = np.zeros(len(masks))
        for neurons, values in self._by_order:
            index = masks[:, neurons] @ place_values(neurons.shape[1])
            costs += np.take_along_axis(values, index.T, axis=1).sum(axis=0)
        return costs

    @cached_property
    def _by_order(self) -> list[tuple[IntArray, FloatArray]]:
        """For each number k of neurons: neurons (terms, k) and values (terms, 2^k)."""
        by_order = []
        for k in sorted({len(neurons) for neurons, _ in self.terms}):
            group = [term for term in self.terms if len(term[0]) == k]
            neurons = np.array([neurons for neurons, _ in group], dtype=np.int64)
            by_order.append((neurons, np.stack([values for _, values in group])))
        return by_order


def _add_up(terms: Sequence[Term], n_neurons: int) -> FloatArray:
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
        sums = _add_up(early, head) if head else np.sum([values for _, values in early], axis=0)
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
            table += _by_neuron(term, axes)
        yield neurons, table


def _by_neuron(term: Term, axes: Sequence[int]) -> FloatArray:
    """A term's values with an axis of two for each neuron of `axes` that it reads, one if not."""
    neurons, values = term
    in_order = values.reshape((2,) * len(neurons)).transpose(np.argsort(neurons))
    return in_order.reshape([2 if j in neurons else 1 for j in axes])


def _check_term(term: object, n_neurons: int) -> tuple[Neurons, FloatArray]:
    if not isinstance(term, Sequence) or len(term) != 2:
        raise TypeError(f"terms holds {show_value(term)}, no pair of neurons and values")
    neurons = check_neurons(term[0], n_neurons)
    values = check_array("values of a term", term[1]).copy()
    if values.shape != (shape := (2 ** len(neurons),)):
        raise ValueError(f"values of a term have shape {values.shape}; {neurons} need {shape}")
    values.setflags(write=False)
    return neurons, values
