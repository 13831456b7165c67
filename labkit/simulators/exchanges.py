"""Compiled exchanges of the ring mixer, on the masks that keep a number of neurons.

States are float32 (count, 2, rows, width): one state or two, the real parts and the imaginary parts
of each. Places among them are those of `labkit.simulators.blocks`. An edge exchanges |01> and |10>:
exp(-i beta B) sends a pair (a, b) to (cos a + i sin b, cos b + i sin a).

Of two states p and q each loop returns its part of Im <q|-B|p> too, of one state 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labkit.simulators.phases import compiled


@compiled
def exchange_blocks(
    v: Any, starts: Any, strides: Any, beta: float, shares: int, first: int, last: int
) -> float:
    """Edges among the bits that number blocks; a share is a part of each block."""
    flat, total = v.reshape(v.shape[0], 2, -1), 0.0
    for stride in strides:
        for top in range(stride, len(starts) - 1, 4 * stride):
            for h in range(top, top + stride):
                at, size = starts[h], starts[h + 1] - starts[h]
                begin, end = size * first // shares, size * last // shares
                if begin < end:
                    to = starts[h + stride] + begin
                    total += _exchange_runs(flat, at + begin, to, end - begin, beta)
    return total


@compiled
def exchange_places(
    v: Any,
    starts: Any,
    ones: Any,
    stride: int,
    one: Any,
    other: Any,
    ends: Any,
    beta: float,
    first: int,
    last: int,
) -> float:
    """Other edges, see `labkit.simulators.blocks.Pairs`; a share is some of the first blocks."""
    flat, total = v.reshape(v.shape[0], 2, -1), 0.0
    for k in range(first, last):
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
