"""The masks that keep a number of neurons in blocks: of one block are those with equal first bits.

The first bits number the block. All blocks with equally many ones in the last bits look alike, and
an edge among the first bits exchanges whole blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from labkit.ansatz import Edge
from labkit.simulators.support import IntArray, find_support

#: Last bits, at most: blocks are then large enough to exchange, and small enough for a cache.
LAST_BITS = 10


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
