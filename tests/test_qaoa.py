"""QAOA: circuits, fast evolution, gradients and light cones say the same."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cirq
import numba
import numpy as np
import numpy.typing as npt
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_cases import load_cases
from strategies import generators

from labkit import ansatz
from labkit.ansatz import MIXERS, ramp_angles, ring_edges
from labkit.circuits.qaoa import mixer_layer, qaoa_circuit, side_by_side
from labkit.circuits.reports import circuit_report
from labkit.costs import Cost, CostTable, LocalCost, PauliZCost
from labkit.limits import TooLargeError
from labkit.masks import all_masks
from labkit.problems import build_problem
from labkit.simulators import (
    evolve_qaoa,
    evolve_qaoa_each,
    final_state,
    light_cone,
    light_cone_expectation,
    probabilities,
    qaoa_expectation,
    qaoa_value_and_gradient,
)
from labkit.simulators import qaoa as qaoa_choice
from labkit.simulators.engine import loops

Matrix = npt.NDArray[np.complex128]
FORMS = ("table", "polynomial", "local")


@contextmanager
def on_threads(threads: int, *, shared_from: int = 1) -> Iterator[None]:
    """So many threads work on states of so many amplitudes or more."""
    before = numba.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loops, "SHARED_FROM", shared_from)
        numba.set_num_threads(threads)
        yield
    numba.set_num_threads(before)


def draw_cost(form: str, n: int, rng: np.random.Generator) -> Cost:
    """A random cost of order up to 4, or a table, with a constant term."""
    if form == "table":
        return CostTable(rng.normal(size=2**n), n)
    sets = [tuple(rng.permutation(n)[: rng.integers(1, min(n, 4) + 1)].tolist()) for _ in range(n)]
    if form == "polynomial":
        return PauliZCost({(): 0.3} | {neurons: float(rng.normal()) for neurons in sets}, n)
    return LocalCost([((), np.array([0.3])), *((s, rng.normal(size=2 ** len(s))) for s in sets)], n)


def chain(n: int, width: int, rng: np.random.Generator, *, cyclic: bool = True) -> LocalCost:
    starts = range(n if cyclic else n - width + 1)
    neurons = [tuple((i + k) % n for k in range(width)) for i in starts]
    return LocalCost([(s, rng.normal(size=2**width)) for s in neurons], n)


def pauli_on(n: int, operators: dict[int, Matrix]) -> Matrix:
    total = np.eye(1, dtype=complex)
    for j in range(n):
        total = np.kron(total, operators.get(j, np.eye(2)))
    return total


X, Y = np.array([[0, 1], [1, 0]], dtype=complex), np.array([[0, -1j], [1j, 0]])


def dense_start(n: int, n_active: int | None) -> Matrix:
    kept = np.ones(2**n) if n_active is None else all_masks(n).sum(axis=1) == n_active
    return kept / math.sqrt(kept.sum()) + 0j


def dense_mixer(n: int, beta: float, mixer: str, n_active: int | None) -> Matrix:
    if mixer == "x":
        return scipy.linalg.expm(1j * beta * sum(pauli_on(n, {j: X}) for j in range(n)))
    if mixer == "grover":
        start = dense_start(n, n_active)
        return scipy.linalg.expm(1j * beta * np.outer(start, start))
    assert mixer == "ring", f"{mixer!r} is to be written here as a matrix"
    unitary = np.eye(2**n, dtype=complex)
    even = [(j, j + 1) for j in range(0, n - 1, 2)]
    odd = [(j, j + 1) for j in range(1, n - 1, 2)]
    for j, k in [*even, *odd, *([(n - 1, 0)] if n > 2 else [])]:
        hop = (pauli_on(n, {j: X, k: X}) + pauli_on(n, {j: Y, k: Y})) / 2
        unitary = scipy.linalg.expm(1j * beta * hop) @ unitary
    return unitary


def options_of(mixer: str, n: int, rng: np.random.Generator) -> dict[str, Any]:
    fixed = mixer == "ring" or (mixer == "grover" and rng.random() < 0.5)
    return {"mixer": mixer, "n_active": int(rng.integers(0, n + 1)) if fixed else None}


def draw_angles(p: int, rng: np.random.Generator) -> tuple[Any, Any]:
    return rng.normal(size=p), rng.normal(size=p)


# Against cases computed without labkit


@pytest.mark.parametrize("case", load_cases("qaoa"))
def test_fast_evolution_and_circuit_agree_with_the_reference(case: dict[str, Any]) -> None:
    n, angles = case["n_neurons"], (case["gammas"], case["betas"])
    table = CostTable(case["costs"], n)
    options = {"mixer": case["mixer"], "n_active": case["n_active"]}
    state = evolve_qaoa(table, *angles, **options)
    assert state.dtype == np.complex64
    np.testing.assert_allclose(probabilities(state), case["probabilities"], atol=1e-6)
    assert qaoa_expectation(table, *angles, **options) == pytest.approx(case["expectation"])
    for cost in (table, PauliZCost.from_table(table)):
        run = final_state(qaoa_circuit(cost, *angles, **options))
        np.testing.assert_allclose(probabilities(run), case["probabilities"], atol=1e-5)


@pytest.mark.parametrize("case", load_cases("qaoa_gradient"))
def test_value_and_gradient_agree_with_the_reference(case: dict[str, Any]) -> None:
    table = CostTable(case["costs"], case["n_neurons"])
    value, dgammas, dbetas = qaoa_value_and_gradient(table, case["gammas"], case["betas"])
    assert value == pytest.approx(case["value"], abs=1e-9)
    np.testing.assert_allclose(dgammas, case["dgammas"], atol=1e-6)
    np.testing.assert_allclose(dbetas, case["dbetas"], atol=1e-6)


# Circuits, fast evolution and dense matrices


@pytest.mark.parametrize("mixer", MIXERS)
@pytest.mark.parametrize("form", FORMS)
@given(rng=generators, n=st.integers(2, 10), p=st.integers(1, 4))
@settings(max_examples=15)
def test_the_circuit_on_qsim_gives_the_state_of_the_fast_evolution(
    form: str, mixer: str, rng: np.random.Generator, n: int, p: int
) -> None:
    cost, options = draw_cost(form, n, rng), options_of(mixer, n, rng)
    angles = draw_angles(p, rng)
    fast = evolve_qaoa(cost, *angles, **options)
    qubits = cirq.LineQubit.range(n)
    run = final_state(qaoa_circuit(cost, *angles, **options), qubits=qubits)
    # the global phase too
    np.testing.assert_allclose(run, fast, atol=2e-5)


@given(rng=generators, n=st.integers(2, 8), p=st.integers(0, 3), far=st.sampled_from([0.0, 1e6]))
@settings(max_examples=15)
def test_several_points_at_once_give_the_state_of_each(
    rng: np.random.Generator, n: int, p: int, far: float
) -> None:
    cost = PauliZCost({(): far, (0,): 1.0, (0, n - 1): 0.5}, n)
    gammas, betas = rng.normal(size=(2, 3, p))
    together = evolve_qaoa_each(cost, gammas, betas)
    alone = [evolve_qaoa(cost, *angles) for angles in zip(gammas, betas, strict=True)]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_points_of_other_shapes_are_refused() -> None:
    for shapes in (((2, 3), (3, 2)), ((3,), (3,)), ((0, 2), (0, 2))):
        with pytest.raises(ValueError, match=r"both must be \(points, p\)"):
            evolve_qaoa_each(CostTable(np.array([0.0, 1.0]), 1), *map(np.ones, shapes))


def test_states_that_do_not_fit_together_are_refused_before_any_is_made() -> None:
    angles = np.full((10**6, 1), 0.1)
    table = CostTable(np.zeros(2**16), 16)
    with pytest.raises(TooLargeError, match=r"^points=1000000 needs .* for their states; "):
        evolve_qaoa_each(table, angles, angles)


@pytest.mark.parametrize("mixer", MIXERS)
@given(rng=generators, n=st.integers(2, 5), p=st.integers(0, 3))
def test_fast_evolution_is_the_product_of_dense_exponentials(
    mixer: str, rng: np.random.Generator, n: int, p: int
) -> None:
    table, options = draw_cost("table", n, rng).to_table(), options_of(mixer, n, rng)
    gammas, betas = draw_angles(p, rng)
    state = dense_start(n, options["n_active"])
    for gamma, beta in zip(gammas, betas, strict=True):
        state = dense_mixer(n, beta, **options) @ (np.exp(-1j * gamma * table.costs) * state)
    np.testing.assert_allclose(evolve_qaoa(table, gammas, betas, **options), state, atol=1e-6)
    expected = float(np.abs(state) ** 2 @ table.costs)
    assert qaoa_expectation(table, gammas, betas, **options) == pytest.approx(expected)


@pytest.mark.parametrize("mixer", ["grover", "ring"])
@given(rng=generators, n=st.integers(2, 7))
def test_mixers_at_a_fixed_number_of_neurons_keep_it(
    mixer: str, rng: np.random.Generator, n: int
) -> None:
    n_active = int(rng.integers(0, n + 1))
    cost, angles = draw_cost("polynomial", n, rng), draw_angles(3, rng)
    state = evolve_qaoa(cost, *angles, mixer=mixer, n_active=n_active)
    elsewhere = all_masks(n).sum(axis=1) != n_active
    assert probabilities(state)[elsewhere].sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mixer", MIXERS)
@given(rng=generators, n=st.integers(2, 6), p=st.integers(1, 3))
@settings(max_examples=10)
def test_the_gradient_is_the_limit_of_differences(
    form: str, mixer: str, rng: np.random.Generator, n: int, p: int
) -> None:
    cost, options = draw_cost(form, n, rng), options_of(mixer, n, rng)
    angles = np.array(draw_angles(p, rng))
    exact = {**options, "dtype": "complex128"}
    value, *gradient = qaoa_value_and_gradient(cost, *angles, **exact)
    assert value == pytest.approx(qaoa_expectation(cost, *angles, **exact))
    for index in np.ndindex(2, p):
        step = np.zeros((2, p))
        step[index] = 1e-5
        ahead, behind = (qaoa_expectation(cost, *(angles + s), **exact) for s in (step, -step))
        assert gradient[index[0]][index[1]] == pytest.approx((ahead - behind) / 2e-5, abs=1e-5)
    single = qaoa_value_and_gradient(cost, *angles, **options)
    np.testing.assert_allclose(single[1:], gradient, atol=1e-4)


@given(rng=generators, n=st.integers(10, 14), p=st.integers(1, 16))
@settings(max_examples=20)
def test_compiled_loops_agree_with_plain_numpy_in_full_precision(
    rng: np.random.Generator, n: int, p: int
) -> None:
    table = CostTable(rng.normal(size=2**n) * 3 + 10, n)
    angles = rng.normal(size=p), rng.uniform(-4, 4, size=p)
    whole = evolve_qaoa(table, *angles, dtype="complex128")
    assert whole.dtype == np.complex128
    for threads in (1, 3):
        with on_threads(threads):
            state = evolve_qaoa(table, *angles)
        assert state.dtype == np.complex64
        np.testing.assert_allclose(state, whole, atol=2e-5)
        np.testing.assert_allclose(probabilities(state), probabilities(whole), atol=2e-5)
    with on_threads(2):
        value, *gradient = qaoa_value_and_gradient(table, *angles)
    exact, *expected = qaoa_value_and_gradient(table, *angles, dtype="complex128")
    assert value == pytest.approx(exact, abs=2e-5)
    assert qaoa_expectation(table, *angles) == pytest.approx(exact, abs=2e-5)
    np.testing.assert_allclose(gradient, expected, atol=1e-3 * table.std)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("n", range(12, 19))
def test_however_many_rows_a_state_has_all_its_qubits_are_rotated(n: int, threads: int) -> None:
    rng = np.random.default_rng(n)
    table = CostTable(rng.normal(size=2**n), n)
    angles = rng.normal(size=2), rng.uniform(-4, 4, size=2)
    value, *gradient = qaoa_value_and_gradient(table, *angles, dtype="complex128")
    with on_threads(threads, shared_from=2**13):
        found, *derivatives = qaoa_value_and_gradient(table, *angles)
        mean = qaoa_expectation(table, *angles)
        state = evolve_qaoa(table, *angles)
    assert [found, mean] == pytest.approx([value] * 2, abs=1e-6)
    np.testing.assert_allclose(derivatives, gradient, atol=2e-5)
    np.testing.assert_allclose(state, evolve_qaoa(table, *angles, dtype="complex128"), atol=1e-6)


@pytest.mark.parametrize("n", [7, 8, 13])
def test_quarter_turns_and_no_turn_are_exact(n: int) -> None:
    table = CostTable(np.random.default_rng(n).normal(size=2**n), n)
    for quarters in range(-5, 6):
        angles = [0.7, -0.4], [quarters * np.pi / 2, quarters * np.pi / 4]
        exact = evolve_qaoa(table, *angles, dtype="complex128")
        np.testing.assert_allclose(evolve_qaoa(table, *angles), exact, atol=1e-6)
        gradient = qaoa_value_and_gradient(table, *angles)[1:]
        expected = qaoa_value_and_gradient(table, *angles, dtype="complex128")[1:]
        np.testing.assert_allclose(gradient, expected, atol=1e-5)


def test_angles_in_any_kind_of_array_use_the_loops_that_are_compiled_already() -> None:
    from labkit.simulators.engine import kernels

    table, angles = CostTable(np.arange(64.0), 6), np.array([0.1, 0.2, 0.3, 0.4])
    qaoa_expectation(table, angles, angles)
    before = len(kernels.mean_cost.signatures)
    read_only = angles[::-2]
    read_only.flags.writeable = False
    qaoa_expectation(table, read_only, [1, 2])
    assert len(kernels.mean_cost.signatures) == before


def fixed_options(n: int) -> list[dict[str, Any]]:
    """The Grover mixer on all masks, and both mixers with every number of neurons."""
    fixed = [{"mixer": m, "n_active": kept} for m in ("grover", "ring") for kept in range(n + 1)]
    return [{"mixer": "grover", "n_active": None}, *fixed]


def assert_single_precision_is_near(
    table: CostTable, angles: Any, threads: int, options: dict[str, Any]
) -> None:
    """Loops for a few neurons too, shared out however small the state."""
    with on_threads(threads), pytest.MonkeyPatch.context() as patch:
        patch.setattr(qaoa_choice, "_COMPILED_FROM", 1)
        state = evolve_qaoa(table, *angles, **options)
        value, *gradient = qaoa_value_and_gradient(table, *angles, **options)
        mean = qaoa_expectation(table, *angles, **options)
    exact = {**options, "dtype": "complex128"}
    expected, *derivatives = qaoa_value_and_gradient(table, *angles, **exact)
    assert state.dtype == np.complex64
    np.testing.assert_allclose(state, evolve_qaoa(table, *angles, **exact), atol=2e-6)
    assert [value, mean] == pytest.approx([expected] * 2, abs=1e-5 * (1 + table.std))
    np.testing.assert_allclose(gradient, derivatives, atol=1e-4 * (1 + table.std))


@given(rng=generators, n=st.integers(1, 14), p=st.integers(0, 8), threads=st.integers(1, 3))
@settings(max_examples=60)
def test_compiled_loops_of_a_subspace_agree_with_plain_numpy_in_full_precision(
    rng: np.random.Generator, n: int, p: int, threads: int
) -> None:
    table = CostTable(rng.normal(size=2**n) * 3 + 10, n)
    angles = rng.normal(size=p), rng.uniform(-4, 4, size=p)
    for options in rng.permutation(np.array(fixed_options(n)))[:4]:
        assert_single_precision_is_near(table, angles, threads, options)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 11, 12])
def test_every_number_of_neurons_is_kept_by_the_loops_of_its_mixers(n: int, threads: int) -> None:
    rng = np.random.default_rng(n)
    table = CostTable(rng.normal(size=2**n), n)
    for options in fixed_options(n):
        assert_single_precision_is_near(table, rng.normal(size=(2, 2)), threads, options)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(("n", "n_active"), [(13, None), (15, 7), (16, 5), (17, 8)])
def test_a_subspace_of_many_rows_is_evolved_whole(
    n: int, n_active: int | None, threads: int
) -> None:
    rng = np.random.default_rng(n)
    table = CostTable(rng.normal(size=2**n), n)
    for mixer in ("grover",) if n_active is None else ("grover", "ring"):
        options: dict[str, Any] = {"mixer": mixer, "n_active": n_active}
        assert_single_precision_is_near(table, rng.normal(size=(2, 3)), threads, options)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("kept", ["none", "all"])
@pytest.mark.parametrize("n", [1, 2, 3, 6, 12])
def test_a_support_of_one_mask_gains_a_phase_only(n: int, kept: str, dtype: str) -> None:
    table = CostTable(np.random.default_rng(n).normal(size=2**n), n)
    index, n_active = (0, 0) if kept == "none" else (2**n - 1, n)
    gammas, betas = np.array([0.7, -0.4, 1.1]), np.array([0.2, 0.5, 2.3])
    for mixer, turned in (("grover", betas.sum()), ("ring", 0.0)):
        options: dict[str, Any] = {"mixer": mixer, "n_active": n_active, "dtype": dtype}
        state = evolve_qaoa(table, gammas, betas, **options)
        expected = np.zeros(2**n, dtype=complex)
        expected[index] = np.exp(1j * (turned - gammas.sum() * table.costs[index]))
        np.testing.assert_allclose(state, expected, atol=1e-6)
        value, *gradient = qaoa_value_and_gradient(table, gammas, betas, **options)
        assert value == pytest.approx(table.costs[index])
        np.testing.assert_allclose(gradient, 0, atol=1e-6)


ONLY_COMPILED_LOOPS = """
import cirq
import numpy as np
from labkit.costs import CostTable
from labkit.simulators import noisy_probabilities, qaoa
from labkit.simulators.engine import compiled, kernels, loops, phases, ring, transfer

