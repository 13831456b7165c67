"""Linear systems by HHL: formulas, circuits, dense algebra and the reference agree."""

from __future__ import annotations

import warnings
from typing import Any

import cirq
import numpy as np
import numpy.typing as npt
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_cases import load_cases

from labkit.circuits.linear_systems import (
    LinearSystemCircuit,
    hhl_circuit,
    pauli_terms,
    sign_circuit,
)
from labkit.circuits.reports import circuit_report
from labkit.limits import TooLargeError
from labkit.neighbours.linear_systems import (
    hhl_filter,
    normal_equations,
    sign_readout,
    signs_from_counts,
)
from labkit.simulators import final_state, sample_masks

Array = npt.NDArray[Any]
SYSTEMS = load_cases("neighbours/hhl_public")
SIGNS = load_cases("neighbours/hhl_signs_public")
WEIGHTS = load_cases("neighbours/binary_weights_public")


def settings_of(case: dict[str, Any]) -> dict[str, Any]:
    names = ("clock_qubits", "time", "constant", "signed")
    return {name: case[name] for name in names if name in case}


def draw_system(
    n: int, seed: int, *, condition: float = 20.0, signed: bool = False, is_complex: bool = False
) -> tuple[Array, Array]:
    """A Hermitian matrix of a condition number, and a vector."""
    rng = np.random.default_rng(seed)
    basis = rng.normal(size=(n, n)) + (1j * rng.normal(size=(n, n)) if is_complex else 0)
    u = np.linalg.qr(basis)[0]
    eigenvalues = np.linspace(1 / condition, 1.0, n) * rng.uniform(0.5, 2.0)
    if signed:
        eigenvalues[::2] *= -1
    vector = rng.normal(size=n) + (1j * rng.normal(size=n) if is_complex else 0)
    matrix = (u * eigenvalues) @ u.conj().T
    return (matrix + matrix.conj().T) / 2, vector


def left_in_data(built: LinearSystemCircuit) -> tuple[Array, float]:
    """The data's amplitudes at flag 1 and clock 0, and the probability of flag 1."""
    state = final_state(built.circuit, qubits=built.qubits)
    flagged = state.reshape(2 ** len(built.clock), -1, 2)[:, :, 1]
    return flagged[0], float(np.sum(np.abs(flagged) ** 2))


def fidelity(one: Array, other: Array) -> float:
    return float(
        abs(np.vdot(one, other)) ** 2 / np.vdot(one, one).real / np.vdot(other, other).real
    )


# The reference


@pytest.mark.parametrize("case", SYSTEMS)
def test_the_formulas_agree_with_dense_simulation(case: dict[str, Any]) -> None:
    found = hhl_filter(case["matrix"], case["vector"], **settings_of(case))
    np.testing.assert_allclose(found.vector, case["post_selected"], atol=1e-9)
    assert found.success == pytest.approx(case["success"], abs=1e-9)
    assert found.flag_probability == pytest.approx(case["flag_probability"], abs=1e-9)
    assert fidelity(found.vector, np.array(case["solution"])) == pytest.approx(
        case["fidelity"], abs=1e-9
    )


@pytest.mark.parametrize("case", SYSTEMS)
def test_the_circuit_agrees_with_dense_simulation(case: dict[str, Any]) -> None:
    left, flagged = left_in_data(hhl_circuit(case["matrix"], case["vector"], **settings_of(case)))
    np.testing.assert_allclose(left, case["post_selected"], atol=1e-5)
    assert np.sum(np.abs(left) ** 2) == pytest.approx(case["success"], abs=1e-5)
    assert flagged == pytest.approx(case["flag_probability"], abs=1e-5)


@pytest.mark.parametrize("case", SIGNS)
def test_signs_agree_with_dense_simulation_in_formulas_and_by_circuit(case: dict[str, Any]) -> None:
    options = settings_of(case) | {"reference_norm": case["reference_norm"]}
    found = sign_readout(case["matrix"], case["vector"], **options)
    np.testing.assert_allclose(found.probabilities, case["probabilities"], atol=1e-9)
    np.testing.assert_allclose(found.difference, case["difference"], atol=1e-9)
    assert found.success == pytest.approx(case["success"], abs=1e-9)
    left, _ = left_in_data(sign_circuit(case["matrix"], case["vector"], **options))
    chances = np.abs(left) ** 2
    assert chances.sum() == pytest.approx(case["success"], abs=1e-5)
    np.testing.assert_allclose(chances / chances.sum(), case["probabilities"], atol=1e-5)


