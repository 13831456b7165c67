"""Entropies across cuts: against partial traces, closed forms, and along circuits."""

from __future__ import annotations

import itertools

import cirq
import numpy as np
import numpy.typing as npt
import pytest

from labkit.circuits.qaoa import qaoa_circuit
from labkit.circuits.state_preparation import dicke_state
from labkit.costs import LocalCost
from labkit.limits import TooLargeError
from labkit.simulators import (
    entropies_along,
    entropy,
    evolve_grover,
    final_state,
    largest_entropy,
    schmidt_values,
)


def random_state(n: int, seed: int) -> npt.NDArray[np.complex128]:
    rng = np.random.default_rng(seed)
    state = rng.normal(size=2**n) + 1j * rng.normal(size=2**n)
    return state / np.linalg.norm(state)


def entropy_by_partial_trace(state: npt.NDArray[np.complex128], side: tuple[int, ...]) -> float:
    """-Tr rho log2 rho of the eigenvalues of rho on some qubits."""
    n = len(state).bit_length() - 1
    rho = np.outer(state, state.conj())
    reduced = cirq.partial_trace(rho.reshape((2,) * (2 * n)), [*side]).reshape(2 ** len(side), -1)
    eigenvalues = np.linalg.eigvalsh(reduced)
    eigenvalues = eigenvalues[eigenvalues > 1e-15]
    return float(-eigenvalues @ np.log2(eigenvalues))


@pytest.mark.parametrize("n", range(1, 7))
def test_every_cut_of_random_states_agrees_with_the_partial_trace(n: int) -> None:
    state = random_state(n, seed=n)
    for size in range(n + 1):
        for side in itertools.combinations(range(n), size):
            expected = entropy_by_partial_trace(state, side) if 0 < size < n else 0.0
            assert entropy(state, side) == pytest.approx(expected, abs=1e-9)
            assert entropy(state.astype(np.complex64), side) == pytest.approx(expected, abs=1e-5)
            values = schmidt_values(state, side)
            assert len(values) == 2 ** min(size, n - size)
            assert (np.diff(values) <= 1e-12).all()
            assert (values**2).sum() == pytest.approx(1)


def test_closed_forms() -> None:
    bell = np.array([1, 0, 0, 1])
    assert entropy(bell, [0]) == pytest.approx(1)
    np.testing.assert_allclose(schmidt_values(bell, [1]), [0.5**0.5] * 2)
    assert entropy(np.ones(8), [0, 2]) == 0
    ghz = np.eye(16)[0] + np.eye(16)[15]
    assert largest_entropy(ghz, 2)[0] == pytest.approx(1)
    w = final_state(dicke_state(cirq.LineQubit.range(4), 1))
    assert entropy(w, [0]) == pytest.approx(-0.25 * np.log2(0.25) - 0.75 * np.log2(0.75), abs=1e-5)


def test_the_largest_cut_is_found_among_all() -> None:
    pairs = np.kron([1, 0, 0, 1], [1, 0, 0, 1])  # 0-1 and 2-3
    bits, side = largest_entropy(pairs, 2)
    assert bits == pytest.approx(2)
    assert sorted(side) not in ([0, 1], [2, 3])


def test_grovers_state_never_holds_more_than_one_bit_across_any_cut() -> None:
    marked = np.arange(2**8) == 77
    most = [largest_entropy(evolve_grover(marked, i), 4)[0] for i in range(13)]
    assert most[0] == 0
    assert 0.5 < max(most) <= 1


def test_along_a_circuit_entanglement_is_made_by_two_qubit_gates_alone() -> None:
    rng = np.random.default_rng(0)
    cost = LocalCost([((j, (j + 1) % 4), rng.normal(size=4)) for j in range(4)], 4)
    circuit = qaoa_circuit(cost, [0.5], [0.4])
    along = entropies_along(circuit, [0, 1])
    assert along.shape == (len(circuit),)
    assert along[0] == pytest.approx(0, abs=1e-6)
    assert along[-1] == pytest.approx(entropy(final_state(circuit), [0, 1]), abs=1e-5)
    assert along.max() > 0.01
    for moment, before, after in zip(circuit[1:], along, along[1:], strict=False):
        if all(len(operation.qubits) == 1 for operation in moment):
            assert after == pytest.approx(before, abs=1e-5)


def test_what_is_no_cut_of_a_state_is_refused() -> None:
    with pytest.raises(ValueError, match="names one twice"):
        entropy(np.ones(4), [0, 0])
    with pytest.raises(ValueError, match="neurons=2"):
        entropy(np.ones(4), [2])
    with pytest.raises(ValueError, match="must be \\(2\\^n,\\)"):
        entropy(np.ones(3), [0])
    with pytest.raises(ValueError, match="no norm"):
        entropy(np.zeros(4), [0])
    with pytest.raises(TypeError, match="not an array of numbers"):
        entropy(["a", "b"], [0])
    with pytest.raises(TooLargeError, match="352,716 cuts, over a minute"):
        largest_entropy(np.ones(2**22), 11)
    with pytest.raises(TypeError, match="neurons=0 is not a sequence"):
        entropy(np.ones(4), 0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not an array of numbers"):
        largest_entropy([[1, 0], [1]], 1)
    with pytest.raises(ValueError, match="gates alone"):
        entropies_along(cirq.Circuit(cirq.H(cirq.q(0)), cirq.measure(cirq.q(0))), [0])
    with pytest.raises(TypeError, match="not a cirq"):
        entropies_along("H", [0])  # type: ignore[arg-type]


@pytest.mark.parametrize("norm", [1e-200, 1e200])
def test_the_norm_of_a_state_does_not_matter(norm: float) -> None:
    bell = norm * np.array([1, 0, 0, 1j])
    np.testing.assert_allclose(schmidt_values(bell, [1]), [0.5**0.5] * 2)


def test_half_of_the_even_cuts_are_the_other_sides_of_the_others() -> None:
    state = np.random.default_rng(2).normal(size=64)
    every = max(entropy(state, side) for side in itertools.combinations(range(6), 3))
    assert largest_entropy(state, 3)[0] == pytest.approx(every)