compiled.warm_up()
several = loops._together
assert len(several) > 10 and all(loop.signatures for loop in several.values()), several
found = [f for m in (kernels, phases, ring, transfer) for f in vars(m).values()]
found = [*several.values(), *(f for f in found if hasattr(f, "stats"))]
before = [len(loop.signatures) for loop in found]
read_only = np.array([0.1, 0.2, 0.3, 0.4])[::-2]
read_only.flags.writeable = False
mixers = [("x", None), ("grover", None), ("grover", 3), ("ring", 0), ("ring", 6)]
for loops.SHARED_FROM in (1, 2**20):
    for n in (6, 13, 16):
        table = CostTable(np.arange(2.0**n), n)
        for angles in ((read_only, [1, 2]), (np.ones(1, np.float32), [np.int64(1)]), ([], [])):
            for call in (qaoa.evolve_qaoa, qaoa.qaoa_expectation, qaoa.qaoa_value_and_gradient):
                for mixer, n_active in mixers:
                    call(table, *angles, mixer=mixer, n_active=n_active)
ghz = cirq.H(cirq.q(0)), cirq.CNOT(cirq.q(0), cirq.q(1)), cirq.CCX(*cirq.LineQubit.range(3))
for circuit in (cirq.Circuit(ghz), cirq.Circuit(ghz[:1])):
    noisy_probabilities(circuit, two_qubit_error=0.1)
