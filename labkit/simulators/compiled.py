"""QAOA with the X mixer in compiled loops, complex64, on one or more threads."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

_LOW = 12  # qubits of a block: 32 KiB, the first cache
_BUFFER = 2**16  # floats of the buffer for all other qubits, at most
_LEAST_CHUNK, _CHUNK = 16, 64  # floats of a row in it


@dataclass(frozen=True, eq=False)
class CompiledX:
    """The states prod_l exp(-i beta_l B) exp(-i gamma_l C) |s> of one cost, B = -sum_j X_j.

    States are kept as D^-n psi, D = diag(1, i), see `labkit.simulators.kernels`: float32, real
    and imaginary parts interleaved.

    Attributes:
        costs: float64 (2^n,).
        threads: how many work at once, at least 1.
    """

    costs: FloatArray
    threads: int = 1

    @property
    def n_neurons(self) -> int:
        """n."""
        return len(self.costs).bit_length() - 1

    def state(self, gammas: FloatArray, betas: FloatArray) -> npt.NDArray[np.complex64]:
        """psi, complex64 (2^n,)."""
        psi = self._evolve(gammas, betas).view(np.complex64)
        self._multiply_by_powers(psi, 1j)
        return psi

    def expectation(self, gammas: FloatArray, betas: FloatArray) -> float:
        """<psi|C|psi> / <psi|psi>."""
        return self._expectation(self._evolve(gammas, betas))

    def value_and_gradient(
        self, gammas: FloatArray, betas: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """The expectation and its derivatives, by the adjoint method."""
        from labkit.simulators import kernels

        psi = self._evolve(gammas, betas)
        value, lam = self._expectation(psi), np.empty_like(psi)
        # the mean taken off changes no derivative, and keeps float32 from cancelling large numbers
        kernels.weigh(psi, self.costs, value, lam)
        dgammas, dbetas = np.zeros_like(gammas), np.zeros_like(betas)
        for layer in reversed(range(len(gammas))):
            of_beta, of_gamma = self._step_back(psi, lam, gammas[layer], betas[layer])
            dbetas[layer], dgammas[layer] = -2 * of_beta, 2 * of_gamma
        return value, dgammas, dbetas

    def _evolve(self, gammas: FloatArray, betas: FloatArray) -> Floats:
        from labkit.simulators import kernels

        psi = np.full(2**self.n_neurons, 2 ** (-self.n_neurons / 2), dtype=np.complex64)
        self._multiply_by_powers(psi, -1j)
        v, low = psi.view(np.float32), min(_LOW, self.n_neurons)
        for gamma, beta in zip(gammas, betas, strict=True):
            cos, sin = np.float32(math.cos(beta)), np.float32(math.sin(beta))
            turns = gamma / (2 * math.pi)
            self._spread(self._blocks, kernels.low_pass, v, self.costs, turns, cos, sin, low)
            if self.n_neurons > low:
                chunk = self._chunk
                self._spread(2 ** (low + 1) // chunk, kernels.high_pass, v, cos, sin, low, chunk)
        return v

    def _step_back(
        self, psi: Floats, lam: Floats, gamma: float, beta: float
    ) -> tuple[float, float]:
        """Undoes a layer on both; returns Im <lam|sum X|psi> and Im <lam|C|psi> on the way."""
        from labkit.simulators import kernels

        cos, sin = np.float32(math.cos(beta)), np.float32(math.sin(beta))
        low, turns, of_beta = min(_LOW, self.n_neurons), gamma / (2 * math.pi), 0.0
        if self.n_neurons > low:
            states = (psi, lam, cos, sin, low, self._chunk)
            back = self._spread(2 ** (low + 1) // self._chunk, kernels.high_pass_back, *states)
            of_beta += sum(back)
        arguments = (psi, lam, self.costs, turns, cos, sin, low)
        sums = np.sum(self._spread(self._blocks, kernels.low_pass_back, *arguments), axis=0)
        return of_beta + float(sums[0]), float(sums[1])

    def _expectation(self, v: Floats) -> float:
        from labkit.simulators import kernels

        total, norm = kernels.expectation(v, self.costs)
        return float(total / norm)

    def _multiply_by_powers(self, psi: npt.NDArray[np.complex64], factor: complex) -> None:
        """psi_m *= factor^(number of ones in m), in place."""
        low = min(_LOW, self.n_neurons)
        powers = np.array([factor**k for k in range(4)], dtype=np.complex64)
        of_low = powers[np.bitwise_count(np.arange(2**low)) % 4]
        of_high = powers[np.bitwise_count(np.arange(self._blocks)) % 4]
        rows = psi.reshape(-1, 2**low)
        rows *= of_low
        rows *= of_high[:, np.newaxis]

    @property
    def _blocks(self) -> int:
        return 2 ** max(0, self.n_neurons - _LOW)

    @property
    def _chunk(self) -> int:
        return max(_LEAST_CHUNK, min(_CHUNK, _BUFFER // self._blocks))

    def _spread(self, parts: int, kernel: Callable[..., Any], *arguments: Any) -> list[Any]:
        """Runs a kernel on all parts, shared out among the threads; what each returns."""
        if self.threads == 1 or parts == 1:
            return [kernel(*arguments, (0, parts))]
        ends = [parts * k // self.threads for k in range(self.threads + 1)]
        with ThreadPoolExecutor(self.threads) as pool:
            shares = pairwise(ends)
            return [*pool.map(lambda share: kernel(*arguments, share), shares)]


def warm_up() -> None:
    """Compiles and caches all loops: seconds, once on a machine, that nobody then waits for."""
    one = CompiledX(np.zeros(2 ** (_LOW + 2)))
    one.value_and_gradient(np.ones(1), np.ones(1))
