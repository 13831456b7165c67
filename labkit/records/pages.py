"""Entries for a reader: the report as a page, and what a notebook shows.

What people typed is escaped, and pictures are shown as pictures: nothing in them can run.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from labkit.records import storage
from labkit.records.attachments import MEDIA_TYPES, Attachment
from labkit.records.plain import dumps, to_plain
from labkit.records.rows import count_entries, read_entries

if TYPE_CHECKING:
    import jinja2
    import pandas as pd

    from labkit.records.entries import Entry

_MOST_ENTRIES = 1000
_MOST_ROWS = 1000
_MOST_ERRORS = 50
_NEWEST = 5
_LEFT_OUT = {
    "entry",
    "question",
    "hypothesis",
    "conclusion",
    "error",
    "point",
    "corrects",
    "commit",
}
_LEFT_OUT_GROUPS = ("versions.", "machine.")


@dataclass(frozen=True, eq=False)
class Table:
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


def render_entry(entry: Entry) -> str:
    """An entry as a notebook shows it."""
    return _template("entry.html.j2").module.show(entry, None)  # type: ignore[attr-defined]


def render_book(connection: sa.Connection, path: Path) -> str:
    """The newest entries of a book, as a notebook shows them."""
    table = storage.entries
    columns = table.c.started, table.c.question, table.c.error, table.c.id
    newest = sa.select(*columns).order_by(table.c.number.desc()).limit(_NEWEST)
    rows = connection.execute(newest).all()
    return _template("book.html.j2").render(
        name=path.name, count=count_entries(connection), rows=rows
    )


def render_report(connection: sa.Connection, path: Path, runs: pd.DataFrame) -> Iterator[str]:
    """The page, part by part: each entry that is not of a sweep, the sweeps, all runs as tables."""
    single = runs[runs["point"].isna()]
    groups = runs[runs["point"].notna()].groupby("question", sort=False)
    first = single["entry"].head(_MOST_ENTRIES)
    corrected = runs.loc[runs["corrects"].notna(), ["corrects", "entry"]].to_numpy().tolist()
    entries = read_entries(connection, path, storage.entries.c.point.is_(None))
    yield from _template("report.html.j2").generate(
        name=path.name,
        runs=runs,
        index=[*zip(first, single["question"], single["error"].notna(), strict=False)],
        entries=(entry for entry, _ in zip(entries, first, strict=False)),
        n_unlisted=len(single) - len(first),
        corrected=dict(corrected),
        single=_tabulate("", single, also="question") if len(single) > 1 else None,
        sweeps=[_tabulate(question, group) for question, group in groups],
    )


def _tabulate(question: str, runs: pd.DataFrame, *, also: str = "") -> Table:
    names = [
        name
        for name in runs.columns
        if (name == also or name not in _LEFT_OUT)
        and not name.startswith(_LEFT_OUT_GROUPS)
        and any(map(is_given, runs[name]))
    ]
    texts = {name: {_show_exactly(value) for value in runs[name]} for name in names}
    fixed = [name for name in names if len(texts[name]) == 1 and len(runs) > 1]
    columns = [name for name in names if name not in fixed]
    has_failed = runs["error"].notna().tolist()
    shown = runs[columns].head(_MOST_ROWS)
    rows = zip(has_failed, zip(*(shown[name] for name in columns), strict=True), strict=False)
    return Table(
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


def is_given(value: Any) -> bool:
    """Whether a cell of a table holds anything."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return False
    return not (isinstance(value, float) and math.isnan(value))


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("labkit.records", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"text": _show, "exact": _show_exactly, "source": _data_uri}
    environment.tests["number"] = lambda value: (
        isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    )
    return environment


def _template(name: str) -> jinja2.Template:
    return _environment().get_template(name)


def _data_uri(attachment: Attachment) -> str:
    data = base64.b64encode(attachment.data).decode()
    return f"data:{MEDIA_TYPES[attachment.kind]};base64,{data}"


def _show(value: Any) -> str:
    """A value for a reader, rounded."""
    return f"{value:.6g}" if isinstance(value, float) and is_given(value) else _show_exactly(value)


def _show_exactly(value: Any) -> str:
    if not is_given(value):
        return "NaN" if isinstance(value, float) else ""
    if isinstance(value, float):
        return repr(float(value))
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d %H:%M:%S"))
    return value if isinstance(value, str) else dumps(to_plain("value", value))
