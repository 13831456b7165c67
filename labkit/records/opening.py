"""How the file of a lab book is opened: it is checked first, and reading leaves no traces."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from labkit.records.errors import PATIENCE, LabBookError, explained
from labkit.records.storage import APPLICATION_ID, SCHEMA, metadata

_ATTEMPTS = 50


def is_there(path: Path) -> bool:
    """Whether there is such a file.

    Raises:
        LabBookError: it is a folder, or lies where one may not look.
    """
    try:
        if path.is_dir():
            raise LabBookError(f"lab book {path} is a folder; name a file")
        return path.exists()
    except OSError as error:
        raise LabBookError(f"lab book {path} cannot be read: {error.strerror}") from None


def check_file(path: Path) -> None:
    """Refuses a file that is no lab book, or one of a newer kind; it is only read.

    Raises:
        LabBookError: it is empty, cut short, not of SQLite, not of labkit, or newer.
    """
    for attempt in range(_ATTEMPTS):
        before = file_state(path)
        try:
            _check_once(path)
        except LabBookError:  # is it so, or did somebody write just then?
            if before == file_state(path) or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.01)
        else:
            return


def why_read_only(path: Path) -> str | None:
    """Why nobody may write; None if somebody may. The bits count for an administrator too."""
    for place, what in ((path, "is read-only"), (path.parent, "lies in a read-only folder")):
        bits = place.stat().st_mode & 0o222 or (sys.platform == "win32" and place.is_dir())
        if not bits or not os.access(place, os.W_OK):
            return what
    return None


def _check_once(path: Path) -> None:
    # the file is read through SQLite: to open and close it here would drop the locks of this
    # process (https://www.sqlite.org/howtocorrupt.html, 2.2)
    try:
        nbytes = path.stat().st_size
        readable = os.access(path, os.R_OK)
    except OSError as error:
        raise LabBookError(f"lab book {path} cannot be read: {error.strerror}") from None
    if not readable:
        raise LabBookError(f"lab book {path} cannot be read: Permission denied")
    if not nbytes:
        raise LabBookError(f"{path} is empty, so no lab book; it was left as it is")
    with explained(path):
        try:
            with closing(connect_untouched(path)) as connection:
                application, version, full_size, tables = _read_header(connection)
        except sqlite3.DatabaseError as error:
            if "not a database" not in str(error):
                raise
            raise LabBookError(
                f"{path} is no SQLite file, so no lab book; it was left as it is"
            ) from None
    if application != APPLICATION_ID:
        raise LabBookError(f"{path} is a database of another program; it was left as it is")
    if version > SCHEMA:
        raise LabBookError(
            f"lab book {path} was made by a newer labkit (schema {version}; limit: {SCHEMA})"
        )
    if nbytes < full_size and not file_state(path)[1]:
        raise LabBookError(f"lab book {path} is damaged: its end is missing")
    if missing := metadata.tables.keys() - tables:
        raise LabBookError(f"lab book {path} is damaged: it has no table {min(missing)}")


def _read_header(connection: sqlite3.Connection) -> tuple[int, int, int, set[str]]:
    application, version, count, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "page_count", "page_size")
    )
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return application, version, count * size, {name for (name,) in tables}


class _OnCopy(sqlite3.Connection):
    """A connection to a copy, which goes when it is closed."""

    folder: tempfile.TemporaryDirectory[str]

    def close(self) -> None:
        super().close()
        self.folder.cleanup()


def connect_untouched(path: Path) -> sqlite3.Connection:
    """Reads a book without a change to it or its folder, and what is not yet in the file proper."""
    if not file_state(path)[1]:
        return connect(path, "mode=ro&immutable=1")
    if Path(f"{path}-shm").exists():
        return connect(path, "mode=ro")
    # nobody has it open, and SQLite would have to make a file beside it
    folder = tempfile.TemporaryDirectory(prefix="lab_book_", ignore_cleanup_errors=True)
    copy = Path(folder.name) / "copy.sqlite"
    for ending in ("", "-wal"):
        shutil.copyfile(f"{path}{ending}", f"{copy}{ending}")
    connection = connect(copy, "mode=rw", factory=_OnCopy)
    assert isinstance(connection, _OnCopy)
    connection.folder = folder
    return connection


def connect(path: Path, mode: str, **options: Any) -> sqlite3.Connection:
    """A connection that does not trust what is in the file; `mode` as in SQLite's URIs."""
    quoted = quote_from_bytes(os.fsencode(path))
    connection = sqlite3.connect(
        f"file:{quoted}?{mode}", uri=True, timeout=PATIENCE, check_same_thread=False, **options
    )
    try:
        connection.isolation_level = None  # transactions begin as Connections says
        connection.execute("PRAGMA synchronous = NORMAL")
        # a file from anybody: https://www.sqlite.org/security.html
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def identity(path: Path) -> tuple[int, int] | None:
    """What stays the same while a file is only written to; None if there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def file_state(path: Path) -> tuple[tuple[int, int] | None, int]:
    """Size and time of the file; size of what is beside it."""
    sizes = []
    for name in (path, Path(f"{path}-wal")):
        try:
            found = name.stat()
            sizes.append((found.st_size, found.st_mtime_ns))
        except OSError:
            sizes.append((0, 0))
    return sizes[0], sizes[1][0]
