"""`labkit grade`: run what students handed in, and say which exercises are right."""

from __future__ import annotations

import csv
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import click

from labkit.cli.books import UserPath
from labkit.cli.handing_in import unpacked
from labkit.cli.points import count_points, points_in_lines, student_of, write_points
from labkit.cli.submissions import STATUSES, Grade, end_kernels, find_notebooks, grade_notebook
from labkit.course.checking import all_exercises
from labkit.files import as_text
from labkit.limits import core_limit, memory_limit, printable

_INSTALL = "labkit grade needs nbclient and nbformat: python -m pip install nbclient nbformat"
_NAMED = 5  # files named in a line
_KERNEL_BYTES = 3 * 2**29

Notebook = tuple[Path, str]


@click.command()
@click.argument("folder", type=UserPath(exists=True, file_okay=False))
@click.option(
    "--csv",
    "csv_file",
    type=UserPath(dir_okay=False),
    help="Write the grades to this file too, with the reason of each; it must not exist yet.",
)
@click.option(
    "--points",
    "points_file",
    type=UserPath(dir_okay=False),
    help="Write a table of points to this file, a row for each student and a column for each "
    "exercise, as CSV; it must not exist yet.",
)
@click.option(
    "--timeout",
    type=click.IntRange(min=1),
    default=120,
    show_default=True,
    help="Seconds for one cell; after three cells that take longer, a notebook is given up.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Students whose notebooks are run at the same time; by default as many as cores, with "
    "1.5 GiB of memory for each.",
)
def grade(
    folder: Path, csv_file: Path | None, points_file: Path | None, timeout: int, jobs: int | None
) -> None:
    """Run the notebooks in FOLDER again, and tell right, wrong and not attempted exercises apart.

    A stored verdict is not believed: each notebook is run in a fresh kernel, in its own folder, and
    what it gives to check is judged by labkit. A file that cannot be read, or that checks nothing,
    has a row that says so. The files stay as they are. Zips, as labkit hand-in makes them, are
    unpacked elsewhere. A student is a folder or a zip in FOLDER, or a notebook that lies in it.

    A notebook is a program and runs with your rights: it may read your files and use the network.
    Grade what strangers wrote in a container. Nor is a student found out who sets out to deceive
    the check.

    \b
    Example:
      labkit grade handed_in
      labkit grade handed_in --points points.csv --csv grades.csv
    """  # noqa: D301
    _check_nbclient()
    for file in (csv_file, points_file):
        if file is not None:
            check_target(file)
    grades: list[Grade] = []
    with unpacked(folder) as zips:
        by_student = _find_all(folder, zips)
        _name_others(folder, zips)
        if not by_student:
            raise click.ClickException(f"{folder} holds no notebook (*.ipynb)")
        try:
            for judged in judge_students(by_student, timeout=timeout, jobs=jobs or default_jobs()):
                grades += judged
            if csv_file is not None:
                write_csv(grades, csv_file)
            if points_file is not None:
                write_points(count_points(grades), points_file)
        finally:  # what was judged is shown, whatever came then
            click.echo("\n".join([*table_of(grades), "", *points_in_lines(count_points(grades))]))
    for file in (csv_file, points_file):
        if file is not None:
            click.echo(f"written to {file}")


def default_jobs() -> int:
    """As many as cores that can be used, with memory for a kernel of the largest lesson each."""
    return max(1, min(core_limit(), int(memory_limit() // _KERNEL_BYTES)))


def _find_all(folder: Path, zips: Mapping[Path, Path]) -> dict[str, list[Notebook]]:
    """Student -> the student's notebooks, each a path and a name, in order."""
    found = [(path, path.relative_to(folder).as_posix()) for path in find_notebooks(folder)]
    for packed, inside in zips.items():
        name = packed.relative_to(folder).with_suffix("").as_posix()
        for path in find_notebooks(inside):
            found.append((path, f"{name}/{path.relative_to(inside).as_posix()}"))
    by_student: dict[str, list[Notebook]] = {}
    for path, name in sorted(found, key=lambda one: one[1]):
        by_student.setdefault(student_of(name), []).append((path, name))
    return by_student


def judge_students(
    by_student: Mapping[str, Sequence[Notebook]], *, timeout: int, jobs: int
) -> Iterator[list[Grade]]:
    """The grades of each student, in order; the notebooks of one student run one after another.

    If it ends before its last student, the kernels that run are ended too.
    """
    all_exercises()  # loads all lessons, once: threads would wait for one another
    ended = threading.Event()

    def judge(notebooks: Sequence[Notebook]) -> list[Grade]:
        grades: list[Grade] = []
        for path, name in notebooks:
            if ended.is_set():
                break
            click.echo(f"running {printable(name)}", err=True)
            grades += grade_notebook(path, name, timeout=timeout)
        return grades

    pool = ThreadPoolExecutor(jobs)
    waiting = [pool.submit(judge, notebooks) for notebooks in by_student.values()]
    try:
        for each in waiting:
            yield each.result()
    finally:
        ended.set()
        pool.shutdown(wait=False, cancel_futures=True)
        while not all(each.done() for each in waiting):
            end_kernels()
            wait(waiting, timeout=1)


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


def _name_others(folder: Path, zips: Mapping[Path, Path]) -> None:
    """Says which files are no notebooks, so that nothing handed in is passed over in silence."""
    paths = (path for path in sorted(folder.rglob("*")) if path not in zips and path.is_file())
    files = (path.relative_to(folder) for path in paths)
    others = [
        printable(file.as_posix())
        for file in files
        if file.suffix.lower() not in (".ipynb", ".sqlite")
        and not any(p.startswith(".") for p in file.parts)
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
