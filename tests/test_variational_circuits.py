"""A circuit as input layer: circuits, states, gradients, and the cost of each subcircuit."""

from __future__ import annotations

from functools import reduce
from typing import Any

import cirq
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_cases import load_cases
from scipy.linalg import expm

from labkit.ansatz import block_pairs, layer_gates, ring_pairs
from labkit.circuits.qaoa import qaoa_circuit
from labkit.circuits.variational import encode_sample, variational_layers
from labkit.costs import CostTable, PauliZCost
from labkit.limits import TooLargeError
from labkit.masks import all_masks
from labkit.neighbours.rotations import RotationCircuit, encode_samples, z_expectations
from labkit.scoring import score_subcircuits, subcircuits
from labkit.selectors import adaptive_grover, exhaustive, one_flip_search, run
from labkit.simulators import final_state

ComplexMatrix = npt.NDArray[np.complex128]
VQNN = load_cases("neighbours/vqnn_public")
SUBCIRCUITS = load_cases("neighbours/subcircuits_public")
_MATRICES = {
    "i": np.eye(2),
    "x": np.array([[0, 1], [1, 0]]),
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.diag([1, -1]),
}


def dense_pauli(name: str, qubits: tuple[int, ...], n: int) -> ComplexMatrix:
    """The Pauli operator as a Kronecker product, qubit 0 first."""
    letters = dict(zip(qubits, name, strict=True))
    factors = [_MATRICES[letters.get(j, "i")] for j in range(n)]
    return np.asarray(reduce(np.kron, factors), dtype=np.complex128)


def dense_circuit(gates: Any, angles: Any, n: int) -> ComplexMatrix:
    """The product of the matrix exponentials, the first gate first."""
    unitary = np.eye(2**n, dtype=np.complex128)
    for (name, qubits), angle in zip(gates, angles, strict=True):
        unitary = expm(-0.5j * angle * dense_pauli(name, qubits, n)) @ unitary
    return unitary


def angles_of(case: dict[str, Any], *names: str) -> npt.NDArray[np.float64]:
    """The angles of a case in the order of `layer_gates`, those of the encoding first."""
    rows = zip(*(case[name] for name in ("couplings", "fields", "mixers")), strict=True)
    return np.concatenate([case["angles"], *[np.concatenate(layer) for layer in rows]])


def some_circuit(n: int, rng: np.random.Generator) -> tuple[list[Any], npt.NDArray[np.float64]]:
    """Twelve gates of all kinds on n qubits."""
    names = ["x", "y", "z", "xx", "zz", "xz", "zy"]
    picked = [str(name) for name in rng.choice([m for m in names if len(m) <= n], 12)]
    gates = [(name, tuple(rng.permutation(n)[: len(name)].tolist())) for name in picked]
    return gates, rng.uniform(-3, 3, 12)


# Against the reference


@pytest.mark.parametrize("case", VQNN, ids=lambda case: f"n={case['n_qubits']}")
def test_expectations_and_gradient_agree_with_the_reference(case: dict[str, Any]) -> None:
    n, layers = case["n_qubits"], len(case["fields"])
    encoding = [("y", (j,)) for j in range(n)]
    circuit = RotationCircuit([*encoding, *layer_gates(n, layers)], n)
    zero, angles = np.eye(1, 2**n), angles_of(case)
    evolved = circuit.evolve(angles, zero)
    np.testing.assert_allclose(z_expectations(evolved)[0], case["expectations"], atol=1e-9)
    expected = angles_of(case["gradient_of_weighted_sum"])
    slopes = circuit.slopes(angles, evolved, case["weights"])
    np.testing.assert_allclose(slopes, expected, atol=1e-6)  # given to seven digits


@pytest.mark.parametrize("case", VQNN, ids=lambda case: f"n={case['n_qubits']}")
def test_the_circuit_in_cirq_agrees_with_the_reference(case: dict[str, Any]) -> None:
    qubits = cirq.LineQubit.range(case["n_qubits"])
    layers = [case[name] for name in ("couplings", "fields", "mixers")]
    circuit = encode_sample(qubits, np.array(case["angles"]) - np.pi / 2)
    circuit += variational_layers(qubits, *layers)
    state = final_state(circuit, qubits=qubits)
    found = z_expectations(state[np.newaxis])[0]
    np.testing.assert_allclose(found, case["expectations"], atol=1e-5)


