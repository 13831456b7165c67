"""Entries for a reader: a page, CSV and Parquet; what a notebook shows; figures, drawn again.

What people typed is escaped, and pictures are shown as pictures: nothing in them can run.
"""

from __future__ import annotations

import io
import sqlite3
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.limits import check_count, show_value
from labkit.records.entries import Entry
from labkit.records.files import LabBookError, new_file
from labkit.records.storage import count_entries, read_entries
from labkit.records.templates import is_given, show_exactly, template
from labkit.records.values import dumps, to_plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_MOST_ENTRIES = 1000
_MOST_ROWS = 1000
_MOST_ERRORS = 50
_NEWEST = 5
_NO_PARQUET = "Parquet needs pyarrow (pip install pyarrow)"
_LEFT_OUT = {
    *("entry", "question", "hypothesis", "conclusion", "error", "point", "corrects", "commit"),
}
_LEFT_OUT_GROUPS = ("versions.", "machine.")
_FOLDER = {"html": "report.html", "csv": "runs.csv", "parquet": "runs.parquet"}
_DPI = 150
_BYTES_A_PIXEL = 32


def export_book(connection: sqlite3.Connection, book: Path, path: Path) -> list[Path]:
    """Writes the files of `LabBook.export`.

    Raises:
        FileExistsError: there is such a file.
        ValueError: the suffix is not .html, .csv or .parquet.
        LabBookError: a file cannot be written, or Parquet is asked for and there is no pyarrow.
    """
    from labkit.records.tables import find_runs  # pandas is slow to load

    kind = path.suffix.removeprefix(".").lower()
    if kind and kind not in _FOLDER:
        raise ValueError(
            f"path={str(path)!r} ends in .{kind} (limit: .html, .csv, .parquet, or a folder)"
        )
    targets = {kind: path} if kind else {k: path / name for k, name in _FOLDER.items()}
    if "parquet" in targets and not find_spec("pyarrow"):
        if kind:
            raise LabBookError(f"{path} cannot be written: {_NO_PARQUET}")
        warnings.warn(f"{targets.pop('parquet')} is left out: {_NO_PARQUET}", stacklevel=3)
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


def render_book(connection: sqlite3.Connection, path: Path) -> str:
    """The newest entries of a book, as a notebook shows them."""
    rows = connection.execute(
        f"SELECT started, question, error, id FROM entries ORDER BY number DESC LIMIT {_NEWEST}"
    ).fetchall()
    return template("book.html.j2").render(
        name=path.name, count=count_entries(connection), rows=rows
    )


def draw_entry(entry: Entry, name: str | None = None) -> Figure:
    """The picture attached, or the best cost so far of the array 'history'.

    Raises:
        ValueError: there is no such picture, and no such array, or it is not what its name says.
        TooLargeError: the picture does not fit in memory.
    """
    pictures = {one.name: one.data for one in entry.attachments if one.kind == "png"}
    if name is not None:
        name = name if name in pictures else f"{name}.png"
        if name not in pictures:
            raise ValueError(
                f"name={name!r} is no PNG beside it (known: {', '.join(pictures) or 'none'})"
            )
    if pictures:
        name = name or min(pictures)
        return _draw_picture(name, pictures[name])
    for one in entry.attachments:
        if one.kind == "npz" and "history" in (arrays := one.arrays()):
            return _draw_history(arrays["history"])
    raise ValueError(f"entry {entry.id} has no PNG picture and no array 'history'")


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
    kind: str, connection: sqlite3.Connection, book: Path, runs: pd.DataFrame
) -> Iterator[bytes]:
    if kind == "html":
        for part in _render_report(connection, book, runs):
            yield part.encode()
        return
    uniform = runs.apply(lambda column: column.map(_as_text) if _is_mixed(column) else column)
    if kind == "csv":
        from labkit.records.tables import to_csv

        yield to_csv(uniform).encode()
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


