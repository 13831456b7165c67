"""Compiled loops of QAOA with the X mixer: a phase and all rotations in two passes over memory.

With D = diag(1, i) on each qubit, D^-1 exp(i beta X) D is the real rotation
[[cos, -sin], [sin, cos]](beta), and D commutes with every phase. So the states here are D^-n psi:
a rotation treats real and imaginary parts alike, and a complex state is rotated as an array of
twice as many floats, interleaved.

Numba compiles these when the module is first imported on a machine, and caches them.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

_FAST = {"contract", "arcp", "nsz", "reassoc"}  # no assumption on infinities and NaN
_compiled = numba.njit(nogil=True, cache=True, fastmath=_FAST)
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


@_compiled
def low_pass(v: Any, costs: Any, turns: float, cos: Any, sin: Any, low: int, range_: Any) -> None:
    """exp(-2 pi i turns cost), then rotations of the last `low` qubits, block by block.

    Args:
        v: float32 (2 * 2^n,), interleaved.
        costs: float64 (2^n,).
        turns: gamma / (2 pi).
        cos: float32, of beta.
        sin: float32, of beta.
        low: qubits of a block.
        range_: first block and the one after the last.
    """
    size = 2 << low
    for b in range(range_[0], range_[1]):
        block = v[b * size : (b + 1) * size]
        _turn(block, costs[b << low : (b + 1) << low], turns)
        _rotate(block, cos, sin, 2)


@_compiled
def high_pass(v: Any, cos: Any, sin: Any, low: int, chunk: int, range_: Any) -> None:
    """Rotations of all qubits but the last `low`, on `chunk` floats of every block at a time.

    Rows that stand 2^k apart share few places in a cache: they are worked on in a buffer.
    """
    rows = v.reshape(-1, 2 << low)
    buffer = np.empty(rows.shape[0] * chunk, np.float32)
    by_row = buffer.reshape(-1, chunk)
    for k in range(range_[0], range_[1]):
        by_row[:] = rows[:, k * chunk : (k + 1) * chunk]
        _rotate(buffer, cos, sin, chunk)
        rows[:, k * chunk : (k + 1) * chunk] = by_row


@_compiled
def high_pass_back(p: Any, q: Any, cos: Any, sin: Any, low: int, chunk: int, range_: Any) -> float:
    """Rotates back both states; returns sum_j Im <q|X_j|p> of these qubits."""
    rows_p, rows_q = p.reshape(-1, 2 << low), q.reshape(-1, 2 << low)
    buffer_p = np.empty(rows_p.shape[0] * chunk, np.float32)
    buffer_q = np.empty_like(buffer_p)
    by_row_p, by_row_q = buffer_p.reshape(-1, chunk), buffer_q.reshape(-1, chunk)
    total = 0.0
    for k in range(range_[0], range_[1]):
        by_row_p[:] = rows_p[:, k * chunk : (k + 1) * chunk]
        by_row_q[:] = rows_q[:, k * chunk : (k + 1) * chunk]
        total += _rotate_back(buffer_p, buffer_q, cos, sin, chunk)
        rows_p[:, k * chunk : (k + 1) * chunk] = by_row_p
        rows_q[:, k * chunk : (k + 1) * chunk] = by_row_q
    return total


@_compiled
def low_pass_back(
    p: Any, q: Any, costs: Any, turns: float, cos: Any, sin: Any, low: int, range_: Any
) -> tuple[float, float]:
    """Undoes `low_pass` on both states; returns sum_j Im <q|X_j|p>, and Im <q|cost|p>."""
    size = 2 << low
    of_beta = of_gamma = 0.0
    for b in range(range_[0], range_[1]):
        block_p, block_q = p[b * size : (b + 1) * size], q[b * size : (b + 1) * size]
        block_costs = costs[b << low : (b + 1) << low]
        of_beta += _rotate_back(block_p, block_q, cos, sin, 2)
        of_gamma += _overlap(block_q, block_costs, block_p)
        _turn(block_p, block_costs, -turns)
        _turn(block_q, block_costs, -turns)
    return of_beta, of_gamma


@_compiled
def expectation(v: Any, costs: Any) -> tuple[float, float]:
    """sum_m cost_m |v_m|^2 and sum_m |v_m|^2, in float64."""
    total = norm = 0.0
    for m in range(costs.size):
        re, im = np.float64(v[2 * m]), np.float64(v[2 * m + 1])
        chance = float(re * re + im * im)
        total += costs[m] * chance
        norm += chance
    return total, norm


@_compiled
def weigh(v: Any, costs: Any, offset: float, out: Any) -> None:
    """out = (cost - offset) v."""
    for m in range(costs.size):
        weight = np.float32(costs[m] - offset)
        out[2 * m] = weight * v[2 * m]
        out[2 * m + 1] = weight * v[2 * m + 1]


@_compiled
def _turn(v: Any, costs: Any, turns: float) -> None:
    """Multiplies by exp(-2 pi i turns cost).

    Of the turns only the fraction r counts, in [-1/2, 1/2]. Sine and cosine of pi r are
    polynomials; those of 2 pi r follow by doubling the angle.
    """
    for m in range(costs.size):
        t = turns * costs[m]
        h = _PI * np.float32(t - np.rint(t))
        x = h * h
        sine = _SINE[4]
        cosine = _COSINE[5]
        for k in range(4):
            sine = sine * x + _SINE[3 - k]
        for k in range(5):
            cosine = cosine * x + _COSINE[4 - k]
        sine *= h
        re, im = v[2 * m], v[2 * m + 1]
        c, s = np.float32(1) - np.float32(2) * sine * sine, np.float32(2) * sine * cosine
        v[2 * m] = c * re + s * im
        v[2 * m + 1] = c * im - s * re


@_compiled
def _rotate(v: Any, cos: Any, sin: Any, first: int) -> None:
    """Rotates every qubit of a block whose two values stand `first` floats apart, or more."""
    size, h = v.size, first
    if h == 2 and size >= 8:
        _rotate_last_two(v, cos, sin)
        h = 8
    while 4 * h <= size:
        for b in range(0, size, 4 * h):
            _rotate_two(
                v[b : b + h],
                v[b + h : b + 2 * h],
                v[b + 2 * h : b + 3 * h],
                v[b + 3 * h : b + 4 * h],
                cos,
                sin,
            )
        h *= 4
    if 2 * h <= size:
        for b in range(0, size, 2 * h):
            _rotate_one(v[b : b + h], v[b + h : b + 2 * h], cos, sin)


@_compiled
def _rotate_one(a: Any, b: Any, cos: Any, sin: Any) -> None:
    for i in range(a.size):
        a[i], b[i] = cos * a[i] - sin * b[i], sin * a[i] + cos * b[i]


@_compiled
def _rotate_two(a: Any, b: Any, c: Any, d: Any, cos: Any, sin: Any) -> None:
    for i in range(a.size):
        e, f = cos * a[i] - sin * b[i], sin * a[i] + cos * b[i]
        g, h = cos * c[i] - sin * d[i], sin * c[i] + cos * d[i]
        a[i], c[i] = cos * e - sin * g, sin * e + cos * g
        b[i], d[i] = cos * f - sin * h, sin * f + cos * h


@_compiled
def _rotate_last_two(v: Any, cos: Any, sin: Any) -> None:
    """`_rotate_two` of the last two qubits: their four amplitudes stand side by side."""
    for j in range(0, v.size, 8):
        e, f = cos * v[j] - sin * v[j + 2], sin * v[j] + cos * v[j + 2]
        g, h = cos * v[j + 4] - sin * v[j + 6], sin * v[j + 4] + cos * v[j + 6]
        k, l = cos * v[j + 1] - sin * v[j + 3], sin * v[j + 1] + cos * v[j + 3]  # noqa: E741
        m, n = cos * v[j + 5] - sin * v[j + 7], sin * v[j + 5] + cos * v[j + 7]
        v[j], v[j + 4] = cos * e - sin * g, sin * e + cos * g
        v[j + 2], v[j + 6] = cos * f - sin * h, sin * f + cos * h
        v[j + 1], v[j + 5] = cos * k - sin * m, sin * k + cos * m
        v[j + 3], v[j + 7] = cos * l - sin * n, sin * l + cos * n


@_compiled
def _rotate_back(p: Any, q: Any, cos: Any, sin: Any, first: int) -> float:
    """Rotates both by -beta; returns sum_j Im <q|X_j|p> = sum_j sum (q_0 p_1 - q_1 p_0)."""
    size, h, total = p.size, first, 0.0
    if h == 2 and size >= 8:
        total += _overlap_last_two(p, q)
        h = 8
    while 4 * h <= size:
        for b in range(0, size, 4 * h):
            total += _overlap_two(
                p[b : b + h],
                p[b + h : b + 2 * h],
                p[b + 2 * h : b + 3 * h],
                p[b + 3 * h : b + 4 * h],
                q[b : b + h],
                q[b + h : b + 2 * h],
                q[b + 2 * h : b + 3 * h],
                q[b + 3 * h : b + 4 * h],
            )
        h *= 4
    if 2 * h <= size:
        for b in range(0, size, 2 * h):
            one, other = slice(b, b + h), slice(b + h, b + 2 * h)
            total += _overlap_one(p[one], p[other], q[one], q[other])
    _rotate(p, cos, -sin, first)
    _rotate(q, cos, -sin, first)
    return total


@_compiled
def _overlap_one(a: Any, b: Any, e: Any, f: Any) -> float:
    total = np.float32(0)
    for i in range(a.size):
        total += e[i] * b[i] - f[i] * a[i]
    return float(total)


@_compiled
def _overlap_two(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> float:
    total = np.float32(0)
    for i in range(a.size):
        total += e[i] * (b[i] + c[i]) + f[i] * (d[i] - a[i])
        total += g[i] * (d[i] - a[i]) - h[i] * (c[i] + b[i])
    return float(total)


@_compiled
def _overlap_last_two(p: Any, q: Any) -> float:
    """`_overlap_two` of the last two qubits."""
    total = np.float32(0)
    for j in range(0, p.size, 8):
        for i in range(j, j + 2):
            total += q[i] * (p[i + 2] + p[i + 4]) + q[i + 2] * (p[i + 6] - p[i])
            total += q[i + 4] * (p[i + 6] - p[i]) - q[i + 6] * (p[i + 4] + p[i + 2])
    return float(total)


@_compiled
def _overlap(q: Any, costs: Any, p: Any) -> float:
    """sum_m cost_m Im(conj(q_m) p_m)."""
    total = 0.0
    for m in range(costs.size):
        total += costs[m] * (q[2 * m] * p[2 * m + 1] - q[2 * m + 1] * p[2 * m])
    return total
