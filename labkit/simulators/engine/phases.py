"""Compiled loops over amplitudes, one after another: phases, mean costs, the Grover mixer.

A state of 2^n amplitudes is float32 (2, rows, width): real parts, then imaginary parts. A row holds
`SIDE` = 2^12 numbers, or all if there are fewer, and `PAD` that mean nothing: with them numbers in
one column do not compete for the same places of a cache. Costs are float64 (rows, width - PAD).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from labkit.simulators.engine.loops import compiled, run, shared

FloatArray = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

#: Numbers of a row, 16 KiB: both parts fit in the first cache. And those after it: a cache line.
SIDE, PAD = 2**12, 16

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
def start_row(v: Any, costs: Any, row: int) -> None:
    """(-i)^(number of ones in m) / sqrt(2^n); within a row by doubling."""
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
def turn_row(v: Any, costs: Any, turns: float, scale: Any, row: int) -> None:
    """Multiplies by scale exp(-2 pi i turns cost).

    Args:
        v: the state.
        costs: of its amplitudes.
        turns: gamma / (2 pi).
        scale: float32.
        row: which.
    """
    re, im, part = v[0, row], v[1, row], costs[row]
    for m in range(part.size):
        c, s = _cos_sin(turns * part[m])
        c, s = scale * c, scale * s
        re[m], im[m] = c * re[m] + s * im[m], c * im[m] - s * re[m]


@compiled
def turn_row_back(p: Any, q: Any, costs: Any, turns: float, scale: Any, row: int) -> float:
    """Multiplies both by scale exp(2 pi i turns cost); returns Im <q|cost|p> before."""
    total, part = 0.0, costs[row]
    p_re, p_im, q_re, q_im = p[0, row], p[1, row], q[0, row], q[1, row]
    for m in range(part.size):
        total += part[m] * (q_re[m] * p_im[m] - q_im[m] * p_re[m])
        c, s = _cos_sin(turns * part[m])
        c, s = scale * c, scale * s
        p_re[m], p_im[m] = c * p_re[m] - s * p_im[m], c * p_im[m] + s * p_re[m]
        q_re[m], q_im[m] = c * q_re[m] - s * q_im[m], c * q_im[m] + s * q_re[m]
    return total


@shared
def turn(v: Any, costs: Any, turns: float) -> None:
    """Multiplies all rows by exp(-2 pi i turns cost)."""
    for row in prange(np.intp(0), len(costs)):
        turn_row(v, costs, turns, np.float32(1), row)


@shared
def turn_back(p: Any, q: Any, costs: Any, turns: float) -> float:
    """Multiplies all rows of both by exp(2 pi i turns cost); returns Im <q|cost|p> before."""
    total = 0.0
    for row in prange(np.intp(0), len(costs)):
        total += turn_row_back(p, q, costs, turns, np.float32(1), row)
    return total


@shared
def expectation(v: Any, costs: Any) -> float:
    """<v|cost|v> / <v|v>, summed in float64."""
    total = norm = 0.0
    for row in prange(np.intp(0), len(costs)):
        part, chance = _expectation_of_row(v, costs, row)
        total += part
        norm += chance
    return total / norm


@compiled
def _expectation_of_row(v: Any, costs: Any, row: int) -> tuple[float, float]:
    total = norm = 0.0
    re, im, part = v[0, row], v[1, row], costs[row]
    for m in range(part.size):
        chance = np.float64(re[m]) * re[m] + np.float64(im[m]) * im[m]
        total += part[m] * chance
        norm += chance
    return total, norm


@compiled
def weigh(v: Any, costs: Any, offset: float, out: Any) -> None:
    """out = (cost - offset) v."""
    for row in range(len(costs)):
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


@compiled
def shift(v: Any, size: int, added: complex) -> None:
    """Adds a number to each of the first `size` amplitudes."""
    for row in range(v.shape[1]):
        _shift_row(v, size, added, row)


@compiled
def sum_amplitudes(v: Any) -> complex:
    """The sum of all amplitudes, in float64."""
    total = 0j
    for row in range(v.shape[1]):
        total += _sum_row(v, row)
    return total


@shared
def shift_and_turn(v: Any, costs: Any, size: int, added: complex, gamma: float) -> complex:
    """Shifts, multiplies by exp(-i gamma cost), and sums."""
    total = 0j
    for row in prange(np.intp(0), len(costs)):
        _shift_row(v, size, added, row)
        turn_row(v, costs, gamma / (2 * math.pi), np.float32(1), row)
        total += _sum_row(v, row)
    return total


@shared
def shift_and_turn_back(
    p: Any, q: Any, costs: Any, size: int, added_p: complex, added_q: complex, gamma: float
) -> tuple[float, complex, complex]:
    """Shifts both, and multiplies by exp(i gamma cost); Im <q|cost|p> between, and both sums."""
    of_gamma, total_p, total_q = 0.0, 0j, 0j
    for row in prange(np.intp(0), len(costs)):
        _shift_row(p, size, added_p, row)
        _shift_row(q, size, added_q, row)
        of_gamma += turn_row_back(p, q, costs, gamma / (2 * math.pi), np.float32(1), row)
        total_p += _sum_row(p, row)
        total_q += _sum_row(q, row)
    return of_gamma, total_p, total_q


@compiled
def _shift_row(v: Any, size: int, added: complex, row: int) -> None:
    x, y = np.float32(added.real), np.float32(added.imag)
    re, im = v[0, row], v[1, row]
    for m in range(min(re.size, size - row * re.size)):
        re[m] += x
        im[m] += y


@compiled
def _sum_row(v: Any, row: int) -> complex:
    x = y = np.float64(0)
    re, im = v[0, row], v[1, row]
    for m in range(re.size):
        x += np.float64(re[m])
        y += np.float64(im[m])
    return complex(x, y)


@dataclass(frozen=True, eq=False)
class GroverLoops:
    """Layers with B = -|start><start|.

    exp(-i beta B) adds to each amplitude the same number, (exp(i beta) - 1) times their mean. So a
    pass adds what the layer before calls for, turns the phases, and sums for the layer after.

    Attributes:
        costs: float64 (rows, width), zeros after the first `size`.
        size: how many amplitudes there are.
    """

    costs: FloatArray
    size: int

    def evolve(self, v: Floats, gammas: FloatArray, betas: FloatArray) -> None:
        """All layers, of a state (1, 2, rows, width)."""
        added = 0j
        for gamma, beta in zip(gammas, betas, strict=True):
            total = run(self.size, shift_and_turn, v[0], self.costs, self.size, added, gamma)
            added = self._shift(beta, total)
        run(self.size, shift, v[0], self.size, added)

    def undo(
        self, v: Floats, gammas: FloatArray, betas: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """All layers of psi and of lambda, (2, 2, rows, width): 2 Im <lambda|G|psi> of each.

        Im <lambda|B|psi> = -Im conj(sum of lambda) (sum of psi) / size.
        """
        of_psi, of_lambda = (run(self.size, sum_amplitudes, state) for state in v)
        dgammas, dbetas = np.zeros_like(gammas), np.zeros_like(betas)
        for layer in reversed(range(len(gammas))):
            gamma, beta = gammas[layer], betas[layer]
            dbetas[layer] = -2 * (of_lambda.conjugate() * of_psi).imag / self.size
            added = (self._shift(-beta, total) for total in (of_psi, of_lambda))
            found = run(self.size, shift_and_turn_back, *v, self.costs, self.size, *added, gamma)
            of_gamma, of_psi, of_lambda = found
            dgammas[layer] = 2 * of_gamma
        return dgammas, dbetas

    def _shift(self, beta: float, total: complex) -> complex:
        return complex((np.exp(1j * beta) - 1) * total / self.size)
