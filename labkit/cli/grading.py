"""`labkit grade`: run what students handed in, and say which exercises are right."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from labkit.cli.submissions import STATUSES, Grade, find_notebooks, grade_notebook
from labkit.limits import printable

_INSTALL = "labkit grade needs nbclient and nbformat: python -m pip install nbclient nbformat"
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, path_type=Path),
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
    each answer is passed to labkit's check. The files stay as they are.

    A notebook is a program and runs with your rights: it may read your files and use the network.
    Grade what strangers wrote in a container. Nor is a student found out who sets out to deceive
    the check.

    \b
    Example:
      labkit grade handed_in
      labkit grade handed_in --csv grades.csv
    """  # noqa: D301
    _check_nbclient()
    if csv_file is not None and csv_file.exists():
        raise click.ClickException(f"{csv_file} exists already; it is not overwritten")
    notebooks = find_notebooks(folder)
    if not notebooks:
        raise click.ClickException(f"{folder} holds no notebook (*.ipynb)")
    grades: list[Grade] = []
    for path in notebooks:
        name = path.relative_to(folder).as_posix()
        click.echo(f"running {printable(name)}", err=True)
        grades += grade_notebook(path, name, timeout=timeout)
    click.echo("\n".join(table_of(grades)))
    if csv_file is not None:
        write_csv(grades, csv_file)
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
    """One row for each exercise; what a spreadsheet would take for a formula is marked as text."""
    with file.open("x", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(["file", "exercise", "status", "message"])
        for g in grades:
            writer.writerow(map(_as_text, (g.file, g.exercise, g.status, g.message)))


def _check_nbclient() -> None:
    try:
        import nbclient  # noqa: F401
        import nbformat  # noqa: F401
    except ImportError as error:
        raise click.ClickException(_INSTALL) from error


def _as_text(value: str) -> str:
    return f"'{value}" if value.startswith(_STARTS_FORMULA) else value
