"""Connections to a lab book: one writer at a time, readers that are not blocked, and no traces."""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from labkit.records.files import (
    LabBookError,
    check_file,
    connected_untouched,
    explained,
    file_state,
    identity,
    open_connection,
    why_read_only,
)

_SETTLE_AFTER = 0.2  # seconds
_MOST_IDLE = 5


class Connections:
    """The connections of one process to a lab book that was checked.

    A thread has a connection for itself while it reads or writes; afterwards the connection is
    idle, and the next takes it. What threads share is only touched by operations that are whole,
    so that no lock can be found locked after a fork.

    Args:
        path: of the file.

    Attributes:
        idle: connections that nobody uses.
        users: one for each thread that reads or writes at this moment.

    Raises:
        LabBookError: it is no lab book, is damaged, or was made by a newer labkit.
    """

    def __init__(self, path: Path) -> None:
        check_file(path)
        self.path, self.file = path, identity(path)
        self.idle: list[sqlite3.Connection] = []
        self.users: set[object] = set()
        self._times_closed, self._settled = 0, 0.0
        _opened.add(self)
        weakref.finalize(self, _close_idle, self.idle)

    @contextmanager
    def reading(self, *, untouched: bool = False) -> Iterator[sqlite3.Connection]:
        """The book as it is at this moment, whatever is recorded meanwhile.

        Args:
            untouched: change nothing in the folder either; so it is in any case where the file is
                read-only.
        """
        self._check()
        with explained(self.path), ExitStack() as stack:
            connection = self._enter_reader(stack, untouched)
            with _transaction(connection, "BEGIN"):
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """What its body writes is in the book as a whole or, if it raises, not at all.

        Raises:
            LabBookError: it cannot be written to.
        """
        self._check()
        if why := why_read_only(self.path):
            raise LabBookError(f"lab book {self.path} {why}")
        with explained(self.path), self._shared() as connection:
            # a transaction that reads first and then waits to write could not go on
            with _transaction(connection, "BEGIN IMMEDIATE"):
                yield connection
            self._settle(connection)

    def close(self) -> None:
        """Closes what is idle, and what is in use as soon as it is not; the next use opens anew."""
        self._times_closed += 1
        _close_idle(self.idle)

    def _enter_reader(self, stack: ExitStack, untouched: bool) -> sqlite3.Connection:
        if not untouched and why_read_only(self.path) is None:
            with suppress(sqlite3.OperationalError):  # where the disk is full, one can still read
                return stack.enter_context(self._shared())
        return stack.enter_context(self._untouched())

    @contextmanager
    def _shared(self) -> Iterator[sqlite3.Connection]:
        """An idle connection, or a new one; idle again after the body, or closed."""
        user, times_closed = object(), self._times_closed
        self.users.add(user)
        try:
            try:
                connection = self.idle.pop()
            except IndexError:
                connection = open_connection(self.path, "mode=rw")
            try:
                yield connection
            finally:
                if connection.in_transaction:  # it could not be rolled back
                    connection.close()
                else:
                    self.idle.append(connection)
                was_closed = times_closed != self._times_closed
                _close_idle(self.idle, keep=0 if was_closed else _MOST_IDLE)
        finally:
            self.users.discard(user)

    @contextmanager
    def _untouched(self) -> Iterator[sqlite3.Connection]:
        before = file_state(self.path)
        with connected_untouched(self.path) as connection:
            yield connection
        # what was read without a lock was whole only if nobody wrote
        if not before[1] and file_state(self.path) != before:
            raise LabBookError(f"lab book {self.path} was written to while it was read; retry")

    def _settle(self, connection: sqlite3.Connection) -> None:
        """Moves what is new into the file proper, so that a copy of it alone has nearly all."""
        if time.monotonic() - self._settled < _SETTLE_AFTER:
            return
        with suppress(sqlite3.Error):  # the entry is safe in any case
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._settled = time.monotonic()

    def _check(self) -> None:
        if identity(self.path) in _held_at_fork:
            raise LabBookError(
                f"lab book {self.path} was in use by a thread when this process was forked from "
                "another; start processes by 'spawn'"
            )
        if not self.path.exists() or identity(self.path) != self.file:
            raise LabBookError(f"lab book {self.path} was removed or replaced since it was opened")


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _close_idle(idle: list[sqlite3.Connection], *, keep: int = 0) -> None:
    with suppress(IndexError):  # another thread may have taken the last
        while len(idle) > keep:
            idle.pop().close()


_opened: weakref.WeakSet[Connections] = weakref.WeakSet()
_busy: set[tuple[int, int] | None] = set()
_held_at_fork: set[tuple[int, int] | None] = set()
_parents: list[sqlite3.Connection] = []


def _before_fork() -> None:
    # SQLite believes a forked process to have the locks that its parent has
    _busy.clear()
    for one in [*_opened]:
        if one.users:
            _busy.add(one.file)
        one.close()


def _after_fork() -> None:
    _held_at_fork.update(_busy)
    for one in [*_opened]:  # to close what is the parent's would harm the parent
        _parents.extend(one.idle)
        one.idle.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
