"""Noise, exactly: against the reference, Cirq's density matrices, closed forms and shots."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import cirq
import numpy as np
import pytest
import qsimcirq
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_cases import load_cases
from scipy.stats import chisquare

from labkit.circuits import grover
from labkit.circuits.decompositions import small_operations
from labkit.circuits.gate_errors import add_gate_errors
from labkit.circuits.oracles import build_table_oracle
from labkit.circuits.qaoa import qaoa_circuit
from labkit.costs import CostTable, LocalCost, PauliZCost
from labkit.limits import TooLargeError
from labkit.masks import mask_to_index
from labkit.simulators import (
    NoisyCircuit,
    evolve_qaoa,
    light_cone_expectation,
    misread,
    noisy_light_cone_expectation,
    noisy_probabilities,
    probabilities,
    sample_masks,
)

ANGLES = ([0.3, 0.6], [0.55, 0.2])


def cost_of(case: dict[str, Any]) -> Any:
    n = case["n_neurons"]
    if "local_terms" in case:
        return LocalCost([(tuple(s), np.array(v)) for s, v in case["local_terms"]], n)
    return PauliZCost({tuple(s): v for s, v in case["pauli_z_terms"]}, n)


def nk_cost(n: int, k: int, seed: int = 0) -> LocalCost:
    rng = np.random.default_rng(seed)
    return LocalCost(
        [(tuple((i + j) % n for j in range(k)), rng.normal(size=2**k)) for i in range(n)], n
    )


def with_errors(circuit: cirq.AbstractCircuit, two: float, one: float) -> cirq.Circuit:
    """Channels put in by hand, for Cirq's own density matrices."""

    def follow(operation: cirq.Operation) -> list[cirq.Operation]:
        k = len(operation.qubits)
        is_gate = cirq.has_unitary(operation) and not isinstance(operation.gate, cirq.IdentityGate)
        error = {1: one, 2: two}[k] if is_gate else 0.0
        return [operation, cirq.depolarize(error, k)(*operation.qubits)] if error else [operation]

    return cirq.Circuit(map(follow, small_operations(circuit)))


def density_diagonal(circuit: cirq.AbstractCircuit) -> Any:
    found = cirq.DensityMatrixSimulator(dtype=np.complex128).simulate(circuit)
    return found.final_density_matrix.diagonal().real


@pytest.mark.parametrize(
    "case",
    load_cases("noise/qaoa_two_local_depolarised")
    + load_cases("noise/ring_two_neuron_tables_depolarised"),
    ids=lambda case: f"{case['n_neurons']}",
)
def test_reference_density_matrices(case: dict[str, Any]) -> None:
    cost = cost_of(case)
    circuit = qaoa_circuit(cost, case["gammas"], case["betas"])
    for result in case["results"]:
        error = result["error_per_two_qubit_gate"]
        found = noisy_probabilities(circuit, two_qubit_error=error)
        assert found @ cost.to_table().costs == pytest.approx(result["mean_cost"], abs=1e-9)
        if "probabilities" in result:
            np.testing.assert_allclose(found, result["probabilities"], atol=1e-9)
        if isinstance(cost, LocalCost):
            cones = noisy_light_cone_expectation(
                cost, case["gammas"], case["betas"], two_qubit_error=error
            )
            assert cones == pytest.approx(result["mean_cost"], abs=1e-9)


def test_closed_forms_of_channels_and_of_grover_on_two_qubits() -> None:
    q = cirq.LineQubit.range(2)
    for p in (0.0, 0.3, 1.0):
        depolarised = noisy_probabilities(cirq.Circuit(cirq.depolarize(p)(q[0])), two_qubit_error=0)
        assert depolarised[0] == pytest.approx(1 - 2 * p / 3, abs=1e-12)
        damped = cirq.Circuit(cirq.X(q[0]), cirq.amplitude_damp(p)(q[0]))
        assert noisy_probabilities(damped, two_qubit_error=0)[0] == pytest.approx(p, abs=1e-12)
    oracle = build_table_oracle(q, ["11"])
    found = noisy_probabilities(grover.grover_circuit(q, oracle, 1), two_qubit_error=0.01)
    assert found[3] == pytest.approx(0.25 + 0.75 * (1 - 0.16 / 15) ** 2, abs=1e-12)
    assert found[3] == pytest.approx(
        load_cases("noise/closed_forms")[-1]["probabilities"][3], abs=1e-9
    )


