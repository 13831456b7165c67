"""QAOA as a selector: what it finds, what it counts, how its angles are trained."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any

import cirq
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import cost_tables

from labkit.ansatz import ramp_angles
from labkit.costs import CostTable, LocalCost, PauliZCost
from labkit.ledger import Ledger
from labkit.problems import build_problem
from labkit.selectors import Selection, qaoa_sampling, run
from labkit.selectors.qaoa import optimise_angles
from labkit.simulators import evolve_qaoa, probabilities, qaoa_expectation

seeds = st.integers(0, 2**16)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def moons(n: int, seed: int = 0) -> CostTable:
    return build_problem("moons", n, seed=seed).table


def counted(selection: Selection) -> dict[str, Any]:
    return asdict(replace(selection.ledger, seconds=0))


def mean_cost(table: CostTable, angles: Any) -> float:
    return qaoa_expectation(table, angles[0] / table.std, angles[1])


# What it finds


def test_measured_masks_come_as_often_as_the_state_says() -> None:
    table, shots = moons(6), 4000
    selection = run(qaoa_sampling, table, rng=generator(), p=3, shots=shots)
    chance = probabilities(evolve_qaoa(table, *ramp_angles(3, 6, std=table.std)))
    for cost in np.unique(table.costs):
        p = chance[table.costs == cost].sum()
        found = int((selection.history == cost).sum())
        assert abs(found - shots * p) <= 5 * math.sqrt(shots * p * (1 - p)) + 1e-6


@pytest.mark.parametrize("angles", ["ramp", "gradient", "sampled"])
def test_the_ramp_finds_the_optimum_of_moons_and_so_do_trained_angles(angles: str) -> None:
    table = moons(8)
    selection = run(qaoa_sampling, table, rng=generator(), p=6, shots=200, angles=angles)
    assert table.rank(selection.neuron_mask) == 1


def test_the_gradient_leads_to_a_lower_mean_than_the_ramp() -> None:
    gains = []
    for seed in range(6):
        table, ramp = moons(8, seed), ramp_angles(3, 8, std=1.0)
        trained = optimise_angles(table, ramp, evaluations=40)
        gains.append((mean_cost(table, ramp) - mean_cost(table, trained)) / table.std)
    assert min(gains) > 0
    assert np.mean(gains) > 0.1


def test_training_does_not_depend_on_the_unit_of_the_cost() -> None:
    table, ramp = moons(6), ramp_angles(2, 6, std=1.0)
    tenfold = CostTable(10 * table.costs + 3, 6)
    one, other = (optimise_angles(t, ramp, evaluations=25) for t in (table, tenfold))
    np.testing.assert_allclose(one, other, rtol=5e-4)  # where L-BFGS stops


def test_more_evaluations_do_not_make_trained_angles_worse() -> None:
    table, ramp = moons(7), ramp_angles(2, 7, std=1.0)
    means = [mean_cost(table, optimise_angles(table, ramp, evaluations=k)) for k in (1, 5, 40)]
    assert means[0] == pytest.approx(mean_cost(table, ramp))
    assert means[0] > means[1] >= means[2]


def test_angles_of_one_network_serve_another() -> None:
    ramp = ramp_angles(4, 8, std=1.0)
    trained = optimise_angles(moons(8, 1), ramp, evaluations=60)
    means = np.array([[mean_cost(moons(8, s), a) for a in (ramp, trained)] for s in range(2, 9)])
    assert means[:, 1].mean() < means[:, 0].mean()


def test_given_angles_are_for_a_cost_of_standard_deviation_one() -> None:
    table, ramp = moons(6), ramp_angles(3, 6, std=1.0)
    tenfold = CostTable(10 * table.costs, 6)
    one = run(qaoa_sampling, table, rng=generator(), angles=ramp)
    other = run(qaoa_sampling, tenfold, rng=generator(), angles=ramp)
    np.testing.assert_allclose(10 * one.history, other.history)


def test_every_form_of_one_cost_gives_the_same_search() -> None:
    rng = generator(3)
    local = LocalCost([((i, (i + 1) % 6), rng.normal(size=4)) for i in range(6)], 6)
    searches = [
        run(qaoa_sampling, cost, rng=generator(), p=2, shots=30)
        for cost in (local, local.to_pauli_z(), local.to_table())
    ]
    for other in searches[1:]:
        np.testing.assert_allclose(other.history, searches[0].history)
    assert [search.ledger.forward_passes for search in searches] == [30, 30, 30 + 64]


@pytest.mark.parametrize("mixer", ["grover", "ring"])
@pytest.mark.parametrize("angles", ["ramp", "gradient", "sampled"])
def test_mixers_of_fixed_weight_select_that_many_neurons(mixer: str, angles: str) -> None:
    options: dict[str, Any] = {"mixer": mixer, "n_active": 3, "angles": angles, "evaluations": 5}
    selection = run(qaoa_sampling, moons(6), rng=generator(), shots=10, **options)
    assert selection.neuron_mask.sum() == 3


def test_cvar_looks_at_the_best_outcomes_only() -> None:
    # one mask costs 0, the rest 1 or, as often, 1.5: the mean of the best tenth sees only the one
    costs = np.where(np.arange(64) % 2, 1.0, 1.5)
    costs[21] = 0
    table, options = CostTable(costs, 6), {"p": 2, "shots": 300, "evaluations": 60}
    found = {
        cvar: np.mean(
            [
                (run(
                    qaoa_sampling, table, rng=generator(s), angles="sampled", cvar=cvar, **options
                ).history[-300:] == 0).mean()
                for s in range(6)
            ]
        )
        for cvar in (0.1, 1.0)
    }  # fmt: skip
    assert found[0.1] > 1.3 * found[1.0]


# What it counts


def test_the_ledger_counts_layers_shots_and_the_table() -> None:
    selection = run(qaoa_sampling, moons(5), rng=generator(), p=3, shots=10)
    expected = Ledger(
        cost_queries=10, cost_layers=30, circuit_runs=1, shots=10, forward_passes=32 + 10
    )
    assert counted(selection) == asdict(expected)


def test_the_ledger_counts_training_by_gradient() -> None:
    options: dict[str, Any] = {"p": 3, "shots": 10, "angles": "gradient", "evaluations": 7}
    selection = run(qaoa_sampling, moons(5), rng=generator(), **options)
    expected = Ledger(
        cost_queries=10,
        cost_layers=30 + 7 * 2 * 3,
        circuit_runs=1 + 7,
        shots=10,
        forward_passes=32 + 10,
    )
    assert counted(selection) == asdict(expected)


def test_the_ledger_counts_training_by_sampling() -> None:
    options: dict[str, Any] = {"p": 2, "shots": 10, "angles": "sampled", "evaluations": 6}
    selection = run(qaoa_sampling, moons(5), rng=generator(), **options)
    expected = Ledger(
        cost_queries=70, cost_layers=140, circuit_runs=7, shots=70, forward_passes=32 + 70
    )
    assert counted(selection) == asdict(expected)
    assert len(selection.history) == 70


@given(cost_tables(max_n=4), seeds, st.integers(1, 40), st.sampled_from(["ramp", "sampled"]))
def test_a_budget_ends_training_too(table: CostTable, seed: int, budget: int, angles: str) -> None:
    options: dict[str, Any] = {"shots": 7, "angles": angles, "max_cost_queries": budget}
    selection = run(qaoa_sampling, table, rng=generator(seed), **options)
    assert selection.ledger.cost_queries <= budget
    assert float(table.evaluate(selection.neuron_mask)) == selection.cost


@pytest.mark.parametrize("angles", ["ramp", "gradient", "sampled"])
def test_the_same_generator_state_gives_the_same_selection(angles: str) -> None:
    one, same = (
        run(qaoa_sampling, moons(5), rng=generator(4), angles=angles, evaluations=8)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.history, same.history)
    assert counted(one) == counted(same)


@given(st.integers(1, 5), seeds)
@settings(max_examples=10)
def test_a_cost_that_is_the_same_everywhere_has_no_scale_and_no_trouble(n: int, seed: int) -> None:
    flat = PauliZCost({(): 2.0}, n)
    for angles in ("ramp", "gradient", "sampled"):
        options: dict[str, Any] = {"angles": angles, "evaluations": 4, "shots": 5}
        assert run(qaoa_sampling, flat, rng=generator(seed), **options).cost == 2.0


# Samplers


class CountingSampler(cirq.Simulator):
    """Remembers the circuits that it ran."""

    def __init__(self) -> None:
        super().__init__(seed=1)
        self.circuits: list[cirq.AbstractCircuit] = []

    def run(self, program: cirq.AbstractCircuit, *args: Any, **kwargs: Any) -> Any:
        self.circuits.append(program)
        return super().run(program, *args, **kwargs)


def test_a_sampler_runs_the_circuits_of_training_and_of_the_answer() -> None:
    table, sampler = moons(5), CountingSampler()
    options: dict[str, Any] = {"p": 2, "shots": 100, "angles": "sampled", "evaluations": 3}
    selection = run(qaoa_sampling, table, rng=generator(), sampler=sampler, **options)
    assert len(sampler.circuits) == selection.ledger.circuit_runs == 4
    assert all(len(circuit.all_qubits()) == 5 for circuit in sampler.circuits)
    assert selection.history.mean() < table.mean


def test_noise_spoils_what_the_ramp_has_gained() -> None:
    table = moons(4)
    noisy = cirq.DensityMatrixSimulator(noise=cirq.depolarize(0.2), seed=2)
    options: dict[str, Any] = {"p": 4, "shots": 300}
    means = [
        run(qaoa_sampling, table, rng=generator(), sampler=s, **options).history.mean()
        for s in (None, noisy)
    ]
    assert means[0] < means[1] - 0.2 * table.std


# Bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"p": 0}, r"^p=0 is too small \(limit: 1 or more\)$"),
        ({"shots": 0}, r"^shots=0 is too small"),
        ({"evaluations": 0}, r"^evaluations=0 is too small"),
        ({"angles": "slope"}, r"^angles='slope' is unknown \(known: ramp, gradient, sampled\)$"),
        ({"angles": 3}, r"^angles=3 is no pair of arrays"),
        ({"angles": ([0.1], [0.1, 0.2])}, r"^gammas has shape \(1,\), betas \(2,\)"),
        ({"angles": ([0.1], [0.1]), "p": 2}, r"^p=2 with angles of 1 layers"),
        ({"cvar": 0.0}, r"^cvar=0\.0 is not a share"),
        ({"cvar": 1.5}, r"^cvar=1\.5 is not a share"),
        ({"cvar": 0.5}, r"^cvar=0\.5 is trained with angles='sampled' only"),
        ({"mixer": "y"}, r"^mixer='y' is unknown \(known: x, grover, ring\)$"),
        ({"mixer": "ring"}, r"^n_active=None with mixer='ring' \(limit: 0 to 3\)$"),
        ({"n_active": 2}, r"^n_active=2 with mixer='x', which does not keep it"),
        ({"mixer": "ring", "n_active": 4}, r"^n_active=4 is too large \(limit: 3\)$"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        run(qaoa_sampling, CostTable(np.arange(8.0), 3), rng=generator(), **options)
