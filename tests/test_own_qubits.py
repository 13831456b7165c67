"""Circuits on qubits of one's own: those of a machine, in any order, by neuron."""

from __future__ import annotations

from typing import Any

import cirq
import numpy as np
import pytest

from labkit.circuits.oracles import build_computed_oracle
from labkit.circuits.qaoa import qaoa_circuit
from labkit.costs import CostTable, LocalCost, PauliZCost
from labkit.hardware import DeviceSampler, compile_circuit
from labkit.selectors import adaptive_grover, grover_search, qaoa_sampling, run
from labkit.simulators import evolve_qaoa, final_state

#: Not in the order in which Cirq sorts them, and along couplings of the machines.
GRID = [cirq.GridQubit(5, 3), cirq.GridQubit(5, 2), cirq.GridQubit(5, 1)]
COSTS: list[Any] = [
    CostTable(np.array([3.0, 2, 5, 1, 4, 0, 7, 6]), 3),
    PauliZCost({(0,): 0.3, (0, 1): 1.0, (1, 2): 0.5}, 3),
    LocalCost([((0, 1), np.arange(4.0)), ((2,), np.array([0.0, -3.0]))], 3),
]
ANGLES = ([0.3, 0.5], [0.4, 0.2])


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


class Recorder(cirq.Sampler):
    """A simulator that takes circuits on certain qubits only, as a processor does."""

    def __init__(self, qubits: list[cirq.GridQubit]) -> None:
        self.qubits, self.runs = {*qubits}, 0

    def run_sweep(
        self, program: cirq.AbstractCircuit, params: cirq.Sweepable, repetitions: int = 1
    ) -> Any:
        assert program.all_qubits() <= self.qubits
        self.runs += 1
        return cirq.Simulator(seed=self.runs).run_sweep(program, params, repetitions)


@pytest.mark.parametrize("cost", COSTS, ids=lambda cost: type(cost).__name__)
@pytest.mark.parametrize("mixing", [{}, {"mixer": "grover"}, {"mixer": "ring", "n_active": 1}])
@pytest.mark.parametrize("by_neuron", [False, True])
def test_a_circuit_on_given_qubits_has_the_state_of_the_neurons(
    cost: Any, mixing: Any, by_neuron: bool
) -> None:
    qubits: Any = dict(enumerate(GRID)) if by_neuron else GRID
    circuit = qaoa_circuit(cost, *ANGLES, **mixing, qubits=qubits)
    assert circuit.all_qubits() == {*GRID}
    found = final_state(circuit, qubits=GRID)
    overlap = np.vdot(found, evolve_qaoa(cost, *ANGLES, **mixing))
    assert abs(overlap) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("selector", "options"),
    [
        (grover_search, {"shots": 5}),
        (adaptive_grover, {"max_oracle_calls": 30}),
        (qaoa_sampling, {"shots": 60}),
        (qaoa_sampling, {"shots": 20, "angles": "sampled", "evaluations": 3}),
    ],
)
def test_a_selector_runs_on_a_sampler_of_certain_qubits(selector: Any, options: Any) -> None:
    sampler = Recorder(GRID)
    found = run(selector, COSTS[0], rng=generator(), sampler=sampler, qubits=GRID, **options)
    assert sampler.runs == found.ledger.circuit_runs > 0
    assert found.cost <= 2
    with pytest.raises(AssertionError):
        run(selector, COSTS[0], rng=generator(), sampler=sampler, **options)


def test_the_order_of_the_qubits_is_that_of_the_neurons() -> None:
    """Grover's search is certain of one mask of four, which is not its own mirror image."""
    table = CostTable(np.array([1.0, 0.0, 1.0, 1.0]), 2)
    found = run(grover_search, table, rng=generator(), sampler=Recorder(GRID), qubits=GRID[:2])
    assert (found.mask_string, found.ledger.shots) == ("01", 1)


def test_a_computed_oracle_is_built_on_given_qubits() -> None:
    weights = [[1, -1, 2], [2, 0, -1]]
    on_line = build_computed_oracle(weights, 1)
    grid = cirq.GridQubit.rect(2, 8)[: on_line.n_qubits][::-1]
    oracle = build_computed_oracle(weights, 1, qubits=grid)
    assert oracle.mask_qubits == tuple(grid[:3])
    line = cirq.LineQubit.range(on_line.n_qubits)
    moved = oracle.circuit.unfreeze().transform_qubits(dict(zip(grid, line, strict=True)))
    assert moved == on_line.circuit.unfreeze()
    with pytest.raises(ValueError, match=f"limit: {on_line.n_qubits}"):
        build_computed_oracle(weights, 1, qubits=grid[:3])


@pytest.mark.parametrize(
    ("qubits", "said"),
    [
        (GRID[:2], "qubits holds 2 qubits (limit: 3)"),
        ([*GRID, GRID[0]], "qubits holds 4 qubits"),
        ([GRID[0]] * 3, "holds a qubit twice"),
        ({0: GRID[0], 1: GRID[1], 3: GRID[2]}, "is not of each neuron (limit: the keys 0..2)"),
        ("abc", "qubits='abc' is no sequence of qubits"),
        (3, "qubits=3 is no sequence of qubits"),
        ([0, 1, 2], "qubits holds 0, no qubit"),
        (cirq.LineQid.range(3, dimension=3), "no qubit"),
    ],
)
def test_qubits_that_are_not_one_for_each_neuron_are_refused(qubits: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refused:
        qaoa_circuit(COSTS[0], *ANGLES, qubits=qubits)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_circuit_on_coupled_qubits_of_a_machine_stays_there() -> None:
    pytest.importorskip("cirq_google")
    circuit = qaoa_circuit(COSTS[1], *ANGLES, qubits=GRID)
    compiled = compile_circuit(circuit, "rainbow")
    assert compiled.n_swaps == 0
    assert compiled.circuit.all_qubits() == {*GRID}
    assert dict(zip(compiled.qubits, compiled.places, strict=True)) == {q: q for q in GRID}


def test_the_sampler_of_a_virtual_processor_is_used_on_its_own_qubits() -> None:
    pytest.importorskip("cirq_google")
    sampler = DeviceSampler("rainbow", rng=generator())
    options: Any = {"shots": 20, "p": 1, "qubits": GRID}
    found = run(qaoa_sampling, COSTS[1], rng=generator(), sampler=sampler, **options)
    assert found.ledger.shots == 20
    # its own sampler takes the machine's gates alone, and the message says who translates
    with pytest.raises(ValueError, match=r"DeviceSampler\(device, inner=sampler\) translates it"):
        run(qaoa_sampling, COSTS[1], rng=generator(), sampler=sampler.inner, **options)
