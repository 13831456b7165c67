"""qsim's states and samples against Cirq's, and Grover's evolution against all the rest."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import cirq
import numpy as np
import pytest
import sympy
from dense import grover_state
from hypothesis import given
from hypothesis import strategies as st
from reference_cases import load_cases
from strategies import marked_sets

from labkit.circuits import circuit_report, grover, oracles
from labkit.hardware import (
    DEVICE_NAMES,
    DeviceSampler,
    compilation_report,
    compile_circuit,
    to_openqasm3,
)
from labkit.limits import TooLargeError
from labkit.masks import mask_from_index, masks_from_indices, masks_to_indices
from labkit.simulators import (
    entropies_along,
    evolve_grover,
    final_state,
    noisy_probabilities,
    probabilities,
    sample_masks,
    sample_state,
)

GROVER_CASES = load_cases("grover")
GATES: dict[cirq.Gate, int] = {
    cirq.H: 1,
    cirq.X: 1,
    cirq.T: 1,
    cirq.rx(0.7): 1,
    cirq.Y**0.3: 1,
    cirq.CNOT: 2,
    cirq.CZ**0.4: 2,
    cirq.ISWAP**0.5: 2,
    cirq.CCZ: 3,
}


def random_circuit(n: int, seed: int) -> cirq.Circuit:
    gates = {gate: width for gate, width in GATES.items() if width <= n}
    return cirq.testing.random_circuit(
        cirq.LineQubit.range(n), n_moments=12, op_density=0.8, gate_domain=gates, random_state=seed
    )


def marked_indicator(n: int, marked: list[int]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    indicator = np.zeros(2**n, dtype=bool)
    indicator[marked] = True
    return indicator


# States


@pytest.mark.parametrize("n", range(1, 7))
@pytest.mark.parametrize("seed", range(3))
def test_final_state_is_that_of_cirqs_own_simulator(n: int, seed: int) -> None:
    circuit, qubits = random_circuit(n, seed), cirq.LineQubit.range(n)
    expected = cirq.Simulator().simulate(circuit, qubit_order=qubits).final_state_vector
    state = final_state(circuit, qubits=qubits)
    assert state.dtype == np.complex64
    np.testing.assert_allclose(state, expected, atol=1e-5)


@pytest.mark.parametrize("n", range(1, 6))
def test_turning_qubit_0_flips_the_most_significant_bit(n: int) -> None:
    qubits = cirq.LineQubit.range(n)
    state = final_state(cirq.Circuit(cirq.X(qubits[0]), cirq.I.on_each(*qubits)))
    assert np.flatnonzero(np.abs(state) > 0.5).tolist() == [2 ** (n - 1)]


def test_qubits_may_be_given_in_another_order() -> None:
    a, b, c = cirq.LineQubit.range(3)
    circuit = cirq.Circuit(cirq.X(a), cirq.I(b), cirq.I(c))
    assert np.argmax(np.abs(final_state(circuit, qubits=[c, b, a]))) == 1
    masks = sample_masks(circuit, 4, rng=np.random.default_rng(0), qubits=[b, a, c])
    assert masks.tolist() == [[False, True, False]] * 4


def test_a_long_circuit_keeps_its_norm() -> None:
    qubits = cirq.LineQubit.range(4)
    circuit = cirq.Circuit([cirq.H.on_each(*qubits), cirq.T.on_each(*qubits)] * 500)
    assert probabilities(final_state(circuit)).sum() == pytest.approx(1, abs=1e-5)


def test_probabilities_are_squared_absolute_amplitudes() -> None:
    state = np.array([0.6, 0.8j, 0.3 + 0.4j], dtype=np.complex64)
    np.testing.assert_allclose(probabilities(state), [0.36, 0.64, 0.25], rtol=1e-6)


def test_a_circuit_that_measures_is_refused() -> None:
    q = cirq.LineQubit(0)
    for circuit in (
        cirq.Circuit(cirq.H(q), cirq.measure(q)),
        cirq.Circuit(cirq.measure(q), cirq.H(q)),
    ):
        with pytest.raises(ValueError, match=r"^circuit measures qubits"):
            final_state(circuit)


def test_forty_qubits_are_refused_before_anything_is_allocated() -> None:
    circuit = cirq.Circuit(cirq.H.on_each(*cirq.LineQubit.range(40)))
    expected = r"^n_qubits=40 needs 32\.0 TiB for the state vector; .* \(limit: n_qubits=\d+\)$"
    with pytest.raises(TooLargeError, match=expected):
        final_state(circuit)
    with pytest.raises(TooLargeError, match=expected):
        sample_masks(circuit, 1, rng=np.random.default_rng(0))


# Samples


@pytest.mark.parametrize("n", [1, 2, 4])
def test_masks_are_sampled_as_often_as_the_state_says(n: int) -> None:
    shots, qubits = 20_000, cirq.LineQubit.range(n)
    circuit = random_circuit(n, seed=5) + cirq.Circuit(
        cirq.ry(0.6 + 0.4 * j)(qubit) for j, qubit in enumerate(qubits)
    )
    masks = sample_masks(circuit, shots, rng=np.random.default_rng(1), qubits=qubits)
    assert masks.shape == (shots, n)
    assert masks.dtype == bool
    found = np.bincount(masks_to_indices(masks), minlength=2**n)
    expected = shots * np.abs(cirq.final_state_vector(circuit, qubit_order=qubits)) ** 2
    possible = expected > 1e-3
    assert found[~possible].sum() == 0
    deviation = found[possible] - expected[possible]
    chi_square, freedom = np.sum(deviation**2 / expected[possible]), possible.sum() - 1
    assert chi_square < freedom + 5 * math.sqrt(2 * freedom) + 1e-9


def test_masks_of_amplitude_zero_are_never_sampled() -> None:
    state = np.array([0, 0.6, 0, 0.8, 0, 0, 0, 0], dtype=np.complex64)
    masks = sample_state(state, 2_000, rng=np.random.default_rng(0))
    assert set(masks_to_indices(masks).tolist()) == {1, 3}


def test_the_same_generator_state_samples_the_same_masks() -> None:
    state = np.full(16, 0.25)
    one, same, other = (
        sample_state(state, 50, rng=np.random.default_rng(seed)) for seed in (2, 2, 3)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


# Grover


@pytest.mark.parametrize("case", GROVER_CASES, ids=lambda case: f"n={case['n_neurons']}")
def test_evolve_grover_succeeds_as_in_the_reference(case: dict[str, Any]) -> None:
    marked = marked_indicator(case["n_neurons"], case["marked"])
    for iterations, expected in enumerate(case["success_by_iteration"]):
        state = evolve_grover(marked, iterations)
        assert probabilities(state)[marked].sum() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("case", GROVER_CASES, ids=lambda case: f"n={case['n_neurons']}")
def test_the_circuit_on_qsim_succeeds_as_in_the_reference(case: dict[str, Any]) -> None:
    n, marked = case["n_neurons"], case["marked"]
    qubits = cirq.LineQubit.range(n)
    oracle = oracles.build_table_oracle(qubits, masks_from_indices(marked, n))
    for iterations, expected in enumerate(case["success_by_iteration"]):
        state = final_state(grover.grover_circuit(qubits, oracle, iterations))
        assert probabilities(state)[marked].sum() == pytest.approx(expected, abs=1e-6)
        up_to_sign = abs(np.vdot(state, evolve_grover(marked_indicator(n, marked), iterations)))
        assert up_to_sign == pytest.approx(1, abs=1e-5)


@given(marked_sets(7), st.integers(0, 9))
def test_evolve_grover_is_the_matrix_power(drawn: tuple[int, list[int]], iterations: int) -> None:
    n, marked = drawn
    state = evolve_grover(marked_indicator(n, marked), iterations)
    assert state.dtype == np.complex64
    np.testing.assert_allclose(state, grover_state(n, marked, iterations), atol=1e-6)


def test_where_nothing_is_marked_the_start_state_stays() -> None:
    np.testing.assert_allclose(evolve_grover(np.zeros(8), 3), np.full(8, 8**-0.5), atol=1e-7)


def test_the_mask_that_is_found_is_the_mask_that_was_marked() -> None:
    qubits, mask = cirq.LineQubit.range(6), mask_from_index(0b100110, 6)
    oracle = oracles.build_table_oracle(qubits, [mask])
    circuit = grover.grover_circuit(qubits, oracle, grover.optimal_iterations(6, 1))
    masks = sample_masks(circuit, 40, rng=np.random.default_rng(0))
    assert (masks == mask).all(axis=1).mean() > 0.9


# Symbols without a value


def _ways() -> dict[str, Any]:
    device = DEVICE_NAMES[0]
    rng = np.random.default_rng(0)
    return {
        "final_state": final_state,
        "sample_masks": lambda circuit: sample_masks(circuit, 3, rng=rng),
        "a sampler": lambda circuit: sample_masks(circuit, 3, rng=rng, sampler=cirq.Simulator()),
        "a machine": lambda c: sample_masks(c, 3, rng=rng, sampler=DeviceSampler(device)),
        "noisy_probabilities": lambda c: noisy_probabilities(c, two_qubit_error=0.1),
        "compile_circuit": lambda circuit: compile_circuit(circuit, device),
        "compilation_report": lambda circuit: compilation_report(circuit, device),
        "to_openqasm3": to_openqasm3,
        "entropies_along": lambda circuit: entropies_along(circuit, [0]),
    }


@pytest.mark.parametrize("way", [*_ways()])
@pytest.mark.parametrize("noise", [False, True])
def test_a_symbol_without_a_value_is_named_as_one(way: str, noise: bool) -> None:
    q, (a, gamma) = cirq.LineQubit.range(3), sympy.symbols("a gamma")
    one = cirq.Circuit(cirq.X(q[0]) ** gamma)
    several = cirq.Circuit(cirq.CCZ(*q) ** gamma, cirq.rz(2 * a + gamma)(q[1]))
    if noise:
        one.append(cirq.depolarize(0.1)(q[0]))
    for circuit, names in ((one, "symbol gamma"), (several, "symbols a, gamma")):
        with pytest.raises(ValueError) as error:
            _ways()[way](circuit)
        assert str(error.value) == (
            f"circuit has the {names} without a value (cirq.resolve_parameters)"
        )


def test_a_report_counts_gates_with_symbols_and_names_those_it_cannot() -> None:
    q, angle = cirq.LineQubit.range(3), sympy.Symbol("angle")
    assert circuit_report(cirq.Circuit(cirq.ZZ(*q[:2]) ** angle)).two_qubit_gates == 1
    with pytest.raises(ValueError, match=r"^circuit has the symbol angle without a value"):
        circuit_report(cirq.Circuit(cirq.rx(angle)(q[0]).controlled_by(*q[1:])))


# Compiled loops


WITHOUT_A_CACHE = """
import numba.core.caching, numpy as np, warnings
numba.core.caching.CacheImpl._locator_classes = []  # no folder can be written
from labkit.costs import CostTable
from labkit.simulators import evolve_qaoa
table = CostTable(np.arange(64.0), 6)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    state = evolve_qaoa(table, [0.1], [0.2])
    evolve_qaoa(table, [0.1], [0.2], mixer="grover")
exact = evolve_qaoa(table, [0.1], [0.2], dtype="complex128")
print(float(abs(state - exact).max()) < 1e-5, *(w.message for w in caught))
"""


def test_loops_run_where_no_cache_can_be_written_and_that_is_said_once() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_CACHE], capture_output=True, text=True, check=False
    )
    assert ran.stdout == (
        "True numba may write its cache nowhere: each process compiles the loops anew, some "
        "seconds more at its start (set NUMBA_CACHE_DIR to a folder that can be written)\n"
    ), ran.stderr
