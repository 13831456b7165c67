"""The exact minimum of a sum of small tables, along a tree of bags of neurons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs import LocalCost, PauliZCost
from labkit.costs.sums import Term, spread
from labkit.limits import check_memory, memory_limit
from labkit.masks import masks_from_indices, place_values
from labkit.selectors.meter import CostMeter


def tree_elimination(meter: CostMeter, *, rng: np.random.Generator) -> None:
    """Finds an optimum of a cost of local terms, whichever neurons they read.

    A tree decomposition puts the neurons into bags, such that each term fits into a bag and the
    bags of each neuron hang together. From the leaves to the root each bag adds up its terms and
    what its children say, and says the least cost for each choice of the neurons that it shares
    with its parent. With bags of at most w + 1 neurons this takes O(n 2^w) steps: w is the width
    that the heuristic of the least degree finds, 2 (K - 1) or so where outputs read K neighbours.

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
    meter.count(forward_passes=2**cost.order)
    meter.evaluate(_least_mask(bags, cost.n_neurons))


@dataclass(frozen=True, eq=False)
class Bag:
    """Neurons that are looked at together.

    Attributes:
        neurons: ascending.
        own: those that its parent does not have, ascending.
        shared: the others, ascending.
        parent: its place among all bags, behind its own; -1 of the root.
        terms: those that are added up here.
    """

    neurons: tuple[int, ...]
    own: tuple[int, ...]
    shared: tuple[int, ...]
    parent: int
    terms: list[Term]

    def least(self) -> tuple[IntArray, FloatArray]:
        """By the mask of `shared`: the best mask of `own`, int (2^s,), and its cost."""
        table = np.zeros((2,) * len(self.neurons))
        for term in self.terms:
            table += spread(term, self.neurons)
        axes = [self.neurons.index(j) for j in (*self.own, *self.shared)]
        costs = table.transpose(axes).reshape(2 ** len(self.own), -1)
        return costs.argmin(axis=0).astype(np.int32), costs.min(axis=0)


def find_bags(cost: LocalCost) -> list[Bag]:
    """The bags of a tree decomposition, each before its parent.

    Raises:
        TooLargeError: what is held for the choices of their neurons does not fit in memory.
    """
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(cost.n_neurons))
    for neurons, _ in cost.terms:
        graph.add_edges_from(combinations(neurons, 2))
    _, tree = nx.approximation.treewidth_min_degree(graph)
    root = next(iter(tree))
    parents = dict(nx.bfs_predecessors(tree, root))
    order = [root, *parents][::-1]
    place = {neurons: i for i, neurons in enumerate(order)} | {frozenset(): -1}
    bags = []
    for neurons in order:
        above = parents.get(neurons, frozenset())
        all_, own, shared = map(sorted, (neurons, neurons - above, neurons & above))
        bags.append(Bag(tuple(all_), tuple(own), tuple(shared), place[above], []))
    _check_memory(bags)
    _share_out(cost.terms, bags)
    return bags


def _check_memory(bags: list[Bag]) -> None:
    width = max(len(bag.neurons) for bag in bags) - 1
    # the best masks of all bags, and three tables of the largest
    nbytes = sum(4 * 2 ** len(bag.shared) for bag in bags) + 24 * 2 ** (width + 1)
    largest = int(math.log2(memory_limit() / 24)) - 1
    what = "the least costs of a tree of bags of neurons"
    check_memory("width", width, nbytes=nbytes, largest=largest, what=what)


def _share_out(terms: Sequence[Term], bags: list[Bag]) -> None:
    """Gives each term to the first bag that has all of its neurons."""
    having: dict[int, set[int]] = {}
    for i, bag in enumerate(bags):
        for j in bag.neurons:
            having.setdefault(j, set()).add(i)
    for term in terms:
        places = set.intersection(*(having[j] for j in term[0])) if term[0] else {0}
        bags[min(places)].terms.append(term)


def _least_mask(bags: list[Bag], n_neurons: int) -> BoolArray:
    """What a bag says is one more term of its parent; then the choices, from the root on."""
    choices = []
    for bag in bags:
        best, costs = bag.least()
        choices.append(best)
        if bag.parent >= 0:
            bags[bag.parent].terms.append((bag.shared, costs))
    mask = np.zeros(n_neurons, dtype=bool)
    for bag, best in zip(reversed(bags), reversed(choices), strict=True):
        chosen = best[mask[[*bag.shared]] @ place_values(len(bag.shared))]
        if bag.own:
            mask[[*bag.own]] = masks_from_indices(chosen, len(bag.own))
    return mask
