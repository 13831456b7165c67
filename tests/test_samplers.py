"""Circuits sampled on any cirq.Sampler, with noise and without, in place of qsim's final state."""

from __future__ import annotations

import math
from typing import Any

import cirq
import numpy as np
import pytest
import qsimcirq
from hypothesis import given
from hypothesis import strategies as st
from strategies import marked_sets

from labkit.circuits import grover, oracles
from labkit.costs import CostTable
from labkit.limits import TooLargeError
from labkit.masks import masks_from_indices, masks_to_indices
from labkit.selectors import adaptive_grover, grover_search, run
from labkit.simulators import final_state, sample_masks


def samplers(seed: int = 1) -> list[cirq.Sampler]:
    return [
        cirq.Simulator(seed=seed),
        cirq.DensityMatrixSimulator(seed=seed),
        qsimcirq.QSimSimulator(seed=seed),
    ]


def name_of(sampler: cirq.Sampler) -> str:
    return type(sampler).__name__


def noisy(probability: float, seed: int = 1) -> cirq.Sampler:
    return cirq.DensityMatrixSimulator(noise=cirq.depolarize(probability), seed=seed)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def distinct_costs(n: int, *, seed: int = 0) -> CostTable:
    return CostTable(generator(seed).permutation(2**n).astype(float), n)


class Recorder(cirq.Sampler):
    """Passes circuits on to Cirq's simulator and keeps them."""

    def __init__(self) -> None:
        self.ran: list[tuple[cirq.AbstractCircuit, int]] = []

    def run_sweep(
        self, program: cirq.AbstractCircuit, params: Any, repetitions: int = 1
    ) -> list[cirq.Result]:
        self.ran.append((program, repetitions))
        return list(cirq.Simulator(seed=1).run_sweep(program, params, repetitions))


@pytest.mark.parametrize("sampler", samplers(), ids=name_of)
def test_each_sampler_measures_qubit_0_first(sampler: cirq.Sampler) -> None:
    a, b, c = cirq.LineQubit.range(3)
    circuit = cirq.Circuit(cirq.X(a), cirq.I.on_each(b, c))
    masks = sample_masks(circuit, 4, rng=generator(), sampler=sampler)
    assert masks.dtype == bool
    assert masks.tolist() == [[True, False, False]] * 4
    turned = sample_masks(circuit, 2, rng=generator(), qubits=[c, b, a], sampler=sampler)
    assert turned.tolist() == [[False, False, True]] * 2


@pytest.mark.parametrize("sampler", samplers(), ids=name_of)
def test_each_sampler_finds_masks_as_often_as_the_amplitudes_say(sampler: cirq.Sampler) -> None:
    shots, qubits = 4_000, cirq.LineQubit.range(3)
    circuit = cirq.testing.random_circuit(qubits, 10, 0.9, random_state=3)
    circuit += cirq.Circuit(cirq.ry(0.5 + 0.4 * j)(qubit) for j, qubit in enumerate(qubits))
    masks = sample_masks(circuit, shots, rng=generator(), qubits=qubits, sampler=sampler)
    found = np.bincount(masks_to_indices(masks), minlength=8)
    p = np.abs(cirq.final_state_vector(circuit, qubit_order=qubits)) ** 2
    assert (np.abs(found - shots * p) <= 4 * np.sqrt(shots * p * (1 - p)) + 1e-3).all()


@given(marked_sets(4), st.integers(0, 3))
def test_a_sampler_measures_a_qubit_that_no_gate_acts_on_as_zero(
    drawn: tuple[int, list[int]], iterations: int
) -> None:
    n, marked = drawn
    qubits = cirq.LineQubit.range(n)
    oracle = oracles.build_table_oracle(qubits, masks_from_indices(marked, n))
    circuit = grover.grover_circuit(qubits, oracle, iterations)
    masks = sample_masks(
        circuit, 3, rng=generator(), qubits=[*qubits, cirq.q("idle")], sampler=cirq.Simulator()
    )
    assert masks.shape == (3, n + 1)
    assert not masks[:, -1].any()


def test_noise_mixes_what_grover_search_finds_with_every_other_mask() -> None:
    qubits, shots = cirq.LineQubit.range(4), 600
    oracle = oracles.build_table_oracle(qubits, ["1011"])
    circuit = grover.grover_circuit(qubits, oracle, 3)
    shares = []
    for probability in (0.0, 3e-4, 0.75):
        sampler = noisy(probability)
        masks = sample_masks(circuit, shots, rng=generator(), sampler=sampler)
        shares.append((masks == [True, False, True, True]).all(axis=1).mean())
    assert shares[0] > 0.93
    assert shares[0] - 0.1 > shares[1] > 0.4
    # depolarised altogether, every mask is as likely as any other
    assert abs(shares[2] - 1 / 16) < 4 * math.sqrt(1 / 16 * 15 / 16 / shots)