@pytest.mark.parametrize("case", SIGNS)
def test_signs_come_from_counts(case: dict[str, Any]) -> None:
    options = settings_of(case) | {"reference_norm": case["reference_norm"]}
    built = sign_circuit(case["matrix"], case["vector"], **options)
    masks = sample_masks(built.circuit, 50_000, rng=np.random.default_rng(0), qubits=built.qubits)
    difference = signs_from_counts(built.count_kept(masks))
    clear = np.abs(case["difference"]) > 0.01
    assert clear.any()
    assert (np.sign(difference) == case["signs"])[clear].all()


@pytest.mark.parametrize("case", WEIGHTS)
def test_normal_equations_agree_with_the_reference(case: dict[str, Any]) -> None:
    g, b = normal_equations(case["features"], case["y"], ridge=case["ridge"])
    ridge = case["ridge"] * np.eye(len(b))
    np.testing.assert_allclose(g - ridge, case["G"], atol=1e-9)
    np.testing.assert_allclose(b, case["b"], atol=1e-9)
    solved = np.linalg.solve(g, b)
    np.testing.assert_allclose(solved, case["least_squares"], atol=1e-9)


# In the limit of a fine clock it is a solver


def test_the_formulas_come_to_the_solution_as_the_clock_gets_finer() -> None:
    fidelities = np.zeros((20, 5))
    for seed in range(20):
        n, condition = (4, 8, 16)[seed % 3], np.random.default_rng(seed).uniform(2, 20)
        a, b = draw_system(n, seed, condition=condition, signed=seed % 2 == 1)
        for i, c in enumerate((4, 5, 7, 9, 11)):
            found = hhl_filter(a, b, clock_qubits=c, signed=seed % 2 == 1)
            fidelities[seed, i] = fidelity(found.vector, np.linalg.solve(a, b))
    assert (np.diff(fidelities.mean(axis=0)) > 0).all()
    assert fidelities[:, -1].min() >= 0.999


