"""QAOA with the ring mixer in compiled loops, on the masks that keep a number of neurons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labkit.ansatz import ring_edges
from labkit.simulators.blocks import Blocks, Pairs
from labkit.simulators.exchanges import exchange_blocks, exchange_places
from labkit.simulators.phases import turn, turn_back
from labkit.simulators.shares import Shares
from labkit.simulators.support import IntArray

FloatArray = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RingLoops:
    """Layers with B = -sum (XX + YY)/2, one group of edges after the other.

    Attributes:
        costs: float64 (rows, width), zeros after those of the support.
        blocks: of the support.
        groups: of each group of edges those that exchange blocks, as strides, and the others.
        shares: who runs the loops.
    """

    costs: FloatArray
    blocks: Blocks
    groups: Sequence[tuple[IntArray, Sequence[Pairs]]]
    shares: Shares

    @classmethod
    def of(cls, costs: FloatArray, support: IntArray, n_neurons: int, shares: Shares) -> RingLoops:
        """For all edges of the ring."""
        blocks = Blocks.of(support, n_neurons)
        groups = [(blocks.strides(edges), blocks.pairs(edges)) for edges in ring_edges(n_neurons)]
        return cls(costs, blocks, groups, shares)

    def evolve(self, v: Floats, gammas: FloatArray, betas: FloatArray) -> None:
        """All layers, of a state (1, 2, rows, width)."""
        for gamma, beta in zip(gammas, betas, strict=True):
            turns, scale = gamma / (2 * math.pi), np.float32(1)
            self.shares.run(len(self.costs), turn, v[0], self.costs, turns, scale)
            for group in self.groups:
                self._exchange(v, *group, beta)

    def undo(
        self, v: Floats, gammas: FloatArray, betas: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """All layers of psi and of lambda, (2, 2, rows, width): 2 Im <lambda|G|psi> of each."""
        dgammas, dbetas = np.zeros_like(gammas), np.zeros_like(betas)
        for layer in reversed(range(len(gammas))):
            for group in reversed(self.groups):
                dbetas[layer] -= 2 * self._exchange(v, *group, -betas[layer])
            turns, scale = gammas[layer] / (2 * math.pi), np.float32(1)
            found = self.shares.run(len(self.costs), turn_back, *v, self.costs, turns, scale)
            dgammas[layer] = 2 * sum(found)
        return dgammas, dbetas

    def _exchange(self, v: Floats, strides: IntArray, pairs: Sequence[Pairs], beta: float) -> float:
        """A group; returns Im <q|-B|p> of two states."""
        starts, ones, count = self.blocks.starts, self.blocks.ones, self.shares.threads
        total = 0.0
        if len(strides):
            total += sum(self.shares.run(count, exchange_blocks, v, starts, strides, beta, count))
        for some in pairs:
            firsts = len(ones) // 2 if some.stride else len(ones)
            tables = some.stride, some.one, some.other, some.ends
            total += sum(self.shares.run(firsts, exchange_places, v, starts, ones, *tables, beta))
        return total
