"""The masks that keep a number of neurons, and what an edge of a ring exchanges among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.ansatz import Edge

IntArray = npt.NDArray[np.intp]

_CHUNK_BITS = 16  # so many last bits at a time, which fit in a cache


def find_support(n_neurons: int, n_active: int) -> IntArray:
    """The C(n, n_active) mask indices with so many ones, rising."""
    last = min(n_neurons, _CHUNK_BITS)
    ones = np.bitwise_count(np.arange(2**last))
    chunks = (
        np.flatnonzero(ones == n_active - chunk.bit_count()) + chunk * 2**last
        for chunk in range(2 ** (n_neurons - last))
    )
    return np.concatenate([*chunks])


def find_pairs(support: IntArray, n_neurons: int, edge: Edge) -> tuple[IntArray, IntArray]:
    """Places in the support of masks with 01 on the edge's two neurons, and of those with 10."""
    low, high = sorted(2 ** (n_neurons - 1 - j) for j in edge)
    one = np.flatnonzero(support & (low + high) == low)
    return one, np.searchsorted(support, support[one] + (high - low))


def spread(amplitudes: npt.NDArray[Any], support: IntArray, n_neurons: int) -> npt.NDArray[Any]:
    """All 2^n amplitudes: those of the support, and zeros."""
    state = np.zeros(2**n_neurons, dtype=amplitudes.dtype)
    state[support] = amplitudes
    return state
