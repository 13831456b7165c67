"""QAOA with the ring mixer in compiled loops, on the masks that keep a number of neurons.

The masks lie in blocks: of one block are those with equal first bits, which number the block. All
blocks with equally many ones in the last bits look alike, and an edge among the first bits
exchanges whole blocks.

States are float32 (count, 2, rows, width): one state or two, the real parts and the imaginary parts
of each. An edge exchanges |01> and |10>: exp(-i beta B) sends a pair (a, b) to
(cos a + i sin b, cos b + i sin a). Of two states p and q each loop returns its part of Im <q|-B|p>
too, of one state 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from labkit.ansatz import Edge, ring_edges
from labkit.simulators.engine.loops import compiled, run, shared
from labkit.simulators.engine.phases import turn, turn_back
from labkit.simulators.states import IntArray, find_support

FloatArray = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

#: Last bits, at most: blocks are then large enough to exchange, and small enough for a cache.
LAST_BITS = 10


@dataclass(frozen=True, eq=False)
class RingLoops:
    """Layers with B = -sum (XX + YY)/2, one group of edges after the other.

    Attributes:
        costs: float64 (rows, width), zeros after those of the support.
        blocks: of the support.
        groups: of each group of edges those that exchange blocks, as strides, and the others.
    """

    costs: FloatArray
    blocks: Blocks
    groups: Sequence[tuple[IntArray, Sequence[Pairs]]]

    @classmethod
    def of(cls, costs: FloatArray, support: IntArray, n_neurons: int) -> RingLoops:
        """For all edges of the ring."""
        blocks = Blocks.of(support, n_neurons)
        groups = [(blocks.strides(edges), blocks.pairs(edges)) for edges in ring_edges(n_neurons)]
        return cls(costs, blocks, groups)

    def evolve(self, v: Floats, gammas: FloatArray, betas: FloatArray) -> None:
        """All layers, of a state (1, 2, rows, width)."""
        for gamma, beta in zip(gammas, betas, strict=True):
            run(self.size, turn, v[0], self.costs, gamma / (2 * math.pi))
            for group in self.groups:
                self._exchange(v, *group, beta)

    def undo(
        self, v: Floats, gammas: FloatArray, betas: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """All layers of psi and of lambda, (2, 2, rows, width): 2 Im <lambda|G|psi> of each."""
        dgammas, dbetas = np.zeros_like(gammas), np.zeros_like(betas)
        for layer in reversed(range(len(gammas))):
            for group in reversed(self.groups):
                dbetas[layer] -= 2 * self._exchange(v, *group, -betas[layer])
            turns = gammas[layer] / (2 * math.pi)
            dgammas[layer] = 2 * run(self.size, turn_back, *v, self.costs, turns)
        return dgammas, dbetas

    @property
    def size(self) -> int:
        """How many amplitudes there are."""
        return int(self.blocks.starts[-1])

    def _exchange(self, v: Floats, strides: IntArray, pairs: Sequence[Pairs], beta: float) -> float:
        """A group; returns Im <q|-B|p> of two states."""
        starts, ones, total = self.blocks.starts, self.blocks.ones, 0.0
        for stride in strides:
            total += run(self.size, exchange_blocks, v, starts, stride, beta)
        for some in pairs:
            firsts = len(ones) // 2 if some.stride else len(ones)
            tables = some.stride, some.one, some.other, some.ends
            total += run(self.size, exchange_places, v, firsts, starts, ones, *tables, beta)
        return total


@dataclass(frozen=True, eq=False)
class Pairs:
    """What edges exchange between each block whose bit `stride` is 0 and the one `stride` later.

    Attributes:
        stride: a power of two; 0 within each block.
        one: int32 (pairs,), places in the first block.
        other: int32 (pairs,), places in the second.
        ends: if the first block has k ones in the last bits, its pairs are those from ends[k] up to
            ends[k + 1].
    """

    stride: int
    one: npt.NDArray[np.int32]
    other: npt.NDArray[np.int32]
    ends: IntArray


@dataclass(frozen=True, eq=False)
class Blocks:
    """The blocks of a support.

    Attributes:
        starts: (blocks + 1,), the place of the first mask of each, and the size of the support.
        ones: (blocks,), how many ones its masks have in the last bits; 0 if it has no mask.
        last: how many last bits there are.
    """

    starts: IntArray
    ones: IntArray
    last: int

    @classmethod
    def of(cls, support: IntArray, n_neurons: int) -> Blocks:
        """From what `find_support` gives; at least one first bit."""
        last = min(n_neurons - 1, LAST_BITS)
        starts = np.searchsorted(support, np.arange(2 ** (n_neurons - last) + 1) << last)
        ones = np.zeros(len(starts) - 1, dtype=np.intp)
        filled = np.flatnonzero(np.diff(starts))
        ones[filled] = np.bitwise_count(support[starts[filled]] & (2**last - 1))
        return cls(starts, ones, last)

    def strides(self, edges: Sequence[Edge]) -> IntArray:
        """Of edges (j, j + 1) among the first bits: from blocks with 01 there to those with 10."""
        n_first = len(self.ones).bit_length() - 1
        return np.array([2 ** (n_first - 1 - max(e)) for e in edges if max(e) < n_first], np.intp)

    def pairs(self, edges: Sequence[Edge]) -> list[Pairs]:
        """Of all other edges."""
        n_first = len(self.ones).bit_length() - 1
        within, across = [], []
        for edge in edges:
            high, low = (n_first + self.last - 1 - j for j in sorted(edge))
            if high < self.last:
                within.append(2**high + 2**low)
            elif low < self.last:
                across.append(_find_pairs(self.last, 2 ** (high - self.last), (2**low,)))
        return [_find_pairs(self.last, 0, tuple(within)), *across] if within else across


@lru_cache(maxsize=64)
def _find_pairs(last: int, stride: int, flips: tuple[int, ...]) -> Pairs:
    """Of each flip: masks of which it meets its lowest bit alone, and these masks flipped."""
    flip = np.repeat(flips, 2**last)
    masks = np.tile(np.arange(2**last), len(flips))
    chosen = masks & flip == flip & -flip
    ones = np.bitwise_count(masks[chosen])
    order = np.argsort(ones, kind="stable")
    one, flip = masks[chosen][order], flip[chosen][order]
    place = np.empty(2**last, dtype=np.int32)
    for k in range(last + 1):
        block = find_support(last, k)
        place[block] = np.arange(len(block))
    ends = np.searchsorted(ones[order], np.arange(last + 2))
    return Pairs(stride, place[one], place[one ^ flip], ends)


@shared
def exchange_blocks(v: Any, starts: Any, stride: int, beta: float) -> float:
    """An edge among the bits that number blocks: each block with 01 there, with its 10."""
    flat, total = v.reshape(v.shape[0], 2, -1), 0.0
    for k in prange(np.intp(0), (len(starts) - 1) // 4):
        h = k + 3 * (k & -stride) + stride  # the k-th whose bits are 01
        size, to = starts[h + 1] - starts[h], starts[h + stride]
        total += _exchange_runs(flat, starts[h], to, size, beta)
    return total


@shared
def exchange_places(
    v: Any,
    firsts: int,
    starts: Any,
    ones: Any,
    stride: int,
    one: Any,
    other: Any,
    ends: Any,
    beta: float,
) -> float:
    """Other edges, see `Pairs`, of so many first blocks."""
    flat, total = v.reshape(v.shape[0], 2, -1), 0.0
    for k in prange(np.intp(0), firsts):
        h = k + (k & -stride)  # the k-th whose bit `stride` is 0
        begin, end = ends[ones[h]], ends[ones[h] + 1]
        if begin < end:
            at, to = starts[h], starts[h + stride]
            total += _exchange_pairs(flat, at, to, one[begin:end], other[begin:end], beta)
    return total


@compiled
def _exchange_runs(v: Any, at: int, to: int, count: int, beta: float) -> float:
    """What stands in `count` places from `at` on, with what stands from `to` on."""
    c, s, total = np.float32(math.cos(beta)), np.float32(math.sin(beta)), 0.0
    if len(v) == 1:
        for m in range(count):
            _exchange(v[0], at + m, to + m, c, s)
    else:
        for m in range(count):
            total += _exchange_two(v, at + m, to + m, c, s)
    return total


@compiled
def _exchange_pairs(v: Any, at: int, to: int, one: Any, other: Any, beta: float) -> float:
    """What stands in some places after `at`, with what stands in others after `to`."""
    c, s, total = np.float32(math.cos(beta)), np.float32(math.sin(beta)), 0.0
    if len(v) == 1:
        for m in range(len(one)):
            _exchange(v[0], at + one[m], to + other[m], c, s)
    else:
        for m in range(len(one)):
            total += _exchange_two(v, at + one[m], to + other[m], c, s)
    return total


@compiled
def _exchange(v: Any, a: int, b: int, c: Any, s: Any) -> None:
    re, im = v[0], v[1]
    x, y, z, w = re[a], im[a], re[b], im[b]
    re[a], im[a] = c * x - s * w, c * y + s * z
    re[b], im[b] = c * z - s * y, c * w + s * x


@compiled
def _exchange_two(v: Any, a: int, b: int, c: Any, s: Any) -> Any:
    """Of p and q; returns Im (conj(q_a) p_b + conj(q_b) p_a)."""
    p, q = v[0], v[1]
    total = q[0, a] * p[1, b] - q[1, a] * p[0, b] + q[0, b] * p[1, a] - q[1, b] * p[0, a]
    _exchange(p, a, b, c, s)
    _exchange(q, a, b, c, s)
    return total
