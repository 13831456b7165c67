"""Entries as a table of pandas."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labkit.files import as_text
from labkit.limits import show_value
from labkit.records.files import LabBookError
from labkit.records.sources import has_sources
from labkit.records.values import dumps, loads, to_plain

_COLUMNS = (
    *("entry", "started", "question", "hypothesis", "conclusion", "seed", "seconds", "error"),
    *("corrects", "point"),
)
_GROUPS = ("parameters", "result", "ledger")
_ORIGIN_GROUPS = ("versions", "machine")
_FIELDS = (*_COLUMNS, *_GROUPS, "digest", "merged_from")
_QUERY = f"SELECT id, {', '.join(_COLUMNS[1:])}, {', '.join(_GROUPS)}, origin, book FROM"
_AT_ONCE = 2000
_EXACT_IN_FLOAT = 2**53


def find_runs(
    connection: sqlite3.Connection, path: Path, filters: Mapping[str, Any]
) -> pd.DataFrame:
    """The entries that fit all filters, see `LabBook.runs`."""
    found = [_condition(name, value) for name, value in filters.items()]
    where = " AND ".join(["TRUE", *(condition for condition, _ in found)])
    table = "entries LEFT JOIN sources ON entry = id"
    if not has_sources(connection):
        table = "(SELECT *, NULL AS book FROM entries)"
    join = "JOIN origins ON digest = origin" if any(map(_is_origin, filters)) else ""
    values = [one for _, some in found for one in some]
    rows = connection.execute(f"{_QUERY} {table} {join} WHERE {where} ORDER BY number", values)
    known = dict(connection.execute("SELECT digest, content FROM origins"))
    try:
        return _build_frame(iter(lambda: rows.fetchmany(_AT_ONCE), []), known)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise LabBookError(f"lab book {path} holds an entry that cannot be read") from None


def to_csv(runs: pd.DataFrame) -> str:
    """Runs as CSV, in which text that a spreadsheet would run is marked as text."""
    guarded = runs.apply(lambda column: column.map(_guard) if column.dtype.kind == "O" else column)
    return str(guarded.to_csv(index=False))


def _guard(value: Any) -> Any:
    return as_text(value) if isinstance(value, str) else value


def _build_frame(portions: Iterable[Sequence[Any]], known: Mapping[str, str]) -> pd.DataFrame:
    """The table, out of portions of rows: objects that live shortly are cheap."""
    parts = {part: _Columns() for part in ("", *_GROUPS)}
    digests: list[str] = []
    for rows in portions:
        fields = dict(zip(_FIELDS, zip(*rows, strict=True), strict=True))
        digests += fields.pop("digest")
        for group in _GROUPS:
            parts[group].append_dicts(_load_all(fields.pop(group)))
        if any(bytes in map(type, values) for values in fields.values()):
            raise TypeError("a text is none")
        parts[""].append(fields, len(rows))
    fixed = parts.pop("").tidy()
    found = {name: fixed.get(name, pd.Series(dtype=object)) for name in _COLUMNS}
    found["started"] = pd.to_datetime(found["started"], format="ISO8601", utc=True)
    found["seed"] = found["seed"].astype("Int64")
    found["seconds"] = found["seconds"].astype("float64")
    if (books := fixed.get("merged_from")) is not None and books.notna().any():
        found["merged_from"] = books
    for group, part in parts.items():
        found |= {f"{group}.{name}": column for name, column in part.tidy().items()}
    return pd.DataFrame(found | _origin_columns(digests, known))


class _Columns:
    """Values by name; where a row has none of a name, None."""

    def __init__(self) -> None:
        self._values: dict[str, list[Any]] = {}
        self._count = 0

    def append_dicts(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Appends rows, each names with values."""
        kinds = dict.fromkeys(map(tuple, rows))
        names = [*dict.fromkeys(name for kind in kinds for name in kind)]
        if len(kinds) == 1:  # all have the same names: the columns at once
            columns: Iterable[Any] = zip(*(row.values() for row in rows), strict=True)
        else:
            columns = ([row.get(name) for row in rows] for name in names)
        self.append(dict(zip(names, columns, strict=True)), len(rows))

    def append(self, columns: Mapping[str, Sequence[Any]], count: int) -> None:
        """Appends `count` values to each column."""
        for name in columns:
            if name not in self._values:
                self._values[name] = [None] * self._count
        for name, values in self._values.items():
            values.extend(columns.get(name) or [None] * count)
        self._count += count

    def tidy(self) -> dict[str, pd.Series[Any]]:
        """The columns."""
        return {name: _tidy(self._values[name]) for name in self._values}


