"""A class that runs a lesson in real Jupyter kernels: what it asks of the machine."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from run_notebooks import FOLDER, code_cells, read

from benchmarks.kernel_room import Room, Student, Watch
from labkit.course.registry import BY_NUMBER
from labkit.limits import check_count, memory_limit

MIB = 2**20


def busy_seconds() -> float:
    """CPU seconds that the machine has spent on anything since its start."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq + times.softirq


@dataclass(frozen=True)
class Load:
    """What a lesson asks of a machine.

    Attributes:
        lesson: its number.
        kernels: students.
        together: the most of them at once; fewer than `kernels` where memory forbids more.
        spread: seconds over which all would start.
        memory_mib: of those together at their peak, what they share counted once.
        resident_mib: the same, what they share counted for each.
        private_mib: of one kernel what it shares with none, at its peak; the median.
        picture: seconds to the first picture; the median.
        picture_worst: of the last to see it.
        picture_alone: of one that has the machine to itself.
        end: seconds to the end of the lesson; the median.
        end_worst: of the last.
        cpu_picture: CPU seconds of a student until the first picture; the median.
        cpu: CPU seconds of a student in all; the median.
        cpu_alone: CPU seconds of one that has the machine to itself.
        cpu_new: the same in a new account, in which nothing has been compiled yet.
        others: cores that other processes kept busy meanwhile.
    """

    lesson: str
    kernels: int
    together: int
    spread: float
    memory_mib: int
    resident_mib: int
    private_mib: int
    picture: float
    picture_worst: float
    picture_alone: float
    end: float
    end_worst: float
    cpu_picture: float
    cpu: float
    cpu_alone: float
    cpu_new: float
    others: float


@dataclass(frozen=True)
class Since:
    """A moment: the clock, CPU seconds of the whole machine, and of this process."""

    clock: float = field(default_factory=time.perf_counter)
    busy: float = field(default_factory=busy_seconds)
    ours: float = field(default_factory=time.process_time)

    def cores_of_others(self, students: float, now: Since) -> float:
        """Cores that others kept busy until now, if kernels took so many CPU seconds."""
        rest = now.busy - self.busy - (now.ours - self.ours) - students
        return max(0.0, rest / (now.clock - self.clock))


@dataclass(frozen=True, eq=False)
class Group:
    """Students who were there together.

    Attributes:
        students: what each took.
        watch: over the memory of their kernels.
        others: cores that other processes kept busy meanwhile.
    """

    students: Sequence[Student]
    watch: Watch
    others: float


def read_lesson(lesson: str) -> Any:
    """The notebook of a lesson, by its number."""
    return read(FOLDER / BY_NUMBER[lesson].notebook)


def check_fits(lesson: str) -> None:
    """Refuses a lesson of which not even two kernels fit; by the peak stored in its notebook.

    Raises:
        TooLargeError: before a kernel is started.
    """
    peak = read_lesson(lesson).metadata["labkit"]["peak_mib"] * MIB
    check_count("kernels", 2, bytes_each=peak, what=f"lesson {lesson}")


async def measure(lesson: str, kernels: int, spread: float) -> Load:
    """Runs a lesson in so many kernels that start evenly over `spread` seconds.

    One kernel runs it before in a new account, and one beside that with what is then compiled.
    Where memory forbids all at once they come in equal groups, at the same rate.
    """
    cells = [cell.source for cell in code_cells(read_lesson(lesson))]
    with tempfile.TemporaryDirectory(prefix="account-") as folder:
        new, alone, private = await try_out(cells, Path(folder))
        groups = [
            await run_group(cells, Path(folder), [k * spread / kernels for k in range(size)])
            for size in group_sizes(kernels, memory_limit() // private)
        ]
    return summarise(lesson, spread, groups, new=new, alone=alone)


async def try_out(cells: Sequence[str], caches: Path) -> tuple[Student, Student, int]:
    """A student in a new account, one after that, and the bytes that the second has alone."""
    async with AsyncExitStack() as kernels:
        room = Room(cells, caches, kernels)
        (new,), (alone,) = [await room.come([0]) for _ in range(2)]
        room.watch.sample()
    *_, private = room.watch.private.values()
    return new, alone, private


async def run_group(cells: Sequence[str], caches: Path, delays: Sequence[float]) -> Group:
    """Students that come each after so many seconds, and whose kernels stay for all of them."""
    since = Since()
    async with AsyncExitStack() as kernels:
        room = Room(cells, caches, kernels)
        students = await room.come(delays)
        others = since.cores_of_others(sum(student.cpu for student in students), Since())
        room.watch.sample()
    return Group(students, room.watch, others)


def group_sizes(kernels: int, fitting: int) -> list[int]:
    """The fewest groups of at most `fitting` kernels, the larger ones first: 5, 2 -> 2, 2, 1."""
    count = -(-kernels // max(fitting, 1))
    return [-(-(kernels - k) // count) for k in range(count)]


def summarise(
    lesson: str, spread: float, groups: Sequence[Group], *, new: Student, alone: Student
) -> Load:
    """Medians and worst over the students of all groups; the memory of the largest group."""
    students = [student for group in groups for student in group.students]
    watches = [group.watch for group in groups]
    private = statistics.median(most for watch in watches for most in watch.private.values())
    pictures, ends = ([getattr(s, name) for s in students] for name in ("picture", "end"))
    return Load(
        lesson=lesson,
        kernels=len(students),
        together=max(len(watch.private) for watch in watches),
        spread=spread,
        memory_mib=round(max(watch.together for watch in watches) / MIB),
        resident_mib=round(max(watch.resident for watch in watches) / MIB),
        private_mib=round(private / MIB),
        picture=round(statistics.median(pictures), 1),
        picture_worst=round(max(pictures), 1),
        picture_alone=round(alone.picture, 1),
        end=round(statistics.median(ends), 1),
        end_worst=round(max(ends), 1),
        cpu_picture=round(statistics.median(s.cpu_picture for s in students), 1),
        cpu=round(statistics.median(s.cpu for s in students), 1),
        cpu_alone=round(alone.cpu, 1),
        cpu_new=round(new.cpu, 1),
        others=round(max(group.others for group in groups), 1),
    )
