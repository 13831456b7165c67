"""Compiled QAOA with the X mixer: passes over memory, and all of them in one call.

States are D^-n psi, see `labkit.simulators.engine.rotations`. A pass takes costs by rows, float64
(rows, 2^n / rows). Numba compiles these when they are first called on a machine, and caches them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from labkit.simulators.engine.loops import compiled, run, shared
from labkit.simulators.engine.phases import (
    PAD,
    SIDE,
    expectation,
    start_row,
    turn_row,
    turn_row_back,
    weigh,
)
from labkit.simulators.engine.rotations import (
    exchange,
    lines_across,
    parity_signs,
    rotate_across,
    rotate_two_across,
    rotate_two_within,
    rotate_within,
    split_angle,
)

FloatArray = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]


@compiled
def start(v: Any, costs: Any) -> None:
    """The uniform superposition."""
    for row in range(len(costs)):
        start_row(v, costs, row)


@shared
def low_pass(v: Any, costs: Any, gamma: float, beta: float) -> None:
    """A layer's phase, scaled by what the rotations leave out, and those within rows."""
    theta, k = split_angle(beta)
    scale = cos_power(theta, costs.size) * (cos_power(math.pi, costs.size) if k >= 2 else 1)
    t = np.float32(math.tan(theta))
    for row in prange(np.intp(0), len(costs)):
        turn_row(v, costs, gamma / (2 * math.pi), np.float32(scale), row)
        rotate_within(v, t, row)


@shared
def high_pass(v: Any, beta: float) -> None:
    """Rotations across rows."""
    t = np.float32(math.tan(split_angle(beta)[0]))
    for line in prange(np.intp(0), lines_across(v)):
        rotate_across(v, t, line)


@shared
def quarter_turn(v: Any, beta: float) -> None:
    """The quarter turn in beta, if there is one."""
    if split_angle(beta)[1] % 2:
        signs = parity_signs(v.shape[2] - PAD)
        for row in prange(np.intp(0), (v.shape[1] + 1) // 2):
            exchange(v, signs, row)


@shared
def high_pass_back(p: Any, q: Any, beta: float) -> float:
    """Undoes `high_pass` on both; returns its part of Im <q|sum_j X_j|p>."""
    theta, _ = split_angle(beta)
    t, shrink, of_beta = np.float32(-math.tan(theta)), math.cos(theta) ** 2, 0.0
    for line in prange(np.intp(0), lines_across(p)):
        of_beta += rotate_two_across(p, q, t, shrink, line)
    return of_beta


@shared
def low_pass_back(p: Any, q: Any, costs: Any, gamma: float, beta: float) -> tuple[float, float]:
    """Undoes `low_pass` on both; returns its part of Im <q|sum_j X_j|p>, and Im <q|cost|p>."""
    theta, _ = split_angle(beta)
    t, shrink = np.float32(-math.tan(theta)), math.cos(theta) ** 2
    scale = np.float32(cos_power(theta, costs.size))
    of_beta = of_gamma = 0.0
    for row in prange(np.intp(0), len(costs)):
        of_beta += rotate_two_within(p, q, t, shrink, row)
        of_gamma += turn_row_back(p, q, costs, gamma / (2 * math.pi), scale, row)
    of_beta *= cos_power(theta, costs.shape[0]) ** 2
    return of_beta, of_gamma * cos_power(theta, costs.size) ** 2


@compiled
def cos_power(theta: float, size: int) -> float:
    """cos(theta)^k for size = 2^k."""
    return math.cos(theta) ** round(math.log2(size))


@compiled
def room(count: int, costs: Any) -> Any:
    """Some states (count, 2, rows, width), float32, not filled.

    One request, so that memory once given is kept for the next; registers fit in cache lines.
    """
    rows, width = costs.shape
    size = count * 2 * rows * (width + PAD)
    numbers = np.empty(size + PAD, np.float32)
    start = -(numbers.ctypes.data // 4) % PAD
    return numbers[start : start + size].reshape(count, 2, rows, width + PAD)


@compiled
def in_rows(costs: Any) -> Any:
    """Costs (2^n,) as (rows, 2^n / rows)."""
    width = min(SIDE, costs.size)
    return costs.reshape(costs.size // width, width)


@compiled
def evolve(v: Any, costs: Any, gammas: Any, betas: Any) -> None:
    """Brings a state from the start through all layers."""
    start(v, costs)
    for layer in range(len(gammas)):
        low_pass(v, costs, gammas[layer], betas[layer])
        high_pass(v, betas[layer])
        quarter_turn(v, betas[layer])


@compiled
def mean_cost(costs: Any, gammas: Any, betas: Any) -> float:
    """<psi|C|psi> / <psi|psi> after all layers; costs are (2^n,)."""
    rows = in_rows(costs)
    v = room(1, rows)[0]
    evolve(v, rows, gammas, betas)
    return expectation(v, rows)


@compiled
def gradient(costs: Any, gammas: Any, betas: Any) -> tuple[float, Any, Any]:
    """The mean cost, and its derivatives by the adjoint method; costs are (2^n,)."""
    rows = in_rows(costs)
    states = room(2, rows)
    p, q = states[0], states[1]
    evolve(p, rows, gammas, betas)
    value = expectation(p, rows)
    # the mean taken off changes no derivative, and keeps float32 from cancelling large numbers
    weigh(p, rows, value, q)
    dgammas, dbetas = np.zeros_like(gammas), np.zeros_like(betas)
    for layer in range(len(gammas) - 1, -1, -1):
        gamma, beta = gammas[layer], betas[layer]
        quarter_turn(p, beta)  # up to a sign of both
        quarter_turn(q, beta)
        high = high_pass_back(p, q, beta)
        low, of_gamma = low_pass_back(p, q, rows, gamma, beta)
        dbetas[layer], dgammas[layer] = -2 * (low + high), 2 * of_gamma
    return value, dgammas, dbetas


@dataclass(frozen=True, eq=False)
class RotationLoops:
    """The same passes one by one, so that each can be shared out among threads.

    Attributes:
        costs: float64 (rows, 2^n / rows).
    """

    costs: FloatArray

    @property
    def size(self) -> int:
        """How many amplitudes there are."""
        return self.costs.size

    def evolve(self, v: Floats, gammas: FloatArray, betas: FloatArray) -> None:
        """All layers, of a state (1, 2, rows, width) that need not be filled."""
        size = self.size
        run(size, start, v[0], self.costs)
        for gamma, beta in zip(gammas, betas, strict=True):
            run(size, low_pass, v[0], self.costs, gamma, beta)
            run(size, high_pass, v[0], beta)
            run(size, quarter_turn, v[0], beta)

    def undo(
        self, v: Floats, gammas: FloatArray, betas: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """All layers of psi and of lambda, (2, 2, rows, width): 2 Im <lambda|G|psi> of each."""
        size = self.size
        dgammas, dbetas = np.zeros_like(gammas), np.zeros_like(betas)
        for layer in reversed(range(len(gammas))):
            gamma, beta = gammas[layer], betas[layer]
            for state in v:
                run(size, quarter_turn, state, beta)
            high = run(size, high_pass_back, *v, beta)
            low, of_gamma = run(size, low_pass_back, *v, self.costs, gamma, beta)
            dbetas[layer], dgammas[layer] = -2 * (low + high), 2 * of_gamma
        return dgammas, dbetas