@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_random_circuits_agree_with_cirqs_density_matrices(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    qubits = [cirq.LineQubit(j) for j in rng.choice(9, n, replace=False).tolist()]
    gates: dict[int, list[cirq.Gate]] = {
        1: [cirq.H, cirq.T, cirq.X**0.3, cirq.Y**0.7, cirq.amplitude_damp(0.2)],
        2: [cirq.CNOT, cirq.CZ**0.4, cirq.ISWAP**0.6, cirq.ZZ**0.3, cirq.SWAP],
    }
    circuit = cirq.Circuit(cirq.I.on_each(*qubits))
    for _ in range(12):
        k = int(rng.integers(1, min(n, 2) + 1))
        on = [qubits[j] for j in rng.choice(n, k, replace=False)]
        circuit.append(gates[k][rng.integers(5)].on(*on))
    two, one = rng.uniform(0, 1, 2)
    found = noisy_probabilities(circuit, two_qubit_error=two, one_qubit_error=one)
    np.testing.assert_allclose(found, density_diagonal(with_errors(circuit, two, one)), atol=1e-12)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("n", [5, 6])
def test_without_errors_every_form_gives_its_noiseless_probabilities(n: int, k: int) -> None:
    local = nk_cost(n, k)
    for cost in (local, local.to_pauli_z(), local.to_table()):
        expected = probabilities(evolve_qaoa(cost, *ANGLES, dtype="complex128"))
        found = noisy_probabilities(qaoa_circuit(cost, *ANGLES), two_qubit_error=0.0)
        np.testing.assert_allclose(found, expected, atol=1e-9)
    mean = noisy_light_cone_expectation(local, *ANGLES, two_qubit_error=0.0)
    assert mean == pytest.approx(light_cone_expectation(local, *ANGLES), abs=1e-9)


@pytest.mark.parametrize(
    ("n", "k"), [(4, 2), (7, 2), (9, 2), (10, 2), (8, 3), (9, 3), (6, 4), (5, 1)]
)
@pytest.mark.parametrize("p", [1, 2])
def test_noisy_light_cones_agree_with_the_density_matrix(n: int, k: int, p: int) -> None:
    cost = nk_cost(n, k, seed=n)
    angles = ANGLES[0][:p], ANGLES[1][:p]
    chances = noisy_probabilities(qaoa_circuit(cost, *angles), two_qubit_error=0.02)
    found = noisy_light_cone_expectation(cost, *angles, two_qubit_error=0.02)
    assert found == pytest.approx(chances @ cost.to_table().costs, abs=1e-9)


def test_terms_in_any_order_and_constants_have_noisy_light_cones_too() -> None:
    rng = np.random.default_rng(3)
    terms = [((3, 0), rng.normal(size=4)), ((), np.array([0.7])), ((2,), rng.normal(size=2)),
             ((1, 4, 0), rng.normal(size=8)), ((4, 2), rng.normal(size=4))]  # fmt: skip
    cost = LocalCost(terms, 6)
    chances = noisy_probabilities(qaoa_circuit(cost, *ANGLES), two_qubit_error=0.05)
    found = noisy_light_cone_expectation(cost, *ANGLES, two_qubit_error=0.05)
    assert found == pytest.approx(chances @ cost.to_table().costs, abs=1e-9)


@pytest.mark.parametrize("name", ["local", "table", "grover"])
def test_trajectories_of_qsim_have_the_exact_chances(name: str) -> None:
    cost = nk_cost(4, 3)
    qubits = cirq.LineQubit.range(4)
    circuit = {
        "local": lambda: qaoa_circuit(cost, *ANGLES),
        "table": lambda: qaoa_circuit(cost.to_table(), *ANGLES),
        "grover": lambda: grover.grover_circuit(qubits, build_table_oracle(qubits, ["0110"]), 2),
    }[name]()
    shots = 20_000
    sampler = qsimcirq.QSimSimulator(seed=5)
    noisy = add_gate_errors(circuit, 0.02)
    masks = sample_masks(noisy, shots, rng=np.random.default_rng(0), sampler=sampler)
    counts = np.bincount([mask_to_index(mask) for mask in masks], minlength=16)
    exact = noisy_probabilities(circuit, two_qubit_error=0.02)
    np.testing.assert_allclose(noisy_probabilities(noisy, two_qubit_error=0.0), exact, atol=1e-12)
    assert chisquare(counts, shots * exact / exact.sum()).pvalue > 1e-3


def test_a_simulator_with_a_noise_model_gets_gates_that_it_lets_err() -> None:
    qubits = cirq.LineQubit.range(4)
    circuit = grover.grover_circuit(qubits, build_table_oracle(qubits, ["1011"]), 3)
    noisy = qsimcirq.QSimSimulator(noise=cirq.depolarize(0.01), seed=1)
    masks = sample_masks(circuit, 400, rng=np.random.default_rng(0), sampler=noisy)
    assert (masks == [1, 0, 1, 1]).all(axis=1).mean() < 0.6  # as built it would be above 0.8


def test_errors_of_gates_on_three_and_more_qubits_are_not_missed() -> None:
    qubits = cirq.LineQubit.range(4)
    circuit = grover.grover_circuit(qubits, build_table_oracle(qubits, ["1011"]), 3)
    assert noisy_probabilities(circuit, two_qubit_error=0.0)[0b1011] > 0.95
    assert noisy_probabilities(circuit, two_qubit_error=1e-2)[0b1011] < 0.6


@pytest.mark.parametrize(
    "case", load_cases("noise/readout"), ids=lambda case: f"{case['n_qubits']}"
)
def test_readings_of_the_reference(case: dict[str, Any]) -> None:
    errors = case["p_read_1_given_0"], case["p_read_0_given_1"]
    read = misread(case["true_probabilities"], *errors)
    np.testing.assert_allclose(read, case["read_probabilities"], atol=1e-9)


def test_read_out_errors_are_given_for_all_qubits_or_for_each() -> None:
    circuit = qaoa_circuit(nk_cost(3, 2), *ANGLES)
    exact = noisy_probabilities(circuit, two_qubit_error=0.01)
    for error, up, down in ((0.1, 0.1, 0.1), ((0.1, [0.2, 0.0, 1.0]), 0.1, [0.2, 0.0, 1.0])):
        found = noisy_probabilities(circuit, two_qubit_error=0.01, readout_error=error)
        np.testing.assert_allclose(found, misread(exact, up, down), atol=1e-12)


def test_a_circuit_compiled_once_runs_at_any_error() -> None:
    circuit = qaoa_circuit(nk_cost(6, 2), *ANGLES)
    run = NoisyCircuit.of(circuit)
    for error in (0.0, 0.01, 0.5, 1.0):
        expected = noisy_probabilities(circuit, two_qubit_error=error)
        np.testing.assert_array_equal(run.probabilities(error), expected)
    fully = run.probabilities(15 / 16)
    assert math.isclose(fully.sum(), 1, abs_tol=1e-12)


def test_a_diagonal_is_run_as_its_parts_are() -> None:
    qubits = cirq.LineQubit.range(6)
    rng = np.random.default_rng(5)
    flat = np.zeros(32)  # no rotation of it is a gate
    circuit = cirq.Circuit(
        cirq.H.on_each(*qubits),
        cirq.DiagonalGate(rng.normal(size=16).tolist()).on(*(qubits[j] for j in (4, 0, 5, 2))),
        cirq.DiagonalGate(flat.tolist()).on(*(qubits[j] for j in (1, 0, 5, 2, 3))),
        cirq.ThreeQubitDiagonalGate(rng.normal(size=8).tolist()).on(*qubits[:3]).with_tags("kept"),
        cirq.rx(0.3).on_each(*qubits),
    )
    errors = {"two_qubit_error": 0.02, "one_qubit_error": 0.01}
    parts = cirq.Circuit(small_operations(circuit))
    np.testing.assert_allclose(
        noisy_probabilities(circuit, **errors), noisy_probabilities(parts, **errors), atol=1e-12
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"two_qubit_error": -0.1}, "two_qubit_error=-0.1 is not in 0..1"),
        ({"two_qubit_error": 1.5}, "two_qubit_error=1.5 is not in 0..1"),
        ({"two_qubit_error": float("nan")}, "two_qubit_error"),
        ({"two_qubit_error": 0, "one_qubit_error": 2}, "one_qubit_error=2.0 is not in 0..1"),
        ({"two_qubit_error": 0, "readout_error": (0.1, 0.2, 0.3)}, "readout_error"),
        ({"two_qubit_error": 0, "readout_error": (0.1, [0.2, 0.3])}, "readout_error has shape"),
        ({"two_qubit_error": 0, "readout_error": 1.5}, "readout_error=1.5 is not in 0..1"),
    ],
)
def test_rates_that_are_no_probabilities_are_refused(options: Any, words: str) -> None:
    circuit = qaoa_circuit(nk_cost(3, 2), *ANGLES)
    with pytest.raises(ValueError, match=words):
        noisy_probabilities(circuit, **options)


