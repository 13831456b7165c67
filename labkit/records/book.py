"""The lab book itself: record, read, correct, merge, export."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.files import user_path
from labkit.limits import show_value
from labkit.provenance import describe_origin
from labkit.records.attachments import Arrays, Attachment, pack
from labkit.records.connections import Connections
from labkit.records.entries import Entry, check_seconds
from labkit.records.files import LabBookError, create_file, is_there
from labkit.records.storage import (
    count_entries,
    has_entry,
    insert_entry,
    merge_entries,
    read_entries,
    read_points,
)
from labkit.records.stored import StoredConnections, is_stored

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def default_path() -> Path:
    """`lab_book.sqlite` in the current folder, or what LABKIT_BOOK says."""
    return user_path(os.environ.get("LABKIT_BOOK") or "lab_book.sqlite")


class LabBook:
    """A lab book: one SQLite file, in which entries are added and never changed.

    Many processes may record into one book and read from it at the same time. The file must lie on
    a disk of this machine: network file systems do not lock well enough. While a book is open, its
    newest entries may lie in a second file, '-wal': `close` it before the file is copied. In a web
    page the browser keeps the file, whole after each entry.

    Args:
        path: of the file; it is made if there is none, its folder too.

    Raises:
        LabBookError: the file is no lab book, is damaged, or was made by a newer labkit.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"path={show_value(path)} is no path of a file")
        self.path = user_path(path).absolute()
        if is_stored(self.path):
            self._connections: Connections = StoredConnections(self.path)
            return
        if not is_there(self.path):
            create_file(self.path)
        self._connections = Connections(self.path.resolve())

    @classmethod
    def existing(cls, path: str | os.PathLike[str]) -> LabBook:
        """A book that is there already; a `LabBookError` if it is not."""
        if not is_there(user_path(path)):
            raise LabBookError(f"there is no lab book {path}")
        return cls(path)

    def record(
        self,
        question: str,
        hypothesis: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        seed: int | None = None,
        result: Mapping[str, Any] | None = None,
        ledger: Any = None,
        conclusion: str | None = None,
        attachments: Mapping[str, Any] | None = None,
        *,
        error: str | None = None,
        point: str | None = None,
        corrects: str | None = None,
        started: datetime | None = None,
        seconds: float | None = None,
    ) -> str:
        """Adds an entry; it is there as a whole or, if this raises, not at all.

        Args:
            question: what the run is to answer.
            hypothesis: what is expected.
            parameters: name -> number, text, list, or NumPy value.
            seed: 0 to 2^63 - 1.
            result: name -> value, as for the parameters.
            ledger: a `Ledger`, or name -> number.
            conclusion: what came of it.
            attachments: name -> matplotlib figure or axes, array, mapping of arrays, or bytes of a
                file whose name ends in .png, .svg or .npz.
            error: why there is no result.
            point: key of a point of a sweep. Of one point only one entry without an error is kept:
                where there is one, nothing is added.
            corrects: the id of an entry that this one corrects; that one stays.
            started: begin; by default `seconds` ago.
            seconds: duration; by default the ledger's.

        Returns:
            The entry's id; with `point`, the id of the entry that was there already.

        Raises:
            TypeError, ValueError: an argument is not of its kind or out of range.
            LabBookError: the file cannot be written to, or `corrects` is not in it.
        """
        if is_dataclass(ledger) and not isinstance(ledger, type):
            ledger = asdict(ledger)
        if seconds is None and isinstance(ledger, Mapping):
            seconds = ledger.get("seconds")
        seconds = check_seconds("seconds", seconds)
        if started is None:
            started = datetime.now(timezone.utc) - timedelta(seconds=seconds or 0)
        entry = Entry(
            question=question,
            hypothesis=hypothesis,
            parameters={} if parameters is None else parameters,
            seed=seed,
            result={} if result is None else result,
            ledger=ledger,
            conclusion=conclusion,
            error=error,
            point=point,
            corrects=corrects,
            started=started,
            seconds=seconds,
            origin=describe_origin(),
            attachments=pack({} if attachments is None else attachments),
        )
        with self._connections.writing() as connection:
            if corrects is not None and not has_entry(connection, corrects):
                raise LabBookError(f"lab book {self.path} has no entry {corrects!r} to correct")
            return insert_entry(connection, entry)

    def entry(self, entry_id: str) -> Entry:
        """One entry, with its attachments.

        Raises:
            LabBookError: there is no such entry, or it is not what was once recorded.
        """
        if not isinstance(entry_id, str):
            raise TypeError(f"entry_id={show_value(entry_id)} is no id of an entry")
        with self._connections.reading() as connection:
            for entry in read_entries(connection, self.path, "id = ?", (entry_id,)):
                return entry
        raise LabBookError(f"lab book {self.path} has no entry {show_value(entry_id)}")

    def arrays(self, entry_id: str, name: str) -> Arrays:
        """The arrays that were attached under a name; nothing is unpickled."""
        return self.attachment(entry_id, name if name.endswith(".npz") else f"{name}.npz").arrays()

    def attachment(self, entry_id: str, name: str) -> Attachment:
        """A file beside an entry.

        Raises:
            ValueError: there is none of this name.
        """
        found = {one.name: one for one in self.entry(entry_id).attachments}
        if name not in found:
            raise ValueError(f"name={name!r} is not attached (known: {', '.join(found) or 'none'})")
        return found[name]

    def figure(self, entry: str | Entry, name: str | None = None) -> Figure:
        """Draws the figure of an entry again: the picture attached, or else its history.

        Args:
            entry: the entry or its id.
            name: of the picture; by default the first.

        Raises:
            ValueError: it has neither a PNG picture nor an array 'history'.
        """
        from labkit.records.reports import draw_entry

        return draw_entry(entry if isinstance(entry, Entry) else self.entry(entry), name)

    def runs(self, **filters: Any) -> pd.DataFrame:
        """The entries as a table: a row for each in the order of recording, a column a variable.

        Args:
            **filters: a column = a value, or a list of values of which any will do; None finds
                what was not given. A bare name that is no column means a parameter:
                `runs(n_hidden=8)`, but `runs(**{"result.cost": 0})`.

        Returns:
            Columns entry, started, question, ..., then 'parameters.<name>', 'result.<name>',
            'ledger.<name>', 'versions.<package>', and the machine's. 'merged_from', the book that
            an entry came from, is there once a book was merged into this one.

        Raises:
            TypeError: a value cannot be compared.
        """
        from labkit.records.tables import find_runs  # pandas is slow to load

        with self._connections.reading() as connection:
            return find_runs(connection, self.path, filters)

    def points(self, *, finished: bool = True) -> set[str]:
        """Keys of sweep points that have an entry without an error; or those that have none."""
        with self._connections.reading() as connection:
            return read_points(connection, finished=finished)

    def export(self, path: str | os.PathLike[str]) -> list[Path]:
        """Writes the book for others: a page that opens without a network, CSV, Parquet.

        Args:
            path: a file in .html, .csv or .parquet, or a folder for one of each; without pyarrow
                it has no Parquet, and a warning says so.

        Returns:
            The files written.

        Raises:
            FileExistsError, ValueError: there is such a file, or it has another ending.
            LabBookError: an entry is not what was once recorded, or there is no room.
        """
        from labkit.records.reports import export_book

        with self._connections.reading() as connection:
            return export_book(connection, self.path, user_path(path))

    def merge(self, other_path: str | os.PathLike[str]) -> int:
        """Adds the entries of another book that are not in this one; all of them, or none.

        Each keeps the name of the book that it came from first, as 'ada/lab_book.sqlite': see the
        column 'merged_from' of `runs`.

        Args:
            other_path: of a book, which is only read.

        Returns:
            How many were added.

        Raises:
            LabBookError: the other is no lab book, or an entry is not what was once recorded.
        """
        other = LabBook.existing(other_path)
        return merge_entries(self._connections, other._connections, other.path)

    def close(self) -> None:
        """Closes the file, so that all entries are in it; the next use opens it again."""
        self._connections.close()

    def __len__(self) -> int:
        """Number of entries."""
        with self._connections.reading() as connection:
            return count_entries(connection)

    def __repr__(self) -> str:
        return f"LabBook({str(self.path)!r})"

    def _repr_html_(self) -> str:
        from labkit.records.reports import render_book

        with self._connections.reading() as connection:
            return render_book(connection, self.path)

    def __reduce__(self) -> tuple[type[LabBook], tuple[Path]]:
        return LabBook, (self.path,)
