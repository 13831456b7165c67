"""From terms, tables or contributions to what makes the state of a walk at a mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

import numpy as np

from labkit.arrays import BoolArray, FloatArray, IntArray, count_each, owners_of
from labkit.costs.names import Neurons
from labkit.costs.walks import arrays
from labkit.costs.walks.states import Fields, Integers, Outputs, Places, Rows, Units
from labkit.costs.walks.walk import EQUAL_WITHIN
from labkit.limits import check_count
from labkit.masks import place_values
from labkit.platforms import can_compile

#: Of a neuron in a term, on the way: its number, that of the term, a value, and their order.
_BYTES_PER_ENTRY = 100
_ROWS = 2**8  # of contributions, added up at a time


@dataclass(frozen=True, eq=False)
class Polynomial:
    """The terms of a polynomial by neuron; called with a mask (n,), the fields there.

    Attributes:
        constant: the coefficient of no neuron.
        linear: of one neuron, (n,).
        coefficients: of each term of more than two neurons.
        pairs, readers, members: see `Fields`.
    """

    steps_per_neuron: ClassVar[int] = 16

    constant: float
    linear: FloatArray
    coefficients: FloatArray
    pairs: Rows
    readers: Rows
    members: Rows

    @classmethod
    def of(cls, terms: Mapping[Neurons, float], n: int) -> Polynomial:
        """Of coefficients by their neurons, of n.

        Raises:
            TooLargeError: what is held of each neuron does not fit in memory.
        """
        _check_entries(sum(map(len, terms)))
        by_size = [{s: c for s, c in terms.items() if len(s) == size} for size in (1, 2)]
        more = {s: c for s, c in terms.items() if len(s) > 2}
        linear = np.zeros(n)
        linear[[j for (j,) in by_size[0]]] = [*by_size[0].values()]
        ends = np.array([*by_size[1]], dtype=np.intp).reshape(-1, 2)
        both = np.concatenate([ends, ends[:, ::-1]])
        couplings = np.array([*by_size[1].values()] * 2, dtype=np.float64)
        members = _lists([*more])
        readers = _rows(members.items, members.owners, np.zeros(len(members.items)), n)
        coefficients = np.array([*more.values()], dtype=np.float64)
        pairs = _rows(both[:, 0], both[:, 1], couplings, n)
        return cls(terms.get((), 0.0), linear, coefficients, pairs, readers, members)

    def __call__(self, neuron_mask: BoolArray) -> Fields:
        """The fields at a mask, which they own."""
        n, pairs, members = len(self.linear), self.pairs, self.members
        z, products = 1.0 - 2.0 * neuron_mask, self.coefficients.copy()
        np.multiply.at(products, members.owners, z[members.items])
        of_pairs = _sum_rows(pairs, z)
        of_more = z * count_each(members.items, products[members.owners], at_least=n)
        cost = self.constant + (z * self.linear).sum() + (z * of_pairs).sum() / 2 + products.sum()
        fields, total = self.linear + of_pairs + of_more, np.array([cost, 0.0])
        return Fields(neuron_mask, total, fields, products, pairs, self.readers, members)


@dataclass(frozen=True, eq=False)
class Tables:
    """Small tables by neuron; called with a mask (n,), the places in them.

    Attributes:
        values: of all tables, one after another.
        first: int64 (tables,), where each begins.
        members: of each table its neurons, and what each is worth in an index.
        readers: see `Places`.
    """

    steps_per_neuron: ClassVar[int] = 16

    values: FloatArray
    first: IntArray
    members: Rows
    readers: Rows

    @classmethod
    def of(cls, terms: Sequence[tuple[Neurons, FloatArray]], n: int) -> Tables:
        """Of neurons, of n, and values by the index of their mask.

        Raises:
            TooLargeError: what is held of each neuron does not fit in memory.
        """
        _check_entries(sum(len(neurons) + len(values) for neurons, values in terms))
        members = _lists([neurons for neurons, _ in terms])
        worths = [np.empty(0), *(place_values(len(neurons)) for neurons, _ in terms)]
        members = members._replace(values=np.concatenate(worths).astype(np.float64))
        values = np.concatenate([np.empty(0), *(values for _, values in terms)])
        first = np.cumsum([0, *(len(values) for _, values in terms)])[:-1]
        readers = _rows(members.items, members.owners, members.values, n)
        return cls(values, first, members, readers)

    def __call__(self, neuron_mask: BoolArray) -> Places:
        """The places at a mask, which they own."""
        members = self.members
        worth = members.values * neuron_mask[members.items]
        index = count_each(members.owners, worth, at_least=len(self.first))
        places = self.first + index.astype(np.intp)
        total = np.array([self.values[places].sum(), 0.0])
        return Places(neuron_mask, total, places, self.values, self.readers)


@dataclass(frozen=True, eq=False)
class Contributions:
    """What neurons, or patterns of units, add to outputs; called with a mask, the outputs there.

    Attributes:
        rows, width, targets, n_outputs, cost, rounding: see `Outputs`.
        constant: float64 (samples * C,), the outputs where every neuron is off.
    """

    steps_per_neuron: ClassVar[int] = 1

    rows: FloatArray
    width: int
    targets: FloatArray
    n_outputs: int
    cost: int
    rounding: float
    constant: FloatArray

    @classmethod
    def of(
        cls, rows: FloatArray, targets: FloatArray, *, cost: int, width: int, constant: FloatArray
    ) -> Contributions:
        """Of contiguous rows (rows, samples, C), targets and constant (samples, C).

        A margin is 0 where it is rounding of all that may add up to it.
        """
        blocks = (rows[i : i + _ROWS] for i in range(0, len(rows), _ROWS) if cost == 2)
        reach = sum((np.abs(block).sum(axis=0) for block in blocks), np.zeros_like(targets))
        rounding, flat = EQUAL_WITHIN * float(reach.max()), rows.reshape(len(rows), -1)
        of_samples = targets.ravel(), targets.shape[1]
        return cls(flat, width, *of_samples, cost, rounding, constant.ravel())

    def __call__(self, neuron_mask: BoolArray) -> Outputs:
        """The outputs at a mask, which they own."""
        outputs, (change, powers, fractions) = (
            self.constant.copy(),
            np.empty((3, len(self.constant))),
        )
        of_cost = self.targets, self.n_outputs, self.cost, self.rounding
        of_mask = neuron_mask, np.zeros(2), outputs, change, powers, fractions
        state = Outputs(*of_mask, self.rows, self.width, *of_cost)
        _add_up(state)
        return state


@dataclass(frozen=True, eq=False)
class HiddenUnits:
    """Hidden units and what outputs read of them; called with a mask, the outputs there.

    A neuron adds to each output its unit times a share: samples + C numbers of each neuron are
    held, not their products, of which there are samples * C.

    Attributes:
        units, readout, targets, cost, rounding: see `Units`.
    """

    steps_per_neuron: ClassVar[int] = 1

    units: FloatArray
    readout: FloatArray
    targets: FloatArray
    cost: int
    rounding: float

    @classmethod
    def of(
        cls, units: FloatArray, readout: FloatArray, targets: FloatArray, *, cost: int
    ) -> HiddenUnits:
        """Of contiguous units (n, samples) and readout (n, C), and targets (samples, C).

        A margin is 0 where it is rounding of all that may add up to it.
        """
        reach = np.zeros_like(targets)
        for i in range(0, len(units) if cost == 2 else 0, _ROWS):
            reach += np.abs(units[i : i + _ROWS]).T @ np.abs(readout[i : i + _ROWS])
        return cls(units, readout, targets, cost, EQUAL_WITHIN * float(reach.max()))

    def __call__(self, neuron_mask: BoolArray) -> Units:
        """The outputs at a mask, which they own."""
        outputs, (change, powers, fractions) = (
            np.zeros(self.targets.size),
            np.empty((3, self.targets.size)),
        )
        of_mask = neuron_mask, np.zeros(2), outputs, change, powers, fractions
        of_cost = self.targets.ravel(), self.targets.shape[1], self.cost, self.rounding
        state = Units(*of_mask, self.units, self.readout, *of_cost)
        _add_up(state)
        return state


def _sum_rows(pairs: Rows, signs: FloatArray) -> FloatArray:
    """The sum (n,) of each neuron's couplings times the signs (n,) of the others."""
    if not can_compile():
        products = pairs.values * signs[pairs.items]
        return count_each(pairs.owners, products, at_least=len(signs))
    from labkit.costs.walks.quadratic import sum_rows

    sums = np.empty(len(signs))
    sum_rows(pairs.starts, pairs.items, pairs.values, signs, sums)
    return sums


def _add_up(state: Outputs | Units) -> None:
    """Adds what the mask keeps to the outputs, and states the cost."""
    if not can_compile():
        arrays.add_up(state)
        return
    from labkit.costs.walks import loops

    (loops.add_up_units if isinstance(state, Units) else loops.add_up)(state)


def _check_entries(entries: int) -> None:
    check_count("n_terms", entries, bytes_each=_BYTES_PER_ENTRY, what="the neurons of all terms")


def _rows(owners: Integers, items: Integers, values: FloatArray, n_owners: int) -> Rows:
    """What each of n has, ascending."""
    order = np.lexsort((items, owners))
    counts = count_each(owners, at_least=n_owners)
    starts = np.concatenate([[0], np.cumsum(counts)])
    return Rows(starts, owners[order].astype(np.intp), items[order].astype(np.int32), values[order])


def _lists(lists: Sequence[tuple[int, ...]]) -> Rows:
    """Tuples of integers, one after another, without values."""
    lengths = np.fromiter(map(len, lists), np.intp, len(lists))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    items = np.fromiter(chain.from_iterable(lists), np.int32, int(starts[-1]))
    return Rows(starts, owners_of(lengths), items, np.empty(0))