def test_what_has_no_density_matrix_is_refused_before_it_is_made() -> None:
    with pytest.raises(TypeError, match="is not a cirq"):
        noisy_probabilities("H", two_qubit_error=0)  # type: ignore[arg-type]
    q = cirq.LineQubit.range(13)
    with pytest.raises(ValueError, match="circuit measures qubits"):
        noisy_probabilities(cirq.Circuit(cirq.measure(q[0])), two_qubit_error=0)
    with pytest.raises(ValueError, match="circuit has no qubit"):
        noisy_probabilities(cirq.Circuit(), two_qubit_error=0)
    with pytest.raises(ValueError, match="symbol t without a value"):
        noisy_probabilities(cirq.Circuit(cirq.X(q[0]) ** sympy.Symbol("t")), two_qubit_error=0)
    tracemalloc.start()
    with pytest.raises(TooLargeError, match=r"13 qubits.* 12"):
        noisy_probabilities(cirq.Circuit(cirq.H.on_each(*q)), two_qubit_error=0)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    wide = LocalCost([(tuple(range(j, j + 3)), np.arange(8.0)) for j in range(60)], 62)
    with pytest.raises(TooLargeError, match="neurons of a cone"):
        noisy_light_cone_expectation(wide, [0.1] * 4, [0.1] * 4, two_qubit_error=0.01)
    with pytest.raises(TypeError, match="is not a LocalCost"):
        noisy_light_cone_expectation(CostTable([0.0, 1.0], 1), [0.1], [0.1], two_qubit_error=0.0)  # type: ignore[arg-type]


