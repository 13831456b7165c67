"""Compiled loops over amplitudes, one after another: phases, mean costs, the start.

A state of 2^n amplitudes is float32 (2, rows, width): real parts, then imaginary parts. A row holds
`SIDE` = 2^12 numbers, or all if there are fewer, and `PAD` that mean nothing: with them numbers in
one column do not compete for the same places of a cache. Each loop works on the rows from `first`
up to `last`; costs are float64 (rows, width - PAD).
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

#: Numbers of a row, 16 KiB: both parts fit in the first cache. And those after it: a cache line.
SIDE, PAD = 2**12, 16

_FAST = {"contract", "arcp", "nsz", "reassoc"}  # no assumption on infinities and NaN
compiled = numba.njit(nogil=True, cache=True, fastmath=_FAST)
_PI = np.float32(math.pi)
# sin(h)/h and cos(h) in powers of h^2, for h up to pi/2: least squares, errors 4e-9 and 3e-10
_SINE = tuple(
    np.float32(c)
    for c in (0.9999999812, -0.1666664969, 0.008332926737, -0.0001980225468, 2.592816211e-06)
)
_COSINE = tuple(
    np.float32(c)
    for c in (
        0.9999999999,
        -0.499999995,
        0.0416666401,
        -0.001388840025,
        2.476182881e-05,
        -2.607709307e-07,
    )
)


@compiled
def start(v: Any, costs: Any, first: int, last: int) -> None:
    """(-i)^(number of ones in m) / sqrt(2^n); within a row by doubling."""
    for row in range(first, last):
        re, im = v[0, row], v[1, row]
        re[0], im[0] = 1 / math.sqrt(costs.size), 0
        bits = row
        while bits:
            if bits & 1:
                re[0], im[0] = im[0], -re[0]
            bits >>= 1
        h = 1
        while h < costs.shape[1]:
            for m in range(h):
                re[h + m], im[h + m] = im[m], -re[m]
            h *= 2


@compiled
def turn(v: Any, costs: Any, turns: float, scale: Any, first: int, last: int) -> None:
    """Multiplies by scale exp(-2 pi i turns cost).

    Args:
        v: the state.
        costs: of its amplitudes.
        turns: gamma / (2 pi).
        scale: float32.
        first: row.
        last: row.
    """
    for row in range(first, last):
        re, im, part = v[0, row], v[1, row], costs[row]
        for m in range(part.size):
            c, s = _cos_sin(turns * part[m])
            c, s = scale * c, scale * s
            re[m], im[m] = c * re[m] + s * im[m], c * im[m] - s * re[m]


@compiled
def turn_back(p: Any, q: Any, costs: Any, turns: float, scale: Any, first: int, last: int) -> float:
    """Multiplies both by scale exp(2 pi i turns cost); returns Im <q|cost|p> before."""
    total = 0.0
    for row in range(first, last):
        p_re, p_im, q_re, q_im = p[0, row], p[1, row], q[0, row], q[1, row]
        part = costs[row]
        for m in range(part.size):
            total += part[m] * (q_re[m] * p_im[m] - q_im[m] * p_re[m])
            c, s = _cos_sin(turns * part[m])
            c, s = scale * c, scale * s
            p_re[m], p_im[m] = c * p_re[m] - s * p_im[m], c * p_im[m] + s * p_re[m]
            q_re[m], q_im[m] = c * q_re[m] - s * q_im[m], c * q_im[m] + s * q_re[m]
    return total


@compiled
def expectation(v: Any, costs: Any, first: int, last: int) -> tuple[float, float]:
    """sum_m cost_m |v_m|^2 and sum_m |v_m|^2, in float64."""
    total = norm = 0.0
    for row in range(first, last):
        re, im, part = v[0, row], v[1, row], costs[row]
        for m in range(part.size):
            chance = np.float64(re[m]) * re[m] + np.float64(im[m]) * im[m]
            total += part[m] * chance
            norm += chance
    return total, norm


@compiled
def weigh(v: Any, costs: Any, offset: float, out: Any, first: int, last: int) -> None:
    """out = (cost - offset) v."""
    for row in range(first, last):
        part = costs[row]
        for k in range(2):
            one, other = v[k, row], out[k, row]
            for m in range(part.size):
                other[m] = np.float32(part[m] - offset) * one[m]


@compiled
def parity(m: int) -> int:
    """Whether the number of ones in m is odd: 0 or 1."""
    for shift in (32, 16, 8, 4, 2, 1):
        m ^= m >> shift
    return m & 1


@compiled
def _cos_sin(turns: float) -> tuple[Any, Any]:
    """Cosine and sine of 2 pi turns, float32.

    Of the turns only the fraction r counts, in [-1/2, 1/2]. Sine and cosine of pi r are
    polynomials; those of 2 pi r follow by doubling the angle.
    """
    h = _PI * np.float32(turns - np.rint(turns))
    x = h * h
    sine, cosine = _SINE[4], _COSINE[5]
    for k in range(4):
        sine = sine * x + _SINE[3 - k]
    for k in range(5):
        cosine = cosine * x + _COSINE[4 - k]
    sine *= h
    return np.float32(1) - np.float32(2) * sine * sine, np.float32(2) * sine * cosine
