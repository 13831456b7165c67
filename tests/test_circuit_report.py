"""What a circuit report counts, by hand."""

from __future__ import annotations

from itertools import product
from typing import Any

import cirq
import numpy as np
import numpy.typing as npt
import pytest

from labkit.circuits.decompositions import small_operations
from labkit.circuits.grover import grover_circuit
from labkit.circuits.oracles import build_table_oracle
from labkit.circuits.reports import CircuitReport, circuit_report
from labkit.limits import TooLargeError

A, B, C, D, E = cirq.LineQubit.range(5)


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([], CircuitReport(0, 0, 0, 0)),
        ([cirq.H(A)], CircuitReport(1, 1, 0, 1)),
        ([cirq.H(A), cirq.CNOT(A, B), cirq.CNOT(B, C)], CircuitReport(3, 3, 2, 2)),
        ([cirq.CZ(A, B), cirq.CZ(C, D), cirq.H(D)], CircuitReport(4, 2, 2, 2)),
        # a one-qubit gate with a control, and a two-qubit gate under another name
        ([cirq.ry(0.3)(A).controlled_by(B), cirq.ZZ(A, B) ** 0.2], CircuitReport(2, 2, 2, 2)),
        # a phase gradient on the parity of three: down the line, Z, and back
        (
            [cirq.PauliStringPhasor(cirq.Z(A) * cirq.Z(B) * cirq.Z(C), exponent_neg=0.3)],
            CircuitReport(3, 7, 4, 3),
        ),
    ],
)
def test_small_circuits_are_counted_as_by_hand(
    operations: list[cirq.Operation], expected: CircuitReport
) -> None:
    assert circuit_report(cirq.Circuit(operations)) == expected
    assert circuit_report(cirq.FrozenCircuit(operations)) == expected


def test_depth_is_the_longest_chain_however_the_moments_are_cut() -> None:
    moments = [cirq.Moment(cirq.H(q)) for q in (A, B, C)]
    assert circuit_report(cirq.Circuit(moments)).depth == 1


def test_what_does_nothing_to_the_masks_does_not_count() -> None:
    circuit = cirq.Circuit(
        cirq.global_phase_operation(1j),
        cirq.IdentityGate(3).on(A, B, C),
        cirq.CZ(A, B),
        cirq.measure(A, B, C, key="mask"),
    )
    assert circuit_report(circuit) == CircuitReport(3, 1, 1, 2)


@pytest.mark.parametrize("k", [3, 4, 6])
def test_a_diagonal_gate_takes_two_to_the_k_gates(k: int) -> None:
    angles = np.random.default_rng(0).uniform(0, 6, 2**k).tolist()
    report = circuit_report(cirq.Circuit(cirq.DiagonalGate(angles).on(*cirq.LineQubit.range(k))))
    assert report.two_qubit_gates == 2**k - 2
    assert (report.n_qubits, report.widest_interaction) == (k, k)


@pytest.mark.parametrize(
    "operation",
    [
        cirq.CCZ(A, B, C) ** 0.3,
        cirq.Z(D).controlled_by(A, B, C, control_values=[0, 1, 0]),
        cirq.ThreeQubitDiagonalGate(np.arange(8.0).tolist()).on(D, B, A),
        cirq.ControlledGate(cirq.GlobalPhaseGate(1j), num_controls=3).on(A, B, D),
    ],
    ids=str,
)
def test_a_wide_gate_counts_as_what_it_decomposes_into(operation: cirq.Operation) -> None:
    small = cirq.Circuit(small_operations(cirq.Circuit(operation)))
    report, expected = circuit_report(cirq.Circuit(operation)), circuit_report(small)
    assert report.two_qubit_gates == expected.two_qubit_gates > 0
    assert report.depth == expected.depth == len(small)
    assert report.widest_interaction == len(operation.qubits)


@pytest.mark.parametrize(("gate", "two_qubit_gates"), [(cirq.CCZ, 6), (cirq.CSWAP, 9)], ids=str)
def test_a_wide_gate_costs_the_same_wherever_it_stands(
    gate: cirq.Gate, two_qubit_gates: int
) -> None:
    for qubits in [(A, B, C), (C, A, D), (D, B, A)]:
        assert circuit_report(cirq.Circuit(gate.on(*qubits))).two_qubit_gates == two_qubit_gates


