"""The computed oracle against brute force over the masks, and the size of its circuit."""

from __future__ import annotations

import math
from itertools import compress

import cirq
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference_cases import load_cases

from labkit.amplification import success_probability
from labkit.circuits.grover import grover_circuit
from labkit.circuits.oracles import ComputedOracle, build_computed_oracle
from labkit.circuits.votes import (
    Vote,
    add_integer,
    collect_votes,
    enter_fourier_basis,
    leave_fourier_basis,
    reduce_weights,
)
from labkit.masks import all_masks
from labkit.simulators import final_state

Integers = npt.NDArray[np.int64]


def find_marked(weights: npt.ArrayLike, threshold: int) -> list[int]:
    """The indices of the marked masks, one mask after the other."""
    rows = np.asarray(weights).tolist()
    return [
        index
        for index, mask in enumerate(all_masks(len(rows[0])).tolist())
        if sum(sum(compress(row, mask)) >= 1 for row in rows) >= threshold
    ]


def work_register_by_mask(
    oracle: ComputedOracle, circuit: cirq.AbstractCircuit
) -> npt.NDArray[np.complex64]:
    """The final state, (2^n, 2^(B + c)): a row per mask, a column per value of the work qubits."""
    qubits = [*oracle.mask_qubits, *oracle.accumulator_qubits, *oracle.counter_qubits]
    state = final_state(circuit, qubits=qubits)
    return state.reshape(2 ** len(oracle.mask_qubits), -1)


def count_two_qubit_gates(circuit: cirq.AbstractCircuit) -> int:
    sizes = [len(operation.qubits) for operation in circuit.all_operations()]
    assert max(sizes) <= 2
    return sizes.count(2)


