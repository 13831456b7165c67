"""Folding and extrapolation beside mitiq's, whose own pins do not fit the lock."""

from __future__ import annotations

import cirq
import pytest

from labkit.ansatz import ramp_angles
from labkit.circuits.decompositions import small_operations
from labkit.circuits.qaoa import qaoa_circuit
from labkit.hardware import extrapolate_to_zero_noise, fold_gates
from labkit.problems import build_problem
from labkit.simulators import noisy_probabilities

SCALES = (1, 3, 5)


@pytest.mark.parametrize("seed", range(5))
def test_means_at_stretched_errors_and_their_limit_are_those_of_mitiq(seed: int) -> None:
    scaling = pytest.importorskip("mitiq.zne.scaling")
    inference = pytest.importorskip("mitiq.zne.inference")
    table = build_problem("breast_cancer", 5, seed=seed).table
    circuit = qaoa_circuit(table, *ramp_angles(2, 5, std=table.std))

    def mean(of: cirq.AbstractCircuit, error: float = 0.01) -> float:
        return float(noisy_probabilities(of, two_qubit_error=error) @ table.costs)

    ours = [mean(fold_gates(circuit, scale)) for scale in SCALES]
    small = cirq.Circuit(small_operations(circuit))
    assert ours == pytest.approx([mean(scaling.fold_all(small, scale)) for scale in SCALES])
    limit = inference.ExpFactory.extrapolate(SCALES, ours, asymptote=table.mean)
    gain = abs(mean(circuit, 0.0) - table.mean)
    found = extrapolate_to_zero_noise(SCALES, ours, asymptote=table.mean)
    assert found == pytest.approx(limit, abs=0.01 * gain)
