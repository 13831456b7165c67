"""Outputs of kernel machines from circuits: their means against dense algebra, and from counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cirq
import numpy as np
import pytest

from labkit.circuits import circuit_report
from labkit.circuits.kernel_readout import overlap_circuit, readout_circuit
from labkit.circuits.state_preparation import real_state
from labkit.neighbours.kernels import overlap
from labkit.neighbours.linear_systems import hhl_filter
from labkit.simulators import final_state, sample_masks

Vector = np.ndarray[Any, Any]


def draw(size: int, seed: int = 4) -> Vector:
    return np.random.default_rng(seed).normal(size=size)


def positive_matrix(n: int, seed: int = 4) -> Vector:
    root = np.random.default_rng(seed).normal(size=(n, n)) / np.sqrt(n)
    return np.asarray(np.eye(n) + 0.5 * (root @ root.T))


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_a_state_of_real_amplitudes_has_them_signs_included(d: int) -> None:
    amplitudes, qubits = draw(2**d), cirq.LineQubit.range(d)
    circuit = real_state(qubits, amplitudes)
    expected = amplitudes / np.linalg.norm(amplitudes)
    assert final_state(circuit) == pytest.approx(expected, abs=1e-6)
    assert circuit_report(circuit).two_qubit_gates <= 2 ** (d + 1)


def test_one_amplitude_alone_may_be_negative() -> None:
    amplitudes = np.zeros(8)
    amplitudes[5] = -2
    state = final_state(real_state(cirq.LineQubit.range(3), amplitudes))
    assert state == pytest.approx(amplitudes / 2, abs=1e-6)


@pytest.mark.parametrize("d", [1, 3, 4])
def test_a_shot_has_the_overlap_as_its_mean(d: int) -> None:
    v, k = draw(2**d), draw(2**d, seed=5)
    chances = np.abs(final_state(overlap_circuit(cirq.LineQubit.range(d + 1), v, k))) ** 2
    of_zero, of_one = chances.reshape(2, -1).sum(axis=1)
    assert of_zero - of_one == pytest.approx(float(overlap(k, v)), abs=1e-5)


def all_outcomes(readout: Any) -> tuple[Vector, Vector]:
    """The chance of each mask of a circuit's qubits in order, and its outcome."""
    state = final_state(readout.circuit)  # of qubits in order
    n = len(readout.system.qubits)
    masks = (np.arange(2**n)[:, None] >> np.arange(n)[::-1] & 1).astype(bool)
    return np.abs(state) ** 2, readout.outcomes(masks)


@pytest.mark.parametrize(("n", "length"), [(2, 1.0), (4, 0.6), (8, 2.0)])
def test_the_mean_outcome_is_the_output_of_what_hhl_solves(n: int, length: float) -> None:
    matrix, y, row = positive_matrix(n), np.sign(draw(n)), draw(n, seed=6)
    readout = readout_circuit(matrix, y, row, clock_qubits=5, length=length)
    chances, outcomes = all_outcomes(readout)
    least = np.linalg.eigvalsh(matrix)[0]
    solved = hhl_filter(matrix, y, clock_qubits=5).vector * np.linalg.norm(y) / least
    assert readout.unit * (chances @ outcomes) == pytest.approx(row @ solved, abs=2e-4)


def test_with_more_clock_qubits_the_output_nears_the_solution() -> None:
    matrix, y, row = positive_matrix(4), np.array([1, -1, 1, 1]), draw(4, seed=6)
    off = []
    for clock_qubits in (3, 5, 7):
        readout = readout_circuit(matrix, y, row, clock_qubits=clock_qubits)
        chances, outcomes = all_outcomes(readout)
        off.append(abs(readout.unit * (chances @ outcomes) - row @ np.linalg.solve(matrix, y)))
    assert off[2] < off[0] and off[2] < 0.02


def test_the_length_that_is_known_makes_the_kept_runs_tell_the_overlap() -> None:
    matrix, y, row = positive_matrix(8), np.sign(draw(8)), draw(8, seed=6)
    solution = np.linalg.solve(matrix, y)
    length = float(np.linalg.norm(solution) / np.linalg.norm(y))
    readout = readout_circuit(matrix, y, row, clock_qubits=7, length=length)
    chances, outcomes = all_outcomes(readout)
    kept = chances @ np.abs(outcomes)
    assert chances @ outcomes / kept == pytest.approx(float(overlap(row, solution)), abs=0.02)


def test_counts_of_16_unknowns_tell_size_and_sign() -> None:
    matrix, y, rng = positive_matrix(16), np.sign(draw(16)), np.random.default_rng(1)
    for row in (draw(16, seed=6), -draw(16, seed=6)):
        readout = readout_circuit(matrix, y, row, clock_qubits=6)
        masks = sample_masks(readout.circuit, 20_000, rng=rng)
        solved = row @ np.linalg.solve(matrix, y)
        spread = readout.unit * np.abs(readout.outcomes(masks)).mean() ** 0.5 / 20_000**0.5
        assert abs(readout.output(masks) - solved) < 5 * spread + 0.05 * abs(solved)
        assert np.sign(readout.output(masks)) == np.sign(solved)


def test_bad_input_is_refused_in_one_line() -> None:
    qubits, matrix = cirq.LineQubit.range(2), positive_matrix(4)
    cases: dict[str, Callable[[], object]] = {
        "amplitudes has shape": lambda: real_state(qubits, [1.0, 0.0]),
        "amplitudes holds only zeros": lambda: real_state(qubits, [0.0] * 4),
        "row has shape": lambda: overlap_circuit(qubits, [1.0, 1.0], [0.0, 0.0]),
        "length=-1": lambda: readout_circuit(matrix, [1] * 4, [1] * 4, clock_qubits=4, length=-1),
        "vector": lambda: readout_circuit(matrix, [0] * 4, [1] * 4, clock_qubits=4),
    }
    for said, call in cases.items():
        with pytest.raises(ValueError, match=said) as refused:
            call()
        assert "\n" not in str(refused.value)
