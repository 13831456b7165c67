"""Entries for a reader: the report as a page, and what a notebook shows.

What people typed is escaped, and pictures are shown as pictures: nothing in them can run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from labkit.records import storage
from labkit.records.rows import count_entries, read_entries
from labkit.records.templates import is_given, show_exactly, template

if TYPE_CHECKING:
    import pandas as pd

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


def render_book(connection: sa.Connection, path: Path) -> str:
    """The newest entries of a book, as a notebook shows them."""
    table = storage.entries
    columns = table.c.started, table.c.question, table.c.error, table.c.id
    newest = sa.select(*columns).order_by(table.c.number.desc()).limit(_NEWEST)
    rows = connection.execute(newest).all()
    return template("book.html.j2").render(
        name=path.name, count=count_entries(connection), rows=rows
    )


def render_report(connection: sa.Connection, path: Path, runs: pd.DataFrame) -> Iterator[str]:
    """The page, part by part: each entry that is not of a sweep, the sweeps, all runs as tables."""
    single = runs[runs["point"].isna()]
    groups = runs[runs["point"].notna()].groupby("question", sort=False)
    first = single["entry"].head(_MOST_ENTRIES)
    corrected = runs.loc[runs["corrects"].notna(), ["corrects", "entry"]].to_numpy().tolist()
    entries = read_entries(connection, path, storage.entries.c.point.is_(None))
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


def _tabulate(question: str, runs: pd.DataFrame, *, also: str = "") -> Table:
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
