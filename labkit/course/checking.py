"""How an answer is checked; the truth is computed by labkit, never written down."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit.arrays import BoolArray
from labkit.costs import Cost, CostTable, equal_within
from labkit.course.html import in_html
from labkit.course.registry import BY_NUMBER, LESSONS
from labkit.course.verdicts import keep_verdict
from labkit.course.wording import say
from labkit.limits import check_choice, show_value
from labkit.masks import check_one_mask, mask_from_index, mask_to_string

#: What is wrong with an answer; None where nothing is.
FindFault = Callable[[Any], str | None]
#: What a wrong number would mean, or the step to look at again.
Means = str | Callable[[float], str]
#: Of the lessons that are loaded, by name.
EXERCISES: dict[str, FindFault] = {}
_SIGNS = {"not attempted": "○", "wrong": "✗", "right": "✓"}


class UnfitError(ValueError):
    """An answer is not of the kind that is asked for; the message is for who gave it."""


@dataclass(frozen=True)
class Verdict:
    """What `check` says of an answer.

    Attributes:
        exercise: its name, such as '00-1'.
        status: 'not attempted', 'wrong' or 'right'.
        message: what was expected and what came, where the answer is wrong.
        note: why the lab book does not hold it, though it should.
    """

    exercise: str
    status: str
    message: str = ""
    note: str = ""

    def __str__(self) -> str:
        said = say(f"checking.{self.status.replace(' ', '_')}")
        text = say(
            "checking.verdict", sign=_SIGNS[self.status], exercise=self.exercise, status=said
        )
        return f"{text}. {self.message}" if self.message else text

    def _repr_html_(self) -> str:
        note = f"<br><small>{in_html(self.note)}</small>" if self.note else ""
        return f"<p><b>{in_html(str(self))}</b>{note}</p>"


def exercise(name: str) -> Callable[[FindFault], FindFault]:
    """Registers the function that finds what is wrong with an answer to exercise `name`."""

    def register(find_fault: FindFault) -> FindFault:
        EXERCISES[name] = find_fault
        return find_fault

    return register


def number_exercise(
    name: str,
    truth: float,
    means: Means,
    *,
    tolerance: float = 0.0,
    slips: Mapping[float, str] | None = None,
) -> None:
    """Registers an exercise whose answer is a number, see `compare_number`."""
    exercise(name)(
        lambda answer: compare_number(answer, truth, means, tolerance=tolerance, slips=slips)
    )


def all_exercises() -> list[str]:
    """The names of the exercises of all lessons, in order; every lesson is loaded."""
    for lesson in LESSONS:
        lesson.load()
    return sorted(EXERCISES)


def check(name: str, answer: Any) -> Verdict:
    """Checks an answer; `...` means that there is none yet.

    The verdict on an answer is kept in the lab book of this folder, see `labkit.course.verdicts`.

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
        return Verdict(name, "not attempted", say("checking.put_your_answer_in"))
    try:
        fault = EXERCISES[name](answer)
    except UnfitError as error:
        fault = str(error)
    except Exception as error:  # an answer may be anything: what it breaks on is what is wrong
        fault = f"{type(error).__name__}: {error}"
    status, message = ("right", "") if fault is None else ("wrong", fault)
    return Verdict(name, status, message, keep_verdict(name, status, message))


def as_number(value: Any) -> float | None:
    """A number of any library as a float, one alone in an array too; None for anything else."""
    if isinstance(value, (str, bytes, bool, np.bool_)):
        return None
    try:
        (one,) = np.asarray(value).ravel().tolist()
        return float(one.real if isinstance(one, complex) and not one.imag else one)
    except (TypeError, ValueError):
        return None


def as_truth(value: Any) -> bool | None:
    """A truth of any library, 0 and 1 too, as a bool; None for anything else."""
    try:
        (one,) = np.asarray(value).ravel().tolist()
    except (TypeError, ValueError):
        return None
    return bool(one) if isinstance(one, (bool, int, float)) and one in (0, 1) else None


def take_mask(answer: Any, n: int) -> BoolArray:
    """The mask (n,) of an answer, which may also be its only row, or the `Selection` that has it.

    Raises:
        UnfitError: it is no mask of n neurons; the message says what one looks like.
    """
    wanted = say("checking.a_mask_of_neurons", n=n)
    if isinstance(answer, (bool, int, np.integer)):
        raise UnfitError(f"{wanted}; the number {answer} came.")
    try:
        mask = getattr(answer, "neuron_mask", answer)
        if len(mask) == 1:  # the only row of an array of masks, or of a list of mask strings
            mask = mask[0]
        mask = mask.strip() if isinstance(mask, str) else mask
        return check_one_mask(mask, n, argument=say("checking.your_mask"))
    except (TypeError, ValueError, LookupError) as error:
        raise UnfitError(f"{wanted}: {error}.") from None


