"""States as vectors: their probabilities, masks drawn from them, and the masks that they hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.limits import check_count, check_integer, check_rng, show_value
from labkit.masks import masks_from_indices

IntArray = npt.NDArray[np.intp]

_CHUNK_BITS = 16  # so many last bits at a time, which fit in a cache


def probabilities(state: npt.NDArray[Any]) -> FloatArray:
    """|amplitude|^2 of each mask, float64."""
    return state.real.astype(np.float64) ** 2 + state.imag.astype(np.float64) ** 2


def sample_state(state: npt.ArrayLike, shots: int, *, rng: np.random.Generator) -> BoolArray:
    """Draws masks (shots, n) from a state (2^n,) with probability |amplitude|^2.

    Raises:
        ValueError: `shots` is below 1, or `state` does not hold 2^n amplitudes, some not 0.
        TooLargeError: the masks do not fit in memory.
    """
    shots = check_integer("shots", shots, minimum=1)
    amplitudes = np.asarray(state)
    if amplitudes.dtype.kind not in "biufc":
        raise TypeError(f"state={show_value(state)} is not an array of numbers")
    check_length("state", amplitudes)
    cumulative = np.cumsum(probabilities(amplitudes))
    if not 0 < cumulative[-1] < np.inf:
        raise ValueError(f"state={show_value(state)} has no norm (limit: finite, above 0)")
    bytes_each = 40 + 17 * len(cumulative).bit_length()
    check_count("shots", shots, bytes_each=bytes_each, what="the measured masks")
    draws = check_rng(rng).random(shots) * cumulative[-1]
    indices = np.searchsorted(cumulative, draws, side="right")
    return masks_from_indices(indices, len(cumulative).bit_length() - 1)


def check_length(argument: str, array: npt.NDArray[Any]) -> None:
    """Refuses what does not hold one entry for each of 2^n masks."""
    if array.ndim != 1 or len(array) < 2 or len(array) & (len(array) - 1):
        raise ValueError(f"{argument} has shape {array.shape}; it must be (2^n,)")


def find_support(n_neurons: int, n_active: int) -> IntArray:
    """The C(n, n_active) mask indices with so many ones, rising."""
    last = min(n_neurons, _CHUNK_BITS)
    ones = np.bitwise_count(np.arange(2**last))
    chunks = (
        np.flatnonzero(ones == n_active - chunk.bit_count()) + chunk * 2**last
        for chunk in range(2 ** (n_neurons - last))
    )
    return np.concatenate([*chunks])


def spread(amplitudes: npt.NDArray[Any], support: IntArray, n_neurons: int) -> npt.NDArray[Any]:
    """All 2^n amplitudes: those of the support, and zeros."""
    state = np.zeros(2**n_neurons, dtype=amplitudes.dtype)
    state[support] = amplitudes
    return state
