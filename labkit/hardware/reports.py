"""What a machine makes of a circuit: its size before and after, and what errors leave of it."""

from __future__ import annotations

from dataclasses import dataclass

import cirq

from labkit.circuits.reports import CircuitReport, circuit_report
from labkit.costs import Cost
from labkit.hardware.compiling import CompiledCircuit, compile_circuit
from labkit.limits import check_number
from labkit.simulators.noise import MAX_QUBITS, noisy_probabilities


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
            that is left; None without a cost, or for more than 12 qubits.
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
        two_qubit_error: probability of an error after each two-qubit gate of the machine.
        cost: of the masks of the circuit's sorted qubits.
    """
    error = check_number("two_qubit_error", two_qubit_error)
    compiled = compile_circuit(circuit, device)
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
    if len(compiled.circuit.all_qubits()) > MAX_QUBITS:
        return None
    table = cost.to_table()
    place = {physical: q for q, physical in zip(compiled.qubits, compiled.places, strict=True)}
    # labelled by where they are at the end, so that sorted qubits are neurons in order
    spare = (q for q in compiled.circuit.all_qubits() if q not in place)
    n = len(compiled.qubits)
    names: dict[cirq.Qid, cirq.Qid] = {
        physical: cirq.LineQubit(compiled.qubits.index(q)) for physical, q in place.items()
    }
    names.update({q: cirq.LineQubit(n + i) for i, q in enumerate(spare)})
    circuit = compiled.circuit.transform_qubits(names)
    circuit += cirq.Circuit(cirq.I.on_each(*cirq.LineQubit.range(n)))
    means = []
    for each in (error, 0.0):
        chances = noisy_probabilities(circuit, two_qubit_error=each)
        means.append(float(chances.reshape(2**n, -1).sum(axis=1) @ table.costs) - table.mean)
    return means[0] / means[1]
