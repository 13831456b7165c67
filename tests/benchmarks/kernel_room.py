"""Students' Jupyter kernels that stay open together, watched: what each waits for and holds."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import psutil
from bench import ONE_THREAD
from jupyter_client.manager import AsyncKernelManager

_NOT_A_STUDENTS = {
    *("PYTHONDONTWRITEBYTECODE", "LABKIT_BOOK", "LABKIT_KEEP_VERDICTS"),
    *ONE_THREAD,
}
_PATIENCE = 600  # seconds for a kernel to start, and for a cell
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


@dataclass(eq=False)
class Watch:
    """Reads the memory of kernels while they run.

    Attributes:
        private: bytes of each process that it shares with none, at their peak.
        together: bytes of all, shared ones counted once, at their peak.
        resident: bytes of all, shared ones counted for each, at their peak.
    """

    private: dict[psutil.Process, int] = field(default_factory=dict)
    together: int = 0
    resident: int = 0

    def sample(self) -> None:
        """Reads once.

        Raises:
            psutil.NoSuchProcess: one has ended.
        """
        read = {process: process.memory_full_info() for process in [*self.private]}
        for process, memory in read.items():
            if not memory.pss:  # as of one that has ended, while nobody has asked how
                raise psutil.NoSuchProcess(process.pid)
            self.private[process] = max(self.private[process], memory.uss)
        self.together = max(self.together, sum(memory.pss for memory in read.values()))
        self.resident = max(self.resident, sum(memory.rss for memory in read.values()))

    async def keep_on(self) -> NoReturn:
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

    async def come(self, delays: Sequence[float]) -> list[Student]:
        """Students come, each after so many seconds, and are watched until all are through.

        Raises:
            RuntimeError: a cell raised.
            psutil.NoSuchProcess: a kernel died.
        """
        watching = asyncio.create_task(self.watch.keep_on())
        students = asyncio.gather(*map(self.attend, delays))
        try:
            await asyncio.wait([students, watching], return_when=asyncio.FIRST_COMPLETED)
            return await (watching if watching.done() else students)
        finally:
            watching.cancel()
            students.cancel()
            await asyncio.gather(watching, students, return_exceptions=True)

    async def attend(self, delay: float) -> Student:
        """A student comes after so many seconds and runs the lesson from top to bottom."""
        await asyncio.sleep(delay)
        start = time.perf_counter()
        client, process = await self.kernels.enter_async_context(open_kernel(self.caches))
        self.watch.private[process] = 0
        first: list[float] = []

        def look(message: Mapping[str, Any]) -> None:
            if not first and is_picture(message):
                first.extend([time.perf_counter() - start, cpu_seconds(process)])

        for cell in self.cells:
            reply = await client.execute_interactive(
                cell, allow_stdin=False, timeout=_PATIENCE, output_hook=look
            )
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
async def open_kernel(caches: Path) -> AsyncIterator[tuple[Any, psutil.Process]]:
    """A kernel with a home of its own, in the environment that a reader has."""
    with tempfile.TemporaryDirectory(prefix="student-") as home:
        environment = {name: v for name, v in os.environ.items() if name not in _NOT_A_STUDENTS}
        environment |= dict.fromkeys(("NUMBA_CACHE_DIR", "MPLCONFIGDIR"), str(caches))
        environment |= {"IPYTHONDIR": home}
        # files of its own, for ports that are free now may be taken when the kernel wants them
        manager: Any = AsyncKernelManager(
            kernel_name="python3", transport="ipc", connection_file=f"{home}/kernel.json"
        )
        client = None
        try:
            await manager.start_kernel(cwd=home, env=environment, stderr=subprocess.DEVNULL)
            client = manager.client()
            client.start_channels()
            await client.wait_for_ready(timeout=_PATIENCE)
            yield client, psutil.Process(manager.provisioner.pid)
        finally:
            if client:
                client.stop_channels()
            await manager.shutdown_kernel(now=True)