@pytest.mark.parametrize(("seed", "signed"), [(0, False), (1, True), (2, False)])
def test_the_circuit_comes_to_the_solution_as_the_clock_gets_finer(seed: int, signed: bool) -> None:
    a, b = draw_system(4, seed, condition=10, signed=signed)
    found = [
        fidelity(
            left_in_data(hhl_circuit(a, b, clock_qubits=c, signed=signed))[0], np.linalg.solve(a, b)
        )
        for c in (4, 8)
    ]
    assert found[0] < found[1]
    assert found[1] >= 0.999


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(2, 5), st.booleans(), st.booleans()
)
def test_circuit_and_formulas_agree_for_any_system(
    seed: int, n: int, c: int, signed: bool, is_complex: bool
) -> None:
    a, b = draw_system(n, seed, signed=signed, is_complex=is_complex)
    expected = hhl_filter(a, b, clock_qubits=c, signed=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # padded
        built = hhl_circuit(a, b, clock_qubits=c, signed=True)
    left, flagged = left_in_data(built)
    np.testing.assert_allclose(left[:n], expected.vector, atol=1e-5)
    np.testing.assert_allclose(left[n:], 0, atol=1e-5)
    assert flagged == pytest.approx(expected.flag_probability, abs=1e-5)


def test_by_hand_two_equations_and_two_clock_bits() -> None:
    a, b = [[1.5, 0.5], [0.5, 1.5]], [1.0, 0.0]  # eigenvalues 1 and 2, clock values 1 and 2
    found = hhl_filter(a, b, clock_qubits=2, time=np.pi / 2, constant=1.0)
    np.testing.assert_allclose(found.vector, [0.75, -0.25])
    assert found.success == pytest.approx(0.625)
    np.testing.assert_allclose(found.vector**2 / found.success, [0.9, 0.1])


# Sizes and signs


def test_a_size_that_is_no_power_of_two_is_padded_and_that_is_said() -> None:
    a, b = draw_system(3, 0)
    with pytest.warns(UserWarning, match="^matrix has 3 rows: padded to 4, which leaves the solu"):
        built = hhl_circuit(a, b, clock_qubits=4)
    assert "n_unknowns=3" in repr(built)
    assert len(built.data) == 2
    left, _ = left_in_data(built)
    np.testing.assert_allclose(left[:3], hhl_filter(a, b, clock_qubits=4).vector, atol=1e-5)


def test_signs_of_a_padded_system_are_those_of_its_own_unknowns() -> None:
    a, b = draw_system(3, 1, condition=3)
    with pytest.warns(UserWarning, match="padded to 4"):
        built = sign_circuit(a, b, clock_qubits=5)
    masks = sample_masks(built.circuit, 20_000, rng=np.random.default_rng(0), qubits=built.qubits)
    counts = built.count_kept(masks)
    expected = sign_readout(a, b, clock_qubits=5)
    assert counts.shape == (6,)
    assert counts.sum() / 20_000 == pytest.approx(expected.success, abs=0.02)
    np.testing.assert_allclose(counts / counts.sum(), expected.probabilities, atol=0.03)
    np.testing.assert_allclose(signs_from_counts(counts), expected.difference, atol=0.05)


def test_only_runs_of_flag_one_and_clock_zero_are_kept() -> None:
    built = hhl_circuit([[1.5, 0.5], [0.5, 1.5]], [1.0, 0.0], clock_qubits=2)
    masks = np.array([[0, 0, 0, 1], [0, 0, 1, 1], [0, 0, 1, 0], [1, 0, 1, 1], [0, 0, 1, 1]], bool)
    assert built.count_kept(masks).tolist() == [1, 2]


@pytest.mark.parametrize("n", [8, 16])
def test_differences_of_counts_have_the_signs_of_the_solution(n: int) -> None:
    a, b = draw_system(n, 3, condition=5)
    found = sign_readout(a, b, clock_qubits=8)
    solution = np.linalg.solve(a, b)
    clear = np.abs(solution) > 0.2 * np.abs(solution).max()
    assert (np.sign(found.difference) == np.sign(solution))[clear].all()
    assert found.probabilities.sum() == pytest.approx(1)


# Trotter steps


@pytest.mark.parametrize("is_complex", [False, True])
def test_pauli_terms_add_up_to_the_matrix(is_complex: bool) -> None:
    a, _ = draw_system(8, 0, is_complex=is_complex)
    paulis = {"I": cirq.I, "X": cirq.X, "Y": cirq.Y, "Z": cirq.Z}
    total = sum(
        c * cirq.kron(*(cirq.unitary(paulis[letter]) for letter in letters))
        for letters, c in pauli_terms(a).items()
    )
    np.testing.assert_allclose(total, a, atol=1e-12)


def test_more_trotter_steps_come_to_the_exact_evolution() -> None:
    a, b = draw_system(2, 0, condition=4)
    exact, time = hhl_filter(a, b, clock_qubits=3, time=2.0), 2.0
    errors = [
        np.abs(
            left_in_data(
                hhl_circuit(a, b, clock_qubits=3, time=time, evolution="trotter", steps=steps)
            )[0]
            - exact.vector
        ).max()
        for steps in (1, 3, 9)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.02


def test_commuting_terms_need_no_more_than_one_step() -> None:
    a, b = np.diag([1.0, 2.0, 3.0, 4.0]), np.ones(4)
    built = hhl_circuit(a, b, clock_qubits=3, evolution="trotter", steps=1)
    left, _ = left_in_data(built)
    expected = hhl_filter(a, b, clock_qubits=3, time=0.75 * 2 * np.pi * 7 / 8 / 4)
    np.testing.assert_allclose(left, expected.vector, atol=1e-5)


def test_a_trotter_circuit_is_of_small_gates_but_for_its_start_and_its_flag() -> None:
    a, b = draw_system(8, 0)
    widths = [
        len(op.qubits)
        for op in hhl_circuit(a, b, clock_qubits=2, evolution="trotter").circuit.all_operations()
    ]
    assert sorted(widths)[-3:] == [2, 3, 3]


# Gates


def test_a_report_counts_the_gates_of_both_evolutions() -> None:
    a, b = draw_system(4, 0)
    exact = circuit_report(hhl_circuit(a, b, clock_qubits=3).circuit)
    trotter = circuit_report(hhl_circuit(a, b, clock_qubits=3, evolution="trotter").circuit)
    assert exact.n_qubits == trotter.n_qubits == 6
    assert 0 < exact.two_qubit_gates < trotter.two_qubit_gates


# Bad input: one line each


GOOD = ([[2.0, 0.0], [0.0, 1.0]], [1.0, 1.0])


@pytest.mark.parametrize("build", [hhl_filter, hhl_circuit, sign_readout, sign_circuit])
@pytest.mark.parametrize(
    ("matrix", "vector", "options", "message"),
    [
        ([[1.0, 2.0], [0.0, 1.0]], [1.0, 1.0], {}, "matrix is not Hermitian: it differs"),
        ([[1.0, 1j], [1j, 1.0]], [1.0, 1.0], {}, "matrix is not Hermitian: it differs"),
        ([[1e-9, 2e-9], [0.0, 1e-9]], [1.0, 1.0], {}, "matrix is not Hermitian: it differs"),
        ([[1.0, 1.0], [1.0, 1.0]], [1.0, 1.0], {}, "matrix is singular: its smallest absolute"),
        ([[0.0, 0.0], [0.0, 0.0]], [1.0, 1.0], {}, "matrix is singular"),
        ([[1.0, 0.0], [0.0, -1.0]], [1.0, 1.0], {}, "matrix has the eigenvalue -1 and signed=Fa"),
        (GOOD[0], [0.0, 0.0], {}, "vector holds zeros only"),
        (GOOD[0], [1.0, 1.0, 1.0], {}, r"vector has shape \(3,\); it must be \(2,\)"),
        ([[1.0, 0.0]], [1.0], {}, r"matrix has shape \(1, 2\); it must be \(n, n\)"),
        ([1.0, 2.0], [1.0, 2.0], {}, r"matrix has shape \(2,\)"),
        ([[1.0], [1.0, 2.0]], [1.0, 1.0], {}, "matrix=.* is not an array of numbers"),
        ([[np.nan, 0.0], [0.0, 1.0]], [1.0, 1.0], {}, "matrix holds a value that is not finite"),
        ([[1.0, 0.0], [0.0, np.inf]], [1.0, 1.0], {}, "matrix holds a value that is not finite"),
        ("matrix", [1.0, 1.0], {}, "matrix='matrix' is not an array of numbers"),
        (GOOD[0], [1.0, None], {}, "vector=.* is not an array of numbers"),
        (*GOOD, {"clock_qubits": 1, "signed": True}, "clock_qubits=1 is too small"),
        (*GOOD, {"signed": "no"}, "signed='no' is neither True nor False"),
        (*GOOD, {"clock_qubits": 0}, "clock_qubits=0 is too small"),
        (*GOOD, {"clock_qubits": 2.5}, "clock_qubits=2.5 is not an integer"),
        (*GOOD, {"clock_qubits": 60}, "clock_qubits=60 needs .*limit: clock_qubits="),
        (*GOOD, {"time": 0.0}, "time=0.0 is not a finite number above 0"),
        (*GOOD, {"time": np.inf}, "time=inf is not a finite number above 0"),
        (*GOOD, {"constant": -1.0}, "constant=-1.0 is not a finite number above 0"),
    ],
)
def test_a_system_that_cannot_be_solved_is_refused_in_one_line(
    build: Any, matrix: Any, vector: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{message}") as refused:
        build(matrix, vector, **{"clock_qubits": 3} | options)
    assert "\n" not in str(refused.value)


@settings(max_examples=40, deadline=None)
@given(
    st.one_of(st.none(), st.text(max_size=4), st.floats(), st.lists(st.floats(), max_size=3)),
    st.booleans(),
)
def test_whatever_is_no_matrix_or_no_vector_is_refused_in_one_line(
    value: Any, as_vector: bool
) -> None:
    given_as = (GOOD[0], value) if as_vector else (value, GOOD[1])
    if as_vector and isinstance(value, list) and len(value) == 2:
        value = np.asarray(value)
        if np.isfinite(value).all() and value.any():
            return
    for build in (hhl_filter, hhl_circuit):
        with pytest.raises((ValueError, TypeError)) as refused:
            build(*given_as, clock_qubits=3)
        assert "\n" not in str(refused.value)
        assert str(refused.value).startswith(("matrix", "vector"))


def test_masks_of_another_width_are_not_counted() -> None:
    built = hhl_circuit(*GOOD, clock_qubits=2)
    with pytest.raises(ValueError, match=r"^masks has 3 entries"):
        built.count_kept(np.zeros((5, 3), dtype=bool))


@pytest.mark.parametrize(
    ("n", "options", "message"),
    [
        (64, {}, "evolution='exact' for 64 rows takes a matrix gate on more than 6 qubits"),
        (2, {"evolution": "magic"}, "evolution='magic' is unknown"),
        (2, {"evolution": "trotter", "steps": 0}, "steps=0 is too small"),
        (2, {"evolution": "trotter", "steps": 10**9}, "steps=1000000000 needs"),
        (2, {"clock_qubits": 30}, "clock_qubits=30 needs"),
    ],
)
def test_a_circuit_that_cannot_be_run_is_refused_in_one_line(
    n: int, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        hhl_circuit(np.eye(n), np.ones(n), **{"clock_qubits": 3} | options)


def test_signs_take_half_as_many_unknowns_as_the_solution() -> None:
    assert len(hhl_circuit(np.eye(32), np.ones(32), clock_qubits=2).data) == 5
    assert len(sign_circuit(np.eye(16), np.ones(16), clock_qubits=2).data) == 5
    with pytest.raises(ValueError, match=r"^evolution='exact' for 64 rows"):
        sign_circuit(np.eye(32), np.ones(32), clock_qubits=2)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([1, 2, 3], r"counts has shape \(3,\); it must be \(2n,\)"),
        ([0, 0], "counts holds no run that was kept"),
        ([3, -1], "counts holds no run that was kept"),
        ([[1, 2]], r"counts has shape \(1, 2\)"),
    ],
)
def test_counts_that_tell_no_signs_are_refused(counts: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        signs_from_counts(counts)


@pytest.mark.parametrize(
    ("features", "y", "ridge", "message"),
    [
        ([1.0, 2.0], [1, -1], 0.0, r"features has shape \(2,\)"),
        ([[1.0], [2.0]], [1, 0], 0.0, r"y=\[1, 0\] is not of labels -1 and \+1 of 2 samples"),
        ([[1.0], [2.0]], [1], 0.0, r"y=\[1\] is not of labels"),
        ([[1.0], [2.0]], [1, -1], -1.0, "ridge=-1.0 is too small"),
    ],
)
def test_normal_equations_refuse_what_is_no_labelled_data(
    features: Any, y: Any, ridge: float, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        normal_equations(features, y, ridge=ridge)


def test_more_qubits_than_fit_are_refused_before_anything_is_built() -> None:
    with pytest.raises(TooLargeError, match=r"^clock_qubits=50 needs"):
        hhl_filter(*GOOD, clock_qubits=50)


def test_a_vector_of_the_largest_or_least_numbers_is_of_norm_one() -> None:
    for size in (1e308, 1e-308):
        found = hhl_filter(GOOD[0], [size, size], clock_qubits=5)
        expected = hhl_filter(GOOD[0], [1.0, 1.0], clock_qubits=5)
        np.testing.assert_allclose(found.vector, expected.vector)


def test_scale_of_the_data_changes_nothing() -> None:
    a, b = draw_system(4, 5)
    one, other = (hhl_filter(a * s, b * s**2, clock_qubits=5) for s in (1.0, 1e-12))
    np.testing.assert_allclose(one.vector, other.vector, rtol=1e-6, atol=1e-9)


def test_powers_of_the_exact_evolution_are_those_of_the_matrix_exponential() -> None:
    a, b = draw_system(4, 6, is_complex=True)
    built = hhl_circuit(a, b, clock_qubits=2, time=1.0)
    gates = [op for op in built.circuit.all_operations() if isinstance(op.gate, cirq.MatrixGate)]
    u = scipy.linalg.expm(2j * a)
    np.testing.assert_allclose(cirq.unitary(gates[1])[4:, 4:], u, atol=1e-9)