assert [len(loop.signatures) for loop in found] == before, (before, found)
"""


def test_every_state_uses_the_loops_that_are_compiled_at_set_up() -> None:
    subprocess.run([sys.executable, "-c", ONLY_COMPILED_LOOPS], check=True)


MANY_CALLERS = """
import os
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from labkit.costs import CostTable
from labkit.simulators import qaoa_value_and_gradient
from labkit.simulators.engine import loops

loops.SHARED_FROM = 1
table = CostTable(np.sin(np.arange(2.0**14)), 14)


def call(mixer, n_active):
    found = qaoa_value_and_gradient(table, [0.3, 0.4], [0.4, 2.0], mixer=mixer, n_active=n_active)
    return np.hstack(found)


for mixer in (("x", None), ("grover", None), ("ring", 7)):
    expected = call(*mixer)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: call(*mixer), range(64)):
            np.testing.assert_allclose(found, expected, atol=1e-6)
print(numba.threading_layer())
if hasattr(os, "fork"):
    if child := os.fork():
        assert os.waitpid(child, 0)[1] == 0
    else:
        np.testing.assert_allclose(call(*mixer), expected, atol=1e-6)
        os._exit(0)
"""


@pytest.mark.parametrize("layer", ["default", "workqueue"])
def test_callers_at_once_and_in_a_forked_process_get_what_one_caller_gets(layer: str) -> None:
    command = [sys.executable, "-c", MANY_CALLERS]
    environment = {**os.environ, "NUMBA_THREADING_LAYER": layer}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert layer in (done.stdout.strip(), "default")


def test_several_threads_work_on_a_large_state_for_one_caller_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def alone() -> str:
        return "alone"

    def meanwhile() -> str:
        return f"together, meanwhile {loops.run(2**20, alone)}"

    monkeypatch.setitem(loops._together, alone, meanwhile)
    with on_threads(2, shared_from=2**20):
        assert loops.run(2**20 - 1, alone) == "alone"
        assert loops.run(2**20, alone) == "together, meanwhile alone"
        monkeypatch.setattr(loops, "_PROCESS", -1)
        assert loops.run(2**20, alone) == "alone"  # as in a forked process
    monkeypatch.undo()
    with on_threads(1):
        assert loops.run(2**20, alone) == "alone"


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("n_active", [None, 1, 5, 8, 16])
@pytest.mark.parametrize("mixer", ["grover", "ring"])
def test_no_more_memory_is_taken_than_the_guard_counts(
    mixer: str, n_active: int | None, dtype: str
) -> None:
    if mixer == "ring" and n_active is None:
        n_active = 9
    table, angles = CostTable(np.arange(2.0**16), 16), ([0.1, 0.2], [0.3, 0.4])
    counted = qaoa_choice._bytes_per_mask(16, n_active, dtype == "complex64") * 2**16
    options: dict[str, Any] = {"mixer": mixer, "n_active": n_active, "dtype": dtype}
    calls: tuple[Callable[..., Any], ...] = (evolve_qaoa, qaoa_value_and_gradient)
    for call in calls:
        call(table, *angles, **options)
        tracemalloc.start()
        call(table, *angles, **options)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert table.costs.nbytes + peak < counted + 2**18


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize(
    ("mixer", "n_active"), [("grover", None), ("grover", 2), ("ring", 1), ("ring", 20)]
)
def test_forty_neurons_are_refused_however_few_are_kept(
    mixer: str, n_active: int | None, dtype: str
) -> None:
    calls: tuple[Callable[..., Any], ...] = (evolve_qaoa, qaoa_expectation, qaoa_value_and_gradient)
    for call in calls:
        with pytest.raises(TooLargeError, match=r"^n_neurons=40 needs .*limit: n_neurons=\d\d"):
            call(PauliZCost({}, 40), [1], [1], mixer=mixer, n_active=n_active, dtype=dtype)


def test_the_ring_has_one_edge_for_each_neuron_and_two_neurons_have_one() -> None:
    assert ring_edges(1) == []
    assert ring_edges(2) == [[(0, 1)]]
    assert ring_edges(5) == [[(0, 1), (2, 3)], [(1, 2), (3, 4)], [(4, 0)]]


def test_no_layer_leaves_the_start() -> None:
    table = CostTable(np.arange(8.0), 3)
    np.testing.assert_allclose(evolve_qaoa(table, [], []), np.full(8, 8**-0.5), rtol=1e-6)
    assert qaoa_expectation(table, [], []) == pytest.approx(3.5)


@pytest.mark.parametrize("mixer", MIXERS)
@pytest.mark.parametrize("form", FORMS)
def test_a_simulator_of_density_matrices_takes_the_circuits_too(form: str, mixer: str) -> None:
    rng = np.random.default_rng(5)
    cost, options = draw_cost(form, 4, rng), options_of(mixer, 4, rng)
    circuit = qaoa_circuit(cost, [0.3], [0.2], **options)
    noiseless = cirq.DensityMatrixSimulator(dtype=np.complex128).simulate(circuit)
    expected = probabilities(evolve_qaoa(cost, [0.3], [0.2], **options))
    chances = np.diag(noiseless.final_density_matrix).real
    np.testing.assert_allclose(chances, expected, atol=1e-6)


# What a form of cost costs in gates


def test_a_phase_layer_is_as_local_as_its_cost() -> None:
    rng, angles = np.random.default_rng(0), ([0.4], [0.3])
    pairs = PauliZCost({(0, 1): 1.0, (1, 2): 0.5, (2,): 0.1}, 5)
    widths = {len(op.qubits) for op in qaoa_circuit(pairs, *angles).all_operations()}
    assert widths == {1, 2}
    higher = PauliZCost({(0, 1, 2, 4): 1.0}, 5)
    counted = [op for op in qaoa_circuit(higher, *angles).all_operations() if len(op.qubits) == 2]
    assert len(counted) == 2 * 3
    neighbours = qaoa_circuit(chain(6, 3, rng), *angles)
    assert max(len(op.qubits) for op in neighbours.all_operations()) == 3
    table = qaoa_circuit(draw_cost("table", 5, rng), *angles)
    assert max(len(op.qubits) for op in table.all_operations()) == 5


def test_the_depth_of_local_terms_does_not_grow_with_the_number_of_neurons() -> None:
    rng, angles = np.random.default_rng(0), ([0.4], [0.3])
    for form in ("local", "polynomial"):
        depths = []
        for n in (12, 24, 48):
            ring = chain(n, 3, rng)
            cost = ring if form == "local" else ring.to_pauli_z()
            depths.append(circuit_report(qaoa_circuit(cost, *angles)).depth)
        assert depths[0] == depths[1] == depths[2]


@given(rng=generators, n=st.integers(1, 9))
def test_terms_side_by_side_are_the_same_terms(rng: np.random.Generator, n: int) -> None:
    cost = draw_cost("polynomial", n, rng)
    assert isinstance(cost, PauliZCost)
    assert dict(side_by_side(cost.terms.items())) == dict(cost.terms)


def test_mixers_say_which_pairs_they_couple() -> None:
    qubits = cirq.LineQubit.range(4)
    assert all(len(op.qubits) == 1 for op in mixer_layer(qubits, 0.3))
    ring = [op.qubits for op in mixer_layer(qubits, 0.3, mixer="ring", n_active=2)]
    pairs = [(qubits.index(a), qubits.index(b)) for a, b in ring]  # type: ignore[arg-type]
    assert pairs == [(0, 1), (2, 3), (1, 2), (3, 0)]


@pytest.mark.parametrize("n_active", [None, 3])
def test_a_mixer_that_is_only_a_name_is_refused_rather_than_taken_for_another(
    n_active: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ansatz, "MIXERS", (*MIXERS, "hop"))
    options: dict[str, Any] = {"mixer": "hop", "n_active": n_active}
    table, angles = CostTable(np.arange(64.0), 6), ([0.1], [0.2])
    expected = r"^mixer='hop' has no (circuit|stages|loops) in labkit\."
    with pytest.raises(ValueError, match=expected):
        qaoa_circuit(table, *angles, **options)
    for dtype in ("complex128", "complex64"):
        for call in (evolve_qaoa, qaoa_expectation, qaoa_value_and_gradient):
            with pytest.raises(ValueError, match=expected):
                call(table, *angles, dtype=dtype, **options)


# Ramps


def test_a_ramp_rises_in_gamma_and_falls_in_beta() -> None:
    gammas, betas = ramp_angles(4, 9, std=2.0)
    np.testing.assert_allclose(gammas, 3 / 2 * np.array([1, 3, 5, 7]) / 8)
    np.testing.assert_allclose(betas, 0.5 * np.array([7, 5, 3, 1]) / 8)


def test_a_ramp_for_a_cost_without_spread_has_no_scale() -> None:
    np.testing.assert_array_equal(ramp_angles(3, 4, std=0.0), ramp_angles(3, 4, std=1.0))


def test_more_layers_of_the_ramp_find_better_masks_of_moons() -> None:
    chances = []
    for p in (1, 4, 8):
        found = []
        for seed in range(10):
            table = build_problem("moons", 10, seed=seed).table
            chance = probabilities(evolve_qaoa(table, *ramp_angles(p, 10, std=table.std)))
            found.append(chance[table.marked(table.minimum)].sum())
        chances.append(np.mean(found))
    assert 1 / 2**10 < chances[0] < chances[1] < chances[2]
    assert chances[2] > 0.1


# Light cones


@given(rng=generators, n=st.integers(1, 14), p=st.integers(0, 3), cyclic=st.booleans())
@settings(max_examples=40)
def test_light_cones_give_the_expectation_of_the_full_state(
    rng: np.random.Generator, n: int, p: int, cyclic: bool
) -> None:
    cost, angles = chain(n, min(n, 3), rng, cyclic=cyclic), draw_angles(p, rng)
    whole = qaoa_expectation(cost, *angles, dtype="complex128")
    assert light_cone_expectation(cost, *angles) == pytest.approx(whole)


@given(rng=generators, n=st.integers(1, 9), p=st.integers(0, 3))
def test_light_cones_need_no_order_among_the_neurons(
    rng: np.random.Generator, n: int, p: int
) -> None:
    cost, angles = draw_cost("local", n, rng), draw_angles(p, rng)
    assert isinstance(cost, LocalCost)
    assert light_cone_expectation(cost, *angles) == pytest.approx(qaoa_expectation(cost, *angles))


def test_a_cone_reaches_as_far_as_the_layers_carry() -> None:
    cost = chain(1000, 3, np.random.default_rng(0))
    assert light_cone(cost, (500, 501, 502), 0) == [500, 501, 502]
    assert light_cone(cost, (500, 501, 502), 2) == [*range(496, 507)]
    assert light_cone(cost, (0, 1, 2), 1) == [0, 1, 2, 3, 4, 998, 999]


def test_a_thousand_equal_neighbourhoods_have_a_thousand_times_one_expectation() -> None:
    values, angles = np.random.default_rng(0).normal(size=8), ([0.3, 0.5], [0.4, 0.2])
    ring = [
        LocalCost([(tuple((i + k) % n for k in range(3)), values) for i in range(n)], n)
        for n in (13, 1000)
    ]
    small = qaoa_expectation(ring[0], *angles, dtype="complex128")
    assert light_cone_expectation(ring[1], *angles) == pytest.approx(1000 / 13 * small)
