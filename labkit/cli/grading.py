"""`labkit grade`: run what students handed in, and say which exercises are right."""

from __future__ import annotations

import csv
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from labkit.cli.books import UserPath
from labkit.cli.submissions import STATUSES, Grade, find_notebooks, grade_notebook
from labkit.files import as_text
from labkit.limits import printable

_INSTALL = "labkit grade needs nbclient and nbformat: python -m pip install nbclient nbformat"
_NAMED = 5  # files named in a line


@click.command()
@click.argument("folder", type=UserPath(exists=True, file_okay=False))
@click.option(
    "--csv",
    "csv_file",
    type=UserPath(dir_okay=False),
    help="Write the grades to this file too, with the reason of each; it must not exist yet.",
)
@click.option(
    "--timeout",
    type=click.IntRange(min=1),
    default=120,
    show_default=True,
    help="Seconds for one cell; after three cells that take longer, a notebook is given up.",
)
def grade(folder: Path, csv_file: Path | None, timeout: int) -> None:
    """Run the notebooks in FOLDER again, and tell right, wrong and not attempted exercises apart.

    A stored verdict is not believed: each notebook is run in a fresh kernel, in its own folder, and
    what it gives to check is judged by labkit. A file that cannot be read, or that checks nothing,
    has a row that says so. The files stay as they are.

    A notebook is a program and runs with your rights: it may read your files and use the network.
    Grade what strangers wrote in a container. Nor is a student found out who sets out to deceive
    the check.

    \b
    Example:
      labkit grade handed_in
      labkit grade handed_in --csv grades.csv
    """  # noqa: D301
    _check_nbclient()
    if csv_file is not None:
        check_target(csv_file)
    notebooks = find_notebooks(folder)
    _name_others(folder)
    if not notebooks:
        raise click.ClickException(f"{folder} holds no notebook (*.ipynb)")
    grades: list[Grade] = []
    try:
        for path in notebooks:
            name = path.relative_to(folder).as_posix()
            click.echo(f"running {printable(name)}", err=True)
            grades += grade_notebook(path, name, timeout=timeout)
        if csv_file is not None:
            write_csv(grades, csv_file)
    finally:  # what was judged is shown, whatever came then
        click.echo("\n".join(table_of(grades)))
    if csv_file is not None:
        click.echo(f"written to {csv_file}")


def table_of(grades: Sequence[Grade]) -> list[str]:
    """A line for each exercise, then one for each notebook, then one for all."""
    files = {grade.file: printable(grade.file) for grade in grades}
    width = max(map(len, files.values()), default=0)
    told = (f"{files[g.file]:{width}}  {printable(g.exercise):8}  {g.status}" for g in grades)
    totals = [
        f"{shown:{width}}  {sum(g.status == 'right' for g in of)} of {len(of)} right"
        for file, shown in files.items()
        if (of := [g for g in grades if g.file == file])
    ]
    counts = Counter(grade.status for grade in grades)
    said = ", ".join(f"{counts[status]} {status}" for status in STATUSES)
    return [*map(str.rstrip, told), "", *totals, "", f"{len(files)} notebooks: {said}"]


def write_csv(grades: Iterable[Grade], file: Path) -> None:
    """One row for each exercise; what a spreadsheet would take for a formula is marked as text.

    The file is there as a whole, or not at all.
    """
    from labkit.records.files import new_file

    with new_file(file) as draft, draft.open("x", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(["file", "exercise", "status", "message"])
        for g in grades:
            writer.writerow(map(as_text, (g.file, g.exercise, g.status, g.message)))


def _name_others(folder: Path) -> None:
    """Says which files are no notebooks, so that nothing handed in is passed over in silence."""
    files = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    others = [
        printable(file.as_posix())
        for file in files
        if file.suffix.lower() != ".ipynb" and not any(p.startswith(".") for p in file.parts)
    ]
    if others:
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        click.echo(f"left out, not *.ipynb: {', '.join(others[:_NAMED])}{more}", err=True)


def check_target(file: Path) -> None:
    """Refuses a file that could not be written, before hours are spent on it."""
    if os.path.lexists(file):
        raise click.ClickException(f"{file} exists already; it is not overwritten")
    try:
        with tempfile.TemporaryFile(dir=file.parent):
            pass
    except OSError as error:
        why = f"its folder {file.parent}: {error.strerror}"
        raise click.ClickException(f"{file} cannot be written: {why}") from None


def _check_nbclient() -> None:
    try:
        import nbclient  # noqa: F401
        import nbformat  # noqa: F401
    except ImportError as error:
        raise click.ClickException(_INSTALL) from error