def test_operations_that_have_no_gate_or_no_hash_act_as_they_are() -> None:
    q = cirq.LineQubit.range(2)
    flip, sign = (
        cirq.CircuitOperation(cirq.FrozenCircuit(gate(q[1])), use_repetition_ids=False)
        for gate in (cirq.X, cirq.Z)
    )
    circuit = cirq.Circuit(cirq.X(q[0]), *(each.controlled_by(q[0]) for each in (sign, flip)))
    np.testing.assert_allclose(noisy_probabilities(circuit, two_qubit_error=0), [0, 0, 0, 1])
    channel = cirq.KrausChannel([0.6 * np.eye(2), 0.8 * np.array([[0, 1], [1, 0]])])
    found = noisy_probabilities(cirq.Circuit(channel(q[0]), cirq.CZ(*q)), two_qubit_error=0)
    np.testing.assert_allclose(found, [0.36, 0, 0.64, 0], atol=1e-12)


def test_terms_of_many_neurons_are_refused_before_their_gates_are_made() -> None:
    wide = LocalCost([(tuple(range(9)), np.arange(512.0))], 9)
    with pytest.raises(TooLargeError, match="order of cost=9 needs"):
        noisy_light_cone_expectation(wide, [0.1], [0.1], two_qubit_error=0.01)
    with pytest.raises(TooLargeError, match="20 terms of up to 6 neurons, over a minute"):
        noisy_light_cone_expectation(nk_cost(20, 6), [0.1], [0.1], two_qubit_error=0.01)
    with pytest.raises(ValueError, match=r"two_qubit_error=5\.0 is not in"):
        noisy_light_cone_expectation(nk_cost(4, 2), [], [], two_qubit_error=5)
    with pytest.raises(ValueError, match="probabilities has shape"):
        misread(np.ones((4, 4)) / 16, 0.1, 0.1)


def test_gates_that_take_over_a_minute_are_refused_before_any_is_run() -> None:
    many = cirq.Circuit([cirq.CZ(*cirq.LineQubit.range(2))] * 700, cirq.H.on_each(cirq.q(11)))
    wide = cirq.Circuit(cirq.I.on_each(*cirq.LineQubit.range(12))) + many
    with pytest.raises(TooLargeError, match=r"700 two-qubit gates on 12 qubits.*limit: 596"):
        noisy_probabilities(wide, two_qubit_error=0.01)
    table = CostTable(np.random.default_rng(0).normal(size=4096), 12)
    with pytest.raises(TooLargeError, match="8,188 two-qubit gates"):
        noisy_probabilities(qaoa_circuit(table, [0.1, 0.2], [0.3, 0.1]), two_qubit_error=0.01)
