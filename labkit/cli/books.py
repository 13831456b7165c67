"""`labkit runs`, `labkit export`, `labkit merge`: read a lab book, and join others to it."""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from labkit.files import user_path
from labkit.limits import printable, show_value

if TYPE_CHECKING:
    import pandas as pd

    from labkit.records import LabBook


class UserPath(click.Path):
    """A path in which `~` is home, whether or not a shell has seen to it."""

    def __init__(self, **limits: bool) -> None:
        super().__init__(path_type=Path, **limits)

    def convert(self, value: Any, *context: Any) -> Any:
        """The path, if it is within the limits."""
        return super().convert(user_path(value), *context)


existing_file = UserPath(exists=True, dir_okay=False)
book_option = click.option(
    "--book",
    type=UserPath(dir_okay=False),
    default="lab_book.sqlite",
    envvar="LABKIT_BOOK",
    show_default=True,
    show_envvar=True,
    help="The lab book: one SQLite file.",
)
_ROWS = 40
_CELL = 32  # characters
_GAP = 2  # characters between columns
_GROUPS = ("parameters.", "result.", "ledger.")
_ENTRY = 8  # characters: --columns entry shows all


def open_book(path: Path) -> LabBook:
    """A lab book that is there, or a `LabBookError`."""
    from labkit.records import LabBook

    return LabBook.existing(path)


@click.command()
@book_option
@click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="NAME=VALUE",
    help="Only these runs; NAME is a column, or a parameter by its bare name. Several names must "
    "all hold; of one name given twice, either.",
)
@click.option(
    "--columns",
    multiple=True,
    metavar="NAME",
    help="Show these columns, by name or by bare name; may be given several times, or as "
    "NAME,NAME.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Write all of it as CSV, nothing cut off.")
def runs(book: Path, conditions: tuple[str, ...], columns: tuple[str, ...], as_csv: bool) -> None:
    """Show the runs in the lab book, one row each, in the order in which they were recorded.

    The table is as wide as the terminal: without --columns it shows what differs between the runs
    and what came out.

    \b
    Example:
      labkit runs
      labkit runs --where n_hidden=8 --where selector=grover_search
      labkit runs --columns n_hidden,restarts,regret
      labkit runs --csv > runs.csv
    """  # noqa: D301
    from labkit.records import read_filters

    try:
        filters = read_filters(conditions)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--where") from error
    try:
        frame = open_book(book).runs(**filters)
        names = [name.strip() for text in columns for name in text.split(",")]
        picked = pick_columns(frame, names) if names else frame
    except (KeyError, TypeError, ValueError) as error:
        raise click.ClickException(str(error.args[0] if error.args else error)) from error
    if as_csv:
        write_csv(picked)
    else:
        click.echo(render(picked if names else choose_columns(frame)))


def write_csv(frame: pd.DataFrame) -> None:
    """Writes a table to standard output as CSV, in UTF-8 whatever the encoding of a pipe."""
    from labkit.records.tables import to_csv

    text = to_csv(frame)
    click.echo(text if sys.stdout.isatty() else text.encode(), nl=False)


def pick_columns(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The columns of these names; a bare name stands for a parameter, result or ledger entry."""
    return frame[[_full_name(frame, name) for name in names]]


def _full_name(frame: pd.DataFrame, name: str) -> str:
    for candidate in (name, *(group + name for group in _GROUPS)):
        if candidate in frame:
            return candidate
    known = ", ".join(str(column) for column in frame if not str(column).startswith("versions."))
    raise ValueError(f"column {show_value(name)} is unknown (known: {known})")


def choose_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """What differs between the runs, what came out, and what went wrong, if anything did."""
    questions = ["question"] if frame["question"].nunique() > 1 else []
    given = [name for name in frame if name.startswith("parameters.")]
    varied = [name for name in given if len(set(map(show_value, frame[name]))) > 1]
    results = [name for name in frame if name.startswith("result.")]
    books = ["merged_from"] if "merged_from" in frame else []
    chosen = ["entry", *books, "seed", *questions, *varied, "error", *results, "seconds"]
    short = frame.assign(entry=frame["entry"].str[:_ENTRY])
    return short[[name for name in chosen if frame[name].notna().any()]]


def render(frame: pd.DataFrame) -> str:
    """A table as wide as the terminal at most, of its last rows, and what was left out of it."""
    if frame.empty:
        return "no runs"
    rows, width = frame.tail(_ROWS), shutil.get_terminal_size((100, 24)).columns
    columns = [_cells(column) for _, column in rows.items()]
    ends = np.cumsum([len(cells[0]) + _GAP for cells in columns]) - _GAP
    shown = max(int((ends <= width).sum()), 1)
    lines = [(" " * _GAP).join(line).rstrip() for line in zip(*columns[:shown], strict=True)]
    left_out = []
    if len(rows) < len(frame):
        left_out.append(f"the first {len(frame) - len(rows)} of {len(frame)} runs (--csv has all)")
    if shown < len(columns):
        left_out.append(f"{len(columns) - shown} columns (--columns picks)")
    return "\n".join([*lines, *([f"not shown: {' and '.join(left_out)}"] if left_out else [])])


def _cells(column: pd.Series[Any]) -> list[str]:
    """A heading and cells of one width, numbers to the right."""
    heading = str(column.name)
    for group in _GROUPS:
        heading = heading.removeprefix(group)
    texts = [heading, *map(_text, column.astype(object).where(column.notna(), ""))]
    side = ">" if column.dtype.kind in "iufb" else "<"
    return [f"{text:{side}{max(map(len, texts))}}" for text in texts]


def _text(value: Any) -> str:
    """A value in a cell, in one line."""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = printable("".join(str(value).splitlines()[:1]))
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"


@click.command()
@click.argument("path", type=UserPath())
@book_option
def export(path: Path, book: Path) -> None:
    """Write the lab book to PATH: .html, .csv or .parquet, or else a folder with all three.

    The HTML page holds its figures and opens without a network. Nothing is overwritten. Parquet
    needs pyarrow; without it the folder has the others.

    \b
    Example:
      labkit export report.html
      labkit export report
    """  # noqa: D301
    try:
        with warnings.catch_warnings(record=True) as left_out:
            warnings.simplefilter("always", UserWarning)
            written = open_book(book).export(path)
    except (TypeError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for each in written:
        click.echo(each)
    for warning in left_out:
        click.echo(f"labkit: {warning.message}", err=True)


@click.command()
@click.argument("others", nargs=-1, required=True, metavar="OTHER...", type=existing_file)
@book_option
def merge(others: tuple[Path, ...], book: Path) -> None:
    """Take the entries of other lab books into this one.

    An entry that is there already is not taken twice; the others are left as they are. Whose book
    an entry came from is kept beside it: the column merged_from of labkit runs.

    \b
    Example:
      labkit merge ada.sqlite ben.sqlite --book class.sqlite
    """  # noqa: D301
    from labkit.records import LabBook

    into = LabBook(book)
    for other in others:
        try:
            count = into.merge(other)
        except (TypeError, ValueError) as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"{other}: {count} new {'entry' if count == 1 else 'entries'}")
