"""`labkit runs`, `labkit export`, `labkit merge`: read a lab book, and join others to it."""

from __future__ import annotations

import warnings
from pathlib import Path

import click

from labkit.cli.options import book_option, open_book, read_filters


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
    from labkit.cli.tables import choose_columns, pick_columns, render

    filters = read_filters(conditions)
    try:
        frame = open_book(book).runs(**filters)
        names = [name.strip() for text in columns for name in text.split(",")]
        picked = pick_columns(frame, names) if names else frame
    except (KeyError, TypeError, ValueError) as error:
        raise click.ClickException(str(error.args[0] if error.args else error)) from error
    if as_csv:
        click.echo(picked.to_csv(index=False), nl=False)
    else:
        click.echo(render(picked if names else choose_columns(frame)))


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
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
@click.argument(
    "others",
    nargs=-1,
    required=True,
    metavar="OTHER...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@book_option
def merge(others: tuple[Path, ...], book: Path) -> None:
    """Take the entries of other lab books into this one.

    An entry that is there already is not taken twice; the others are left as they are.

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