def test_a_subcircuit_counts_as_what_is_in_it() -> None:
    inner = cirq.FrozenCircuit(cirq.CZ(A, B), cirq.CZ(B, C))
    twice = cirq.CircuitOperation(inner, repetitions=2, use_repetition_ids=False)
    outer = cirq.CircuitOperation(cirq.FrozenCircuit(twice), use_repetition_ids=False)
    report = circuit_report(cirq.Circuit(outer.with_tags("oracle"), cirq.H(C)))
    assert report == CircuitReport(3, 5, 4, 2)


def test_a_repeated_iterate_counts_each_time() -> None:
    qubits = cirq.LineQubit.range(5)
    oracle = build_table_oracle(qubits, ["10110"])
    once, thrice = (circuit_report(grover_circuit(qubits, oracle, k)) for k in (1, 3))
    assert thrice.two_qubit_gates == 3 * once.two_qubit_gates > 0
    assert once.widest_interaction == thrice.widest_interaction == 5


def test_a_report_reads_as_one_line_of_words() -> None:
    report = circuit_report(cirq.Circuit(cirq.H(A), cirq.CNOT(A, B), cirq.CNOT(B, C)))
    assert str(report) == "3 qubits, depth 3, 2 two-qubit gates, widest interaction on 2 qubits"


@pytest.mark.parametrize(
    ("kind", "k"),
    [
        *product(["dense", "real", "blocks", "identity", "order", "phases"], [3, 4]),
        ("dense", 5),
        ("blocks", 5),
    ],
)
def test_a_matrix_of_any_kind_is_made_of_small_gates(kind: str, k: int) -> None:
    matrix, qubits = draw_unitary(kind, k), cirq.LineQubit.range(k)
    small = cirq.Circuit(small_operations(cirq.Circuit(cirq.MatrixGate(matrix).on(*qubits))))
    made = small.unitary(qubit_order=qubits, qubits_that_should_be_present=qubits)
    assert abs(np.vdot(made, matrix)) == pytest.approx(2**k, abs=1e-5)
    report = circuit_report(cirq.Circuit(cirq.MatrixGate(matrix).on(*qubits)))
    assert report.two_qubit_gates == sum(len(op.qubits) == 2 for op in small.all_operations())
    assert report.two_qubit_gates <= 23 / 48 * 4**k


def draw_unitary(kind: str, k: int) -> npt.NDArray[Any]:
    rng, rows = np.random.default_rng(k), 2**k
    real = rng.normal(size=(rows, rows))
    if kind == "blocks":
        half = draw_unitary("dense", k - 1)
        return np.kron(np.diag([1, 0]), np.eye(rows // 2)) + np.kron(np.diag([0, 1]), half)
    return {
        "dense": np.linalg.qr(real + 1j * rng.normal(size=(rows, rows)))[0],
        "real": np.linalg.qr(real)[0],
        "identity": np.eye(rows),
        "order": np.eye(rows)[rng.permutation(rows)],
        "phases": np.diag(np.exp(1j * real[0])),
    }[kind]


def test_a_matrix_on_other_qubits_and_with_controls_acts_on_those() -> None:
    gate = cirq.MatrixGate(draw_unitary("dense", 4))
    operation = gate.on(D, A, C, E).controlled_by(B)
    small = cirq.Circuit(small_operations(cirq.Circuit(operation)))
    order = [A, B, C, D, E]
    wanted = cirq.Circuit(operation).unitary(qubit_order=order)
    assert abs(np.vdot(small.unitary(qubit_order=order), wanted)) == pytest.approx(32, abs=1e-5)


def test_a_matrix_whose_gates_do_not_fit_is_refused_before_it_is_built() -> None:
    with pytest.raises(TooLargeError, match=r"^n_qubits=17 needs .* for the gates of a matrix"):
        circuit_report(cirq.Circuit(OnlyAMatrix(17).on(*cirq.LineQubit.range(17))))


class OnlyAMatrix(cirq.Gate):
    """Says that it has a matrix, which nobody may ask for."""

    def __init__(self, n_qubits: int) -> None:
        self.n_qubits = n_qubits

    def _num_qubits_(self) -> int:
        return self.n_qubits

    def _has_unitary_(self) -> bool:
        return True


class Unknown(OnlyAMatrix):
    """Says nothing of what it does."""

    def _has_unitary_(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "Unknown()"


def test_a_gate_that_cirq_cannot_decompose_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^circuit holds Unknown\(\).*cannot decompose$"):
        circuit_report(cirq.Circuit(Unknown(4).on(A, B, C, D)))
