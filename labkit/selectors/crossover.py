"""Grey-box search: local optima are taken apart where no term joins them, and put together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.random import Generator

from labkit.arrays import IntArray
from labkit.costs import LocalCost, PauliZCost
from labkit.limits import check_integer
from labkit.selectors.counted import CountedWalk
from labkit.selectors.meter import CostMeter


def partition_crossover_search(
    meter: CostMeter, *, rng: Generator, rounds: int | None = None, kick: int | None = None
) -> None:
    """Crosses each local optimum with one nearby, the better of both in each separate part.

    A descent from a random mask keeps every flip that lowers the cost, until none does. Then, again
    and again: `kick` neurons are flipped at random, and a descent follows that tries only neurons
    which share a term with one that changed. Where the two local optima differ, neurons that share
    a term belong to one part. No term reads two parts, so the cost is a sum over the parts, and
    from each part the better one is taken: of q parts the best of 2^q masks, for q queries. A
    descent from there gives the next local optimum.

    Args:
        meter: of a `LocalCost` or a `PauliZCost`.
        rng: source of the start, the orders and the kicks.
        rounds: kicks; by default n. A budget or a target ends the search earlier.
        kick: neurons flipped at once, 1 to n; by default so few that they hardly share a term.

    Raises:
        TypeError: the cost is of another form, which does not say who shares a term.

    Reference: Tinós, Whitley, Chicano 2015, FOGA XIII, 137 (partition crossover); Chicano, Whitley,
        Ochoa, Tinós 2017, GECCO, 753 (with kicks and descents).
    """
    cost, n = meter.cost, meter.n_neurons
    if not isinstance(cost, LocalCost | PauliZCost):
        given = f"{type(cost).__name__} of order {cost.order}"
        raise TypeError(f"cost is a {given} (limit: a LocalCost or a PauliZCost)")
    terms = Terms.of(cost)
    kick = check_integer("kick", terms.few if kick is None else kick, minimum=1, maximum=n)
    rounds = check_integer("rounds", n if rounds is None else rounds, minimum=0)
    walk = meter.walk(rng.random(n) < 0.5)
    _descend(walk, terms, np.arange(n), rng)
    for _ in range(rounds):
        before = walk.neuron_mask
        flips = rng.choice(n, kick, replace=False)
        walk.flip_together(flips)
        _descend(walk, terms, terms.near(flips), rng)
        parts = terms.parts(np.flatnonzero(walk.neuron_mask != before))
        if (better := _better(meter, walk, parts)).size:
            walk.flip_together(better)
            _descend(walk, terms, terms.near(better), rng)


def _descend(walk: CountedWalk, terms: Terms, neurons: IntArray, rng: Generator) -> None:
    """Tries these neurons, then those that share a term with what was flipped, until none is."""
    while neurons.size:
        order = rng.permutation(neurons)
        neurons = terms.near(order[walk.descend(order).kept])


def _better(meter: CostMeter, walk: CountedWalk, parts: list[IntArray]) -> IntArray:
    """The neurons of the parts whose flip lowers the cost."""
    lower = walk.group_costs(parts) < walk.cost - meter.equal_within(walk.cost)
    chosen = [part for part, is_lower in zip(parts, lower.tolist(), strict=True) if is_lower]
    return np.concatenate([*chosen, np.empty(0, dtype=np.int64)])


@dataclass(frozen=True, eq=False)
class Terms:
    """Which neurons share a term.

    Attributes:
        sharing: sparse (n, n), not 0 where two neurons do, or are the same.
    """

    sharing: Any

    @classmethod
    def of(cls, cost: LocalCost | PauliZCost) -> Terms:
        """Of the terms of a cost."""
        from scipy.sparse import csr_array

        read = [*cost.terms] if isinstance(cost, PauliZCost) else [term[0] for term in cost.terms]
        ends = np.cumsum([0, *map(len, read)])
        neurons = np.fromiter(chain.from_iterable(read), np.int64, int(ends[-1]))
        reads = csr_array((np.ones(len(neurons)), neurons, ends), (len(read), cost.n_neurons))
        return cls(csr_array(reads.T @ reads))

    @property
    def few(self) -> int:
        """So many neurons that most of them share no term with another of them, at least 1."""
        n = self.sharing.shape[0]
        return max(1, n // (2 * max(1, self.sharing.nnz // n - 1)))

    def near(self, neurons: IntArray) -> IntArray:
        """Those that share a term with one of these (k,), ascending."""
        found: IntArray = np.unique(self.sharing[neurons].indices).astype(np.int64)
        return found

    def parts(self, neurons: IntArray) -> list[IntArray]:
        """These neurons (k,), apart where no chain of shared terms among them joins them."""
        from scipy.sparse.csgraph import connected_components

        count, label = connected_components(self.sharing[neurons][:, neurons], directed=False)
        order = np.argsort(label, kind="stable")
        ends = np.cumsum(np.bincount(label, minlength=count))[:-1]
        return np.split(neurons[order], ends) if count else []
