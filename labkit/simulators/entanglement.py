"""How much of a state's description is about both sides of a cut, in bits."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.limits import check_integer, check_memory, check_register, show_value
from labkit.simulators.states import check_length

if TYPE_CHECKING:
    import cirq

_MOST_CUTS = 100_000


def schmidt_values(state: npt.ArrayLike, neurons: Sequence[int]) -> FloatArray:
    """s_i of |psi> = sum_i s_i |a_i>|b_i>, |a_i> on the given neurons, descending; sum s_i^2 = 1.

    Args:
        state: (2^n,) by mask index, of any norm above 0.
        neurons: one side of the cut, each once; may be none or all.

    Returns:
        float64 (2^min(k, n - k),).

    Reference: Nielsen and Chuang 2010, theorem 2.7.
    """
    amplitudes = np.asarray(state)
    if amplitudes.dtype.kind not in "biufc":
        raise TypeError(f"state={show_value(state)} is not an array of numbers")
    check_length("state", amplitudes)
    n = len(amplitudes).bit_length() - 1
    side = _check_side(neurons, n)
    amplitudes = amplitudes.astype(np.complex128)
    norm = float(np.linalg.norm(amplitudes))
    if not 0 < norm < np.inf:
        raise ValueError(f"state={show_value(state)} has no norm (limit: finite, above 0)")
    smaller = 2 ** min(len(side), n - len(side))
    check_memory("state", n, nbytes=48.0 * 2**n, largest=n - 1, what="its Schmidt decomposition")
    other = [j for j in range(n) if j not in side]
    by_side = amplitudes.reshape((2,) * n).transpose(side + other)
    values = np.linalg.svd(by_side.reshape(2 ** len(side), -1), compute_uv=False)
    return (values[:smaller] / norm).astype(np.float64)


def entropy(state: npt.ArrayLike, neurons: Sequence[int]) -> float:
    """The entanglement entropy -sum_i s_i^2 log2 s_i^2 in bits between some neurons and the rest.

    0 for a product of two states, min(k, n - k) at most.

    Args:
        state: (2^n,) by mask index, of any norm above 0.
        neurons: one side of the cut, each once; may be none or all.
    """
    shares = schmidt_values(state, neurons) ** 2
    shares = shares[shares > 0]
    return max(float(-shares @ np.log2(shares)), 0.0)


def largest_entropy(state: npt.ArrayLike, size: int) -> tuple[float, tuple[int, ...]]:
    """The largest `entropy` of all cuts with `size` neurons on one side, and those neurons."""
    n = len(np.asarray(state)).bit_length() - 1
    size = check_integer("size", size, minimum=0, maximum=n)
    count = math.comb(n, size)
    if count > _MOST_CUTS:
        raise ValueError(f"size={size} of {n} neurons is {count:,} cuts (limit: {_MOST_CUTS:,})")
    cuts = itertools.combinations(range(n), size)
    return max((entropy(state, cut), cut) for cut in cuts)


def entropies_along(circuit: cirq.AbstractCircuit, neurons: Sequence[int]) -> FloatArray:
    """The entropy of a cut after each moment of a circuit, (moments,), from |0...0> on.

    Args:
        circuit: without measurements or noise.
        neurons: places among its sorted qubits.
    """
    import cirq

    check_register(
        "n_qubits", len(circuit.all_qubits()), bytes_per_mask=48, what="the state vector"
    )
    steps = cirq.Simulator().simulate_moment_steps(circuit)
    return np.array([entropy(step.state_vector(), neurons) for step in steps])


def _check_side(neurons: Sequence[int], n: int) -> list[int]:
    side = [check_integer("neurons", j, minimum=0, maximum=n - 1) for j in neurons]
    if len({*side}) < len(side):
        raise ValueError(f"neurons={show_value(neurons)} names one twice (limit: each once)")
    return side
