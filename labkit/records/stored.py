"""Lab books of a web page: SQLite works on a copy in memory, the browser's storage keeps the file.

JupyterLite shows the storage as the folder /drive. It writes files whole and locks none, so SQLite
cannot work there. Each entry is put there at once; what another page has put meanwhile is taken in
first. Two pages that record within the same tenth of a second may each put a file without the
other's entry: the next entry of either brings it in, as long as its page is open.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from labkit.platforms import IN_BROWSER
from labkit.records.connections import Connections
from labkit.records.files import create_file, explained
from labkit.records.storage import merge_entries

#: What the browser keeps between visits, and where SQLite works meanwhile.
STORAGE = Path("/drive")
MEMORY = Path("/home/pyodide/lab_books")


def is_stored(path: Path) -> bool:
    """Whether a file lies where a browser keeps files."""
    return IN_BROWSER and STORAGE in path.parents


class StoredConnections(Connections):
    """Connections to a book in the browser's storage.

    Args:
        stored: the file; it is made if there is none.

    Raises:
        LabBookError: it is no lab book, is damaged, or was made by a newer labkit.
    """

    def __init__(self, stored: Path) -> None:
        self.stored = stored
        self._seen: bytes | None = None
        working = MEMORY / stored.relative_to(STORAGE)
        if not working.exists():
            self._begin(working)
        super().__init__(working)
        self._exchange()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """As ever; then the storage has it too."""
        with super().writing() as connection:
            yield connection
        self._exchange(is_new=True)

    def _begin(self, working: Path) -> None:
        working.parent.mkdir(parents=True, exist_ok=True)
        if not self.stored.exists():
            create_file(working)
            return
        working.write_bytes(self.stored.read_bytes())
        try:
            Connections(working)
        except BaseException:
            working.unlink()  # the stored one is left as it is
            raise

    def _exchange(self, *, is_new: bool = False) -> None:
        """Takes in what another page has put into the storage, and puts there what it lacks."""
        data = self.stored.read_bytes() if self.stored.exists() else None
        if data is not None and data != self._seen:
            self._take_in(data)
        if is_new or data is None:
            self._seen = self._whole()
            self.stored.write_bytes(self._seen)
        else:
            self._seen = data

    def _take_in(self, data: bytes) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            other = Path(scratch) / self.stored.name
            other.write_bytes(data)
            merge_entries(Connections(self.path), Connections(other), other, is_the_same=True)

    def _whole(self) -> bytes:
        """The book as one file."""
        with tempfile.TemporaryDirectory() as scratch, explained(self.path):
            copy = Path(scratch) / "copy.sqlite"
            with self.reading() as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
            return copy.read_bytes()
