"""What goes wrong with the file of a lab book, and how it is said."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

#: Seconds that a writer waits for another.
PATIENCE = 60
_EXPLAINED = {
    "full": "the disk is full; nothing was written",
    "I/O error": "the disk is full or fails; nothing was written",
    "unable to open": "cannot be opened: its folder is read-only, or the disk is full",
    "readonly": "is read-only",
    "read-only": "is read-only",
    "malformed": "is damaged",
    "not a database": "is damaged",
    "no such": "is damaged: a table is not as it should be",
    "never changed": "what is in it is never changed",
    "locked": f"was locked by another program for {PATIENCE} seconds",
    "too big": "holds at most 1 GB an entry; nothing was written",
}


class LabBookError(Exception):
    """A lab book cannot be read or written; the message names the file and says why."""


@contextmanager
def explained(path: str | os.PathLike[str]) -> Iterator[None]:
    """Errors of SQLite as a `LabBookError` in one line."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        text = " ".join(str(getattr(error, "orig", error)).split())
        why = next((why for sign, why in _EXPLAINED.items() if sign in text), f"failed: {text}")
        raise LabBookError(f"lab book {path}: {why}") from None
    except UnicodeDecodeError:
        raise LabBookError(f"lab book {path}: is damaged") from None
