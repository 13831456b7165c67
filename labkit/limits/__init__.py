"""What labkit refuses, and how it says so: the argument, its value and the limit, in one line."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.limits.cgroups import core_quota, free_memory

#: So few bytes are given without a look at the memory, which takes a tenth of a millisecond.
ALWAYS_FITS = 2**24
_USABLE_SHARE = 0.8
_FREE_UNTOLD = 2**30  # bytes taken to be free where psutil is missing, which would tell


class TooLargeError(ValueError, MemoryError):
    """An argument asks for more memory than this machine can give; nothing was allocated."""


def show_value(value: Any) -> str:
    """A value as text of one line that is not long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def printable(text: str) -> str:
    """Text in which control characters, which a terminal would obey, are replaced."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def repr_line(thing: Any, **numbers: Any) -> str:
    """One line for a `repr`: the name of a thing's class, and the numbers that tell it apart."""
    shown = (f"{name}={show_number(value)}" for name, value in numbers.items())
    return f"{type(thing).__name__}({', '.join(shown)})"


def show_number(value: Any) -> str:
    """A number of at most six digits; anything else as `show_value`."""
    return f"{value:.6g}" if isinstance(value, float) else show_value(value)


def check_integer(argument: str, value: Any, *, minimum: int, maximum: int | None = None) -> int:
    """Returns `value` as an int; a bool is not one."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        given = show_value(value)
        message = f"{argument}={given} is not an integer (limit: {minimum} or more)"
        raise TypeError(message) from None
    if number < minimum:
        raise ValueError(f"{argument}={number} is too small (limit: {minimum} or more)")
    if maximum is not None and number > maximum:
        raise ValueError(f"{argument}={number} is too large (limit: {maximum})")
    return number


def check_choice(argument: str, value: Any, choices: Sequence[str]) -> str:
    """Returns `value` if it is one of `choices`; the ValueError lists them."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{argument}={show_value(value)} is unknown (known: {', '.join(choices)})")
    return value


def check_number(argument: str, value: Any) -> float:
    """Returns `value` as a float; it may be infinite, but not NaN."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (Real, np.floating)):
        raise TypeError(f"{argument}={show_value(value)} is not a number")
    if math.isnan(value):
        raise ValueError(f"{argument}={value!r} is not a number")
    return float(value)


def check_finite(argument: str, value: Any) -> float:
    """Returns `value` as a float, neither infinite nor NaN."""
    number = check_number(argument, value)
    if math.isinf(number):
        raise ValueError(f"{argument}={value!r} is not finite")
    return number


def check_share(argument: str, value: Any) -> float:
    """Returns `value` as a float of 0..1, such as a probability."""
    number = check_number(argument, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{argument}={number} is not in 0..1")
    return number


def check_positive(argument: str, value: Any) -> float:
    """Returns `value` as a float, finite and above zero; anything else is a ValueError."""
    is_number = isinstance(value, (Real, np.floating)) and not isinstance(value, bool)
    number = float(value) if is_number else math.nan
    if not 0 < number < math.inf:
        raise ValueError(f"{argument}={show_value(value)} is not a finite number above 0")
    return number


def check_array(argument: str, value: Any) -> npt.NDArray[np.float64]:
    """Returns `value`, finite real numbers, as a float64 array."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unequal length
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "biuf":
        text = find_no_numbers(array)
        where = f": {name_first(value, text)}" if text.any() else ""
        raise TypeError(f"{argument}={show_value(value)} is not an array of numbers{where}")
    if not np.isfinite(array).all():
        where = name_first(value, ~np.isfinite(array))
        raise ValueError(f"{argument} holds a value that is not finite: {where}")
    return array.astype(np.float64, copy=False)


