"""A lab book as files for others: a page, CSV, Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from labkit.records.errors import LabBookError
from labkit.records.new_files import new_file
from labkit.records.pages import render_report
from labkit.records.plain import dumps, to_plain
from labkit.records.queries import find_runs
from labkit.records.templates import is_given

if TYPE_CHECKING:
    import pandas as pd

_FOLDER = {"html": "report.html", "csv": "runs.csv", "parquet": "runs.parquet"}


def export_book(connection: sa.Connection, book: Path, path: Path) -> list[Path]:
    """Writes the files of `LabBook.export`.

    Raises:
        FileExistsError: there is such a file.
        ValueError: the suffix is not .html, .csv or .parquet.
        LabBookError: a file cannot be written.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind and kind not in _FOLDER:
        raise ValueError(
            f"path={str(path)!r} ends in .{kind} (limit: .html, .csv, .parquet, or a folder)"
        )
    targets = {kind: path} if kind else {k: path / name for k, name in _FOLDER.items()}
    for target in targets.values():
        if target.exists():
            raise FileExistsError(f"{target} is there already; it was left as it is")
    runs = find_runs(connection, book, {})
    with ExitStack() as drafts:
        for kind, target in targets.items():
            drafts.enter_context(_complaints(target))
            draft = drafts.enter_context(new_file(target))
            with draft.open("wb") as stream:
                stream.writelines(_render(kind, connection, book, runs))
    return [*targets.values()]


@contextmanager
def _complaints(target: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        if target.exists():
            raise FileExistsError(f"{target} is there already; it was left as it is") from None
        raise LabBookError(f"{target} cannot be written: {error.strerror}") from None
    except OSError as error:
        raise LabBookError(f"{target} cannot be written: {error.strerror or error}") from None


def _render(
    kind: str, connection: sa.Connection, book: Path, runs: pd.DataFrame
) -> Iterator[bytes]:
    if kind == "html":
        for part in render_report(connection, book, runs):
            yield part.encode()
        return
    uniform = runs.apply(lambda column: column.map(_as_text) if _is_mixed(column) else column)
    if kind == "csv":
        yield uniform.to_csv(index=False).encode()
        return
    stream = io.BytesIO()
    uniform.to_parquet(stream, index=False)
    yield stream.getvalue()


def _is_mixed(column: pd.Series[Any]) -> bool:
    """Whether Arrow would not know the type of a column."""
    return column.dtype == object and not {type(v) for v in column if is_given(v)} <= {str}


def _as_text(value: Any) -> str | None:
    if isinstance(value, str) or not is_given(value):
        return value if isinstance(value, str) else None
    return dumps(to_plain("value", value))
