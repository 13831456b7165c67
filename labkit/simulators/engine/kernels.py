"""Compiled QAOA with the X mixer: passes over memory, and all of them in one call of a team.

States are D^-n psi, see `labkit.simulators.engine.rotations`. A pass takes costs as float64 (rows,
2^n / rows) and works on its shares from `first` up to `last`. Numba compiles these when they are
first called on a machine, and caches them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labkit.simulators.engine.phases import (
    PAD,
    SIDE,
    compiled,
    expectation,
    start,
    turn,
    turn_back,
    weigh,
)
from labkit.simulators.engine.rotations import (
    exchange,
    rotate_across,
    rotate_two_across,
    rotate_two_within,
    rotate_within,
    shares_across,
    split_angle,
)
from labkit.simulators.engine.teams import alone, share, wait


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
def mean_cost(costs: Any, gammas: Any, betas: Any) -> float:
    """<psi|C|psi> / <psi|psi> after all layers; costs are (2^n,)."""
    states, sums = room(1, in_rows(costs)), np.empty((1, 2))
    return mean_cost_share(states, sums, in_rows(costs), gammas, betas, alone(), 0)


@compiled
def gradient(costs: Any, gammas: Any, betas: Any) -> tuple[float, Any, Any]:
    """The mean cost, and its derivatives by the adjoint method; costs are (2^n,)."""
    states, sums = room(2, in_rows(costs)), np.empty((1, 2))
    return gradient_share(states, sums, in_rows(costs), gammas, betas, alone(), 0)


@compiled
def evolve_share(states: Any, costs: Any, gammas: Any, betas: Any, flags: Any, rank: int) -> None:
    """A member's part of bringing the first state from the start through all layers.

    Args:
        states: room for one state or two.
        costs: by rows, here and below.
        gammas: float64 (p,).
        betas: float64 (p,).
        flags: of the team, see `labkit.simulators.engine.teams`.
        rank: of the member.
    """
    v, rows = states[0], share(len(costs), flags, rank)
    start(v, costs, rows[0], rows[1])
    for layer in range(len(gammas)):
        low_pass(v, costs, gammas[layer], betas[layer], rows[0], rows[1])
        wait(flags, rank)
        first, last = share(shares_across(v), flags, rank)
        high_pass(v, betas[layer], first, last)
        wait(flags, rank)
        _exchange_share(v, betas[layer], flags, rank)


@compiled
def mean_cost_share(
    states: Any, sums: Any, costs: Any, gammas: Any, betas: Any, flags: Any, rank: int
) -> float:
    """A member's part of the mean cost, which each returns; `sums` is room for two of each."""
    evolve_share(states, costs, gammas, betas, flags, rank)
    first, last = share(len(costs), flags, rank)
    sums[rank, 0], sums[rank, 1] = expectation(states[0], costs, first, last)
    wait(flags, rank)
    return sums[:, 0].sum() / sums[:, 1].sum()


@compiled
def gradient_share(
    states: Any, sums: Any, costs: Any, gammas: Any, betas: Any, flags: Any, rank: int
) -> tuple[float, Any, Any]:
    """The mean cost, and a member's part of the derivatives."""
    value = mean_cost_share(states, sums, costs, gammas, betas, flags, rank)
    v, adjoint, rows = states[0], states[1], share(len(costs), flags, rank)
    # the mean taken off changes no derivative, and keeps float32 from cancelling large numbers
    weigh(v, costs, value, adjoint, rows[0], rows[1])
    wait(flags, rank)
    dgammas, dbetas = np.zeros_like(gammas), np.zeros_like(betas)
    for layer in range(len(gammas) - 1, -1, -1):
        gamma, beta = gammas[layer], betas[layer]
        for state in (v, adjoint):  # up to a sign of both
            _exchange_share(state, beta, flags, rank)
        first, last = share(shares_across(v), flags, rank)
        high = high_pass_back(v, adjoint, beta, first, last)
        wait(flags, rank)
        low, of_gamma = low_pass_back(v, adjoint, costs, gamma, beta, rows[0], rows[1])
        wait(flags, rank)
        dbetas[layer], dgammas[layer] = -2 * (low + high), 2 * of_gamma
    return value, dgammas, dbetas


@compiled
def _exchange_share(v: Any, beta: float, flags: Any, rank: int) -> None:
    """The quarter turn in beta, if there is one: for rows of the upper half and complements."""
    if split_angle(beta)[1] % 2:
        first, last = share((v.shape[1] + 1) // 2, flags, rank)
        exchange(v, first, last)
        wait(flags, rank)


@compiled
def cos_power(theta: float, size: int) -> float:
    """cos(theta)^k for size = 2^k."""
    return math.cos(theta) ** round(math.log2(size))