def find_no_numbers(array: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where an array holds what is not a real number; bool, of its shape."""
    return np.vectorize(lambda value: not isinstance(value, Real), otypes=[bool])(array)


def name_first(value: Any, unfit: npt.NDArray[np.bool_]) -> str:
    """The first unfit value of an array or table and where it is: nan at row 3, column 'age'."""
    place = tuple(np.argwhere(unfit)[0].tolist())
    item = np.asarray(value)[place]
    shown = show_value(item.item() if isinstance(item, np.generic) else item)
    if len(place) != 2:
        return f"{shown} at {', '.join(map(str, place))}" if place else shown
    columns = getattr(value, "columns", None)
    named = place[1] if columns is None else show_value(columns[place[1]])
    return f"{shown} at row {place[0]}, column {named}"


def check_rng(rng: Any) -> np.random.Generator:
    """Returns `rng` if it is a `numpy.random.Generator`."""
    if not isinstance(rng, np.random.Generator):
        given = show_value(rng)
        raise TypeError(f"rng={given} is not a numpy.random.Generator (try default_rng(seed))")
    return rng


def check_register(
    argument: str, n: Any, *, bytes_per_mask: int | Callable[[int], int], what: str
) -> int:
    """Returns `n` as an int if something of each of 2^n masks fits in memory.

    Args:
        argument: the caller's name of `n`.
        n: number of mask bits, at least 1.
        bytes_per_mask: bytes that one of the 2^n masks needs, working space included; a function
            of n where they depend on it.
        what: what the memory would hold, for the message.

    Raises:
        TooLargeError: 2^n * bytes_per_mask is above the limit of `memory_limit`.
    """
    n = check_integer(argument, n, minimum=1)

    def nbytes(n: int) -> int:
        return 2**n * (bytes_per_mask(n) if callable(bytes_per_mask) else bytes_per_mask)

    if nbytes(n) <= ALWAYS_FITS:
        return n
    limit = memory_limit()
    largest = max((k for k in range(1, 63) if nbytes(k) <= limit), default=0)
    check_memory(argument, n, nbytes=nbytes(n), largest=largest, what=what)
    return n


def check_memory(argument: str, value: int, *, nbytes: float, largest: int, what: str) -> None:
    """Refuses a request of `nbytes` above `memory_limit`; `largest` is the value that would fit."""
    if nbytes > ALWAYS_FITS and nbytes > (usable := memory_limit()):
        needed = f"{argument}={value} needs {format_bytes(nbytes)} for {what}"
        here = f"{format_bytes(usable)} can be used here (limit: {argument}={largest})"
        raise TooLargeError(f"{needed}; {here}")


def check_count(argument: str, count: int, *, bytes_each: int, what: str) -> None:
    """Refuses `count` things of `bytes_each` bytes, working space included, that do not fit."""
    if count * bytes_each <= ALWAYS_FITS:
        return
    largest = memory_limit() // bytes_each
    check_memory(argument, count, nbytes=count * bytes_each, largest=largest, what=what)


def memory_limit() -> int:
    """Bytes that a request may take: 80% of what is free, in the machine and in its cgroups."""
    return int(_USABLE_SHARE * min([_available(), *free_memory()]))


def core_limit() -> int:
    """Cores that this process may use: of the machine, of those it is bound to, of its cgroups."""
    bound_to = getattr(os, "sched_getaffinity", None)
    count = len(bound_to(0)) if bound_to else os.cpu_count() or 1
    return max(1, min(count, core_quota() or count))


def _available() -> int:
    try:
        import psutil
    except ImportError:
        return _FREE_UNTOLD
    return int(psutil.virtual_memory().available)


def format_bytes(nbytes: float) -> str:
    """Bytes in binary units, as '8.0 TiB'."""
    units = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    power = min(int(math.log2(max(nbytes, 1)) / 10), len(units) - 1)
    digits = math.log10(max(nbytes, 1)) - power * math.log10(1024)
    if digits > 9:  # beyond what a float holds, too
        return f"{10 ** (digits % 1):.1f}e+{int(digits)} {units[power]}"
    return f"{nbytes / 1024**power:,.1f} {units[power]}"
