"""Entries in the tables of a lab book: written, read and checked, copied from another book."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from labkit.limits import show_value
from labkit.records.attachments import Attachment
from labkit.records.connections import Connections
from labkit.records.entries import Entry
from labkit.records.files import LabBookError
from labkit.records.sources import keep_sources, name_of_book, read_sources
from labkit.records.values import dumps, loads

_COLUMNS = {
    "origins": ("digest", "content"),
    "entries": (
        *("id", "nonce", "started", "seconds", "question", "hypothesis", "parameters", "seed"),
        *("result", "ledger", "conclusion", "error", "point", "corrects", "origin"),
    ),
    "files": ("digest", "data"),
    "attachments": ("entry", "name", "digest"),
}
_DIGESTED = ("origins", "files")  # what is there already is not written again
_AS_TEXT = ("parameters", "result", "ledger")
_AT_ONCE = 500


def insert_entry(connection: sqlite3.Connection, entry: Entry) -> str:
    """Writes an entry and what is beside it, unless its point has one without an error.

    Returns:
        Its id, or that of the entry that was there.
    """
    if entry.point is not None and entry.error is None:
        found = connection.execute(
            "SELECT id FROM entries WHERE point = ? AND error IS NULL LIMIT 1", (entry.point,)
        ).fetchone()
        if found is not None:
            return found[0]
    row, origin = _to_row(entry)
    _insert(connection, "origins", [origin])
    _insert(connection, "entries", [row])
    _insert(connection, "files", ((one.digest, one.data) for one in entry.attachments))
    links = ((entry.id, one.name, one.digest) for one in entry.attachments)
    _insert(connection, "attachments", links)
    return entry.id


def read_entries(
    connection: sqlite3.Connection, path: Path, condition: str, values: Sequence[Any] = ()
) -> Iterator[Entry]:
    """Entries in the order of recording, each as it was recorded.

    Args:
        connection: to a lab book.
        path: of it, for messages.
        condition: which entries, in SQL.
        values: of the question marks in the condition.

    Raises:
        LabBookError: an entry is not what it was when it was recorded.
    """
    query = (
        f"SELECT {', '.join(_COLUMNS['entries'])}, content, "
        "EXISTS (SELECT 1 FROM attachments WHERE entry = id) "
        "FROM entries LEFT JOIN origins ON digest = origin "
        f"WHERE {condition} ORDER BY number"
    )
    with closing(connection.execute(query, values)) as rows:
        for *row, content, has_files in rows:
            try:
                attached = _read_attachments(connection, row[0]) if has_files else ()
                entry = _restore(row, content, attached)
                is_intact = _to_row(entry)[0] == tuple(row)
            except (ValueError, TypeError, RecursionError):
                is_intact = False
            if not is_intact:
                raise LabBookError(
                    f"lab book {path}: entry {show_value(row[0])} is not what it was when it was "
                    "recorded"
                )
            yield entry


def has_entry(connection: sqlite3.Connection, entry_id: str) -> bool:
    """Whether there is an entry of this id."""
    query = "SELECT 1 FROM entries WHERE id = ?"
    return connection.execute(query, (entry_id,)).fetchone() is not None


def count_entries(connection: sqlite3.Connection) -> int:
    """Number of entries."""
    return connection.execute("SELECT count(number) FROM entries").fetchone()[0]


def read_points(connection: sqlite3.Connection, *, finished: bool) -> set[str]:
    """Keys of sweep points that have an entry without an error; or those that have none."""
    query = "SELECT point FROM entries WHERE point IS NOT NULL"
    done = {point for (point,) in connection.execute(f"{query} AND error IS NULL")}
    return done if finished else {point for (point,) in connection.execute(query)} - done


def merge_entries(
    target: Connections, other: Connections, other_path: Path, *, is_the_same: bool = False
) -> int:
    """Copies the entries of another book that are not in this one; returns how many.

    Each is noted to have come from the other book, or from that which it had come from before; if
    the other is a copy of the same book, only the latter.

    Raises:
        LabBookError: an entry is not what it was when it was recorded.
    """
    with target.reading() as connection:
        known = {*_read_ids(connection)}
    with other.reading(untouched=True) as source:
        fresh = [name for name in _read_ids(source) if name not in known]
        before = _read_sources(source, other_path)
        for some in _portions(fresh):
            for _ in read_entries(source, other_path, f"id IN {_marks(some)}", some):
                pass  # to read an entry is to check it
        if not fresh:
            return 0
        with target.writing() as connection:
            known = {*_read_ids(connection)}  # somebody may have merged the same meanwhile
            fresh = [name for name in fresh if name not in known]
            for some in _portions(fresh):
                _copy(source, connection, some)
            noted = [name for name in fresh if name in before] if is_the_same else fresh
            if noted:
                keep_sources(connection, noted, before, name_of_book(other_path))
    return len(fresh)


def _read_sources(connection: sqlite3.Connection, path: Path) -> dict[str, str]:
    try:
        return read_sources(connection)
    except ValueError as error:
        raise LabBookError(f"lab book {path} is damaged: {error}") from None


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, some: Sequence[str]) -> None:
    """Copies rows that were checked in the same transaction of `source`."""
    given = _marks(some)
    for table, condition in {
        "origins": f"digest IN (SELECT origin FROM entries WHERE id IN {given})",
        "entries": f"id IN {given} ORDER BY number",
        "files": f"digest IN (SELECT digest FROM attachments WHERE entry IN {given})",
        "attachments": f"entry IN {given}",
    }.items():
        query = f"SELECT {', '.join(_COLUMNS[table])} FROM {table} WHERE {condition}"
        _insert(target, table, source.execute(query, some))


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[Sequence[Any]]) -> None:
    names = _COLUMNS[table]
    again = "ON CONFLICT DO NOTHING" if table in _DIGESTED else ""
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES {_marks(names)} {again}"
    connection.executemany(statement, rows)


def _read_ids(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT id FROM entries ORDER BY number")]


def _portions(names: list[str]) -> Iterator[list[str]]:
    yield from (names[k : k + _AT_ONCE] for k in range(0, len(names), _AT_ONCE))


def _marks(values: Sequence[Any]) -> str:
    """A question mark for each value."""
    return f"({', '.join('?' * len(values))})"


def _to_row(entry: Entry) -> tuple[tuple[Any, ...], tuple[str, str]]:
    """The rows of an entry and of its origin."""
    content = dumps(entry.origin)
    digest = hashlib.sha256(content.encode()).hexdigest()
    fields = {name: getattr(entry, name) for name in _COLUMNS["entries"]}
    fields |= {"started": entry.started.isoformat(), "origin": digest}
    fields |= {name: _dump(fields[name]) for name in _AS_TEXT}
    return tuple(fields.values()), (digest, content)


def _restore(row: Sequence[Any], content: str, attached: tuple[Attachment, ...]) -> Entry:
    fields = dict(zip(_COLUMNS["entries"], row, strict=True))
    del fields["id"]  # which follows from all else
    fields |= {"started": datetime.fromisoformat(fields["started"]), "origin": loads(content)}
    fields |= {name: _load(fields[name]) for name in _AS_TEXT}
    return Entry(**fields, attachments=attached)


def _dump(value: Any) -> str | None:
    return None if value is None else dumps(value)


def _load(text: str | None) -> Any:
    return None if text is None else loads(text)


def _read_attachments(connection: sqlite3.Connection, entry_id: str) -> tuple[Attachment, ...]:
    rows = connection.execute(
        "SELECT name, a.digest, data FROM attachments AS a LEFT JOIN files USING (digest) "
        "WHERE entry = ?",
        (entry_id,),
    ).fetchall()
    found = tuple(Attachment(name, data) for name, _, data in rows)
    if [digest for _, digest, _ in rows] != [one.digest for one in found]:
        raise ValueError("a file is not what it was")
    return found