@pytest.mark.parametrize("case", SUBCIRCUITS, ids=lambda case: f"gates={len(case['gates'])}")
def test_costs_of_subcircuits_agree_with_the_reference(case: dict[str, Any]) -> None:
    given = [case[name] for name in ("gates", "gate_angles", "sample_angles", "y", "readout")]
    table = score_subcircuits(*given, scale=case["scale"])
    np.testing.assert_allclose(table.costs, case["costs"], atol=1e-9)
    assert table.minimum == pytest.approx(case["minimum"], abs=1e-9)
    assert int(table.costs.argmin()) == case["argmin"]


# Against linear algebra


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_circuit_of_rotations_is_the_product_of_its_exponentials(n: int) -> None:
    rng = np.random.default_rng(n)
    gates, angles = some_circuit(n, rng)
    states = encode_samples(rng.normal(size=(3, n)))
    expected = states @ dense_circuit(gates, angles, n).T
    found = RotationCircuit(gates, n).evolve(angles, states)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_sample_is_a_product_of_turned_qubits() -> None:
    x = np.array([[0.3, -1.2, 2.0], [0.0, 0.5, -2.5]])
    qubits = cirq.LineQubit.range(3)
    for row, state in zip(x, encode_samples(x + np.pi / 2), strict=True):
        in_cirq = final_state(encode_sample(qubits, row), qubits=qubits)
        np.testing.assert_allclose(state, in_cirq, atol=1e-6)
    z = z_expectations(encode_samples(x + np.pi / 2))
    np.testing.assert_allclose(z, -np.sin(x), atol=1e-12)


@pytest.mark.parametrize("n", [2, 3])
def test_slopes_are_those_of_the_parameter_shift(n: int) -> None:
    rng = np.random.default_rng(n)
    gates, angles = some_circuit(n, rng)
    circuit, states = RotationCircuit(gates, n), encode_samples(rng.normal(size=(5, n)))
    weights = rng.normal(size=(5, n))

    def weighted(angles: npt.NDArray[np.float64]) -> float:
        return float((weights * z_expectations(circuit.evolve(angles, states))).sum())

    shifts = np.pi / 2 * np.eye(len(gates))
    shifted = [(weighted(angles + s) - weighted(angles - s)) / 2 for s in shifts]
    slopes = circuit.slopes(angles, circuit.evolve(angles, states), weights)
    np.testing.assert_allclose(slopes, shifted, atol=1e-12)


def test_a_layer_is_a_layer_of_qaoa() -> None:
    """a = 2 gamma J, b = 2 gamma h, c = -2 beta, from a sample of zeros."""
    rng, n, qubits = np.random.default_rng(0), 4, cirq.LineQubit.range(4)
    couplings, fields = rng.normal(size=4), rng.normal(size=4)
    gammas, betas = rng.uniform(0, 2, 2), rng.uniform(0, 1, 2)
    terms = {tuple(sorted(p)): J for p, J in zip(ring_pairs(n), couplings, strict=True)}
    terms |= {(j,): h for j, h in enumerate(fields)}
    expected = final_state(qaoa_circuit(PauliZCost(terms, n), gammas, betas))
    layers = variational_layers(
        qubits,
        2 * np.outer(gammas, couplings),
        2 * np.outer(gammas, fields),
        -2 * np.outer(betas, np.ones(n)),
    )
    found = final_state(encode_sample(qubits, np.zeros(n)) + layers, qubits=qubits)
    assert abs(np.vdot(expected, found)) == pytest.approx(1, abs=1e-6)


