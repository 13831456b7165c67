"""The exact minimum of a sum of small tables, along a tree of bags of neurons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.costs import LocalCost, PauliZCost
from labkit.costs.sums import Term, spread
from labkit.limits import ALWAYS_FITS, check_memory, memory_limit
from labkit.masks import place_values
from labkit.selectors.meter import CostMeter

#: Of the masks of a bag: their costs, those costs by neuron, and the better of two.
_BYTES_PER_MASK = 24


def tree_elimination(meter: CostMeter, *, rng: np.random.Generator) -> None:
    """Finds an optimum of a cost of local terms, whichever neurons they read.

    A tree decomposition puts the neurons into bags, such that each term fits into a bag and the
    bags of each neuron hang together. From the leaves to the root each bag adds up its terms and
    what its children say, and says the least cost for each choice of the neurons that it shares
    with its parent. With bags of at most w + 1 neurons this takes O(n 2^w) steps: w is the width
    that the heuristic of the least degree finds in O(n w^2) steps, 2 (K - 1) or so where outputs
    read K neighbours.

    No mask is scored on the way, and one cost query states the cost of the mask found. The local
    tables take 2^order forward passes, counted, as in `dynamic_programming`.

    Args:
        meter: of a `LocalCost`, or of a `PauliZCost`.
        rng: not used; equal optima are all optima.

    Raises:
        TypeError: the cost is none.
        TooLargeError: the bags are too large for the memory.

    Reference: Bertelè and Brioschi 1972, Nonserial Dynamic Programming.
    """
    cost = meter.cost.to_local() if isinstance(meter.cost, PauliZCost) else meter.cost
    if not isinstance(cost, LocalCost):
        given = f"{type(cost).__name__} of order {cost.order}"
        raise TypeError(f"cost is a {given} (limit: a LocalCost or a PauliZCost)")
    bags = find_bags(cost)
    meter.count_table(cost.order)
    meter.evaluate(least_mask(bags, cost.n_neurons))


@dataclass(frozen=True, eq=False)
class Bag:
    """A neuron and those that it is looked at with.

    Attributes:
        neuron: the one that no later bag has.
        shared: the others, ascending, all of which its parent has.
        parent: its place among all bags, behind its own; -1 where there is none.
        terms: those that are added up here.
    """

    neuron: int
    shared: tuple[int, ...]
    parent: int
    terms: list[Term]

    @property
    def neurons(self) -> tuple[int, ...]:
        """All of them, its own first."""
        return self.neuron, *self.shared

    def least(self) -> tuple[BoolArray, FloatArray]:
        """By the mask of `shared`: whether its neuron stays, bool (2^s,), and the cost."""
        axes = sorted(self.neurons)
        table = np.zeros((2,) * len(axes))
        for term in self.terms:
            table += spread(term, axes)
        goes, stays = np.moveaxis(table, axes.index(self.neuron), 0).reshape(2, -1)
        return stays < goes, np.minimum(goes, stays)


def find_bags(cost: LocalCost) -> list[Bag]:
    """The bags of a tree decomposition, one of each neuron, each before its parent.

    Raises:
        TooLargeError: what is held for the choices of their neurons does not fit in memory.
    """
    near: list[set[int]] = [set() for _ in range(cost.n_neurons)]
    for neurons, _ in cost.terms:
        for j in neurons:
            near[j].update(neurons)
    widest = int(math.log2(max(ALWAYS_FITS, memory_limit()) / _BYTES_PER_MASK)) - 1
    found = eliminate(near, widest)
    width, what = max(len(shared) for _, shared in found), "the least costs of a bag of neurons"
    check_memory("width", width, nbytes=_peak_bytes(found), largest=widest, what=what)
    return make_bags(found, cost.terms)


def eliminate(near: list[set[int]], widest: int) -> list[tuple[int, tuple[int, ...]]]:
    """Takes out the neuron that shares terms with the fewest, joins those few, and again.

    Args:
        near: of each neuron those that it shares a term with; is used up.
        widest: ends with the first that shares terms with more than so many.

    Returns:
        Each neuron as it was taken out, and those few, ascending.

    Reference: Bodlaender and Koster 2010, Information and Computation 208, 259 (least degree).
    """
    for j, others in enumerate(near):
        others.discard(j)
    heap, found = [(len(others), j) for j, others in enumerate(near)], []
    heapify(heap)
    out = [False] * len(near)
    while heap:
        degree, j = heappop(heap)
        if out[j] or degree != len(near[j]):  # it was put there again
            continue
        out[j] = True
        found.append((j, tuple(sorted(near[j]))))
        if degree > widest:
            break
        for other in near[j]:
            near[other] |= near[j]
            near[other] -= {j, other}
            heappush(heap, (len(near[other]), other))
    return found


def _peak_bytes(found: list[tuple[int, tuple[int, ...]]]) -> int:
    """What the largest bag takes, with all that is held by then: choices, and unread messages."""
    place = {neuron: i for i, (neuron, _) in enumerate(found)}
    held, peak, unread = 0, 0, [0] * (len(found) + 1)
    for i, (_, shared) in enumerate(found):
        masks = 2 ** len(shared)
        peak = max(peak, held + 2 * masks * _BYTES_PER_MASK)
        held += 9 * masks - unread[i]
        unread[min((place.get(j, -1) for j in shared), default=-1)] += 8 * masks
    return max(peak, held)


def make_bags(found: list[tuple[int, tuple[int, ...]]], terms: Sequence[Term]) -> list[Bag]:
    """Bags of neurons as they were taken out: the parent has the next of them to be taken out."""
    place = {neuron: i for i, (neuron, _) in enumerate(found)}
    parents = [min((place[j] for j in shared), default=-1) for _, shared in found]
    bags = [Bag(*one, parent, []) for one, parent in zip(found, parents, strict=True)]
    for term in terms:
        bags[min((place[j] for j in term[0]), default=0)].terms.append(term)
    return bags


def least_mask(bags: list[Bag], n_neurons: int) -> BoolArray:
    """What a bag says is one more term of its parent; then the choices, from the last bag on."""
    choices = []
    for bag in bags:
        best, costs = bag.least()
        choices.append(best)
        bag.terms.clear()
        if bag.parent >= 0:
            bags[bag.parent].terms.append((bag.shared, costs))
    mask = np.zeros(n_neurons, dtype=bool)
    for bag, best in zip(reversed(bags), reversed(choices), strict=True):
        mask[bag.neuron] = best[mask[[*bag.shared]] @ place_values(len(bag.shared))]
    return mask