def draw_quantised_network(n_samples: int, n_neurons: int, seed: int, scale: float) -> Integers:
    """round(scale y_i a_j relu(w_j . [x_i, 1])): a random network on two inputs."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=(n_samples, 2)), np.ones(n_samples)])
    hidden = np.maximum(x @ rng.normal(0, math.sqrt(2 / 3), size=(3, n_neurons)), 0)
    readout = math.sqrt(2 / n_neurons) * rng.choice([-1, 1], n_neurons)
    y = rng.choice([-1, 1], n_samples)
    return np.rint(scale * y[:, np.newaxis] * readout * hidden).astype(np.int64)


@st.composite
def weighted_samples(
    draw: st.DrawFn, max_neurons: int, largest: int
) -> tuple[list[list[int]], int]:
    """(weights, threshold): dense or sparse, with equal rows and rows of one sign among them."""
    n = draw(st.integers(1, max_neurons))
    zeros = draw(st.sampled_from([0, largest]))
    weight = st.integers(-largest - zeros, largest).map(lambda d: d if d >= -largest else 0)
    weights = draw(st.lists(st.lists(weight, min_size=n, max_size=n), min_size=1, max_size=6))
    return weights, draw(st.integers(1, len(weights)))


def assert_marks_what_brute_force_finds(weights: list[list[int]], threshold: int) -> None:
    oracle = build_computed_oracle(weights, threshold)
    start = cirq.Circuit(cirq.H.on_each(*oracle.mask_qubits))
    state = work_register_by_mask(oracle, start + oracle.circuit)
    n_masks = len(state)
    expected = np.zeros_like(state)
    expected[:, 0] = n_masks**-0.5
    expected[find_marked(weights, threshold), 0] *= -1
    np.testing.assert_allclose(state, expected, atol=1e-5)


# What it marks


@given(weighted_samples(6, 3))
@example(([[3, 3, -3]] * 3 + [[1, 1, 1]], 3))  # a common divisor, and equal samples
@example(([[0, 0], [-1, 0], [1, 1]], 1))  # samples that no mask classifies correctly
@settings(max_examples=80)
def test_it_flips_the_marked_masks_and_returns_the_work_qubits_to_zero(
    drawn: tuple[list[list[int]], int],
) -> None:
    assert_marks_what_brute_force_finds(*drawn)


@given(weighted_samples(4, 40))
@settings(max_examples=40)
def test_it_flips_the_marked_masks_of_large_weights(drawn: tuple[list[list[int]], int]) -> None:
    assert_marks_what_brute_force_finds(*drawn)


@pytest.mark.parametrize("case", load_cases("computed_oracle"))
def test_it_flips_the_masks_of_the_reference(case: dict[str, list[int]]) -> None:
    oracle = build_computed_oracle(case["weights"], case["threshold"])  # type: ignore[arg-type]
    start = cirq.Circuit(cirq.H.on_each(*oracle.mask_qubits))
    state = work_register_by_mask(oracle, start + oracle.circuit)
    assert np.flatnonzero(state[:, 0].real < 0).tolist() == case["marked"]
    assert np.linalg.norm(state[:, 0]) ** 2 == pytest.approx(1, abs=1e-4)


def test_it_does_nothing_where_no_mask_has_enough_correct_samples() -> None:
    oracle = build_computed_oracle([[1, 2], [-1, 0]], 2)
    assert oracle.n_qubits == 2
    np.testing.assert_allclose(oracle.circuit.unitary(), np.eye(4), atol=1e-7)


@pytest.mark.parametrize("iterations", range(4))
def test_grovers_search_with_it_follows_the_formula(iterations: int) -> None:
    weights = [[3, -1, 2, 0, -2, 1], [2, 3, -3, 1, 0, -1], [-1, 2, 2, -3, 1, 0]]
    oracle = build_computed_oracle(weights, 3)
    marked = find_marked(weights, 3)
    assert 0 < len(marked) < 16
    circuit = grover_circuit(oracle.mask_qubits, oracle.circuit, iterations)
    state = work_register_by_mask(oracle, circuit)
    found = np.sum(np.abs(state[marked]) ** 2)
    assert found == pytest.approx(success_probability(6, len(marked), iterations), abs=1e-5)


# Its size


@pytest.mark.parametrize("threshold", range(1, 6))
def test_its_qubits_are_the_mask_then_the_accumulator_then_the_counter(threshold: int) -> None:
    weights = [[3, -2, 0], [1, 1, 0], [2, 2, 0], [3, 1, 0], [-1, 1, 0]]  # neuron 2 has no weight
    oracle = build_computed_oracle(weights, threshold)
    in_order = [*oracle.mask_qubits, *oracle.accumulator_qubits, *oracle.counter_qubits]
    assert in_order == cirq.LineQubit.range(oracle.n_qubits)
    assert oracle.circuit.all_qubits() == frozenset(in_order)


# (samples, neurons, and the qubits and two-qubit gates to stay within)
SIZES = [(4, 6, 14, 308), (8, 8, 18, 964), (8, 12, 22, 1104)]


@pytest.mark.parametrize(("n_samples", "n_neurons", "n_qubits", "n_gates"), SIZES)
def test_quantised_networks_stay_within_the_size(
    n_samples: int, n_neurons: int, n_qubits: int, n_gates: int
) -> None:
    for seed in range(60):
        weights = draw_quantised_network(n_samples, n_neurons, seed, scale=4)
        oracle = build_computed_oracle(weights, 1 + seed % n_samples)
        assert oracle.n_qubits <= n_qubits
        assert count_two_qubit_gates(oracle.circuit) <= n_gates


@pytest.mark.parametrize(("n_samples", "n_neurons", "n_qubits", "n_gates"), SIZES)
def test_dense_weights_stay_within_the_size_on_average(
    n_samples: int, n_neurons: int, n_qubits: int, n_gates: int
) -> None:
    rng = np.random.default_rng(0)
    counts = []
    for _ in range(30):
        weights = rng.integers(-3, 4, size=(n_samples, n_neurons))
        oracle = build_computed_oracle(weights, 3 * n_samples // 4)
        assert oracle.n_qubits <= n_qubits
        counts.append(count_two_qubit_gates(oracle.circuit))
    assert np.mean(counts) < 0.95 * n_gates
    assert max(counts) < 1.1 * n_gates


def test_one_positive_weight_is_copied_to_a_counter_of_one_qubit_by_hand_counted_gates() -> None:
    oracle = build_computed_oracle([[0, 7]], 1)
    assert (len(oracle.accumulator_qubits), len(oracle.counter_qubits)) == (1, 1)
    # mask to accumulator, accumulator to counter, and both backwards
    assert count_two_qubit_gates(oracle.circuit) == 4


def test_what_neighbouring_samples_share_is_not_added_again() -> None:
    together = build_computed_oracle([[2, 2, -1, 3, 1], [2, 2, -1, 3, -1]], 1)
    apart = build_computed_oracle([[2, 2, -1, 3, 1], [-1, 3, 2, -2, 3]], 1)
    assert count_two_qubit_gates(together.circuit) < count_two_qubit_gates(apart.circuit)


def test_opposite_samples_are_read_from_one_sum() -> None:
    opposite = build_computed_oracle([[2, -1, 3], [-2, 1, -3]], 1)
    once = build_computed_oracle([[2, -1, 3]], 1)
    # one change of basis and back (4 bits: 6 gates), and a counter of two qubits for one
    extra = 2 * (2 * 6 + 3 + 1)
    assert count_two_qubit_gates(opposite.circuit) <= count_two_qubit_gates(once.circuit) + extra


# Votes


@given(st.lists(st.integers(-12, 12), min_size=1, max_size=6).filter(lambda row: max(row) > 0))
def test_reduced_weights_vote_for_the_same_masks(row: list[int]) -> None:
    weights = np.array(row)
    reduced = reduce_weights(weights)
    assert (np.abs(reduced) <= np.abs(weights)).all()
    assert find_marked([reduced.tolist()], 1) == find_marked([row], 1)


@pytest.mark.parametrize(
    ("row", "reduced"),
    [
        ([7, 7], [1, 1]),  # each alone suffices
        ([5, -2, -4], [2, -1, -1]),  # both together outweigh it
        ([2, 3, -1], [1, 1, 0]),  # -1 changes nothing
        ([1, -9], [1, -1]),
        ([6, -3, -3, 3], [2, -1, -1, 1]),  # a common divisor
    ],
)
def test_weights_are_reduced_to_the_smallest(row: list[int], reduced: list[int]) -> None:
    assert reduce_weights(np.array(row)).tolist() == reduced


def test_equal_votes_are_counted_together_and_hopeless_samples_left_out() -> None:
    votes = collect_votes(np.array([[2, -4], [0, -3], [1, -1], [1, 1], [0, 0]]))
    found = [(vote.weights.tolist(), vote.count) for vote in votes]
    assert found == [([1, -1], 2), ([1, 1], 1)]


@given(st.lists(st.integers(-40, 40), min_size=1, max_size=6))
def test_the_width_is_the_least_that_holds_every_sum(row: list[int]) -> None:
    values = all_masks(len(row)) @ np.array(row) - 1
    fits = [b for b in range(1, 12) if -(2**b) <= 2 * values.min() and 2 * values.max() < 2**b]
    assert Vote(np.array(row), 1).width == fits[0]


# Arithmetic


@given(st.integers(1, 5), st.integers(-40, 40), st.integers(0, 31))
def test_addition_in_the_fourier_basis_is_addition_modulo_the_register(
    n: int, integer: int, value: int
) -> None:
    register = cirq.LineQubit.range(n)[::-1]  # the lowest bit last, as in an index
    circuit = cirq.Circuit(
        enter_fourier_basis(register), add_integer(register, integer), leave_fourier_basis(register)
    )
    expected = np.roll(np.eye(2**n), integer, axis=0)
    unitary = circuit.unitary(qubit_order=register[::-1])
    np.testing.assert_allclose(unitary[:, value % 2**n], expected[:, value % 2**n], atol=1e-6)


@pytest.mark.parametrize("n", range(1, 5))
def test_the_fourier_basis_is_that_of_the_discrete_fourier_transform(n: int) -> None:
    register = cirq.LineQubit.range(n)  # lowest bit first: rows in reversed bit order
    unitary = cirq.Circuit(enter_fourier_basis(register)).unitary(qubit_order=register[::-1])
    reversed_bits = [int(format(i, f"0{n}b")[::-1], 2) for i in range(2**n)]
    expected = np.fft.ifft(np.eye(2**n), norm="ortho")
    np.testing.assert_allclose(unitary[reversed_bits], expected, atol=1e-6)


def test_a_controlled_addition_waits_for_its_control() -> None:
    control, *register = cirq.LineQubit.range(3)
    circuit = cirq.Circuit(
        cirq.H.on_each(*register),
        add_integer(register, 3, control),
        leave_fourier_basis(register),
    )
    unitary = circuit.unitary(qubit_order=[control, *register[::-1]])
    assert np.abs(unitary[0, 0]) == pytest.approx(1)  # control 0: 0 stays 0
    assert np.abs(unitary[4 + 3, 4]) == pytest.approx(1)  # control 1: 0 becomes 3
