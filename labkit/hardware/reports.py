"""What a machine makes of a circuit: its size before and after, and what errors leave of it."""

from __future__ import annotations

from dataclasses import dataclass

import cirq

from labkit.circuits.reports import CircuitReport, circuit_report
from labkit.costs import Cost
from labkit.hardware.compiling import CompiledCircuit, compile_circuit
from labkit.limits import TooLargeError, check_share
from labkit.simulators.noise import noisy_probabilities

_ROUNDING = 1e-12  # a gain below this share of the costs' spread is none


@dataclass(frozen=True)
class CompilationReport:
    """A circuit on a machine.

    Attributes:
        before: its size as built.
        after: its size in the machine's gates.
        n_swaps: exchanges that the router put in.
        two_qubit_error: the probability of an error after each two-qubit gate.
        fidelity_product: (1 - error)^gates, the chance that no gate errs.
        gain_left: of what the noiseless circuit gains over a random mask in mean cost, the share
            that is left; None without a cost or a gain, or where `noisy_probabilities` refuses.
    """

    before: CircuitReport
    after: CircuitReport
    n_swaps: int
    two_qubit_error: float
    fidelity_product: float
    gain_left: float | None

    def __str__(self) -> str:
        """Three lines of words."""
        left = "" if self.gain_left is None else f", of the gain {self.gain_left:.3f} is left"
        return (
            f"as built: {self.before}\n"
            f"on the machine: {self.after}, {self.n_swaps} exchanges put in\n"
            f"at an error of {self.two_qubit_error:g} after each two-qubit gate: "
            f"product of fidelities {self.fidelity_product:.3f}{left}"
        )


def compilation_report(
    circuit: cirq.AbstractCircuit,
    device: cirq.Device | str,
    *,
    two_qubit_error: float = 0.01,
    cost: Cost | None = None,
) -> CompilationReport:
    """Compiles a circuit, and counts; with a cost, measures what errors leave of its gain.

    The product of fidelities takes each error for the end of it. Errors far from a term's light
    cone do it no harm, so that a local cost keeps more than the product says.

    Args:
        circuit: without measurements.
        device: a `cirq.Device` with a layout, or a name of `labkit.hardware.DEVICE_NAMES`.
        two_qubit_error: probability of an error after each two-qubit gate of the machine, 0..1.
        cost: of the masks of the circuit's sorted qubits.

    Raises:
        ValueError: the cost has another number of neurons; and see `compile_circuit`.
    """
    error = check_share("two_qubit_error", two_qubit_error)
    compiled = compile_circuit(circuit, device)
    if cost is not None and cost.n_neurons != len(compiled.qubits):
        what = f"cost has {cost.n_neurons} neurons, and circuit {len(compiled.qubits)} qubits"
        raise ValueError(f"{what} (limit: as many)")
    after = circuit_report(compiled.circuit)
    return CompilationReport(
        before=circuit_report(circuit),
        after=after,
        n_swaps=compiled.n_swaps,
        two_qubit_error=error,
        fidelity_product=(1 - error) ** after.two_qubit_gates,
        gain_left=None if cost is None else _gain_left(compiled, cost, error),
    )


def _gain_left(compiled: CompiledCircuit, cost: Cost, error: float) -> float | None:
    """(noisy mean - mean of all masks) / (noiseless mean - mean of all masks)."""
    circuit, n = _in_order(compiled), len(compiled.qubits)
    try:
        both = [noisy_probabilities(circuit, two_qubit_error=each) for each in (error, 0.0)]
    except TooLargeError:
        return None
    table = cost.to_table()
    noisy, clean = (
        float(chances.reshape(2**n, -1).sum(axis=1) @ (table.costs - table.mean))
        for chances in both
    )
    return noisy / clean if abs(clean) > _ROUNDING * table.std else None


def _in_order(compiled: CompiledCircuit) -> cirq.Circuit:
    """On qubits named by where they are at the end: those of neurons in order, then the others."""
    n, circuit = len(compiled.qubits), compiled.circuit
    spare = sorted(circuit.all_qubits().difference(compiled.places))
    line = cirq.LineQubit.range(n + len(spare))
    names: dict[cirq.Qid, cirq.Qid] = dict(zip([*compiled.places, *spare], line, strict=True))
    return circuit.transform_qubits(names) + cirq.Circuit(cirq.I.on_each(*line[:n]))
