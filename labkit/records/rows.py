"""Entries as rows of tables, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from labkit.limits import show_value
from labkit.records.attachments import Attachment
from labkit.records.entries import Entry
from labkit.records.errors import LabBookError
from labkit.records.plain import dumps, loads
from labkit.records.storage import attachments, entries, files, origins

_AS_THEY_ARE = (
    *("nonce", "seconds", "question", "hypothesis", "seed", "conclusion", "error", "point"),
    "corrects",
)
INSERT_ENTRY = insert(entries)
INSERT_LINK = insert(attachments)
#: What is there already is not written again.
INSERT_ORIGIN = insert(origins).on_conflict_do_nothing()
INSERT_FILE = insert(files).on_conflict_do_nothing()


def insert_entry(connection: sa.Connection, entry: Entry) -> str:
    """Writes an entry and what is beside it, unless its point has one without an error.

    Returns:
        Its id, or that of the entry that was there.
    """
    if entry.point is not None and entry.error is None:
        there = find_entry(connection, point=entry.point, error=None)
        if there is not None:
            return there
    row, origin = _to_row(entry)
    connection.execute(INSERT_ORIGIN, origin)
    connection.execute(INSERT_ENTRY, row)
    for one in entry.attachments:
        connection.execute(INSERT_FILE, {"digest": one.digest, "data": one.data})
        link = {"entry": entry.id, "name": one.name, "digest": one.digest}
        connection.execute(INSERT_LINK, link)
    return entry.id


def read_entries(connection: sa.Connection, path: Path, *conditions: Any) -> Iterator[Entry]:
    """Entries in the order of recording, each as it was recorded.

    Raises:
        LabBookError: an entry is not what it was when it was recorded.
    """
    has_files = sa.exists().where(attachments.c.entry == entries.c.id).label("has_files")
    query = sa.select(entries, origins.c.content, has_files).outerjoin(origins).where(*conditions)
    for row in connection.execute(query.order_by(entries.c.number)).mappings():
        try:
            entry = _restore(row, _read_attachments(connection, row["id"], row["has_files"]))
            again, _ = _to_row(entry)
            intact = all(again[name] == row[name] for name in again)
        except (ValueError, TypeError, RecursionError):
            intact = False
        if not intact:
            name = show_value(row["id"])
            raise LabBookError(
                f"lab book {path}: entry {name} is not what it was when it was recorded"
            )
        yield entry


def find_entry(connection: sa.Connection, **values: Any) -> str | None:
    """The id of an entry with these values in these columns, if there is one."""
    conditions = (entries.c[name] == value for name, value in values.items())
    return connection.scalar(sa.select(entries.c.id).where(*conditions).limit(1))


def count_entries(connection: sa.Connection) -> int:
    """Number of entries."""
    return connection.scalar(sa.select(sa.func.count(entries.c.number))) or 0


def read_points(connection: sa.Connection, *, finished: bool) -> set[str]:
    """Keys of sweep points that have an entry without an error; or those that have none."""
    query = sa.select(entries.c.point).where(entries.c.point.is_not(None))
    done = set(connection.scalars(query.where(entries.c.error.is_(None))))
    return done if finished else set(connection.scalars(query)) - done


def _to_row(entry: Entry) -> tuple[dict[str, Any], dict[str, str]]:
    """The rows of an entry and of its origin."""
    content = dumps(entry.origin)
    digest = hashlib.sha256(content.encode()).hexdigest()
    row: dict[str, Any] = {name: getattr(entry, name) for name in _AS_THEY_ARE}
    row |= {"id": entry.id, "started": entry.started.isoformat(), "origin": digest}
    row |= {name: dumps(getattr(entry, name)) for name in ("parameters", "result")}
    row["ledger"] = None if entry.ledger is None else dumps(entry.ledger)
    return row, {"digest": digest, "content": content}


def _restore(row: sa.RowMapping, attached: tuple[Attachment, ...]) -> Entry:
    return Entry(
        **{name: row[name] for name in _AS_THEY_ARE},
        parameters=loads(row["parameters"]),
        result=loads(row["result"]),
        ledger=None if row["ledger"] is None else loads(row["ledger"]),
        started=datetime.fromisoformat(row["started"]),
        origin=loads(row["content"]),
        attachments=attached,
    )


def _read_attachments(
    connection: sa.Connection, entry_id: str, has_files: bool
) -> tuple[Attachment, ...]:
    if not has_files:
        return ()
    query = sa.select(attachments.c.name, attachments.c.digest, files.c.data).outerjoin(files)
    rows = connection.execute(query.where(attachments.c.entry == entry_id)).all()
    found = tuple(Attachment(name, data) for name, _, data in rows)
    if [row.digest for row in rows] != [one.digest for one in found]:
        raise ValueError("a file is not what it was")
    return found
