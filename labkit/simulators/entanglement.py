"""How much of a state's description is about both sides of a cut, in bits."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.limits import TooLargeError, check_integer, check_memory, check_register, show_value
from labkit.simulators.states import check_length

if TYPE_CHECKING:
    import cirq

_MOST_WORK = 3e10  # cuts times 2^(n + the smaller side): about a minute


def schmidt_values(state: npt.ArrayLike, neurons: Sequence[int]) -> FloatArray:
    """s_i of |psi> = sum_i s_i |a_i>|b_i>, |a_i> on the given neurons, descending; sum s_i^2 = 1.

    Args:
        state: (2^n,) by mask index, of any norm above 0.
        neurons: one side of the cut, each once; may be none or all.

    Returns:
        float64 (2^min(k, n - k),).

    Reference: Nielsen and Chuang 2010, theorem 2.7.
    """
    amplitudes, n = _check_state(state)
    side = _check_side(neurons, n)
    check_memory("state", n, nbytes=48.0 * 2**n, largest=n - 1, what="its Schmidt decomposition")
    largest = float(np.abs(amplitudes).max())
    if not 0 < largest < np.inf:
        raise ValueError(f"state={show_value(state)} has no norm (limit: finite, above 0)")
    amplitudes = amplitudes.astype(np.complex128) / largest
    norm, smaller = np.linalg.norm(amplitudes), 2 ** min(len(side), n - len(side))
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
    """The largest `entropy` of all cuts with `size` neurons on one side, and those neurons.

    Raises:
        TooLargeError: the cuts are too many for a minute.
    """
    _, n = _check_state(state)
    size = check_integer("size", size, minimum=0, maximum=n)
    count = math.comb(n, size)
    if 2 * size == n:
        count //= 2  # with neuron 0: the others are their other sides
    limit = int(_MOST_WORK / 2.0 ** (n + min(size, n - size)))
    if count > limit:
        what = f"size={size} of {n} neurons is {count:,} cuts, over a minute"
        raise TooLargeError(f"{what} (limit: {limit:,})")
    cuts = itertools.islice(itertools.combinations(range(n), size), count)
    return max((entropy(state, cut), cut) for cut in cuts)


def entropies_along(circuit: cirq.AbstractCircuit, neurons: Sequence[int]) -> FloatArray:
    """The entropy of a cut after each moment of a circuit, (moments,), from |0...0> on.

    Args:
        circuit: without measurements or noise.
        neurons: places among its sorted qubits.
    """
    import cirq

    from labkit.circuits.decompositions import check_resolved

    if not isinstance(circuit, cirq.AbstractCircuit):
        raise TypeError(f"circuit={show_value(circuit)} is not a cirq.Circuit")
    check_resolved(circuit)
    if circuit.has_measurements() or not cirq.has_unitary(circuit):
        raise ValueError("circuit measures or errs (limit: gates alone)")
    n = len(circuit.all_qubits())
    check_register("n_qubits", n, bytes_per_mask=96, what="the state vector")
    steps = cirq.Simulator(dtype=np.complex128).simulate_moment_steps(circuit)
    return np.array([entropy(step.state_vector(), neurons) for step in steps])


def _check_state(state: npt.ArrayLike) -> tuple[npt.NDArray[Any], int]:
    """The amplitudes as they came, and the number of neurons."""
    try:
        amplitudes = np.asarray(state)
    except ValueError:
        amplitudes = np.array(None)
    if amplitudes.dtype.kind not in "biufc":
        raise TypeError(f"state={show_value(state)} is not an array of numbers")
    check_length("state", amplitudes)
    return amplitudes, len(amplitudes).bit_length() - 1


def _check_side(neurons: Sequence[int], n: int) -> list[int]:
    if not isinstance(neurons, Iterable):
        raise TypeError(f"neurons={show_value(neurons)} is not a sequence of neurons")
    side = [check_integer("neurons", j, minimum=0, maximum=n - 1) for j in neurons]
    if len({*side}) < len(side):
        raise ValueError(f"neurons={show_value(neurons)} names one twice (limit: each once)")
    return side
