"""A whole search with a computed oracle whose gates err: recorded chances against sampling."""

from __future__ import annotations

import cirq
import numpy as np
import pytest
import qsimcirq

from labkit.amplification import success_probability
from labkit.circuits.gate_errors import add_gate_errors
from labkit.circuits.grover import grover_circuit
from labkit.circuits.oracles import build_computed_oracle
from labkit.course import recorded
from labkit.course.lessons.lesson_06_computed_oracle import quantised_weights
from labkit.masks import masks_to_indices
from labkit.scoring.quantised import count_right


def test_the_recorded_chances_are_those_of_many_runs_with_errors() -> None:
    runs = recorded("06_success_with_errors").runs
    weights = quantised_weights("digits_3v6", 4, 4, seed=7)
    right = count_right(weights)
    is_good = right == right.max()
    oracle = build_computed_oracle(weights, int(right.max()))
    search = grover_circuit(oracle.mask_qubits, oracle.circuit, 2)
    measured = search + cirq.measure(*oracle.mask_qubits, key="mask")
    for error, exact in zip(runs["parameters.error"], runs["result.success"], strict=True):
        machine = qsimcirq.QSimSimulator(seed=11)
        noisy = add_gate_errors(measured, error)
        shots = machine.run(noisy, repetitions=100).measurements["mask"]
        hits = is_good[masks_to_indices(shots.astype(bool))].mean()
        assert hits == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 100))


def test_the_recorded_chances_fall_from_that_without_errors_towards_a_random_mask() -> None:
    runs = recorded("06_success_with_errors").runs.sort_values("parameters.error")
    success = runs["result.success"].to_numpy()
    weights = quantised_weights("digits_3v6", 4, 4, seed=7)
    right = count_right(weights)
    n_good = int((right == right.max()).sum())
    assert success_probability(4, n_good, 2) > success[0]
    assert np.all(np.diff(success) < 0)
    assert success[-1] > n_good / 16
