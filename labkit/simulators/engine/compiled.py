"""QAOA in compiled loops, complex64, on one or more threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.simulators.engine.shares import run_team
from labkit.simulators.states import IntArray, find_support, spread

if TYPE_CHECKING:
    from labkit.simulators.engine.ring import RingLoops
    from labkit.simulators.engine.shifts import GroverLoops

FloatArray = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

_SHARED_FROM = 2**18  # amplitudes: with fewer, threads cost more than they save


@dataclass(frozen=True, eq=False)
class CompiledX:
    """The states prod_l exp(-i beta_l B) exp(-i gamma_l C) |s> of one cost, B = -sum_j X_j.

    States are kept as D^-n psi, D = diag(1, i), in rows of floats, see
    `labkit.simulators.engine.rotations` and `labkit.simulators.engine.phases`.

    Attributes:
        costs: float64 (2^n,), n at least 6, read-only as in a `CostTable`.
        threads: how many work at once, at least 1.
    """

    costs: FloatArray
    threads: int = 1

    def state(self, gammas: FloatArray, betas: FloatArray) -> npt.NDArray[np.complex64]:
        """psi, complex64 (2^n,)."""
        from labkit.simulators.engine import kernels

        states, costs = self._room(1)
        run_team(self._team, kernels.evolve_share, states, costs, *_plain(gammas, betas))
        psi = np.empty(costs.shape, dtype=np.complex64)
        psi.real, psi.imag = states[0, :, :, : costs.shape[1]]
        powers = np.array([1, 1j, -1, -1j], dtype=np.complex64)
        within = powers[np.bitwise_count(np.arange(psi.shape[1])) % 4]
        for number, row in enumerate(psi):
            row *= within * powers[number.bit_count() % 4]
        return psi.ravel()

    def expectation(self, gammas: FloatArray, betas: FloatArray) -> float:
        """<psi|C|psi> / <psi|psi>."""
        from labkit.simulators.engine import kernels

        angles = _plain(gammas, betas)
        if (team := self._team) == 1:
            return float(kernels.mean_cost(self.costs, *angles))
        states, costs = self._room(1)
        loop, sums = kernels.mean_cost_share, np.empty((team, 2))
        return float(run_team(team, loop, states, sums, costs, *angles)[0])

    def value_and_gradient(
        self, gammas: FloatArray, betas: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """The expectation and its derivatives, by the adjoint method."""
        from labkit.simulators.engine import kernels

        angles = _plain(gammas, betas)
        if (team := self._team) == 1:
            value, dgammas, dbetas = kernels.gradient(self.costs, *angles)
            return value, dgammas, dbetas
        states, costs = self._room(2)
        loop, sums = kernels.gradient_share, np.empty((team, 2))
        parts = run_team(team, loop, states, sums, costs, *angles)
        return parts[0][0], sum(part[1] for part in parts), sum(part[2] for part in parts)

    @property
    def _team(self) -> int:
        return _useful_threads(self.threads, len(self.costs))

    def _room(self, count: int) -> tuple[Floats, FloatArray]:
        """Room for some states, and the costs by rows."""
        from labkit.simulators.engine import kernels

        costs = kernels.in_rows(self.costs)
        return kernels.room(count, costs), costs


def _plain(gammas: FloatArray, betas: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Copies, in the one kind of array that the loops are compiled for."""
    return gammas.copy(), betas.copy()


