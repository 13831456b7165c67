"""Without numba states and walks run in NumPy, without qsim on cirq.Simulator: the same results."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import cirq
import numpy as np
import pytest
import sympy
from click.testing import CliRunner
from test_architecture import MODULES, PACKAGE

from labkit import platforms
from labkit.ansatz import check_mixer
from labkit.arrays import count_each, owners_of
from labkit.circuits.decompositions import ThreeQubitDiagonal
from labkit.circuits.gate_errors import add_gate_errors
from labkit.circuits.grover import grover_circuit
from labkit.circuits.linear_systems import hhl_circuit
from labkit.circuits.oracles import build_computed_oracle, build_table_oracle
from labkit.circuits.qaoa import qaoa_circuit
from labkit.circuits.state_preparation import dicke_state
from labkit.cli.doctor import doctor
from labkit.costs import CostTable, PauliZCost
from labkit.costs.walks import building, starting
from labkit.course.lessons.figures_06_computed_oracle import figure_search
from labkit.hardware import TrajectorySampler, noisy_simulator
from labkit.masks import masks_to_indices, place_values
from labkit.networks import sample_network, sample_nk_network
from labkit.provenance import describe_origin, describe_run
from labkit.scoring import network_cost, nk_cost
from labkit.selectors import (
    adaptive_grover,
    dynamic_programming,
    grover_search,
    local_selection,
    one_flip_search,
    qaoa_sampling,
    run,
    simulated_annealing,
    tabu_search,
)
from labkit.simulators import (
    evolve_qaoa,
    final_state,
    noise,
    noisy_probabilities,
    qaoa_value_and_gradient,
    qsim,
    sample_masks,
)
from labkit.simulators import qaoa as qaoa_module

RNG, TESTS = np.random.default_rng, Path(__file__).parent
POLYNOMIAL = PauliZCost({(0, 1): 0.5, (1, 2): -0.3, (0,): 0.2, (0, 1, 2): 0.4, (2, 3): 0.7}, 4)


@pytest.fixture
def no_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    """States and walks of this process run as they do without numba."""
    for module in (starting, building, qaoa_module, noise):
        monkeypatch.setattr(module, "can_compile", lambda: False)


@pytest.fixture
def no_qsim(monkeypatch: pytest.MonkeyPatch) -> None:
    """Circuits of this process run as they do without qsim."""
    monkeypatch.setattr(qsim, "has_qsim", lambda: False)


# Without numba


@pytest.mark.parametrize(
    ("mixer", "n_active"), [("x", None), ("grover", None), ("grover", 4), ("ring", 4)]
)
def test_qaoa_in_numpy_is_that_of_the_compiled_loops(
    mixer: str, n_active: int | None, request: pytest.FixtureRequest
) -> None:
    table, angles = CostTable(RNG(0).normal(size=2**9), 9), ([0.4, -0.3, 0.9], [0.7, 0.2, 2.0])
    assert check_mixer(mixer, n_active, 9)
    args: dict[str, Any] = {"mixer": mixer, "n_active": n_active}
    state = evolve_qaoa(table, *angles, **args)
    value, *gradient = qaoa_value_and_gradient(table, *angles, **args)
    request.getfixturevalue("no_numba")
    np.testing.assert_allclose(evolve_qaoa(table, *angles, **args), state, atol=1e-5)
    plain, *derivatives = qaoa_value_and_gradient(table, *angles, **args)
    assert plain == pytest.approx(value, abs=1e-5)
    np.testing.assert_allclose(derivatives, gradient, atol=1e-4)


def test_exact_chances_with_errors_are_those_of_the_compiled_loop(
    request: pytest.FixtureRequest,
) -> None:
    circuit = qaoa_circuit(POLYNOMIAL, [0.3, 0.5], [0.4, 0.2])
    errors: dict[str, Any] = {"two_qubit_error": 0.04, "one_qubit_error": 0.01}
    compiled = noisy_probabilities(circuit, **errors)
    request.getfixturevalue("no_numba")
    np.testing.assert_allclose(noisy_probabilities(circuit, **errors), compiled, atol=1e-12)


def costs() -> dict[str, Any]:
    """A cost of each kind that compiled loops walk over."""
    rng = RNG(3)
    x, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    ends = ((i, j) for j in range(12) for i in range(j))
    pairs: dict[tuple[int, ...], float] = {pair: float(rng.normal()) for pair in ends}
    neurons = sample_network(3, 12, scale=2.0, seed=1).adapted(x)
    weights = sample_network(3, 3, mask_kind="weight", seed=1).adapted(x)
    classes = sample_network(3, 12, 3, readout="gaussian", seed=1).adapted(x)
    nk = sample_nk_network(3, 12, 3, seed=1).adapted(x)
    return {
        "polynomial": PauliZCost(pairs | {(0, 1, 2): 0.7, (3, 5, 8, 9): -1.1, (4,): 0.3}, 12),
        "pairs": PauliZCost(pairs, 12),
        "tables": nk_cost(nk, x, y, cost="cross_entropy"),
        "outputs": network_cost(neurons, x, y),
        "patterns": network_cost(weights, x, y, cost="squared_error"),
        "units": network_cost(classes, x, rng.integers(0, 3, 40)),
    }


SELECTORS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "one flip": (one_flip_search, {}),
    "annealing": (simulated_annealing, {}),
    "tabu": (tabu_search, {}),
    "blocks": (local_selection, {"block_size": 3}),
    "tables": (dynamic_programming, {}),
    "Grover": (adaptive_grover, {}),
    "QAOA": (qaoa_sampling, {"shots": 64, "p": 1}),
}


#: Dynamic programming takes costs of local terms.
PAIRS = [*product(costs(), SELECTORS.keys() - {"tables"}), ("tables", "tables")]


@pytest.mark.parametrize(("kind", "name"), sorted(PAIRS))
def test_every_selector_asks_for_the_same_masks_without_numba(
    kind: str, name: str, request: pytest.FixtureRequest
) -> None:
    (selector, options), cost = SELECTORS[name], costs()[kind]
    compiled = run(selector, cost, rng=RNG(5), **options)
    request.getfixturevalue("no_numba")
    plain = run(selector, costs()[kind], rng=RNG(5), **options)
    assert plain.neuron_mask.tolist() == compiled.neuron_mask.tolist()
    assert plain.ledger.cost_queries == compiled.ledger.cost_queries
    np.testing.assert_allclose(plain.history, compiled.history, atol=1e-9)


# Without qsim


def circuits() -> dict[str, cirq.Circuit]:
    """Circuits of every kind that labkit builds."""
    qubits, marked = cirq.LineQubit.range(5), np.array([[True, False, True, True, False]])
    scattered = [qubits[j] for j in (4, 0, 2)]
    diagonal = ThreeQubitDiagonal(np.linspace(0, 2, 8).tolist())
    weights = RNG(1).integers(-3, 4, (4, 4))
    angles: tuple[Any, Any] = ([0.4, 0.1], [0.3, -0.6])
    return {
        "QAOA": qaoa_circuit(POLYNOMIAL, *angles),
        "ring": qaoa_circuit(POLYNOMIAL, *angles, mixer="ring", n_active=2),
        "Grover mixer": qaoa_circuit(POLYNOMIAL, *angles, mixer="grover", n_active=2),
        "Grover": grover_circuit(qubits, build_table_oracle(qubits, marked), 3),
        "computed oracle": cirq.Circuit(
            cirq.H.on_each(*cirq.LineQubit.range(4)), build_computed_oracle(weights, 2).circuit
        ),
        "Dicke": cirq.Circuit(dicke_state(qubits, 3)),
        "diagonal": cirq.Circuit(cirq.H.on_each(*qubits), diagonal(*scattered), cirq.T(qubits[0])),
        "linear system": hhl_circuit(
            [[2.0, 0.5], [0.5, 1.0]], [1.0, 0.3], clock_qubits=3
        ).circuit.unfreeze(),
    }


@pytest.mark.parametrize("name", circuits())
def test_states_of_cirq_are_those_of_qsim(name: str, request: pytest.FixtureRequest) -> None:
    circuit = circuits()[name]
    turned = sorted(circuit.all_qubits())[::-1]
    state, reversed_ = final_state(circuit), final_state(circuit, qubits=turned)
    request.getfixturevalue("no_qsim")
    assert final_state(circuit).dtype == np.complex64
    np.testing.assert_allclose(final_state(circuit), state, atol=1e-5)
    np.testing.assert_allclose(final_state(circuit, qubits=turned), reversed_, atol=1e-5)


def test_a_seed_measures_the_same_masks_on_either(request: pytest.FixtureRequest) -> None:
    circuit, table = circuits()["QAOA"], CostTable(RNG(0).permutation(16).astype(float), 4)
    masks = sample_masks(circuit, 200, rng=RNG(3))
    found = run(grover_search, table, rng=RNG(3), threshold=2.0, shots=5)
    request.getfixturevalue("no_qsim")
    assert sample_masks(circuit, 200, rng=RNG(3)).tolist() == masks.tolist()
    plain = run(grover_search, table, rng=RNG(3), threshold=2.0, shots=5)
    assert plain.history.tolist() == found.history.tolist()


def damped() -> cirq.Circuit:
    """A circuit with a channel that is no mixture of unitaries."""
    a, b = cirq.LineQubit.range(2)
    gates = [cirq.H(a), cirq.CNOT(a, b), cirq.amplitude_damp(0.3)(a), cirq.H(b)]
    return cirq.Circuit(gates)


@pytest.mark.parametrize(
    ("circuit", "error"), [(circuits()["QAOA"], 0.08), (circuits()["QAOA"], 0.0), (damped(), 0.0)]
)
def test_runs_with_errors_come_as_often_as_the_exact_chances_say(
    circuit: cirq.Circuit, error: float
) -> None:
    runs, qubits = 20_000, sorted(circuit.all_qubits())
    exact = noisy_probabilities(circuit, two_qubit_error=error)
    measured = add_gate_errors(circuit, error) + cirq.measure(*qubits[::-1], key="masks")
    sampler = TrajectorySampler(rng=RNG(2))
    masks = sampler.run(measured, repetitions=runs).measurements["masks"][:, ::-1]
    counts = count_each(masks_to_indices(masks), at_least=len(exact))
    spread = np.sqrt(runs * exact * (1 - exact))
    assert (np.abs(counts - runs * exact) <= 4 * spread + 1e-3).all()


def test_runs_are_followed_in_parts_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = add_gate_errors(circuits()["QAOA"], 0.05) + cirq.measure(*cirq.LineQubit.range(4))
    monkeypatch.setattr("labkit.hardware.trajectories._AMPLITUDES", 2**4 * 7)
    sampler = TrajectorySampler(rng=RNG(2))
    assert sampler.run(circuit, repetitions=20).measurements["q(0),q(1),q(2),q(3)"].shape == (20, 4)


def test_a_circuit_without_errors_is_followed_once_for_all_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    followed: list[int] = []

    class Noting(TrajectorySampler):
        def _runs(self, gates: Any, operations: Any, runs: int) -> Any:
            followed.append(runs)
            return super()._runs(gates, operations, runs)

    monkeypatch.setattr("labkit.hardware.trajectories._AMPLITUDES", 1)
    Noting(rng=RNG(2)).run(circuits()["QAOA"] + cirq.measure(cirq.LineQubit(0)), repetitions=500)
    assert followed == [500]


def test_what_is_no_generator_or_has_a_symbol_is_refused_in_one_line() -> None:
    with pytest.raises(TypeError, match=r"^rng=3 is not a numpy"):
        TrajectorySampler(rng=3)  # type: ignore[arg-type]
    a = cirq.LineQubit(0)
    circuit = cirq.Circuit(cirq.X(a) ** sympy.Symbol("t"), cirq.measure(a))
    with pytest.raises(ValueError, match=r"^circuit .* symbol"):
        TrajectorySampler(rng=RNG(0)).run(circuit)


def test_a_seed_of_the_noisy_simulator_draws_the_same_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    circuit = add_gate_errors(circuits()["QAOA"], 0.1) + cirq.measure(*cirq.LineQubit.range(4))
    for has_qsim in (True, False):
        monkeypatch.setattr("labkit.hardware.trajectories.has_qsim", lambda has=has_qsim: has)
        first, again = (noisy_simulator(seed=4).run(circuit, repetitions=30) for _ in range(2))
        assert first == again


# Both missing, in a process of their own

WITHOUT = """
import json, sys, warnings

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numba", "llvmlite", "qsimcirq"):
            raise ModuleNotFoundError(name)

