"""How an answer is checked; the truth is computed by labkit, never written down."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.costs import EQUAL_WITHIN, CostTable
from labkit.course.html import in_html
from labkit.course.registry import BY_NUMBER, LESSONS
from labkit.limits import check_choice
from labkit.masks import BoolArray, check_one_mask, mask_from_index, mask_to_string

#: name -> what is wrong with an answer, None where nothing is; of the lessons that are loaded
EXERCISES: dict[str, Callable[[Any], str | None]] = {}
_SIGNS = {"not attempted": "○", "wrong": "✗", "right": "✓"}


@dataclass(frozen=True)
class Verdict:
    """What `check` says of an answer.

    Attributes:
        exercise: its name, such as '00-1'.
        status: 'not attempted', 'wrong' or 'right'.
        message: what was expected and what came, where the answer is wrong.
    """

    exercise: str
    status: str
    message: str = ""

    def __str__(self) -> str:
        text = f"{_SIGNS[self.status]} exercise {self.exercise}: {self.status}"
        return f"{text}. {self.message}" if self.message else text

    def _repr_html_(self) -> str:
        return f"<p><b>{in_html(str(self))}</b></p>"


def exercise(name: str) -> Callable[[Callable[[Any], str | None]], Callable[[Any], str | None]]:
    """Registers the function that finds what is wrong with an answer to exercise `name`."""

    def register(find_fault: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
        EXERCISES[name] = find_fault
        return find_fault

    return register


def all_exercises() -> list[str]:
    """The names of the exercises of all lessons, in order; every lesson is loaded."""
    for lesson in LESSONS:
        lesson.load()
    return sorted(EXERCISES)


def check(name: str, answer: Any) -> Verdict:
    """Checks an answer; `...` means that there is none yet.

    Args:
        name: of the exercise, such as '00-1'.
        answer: the reader's.

    Raises:
        ValueError: there is no such exercise.
    """
    if isinstance(name, str) and name[:2] in BY_NUMBER:
        BY_NUMBER[name[:2]].load()
    if name not in EXERCISES:
        check_choice("name", name, [*all_exercises()])
    if answer is ...:
        return Verdict(name, "not attempted", "Put your answer in place of the three dots.")
    try:
        fault = EXERCISES[name](answer)
    except Exception as error:  # an answer may be anything: what it breaks on is what is wrong
        fault = f"{type(error).__name__}: {error}"
    return Verdict(name, "right") if fault is None else Verdict(name, "wrong", fault)


def compare_number(answer: Any, expected: float, *, tolerance: float = 0.0) -> str | None:
    """What is wrong with a number: None where it is within `tolerance` of `expected`."""
    if isinstance(answer, (str, bool)):
        return f"A number is expected; {answer!r} is none."
    value = float(answer)
    if math.isfinite(value) and abs(value - expected) <= tolerance:
        return None
    return f"{value:g} came; the right number is {'larger' if value < expected else 'smaller'}."


def compare_function(
    answer: Any,
    cases: Iterable[tuple[tuple[Any, ...], str, float]],
    *,
    tolerance: float = 1e-6,
    digits: int = 6,
) -> str | None:
    """What is wrong with a function of a number, at the first case where it is.

    Args:
        answer: the function.
        cases: arguments, what it is that they give ('For n = 2 the chance'), and how much it is.
        tolerance: of the result.
        digits: of it, behind the point, in the message.
    """
    for arguments, what, expected in cases:
        came = float(answer(*arguments))
        if not abs(came - expected) <= tolerance:
            return f"{what} is {expected:.{digits}f}; {came:.{digits}f} came."
    return None


def compare_best(answer: Any, table: CostTable) -> str | None:
    """What is wrong with a mask that should be the best of all."""
    mask = check_one_mask(answer, table.n_neurons, argument="your mask")
    if table.rank(mask) == 1:
        return None
    return (
        f"Mask {mask_to_string(mask)} costs {float(table.evaluate(mask)):.6f}, rank "
        f"{table.rank(mask)}; the least cost is {table.minimum:.6f}."
    )


def compare_trap(answer: Any, table: CostTable) -> str | None:
    """What is wrong with a mask that no single flip should improve, and that is not the best."""
    n = table.n_neurons
    mask = check_one_mask(answer, n, argument="your mask")
    cost, flipped = float(table.evaluate(mask)), table.evaluate(mask ^ np.eye(n, dtype=bool))
    best = int(flipped.argmin())
    if flipped[best] < cost - EQUAL_WITHIN:
        return (
            f"Mask {mask_to_string(mask)} costs {cost:.4f}; flipping neuron {best} lowers that "
            f"to {flipped[best]:.4f}, so one-flip search would go on."
        )
    if cost <= table.minimum + EQUAL_WITHIN:
        return f"Mask {mask_to_string(mask)} is the best of all; a trap is not."
    return None


def compare_distribution(circuit: Any, wanted: BoolArray) -> str | None:
    """What is wrong with a circuit that should measure each wanted mask equally often.

    Args:
        circuit: `cirq.Circuit` on n qubits.
        wanted: bool (2^n,).
    """
    from labkit.simulators import final_state, probabilities

    n = len(wanted).bit_length() - 1
    if not hasattr(circuit, "all_qubits"):
        return f"A cirq.Circuit is expected; {type(circuit).__name__} came."
    if len(circuit.all_qubits()) != n:
        return f"The circuit acts on {len(circuit.all_qubits())} qubits; {n} were asked for."
    found, expected = probabilities(final_state(circuit)), wanted / wanted.sum()
    worst = int(np.argmax(np.abs(found - expected)))
    if abs(found[worst] - expected[worst]) < 1e-4:
        return None
    return (
        f"Mask {mask_to_string(mask_from_index(worst, n))} should be measured with probability "
        f"{expected[worst]:.3f}; in your circuit it is {found[worst]:.3f}."
    )


def read_phases(circuit: Any, n: int) -> npt.NDArray[np.complex128] | None:
    """The phase that each mask gets, against that of mask 0: a common one cannot be measured.

    Args:
        circuit: what `cirq.Circuit` takes, on the first n qubits of a line.
        n: qubits.

    Returns:
        complex128 (2^n,); None if the circuit changes which mask is which.
    """
    import cirq

    qubits = cirq.LineQubit.range(n)
    unitary = cirq.Circuit(circuit).unitary(
        qubit_order=qubits, qubits_that_should_be_present=qubits
    )
    if not np.allclose(np.abs(unitary), np.eye(2**n), atol=1e-6):
        return None
    return np.asarray(np.diag(unitary) / unitary[0, 0], dtype=np.complex128)


def compare_signs(circuit: Any, signs: npt.NDArray[np.int64]) -> str | None:
    """What is wrong with an oracle, up to a phase that all masks share.

    Args:
        circuit: see `read_phases`.
        signs: (2^n,) +1 or -1, that each mask should get.
    """
    n = len(signs).bit_length() - 1
    phases = read_phases(circuit, n)
    if phases is None:
        return "The circuit changes which mask is which; an oracle changes only signs."
    wrong = np.flatnonzero(~np.isclose(phases * signs[0], signs, atol=1e-6))
    if not wrong.size:
        return None
    return (
        f"Mask {mask_to_string(mask_from_index(int(wrong[0]), n))} should get the sign "
        f"{signs[wrong[0]]:+d}; it gets {np.round(phases[wrong[0]] * signs[0], 3)}."
    )
