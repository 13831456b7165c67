"""Final states and samples of circuits, by qsim, or by `cirq.Simulator` where qsim is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.arrays import BoolArray, ComplexArray
from labkit.limits import check_count, check_integer, check_register, check_rng, show_value
from labkit.platforms import has_qsim
from labkit.simulators.states import probabilities, sample_state

if TYPE_CHECKING:  # Cirq takes seconds to import: it waits until a circuit is run
    import cirq


def final_state(
    circuit: cirq.AbstractCircuit, *, qubits: Sequence[cirq.Qid] | None = None
) -> ComplexArray:
    """The state at the end of a circuit that starts in |0...0>, by qsim.

    Where qsim is missing `cirq.Simulator` does the same, equal but for rounding (some 1e-6).

    Args:
        circuit: without measurements.
        qubits: their order in the state; the circuit's own sorted qubits by default.

    Returns:
        complex64 (2^n,) by mask index, qubit 0 most significant, of norm 1.

    Raises:
        ValueError: the circuit has no qubit, measures one, has noise or a symbol without a value,
            or `qubits` lacks one of its qubits.
        TooLargeError: the state does not fit in memory.
    """
    order = _qubit_order(circuit, qubits)
    _check_noiseless(circuit)
    check_register("n_qubits", len(order), bytes_per_mask=32, what="the state vector")
    state = (_run_qsim if has_qsim() else _run_cirq)(circuit, order)
    # float32 Hadamards shrink the norm a little with every gate
    state /= np.float32(np.sqrt(probabilities(state).sum()))
    return state


def _run_qsim(circuit: cirq.AbstractCircuit, order: Sequence[cirq.Qid]) -> ComplexArray:
    import qsimcirq

    options = qsimcirq.QSimOptions(max_fused_gate_size=2, cpu_threads=1)
    simulator = qsimcirq.QSimSimulator(options)
    _, state, _ = simulator.simulate_into_1d_array(circuit, qubit_order=order)
    return state


def _run_cirq(circuit: cirq.AbstractCircuit, order: Sequence[cirq.Qid]) -> ComplexArray:
    import cirq

    simulator = cirq.Simulator(dtype=np.complex64, split_untangled_states=False)
    found = simulator.simulate(circuit, qubit_order=order)
    return np.asarray(found.final_state_vector, dtype=np.complex64)


def sample_masks(
    circuit: cirq.AbstractCircuit,
    shots: int,
    *,
    rng: np.random.Generator,
    qubits: Sequence[cirq.Qid] | None = None,
    sampler: cirq.Sampler | None = None,
) -> BoolArray:
    """Measures every qubit at the end of a circuit, `shots` times.

    Args:
        circuit: without measurements.
        shots: number of measurements, at least 1.
        rng: source of the outcomes. A `sampler` does not read it: its randomness is its own.
        qubits: their order in a mask; the circuit's own sorted qubits by default.
        sampler: what runs the circuit: a simulator with or without noise, or a processor; by
            default qsim's final state is sampled. For a simulator with a noise model, gates on
            three and more qubits are decomposed first: it would take them for free of errors.

    Returns:
        bool (shots, n), qubit 0 first.

    Raises:
        ValueError: `shots` is below 1, the circuit has no qubit, measures one or has a symbol
            without a value, `qubits` lacks one of its qubits, or the circuit has noise and there
            is no `sampler`.
        TooLargeError: the state or the masks do not fit in memory.
    """
    check_rng(rng)
    check_integer("shots", shots, minimum=1)
    if sampler is None:
        return sample_state(final_state(circuit, qubits=qubits), shots, rng=rng)
    return _run_sampler(circuit, shots, qubits, sampler)


def _run_sampler(
    circuit: cirq.AbstractCircuit,
    shots: int,
    qubits: Sequence[cirq.Qid] | None,
    sampler: cirq.Sampler,
) -> BoolArray:
    import cirq

    if isinstance(sampler, cirq.Device):
        what = "is a machine: wrap it, labkit.hardware.DeviceSampler(device)"
        raise TypeError(f"sampler={show_value(sampler)} {what}")
    if not hasattr(sampler, "run"):
        raise TypeError(f"sampler={show_value(sampler)} is not a cirq.Sampler")
    order = _qubit_order(circuit, qubits)
    check_integer("n_qubits", len(order), minimum=1)
    check_count("shots", shots, bytes_each=10 * len(order), what="the measured masks")
    if getattr(sampler, "noise", None) not in (None, cirq.NO_NOISE):
        from labkit.circuits.decompositions import small_operations

        circuit = cirq.Circuit(small_operations(circuit))  # noise follows gates on one and two
    measured = circuit.unfreeze() + cirq.measure(*order, key="masks")
    try:
        return sampler.run(measured, repetitions=shots).measurements["masks"].astype(bool)
    except ValueError as error:
        if not hasattr(sampler, "processor"):
            raise
        what = f"sampler={show_value(sampler)} does not take the circuit as it is built"
        hint = "labkit.hardware.DeviceSampler(device, inner=sampler) translates it"
        raise ValueError(f"{what}: {hint}; {' '.join(str(error).split())[:100]}") from error


def _check_noiseless(circuit: cirq.AbstractCircuit) -> None:
    """Refuses channels: of those qsim would follow one trajectory only, drawn from no `rng`."""
    import cirq

    for operation in circuit.all_operations():
        if not cirq.has_unitary(operation):
            raise ValueError(
                f"circuit has noise, {show_value(operation)}; its final state is not one vector "
                "(sample_masks takes it with a sampler)"
            )


def _qubit_order(
    circuit: cirq.AbstractCircuit, qubits: Sequence[cirq.Qid] | None
) -> list[cirq.Qid]:
    """The qubits in the order of a state or a mask, of a circuit that measures none of them."""
    from labkit.circuits.decompositions import check_resolved

    if not hasattr(circuit, "all_qubits"):
        raise TypeError(f"circuit={show_value(circuit)} is not a cirq.Circuit")
    order = sorted(circuit.all_qubits()) if qubits is None else list(qubits)
    left_out = sorted(circuit.all_qubits().difference(order))
    if left_out:
        raise ValueError(f"qubits lacks {show_value(left_out[0])} of circuit (limit: all of them)")
    if circuit.has_measurements():
        raise ValueError("circuit measures qubits; its final state is not one vector")
    check_resolved(circuit)
    return order
