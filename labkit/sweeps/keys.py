"""The TOML file of a sweep: which keys it has, before their values are looked at."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labkit.files import read_text, user_path
from labkit.limits import check_integer, show_value

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_NEEDED = ("question", "seeds")
_RANGE = ("first", "count")


def read_keys(path: str | Path, *, known: Sequence[str]) -> dict[str, Any]:
    """The keys of a TOML file; of `seeds`, `{first = 0, count = 20}` is written out.

    Raises:
        OSError: the file cannot be read.
        TypeError: `first` or `count` is no integer.
        ValueError: the file is no TOML, a key is unknown or missing, or `seeds` out of range.
    """
    try:
        keys = tomllib.loads(read_text(user_path(path)))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not TOML: {error}") from error
    for key in keys:
        if key not in known:
            raise ValueError(f"key {show_value(key)} is unknown (known: {', '.join(known)})")
    for key in _NEEDED:
        if key not in keys:
            raise ValueError(f"key {key!r} is missing (limit: {' and '.join(_NEEDED)})")
    if isinstance(keys.get("seeds"), dict):
        keys["seeds"] = _written_out(keys["seeds"])
    return keys


def _written_out(seeds: dict[str, Any]) -> range:
    if {*seeds} != {*_RANGE}:
        raise ValueError(f"seeds={show_value(seeds)} (limit: a list, or {{first = 0, count = 20}})")
    first = check_integer("seeds.first", seeds["first"], minimum=0)
    return range(first, first + check_integer("seeds.count", seeds["count"], minimum=1))
