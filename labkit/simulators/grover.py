"""Grover's search as what it does to amplitudes: no circuit, no Cirq."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from labkit.arrays import ComplexArray
from labkit.limits import check_integer
from labkit.masks import check_mask
from labkit.simulators.states import check_length


def evolve_grover(marked: npt.ArrayLike, iterations: int) -> ComplexArray:
    """The state after Grover's iterations, by what they do to amplitudes; no circuit, no Cirq.

    The oracle changes the sign of the marked amplitudes, the reflection about |s> sends each
    amplitude a to 2 mean(a) - a.

    Args:
        marked: bool (2^n,), which masks the oracle marks.
        iterations: number of oracle calls, 0 or more.

    Returns:
        complex64 (2^n,) by mask index.

    Raises:
        ValueError: it is negative, or `marked` does not hold 2^n entries.
    """
    iterations = check_integer("iterations", iterations, minimum=0)
    marked = np.asarray(marked)
    check_length("marked", marked)
    marked = check_mask(marked, len(marked), argument="marked")
    sign = np.where(marked, -1.0, 1.0)
    state = np.full(len(marked), len(marked) ** -0.5)
    for _ in range(iterations):
        state *= sign
        state = 2 * state.mean() - state
    return state.astype(np.complex64)
