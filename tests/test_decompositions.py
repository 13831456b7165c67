"""What circuits are made of on a machine: the same unitary, whichever qubits it stands on."""

from __future__ import annotations

from typing import Any

import cirq
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labkit
from labkit.circuits import grover
from labkit.circuits.decompositions import (
    DIAGONAL_UP_TO,
    ThreeQubitDiagonal,
    diagonal_steps,
    small_operations,
)
from labkit.circuits.gate_errors import add_gate_errors
from labkit.circuits.oracles import build_diagonal_oracle, build_table_oracle, flip_phase
from labkit.circuits.qaoa import diagonal, mixer_layer, phase_layer
from labkit.circuits.state_preparation import dicke_state
from labkit.costs import CostTable, LocalCost
from labkit.costs.spectrum import walsh_hadamard
from labkit.masks import all_masks
from labkit.simulators import final_state

SCATTERED = [cirq.LineQubit(j) for j in (7, 0, 3, 11, 5)]


def small_circuit(circuit: cirq.AbstractCircuit) -> cirq.Circuit:
    small = cirq.Circuit(small_operations(circuit))
    assert all(1 <= len(op.qubits) <= 2 for op in small.all_operations())
    return small


def assert_same(circuit: cirq.AbstractCircuit) -> None:
    order = sorted(circuit.all_qubits())
    expected = circuit.unitary(qubit_order=order)
    for found in (small_circuit(circuit), add_gate_errors(circuit, 0.0)):
        gates = cirq.Circuit(op for op in found.all_operations() if cirq.has_unitary(op))
        unitary = gates.unitary(qubit_order=order, qubits_that_should_be_present=order)
        cirq.testing.assert_allclose_up_to_global_phase(unitary, expected, atol=1e-6)


def circuits_on(qubits: list[cirq.LineQubit]) -> dict[str, cirq.Circuit]:
    """Each builder of `labkit.circuits` that has a gate on three or more qubits."""
    rng, n = np.random.default_rng(len(qubits)), len(qubits)
    local = LocalCost(
        [(tuple((i + j) % n for j in range(3)), rng.normal(size=8)) for i in range(n)], n
    )
    mask = rng.random(n) < 0.5
    return {
        "diagonal": cirq.Circuit(diagonal(qubits, rng.normal(size=2**n))),
        "local phases": cirq.Circuit(phase_layer(qubits, local, 0.7)),
        "polynomial phases": cirq.Circuit(phase_layer(qubits, local.to_pauli_z(), 0.7)),
        "table phases": cirq.Circuit(phase_layer(qubits, local.to_table(), 0.7)),
        "flip": cirq.Circuit(flip_phase(qubits, mask)),
        "grover": grover.grover_circuit(qubits, build_table_oracle(qubits, [mask, ~mask]), 2),
        "x mixer": cirq.Circuit(mixer_layer(qubits, 0.4)),
        "grover mixer": cirq.Circuit(mixer_layer(qubits, 0.4, mixer="grover")),
        "grover mixer, Dicke": cirq.Circuit(mixer_layer(qubits, 0.4, mixer="grover", n_active=2)),
        "ring mixer": cirq.Circuit(mixer_layer(qubits, 0.4, mixer="ring", n_active=2)),
        "Dicke": dicke_state(qubits, 2),
    }


@pytest.mark.parametrize("name", circuits_on(SCATTERED[:3]))
@pytest.mark.parametrize("n", [3, 4, 5])
def test_every_circuit_decomposes_into_itself_on_scattered_qubits(n: int, name: str) -> None:
    assert_same(circuits_on(SCATTERED[:n])[name])


@pytest.mark.parametrize("n", range(3, 8))
def test_the_steps_of_a_diagonal_are_those_of_its_decomposition(n: int) -> None:
    angles = np.random.default_rng(n).normal(size=2**n)
    qubits = cirq.LineQubit.range(n)
    rotations = walsh_hadamard(angles) / 2**n * -2
    stepped = [
        cirq.CNOT(*(qubits[j] for j in at))
        if len(at) == 2
        else cirq.rz(rotations[s])(qubits[at[0]])
        for at, s in diagonal_steps(n)
    ]
    decomposed = small_operations(cirq.Circuit(cirq.DiagonalGate(angles.tolist()).on(*qubits)))
    assert cirq.approx_eq(stepped, list(decomposed), atol=1e-9)


