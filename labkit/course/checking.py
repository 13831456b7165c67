"""How an answer is checked; the truth is computed by labkit, never written down."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labkit.course.registry import BY_NUMBER, LESSONS
from labkit.limits import check_choice

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
        return f"<p><b>{html.escape(str(self))}</b></p>"


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