@dataclass(frozen=True, eq=False)
class CompiledSubspace:
    """The same with the Grover or the ring mixer, on the masks that have an amplitude.

    A state is its amplitudes on the support in rows of floats, as `labkit.simulators.engine.phases`
    keeps them; the last row is filled up with zeros.

    Attributes:
        rows: float64 (rows, width), the costs of the support, then zeros; read-only.
        mixer: 'grover' or 'ring'.
        n_neurons: n.
        support: indices of the masks that have an amplitude; None if all 2^n have one.
        threads: how many work at once, at least 1.
    """

    rows: FloatArray
    mixer: str
    n_neurons: int
    support: IntArray | None
    threads: int = 1

    @classmethod
    def of(
        cls, costs: FloatArray, mixer: str, n_active: int | None, threads: int = 1
    ) -> CompiledSubspace:
        """From a table (2^n,) and a checked mixer."""
        from labkit.simulators.engine.phases import SIDE

        n = len(costs).bit_length() - 1
        if n_active is None:
            support, rows = None, costs.reshape(-1, min(SIDE, len(costs)))
        else:
            support = find_support(n, n_active)
            rows = _fill_rows(costs[support])
        rows.flags.writeable = False
        return cls(rows, mixer, n, support, threads)

    def state(self, gammas: FloatArray, betas: FloatArray) -> npt.NDArray[np.complex64]:
        """psi, complex64 (2^n,)."""
        v = self._start(1)
        with self._loops() as loops:
            loops.evolve(v, gammas, betas)
        psi = np.empty(self._size, dtype=np.complex64)
        psi.real, psi.imag = v.reshape(2, -1)[:, : self._size]
        return psi if self.support is None else spread(psi, self.support, self.n_neurons)

    def expectation(self, gammas: FloatArray, betas: FloatArray) -> float:
        """<psi|C|psi> / <psi|psi>."""
        v = self._start(1)
        with self._loops() as loops:
            return self._mean_cost(loops, v, gammas, betas)

    def value_and_gradient(
        self, gammas: FloatArray, betas: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """The expectation and its derivatives, by the adjoint method."""
        from labkit.simulators.engine.phases import weigh

        v = self._start(2)
        with self._loops() as loops:
            value = self._mean_cost(loops, v[:1], gammas, betas)
            # the mean taken off changes no derivative, and keeps float32 from cancelling
            loops.shares.run(len(self.rows), weigh, v[0], self.rows, value, v[1])
            return value, *loops.undo(v, gammas, betas)

    @property
    def _size(self) -> int:
        return self.rows.size if self.support is None else len(self.support)

    def _start(self, count: int) -> Floats:
        """Room for some states (count, 2, rows, width), the first of which is the start."""
        v = np.empty((count, 2, *self.rows.shape), dtype=np.float32)
        v[0] = 0
        v[0, 0].ravel()[: self._size] = self._size**-0.5
        return v

    def _mean_cost(
        self, loops: GroverLoops | RingLoops, v: Floats, gammas: FloatArray, betas: FloatArray
    ) -> float:
        from labkit.simulators.engine.phases import expectation

        loops.evolve(v, gammas, betas)
        parts = loops.shares.run(len(self.rows), expectation, v[0], self.rows)
        total, norm = np.sum(parts, axis=0)
        return float(total / norm)

    @contextmanager
    def _loops(self) -> Iterator[GroverLoops | RingLoops]:
        from labkit.simulators.engine.ring import RingLoops
        from labkit.simulators.engine.shares import share_out
        from labkit.simulators.engine.shifts import GroverLoops

        with share_out(_useful_threads(self.threads, self._size)) as shares:
            if self.support is None or self.mixer == "grover":
                yield GroverLoops(self.rows, self._size, shares)
            else:
                yield RingLoops.of(self.rows, self.support, self.n_neurons, shares)


def _fill_rows(numbers: FloatArray) -> FloatArray:
    """Numbers in rows, with zeros after them.

    An odd number of rows, each of an odd number of cache lines: so numbers in the same place of
    different parts of a state do not compete for the same places of a cache.
    """
    from labkit.simulators.engine.phases import PAD, SIDE

    width = min(SIDE - PAD, len(numbers))
    rows = np.zeros((-(-len(numbers) // width) | 1, width))
    rows.ravel()[: len(numbers)] = numbers
    return rows


def _useful_threads(threads: int, size: int) -> int:
    return 1 if size < _SHARED_FROM else threads


def warm_up() -> None:
    """Compiles and caches all loops: seconds, once on a machine, that nobody then waits for."""
    costs, angles = np.zeros(_SHARED_FROM), np.ones(1)
    costs.flags.writeable = False
    for ansatz in (
        CompiledX(costs, 1),
        CompiledX(costs, 2),
        CompiledSubspace.of(costs, "grover", None),
        CompiledSubspace.of(costs, "ring", 9),
    ):
        ansatz.state(angles, angles)
        ansatz.expectation(angles, angles)
        ansatz.value_and_gradient(angles, angles)