def _load_all(texts: Sequence[str | None]) -> list[dict[str, Any]]:
    given = ["{}" if text is None else text for text in texts]
    found: list[dict[str, Any]] = loads(f"[{','.join(given)}]")  # several times faster than each
    if len(found) != len(given):
        raise ValueError("a text is not one mapping")
    return found


def _tidy(values: Sequence[Any]) -> pd.Series[Any]:
    """A column of the narrowest type that keeps each value as it is."""
    kinds = set(map(type, values))
    is_missing = type(None) in kinds
    kinds.discard(type(None))
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean" if is_missing else "bool")
    if kinds == {int}:
        try:
            return pd.Series(values, dtype="Int64" if is_missing else "int64")
        except OverflowError:
            return pd.Series(values, dtype=object)
    if kinds == {float} or (kinds == {int, float} and _fit_in_floats(values)):
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype=object)


def _fit_in_floats(values: Sequence[Any]) -> bool:
    return all(abs(value) <= _EXACT_IN_FLOAT for value in values if isinstance(value, int))


def _origin_columns(digests: Sequence[str], known: Mapping[str, str]) -> dict[str, pd.Series[Any]]:
    """Commit, versions and machine; there are few kinds of them, however many entries."""
    kinds = {digest: k for k, digest in enumerate(dict.fromkeys(digests))}
    which = np.array([kinds[digest] for digest in digests], dtype=np.int64)
    flat = [_flatten(loads(known[digest])) for digest in kinds]
    names = dict.fromkeys(name for each in flat for name in each)
    few = {name: _tidy([each.get(name) for each in flat]) for name in names}
    return {name: column.take(which).reset_index(drop=True) for name, column in few.items()}


def _flatten(origin: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {"commit": origin["commit"]}
    for group in _ORIGIN_GROUPS:
        flat |= {f"{group}.{name}": value for name, value in origin[group].items()}
    return flat


def _condition(name: str, value: Any) -> tuple[str, list[str]]:
    """That a variable is a value, or one of a list: SQL, and the values of its question marks."""
    column, path = _column(name)
    plain = [_to_choice(name, one) for one in _choices(value)]
    # one text for all of them: SQLite takes neither thousands of "or" nor of values
    given = dumps([one for one in plain if one is not None])
    found, values = f"{column} IN (SELECT value FROM json_each(?))", [*path, given]
    return (
        (f"({found} OR {column} IS NULL)", [*values, *path]) if None in plain else (found, values)
    )


def _choices(value: Any) -> Sequence[Any]:
    if isinstance(value, (np.ndarray, pd.Series, pd.Index)):
        return [*value.tolist()] if value.ndim else [value.item()]
    return [*value] if isinstance(value, (list, tuple, set, frozenset, range)) else [value]


def _to_choice(name: str, value: Any) -> Any:
    if isinstance(value, datetime) and name == "started":
        return value.astimezone(timezone.utc).isoformat()
    return to_plain(name, value)


def _is_origin(name: str) -> bool:
    group, _, key = name.partition(".")
    return name == "commit" or (group in _ORIGIN_GROUPS and bool(key))


def _column(name: str) -> tuple[str, list[str]]:
    """A column of its own, or a value in JSON and the path to it; a bare name is a parameter's."""
    if name in _COLUMNS:
        return "id" if name == "entry" else name, []
    if name == "merged_from":
        return "book", []
    if '"' in name:
        raise ValueError(f"filter {show_value(name)} holds quotes")
    group, _, key = name.partition(".")
    if _is_origin(name):
        return "json_extract(content, ?)", [f'$."{group}"."{key}"' if key else f'$."{name}"']
    if group not in _GROUPS or not key:
        group, key = "parameters", name
    return f"json_extract({group}, ?)", [f'$."{key}"']
