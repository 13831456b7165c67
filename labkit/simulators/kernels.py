"""Compiled QAOA with the X mixer: passes that threads can share, and all of them in one call.

States are D^-n psi, see `labkit.simulators.rotations`. A pass takes costs as float64 (rows,
2^n / rows) and works on its shares from `first` up to `last`. Numba compiles these when they are
first called on a machine, and caches them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labkit.simulators.phases import (
    PAD,
    SIDE,
    compiled,
    expectation,
    start,
    turn,
    turn_back,
    weigh,
)
from labkit.simulators.rotations import (
    exchange,
    rotate_across,
    rotate_two_across,
    rotate_two_within,
    rotate_within,
    shares_across,
    split_angle,
)


@compiled
def low_pass(v: Any, costs: Any, gamma: float, beta: float, first: int, last: int) -> None:
    """A layer's phase, scaled by what the rotations leave out, and those within rows; by rows."""
    theta, k = split_angle(beta)
    scale = cos_power(theta, costs.size) * (cos_power(math.pi, costs.size) if k >= 2 else 1)
    for row in range(first, last):
        turn(v, costs, gamma / (2 * math.pi), np.float32(scale), row, row + 1)
        rotate_within(v, np.float32(math.tan(theta)), row)


@compiled
def high_pass(v: Any, beta: float, first: int, last: int) -> None:
    """Rotations across rows; by `shares_across`."""
    rotate_across(v, np.float32(math.tan(split_angle(beta)[0])), first, last)


@compiled
def exchange_pass(v: Any, beta: float, first: int, last: int) -> None:
    """The quarter turn in beta, if there is one; by rows of the upper half."""
    if split_angle(beta)[1] % 2:
        exchange(v, first, last)


@compiled
def high_pass_back(p: Any, q: Any, beta: float, first: int, last: int) -> float:
    """Undoes `high_pass` on both; returns its part of Im <q|sum_j X_j|p>."""
    theta, _ = split_angle(beta)
    t, shrink = np.float32(-math.tan(theta)), math.cos(theta) ** 2
    return rotate_two_across(p, q, t, shrink, first, last)


@compiled
def low_pass_back(
    p: Any, q: Any, costs: Any, gamma: float, beta: float, first: int, last: int
) -> tuple[float, float]:
    """Undoes `low_pass` on both; returns its part of Im <q|sum_j X_j|p>, and Im <q|cost|p>."""
    theta, _ = split_angle(beta)
    t, shrink = np.float32(-math.tan(theta)), math.cos(theta) ** 2
    scale = np.float32(cos_power(theta, costs.size))
    of_beta = of_gamma = 0.0
    for row in range(first, last):
        of_beta += rotate_two_within(p, q, t, shrink, row)
        of_gamma += turn_back(p, q, costs, gamma / (2 * math.pi), scale, row, row + 1)
    of_beta *= cos_power(theta, costs.shape[0]) ** 2
    return of_beta, of_gamma * cos_power(theta, costs.size) ** 2


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
def evolve(costs: Any, gammas: Any, betas: Any) -> Any:
    """The state after all layers, (2, rows, width); costs are (2^n,) here and below."""
    v = room(1, in_rows(costs))[0]
    _evolve(v, in_rows(costs), gammas, betas)
    return v


@compiled
def mean_cost(costs: Any, gammas: Any, betas: Any) -> float:
    """<psi|C|psi> / <psi|psi> after all layers."""
    v = room(1, in_rows(costs))[0]
    return _mean_cost(v, in_rows(costs), gammas, betas)


@compiled
def gradient(costs: Any, gammas: Any, betas: Any) -> tuple[float, Any, Any]:
    """The mean cost, and its derivatives by the adjoint method."""
    costs = in_rows(costs)
    states, rows = room(2, costs), costs.shape[0]
    v, adjoint = states[0], states[1]
    value = _mean_cost(v, costs, gammas, betas)
    # the mean taken off changes no derivative, and keeps float32 from cancelling large numbers
    weigh(v, costs, value, adjoint, 0, rows)
    dgammas, dbetas = np.zeros_like(gammas), np.zeros_like(betas)
    for layer in range(len(gammas) - 1, -1, -1):
        gamma, beta = gammas[layer], betas[layer]
        for state in (v, adjoint):  # up to a sign of both
            exchange_pass(state, beta, 0, (rows + 1) // 2)
        high = high_pass_back(v, adjoint, beta, 0, shares_across(v))
        low, of_gamma = low_pass_back(v, adjoint, costs, gamma, beta, 0, rows)
        dbetas[layer], dgammas[layer] = -2 * (low + high), 2 * of_gamma
    return value, dgammas, dbetas


@compiled
def _evolve(v: Any, costs: Any, gammas: Any, betas: Any) -> None:
    rows = costs.shape[0]
    start(v, costs, 0, rows)
    for layer in range(len(gammas)):
        low_pass(v, costs, gammas[layer], betas[layer], 0, rows)
        high_pass(v, betas[layer], 0, shares_across(v))
        exchange_pass(v, betas[layer], 0, (rows + 1) // 2)


@compiled
def _mean_cost(v: Any, costs: Any, gammas: Any, betas: Any) -> float:
    _evolve(v, costs, gammas, betas)
    total, norm = expectation(v, costs, 0, costs.shape[0])
    return total / norm


@compiled
def cos_power(theta: float, size: int) -> float:
    """cos(theta)^k for size = 2^k."""
    return math.cos(theta) ** round(math.log2(size))
