"""What labkit refuses, and how it says so: the argument, its value and the limit, in one line."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

_USABLE_SHARE = 0.8
_CGROUP_FILES = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)


class TooLargeError(ValueError, MemoryError):
    """An argument asks for more memory than this machine can give; nothing was allocated."""


def check_integer(argument: str, value: Any, *, minimum: int, maximum: int | None = None) -> int:
    """Returns `value` as an int.

    Raises:
        TypeError: `value` is not an integer (a bool is not one).
        ValueError: it is below `minimum` or above `maximum`.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{argument}={value!r} is not an integer (limit: {minimum} or more)")
    if number < minimum:
        raise ValueError(f"{argument}={number} is too small (limit: {minimum} or more)")
    if maximum is not None and number > maximum:
        raise ValueError(f"{argument}={number} is too large (limit: {maximum})")
    return number


def check_choice(argument: str, value: Any, choices: Sequence[str]) -> str:
    """Returns `value` if it is one of `choices`.

    Raises:
        ValueError: it is not; the message lists the choices.
    """
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{argument}={value!r} is unknown (known: {', '.join(choices)})")
    return value


def check_positive(argument: str, value: Any) -> float:
    """Returns `value` as a float.

    Raises:
        ValueError: it is not a finite number above zero.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (0 < number < math.inf):
        raise ValueError(f"{argument}={value!r} is not a finite number above 0")
    return number


def check_register(argument: str, n: Any, *, bytes_per_mask: float, what: str) -> int:
    """Returns `n` as an int if 2^n masks of `bytes_per_mask` bytes each fit in memory.

    Args:
        argument: the caller's name of `n`.
        n: number of mask bits, at least 1.
        bytes_per_mask: bytes that one of the 2^n masks needs, working space included.
        what: what the memory would hold, for the message.

    Raises:
        TypeError: `n` is not an integer.
        ValueError: `n` is below 1.
        TooLargeError: 2^n * bytes_per_mask is above the limit of `memory_limit`.
    """
    n = check_integer(argument, n, minimum=1)
    largest = max(0, int(math.log2(memory_limit() / bytes_per_mask)))
    check_memory(argument, n, nbytes=2**n * bytes_per_mask, largest=largest, what=what)
    return n


def check_memory(argument: str, value: int, *, nbytes: float, largest: int, what: str) -> None:
    """Refuses a request of `nbytes` that does not fit; `largest` is the value that would.

    Raises:
        TooLargeError: `nbytes` is above the limit of `memory_limit`.
    """
    if nbytes > memory_limit():
        raise TooLargeError(
            f"{argument}={value} needs {format_bytes(nbytes)} for {what}; "
            f"{format_bytes(memory_limit())} can be used here (limit: {argument}={largest})"
        )


def memory_limit() -> int:
    """Bytes that a request may take: 80% of what is free, in the machine and in its cgroup."""
    free = [psutil.virtual_memory().available]
    for limit_file, usage_file in _CGROUP_FILES:
        limit, usage = _read_bytes(limit_file), _read_bytes(usage_file)
        if limit is not None and usage is not None:
            free.append(max(limit - usage, 1))
    return int(_USABLE_SHARE * min(free))


def _read_bytes(path: Path) -> int | None:
    """The number in a cgroup file; None where there is no such file or it says 'max'."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def format_bytes(nbytes: float) -> str:
    """Bytes in binary units, as '8.0 TiB'."""
    units = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    power = min(int(math.log2(max(nbytes, 1)) / 10), len(units) - 1)
    return f"{nbytes / 1024**power:,.1f} {units[power]}"
