"""What a mixer does to a state vector: stages exp(-i beta B), and B itself for gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from labkit.ansatz import Edge, ring_edges

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


@dataclass(frozen=True, eq=False)
class GroverStage:
    """B = -|start><start|: exp(-i beta B) = 1 + (exp(i beta) - 1) |start><start|."""

    start: State

    def evolve(self, state: State, beta: float) -> State:
        """Turns the phase of what the state has in common with the start."""
        return state + (np.exp(1j * beta) - 1) * np.vdot(self.start, state) * self.start

    def generator(self, state: State) -> State:
        """The projection on the start, negated."""
        return -np.vdot(self.start, state) * self.start


@dataclass(frozen=True)
class RingStage:
    """B = -sum (XX + YY)/2 over edges without a common neuron.

    (XX + YY)/2 exchanges |01> and |10>, so that exp(-i beta B) sends |01> to
    cos(beta) |01> + i sin(beta) |10>.
    """

    n_neurons: int
    edges: Sequence[Edge]

    def evolve(self, state: State, beta: float) -> State:
        """Each edge in turn."""
        state = state.copy()
        for edge in self.edges:
            one, other = self._halves(state, edge)
            one[:], other[:] = (
                np.cos(beta) * one + 1j * np.sin(beta) * other,
                np.cos(beta) * other + 1j * np.sin(beta) * one,
            )
        return state

    def generator(self, state: State) -> State:
        """The sum over edges of |01> and |10> exchanged, negated."""
        total = np.zeros_like(state)
        for edge in self.edges:
            for to, source in zip(
                self._halves(total, edge), reversed(self._halves(state, edge)), strict=True
            ):
                to -= source
        return total

    def _halves(self, state: State, edge: Edge) -> tuple[State, State]:
        """Views of the amplitudes in which the edge's two qubits are 01, and 10."""
        first, second = sorted(edge)
        axes = state.reshape(2**first, 2, 2 ** (second - first - 1), 2, -1)
        return axes[:, 0, :, 1], axes[:, 1, :, 0]


def start_state(n_neurons: int, n_active: int | None) -> State:
    """The uniform superposition, or the Dicke state of all masks with `n_active` neurons."""
    state = np.ones(2**n_neurons, dtype=np.complex128)
    if n_active is not None:
        state *= np.bitwise_count(np.arange(2**n_neurons)) == n_active
    return state / np.sqrt(np.count_nonzero(state))


def build_stages(mixer: str, n_neurons: int, n_active: int | None) -> list[Stage]:
    """The factors of a mixer, in the order in which they act."""
    if mixer == "x":
        return [XStage(n_neurons)]
    if mixer == "grover":
        return [GroverStage(start_state(n_neurons, n_active))]
    return [RingStage(n_neurons, edges) for edges in ring_edges(n_neurons)]
