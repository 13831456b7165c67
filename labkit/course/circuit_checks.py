"""How a circuit, or a channel, is checked: what it does counts, not how it is written.

Circuits that leave qubits out, measure at their end, or differ by a phase common to all masks are
equally right; a list of operations is as good as a `cirq.Circuit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.course.checking import UnfitError, name_mask
from labkit.course.wording import say
from labkit.limits import show_value

if TYPE_CHECKING:
    import cirq

_Complex = npt.NDArray[np.complex128]
#: What a layer of other angles than asked for was made with.
_FACTORS = {
    -1.0: say("circuit_checks.with_every_sign_turned"),
    0.5: say("circuit_checks.with_half_of_every"),
    2.0: say("circuit_checks.with_twice_every_angle"),
    -0.5: say("circuit_checks.with_half_of_every_angle"),
    -2.0: say("circuit_checks.with_twice_every_angle_and"),
}


def take_circuit(answer: Any, n_qubits: int, *, n_work: int = 0) -> cirq.Circuit:
    """The circuit of an answer on the first qubits of a line, without measurements at its end.

    Args:
        answer: a circuit, or operations; as many other qubits stand for those of the line, in
            their order.
        n_qubits: that are asked for.
        n_work: further qubits of the line that it may use.

    Raises:
        UnfitError: it is none, has a symbol without a value, measures and goes on, or acts on
            other qubits.
    """
    import cirq

    try:
        circuit = cirq.Circuit(() if isinstance(answer, str) else answer)
    except TypeError:
        circuit = cirq.Circuit()
    if not isinstance(answer, cirq.AbstractCircuit) and not circuit:
        raise UnfitError(f"A cirq.Circuit is expected; {show_value(answer)} is none.")
    if cirq.is_parameterized(circuit):
        raise UnfitError("Your circuit has a symbol without a value; put a number in its place.")
    if not circuit.are_all_measurements_terminal():
        raise UnfitError("Your circuit goes on after a measurement; measure at its end only.")
    circuit = cirq.drop_terminal_measurements(circuit)
    line, used = cirq.LineQubit.range(n_qubits + n_work), sorted(circuit.all_qubits())
    if {*used} <= {*line}:
        return circuit
    if len(used) in (n_qubits, len(line)):
        return circuit.transform_qubits(dict(zip(used, line, strict=False)))
    other = next(qubit for qubit in used if qubit not in line)
    asked = say("circuit_checks.cirq_linequbit_range_are", n_line=len(line))
    raise UnfitError(f"Your circuit acts on {len(used)} qubits, one of them {other}; {asked}.")


def read_state(answer: Any, n_qubits: int) -> _Complex:
    """The state (2^n,) that the circuit of an answer makes of |0...0>; see `take_circuit`."""
    import cirq

    circuit = take_circuit(answer, n_qubits)
    state = circuit.final_state_vector(
        qubit_order=cirq.LineQubit.range(n_qubits), dtype=np.complex128
    )
    return np.asarray(state)


def compare_distribution(answer: Any, wanted: BoolArray) -> str | None:
    """What is wrong with a circuit that should measure each wanted mask, (2^n,), equally often."""
    n = len(wanted).bit_length() - 1
    found, expected = np.abs(read_state(answer, n)) ** 2, wanted / wanted.sum()
    worst = np.argmax(np.abs(found - expected))
    if abs(found[worst] - expected[worst]) < 1e-4:
        return None
    fault = say(
        "circuit_checks.mask_should_be_measured",
        name_mask=name_mask(worst, n),
        expected=expected[worst],
        found=found[worst],
    )
    backwards = found.reshape((2,) * n).transpose().ravel()
    if np.abs(backwards - expected).max() < 1e-4:
        return say("circuit_checks.read_from_right_to", fault=fault)
    return fault


def compare_state(answer: Any, expected: _Complex) -> str | None:
    """What is wrong with a circuit that should make a state (2^n,), up to a common phase."""
    n = len(expected).bit_length() - 1
    state = read_state(answer, n)
    overlap = np.vdot(state, expected)
    if abs(overlap) > 1 - 1e-5:
        return None
    # turned as near as can be, so that the mask that differs most can be named
    turned = state * np.exp(1j * np.angle(overlap))
    worst = int(np.abs(turned - expected).argmax())
    return say(
        "circuit_checks.mask_should_have_the",
        name_mask=name_mask(worst, n),
        expected=np.round(expected[worst], 3),
        turned=np.round(turned[worst], 3),
    )


def compare_phases(answer: Any, angles: FloatArray) -> str | None:
    """What is wrong with a circuit that should turn each mask by an angle, radians (2^n,)."""
    wanted, n = angles - angles[0], len(angles).bit_length() - 1
    phases, fault = read_phases(answer, n)
    if fault:
        return say("circuit_checks.a_phase_layer_changes", fault=fault)
    wrong = np.flatnonzero(~np.isclose(phases, np.exp(1j * wanted), atol=1e-6))
    if not wrong.size:
        return None
    said = say(
        "circuit_checks.mask_should_turn_by",
        name_mask=name_mask(wrong[0], n),
        wanted=wanted[wrong[0]],
        name_mask_2=name_mask(0, n),
        angle=np.angle(phases[wrong[0]]),
    )
    for factor, made in _FACTORS.items():
        if np.allclose(phases, np.exp(1j * factor * wanted), atol=1e-6):
            return say("circuit_checks.this_is_the_layer", said=said, made=made)
    return said


def compare_signs(answer: Any, signs: IntArray, *, n_work: int = 0) -> str | None:
    """What is wrong with an oracle that should give each mask a sign, +1 or -1 (2^n,).

    Args:
        answer: a circuit on n qubits, which may use `n_work` more: they begin and end at 0.
        signs: up to one common to all masks.
        n_work: work qubits.
    """
    n = len(signs).bit_length() - 1
    phases, fault = read_phases(answer, n, n_work=n_work)
    if fault:
        return say("circuit_checks.an_oracle_changes_only", fault=fault)
    found = phases * signs[0]
    wrong = np.flatnonzero(~np.isclose(found, signs, atol=1e-6))
    if not wrong.size:
        return None
    came = say("circuit_checks.it_gets", real=found[wrong[0]].real)
    if not np.isclose(abs(found[wrong[0]].real), 1, atol=1e-6):
        came = say("circuit_checks.it_gets_the_phase", found=np.round(found[wrong[0]], 3))
    return say(
        "circuit_checks.mask_should_get_the",
        name_mask=name_mask(wrong[0], n),
        signs=signs[wrong[0]],
        came=came,
    )


def read_phases(answer: Any, n: int, *, n_work: int = 0) -> tuple[_Complex, str]:
    """Each mask's phase against mask 0's, since a common one cannot be measured: (2^n,).

    Work qubits, the last, begin at 0. Where a mask does not come out as it went in, or a work
    qubit is left at 1, the second value says so; else it is ''.
    """
    import cirq

    line = cirq.LineQubit.range(n + n_work)
    circuit = take_circuit(answer, n, n_work=n_work)
    unitary = circuit.unitary(line, qubits_that_should_be_present=line)
    blocks = unitary.reshape(2**n, 2**n_work, 2**n, 2**n_work)[..., 0]
    kept = np.einsum("mm->m", blocks[:, 0])
    for mask in np.flatnonzero(~np.isclose(np.abs(kept), 1, atol=1e-6)):
        return kept, _says_of_a_mask(name_mask(mask, n), blocks[:, :, mask], int(mask))
    return np.asarray(kept / kept[0], dtype=np.complex128), ""


def _says_of_a_mask(name: str, column: _Complex, mask: int) -> str:
    """What becomes of a mask that does not come out as it went in: (2^n, 2^work) amplitudes."""
    said, chances = say("circuit_checks.mask_should_come_out", name=name), np.abs(column) ** 2
    if (left := float(chances[:, 1:].sum())) > 1e-6:
        work = say("circuit_checks.with_the_work_qubit")
        return f"{said}, {work} {left:.3f}."
    return say("circuit_checks.it_does_with_probability", said=said, chances=chances[mask, 0])


def compare_depolarised(answer: Any, cases: Sequence[tuple[int, float]]) -> str | None:
    """What is wrong with a function (rho, error) -> rho after depolarising all its qubits at once.

    Args:
        answer: the function.
        cases: numbers of qubits and errors, for each of which a random pure state is tried.
    """
    if not callable(answer):
        return say("shared.a_function_is_expected", answer=show_value(answer))
    rng = np.random.default_rng(14)
    for n, error in cases:
        state = rng.normal(size=2**n) + 1j * rng.normal(size=2**n)
        rho = np.outer(state, state.conj()) / np.vdot(state, state).real
        rate = 4**n * error / (4**n - 1)
        expected = (1 - rate) * rho + rate * np.eye(2**n) / 2**n
        came = np.asarray(answer(rho, error))
        if came.shape != rho.shape:
            return say("circuit_checks.a_density_matrix_is", shape=rho.shape, shape_2=came.shape)
        if not np.allclose(came, expected, atol=1e-6):
            what = "qubit" if n == 1 else "qubits"
            said = say("circuit_checks.at_an_error_of", error=error, n=n, what=what, rate=rate)
            left = float(np.vdot(rho, came).real)
            kept = float(np.vdot(rho, expected).real)
            return say("circuit_checks.becomes_i_it_is", said=said, n=2**n, kept=kept, left=left)
    return None