def test_the_gates_without_cirq_are_those_of_the_circuit() -> None:
    rng, n, qubits = np.random.default_rng(1), 5, cirq.LineQubit.range(5)
    pairs = block_pairs(n, 2)
    a, b, c = (rng.normal(size=(2, width)) for width in (len(pairs), n, n))
    circuit = RotationCircuit(layer_gates(n, 2, pairs=pairs), n)
    states = encode_samples(np.full((1, n), np.pi / 2))
    found = circuit.evolve(np.hstack([a, b, c]).ravel(), states)[0]
    in_cirq = encode_sample(qubits, np.zeros(n)) + variational_layers(qubits, a, b, c, pairs=pairs)
    np.testing.assert_allclose(found, final_state(in_cirq, qubits=qubits), atol=1e-6)


def test_blocks_keep_the_pairs_within_them() -> None:
    assert ring_pairs(1) == [] and ring_pairs(2) == [(0, 1)]
    assert block_pairs(6, 1) == []
    assert block_pairs(6, 2) == [(0, 1), (2, 3), (4, 5)]
    assert block_pairs(6, 3) == [(0, 1), (1, 2), (3, 4), (4, 5)]
    assert block_pairs(6, 6) == ring_pairs(6)


# Subcircuits


@pytest.mark.parametrize("n", [2, 3, 7])
def test_each_mask_costs_what_its_circuit_costs(n: int) -> None:
    """In few qubits by matrices turned back, in seven by states; both mask by mask."""
    rng = np.random.default_rng(n)
    gates, angles = some_circuit(n, rng)
    gates, angles = gates[:6], angles[:6]
    samples, y, readout = rng.normal(size=(4, n)), np.array([1, 0, 0, 1]), rng.normal(size=n)
    table = score_subcircuits(gates, angles, samples, y, readout, scale=1.5)
    circuit, states = RotationCircuit(gates, n), encode_samples(samples)
    for mask, cost in zip(all_masks(6), table.costs, strict=True):
        f = 1.5 * z_expectations(circuit.evolve(angles * mask, states)) @ readout
        assert cost == pytest.approx(np.mean(np.log1p(np.exp(-(2 * y - 1) * f))), rel=1e-12)


@pytest.mark.parametrize("few", [64, 1])
def test_costs_are_the_same_in_blocks_of_any_size(few: int, monkeypatch: Any) -> None:
    rng = np.random.default_rng(5)
    gates, angles = some_circuit(4, rng)
    given = gates, angles, rng.normal(size=(9, 4)), np.arange(9) % 2, np.ones(4)
    expected = score_subcircuits(*given).costs
    monkeypatch.setattr(subcircuits, "_FEW_AMPLITUDES", few)
    for size in (2**9, 2**14):
        monkeypatch.setattr(subcircuits, "_BLOCK_BYTES", size)
        np.testing.assert_allclose(score_subcircuits(*given).costs, expected, rtol=1e-12)


def test_selectors_take_the_table() -> None:
    rng = np.random.default_rng(2)
    gates, angles = some_circuit(3, rng)
    samples, y = rng.normal(size=(20, 3)), rng.integers(0, 2, 20)
    table = score_subcircuits(gates[:8], angles[:8], samples, y, np.ones(3))
    assert isinstance(table, CostTable)
    for selector in (exhaustive, one_flip_search, adaptive_grover):
        found = run(selector, table, rng=rng)
        assert table.minimum <= found.cost <= table.costs.max()
    assert run(exhaustive, table, rng=rng).cost == table.minimum


# Bad input

GOOD: dict[str, Any] = {
    "gates": [("x", (0,)), ("zz", (0, 1))],
    "angles": [0.1, 0.2],
    "samples": [[0.1, 0.2], [0.3, 0.4]],
    "y": [0, 1],
    "readout": [1.0, -1.0],
}
BAD = [
    ("gates", [("x", (0,)), ("zz", (0, 2))]),
    ("gates", [("x", (0,)), ("zz", (1, 1))]),
    ("gates", [("x", (0,)), ("zz", (1,))]),
    ("gates", [("x", (0,)), ("w", (1,))]),
    ("gates", [("x", (0,)), 5]),
    ("gates", []),
    ("angles", [0.1]),
    ("angles", [0.1, np.nan]),
    ("samples", [0.1, 0.2]),
    ("samples", [[0.1, np.inf]]),
    ("y", [0, 1, 1]),
    ("readout", [1.0]),
    ("scale", np.inf),
]


