"""A class as real Jupyter kernels, one a student: what it waits for, computes and holds."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from bench import ONE_THREAD
from jupyter_client.manager import start_new_async_kernel
from run_notebooks import FOLDER, code_cells, read

from labkit.course.registry import BY_NUMBER
from labkit.limits import check_count, memory_limit

MIB = 2**20
_NOT_A_STUDENTS = {
    *("PYTHONDONTWRITEBYTECODE", "LABKIT_BOOK", "LABKIT_KEEP_VERDICTS"),
    *ONE_THREAD,
}
_PATIENCE = 600  # seconds for a kernel to start
_SHARE_WATCHING = 0.05  # of a core, at most


@dataclass(frozen=True)
class Student:
    """What one student waits for, and what the kernel computes.

    Attributes:
        picture: seconds from the kernel's start to the lesson's first picture.
        end: seconds to the end of the last cell.
        cpu_picture: CPU seconds until the first picture.
        cpu: CPU seconds until the end.
    """

    picture: float
    end: float
    cpu_picture: float
    cpu: float


@dataclass(frozen=True)
class Load:
    """What a lesson asks of a machine.

    Attributes:
        lesson: its number.
        kernels: students.
        together: the most of them at once; fewer than `kernels` where memory forbids more.
        spread: seconds over which all would start.
        memory_mib: of those together at their peak, what they share counted once.
        private_mib: of one kernel what it shares with none, at its peak; the median.
        picture: seconds to the first picture; the median.
        picture_worst: of the last to see it.
        picture_alone: of one that has the machine to itself.
        end: seconds to the end of the lesson; the median.
        end_worst: of the last.
        cpu_picture: CPU seconds of a student until the first picture; the median.
        cpu: CPU seconds of a student in all; the median.
        cpu_new: CPU seconds in a new account, in which nothing has been compiled yet.
    """

    lesson: str
    kernels: int
    together: int
    spread: float
    memory_mib: int
    private_mib: int
    picture: float
    picture_worst: float
    picture_alone: float
    end: float
    end_worst: float
    cpu_picture: float
    cpu: float
    cpu_new: float


@dataclass(eq=False)
class Watch:
    """Reads the memory of kernels while they run.

    Attributes:
        private: bytes of each process that it shares with none, at their peak.
        together: bytes of all, shared ones counted once, at their peak.
    """

    private: dict[psutil.Process, int] = field(default_factory=dict)
    together: int = 0

    def sample(self) -> None:
        """Reads once."""
        together = 0
        for process, most in [*self.private.items()]:
            memory = process.memory_full_info()
            self.private[process] = max(most, memory.uss)
            together += memory.pss
        self.together = max(self.together, together)

    async def keep_on(self) -> None:
        """Reads until it is cancelled, so seldom that the class does not feel it."""
        while True:
            start = time.perf_counter()
            await asyncio.to_thread(self.sample)
            took = time.perf_counter() - start
            await asyncio.sleep(max(0.5, took / _SHARE_WATCHING))


@dataclass(eq=False)
class Room:
    """Kernels that stay when their lesson is done, as a student's does while its page is open.

    Attributes:
        cells: the code of the lesson.
        caches: a folder for what is made once in an account: compiled loops, the list of fonts.
        kernels: to be shut down.
        watch: over their memory.
    """

    cells: Sequence[str]
    caches: Path
    kernels: AsyncExitStack
    watch: Watch = field(default_factory=Watch)

    async def attend(self, delay: float = 0) -> Student:
        """A student comes after so many seconds and runs the lesson from top to bottom.

        Raises:
            RuntimeError: a cell raised.
        """
        await asyncio.sleep(delay)
        start = time.perf_counter()
        client, process = await self.kernels.enter_async_context(open_kernel(self.caches))
        self.watch.private[process] = 0
        first: list[float] = []

        def look(message: Mapping[str, Any]) -> None:
            if not first and is_picture(message):
                first.extend([time.perf_counter() - start, cpu_seconds(process)])

        for cell in self.cells:
            reply = await client.execute_interactive(cell, allow_stdin=False, output_hook=look)
            if (content := reply["content"])["status"] != "ok":
                raise RuntimeError(f"{content.get('ename')}: {content.get('evalue')}")
        picture, cpu_picture = first
        return Student(picture, time.perf_counter() - start, cpu_picture, cpu_seconds(process))


def is_picture(message: Mapping[str, Any]) -> bool:
    """Whether a kernel's message shows a picture."""
    data = message["content"].get("data", {})
    return "image/png" in data or "<img" in data.get("text/html", "")


