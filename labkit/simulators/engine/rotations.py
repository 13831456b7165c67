"""Compiled rotations of all qubits, in passes over memory that fit in a cache.

With D = diag(1, i) on each qubit, D^-1 exp(i beta X) D is the real rotation
R = [[cos, -sin], [sin, cos]](beta), and D commutes with every phase. So the states here are D^-n
psi, kept as in `labkit.simulators.engine.phases`: R treats real and imaginary parts alike.

R(beta) = R(k pi/2) R(theta) with |theta| <= pi/4. R(theta) is applied without its factor
cos(theta), see `labkit.simulators.engine.registers`; R(k pi/2) on all qubits is an exchange of
amplitudes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labkit.simulators.engine.loops import compiled
from labkit.simulators.engine.phases import PAD, parity
from labkit.simulators.engine.registers import WIDTH, rotate_registers, rotate_two_states

_TILE = 4 * WIDTH  # numbers whose qubits, the last 6, are rotated in registers at once

_tile, _tile_of_two = (make(2, in_lanes=True) for make in (rotate_registers, rotate_two_states))
_rotate_1, _rotate_2, _rotate_3, _rotate_4 = (rotate_registers(k) for k in (1, 2, 3, 4))
_two_1, _two_2, _two_3 = (rotate_two_states(k) for k in (1, 2, 3))


@compiled
def split_angle(beta: float) -> tuple[float, int]:
    """theta in [-pi/4, pi/4] and k in 0..3, beta = theta + k pi/2 up to whole turns."""
    k = round(beta / (math.pi / 2))
    return beta - k * (math.pi / 2), k % 4


@compiled
def rotate_within(v: Any, t: Any, row: int) -> None:
    """Rotates the qubits that number the numbers of a row, in both parts."""
    flat, width = v.reshape(-1), v.shape[2]
    for start in (row * width, (v.shape[1] + row) * width):
        for at in range(start, start + width - PAD, _TILE):
            _tile(flat, at, WIDTH, t)
        _rotate_rows(flat, start, _TILE, (width - PAD) // _TILE, _TILE, t)


@compiled
def rotate_across(v: Any, t: Any, k: int) -> None:
    """Rotates the qubits that number rows, in the k-th cache line of each row."""
    flat, rows, width = v.reshape(-1), v.shape[1], v.shape[2]
    for at in (k * WIDTH, rows * width + k * WIDTH):
        _rotate_rows(flat, at, width, rows, WIDTH, t)


@compiled
def rotate_two_within(p: Any, q: Any, t: Any, shrink: float, row: int) -> float:
    """`rotate_within` of two states; returns sum_k sum (q_0 p_1 - q_1 p_0).

    A sum that is taken after j qubits were rotated is that of the states times shrink^-j,
    shrink = cos(theta)^2.
    """
    width, total = p.shape[2], 0.0
    flat_p, flat_q = p.reshape(-1), q.reshape(-1)
    for start in (row * width, (p.shape[1] + row) * width):
        for at in range(start, start + width - PAD, _TILE):
            total += _tile_of_two(flat_p, flat_q, at, WIDTH, t)
        rows = (width - PAD) // _TILE
        rest = _rotate_two_rows(flat_p, flat_q, start, _TILE, rows, _TILE, t, shrink)
        total += shrink**6 * rest
    return total


@compiled
def rotate_two_across(p: Any, q: Any, t: Any, shrink: float, k: int) -> float:
    """`rotate_across` of two states; returns sum_k sum (q_0 p_1 - q_1 p_0)."""
    flat_p, flat_q = p.reshape(-1), q.reshape(-1)
    rows, width, total = p.shape[1], p.shape[2], 0.0
    for at in (k * WIDTH, rows * width + k * WIDTH):
        total += _rotate_two_rows(flat_p, flat_q, at, width, rows, WIDTH, t, shrink)
    return total


@compiled
def lines_across(v: Any) -> int:
    """Cache lines of a row, which `rotate_across` takes one by one: none if there is one row."""
    return (v.shape[2] - PAD) // WIDTH if v.shape[1] > 1 else 0


@compiled
def exchange(v: Any, signs: Any, row: int) -> None:
    """R(pi/2) on all qubits: v_m -> (-1)^(number of zeros in m) v_(not m).

    For a row of the upper half of all, and for its complement; a single row is done whole. `signs`
    are the `parity_signs` of a row.
    """
    rows, width = v.shape[1], len(signs)
    of_pair = np.float32(1 - 2 * (round(math.log2(rows * width)) % 2))
    of_row = np.float32(1 - 2 * parity(row))
    for k in range(2):
        one, other = v[k, row], v[k, rows - 1 - row]
        for m in range(width if rows > 1 else width // 2):
            sign = of_row * signs[m]
            a, b = one[m], other[width - 1 - m]
            one[m], other[width - 1 - m] = sign * of_pair * b, sign * a


@compiled
def parity_signs(size: int) -> Any:
    """1 where the number of ones in m is even, else -1, for m < size, a power of two."""
    signs = np.ones(size, np.float32)
    h = 1
    while h < size:
        for m in range(h):
            signs[h + m] = -signs[m]
        h *= 2
    return signs


@compiled
def _rotate_rows(v: Any, start: int, step: int, rows: int, width: int, t: Any) -> None:
    """Rotates the qubits that number rows, up to four at a time.

    Args:
        v: float32.
        start: place of the first row.
        step: from row to row.
        rows: how many, a power of two.
        width: numbers of a row, a multiple of `WIDTH`.
        t: tan(theta), float32.
    """
    h = 1
    while h < rows:
        count = min(16, rows // h)
        for b in range(0, rows, count * h):
            for row in range(b, b + h):
                for at in range(start + row * step, start + row * step + width, WIDTH):
                    if count == 16:
                        _rotate_4(v, at, h * step, t)
                    elif count == 8:
                        _rotate_3(v, at, h * step, t)
                    elif count == 4:
                        _rotate_2(v, at, h * step, t)
                    else:
                        _rotate_1(v, at, h * step, t)
        h *= count


@compiled
def _rotate_two_rows(
    p: Any, q: Any, start: int, step: int, rows: int, width: int, t: Any, shrink: float
) -> float:
    """`_rotate_rows` of two states, up to three qubits at a time; returns their sums."""
    h, total, weight = 1, 0.0, 1.0
    while h < rows:
        count, part = min(8, rows // h), 0.0
        for b in range(0, rows, count * h):
            for row in range(b, b + h):
                for at in range(start + row * step, start + row * step + width, WIDTH):
                    if count == 8:
                        part += _two_3(p, q, at, h * step, t)
                    elif count == 4:
                        part += _two_2(p, q, at, h * step, t)
                    else:
                        part += _two_1(p, q, at, h * step, t)
        total += weight * part
        weight *= shrink ** round(math.log2(count))
        h *= count
    return total
