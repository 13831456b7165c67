"""Whose book an entry came from: kept beside entries that were merged, which stay as they are.

The table is made by the first merge, so that a book that was never merged into, or by an earlier
labkit, is as it was, and an earlier labkit reads what is here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from labkit.limits import show_value

_CREATE = (
    "CREATE TABLE IF NOT EXISTS sources ("
    "entry TEXT NOT NULL PRIMARY KEY REFERENCES entries (id), book TEXT NOT NULL)",
    *(
        f"CREATE TRIGGER IF NOT EXISTS no_{action.lower()}_of_sources BEFORE {action} ON sources "
        "BEGIN SELECT RAISE(ABORT, 'what is in a lab book is never changed'); END"
        for action in ("UPDATE", "DELETE")
    ),
)
_LONGEST = 200  # characters


def name_of_book(path: Path) -> str:
    """The name of a book: its folder and file, since many are called lab_book.sqlite."""
    name = "/".join(path.absolute().parts[-2:])[-_LONGEST:]
    return name.encode("utf-8", "replace").decode()


def has_sources(connection: sqlite3.Connection) -> bool:
    """Whether a book was merged into."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sources'"
    return connection.execute(query).fetchone() is not None


def read_sources(connection: sqlite3.Connection) -> dict[str, str]:
    """Entry -> the name of the book that it came from; entries of the book itself have none.

    Raises:
        ValueError: a name is no text, or too long.
    """
    if not has_sources(connection):
        return {}
    found = dict(connection.execute("SELECT entry, book FROM sources"))
    for name in found.values():
        if not isinstance(name, str) or len(name) > _LONGEST:
            raise ValueError(f"book={show_value(name)} is no name (limit: {_LONGEST} characters)")
    return found


def keep_sources(
    connection: sqlite3.Connection, entries: Iterable[str], known: Mapping[str, str], name: str
) -> None:
    """Notes where entries came from: from the book they had come from before, or from `name`."""
    for statement in _CREATE:
        connection.execute(statement)
    rows = ((entry, known.get(entry, name)) for entry in entries)
    connection.executemany("INSERT INTO sources VALUES (?, ?)", rows)
