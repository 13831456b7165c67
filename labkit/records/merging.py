"""Other people's entries, checked before they come in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from labkit.records.connections import Connections
from labkit.records.rows import (
    INSERT_ENTRY,
    INSERT_FILE,
    INSERT_LINK,
    INSERT_ORIGIN,
    read_entries,
)
from labkit.records.storage import attachments, entries, files, origins

_AT_ONCE = 500
_IDS = sa.select(entries.c.id).order_by(entries.c.number)
_COLUMNS = [column for column in entries.c if column.name != "number"]


def merge_entries(target: Connections, other: Connections, other_path: Path) -> int:
    """Copies the entries of another book that are not in this one; returns how many.

    Raises:
        LabBookError: an entry is not what it was when it was recorded.
    """
    with target.reading() as connection:
        known = set(connection.scalars(_IDS))
    with other.reading(untouched=True) as source:
        fresh = [name for name in source.scalars(_IDS) if name not in known]
        for some in _portions(fresh):
            for _ in read_entries(source, other_path, entries.c.id.in_(some)):
                pass  # to read an entry is to check it
        if not fresh:
            return 0
        with target.writing() as connection:
            known = set(connection.scalars(_IDS))  # somebody may have merged the same meanwhile
            fresh = [name for name in fresh if name not in known]
            _copy(source, connection, fresh)
    return len(fresh)


def _copy(source: sa.Connection, target: sa.Connection, fresh: list[str]) -> None:
    """Copies rows that were checked in the same transaction of `source`."""
    for some in _portions(fresh):
        by_number = sa.select(*_COLUMNS).where(entries.c.id.in_(some)).order_by(entries.c.number)
        rows = _rows(source, by_number)
        needed = {row["origin"] for row in rows}
        origin_rows = sa.select(origins).where(origins.c.digest.in_(needed))
        target.execute(INSERT_ORIGIN, _rows(source, origin_rows))
        target.execute(INSERT_ENTRY, rows)
        links = _rows(source, sa.select(attachments).where(attachments.c.entry.in_(some)))
        for digest in {link["digest"] for link in links}:
            one_file = sa.select(files).where(files.c.digest == digest)
            target.execute(INSERT_FILE, _rows(source, one_file))
        if links:
            target.execute(INSERT_LINK, links)


def _portions(names: list[str]) -> Iterator[list[str]]:
    yield from (names[k : k + _AT_ONCE] for k in range(0, len(names), _AT_ONCE))


def _rows(connection: sa.Connection, query: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]
