"""Grover's circuits against dense linear algebra, for every small n."""

from __future__ import annotations

import math

import cirq
import numpy as np
import pytest
from dense import grover_state, oracle_matrix, reflection_matrix, uniform_state
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import marked_sets

from labkit.circuits import grover, oracles, state_preparation
from labkit.masks import mask_from_index, mask_to_string, masks_from_indices


def build_oracle(qubits: list[cirq.LineQubit], marked: list[int]) -> cirq.FrozenCircuit:
    return oracles.build_table_oracle(qubits, masks_from_indices(marked, len(qubits)))


# Oracle


@given(marked_sets(5))
def test_the_oracle_is_diagonal_with_minus_one_at_the_marked_masks(
    drawn: tuple[int, list[int]],
) -> None:
    n, marked = drawn
    qubits = cirq.LineQubit.range(n)
    unitary = build_oracle(qubits, marked).unitary(qubit_order=qubits)
    np.testing.assert_allclose(unitary, oracle_matrix(n, marked), atol=1e-7)


@pytest.mark.parametrize(("mask", "index"), [("100", 4), ("001", 1), ("110", 6), ("000", 0)])
def test_the_first_character_of_a_marked_mask_is_the_most_significant_bit(
    mask: str, index: int
) -> None:
    qubits = cirq.LineQubit.range(3)
    unitary = oracles.build_table_oracle(qubits, [mask]).unitary(qubit_order=qubits)
    assert np.flatnonzero(unitary.diagonal().real < 0).tolist() == [index]


def test_neuron_0_is_the_first_qubit_given_whatever_its_name() -> None:
    qubits = [cirq.NamedQubit("z"), cirq.NamedQubit("a"), cirq.LineQubit(9)]
    unitary = oracles.build_table_oracle(qubits, ["100"]).unitary(qubit_order=qubits)
    np.testing.assert_allclose(unitary, oracle_matrix(3, [4]), atol=1e-7)


def test_a_mask_marked_twice_is_flipped_once() -> None:
    qubits = cirq.LineQubit.range(2)
    oracle = oracles.build_table_oracle(qubits, ["10", "10", np.array([1, 0])])
    np.testing.assert_allclose(oracle.unitary(qubit_order=qubits), oracle_matrix(2, [2]), atol=1e-7)


def test_the_oracle_needs_no_further_qubit() -> None:
    qubits = cirq.LineQubit.range(4)
    assert build_oracle(qubits, [0, 7, 15]).all_qubits() == frozenset(qubits)


# Start and reflection


@pytest.mark.parametrize("n", range(1, 6))
def test_the_start_state_holds_every_mask_alike(n: int) -> None:
    circuit = state_preparation.uniform_superposition(cirq.LineQubit.range(n))
    np.testing.assert_allclose(circuit.final_state_vector(), uniform_state(n), atol=1e-6)


@pytest.mark.parametrize("n", range(1, 6))
def test_the_reflection_is_one_minus_twice_the_start_state(n: int) -> None:
    qubits = cirq.LineQubit.range(n)
    unitary = grover.reflect_about_start(qubits).unitary(qubit_order=qubits)
    np.testing.assert_allclose(unitary, reflection_matrix(n), atol=1e-6)


# The whole circuit


@given(marked_sets(5), st.integers(0, 5))
@settings(max_examples=20)
def test_the_circuit_ends_in_the_state_of_the_matrix_power(
    drawn: tuple[int, list[int]], iterations: int
) -> None:
    n, marked = drawn
    qubits = cirq.LineQubit.range(n)
    circuit = grover.grover_circuit(qubits, build_oracle(qubits, marked), iterations)
    state = circuit.final_state_vector(qubit_order=qubits, dtype=np.complex128)
    cirq.testing.assert_allclose_up_to_global_phase(
        state, grover_state(n, marked, iterations), atol=1e-6
    )


@pytest.mark.parametrize("iterations", [0, 1, 3])
def test_the_oracle_is_called_once_in_each_iteration(iterations: int) -> None:
    qubits = cirq.LineQubit.range(3)
    oracle = cirq.FrozenCircuit(cirq.CCZ(*qubits).with_tags("oracle"))
    circuit = grover.grover_circuit(qubits, oracle, iterations)
    calls = [op for op in circuit.all_operations() if "oracle" in op.tags]
    assert len(calls) == iterations


@pytest.mark.parametrize(("n", "n_active"), [(3, 1), (4, 2), (5, 3)])
def test_among_masks_of_one_size_the_search_turns_from_their_dicke_state(
    n: int, n_active: int
) -> None:
    qubits = cirq.LineQubit.range(n)
    start = np.array([mask_from_index(i, n).sum() == n_active for i in range(2**n)], dtype=float)
    start /= np.linalg.norm(start)
    marked = np.flatnonzero(start)[:2].tolist()
    iterate = -(np.eye(2**n) - 2 * np.outer(start, start)) @ oracle_matrix(n, marked)
    for iterations in (0, 1, 2):
        circuit = grover.grover_circuit(
            qubits, build_oracle(qubits, marked), iterations, n_active=n_active
        )
        state = circuit.final_state_vector(qubit_order=qubits, dtype=np.complex128)
        expected = np.linalg.matrix_power(iterate, iterations) @ start
        cirq.testing.assert_allclose_up_to_global_phase(state, expected, atol=1e-6)


# Formulas


@pytest.mark.parametrize("n", range(1, 7))
def test_success_probability_is_the_weight_on_the_marked_masks(n: int) -> None:
    for n_marked in range(1, 2**n + 1):
        for iterations in range(5):
            state = grover_state(n, range(n_marked), iterations)
            expected = np.sum(np.abs(state[:n_marked]) ** 2)
            found = grover.success_probability(n, n_marked, iterations)
            assert found == pytest.approx(expected, abs=1e-9)


def test_a_quarter_marked_is_found_for_certain_after_one_iteration() -> None:
    assert grover.rotation_angle(4, 4) == pytest.approx(math.pi / 6)
    assert grover.success_probability(4, 4, 1) == pytest.approx(1)
    assert grover.optimal_iterations(4, 4) == 1


@pytest.mark.parametrize("n", range(1, 9))
def test_optimal_iterations_is_the_first_peak_of_the_success_curve(n: int) -> None:
    for n_marked in range(1, 2**n + 1):
        theta = math.asin(math.sqrt(n_marked / 2**n))
        # the first swing, up to where the curve has come down to zero again
        swing = range(math.ceil((math.pi / theta - 1) / 2) + 1)
        curve = [math.sin((2 * k + 1) * theta) ** 2 for k in swing if (2 * k + 1) * theta < math.pi]
        first = next(k for k, p in enumerate(curve) if p > max(curve) - 1e-9)
        assert grover.optimal_iterations(n, n_marked) == first, (n, n_marked)


@pytest.mark.parametrize("n", [20, 40, 62])
def test_optimal_iterations_grow_with_the_square_root_of_the_masks(n: int) -> None:
    found = grover.optimal_iterations(n, 1)
    assert found == pytest.approx(math.pi / 4 * math.sqrt(2**n), rel=1e-3)


@pytest.mark.parametrize("index", [0, 5, 7])
def test_one_phase_flip_changes_the_sign_of_one_mask(index: int) -> None:
    qubits = cirq.LineQubit.range(3)
    mask = mask_from_index(index, 3)
    unitary = cirq.Circuit(oracles.flip_phase(qubits, mask)).unitary(qubit_order=qubits)
    np.testing.assert_allclose(unitary, oracle_matrix(3, [int(mask_to_string(mask), 2)]), atol=1e-7)
