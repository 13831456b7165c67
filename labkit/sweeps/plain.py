"""Parameters as plain values, and the key by which a lab book knows a point of a sweep."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from labkit.limits import show_value

_KEY_LENGTH = 32  # hexadecimal digits: 128 bits, which no two points share by chance


def to_plain(argument: str, value: Any) -> Any:
    """A value made of None, bool, int, float, str, list and dict alone.

    NumPy's numbers become Python's, arrays and tuples become lists: the same value, however it
    was written.

    Args:
        argument: the caller's name of it, for the message.
        value: numbers, text, None, and arrays, sequences or mappings (with text as keys) of these.

    Raises:
        TypeError: it is, or holds, something else.
    """
    if value is None or isinstance(value, str):
        return None if value is None else str(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, np.ndarray):
        return to_plain(argument, value.tolist())
    if isinstance(value, Mapping):
        return {_name(argument, k): to_plain(f"{argument}.{k}", v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [to_plain(argument, entry) for entry in value]
    kinds = "numbers, text, None, lists or mappings of these"
    raise TypeError(f"{argument}={show_value(value)} cannot be kept (limit: {kinds})")


def _name(argument: str, key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{argument} has the name {show_value(key)}, which is not text")
    return str(key)


def point_key(function: str, parameters: Mapping[str, Any], seed: int) -> str:
    """The digest by which a point is known: of what is run, with which parameters and seed.

    The question is not in it: two sweeps that share a point share its result. Nor is the version
    of labkit, which the entry of the point states. The order of names does not matter, nor whether
    a number is NumPy's; 2 and 2.0 are two points.

    Args:
        function: the name of what is run, as 'module:name'.
        parameters: plain values by name, the selector among them.
        seed: of the point.

    Returns:
        32 hexadecimal digits.
    """
    content = {"function": function, "parameters": parameters, "seed": seed}
    text = json.dumps(to_plain("parameters", content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH]
