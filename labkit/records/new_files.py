"""Files that appear as a whole or not at all, and never in place of another."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A draft beside `path`, which takes that name once its body is done.

    Raises:
        FileExistsError: meanwhile there is such a file; it is left as it is.
        OSError: the folder, or the draft, cannot be written.
    """
    draft = path.with_name(f".{path.name[:99]}.{os.urandom(4).hex()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        _rename(draft, path)
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            Path(f"{draft}{ending}").unlink(missing_ok=True)


def _rename(draft: Path, path: Path) -> None:
    if sys.platform == "win32":  # where no file is replaced by another
        draft.rename(path)
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError(f"{path} is there already") from None
        draft.rename(path)