def compare_number(
    answer: Any,
    expected: float,
    means: Means,
    *,
    tolerance: float = 0.0,
    slips: Mapping[float, str] | None = None,
) -> str | None:
    """What is wrong with a number: None where it is within `tolerance` of `expected`.

    What is said of a number does not follow its size, so that none is found by halving: it is the
    same on both sides of the right one, but for slips.

    Args:
        answer: the reader's.
        expected: the right one.
        means: what a number would mean, or the step to look at again.
        tolerance: of the answer; that of float32 in any case.
        slips: numbers that a known slip leads to, each with what it was.
    """
    if (value := as_number(answer)) is None:
        return say("checking.a_number_is_expected", answer=show_value(answer))
    if not math.isfinite(value):
        return say("checking.a_number_is_expected_is", value=value)
    if _is_near(value, expected, tolerance):
        return None
    for slip, said in (slips or {}).items():
        if _is_near(value, slip, max(tolerance, 1e-3 * abs(slip))):
            return say("checking.came", value=value, said=said)
    return say(
        "checking.came_2", value=value, means=means if isinstance(means, str) else means(value)
    )


def _is_near(value: float, expected: float, tolerance: float) -> bool:
    return abs(value - expected) <= max(tolerance, 1e-7 * abs(expected))


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
        tolerance: of the result, absolute; of a large one a millionth.
    """
    if not callable(answer):
        return say("shared.a_function_is_expected", answer=show_value(answer))
    for arguments in cases:
        expected = float(truth(*arguments))
        said = say("checking.is", format=what.format(*arguments), expected=expected)
        try:
            given = answer(*arguments)
        except Exception as error:  # the reader's function may do anything
            return say(
                "checking.your_function_raised", said=said, name=type(error).__name__, error=error
            )
        if given is None:
            return say("checking.nothing_came_does_your", said=said)
        if (came := as_number(given)) is None:
            return say("checking.came_which_is_no", said=said, given=show_value(given))
        if not abs(came - expected) <= max(tolerance, 1e-6 * abs(expected)):
            return say("checking.came_2_2", said=said, came=came)
    return None


def compare_cost(answer: Any, cost: Cost, limit: float, rival: str) -> str | None:
    """What is wrong with a mask that should cost no more than a limit: what a rival reaches."""
    mask = take_mask(answer, cost.n_neurons)
    if (came := float(cost.evaluate(mask))) <= limit + equal_within(cost, limit):
        return None
    return say(
        "checking.mask_costs", mask=mask_to_string(mask), came=came, rival=rival, limit=limit
    )


def compare_best(answer: Any, table: CostTable) -> str | None:
    """What is wrong with a mask that should be the best of all."""
    mask = take_mask(answer, table.n_neurons)
    least = say("checking.its_rank_is_the", rank=table.rank(mask))
    if (fault := compare_cost(mask, table, table.minimum, least)) is None:
        return None
    return f"{fault} {_says_of_flips(mask, table)}"


def compare_trap(answer: Any, table: CostTable) -> str | None:
    """What is wrong with a mask that no single flip should improve, and that is not the best."""
    mask = take_mask(answer, table.n_neurons)
    cost, (best, flipped) = float(table.evaluate(mask)), _best_flip(mask, table)
    if flipped < cost - equal_within(table, cost):
        return say(
            "checking.mask_costs_flipping_neuron",
            mask=mask_to_string(mask),
            cost=cost,
            best=best,
            flipped=flipped,
        )
    if cost <= table.minimum + equal_within(table, cost):
        return say("checking.mask_is_the_best", mask=mask_to_string(mask))
    return None


def _best_flip(mask: BoolArray, table: CostTable) -> tuple[int, float]:
    """The neuron whose flip costs least, and that cost."""
    flipped = table.evaluate(mask ^ np.eye(table.n_neurons, dtype=bool))
    return int(flipped.argmin()), float(flipped.min())


def _says_of_flips(mask: BoolArray, table: CostTable) -> str:
    """Whether a flip would lower the cost of a mask that is not the best; which, is not said."""
    cost, (_, flipped) = float(table.evaluate(mask)), _best_flip(mask, table)
    if flipped < cost - equal_within(table, cost):
        return say("checking.flipping_one_neuron_would")
    return say("checking.no_single_flip_lowers")


def name_mask(index: int | np.integer[Any], n: int) -> str:
    """The string of the mask of an index."""
    return mask_to_string(mask_from_index(int(index), n))
