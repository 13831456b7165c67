"""QAOA in compiled loops, complex64; large states on as many threads as numba may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.platforms import can_compile
from labkit.simulators.states import IntArray, find_support, spread

if TYPE_CHECKING:
    from labkit.simulators.engine.kernels import RotationLoops
    from labkit.simulators.engine.phases import GroverLoops
    from labkit.simulators.engine.ring import RingLoops

    Loops = RotationLoops | GroverLoops | RingLoops

FloatArray = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

_WARM_NEURONS = 13  # with fewer, not every loop of the ring is run


@dataclass(frozen=True, eq=False)
class CompiledX:
    """The states prod_l exp(-i beta_l B) exp(-i gamma_l C) |s> of one cost, B = -sum_j X_j.

    States are kept as D^-n psi, D = diag(1, i), in rows of floats, see
    `labkit.simulators.engine.rotations` and `labkit.simulators.engine.phases`.

    Attributes:
        costs: float64 (2^n,), n at least 6, read-only as in a `CostTable`.
    """

    costs: FloatArray

    def state(self, gammas: FloatArray, betas: FloatArray) -> npt.NDArray[np.complex64]:
        """psi, complex64 (2^n,)."""
        from labkit.simulators.engine import kernels

        rows, v = self._rows, self._room(1)
        if self._is_shared:
            kernels.RotationLoops(rows).evolve(v, gammas, betas)
        else:
            kernels.evolve(v[0], rows, *_plain(gammas, betas))
        psi = np.empty(rows.shape, dtype=np.complex64)
        psi.real, psi.imag = v[0, :, :, : rows.shape[1]]
        powers = np.array([1, 1j, -1, -1j], dtype=np.complex64)
        within = powers[np.bitwise_count(np.arange(psi.shape[1])) % 4]
        for number, row in enumerate(psi):
            row *= within * powers[number.bit_count() % 4]
        return psi.ravel()

    def expectation(self, gammas: FloatArray, betas: FloatArray) -> float:
        """<psi|C|psi> / <psi|psi>."""
        from labkit.simulators.engine import kernels

        if self._is_shared:
            return _mean_cost(kernels.RotationLoops(self._rows), self._room(1), gammas, betas)
        return float(kernels.mean_cost(self.costs, *_plain(gammas, betas)))

    def value_and_gradient(
        self, gammas: FloatArray, betas: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """The expectation and its derivatives, by the adjoint method."""
        from labkit.simulators.engine import kernels

        if self._is_shared:
            loops = kernels.RotationLoops(self._rows)
            return _value_and_gradient(loops, self._room(2), gammas, betas)
        value, dgammas, dbetas = kernels.gradient(self.costs, *_plain(gammas, betas))
        return value, dgammas, dbetas

    @property
    def _is_shared(self) -> bool:
        from labkit.simulators.engine import loops

        return loops.may_share(len(self.costs))

    @property
    def _rows(self) -> FloatArray:
        from labkit.simulators.engine import phases

        return self.costs.reshape(-1, min(phases.SIDE, len(self.costs)))

    def _room(self, count: int) -> Floats:
        from labkit.simulators.engine import kernels

        states: Floats = kernels.room(count, self._rows)
        return states


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
    """

    rows: FloatArray
    mixer: str
    n_neurons: int
    support: IntArray | None

    @classmethod
    def of(cls, costs: FloatArray, mixer: str, n_active: int | None) -> CompiledSubspace:
        """From a table (2^n,) and a checked mixer."""
        from labkit.simulators.engine.phases import SIDE

        n = len(costs).bit_length() - 1
        if n_active is None:
            support, rows = None, costs.reshape(-1, min(SIDE, len(costs)))
        else:
            support = find_support(n, n_active)
            rows = _fill_rows(costs[support])
        rows.flags.writeable = False
        return cls(rows, mixer, n, support)

    def state(self, gammas: FloatArray, betas: FloatArray) -> npt.NDArray[np.complex64]:
        """psi, complex64 (2^n,)."""
        v = self._start(1)
        self._loops().evolve(v, gammas, betas)
        psi = np.empty(self._size, dtype=np.complex64)
        psi.real, psi.imag = v.reshape(2, -1)[:, : self._size]
        return psi if self.support is None else spread(psi, self.support, self.n_neurons)

    def expectation(self, gammas: FloatArray, betas: FloatArray) -> float:
        """<psi|C|psi> / <psi|psi>."""
        return _mean_cost(self._loops(), self._start(1), gammas, betas)

    def value_and_gradient(
        self, gammas: FloatArray, betas: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """The expectation and its derivatives, by the adjoint method."""
        return _value_and_gradient(self._loops(), self._start(2), gammas, betas)

    @property
    def _size(self) -> int:
        return self.rows.size if self.support is None else len(self.support)

    def _start(self, count: int) -> Floats:
        """Room for some states (count, 2, rows, width), the first of which is the start."""
        v = np.empty((count, 2, *self.rows.shape), dtype=np.float32)
        v[0] = 0
        v[0, 0].ravel()[: self._size] = self._size**-0.5
        return v

    def _loops(self) -> GroverLoops | RingLoops:
        from labkit.simulators.engine.phases import GroverLoops
        from labkit.simulators.engine.ring import RingLoops

        if self.mixer == "grover":
            return GroverLoops(self.rows, self._size)
        if self.mixer == "ring" and self.support is not None:
            return RingLoops.of(self.rows, self.support, self.n_neurons)
        raise ValueError(f"mixer={self.mixer!r} has no loops in {__name__}")


def _mean_cost(loops: Loops, v: Floats, gammas: FloatArray, betas: FloatArray) -> float:
    from labkit.simulators.engine.loops import run
    from labkit.simulators.engine.phases import expectation

    loops.evolve(v[:1], gammas, betas)
    return float(run(loops.size, expectation, v[0], loops.costs))


def _value_and_gradient(
    loops: Loops, v: Floats, gammas: FloatArray, betas: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    from labkit.simulators.engine.loops import run
    from labkit.simulators.engine.phases import weigh

    value = _mean_cost(loops, v, gammas, betas)
    # the mean taken off changes no derivative, and keeps float32 from cancelling large numbers
    run(loops.size, weigh, v[0], loops.costs, value, v[1])
    return value, *loops.undo(v, gammas, betas)


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


def warm_up() -> None:
    """Compiles and caches all loops, those of walks too: once on a machine, nobody waits later.

    Where numba is missing there is nothing to compile.
    """
    if not can_compile():
        return
    from labkit.costs.walks.compiled import warm_up as warm_up_walks
    from labkit.simulators.engine import kernels, loops, transfer

    warm_up_walks()
    costs, angles = np.zeros(2**_WARM_NEURONS), np.ones(1)
    costs.flags.writeable = False
    rotating = CompiledX(costs)
    for ansatz in (
        rotating,
        CompiledSubspace.of(costs, "grover", None),
        CompiledSubspace.of(costs, "ring", _WARM_NEURONS // 2),
    ):
        ansatz.state(angles, angles)
        ansatz.expectation(angles, angles)
        ansatz.value_and_gradient(angles, angles)
    one_by_one = kernels.RotationLoops(rotating._rows)
    _value_and_gradient(one_by_one, rotating._room(2), angles, angles)
    loops.compile_for_several()
    one = np.ones(1)
    transfer.apply_all(np.zeros(16), np.array([[2, 0]]), np.arange(2), np.zeros(1, int), one, one)