@given(st.permutations(range(8)), st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_a_three_qubit_diagonal_takes_six_gates_on_any_qubits(places: Any, seed: int) -> None:
    angles = np.random.default_rng(seed).uniform(-4, 4, 8)
    qubits = [cirq.LineQubit(j) for j in places[:3]]
    circuit = cirq.Circuit(diagonal(qubits, angles))
    assert isinstance(next(circuit.all_operations()).gate, ThreeQubitDiagonal)
    assert_same(circuit)
    assert sum(len(op.qubits) == 2 for op in small_operations(circuit)) == 6
    state = final_state(cirq.Circuit(cirq.H.on_each(*qubits)) + circuit, qubits=qubits)
    np.testing.assert_allclose(state * 8**0.5, np.exp(1j * angles), atol=1e-5)  # qsim's own gate
    assert_same(cirq.inverse(circuit))


@pytest.mark.parametrize("n", range(3, 9))
def test_a_controlled_phase_is_a_diagonal_up_to_seven_qubits(n: int) -> None:
    qubits = cirq.LineQubit.range(n)
    for mask in (np.arange(n) % 2 == 0, np.ones(n, dtype=bool), np.zeros(n, dtype=bool)):
        circuit = cirq.Circuit(flip_phase(qubits, mask))
        gates = sum(len(op.qubits) == 2 for op in small_operations(circuit))
        assert (gates == 2**n - 2) == (n <= DIAGONAL_UP_TO)
        if n <= 6:
            assert_same(circuit)


def test_cirqs_diagonals_with_controls_decompose_rightly() -> None:
    q = cirq.LineQubit.range(6)
    for kind in (cirq.ThreeQubitDiagonalGate, ThreeQubitDiagonal):
        gate = kind([0.1 * k**2 for k in range(8)])
        assert_same(cirq.Circuit(gate(q[5], q[0], q[3])))
        assert_same(cirq.Circuit(gate(q[5], q[0], q[3]).controlled_by(q[1], control_values=[0])))
    assert_same(cirq.Circuit(cirq.CZ(q[4], q[1]).controlled_by(q[2]), cirq.CCZ(*q[:3]) ** 0.3))


def test_a_diagonal_oracle_is_the_one_of_its_masks() -> None:
    qubits, marked = cirq.LineQubit.range(3), np.array([0, 1, 0, 0, 1, 0, 1, 0], dtype=bool)
    by_mask = build_table_oracle(qubits, all_masks(3)[marked])
    np.testing.assert_allclose(
        build_diagonal_oracle(qubits, marked).unitary(), by_mask.unitary(), atol=1e-6
    )
    with pytest.raises(ValueError, match=r"marked has shape \(4,\); it must be \(8,\)"):
        build_diagonal_oracle(qubits, marked[:4])


def test_a_three_qubit_diagonal_can_be_saved_and_written_out() -> None:
    gate = ThreeQubitDiagonal(np.arange(8.0).tolist())
    resolvers: list[Any] = [
        {"labkit.ThreeQubitDiagonal": ThreeQubitDiagonal}.get,
        *cirq.DEFAULT_RESOLVERS,
    ]
    assert cirq.read_json(json_text=cirq.to_json(gate), resolvers=resolvers) == gate
    assert eval(repr(gate), {"labkit": labkit}) == gate


def test_what_has_no_decomposition_is_named() -> None:
    kraus = cirq.KrausChannel([np.eye(8)])
    with pytest.raises(ValueError, match="which Cirq cannot decompose"):
        list(small_operations(cirq.Circuit(kraus.on(*cirq.LineQubit.range(3)))))


def test_subcircuits_measurements_and_global_phases() -> None:
    q = cirq.LineQubit.range(3)
    inner = cirq.FrozenCircuit(cirq.CCZ(*q), cirq.global_phase_operation(1j))
    once = cirq.CircuitOperation(inner, use_repetition_ids=False)
    circuit = cirq.Circuit(once, cirq.measure(*q, key="m"))
    small = list(small_operations(circuit))
    assert cirq.is_measurement(small[-1])
    assert all(len(op.qubits) in (1, 2) for op in small[:-1])
    table = CostTable(np.arange(8.0), 3)
    assert all(op.qubits for op in small_operations(cirq.Circuit(phase_layer(q, table, 1.0))))
