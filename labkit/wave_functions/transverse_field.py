"""A cost in a transverse field, H = C(Z) - field sum_j X_j: ground states, and products of blocks.

The ground state is positive: psi(m) = sqrt(p(m)). C is any cost, in its own unit, as the field.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

import numpy as np

from labkit.arrays import FloatArray
from labkit.costs import AnyCost
from labkit.costs.functions import as_cost
from labkit.limits import check_integer, check_positive, check_register, check_rng

_DENSE = 6  # neurons up to which all eigenvectors are found
_SWEEPS = 200
_SETTLED = 1e-12  # of the energy


def add_field(table: FloatArray, field: float, psi: FloatArray) -> FloatArray:
    """H psi of a table (2^n,) and a state (2^n, ...)."""
    n, columns = len(table).bit_length() - 1, psi.reshape(len(table), -1)
    cube = columns.reshape((2,) * n + (-1,))
    flipped = np.sum([np.flip(cube, axis=j) for j in range(n)], axis=0)
    return np.asarray(table[:, None] * columns - field * flipped.reshape(columns.shape)).reshape(
        psi.shape
    )


def ground_state(cost: AnyCost, field: float) -> tuple[float, FloatArray]:
    """Energy and probabilities (2^n,) of the ground state of C(Z) - field sum_j X_j, by Lanczos.

    Args:
        cost: C, of n neurons.
        field: above 0, in the unit of the cost.

    Raises:
        TooLargeError: the vectors of Lanczos do not fit in memory.
    """
    read, strength = as_cost(cost), check_positive("field", field)
    check_register("n_neurons", read.n_neurons, bytes_per_mask=8 * 24, what="the Lanczos vectors")
    energy, psi = _lowest(read.to_table().costs, strength)
    return energy, psi**2


def ising_ring_energy(n_neurons: int, field: float) -> float:
    """Of the ground state of -sum_j Z_j Z_(j+1) - field sum_j X_j on a ring, for any n.

    E = -sum_k sqrt(1 + field^2 - 2 field cos k), k = (2l + 1) pi / n, l = 0..n - 1: free fermions.
    The sign before cos k matters where n is odd: then k = pi is one of them, and k = 0 is not.

    Args:
        n_neurons: n, at least 3: of two the ring would have their coupling twice.
        field: above 0, in units of the coupling; 1 is critical.

    Reference: Pfeuty 1970, Annals of Physics 57, 79.
    """
    n = check_integer("n_neurons", n_neurons, minimum=3)
    k = (2 * np.arange(n) + 1) * np.pi / n
    strength = check_positive("field", field)
    return -float(np.sqrt(1 + strength**2 - 2 * strength * np.cos(k)).sum())


def _lowest(table: FloatArray, field: float) -> tuple[float, FloatArray]:
    """The least eigenvalue and its vector, positive and of length 1."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    size, table = len(table), np.asarray(table, dtype=np.float64)
    middle, unit = table.mean(), max(float(np.ptp(table)), field)  # eigenvalues of order 1
    scaled, weak = (table - middle) / unit, field / unit
    if size <= 2**_DENSE:
        values, vectors = np.linalg.eigh(add_field(scaled, weak, np.eye(size)))
        return float(values[0] * unit + middle), np.abs(vectors[:, 0])
    h = LinearOperator((size, size), lambda v: add_field(scaled, weak, v), dtype=np.float64)
    values, vectors = eigsh(h, k=1, which="SA", v0=np.ones(size))
    return float(values[0] * unit + middle), np.abs(vectors[:, 0])


@dataclass(frozen=True, eq=False)
class BlockState:
    """A product of states of blocks of neurons, each of which has its own entanglement only.

    Attributes:
        energy: of C(Z) - field sum_j X_j, not below that of the ground state.
        states: of each block, (2^b,), positive.
    """

    energy: float
    states: tuple[FloatArray, ...]


def product_of_blocks(
    cost: AnyCost, field: float, *, block_size: int, starts: int = 10, rng: np.random.Generator
) -> BlockState:
    """The product of block states of least energy that repeated descents find.

    Of the others' probabilities each block sees a cost of its own, their mean; it takes that one's
    ground state, block after block, until the energy settles. `block_size` 1 is the best product
    state, n the ground state itself.

    Args:
        cost: C, of n neurons.
        field: above 0, in the unit of the cost.
        block_size: b, 1 to n; neighbours in order, of which the last block may have fewer.
        starts: descents, the first from equal amplitudes, the others from random ones.
        rng: draws starts.
    """
    read, strength = as_cost(cost), check_positive("field", field)
    n = check_register("n_neurons", read.n_neurons, bytes_per_mask=8 * 24, what="the states")
    size = check_integer("block_size", block_size, minimum=1, maximum=n)
    check_integer("starts", starts, minimum=1)
    check_rng(rng)
    sizes = [min(size, n - first) for first in range(0, n, size)]
    table = read.to_table().costs.reshape([2**b for b in sizes])
    found = (_descend(table, strength, sizes, i > 0, rng) for i in range(starts))
    return min(found, key=lambda state: state.energy)


def _descend(
    table: FloatArray, field: float, sizes: list[int], random: bool, rng: np.random.Generator
) -> BlockState:
    states = [np.ones(2**b) / 2 ** (b / 2) for b in sizes]
    if random:
        states = [s / np.linalg.norm(s) for s in (rng.exponential(size=2**b) for b in sizes)]
    energies, before = np.zeros(len(sizes)), np.inf
    for _ in range(_SWEEPS):
        for i in range(len(sizes)):
            energies[i], states[i] = _lowest(_seen_by(table, states, i), field)
        outside = [field * float(s @ add_field(np.zeros(len(s)), 1.0, s)) for s in states[:-1]]
        energy = float(energies[-1] + sum(outside))
        if before - energy <= _SETTLED * max(abs(energy), field):
            break
        before = energy
    return BlockState(energy, tuple(states))


def _seen_by(table: FloatArray, states: list[FloatArray], i: int) -> FloatArray:
    """The mean cost of each choice of block i over the probabilities of the others."""
    letters = string.ascii_letters[: len(states)]
    others = [j for j in range(len(states)) if j != i]
    parts = ",".join([letters, *(letters[j] for j in others)])
    return np.asarray(np.einsum(f"{parts}->{letters[i]}", table, *(states[j] ** 2 for j in others),
                                optimize="greedy"))  # fmt: skip
