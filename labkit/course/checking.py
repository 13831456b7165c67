"""How an answer is checked; the truth is computed by labkit, never written down."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs import Cost, CostTable, equal_within
from labkit.course.html import in_html
from labkit.course.registry import BY_NUMBER, LESSONS
from labkit.limits import check_choice
from labkit.masks import check_one_mask, mask_from_index, mask_to_string

#: What is wrong with an answer; None where nothing is.
FindFault = Callable[[Any], str | None]
#: Of the lessons that are loaded, by name.
EXERCISES: dict[str, FindFault] = {}
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


def exercise(name: str) -> Callable[[FindFault], FindFault]:
    """Registers the function that finds what is wrong with an answer to exercise `name`."""

    def register(find_fault: FindFault) -> FindFault:
        EXERCISES[name] = find_fault
        return find_fault

    return register


def number_exercise(name: str, truth: float, *, tolerance: float = 0.0) -> None:
    """Registers an exercise whose answer is a number, see `compare_number`."""
    exercise(name)(lambda answer: compare_number(answer, truth, tolerance=tolerance))


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
    if isinstance(name, str) and (number := name.partition("-")[0]) in BY_NUMBER:
        BY_NUMBER[number].load()
    if name not in EXERCISES:
        check_choice("name", name, all_exercises())
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
    truth: Callable[..., float],
    cases: Iterable[tuple[Any, ...]],
    what: str,
    *,
    tolerance: float = 1e-6,
) -> str | None:
    """What is wrong with a function whose values are numbers, at the first case where it is.

    Args:
        answer: the function.
        truth: the right one.
        cases: arguments.
        what: it is that they give, with a place for each: 'For n = {} the chance'.
        tolerance: of the result.
    """
    for arguments in cases:
        expected, came = float(truth(*arguments)), float(answer(*arguments))
        if not abs(came - expected) <= tolerance:
            return f"{what.format(*arguments)} is {expected:.7g}; {came:.7g} came."
    return None


def compare_cost(answer: Any, cost: Cost, limit: float, rival: str) -> str | None:
    """What is wrong with a mask that should cost no more than a limit: what a rival reaches."""
    mask = check_one_mask(answer, cost.n_neurons, argument="your mask")
    if (came := float(cost.evaluate(mask))) <= limit + equal_within(cost, limit):
        return None
    return f"Mask {mask_to_string(mask)} costs {came:.6f}; {rival} {limit:.6f}."


def compare_best(answer: Any, table: CostTable) -> str | None:
    """What is wrong with a mask that should be the best of all."""
    rank = table.rank(check_one_mask(answer, table.n_neurons, argument="your mask"))
    return compare_cost(answer, table, table.minimum, f"its rank is {rank}, the least cost")


def compare_trap(answer: Any, table: CostTable) -> str | None:
    """What is wrong with a mask that no single flip should improve, and that is not the best."""
    n = table.n_neurons
    mask = check_one_mask(answer, n, argument="your mask")
    cost, flipped = float(table.evaluate(mask)), table.evaluate(mask ^ np.eye(n, dtype=bool))
    best = int(flipped.argmin())
    if flipped[best] < cost - equal_within(table, cost):
        return (
            f"Mask {mask_to_string(mask)} costs {cost:.4f}; flipping neuron {best} lowers that "
            f"to {flipped[best]:.4f}, so one-flip search would go on."
        )
    if cost <= table.minimum + equal_within(table, cost):
        return f"Mask {mask_to_string(mask)} is the best of all; a trap is not."
    return None


def name_mask(index: int | np.integer[Any], n: int) -> str:
    """The string of the mask of an index."""
    return mask_to_string(mask_from_index(int(index), n))


def compare_distribution(circuit: Any, wanted: BoolArray) -> str | None:
    """What is wrong with a circuit that should measure each wanted mask, (2^n,), equally often."""
    from labkit.simulators import final_state, probabilities

    n = len(wanted).bit_length() - 1
    if not hasattr(circuit, "all_qubits"):
        return f"A cirq.Circuit is expected; {type(circuit).__name__} came."
    if len(circuit.all_qubits()) != n:
        return f"The circuit acts on {len(circuit.all_qubits())} qubits; {n} were asked for."
    found, expected = probabilities(final_state(circuit)), wanted / wanted.sum()
    worst = np.argmax(np.abs(found - expected))
    if abs(found[worst] - expected[worst]) < 1e-4:
        return None
    return (
        f"Mask {name_mask(worst, n)} should be measured with probability {expected[worst]:.3f}; "
        f"in your circuit it is {found[worst]:.3f}."
    )


def compare_phases(circuit: Any, angles: FloatArray) -> str | None:
    """What is wrong with a circuit that should turn each mask by an angle, radians (2^n,)."""
    wanted, n = angles - angles[0], len(angles).bit_length() - 1
    if (phases := _read_phases(circuit, n)) is None:
        return "The circuit changes which mask is which; a phase layer changes only phases."
    wrong = np.flatnonzero(~np.isclose(phases, np.exp(1j * wanted), atol=1e-6))
    if not wrong.size:
        return None
    return (
        f"Mask {name_mask(wrong[0], n)} should turn by {wanted[wrong[0]]:+.3f} radians against "
        f"mask {name_mask(0, n)}; it turns by {np.angle(phases[wrong[0]]):+.3f}."
    )


def compare_signs(circuit: Any, signs: IntArray) -> str | None:
    """What is wrong with an oracle that should give each mask a sign, +1 or -1 (2^n,)."""
    n = len(signs).bit_length() - 1
    if (phases := _read_phases(circuit, n)) is None:
        return "The circuit changes which mask is which; an oracle changes only signs."
    wrong = np.flatnonzero(~np.isclose(phases * signs[0], signs, atol=1e-6))
    if not wrong.size:
        return None
    came = np.round(phases[wrong[0]] * signs[0], 3)
    return (
        f"Mask {name_mask(wrong[0], n)} should get the sign {signs[wrong[0]]:+d}; it gets {came}."
    )


def _read_phases(circuit: Any, n: int) -> npt.NDArray[np.complex128] | None:
    """Each mask's phase against mask 0's, since a common one cannot be measured: (2^n,).

    None if the circuit, on the first n qubits of a line, changes which mask is which.
    """
    import cirq

    line = cirq.LineQubit.range(n)
    unitary = cirq.Circuit(circuit).unitary(line, qubits_that_should_be_present=line)
    if not np.allclose(np.abs(unitary), np.eye(2**n), atol=1e-6):
        return None
    return np.asarray(np.diag(unitary) / unitary[0, 0], dtype=np.complex128)
