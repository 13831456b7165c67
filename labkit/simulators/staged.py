"""QAOA for any mixer, stage by stage, in plain NumPy and full precision.

A mixer is its stages, each of which has exp(-i beta B), and B itself for gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from labkit.ansatz import Edge, ring_edges
from labkit.arrays import FloatArray
from labkit.masks import place_values
from labkit.simulators.states import IntArray, find_support, spread

State = npt.NDArray[np.complex128]
#: Qubits rotated by one matrix product: so small that BLAS does not hand it to several threads.
_GROUP = 3


class Stage(Protocol):
    """One factor exp(-i beta B) of a mixer."""

    def evolve(self, state: State, beta: float) -> State:
        """exp(-i beta B) |state>."""
        ...

    def generator(self, state: State) -> State:
        """B |state>."""
        ...


@dataclass(frozen=True)
class XStage:
    """B = -sum_j X_j: exp(-i beta B) rotates every qubit by cos(beta) + i sin(beta) X."""

    n_neurons: int

    def evolve(self, state: State, beta: float) -> State:
        """Rotates some qubits at a time, the last ones, which thereby come to the front."""
        for start in range(0, self.n_neurons, _GROUP):
            rotation = _rotation(min(_GROUP, self.n_neurons - start), beta)
            state = (rotation @ state.reshape(-1, len(rotation)).T).ravel()
        return state

    def generator(self, state: State) -> State:
        """The sum of the state with each qubit flipped, negated."""
        flipped = np.zeros_like(state)
        for j in range(self.n_neurons):
            by_qubit = state.reshape(2**j, 2, -1)
            flipped -= by_qubit[:, ::-1].reshape(-1)
        return flipped


def _rotation(n: int, beta: float) -> State:
    """exp(i beta X) on each of n qubits: cos^(n-d) (i sin)^d at masks that differ in d bits."""
    masks = np.arange(2**n)
    d = np.arange(n + 1)
    by_distance = np.cos(beta) ** (n - d) * (1j * np.sin(beta)) ** d
    return by_distance[np.bitwise_count(masks[:, np.newaxis] ^ masks)]


class GroverStage:
    """B = -|start><start|: exp(-i beta B) = 1 + (exp(i beta) - 1) |start><start|.

    The start is uniform, so that |start><start| gives each amplitude their mean.
    """

    def evolve(self, state: State, beta: float) -> State:
        """Turns the phase of what the state has in common with the start."""
        return state + (np.exp(1j * beta) - 1) * state.mean()

    def generator(self, state: State) -> State:
        """The projection on the start, negated."""
        return np.full_like(state, -state.mean())


@dataclass(frozen=True, eq=False)
class RingStage:
    """B = -sum (XX + YY)/2 over edges without a common neuron, on the support.

    (XX + YY)/2 exchanges |01> and |10>, so that exp(-i beta B) sends |01> to
    cos(beta) |01> + i sin(beta) |10>.

    Attributes:
        pairs: of each edge the places of |01> and those of |10>.
    """

    pairs: Sequence[tuple[IntArray, IntArray]]

    def evolve(self, state: State, beta: float) -> State:
        """Each edge in turn."""
        state = state.copy()
        for one, other in self.pairs:
            a, b = state[one], state[other]
            state[one] = np.cos(beta) * a + 1j * np.sin(beta) * b
            state[other] = np.cos(beta) * b + 1j * np.sin(beta) * a
        return state

    def generator(self, state: State) -> State:
        """The sum over edges of |01> and |10> exchanged, negated."""
        total = np.zeros_like(state)
        for one, other in self.pairs:
            total[one] -= state[other]
            total[other] -= state[one]
        return total


def _build_stages(mixer: str, n_neurons: int, support: IntArray | None) -> list[Stage]:
    """The factors of a mixer, in the order in which they act on the amplitudes of the support.

    Args:
        mixer: 'x', 'grover' or 'ring'.
        n_neurons: n.
        support: mask indices, rising; None for all.
    """
    if mixer == "x":
        return [XStage(n_neurons)]
    if mixer == "grover":
        return [GroverStage()]
    if mixer != "ring" or support is None:
        raise ValueError(f"mixer={mixer!r} has no stages in {__name__}")
    groups: list[list[Edge]] = ring_edges(n_neurons)
    return [RingStage([_find_pairs(support, n_neurons, e) for e in edges]) for edges in groups]


def _find_pairs(support: IntArray, n_neurons: int, edge: Edge) -> tuple[IntArray, IntArray]:
    """Places in the support of masks with 01 on the edge's two neurons, and of those with 10."""
    low, high = np.sort(place_values(n_neurons)[list(edge)])
    one = np.flatnonzero(support & (low + high) == low)
    return one, np.searchsorted(support, support[one] + (high - low))


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
        return cls(kept, _build_stages(mixer, n, support), n, support)

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