@dataclass(frozen=True, eq=False)
class ReportTable:
    """Runs that belong together.

    Attributes:
        question: that they are to answer.
        count: how many there are.
        failed: how many failed.
        errors: how many failed so, by error.
        common: what is the same in all, by column.
        columns: names of what differs.
        rows: values of what differs, and whether the run failed.
        left_out: how many rows are not listed.
    """

    question: str
    count: int
    failed: int
    errors: Mapping[str, int]
    common: Mapping[str, Any]
    columns: list[str]
    rows: list[tuple[bool, list[Any]]]
    left_out: int


def _render_report(connection: sqlite3.Connection, path: Path, runs: pd.DataFrame) -> Iterator[str]:
    """The page, part by part: each entry that is not of a sweep, the sweeps, all runs as tables."""
    single = runs[runs["point"].isna()]
    groups = runs[runs["point"].notna()].groupby("question", sort=False)
    first = single["entry"].head(_MOST_ENTRIES)
    corrected = runs.loc[runs["corrects"].notna(), ["corrects", "entry"]].to_numpy().tolist()
    entries = read_entries(connection, path, "point IS NULL")
    yield from template("report.html.j2").generate(
        name=path.name,
        runs=runs,
        index=[*zip(first, single["question"], single["error"].notna(), strict=False)],
        entries=(entry for entry, _ in zip(entries, first, strict=False)),
        n_unlisted=len(single) - len(first),
        corrected=dict(corrected),
        single=_tabulate("", single, also="question") if len(single) > 1 else None,
        sweeps=[_tabulate(question, group) for question, group in groups],
    )


def _tabulate(question: str, runs: pd.DataFrame, *, also: str = "") -> ReportTable:
    names = [
        name
        for name in runs.columns
        if (name == also or name not in _LEFT_OUT)
        and not name.startswith(_LEFT_OUT_GROUPS)
        and any(map(is_given, runs[name]))
    ]
    texts = {name: {show_exactly(value) for value in runs[name]} for name in names}
    fixed = [name for name in names if len(texts[name]) == 1 and len(runs) > 1]
    columns = [name for name in names if name not in fixed]
    has_failed = runs["error"].notna().tolist()
    shown = runs[columns].head(_MOST_ROWS)
    rows = zip(has_failed, zip(*(shown[name] for name in columns), strict=True), strict=False)
    return ReportTable(
        question=question,
        count=len(runs),
        failed=sum(has_failed),
        errors=runs["error"].value_counts().head(_MOST_ERRORS).to_dict(),
        common={name: runs[name].iloc[0] for name in fixed},
        columns=columns,
        # a number that is missing is NaN to pandas, and no result
        rows=[
            (failed, [v if is_given(v) or not (failed or also) else None for v in values])
            for failed, values in rows
        ],
        left_out=max(0, len(runs) - _MOST_ROWS),
    )


def _draw_picture(name: str, data: bytes) -> Figure:
    from matplotlib.figure import Figure

    pixels = _read_picture(name, data)
    height, width = pixels.shape[:2]
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.imshow(pixels)
    ax.set_axis_off()
    return figure


def _read_picture(name: str, data: bytes) -> npt.NDArray[Any]:
    from matplotlib.image import imread

    if len(data) >= 24:  # what the picture says of its size, before it is unpacked
        width, height = struct.unpack(">II", data[16:24])
        check_count("pixels", width * height, bytes_each=_BYTES_A_PIXEL, what=name)
    try:
        return imread(io.BytesIO(data))
    except Exception as error:  # a picture from anybody breaks in many ways
        raise ValueError(f"name={name!r} is no PNG picture: {show_value(str(error))}") from None


def _draw_history(history: npt.NDArray[Any]) -> Figure:
    from matplotlib.figure import Figure

    if history.dtype.kind not in "biuf":
        raise ValueError(f"the array 'history' holds {history.dtype} (limit: numbers)")
    costs = history.ravel()
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    ax = figure.subplots()
    ax.step(np.arange(1, len(costs) + 1), np.fmin.accumulate(costs), where="post")
    ax.set(xlabel="cost queries", ylabel="lowest cost so far")
    return figure
