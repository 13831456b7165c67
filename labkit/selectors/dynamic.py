"""The exact minimum of a cost whose terms each read neighbouring neurons, without 2^n masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.costs import LocalCost, PauliZCost
from labkit.limits import check_register, show_value
from labkit.masks import place_values
from labkit.selectors.meter import CostMeter


def dynamic_programming(meter: CostMeter, *, rng: np.random.Generator) -> None:
    """Finds an optimum of a cost of local terms, from their tables alone.

    With terms in windows of at most K cyclically consecutive neurons, of which those that cross
    from neuron n - 1 to neuron 0 reach the first w, it keeps for each choice f of the first w
    neurons, and each choice r of the last K - 1 neurons before neuron t + 1, the least cost of
    the terms that end up to t::

        best_t(f, r) = min_{m_(t-K+1)} [ best_t-1(f, r') + terms_t(m_(t-K+1) .. m_t) ]

    The crossing terms come last, when f and the last neurons are both there. This takes
    O(n 2^(w + K)) steps: w = 0 on an open chain, w = K - 1 on a ring of adjacent neighbourhoods.

    No mask is scored on the way, and one cost query states the cost of the mask found. The local
    tables take 2^order forward passes, counted: each pass shows one pattern to every term.

    Args:
        meter: of a `LocalCost`; a polynomial becomes one by `PauliZCost.to_local`.
        rng: not used; equal optima are all optima.

    Raises:
        TypeError: the cost is none.
        TooLargeError: the terms span too many neighbouring neurons for the memory.

    Reference: Bellman 1957; Whitley, Tinós, Chicano 2015, arXiv 1505.01887 (bounded tree width).
    """
    cost = meter.cost
    if not isinstance(cost, LocalCost):
        given = f"{type(cost).__name__} of order {cost.order}"
        hint = ": take cost.to_local()" if isinstance(cost, PauliZCost) else ""
        limit = "limit: a LocalCost, of terms on neighbouring neurons"
        raise TypeError(f"cost is a {given} ({limit}){hint}")
    first = [min(neurons, default=0) for neurons, _ in cost.terms]
    behind_gap = [_start(neurons, cost.n_neurons) for neurons, _ in cost.terms]
    chains = (_chain(cost, starts) for starts in (first, behind_gap))
    chain = min(chains, key=lambda chain: chain.bandwidth)
    # three arrays of float64, two of indices, and one bool for each neuron to go back by
    needed, what = 48 + cost.n_neurons // 2, f"the least costs of neurons, as {chain.reach}"
    check_register("bandwidth", chain.bandwidth, bytes_per_mask=needed, what=what)
    meter.count_table(cost.order)
    meter.evaluate(_least_mask(chain))


@dataclass(frozen=True, eq=False)
class _Chain:
    """Terms along a line of neurons.

    Attributes:
        n_neurons: n.
        width: K, the window of neurons that a term may read, at least 1.
        n_first: w, the neurons at the start that the crossing terms read.
        widest: the neurons of a term that reads the widest window.
        ending: for each neuron, the terms that end there; neuron n + j of a crossing term, which
            ends at the last, is neuron j.
    """

    n_neurons: int
    width: int
    n_first: int
    widest: tuple[int, ...]
    ending: list[list[tuple[list[int], FloatArray]]]

    @property
    def bandwidth(self) -> int:
        """How many neurons are looked at together."""
        return self.n_first + self.width

    @property
    def reach(self) -> str:
        """In words, how far the terms reach."""
        return f"term {show_value(self.widest)} reads a range of {self.width} neighbours"


def _start(neurons: tuple[int, ...], n: int) -> int:
    """The neuron behind the widest gap between these, on a ring of n."""
    in_order = np.sort(neurons)
    gaps = (in_order - np.roll(in_order, 1)) % n
    return int(in_order[gaps.argmax()]) if neurons else 0


def _chain(cost: LocalCost, starts: list[int]) -> _Chain:
    """Each term from its start on: from its first neuron none crosses, behind a gap it may."""
    n, width, n_first = cost.n_neurons, 1, 0
    widest: tuple[int, ...] = ()
    ending: list[list[tuple[list[int], FloatArray]]] = [[] for _ in range(n)]
    for start, (neurons, values) in zip(starts, cost.terms, strict=True):
        unrolled = [j if j >= start else j + n for j in neurons]
        end = max(unrolled, default=0)
        if end - start + 1 > width:
            width, widest = end - start + 1, neurons
        n_first = max(n_first, end - n + 1)
        ending[min(end, n - 1)].append((unrolled, values))
    return _Chain(n, width, n_first, widest, ending)


def _least_mask(chain: _Chain) -> BoolArray:
    n, k, n_first = chain.n_neurons, chain.width, chain.n_first
    first, window = np.arange(2**n_first)[:, np.newaxis], np.arange(2**k)
    best = np.full((2**n_first, 2 ** (k - 1)), np.inf)
    best[:, 0] = 0  # before neuron 0 there is none: its bit is 0, and no term reads it
    goes_on = np.empty((n, *best.shape), dtype=bool)
    for t in range(n):
        # 1. m_t comes in, as the last of k neurons
        extended = np.repeat(best, 2, axis=1)
        if t < n_first:
            extended[(first >> (n_first - 1 - t) & 1) != (window & 1)] = np.inf
        for unrolled, values in chain.ending[t]:
            index = np.zeros((1, 1), dtype=np.int64)
            for j, worth in zip(unrolled, place_values(len(unrolled)).tolist(), strict=True):
                bit = window >> (t - j) if j < n else first >> (n_first - 1 - (j - n))
                index = index + worth * (bit & 1)
            extended += values[index]
        # 2. the first of the k goes out, by its better choice
        out, stays = extended.reshape(len(best), 2, -1).swapaxes(0, 1)
        goes_on[t], best = stays < out, np.minimum(stays, out)
    return _trace_back(goes_on, int(best.argmin()), k)


def _trace_back(goes_on: BoolArray, end: int, k: int) -> BoolArray:
    """The choices that led to the state `end`, from the last neuron to the first."""
    first, last = divmod(end, 2 ** (k - 1))
    mask = np.zeros(len(goes_on), dtype=bool)
    for t in reversed(range(len(mask))):
        window = int(goes_on[t, first, last]) << (k - 1) | last
        mask[t], last = window & 1, window >> 1
    return mask
