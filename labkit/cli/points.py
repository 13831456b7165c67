"""Points of a class: a row for each student, a column for each exercise."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath

from labkit.cli.submissions import STATUSES, Grade
from labkit.files import as_text
from labkit.limits import printable

_SIGNS = dict(zip(STATUSES, "10.-", strict=True))


@dataclass(frozen=True)
class Points:
    """What a class handed in.

    Attributes:
        exercises: names of the columns, in order.
        rows: student -> exercise -> the best status of it; exercises of no hand-in are missing.
    """

    exercises: tuple[str, ...]
    rows: dict[str, dict[str, str]]

    def total(self, student: str) -> int:
        """A point for each exercise that is right."""
        return sum(status == "right" for status in self.rows[student].values())


def student_of(file: str) -> str:
    """Whose a file is: of the folder that it lies in, or of its own name.

    >>> student_of("ada/week 1/00_welcome.ipynb"), student_of("ben.ipynb")
    ('ada', 'ben')
    """
    path = PurePosixPath(file)
    return path.parts[0] if len(path.parts) > 1 else path.stem


def count_points(grades: Sequence[Grade]) -> Points:
    """Of several verdicts on one exercise of a student the best counts."""
    rows: dict[str, dict[str, str]] = {student_of(grade.file): {} for grade in grades}
    for grade in grades:
        if grade.exercise:
            row = rows[student_of(grade.file)]
            known = row.get(grade.exercise, grade.status)
            row[grade.exercise] = min(known, grade.status, key=STATUSES.index)
    exercises = sorted({exercise for row in rows.values() for exercise in row})
    return Points(tuple(exercises), dict(sorted(rows.items())))


def points_in_lines(points: Points) -> Iterator[str]:
    """A row for each student, a character for each exercise, under the lessons' numbers."""
    width = max((len(printable(student)) for student in [*points.rows, "student"]), default=0)
    lessons = {n: [*names] for n, names in groupby(points.exercises, lambda e: e.split("-")[0])}
    wide = {n: max(len(names), len(n)) for n, names in lessons.items()}
    head = " ".join(f"{printable(n):{wide[n]}}" for n in lessons)
    yield f"{'student':{width}}  points  {head}".rstrip()
    for student, row in points.rows.items():
        signs = (
            "".join(_SIGNS.get(row.get(name, ""), " ") for name in names).ljust(wide[n])
            for n, names in lessons.items()
        )
        yield f"{printable(student):{width}}  {points.total(student):6}  {' '.join(signs)}".rstrip()
    yield "1 right, 0 wrong, . not attempted, - did not run"


def write_points(points: Points, file: Path) -> None:
    """CSV: student, points, then 1 or 0 for each exercise, '' where it was not attempted.

    The file is there as a whole, or not at all.
    """
    from labkit.records.files import new_file

    shown = {"right": "1", "wrong": "0", "did not run": "0"}
    with new_file(file) as draft, draft.open("x", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(["student", "points", *map(as_text, points.exercises)])
        for student, row in points.rows.items():
            cells = (shown.get(row.get(name, ""), "") for name in points.exercises)
            writer.writerow([as_text(student), points.total(student), *cells])
