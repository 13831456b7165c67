"""Start states against vectors written down directly."""

from __future__ import annotations

import math

import cirq
import numpy as np
import pytest

from labkit.circuits.state_preparation import dicke_state
from labkit.masks import all_masks

ALL_SIZES = [(n, n_active) for n in range(1, 9) for n_active in range(n + 1)]


def count_two_qubit_gates(circuit: cirq.Circuit) -> int:
    sizes = [len(operation.qubits) for operation in circuit.all_operations()]
    assert max(sizes) <= 2
    return sizes.count(2)


@pytest.mark.parametrize(("n", "n_active"), ALL_SIZES)
def test_the_dicke_state_holds_every_mask_of_that_many_neurons_alike(n: int, n_active: int) -> None:
    qubits = cirq.LineQubit.range(n)
    circuit = dicke_state(qubits, n_active)
    state = circuit.final_state_vector(qubit_order=qubits, dtype=np.complex128)
    expected = (all_masks(n).sum(axis=1) == n_active) / math.sqrt(math.comb(n, n_active))
    cirq.testing.assert_allclose_up_to_global_phase(state, expected, atol=1e-7)


@pytest.mark.parametrize(("n", "n_active"), [*ALL_SIZES, (40, 3), (40, 38), (24, 12)])
def test_the_dicke_state_takes_two_qubit_gates_in_proportion_to_n_times_k(
    n: int, n_active: int
) -> None:
    qubits = cirq.LineQubit.range(n)
    circuit = dicke_state(qubits, n_active)
    assert circuit.all_qubits() == frozenset(qubits)
    assert count_two_qubit_gates(circuit) <= 6 * n * min(n_active, n - n_active)


def test_one_active_neuron_takes_four_cnots_for_each_split() -> None:
    circuit = dicke_state(cirq.LineQubit.range(9), 1)
    assert count_two_qubit_gates(circuit) == 4 * 8


def test_the_dicke_state_is_on_the_qubits_given_whatever_their_names() -> None:
    qubits = [cirq.NamedQubit("z"), cirq.NamedQubit("a"), cirq.LineQubit(5)]
    state = dicke_state(qubits, 1).final_state_vector(qubit_order=qubits)
    assert np.flatnonzero(np.abs(state) > 1e-3).tolist() == [1, 2, 4]
