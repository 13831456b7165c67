"""qsim: final states and samples of circuits; and Grover's evolution without a circuit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.limits import check_count, check_integer, check_register, check_rng, show_value
from labkit.masks import BoolArray, check_mask, masks_from_indices

if TYPE_CHECKING:  # Cirq takes seconds to import: it waits until a circuit is run
    import cirq

ComplexArray = npt.NDArray[np.complex64]


def final_state(
    circuit: cirq.AbstractCircuit, *, qubits: Sequence[cirq.Qid] | None = None
) -> ComplexArray:
    """The state at the end of a circuit that starts in |0...0>, simulated by qsim.

    Args:
        circuit: without measurements.
        qubits: their order in the state; the circuit's own sorted qubits by default.

    Returns:
        complex64 (2^n,) by mask index, qubit 0 most significant, of norm 1.

    Raises:
        TypeError: `circuit` is not a circuit.
        ValueError: the circuit has no qubit, or measures one.
        TooLargeError: the state does not fit in memory.
    """
    import qsimcirq

    if not hasattr(circuit, "all_qubits"):
        raise TypeError(f"circuit={show_value(circuit)} is not a cirq.Circuit")
    order = sorted(circuit.all_qubits()) if qubits is None else list(qubits)
    check_register("n_qubits", len(order), bytes_per_mask=32, what="the state vector")
    if circuit.has_measurements():
        raise ValueError("circuit measures qubits; its final state is not one vector")
    options = qsimcirq.QSimOptions(max_fused_gate_size=2, cpu_threads=1)
    simulator = qsimcirq.QSimSimulator(options)
    _, state, _ = simulator.simulate_into_1d_array(circuit, qubit_order=order)
    # qsim's float32 Hadamards shrink the norm a little with every gate
    state /= np.float32(np.sqrt(probabilities(state).sum()))
    return state


def sample_masks(
    circuit: cirq.AbstractCircuit,
    shots: int,
    *,
    rng: np.random.Generator,
    qubits: Sequence[cirq.Qid] | None = None,
) -> BoolArray:
    """Measures every qubit at the end of a circuit, `shots` times, simulated by qsim.

    Args:
        circuit: without measurements.
        shots: number of measurements, at least 1.
        rng: source of the outcomes.
        qubits: their order in a mask; the circuit's own sorted qubits by default.

    Returns:
        bool (shots, n), qubit 0 first.

    Raises:
        TypeError: `shots` is not an integer.
        ValueError: `shots` is below 1, or the circuit has no qubit or measures one.
        TooLargeError: the state or the masks do not fit in memory.
    """
    check_rng(rng)
    check_integer("shots", shots, minimum=1)
    return sample_state(final_state(circuit, qubits=qubits), shots, rng=rng)


def sample_state(state: npt.ArrayLike, shots: int, *, rng: np.random.Generator) -> BoolArray:
    """Draws masks (shots, n) from a state (2^n,) with probability |amplitude|^2.

    Raises:
        TypeError: `shots` is not an integer, `rng` no generator, or `state` no array of numbers.
        ValueError: `shots` is below 1, or `state` does not hold 2^n amplitudes, some not 0.
        TooLargeError: the masks do not fit in memory.
    """
    shots = check_integer("shots", shots, minimum=1)
    amplitudes = np.asarray(state)
    if amplitudes.dtype.kind not in "biufc":
        raise TypeError(f"state={show_value(state)} is not an array of numbers")
    _check_length("state", amplitudes)
    cumulative = np.cumsum(probabilities(amplitudes))
    if not 0 < cumulative[-1] < np.inf:
        raise ValueError(f"state={show_value(state)} has no norm (limit: finite, above 0)")
    bytes_each = 40 + 17 * len(cumulative).bit_length()
    check_count("shots", shots, bytes_each=bytes_each, what="the measured masks")
    draws = check_rng(rng).random(shots) * cumulative[-1]
    indices = np.searchsorted(cumulative, draws, side="right")
    return masks_from_indices(indices, len(cumulative).bit_length() - 1)


def probabilities(state: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """|amplitude|^2 of each mask, float64."""
    return state.real.astype(np.float64) ** 2 + state.imag.astype(np.float64) ** 2


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
        TypeError: `iterations` is not an integer.
        ValueError: it is negative, or `marked` does not hold 2^n entries.
    """
    iterations = check_integer("iterations", iterations, minimum=0)
    marked = np.asarray(marked)
    _check_length("marked", marked)
    marked = check_mask(marked, len(marked), argument="marked")
    sign = np.where(marked, -1.0, 1.0)
    state = np.full(len(marked), len(marked) ** -0.5)
    for _ in range(iterations):
        state *= sign
        state = 2 * state.mean() - state
    return state.astype(np.complex64)


def _check_length(argument: str, array: npt.NDArray[Any]) -> None:
    """Refuses what does not hold one entry for each of 2^n masks."""
    if array.ndim != 1 or len(array) < 2 or len(array) & (len(array) - 1):
        raise ValueError(f"{argument} has shape {array.shape}; it must be (2^n,)")
