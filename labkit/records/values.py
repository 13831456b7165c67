"""Values as JSON that SQLite, and a reader without Python, can read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from typing import Any, NoReturn

import numpy as np

from labkit.datasets import Task
from labkit.limits import show_value

_MOST_VALUES = 10_000
_MOST_BITS = 4096
_DEEPEST = 20
_LONGEST_KEY = 200
_NOT_IN_KEYS = re.compile(r'["\\\x00-\x1f]')  # SQLite could not find such a key
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def to_plain(argument: str, value: Any, *, limited: bool = True, depth: int = 0) -> Any:
    """Returns a value in str, bool, int, float, None, lists and dicts of these.

    Args:
        argument: the caller's name of it.
        value: any of these, NumPy's scalars and arrays, other numbers, sequences and mappings; a
            task becomes its label.
        limited: whether it is to be kept in a book, or only to be compared.
        depth: how many lists and mappings it lies in.

    Raises:
        TypeError: something in it is none of these, or a key is not a string.
        ValueError: it is `limited`, and a list or array is so large that it should be attached; an
            integer is too large; a list lies too deep in others; a key has no name for a column.
    """
    if isinstance(value, (np.ndarray, np.generic)):
        _check_size(argument, value.size, limited)
        value = value.tolist()
    if isinstance(value, Task):
        value = value.label
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return check_text(argument, value) if limited else str(value)
    if isinstance(value, (int, Integral)):
        return _check_bits(argument, int(value), limited)
    if isinstance(value, (float, Real)):
        return float(value)
    if not isinstance(value, (Mapping, Sequence)) or isinstance(value, (bytes, bytearray)):
        raise TypeError(
            f"{argument}={show_value(value)} cannot be kept as text: give numbers, strings, lists, "
            "or attach it"
        )
    if limited and depth == _DEEPEST:
        raise ValueError(f"{argument} lies too deep in lists or mappings (limit: {_DEEPEST})")
    _check_size(argument, len(value), limited)
    inner = partial(to_plain, limited=limited, depth=depth + 1)
    if isinstance(value, Mapping):
        found = {
            _key(argument, k, limited): inner(f"{argument}[{k!r}]", v) for k, v in value.items()
        }
        return _check_unlike_number(argument, found) if limited else found
    return [inner(f"{argument}[{i}]", v) for i, v in enumerate(value)]


def check_text(argument: str, value: Any) -> str:
    """Returns `value` if it is text that a file can hold.

    Raises:
        TypeError: it is not a string.
        ValueError: it holds half a character (a lone surrogate).
    """
    if not isinstance(value, str):
        raise TypeError(f"{argument}={show_value(value)} is not text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{argument}={show_value(value)} is not valid Unicode") from None
    return str.__str__(value)


def dumps(plain: Any) -> str:
    """One text for equal values: keys sorted, no spaces.

    JSON has no NaN and no infinity: they become {"float": "nan"}, "inf" or "-inf".
    """
    try:
        return _dump(plain)
    except ValueError:
        return _dump(_without_not_finite(plain))


def loads(text: str) -> Any:
    """The inverse of `dumps`.

    Raises:
        TypeError, ValueError, RecursionError: it is no such text.
    """
    hook = _restore if '"float"' in text else None
    return json.loads(text, object_hook=hook, parse_constant=_refuse)


def read_filters(pairs: Iterable[str]) -> dict[str, Any]:
    """Filters for `LabBook.runs` from texts `name=value`; of one name twice, any value will do.

    A value is what JSON says it is: a number, true, false, null, or text in quotes; else it is
    text as it stands. What is no text to JSON may also be one, such as a mask string: both will do.

    Raises:
        ValueError: a text is no such pair.
    """
    filters: dict[str, Any] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        if not (name and text):
            raise ValueError(f"{show_value(pair)} is not name=value, such as n_hidden=8")
        before = filters.get(name, [])
        value = _read_values(text)
        filters[name] = [*(before if isinstance(before, list) else [before]), *value]
    return filters


def _read_values(text: str) -> list[Any]:
    """What a text may mean."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return [text]
    if isinstance(value, str):
        return [value]
    return [*value, text] if isinstance(value, list) else [value, text]


def _dump(plain: Any) -> str:
    return json.dumps(
        plain, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False
    )


def _without_not_finite(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {k: _without_not_finite(v) for k, v in plain.items()}
    if isinstance(plain, list):
        return [_without_not_finite(v) for v in plain]
    if isinstance(plain, float) and not math.isfinite(plain):
        return {"float": str(plain)}
    return plain


def _restore(found: dict[str, Any]) -> Any:
    return _NOT_FINITE[found["float"]] if _is_number(found) else found


def _is_number(found: dict[str, Any]) -> bool:
    text = found.get("float")
    return len(found) == 1 and isinstance(text, str) and text in _NOT_FINITE


def _check_unlike_number(argument: str, found: dict[str, Any]) -> dict[str, Any]:
    if _is_number(found):
        raise ValueError(f"{argument}={found} is how a book writes float({found['float']!r})")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _check_size(argument: str, size: int, limited: bool) -> None:
    if limited and size > _MOST_VALUES:
        raise ValueError(
            f"{argument} holds {size} values: attach it as an array (limit: {_MOST_VALUES})"
        )


def _check_bits(argument: str, value: int, limited: bool) -> int:
    if limited and value.bit_length() > _MOST_BITS:
        raise ValueError(
            f"{argument} is an integer of {value.bit_length()} bits (limit: {_MOST_BITS})"
        )
    return value


def _key(argument: str, key: Any, limited: bool) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{argument} has the key {show_value(key)}, which is not text")
    if not limited:
        return str(key)
    if not 0 < len(key) <= _LONGEST_KEY or _NOT_IN_KEYS.search(key):
        raise ValueError(
            f"{argument} has the key {show_value(key)}; a key has 1 to {_LONGEST_KEY} characters, "
            "without quotes, backslashes and line breaks"
        )
    return check_text(f"{argument} key", key)