def cpu_seconds(process: psutil.Process) -> float:
    """CPU seconds of a process since its start, with those of its children that have ended."""
    return sum(process.cpu_times()[:4])


@asynccontextmanager
async def open_room(cells: Sequence[str], caches: Path) -> AsyncIterator[Room]:
    """A room for a lesson, watched until its kernels are shut down."""
    async with AsyncExitStack() as kernels:
        room = Room(cells, caches, kernels)
        watching = asyncio.create_task(room.watch.keep_on())
        try:
            yield room
        finally:
            watching.cancel()


@asynccontextmanager
async def open_kernel(caches: Path) -> AsyncIterator[tuple[Any, psutil.Process]]:
    """A kernel with a home of its own, in the environment that a reader has."""
    with tempfile.TemporaryDirectory(prefix="student-") as home:
        environment = {name: v for name, v in os.environ.items() if name not in _NOT_A_STUDENTS}
        environment |= dict.fromkeys(("NUMBA_CACHE_DIR", "MPLCONFIGDIR"), str(caches))
        environment |= {"IPYTHONDIR": home}
        manager, client = await start_new_async_kernel(
            startup_timeout=_PATIENCE,
            kernel_name="python3",
            cwd=home,
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield client, psutil.Process(manager.provisioner.pid)
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)


def check_fits(lesson: str) -> None:
    """Refuses a lesson of which not even two kernels fit; by the peak stored in its notebook.

    Raises:
        TooLargeError: before a kernel is started.
    """
    peak = read(FOLDER / BY_NUMBER[lesson].notebook).metadata["labkit"]["peak_mib"] * MIB
    check_count("kernels", 2, bytes_each=peak, what=f"lesson {lesson}")


async def measure(lesson: str, kernels: int, spread: float) -> Load:
    """Runs a lesson in so many kernels that start evenly over `spread` seconds.

    One kernel runs it before in a new account, and one beside that with what is then compiled.
    Where memory forbids all at once they come in equal groups, at the same rate.
    """
    notebook = read(FOLDER / BY_NUMBER[lesson].notebook)
    cells = [cell.source for cell in code_cells(notebook)]
    with tempfile.TemporaryDirectory(prefix="account-") as folder:
        async with open_room(cells, Path(folder)) as room:
            new, alone = [await room.attend() for _ in range(2)]
            room.watch.sample()
        private = max([*room.watch.private.values()][-1], 1)
        sizes = group_sizes(kernels, memory_limit() // private)
        students, watches = [], []
        for size in sizes:
            async with open_room(cells, Path(folder)) as room:
                delays = [k * spread / kernels for k in range(size)]
                students += await asyncio.gather(*map(room.attend, delays))
                room.watch.sample()
            watches.append(room.watch)
    return summarise(lesson, spread, students, watches, new=new, alone=alone)


def group_sizes(kernels: int, fitting: int) -> list[int]:
    """The fewest groups of at most `fitting` kernels, the larger ones first: 5, 2 -> 2, 2, 1."""
    count = -(-kernels // max(fitting, 1))
    return [-(-(kernels - k) // count) for k in range(count)]


def summarise(
    lesson: str,
    spread: float,
    students: Sequence[Student],
    watches: Sequence[Watch],
    *,
    new: Student,
    alone: Student,
) -> Load:
    """Medians and worst over the students of all groups; the memory of the largest group."""
    private = statistics.median(b for watch in watches for b in watch.private.values())
    pictures, ends = ([getattr(s, name) for s in students] for name in ("picture", "end"))
    return Load(
        lesson=lesson,
        kernels=len(students),
        together=max(len(watch.private) for watch in watches),
        spread=spread,
        memory_mib=round(max(watch.together for watch in watches) / MIB),
        private_mib=round(private / MIB),
        picture=round(statistics.median(pictures), 1),
        picture_worst=round(max(pictures), 1),
        picture_alone=round(alone.picture, 1),
        end=round(statistics.median(ends), 1),
        end_worst=round(max(ends), 1),
        cpu_picture=round(statistics.median(s.cpu_picture for s in students), 1),
        cpu=round(statistics.median(s.cpu for s in students), 1),
        cpu_new=round(new.cpu, 1),
    )
