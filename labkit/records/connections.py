"""Connections to a lab book: one writer at a time, readers that are not blocked, and no traces."""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from labkit.records.errors import LabBookError, explained
from labkit.records.opening import (
    check_file,
    connect,
    connect_untouched,
    file_state,
    identity,
    why_read_only,
)

_SETTLE_AFTER = 0.2  # seconds


class Connections:
    """The connections of one process to a lab book that was checked.

    Args:
        path: of the file.

    Raises:
        LabBookError: it is no lab book, is damaged, or was made by a newer labkit.
    """

    def __init__(self, path: Path) -> None:
        check_file(path)
        self.path = path
        self._process, self.file, self._settled = os.getpid(), identity(path), 0.0
        self._shared = _engine(
            partial(connect, path, "mode=rw"), poolclass=sa.pool.QueuePool, max_overflow=-1
        )
        self._untouched = _engine(partial(connect_untouched, path), poolclass=sa.pool.NullPool)
        _opened.add(self)
        weakref.finalize(self, self._shared.dispose)

    @contextmanager
    def reading(self, *, untouched: bool = False) -> Iterator[sa.Connection]:
        """The book as it is at this moment, whatever is recorded meanwhile.

        Args:
            untouched: change nothing in the folder either; so it is in any case where the file is
                read-only.
        """
        self._check()
        connected = self._connect(untouched)
        with explained(self.path), _held(connected) as connection, connection.begin():
            before = file_state(self.path) if connection.engine is self._untouched else None
            yield connection
            # what was read without a lock was whole only if nobody wrote
            if before and not before[1] and file_state(self.path) != before:
                raise LabBookError(f"lab book {self.path} was written to while it was read; retry")

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """What its body writes is in the book as a whole or, if it raises, not at all.

        Raises:
            LabBookError: it cannot be written to.
        """
        self._check()
        if why := why_read_only(self.path):
            raise LabBookError(f"lab book {self.path} {why}")
        options = self._shared.execution_options(writes=True)
        with explained(self.path), _held(options.connect()) as connection:
            with connection.begin():
                yield connection
            self._settle(connection)

    @property
    def in_use(self) -> bool:
        """Whether a thread reads or writes at this moment."""
        return self._shared.pool.checkedout() > 0  # type: ignore[attr-defined]

    def close(self) -> None:
        """Closes what is open and idle; the next use opens it again."""
        self._shared.dispose()

    def _connect(self, untouched: bool) -> sa.Connection:
        if not untouched and why_read_only(self.path) is None:
            with suppress(sa.exc.OperationalError):  # where the disk is full, one can still read
                return self._shared.connect()
        return self._untouched.connect()

    def _settle(self, connection: sa.Connection) -> None:
        """Moves what is new into the file proper, so that a copy of it alone has nearly all."""
        if time.monotonic() - self._settled < _SETTLE_AFTER:
            return
        with suppress(sqlite3.Error):  # the entry is safe in any case
            connection.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._settled = time.monotonic()

    def _check(self) -> None:
        if os.getpid() != self._process:  # the locks of a pool are not inherited in a known state
            self._shared.dispose(close=False)
            self._process = os.getpid()
        if identity(self.path) in _held_at_fork:
            raise LabBookError(
                f"lab book {self.path} was in use by a thread when this process was forked from "
                "another; start processes by 'spawn'"
            )
        if not self.path.exists() or identity(self.path) != self.file:
            raise LabBookError(f"lab book {self.path} was removed or replaced since it was opened")


@contextmanager
def _held(connection: sa.Connection) -> Iterator[sa.Connection]:
    """Closes it afterwards for good if its pool was given up meanwhile, as a fork does."""
    pool = connection.engine.pool
    with connection:
        try:
            yield connection
        finally:
            if connection.engine.pool is not pool:
                connection.detach()


def _engine(creator: Any, **options: Any) -> sa.Engine:
    engine = sa.create_engine("sqlite://", creator=creator, **options)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        # a transaction that reads first and then waits to write could not go on
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


_opened: weakref.WeakSet[Connections] = weakref.WeakSet()
_busy: set[tuple[int, int] | None] = set()
_held_at_fork: set[tuple[int, int] | None] = set()


def _before_fork() -> None:
    # SQLite believes a forked process to have the locks that its parent has
    _busy.clear()
    for one in [*_opened]:
        if one.in_use:
            _busy.add(one.file)
        one.close()


def _after_fork() -> None:
    _held_at_fork.update(_busy)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
