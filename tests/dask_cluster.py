"""A Dask cluster started by hand: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

TESTS = Path(__file__).parent
_NO_DASHBOARD = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(TESTS)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(is_so: Callable[[], bool], *, seconds: float = 900, what: str) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, f"waited {seconds} s for {what}"
        time.sleep(0.005)


class HandMadeCluster:
    """`dask scheduler` and `dask worker`; on leaving, all of them are killed."""

    def __init__(self, n_workers: int = 2) -> None:
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes] | None] = [None] * n_workers
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

    def __enter__(self) -> HandMadeCluster:
        self.start_missing()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in filter(None, (*self.workers, self.scheduler)):
            process.kill()
            process.wait()
        self._folder.cleanup()

    def start_missing(self) -> None:
        """Starts what is not running; workers of a scheduler that is gone go too."""
        if not is_running(self.scheduler):
            for orphan in filter(None, self.workers):
                orphan.kill()
                orphan.wait()
            local = ("--host", "127.0.0.1", "--port", str(self.port))
            self.scheduler = self._start("scheduler", *local, *_NO_DASHBOARD)
            wait_until(self._listens, what="the scheduler")
        for number, process in enumerate(self.workers):
            if not is_running(process):
                alone = ("--no-nanny", "--nthreads", "1", *_NO_DASHBOARD)
                place = ("--local-directory", self._folder.name)
                self.workers[number] = self._start("worker", self.address, *alone, *place)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        silent = subprocess.DEVNULL
        command = [sys.executable, "-m", "dask", *arguments]
        return subprocess.Popen(command, env=ENVIRONMENT, stdout=silent, stderr=silent)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def is_running(process: subprocess.Popen[bytes] | subprocess.Popen[str] | None) -> bool:
    return process is not None and process.poll() is None


def kill(process: subprocess.Popen[bytes] | subprocess.Popen[str] | None) -> None:
    """Ends a process; when this returns, `is_running` knows that."""
    if process is not None:
        process.kill()
        process.wait()