def test_a_sampler_draws_from_its_own_randomness_only() -> None:
    circuit = cirq.Circuit(cirq.H.on_each(*cirq.LineQubit.range(8)))
    rng = generator(5)
    one = sample_masks(circuit, 20, rng=rng, sampler=cirq.Simulator(seed=1))
    assert rng.random() == generator(5).random()
    same = sample_masks(circuit, 20, rng=generator(6), sampler=cirq.Simulator(seed=1))
    other = sample_masks(circuit, 20, rng=generator(5), sampler=cirq.Simulator(seed=2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_a_sampler_runs_the_circuit_with_one_measurement_of_all_its_qubits() -> None:
    recorder, qubits = Recorder(), cirq.LineQubit.range(3)
    circuit = cirq.Circuit(cirq.H.on_each(*qubits)).freeze()
    sample_masks(circuit, 7, rng=generator(), sampler=recorder)
    [(ran, repetitions)] = recorder.ran
    assert repetitions == 7
    assert ran[:-1] == circuit.unfreeze()
    assert ran[-1] == cirq.Moment(cirq.measure(*qubits, key="masks"))


def test_what_a_sampler_cannot_measure_is_refused() -> None:
    qubits = cirq.LineQubit.range(2)
    circuit, sampler = cirq.Circuit(cirq.H.on_each(*qubits)), cirq.Simulator()
    with pytest.raises(TypeError, match=r"^sampler=7 is not a cirq\.Sampler$"):
        sample_masks(circuit, 1, rng=generator(), sampler=7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^circuit='H' is not a cirq\.Circuit$"):
        sample_masks("H", 1, rng=generator(), sampler=sampler)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^n_qubits=0 is too small"):
        sample_masks(cirq.Circuit(), 1, rng=generator(), sampler=sampler)
    with pytest.raises(ValueError, match=r"^circuit measures qubits"):
        measured = circuit + cirq.measure(*qubits)
        sample_masks(measured, 1, rng=generator(), sampler=sampler)
    with pytest.raises(TooLargeError, match=r"^shots=\d+ needs .* for the measured masks; "):
        sample_masks(circuit, 10**15, rng=generator(), sampler=sampler)
    with pytest.raises(ValueError, match=r"^shots=0 is too small"):
        sample_masks(circuit, 0, rng=generator(), sampler=sampler)


@pytest.mark.parametrize("sampler", [None, cirq.Simulator()])
def test_a_mask_that_would_lack_a_qubit_is_refused(sampler: cirq.Sampler | None) -> None:
    a, b = cirq.LineQubit.range(2)
    circuit = cirq.Circuit(cirq.H.on_each(a, b))
    expected = r"^qubits lacks cirq\.LineQubit\(1\) of circuit \(limit: all of them\)$"
    with pytest.raises(ValueError, match=expected):
        sample_masks(circuit, 1, rng=generator(), qubits=[a], sampler=sampler)


@pytest.mark.parametrize("sampler", [*samplers(), noisy(0.001)], ids=name_of)
@pytest.mark.parametrize("selector", [grover_search, adaptive_grover])
def test_selectors_find_the_optimum_on_every_sampler(selector: Any, sampler: cirq.Sampler) -> None:
    table = distinct_costs(4)
    options: dict[str, Any] = {"shots": 8} if selector is grover_search else {}
    selection = run(selector, table, rng=generator(2), target_cost=0, sampler=sampler, **options)
    assert selection.cost == 0
    assert selection.ledger.shots > 0


def test_grover_search_counts_the_same_on_a_sampler() -> None:
    recorder, table = Recorder(), distinct_costs(3)
    selection = run(grover_search, table, rng=generator(), iterations=2, shots=5, sampler=recorder)
    assert [repetitions for _, repetitions in recorder.ran] == [5]
    assert selection.ledger.oracle_calls == 10
    assert selection.ledger.circuit_runs == 1


def test_adaptive_grover_runs_one_circuit_of_its_iterations_for_each_shot() -> None:
    recorder, table, n = Recorder(), distinct_costs(3), 3
    selection = run(adaptive_grover, table, rng=generator(1), max_oracle_calls=20, sampler=recorder)
    assert len(recorder.ran) == selection.ledger.circuit_runs == selection.ledger.shots
    assert all(repetitions == 1 for _, repetitions in recorder.ran)
    # each iteration ends in a reflection: a layer of Hadamards, a flip, and another layer
    layers = sum(
        sum(op.gate == cirq.H for op in circuit.all_operations()) for circuit, _ in recorder.ran
    )
    iterations = selection.ledger.oracle_calls - selection.ledger.shots  # without verifications
    assert layers == n * (selection.ledger.circuit_runs + 2 * iterations)


@pytest.mark.parametrize("channel", [cirq.depolarize(0.1), cirq.ResetChannel()], ids=str)
def test_a_circuit_with_noise_has_no_final_state_and_needs_a_sampler(channel: cirq.Gate) -> None:
    """One trajectory of it, followed unseen, would pass for all shots."""
    qubit = cirq.LineQubit(0)
    circuit = cirq.Circuit(cirq.X(qubit), channel(qubit))
    with pytest.raises(ValueError, match="circuit has noise"):
        final_state(circuit)
    with pytest.raises(ValueError, match="takes it with a sampler"):
        sample_masks(circuit, 10, rng=generator())
    sampled = sample_masks(circuit, 400, rng=generator(), sampler=cirq.Simulator(seed=1))
    kept = cirq.final_density_matrix(circuit)[1, 1].real
    assert abs(sampled.mean() - kept) <= 4 * math.sqrt(0.25 / 400)