@pytest.mark.parametrize(("argument", "value"), BAD)
def test_a_wrong_argument_is_named_in_one_line(argument: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=argument) as refusal:
        score_subcircuits(**{**GOOD, argument: value})
    assert "\n" not in str(refusal.value)


@given(st.integers(1, 4), st.integers(0, 3), st.integers(0, 5), st.integers(0, 5))
def test_layers_of_a_wrong_shape_are_refused_in_one_line(
    n: int, layers: int, pairs: int, width: int
) -> None:
    qubits = cirq.LineQubit.range(n)
    given = np.zeros((layers, pairs)), np.zeros((layers, width)), np.zeros((layers, n))
    if not layers or (pairs, width) == (len(ring_pairs(n)), n):
        return
    with pytest.raises(ValueError, match=r"couplings|fields") as refusal:
        variational_layers(qubits, *given)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ((0, 5), "pairs: qubit=5 is too large"),
        ((0, -1), "pairs: qubit=-1 is too small"),
        ((1, 1), "pairs holds"),
        ((0, 1, 2), "pairs holds"),
        ((0, 0.5), "pairs: qubit=0"),
    ],
)
def test_a_pair_that_is_not_of_two_qubits_is_refused_in_one_line(pair: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said) as refusal:
        variational_layers(
            cirq.LineQubit.range(3), [[1.0]], np.zeros((1, 3)), np.zeros((1, 3)), pairs=[pair]
        )
    assert "\n" not in str(refusal.value)
    with pytest.raises((TypeError, ValueError), match=said):
        layer_gates(3, 1, pairs=[pair])


def test_layers_must_be_as_many_in_each() -> None:
    qubits = cirq.LineQubit.range(2)
    with pytest.raises(ValueError, match="couplings has 1, fields has 2, mixers has 1 layers"):
        variational_layers(qubits, np.zeros((1, 1)), np.zeros((2, 2)), np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"x has shape \(3,\)"):
        encode_sample(qubits, [0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: c.evolve([0.1], np.ones((1, 4))), "angles has shape"),
        (lambda c: c.evolve([0.1, 0.2], np.ones((1, 8))), "states has shape"),
        (lambda c: c.evolve([0.1, 0.2], np.ones(4)), "states has shape"),
        (lambda c: c.evolve([0.1, 0.2], "state"), "states="),
        (lambda c: c.slopes([0.1, 0.2], np.ones((3, 4)), np.ones(3)), "weights has shape"),
        (lambda c: z_expectations(np.ones((1, 3))), "states has shape"),
        (lambda c: RotationCircuit([("", ())], 2), "gates holds"),
        (lambda c: RotationCircuit([], 0), "n_qubits=0"),
        (lambda c: layer_gates(2, -1), "layers=-1"),
        (lambda c: block_pairs(4, 5), "block_size=5"),
    ],
)
def test_what_does_not_fit_a_circuit_is_refused_in_one_line(call: Any, said: str) -> None:
    circuit = RotationCircuit(GOOD["gates"], 2)
    with pytest.raises((TypeError, ValueError), match=said) as refusal:
        call(circuit)
    assert "\n" not in str(refusal.value)


def test_what_does_not_fit_in_memory_is_refused_before_it_is_made() -> None:
    many = [("x", (0,))] * 60
    with pytest.raises(TooLargeError, match="gates=60 needs"):
        score_subcircuits(many, [0.1] * 60, [[0.1, 0.2]], [1], [1.0, 1.0])
    with pytest.raises(TooLargeError, match="n_qubits=60 needs"):
        encode_samples(np.zeros((2, 60)))
    with pytest.raises(TooLargeError, match="n_qubits=60 needs"):
        score_subcircuits([("x", (0,))], [0.1], np.zeros((1, 60)), [1], np.ones(60))
    with pytest.raises(TooLargeError, match="n_qubits=60 needs"):
        RotationCircuit([], 60)
