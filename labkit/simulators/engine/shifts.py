"""Compiled QAOA with the Grover mixer: passes that threads can share, and what they are called for.

exp(-i beta B) adds to each amplitude the same number, (exp(i beta) - 1) times their mean. So a pass
adds what the layer before calls for, turns the phases, and sums for the layer after.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.simulators.engine.phases import compiled, turn, turn_back
from labkit.simulators.engine.shares import Shares

FloatArray = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]


@compiled
def shift(v: Any, size: int, added: complex, first: int, last: int) -> None:
    """Adds a number to each of the first `size` amplitudes, those in rows."""
    x, y = np.float32(added.real), np.float32(added.imag)
    for row in range(first, last):
        re, im = v[0, row], v[1, row]
        for m in range(min(re.size, size - row * re.size)):
            re[m] += x
            im[m] += y


@compiled
def sum_amplitudes(v: Any, first: int, last: int) -> complex:
    """Of some rows, in float64."""
    x = y = np.float64(0)
    for row in range(first, last):
        re, im = v[0, row], v[1, row]
        for m in range(re.size):
            x += np.float64(re[m])
            y += np.float64(im[m])
    return complex(x, y)


@compiled
def shift_and_turn(
    v: Any, costs: Any, size: int, added: complex, gamma: float, first: int, last: int
) -> complex:
    """Shifts, multiplies by exp(-i gamma cost), and sums."""
    total = 0j
    for row in range(first, last):
        shift(v, size, added, row, row + 1)
        turn(v, costs, gamma / (2 * math.pi), np.float32(1), row, row + 1)
        total += sum_amplitudes(v, row, row + 1)
    return total


@compiled
def shift_and_turn_back(
    p: Any,
    q: Any,
    costs: Any,
    size: int,
    added_p: complex,
    added_q: complex,
    gamma: float,
    first: int,
    last: int,
) -> tuple[float, complex, complex]:
    """Shifts both, and multiplies by exp(i gamma cost); Im <q|cost|p> between, and both sums."""
    of_gamma, total_p, total_q = 0.0, 0j, 0j
    for row in range(first, last):
        shift(p, size, added_p, row, row + 1)
        shift(q, size, added_q, row, row + 1)
        of_gamma += turn_back(p, q, costs, gamma / (2 * math.pi), np.float32(1), row, row + 1)
        total_p += sum_amplitudes(p, row, row + 1)
        total_q += sum_amplitudes(q, row, row + 1)
    return of_gamma, total_p, total_q


@dataclass(frozen=True, eq=False)
class GroverLoops:
    """Layers with B = -|start><start|.

    Attributes:
        costs: float64 (rows, width), zeros after the first `size`.
        size: how many amplitudes there are.
        shares: who runs the loops.
    """

    costs: FloatArray
    size: int
    shares: Shares

    def evolve(self, v: Floats, gammas: FloatArray, betas: FloatArray) -> None:
        """All layers, of a state (1, 2, rows, width)."""
        rows, run, added = len(self.costs), self.shares.run, 0j
        for gamma, beta in zip(gammas, betas, strict=True):
            totals = run(rows, shift_and_turn, v[0], self.costs, self.size, added, gamma)
            added = self._shift(beta, sum(totals))
        run(rows, shift, v[0], self.size, added)

    def undo(
        self, v: Floats, gammas: FloatArray, betas: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """All layers of psi and of lambda, (2, 2, rows, width): 2 Im <lambda|G|psi> of each.

        Im <lambda|B|psi> = -Im conj(sum of lambda) (sum of psi) / size.
        """
        rows, run = len(self.costs), self.shares.run
        of_psi, of_lambda = (sum(run(rows, sum_amplitudes, state)) for state in v)
        dgammas, dbetas = np.zeros_like(gammas), np.zeros_like(betas)
        for layer in reversed(range(len(gammas))):
            gamma, beta = gammas[layer], betas[layer]
            dbetas[layer] = -2 * (of_lambda.conjugate() * of_psi).imag / self.size
            added = (self._shift(-beta, total) for total in (of_psi, of_lambda))
            found = run(rows, shift_and_turn_back, *v, self.costs, self.size, *added, gamma)
            of_gamma, of_psi, of_lambda = (sum(part) for part in zip(*found, strict=True))
            dgammas[layer] = 2 * of_gamma
        return dgammas, dbetas

    def _shift(self, beta: float, total: complex) -> complex:
        return complex((np.exp(1j * beta) - 1) * total / self.size)
