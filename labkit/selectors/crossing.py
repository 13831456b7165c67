"""Who shares a term, and the best child of two masks as far as the terms come apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.random import Generator

from labkit.arrays import BoolArray, IntArray, count_each, owners_of
from labkit.costs import LocalCost, PauliZCost
from labkit.costs.names import Neurons
from labkit.costs.sums import OfOneOrder, Term, group_tables, tables_of_products
from labkit.limits import check_count
from labkit.masks import masks_from_indices, place_values
from labkit.selectors.elimination import eliminate, least_mask, make_bags

#: Neurons of a part that are looked at together, besides one.
_WIDEST = 8


@dataclass(frozen=True, eq=False)
class Terms:
    """The terms of a cost.

    Attributes:
        groups: their neurons and tables, by how many neurons a term reads.
        sharing: sparse (n, n), not 0 where two neurons share a term, or are the same.
    """

    groups: Sequence[OfOneOrder]
    sharing: Any

    @classmethod
    def of(cls, cost: LocalCost | PauliZCost) -> Terms:
        """Of a cost.

        Raises:
            TooLargeError: their tables, and who shares them, do not fit in memory.
        """
        from scipy.sparse import csr_array, eye_array

        n, what = cost.n_neurons, "the tables of all terms, and who shares one"
        nbytes = sum(8 * 2 ** len(term) + 24 * len(term) ** 2 for term in _read(cost))
        count = max(1, len(cost.terms))
        check_count("n_terms", count, bytes_each=1 + nbytes // count, what=what)
        terms = tables_of_products(cost.terms) if isinstance(cost, PauliZCost) else cost.terms
        read = _read(cost)
        ends = np.cumsum([0, *map(len, read)])
        neurons = np.fromiter(chain.from_iterable(read), np.int64, int(ends[-1]))
        reads = csr_array((np.ones(len(neurons)), neurons, ends), (len(read), n))
        return cls(group_tables(terms), csr_array(reads.T @ reads + eye_array(n)))

    def near(self, neurons: IntArray) -> IntArray:
        """These (k,) and those that share a term with one of them, ascending."""
        found: IntArray = np.unique(self.sharing[neurons].indices).astype(np.int64)
        return found

    def ball(self, size: int, rng: Generator) -> IntArray:
        """Neurons around a random one: so many, or all that chains of shared terms lead to."""
        n = self.sharing.shape[0]
        if size >= n:
            return np.arange(n)
        ball = np.empty(0, dtype=np.int64)
        around = rng.integers(n, size=1)
        while len(ball) < len(around) < size:
            ball, around = around, self.near(around)
        shell = rng.permutation(np.setdiff1d(around, ball))
        return np.concatenate([ball, shell])[:size]

    def blocks(self, neurons: IntArray, size: int, rng: Generator) -> IntArray:
        """Each of these (k,) with others that it shares terms with, int64 (k, size).

        The others are drawn at random; -1 where there are fewer.
        """
        rows = self.sharing[neurons]
        owner = owners_of(np.diff(rows.indptr))
        draws = np.where(rows.indices == neurons[owner], -1.0, rng.random(len(owner)))
        order = np.lexsort((draws, owner))
        place = np.arange(len(owner)) - rows.indptr[owner]  # of each in its row
        blocks, chosen = np.full((len(neurons), size), -1), place < size
        blocks[owner[chosen], place[chosen]] = rows.indices[order[chosen]]
        return blocks

    def parts(self, neurons: IntArray) -> list[IntArray]:
        """These neurons (k,), apart where no chain of shared terms among them joins them."""
        from scipy.sparse.csgraph import connected_components

        count, label = connected_components(self.sharing[neurons][:, neurons], directed=False)
        order = np.argsort(label, kind="stable")
        ends = np.cumsum(count_each(label, at_least=count))[:-1]
        return np.split(neurons[order], ends) if count else []

    def cross(self, neuron_mask: BoolArray, differing: IntArray) -> tuple[IntArray, list[IntArray]]:
        """What to flip for the best child of two masks, as far as their difference comes apart.

        The children of two masks have each neuron from the one or from the other. A part of their
        difference is decided by itself, since no term reads two; within a part neurons are taken
        out one after another, as in `tree_elimination`.

        Args:
            neuron_mask: bool (n,), one of them.
            differing: int64 (k,), the neurons that the other has otherwise.

        Returns:
            The neurons to flip, of parts that could be decided; and the other parts, which are too
            wide for it.
        """
        found: list[tuple[int, tuple[int, ...]]] = []
        narrow, wide = [np.empty(0, dtype=np.int64)], []
        for part in self.parts(differing):
            rows = self.sharing[part][:, part]
            near = [{*rows.indices[a:b].tolist()} for a, b in pairwise(rows.indptr)]
            taken_out = eliminate(near, _WIDEST)
            if len(taken_out[-1][1]) > _WIDEST:
                wide.append(part)
                continue
            before = sum(map(len, narrow))
            found += [(j + before, tuple(i + before for i in few)) for j, few in taken_out]
            narrow.append(part)
        free = np.concatenate(narrow)
        bags = make_bags(found, [*_restrict(self.groups, neuron_mask, free)])
        return free[least_mask(bags, len(free)) != neuron_mask[free]], wide


def _read(cost: LocalCost | PauliZCost) -> list[Neurons]:
    """The neurons of each term."""
    return [*cost.terms] if isinstance(cost, PauliZCost) else [term[0] for term in cost.terms]


def _restrict(
    groups: Sequence[OfOneOrder], neuron_mask: BoolArray, free: IntArray
) -> Iterator[Term]:
    """The terms that read a free neuron (k,), by its place among these; the others are held."""
    place = np.full(len(neuron_mask), -1)
    place[free] = np.arange(len(free))
    for neurons, values in groups:
        worth = place_values(neurons.shape[1])
        is_free = place[neurons] >= 0
        patterns = is_free @ worth
        for pattern in np.unique(patterns[patterns > 0]).tolist():
            rows = np.flatnonzero(patterns == pattern)
            which = masks_from_indices(pattern, len(worth))
            held = neuron_mask[neurons[rows][:, ~which]] @ worth[~which]
            n_free = int(which.sum())
            choices = masks_from_indices(np.arange(2**n_free), n_free) @ worth[which]
            tables = np.take_along_axis(values[rows], held[:, np.newaxis] + choices, axis=1)
            read = map(tuple, place[neurons[rows][:, which]].tolist())
            yield from zip(read, tables, strict=True)
