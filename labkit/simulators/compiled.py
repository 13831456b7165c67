"""QAOA with the X mixer in compiled loops, complex64, on one or more threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

_SHARED_FROM = 2**16  # amplitudes: with fewer, threads cost more than they save


@dataclass(frozen=True, eq=False)
class CompiledX:
    """The states prod_l exp(-i beta_l B) exp(-i gamma_l C) |s> of one cost, B = -sum_j X_j.

    States are kept as D^-n psi, D = diag(1, i), in rows of floats, see
    `labkit.simulators.rotations` and `labkit.simulators.phases`.

    Attributes:
        costs: float64 (2^n,), n at least 6.
        threads: how many work at once, at least 1.
    """

    costs: FloatArray
    threads: int = 1

    def state(self, gammas: FloatArray, betas: FloatArray) -> npt.NDArray[np.complex64]:
        """psi, complex64 (2^n,)."""
        (v,) = self._states(1)
        with self._loops() as loops:
            loops.evolve(v, self._rows, gammas.copy(), betas.copy())
        psi = np.empty(self._rows.shape, dtype=np.complex64)
        psi.real, psi.imag = v[:, :, : psi.shape[1]]
        powers = np.array([1, 1j, -1, -1j], dtype=np.complex64)
        within = powers[np.bitwise_count(np.arange(psi.shape[1])) % 4]
        for number, row in enumerate(psi):
            row *= within * powers[number.bit_count() % 4]
        return psi.ravel()

    def expectation(self, gammas: FloatArray, betas: FloatArray) -> float:
        """<psi|C|psi> / <psi|psi>."""
        (v,) = self._states(1)
        with self._loops() as loops:
            return float(loops.mean_cost(v, self._rows, gammas.copy(), betas.copy()))

    def value_and_gradient(
        self, gammas: FloatArray, betas: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """The expectation and its derivatives, by the adjoint method."""
        p, q = self._states(2)
        with self._loops() as loops:
            value, *derivatives = loops.gradient(p, q, self._rows, gammas.copy(), betas.copy())
        return value, derivatives[0], derivatives[1]

    @property
    def _rows(self) -> FloatArray:
        """The costs, in the one kind of array that the loops are compiled for: read-only."""
        from labkit.simulators.phases import SIDE

        rows = self.costs.reshape(-1, min(SIDE, len(self.costs)))
        rows.flags.writeable = False
        return rows

    def _states(self, count: int) -> Floats:
        """Room for some states: one request, so that memory once given is kept for the next."""
        from labkit.simulators.phases import PAD

        rows, width = self._rows.shape
        size = count * 2 * rows * (width + PAD)
        numbers = np.empty(size + PAD, dtype=np.float32)
        start = -(numbers.ctypes.data // numbers.itemsize) % PAD  # registers fit in cache lines
        return numbers[start : start + size].reshape(count, 2, rows, -1)

    @contextmanager
    def _loops(self) -> Iterator[Any]:
        from labkit.simulators import kernels
        from labkit.simulators.shared_loops import SharedLoops

        if self.threads == 1 or len(self.costs) < _SHARED_FROM:
            yield kernels
            return
        with ThreadPoolExecutor(self.threads) as pool:
            yield SharedLoops(pool, self.threads)


def warm_up() -> None:
    """Compiles and caches all loops: seconds, once on a machine, that nobody then waits for."""
    costs, angles = np.zeros(_SHARED_FROM), np.ones(1)
    for threads in (1, 2):
        one = CompiledX(costs, threads)
        one.state(angles, angles)
        one.expectation(angles, angles)
        one.value_and_gradient(angles, angles)
