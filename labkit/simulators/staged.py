"""QAOA for any mixer, stage by stage, in plain NumPy and full precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labkit.simulators.mixers import Stage, State, build_stages
from labkit.simulators.support import IntArray, find_support, spread

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StagedAnsatz:
    """The states prod_l exp(-i beta_l B) exp(-i gamma_l C) |start> of one cost and mixer.

    Attributes:
        costs: float64, those of the support.
        stages: the factors of the mixer.
        n_neurons: n.
        support: indices of the masks that have an amplitude; None if all 2^n have one.
    """

    costs: FloatArray
    stages: Sequence[Stage]
    n_neurons: int
    support: IntArray | None

    @classmethod
    def of(cls, costs: FloatArray, mixer: str, n_active: int | None) -> StagedAnsatz:
        """From a table (2^n,) and a checked mixer."""
        n = len(costs).bit_length() - 1
        support = None if n_active is None else find_support(n, n_active)
        kept = costs if support is None else costs[support]
        return cls(kept, build_stages(mixer, n, support), n, support)

    def state(self, gammas: FloatArray, betas: FloatArray) -> State:
        """psi, complex128 (2^n,)."""
        psi = self._evolve(gammas, betas)
        return psi if self.support is None else spread(psi, self.support, self.n_neurons)

    def expectation(self, gammas: FloatArray, betas: FloatArray) -> float:
        """<psi|C|psi> / <psi|psi>."""
        return self._expectation(self._evolve(gammas, betas))

    def value_and_gradient(
        self, gammas: FloatArray, betas: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """The expectation and its derivatives, by the adjoint method."""
        psi = self._evolve(gammas, betas)
        value, lam = self._expectation(psi), self.costs * psi
        dgammas, dbetas = np.zeros_like(gammas), np.zeros_like(betas)
        for layer in reversed(range(len(gammas))):
            for stage in reversed(self.stages):
                dbetas[layer] += 2 * np.vdot(lam, stage.generator(psi)).imag
                psi, lam = (stage.evolve(state, -betas[layer]) for state in (psi, lam))
            dgammas[layer] = 2 * np.vdot(lam, self.costs * psi).imag
            phase = np.exp(1j * gammas[layer] * self.costs)
            psi, lam = phase * psi, phase * lam
        return value, dgammas, dbetas

    def _evolve(self, gammas: FloatArray, betas: FloatArray) -> State:
        """The amplitudes of the support, from the uniform start on."""
        state = np.full(len(self.costs), len(self.costs) ** -0.5, dtype=np.complex128)
        for gamma, beta in zip(gammas, betas, strict=True):
            state = np.exp(-1j * gamma * self.costs) * state
            for stage in self.stages:
                state = stage.evolve(state, beta)
        return state

    def _expectation(self, psi: State) -> float:
        return float(np.vdot(psi, self.costs * psi).real / np.vdot(psi, psi).real)