if sys.argv[1] == "finder":
    sys.meta_path.insert(0, Missing())
else:
    sys.modules |= dict.fromkeys(sys.argv[2].split(","))

import test_stand_ins

with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    numbers = test_stand_ins.one_of_each()
lines = [str(each.message) for each in told if "is missing" in str(each.message)]
print(json.dumps([numbers, lines]))
"""


def one_of_each() -> list[float]:
    """Numbers of compiled loops, walks and circuits, twice, so that it is seen what is said."""
    numbers = []
    for _ in range(2):
        table = CostTable(RNG(0).normal(size=2**8), 8)
        numbers.append(qaoa_value_and_gradient(table, [0.4], [0.7])[0])
        found = run(one_flip_search, costs()["outputs"], rng=RNG(1))
        numbers += [found.cost, *found.neuron_mask.astype(float).tolist()]
        circuit = circuits()["QAOA"]
        numbers += np.abs(final_state(circuit)).astype(float).tolist()
        numbers += noisy_probabilities(circuit, two_qubit_error=0.1).tolist()
    return numbers


@pytest.mark.parametrize(
    "how", [("finder", ""), ("none", "numba,qsimcirq"), ("none", "llvmlite,qsimcirq")]
)
def test_what_is_missing_is_said_once_and_changes_no_result(how: tuple[str, str]) -> None:
    folders = {"PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), str(TESTS)])}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *how],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **folders},
    )
    numbers, lines = json.loads(done.stdout.splitlines()[-1])
    np.testing.assert_allclose(numbers, one_of_each(), atol=1e-5)
    part = platforms.LLVMLITE if "llvmlite" in how[1] else platforms.NUMBA
    assert sorted(lines) == sorted([part.line, platforms.QSIM.line])


@pytest.fixture
def neither(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba and qsim are not found."""
    for name in ("numba", "qsimcirq"):
        monkeypatch.setitem(sys.modules, name, None)


