"""The compiled loops of QAOA with the X mixer, each pass shared out among threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labkit.simulators import kernels, phases, rotations
from labkit.simulators.shares import Shares

FloatArray = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SharedLoops:
    """`evolve`, `mean_cost` and `gradient` as in `labkit.simulators.kernels`."""

    shares: Shares

    def evolve(self, costs: FloatArray, gammas: FloatArray, betas: FloatArray) -> Floats:
        """The state after all layers, (2, rows, width)."""
        costs = kernels.in_rows(costs)
        v: Floats = kernels.room(1, costs)[0]
        self._evolve(v, costs, gammas, betas)
        return v

    def mean_cost(self, costs: FloatArray, gammas: FloatArray, betas: FloatArray) -> float:
        """<psi|C|psi> / <psi|psi> after all layers."""
        costs = kernels.in_rows(costs)
        return self._mean_cost(kernels.room(1, costs)[0], costs, gammas, betas)

    def gradient(
        self, costs: FloatArray, gammas: FloatArray, betas: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """The mean cost, and its derivatives by the adjoint method."""
        costs = kernels.in_rows(costs)
        v, adjoint = kernels.room(2, costs)
        rows, across, run = len(costs), rotations.shares_across(v), self.shares.run
        value = self._mean_cost(v, costs, gammas, betas)
        run(rows, phases.weigh, v, costs, value, adjoint)
        dgammas, dbetas = np.zeros_like(gammas), np.zeros_like(betas)
        for layer in reversed(range(len(gammas))):
            gamma, beta = gammas[layer], betas[layer]
            for state in (v, adjoint):
                run(rows // 2, kernels.exchange_pass, state, beta)
            high = run(across, kernels.high_pass_back, v, adjoint, beta)
            low = run(rows, kernels.low_pass_back, v, adjoint, costs, gamma, beta)
            of_beta, of_gamma = np.sum(low, axis=0)
            dbetas[layer], dgammas[layer] = -2 * (sum(high) + of_beta), 2 * of_gamma
        return value, dgammas, dbetas

    def _evolve(self, v: Floats, costs: FloatArray, gammas: FloatArray, betas: FloatArray) -> None:
        rows, run = len(costs), self.shares.run
        run(rows, phases.start, v, costs)
        for gamma, beta in zip(gammas, betas, strict=True):
            run(rows, kernels.low_pass, v, costs, gamma, beta)
            run(rotations.shares_across(v), kernels.high_pass, v, beta)
            run(rows // 2, kernels.exchange_pass, v, beta)

    def _mean_cost(
        self, v: Floats, costs: FloatArray, gammas: FloatArray, betas: FloatArray
    ) -> float:
        self._evolve(v, costs, gammas, betas)
        total, norm = np.sum(self.shares.run(len(costs), phases.expectation, v, costs), axis=0)
        return float(total / norm)