def test_pages_entries_and_the_doctor_name_what_stands_in(neither: None) -> None:
    lines = [platforms.NUMBA.line, platforms.QSIM.line]
    footer = describe_run(seed=1)._repr_markdown_()
    assert [footer.count(line[1:]) for line in lines] == [1, 1]
    assert describe_origin.__wrapped__()["stand_ins"] == lines
    said = CliRunner().invoke(doctor, []).output
    assert [said.count(line) for line in lines] == [1, 1]
    caption = figure_search(3, 9, 1, [0.1, 0.8], [0.1, 0.8]).text
    assert "9 qubits on cirq.Simulator" in caption


def test_nothing_is_said_to_stand_in_where_all_is_there() -> None:
    assert platforms.stand_ins() == [] and platforms.circuit_simulator() == "qsim"
    assert "stand_ins" not in describe_origin.__wrapped__()


# Integers of 32 bits, as in a browser


def bare_counts(tree: ast.AST) -> list[str]:
    """Calls of what refuses integers that are wider than a memory address."""
    calls = (ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call for call in calls if call.startswith(("np.bincount(", "np.repeat(np.arange("))]


@pytest.mark.parametrize("module", [name for name in MODULES if name != "labkit.arrays"])
def test_no_module_but_arrays_counts_integers_of_one_width_only(module: str) -> None:
    assert bare_counts(ast.parse(MODULES[module].read_text("utf-8"))) == []


@pytest.mark.parametrize("call", ["np.bincount(labels)", "np.repeat(np.arange(len(n)), n)"])
def test_a_count_of_one_width_is_found(call: str) -> None:
    assert bare_counts(ast.parse(f"x = 1 + {call}[0]")) == [call]


@pytest.mark.parametrize("dtype", [np.int8, np.uint32, np.int64, np.uint64, bool])
def test_integers_of_any_width_are_counted(dtype: Any) -> None:
    numbers = np.array([0, 1, 1], dtype=dtype)
    assert count_each(numbers, at_least=4).tolist() == [1, 2, 0, 0]
    assert count_each(numbers, [0.5, 1.0, 2.0]).tolist() == [0.5, 3.0]
    assert owners_of(numbers).tolist() == [1, 2]


def test_mask_indices_have_the_width_of_memory_addresses_where_they_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert place_values(62).dtype == np.int64
    monkeypatch.setattr(np, "intp", np.int32)
    narrow, wide = (place_values.__wrapped__(n) for n in (31, 32))
    assert [each.dtype.itemsize for each in (narrow, wide)] == [4, 8]
    assert (
        narrow.tolist() == place_values(31).tolist() and wide.tolist() == place_values(32).tolist()
    )
