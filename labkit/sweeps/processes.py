"""Points on processes of this machine, each of one thread and with its share of the memory."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any, BinaryIO

from labkit.limits import check_integer, core_limit, memory_limit
from labkit.platforms import PSUTIL
from labkit.sweeps.points import Point, PointFunction, PointRun, pickled_run
from labkit.sweeps.workers import SweepError

_WORKER_BYTES = 300 * 2**20  # what a worker with a small problem takes
_SHARE = 0.95  # of its part of the memory that a worker may fill
_CODE = "import sys; sys.path[:] = {}; from labkit.sweeps.processes import serve; serve()"
_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA")
_ENVIRONMENT = {
    **{f"{name}_NUM_THREADS": "1" for name in _THREADS},
    **dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"),
    "VECLIB_MAXIMUM_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": "65536",  # so that glibc gives back what is free
}


def choose_workers(workers: Any) -> int:
    """The number of worker processes: by default one a core, fewer where memory is short.

    Raises:
        TypeError: `workers` is not an integer.
        ValueError: it is negative, or more than a machine can run.
    """
    if workers is not None:
        return check_integer("workers", workers, minimum=0, maximum=1024)
    return max(1, min(core_limit(), memory_limit() // _WORKER_BYTES))


class Processes:
    """Processes of this machine, of one thread each, and for each a thread that talks to it.

    A `ProcessPoolExecutor` would end them all with the first that dies, leave them behind if this
    process is killed, and wait for ever for one that was killed while it sent a large result.

    Args:
        function: of the sweep.
        count: of processes; together they take no more memory than labkit may.

    Raises:
        SweepError: they cannot be started, or cannot run the function.
    """

    def __init__(self, function: PointFunction, count: int) -> None:
        import cloudpickle

        self._function = cloudpickle.dumps(function)  # one typed into a notebook, too
        self._most_bytes = _SHARE * memory_limit() / count
        self._threads = ThreadPoolExecutor(count)
        self._busy: dict[Future[PointRun], _Worker] = {}
        self._idle = self._start(count)

    def tend(self) -> int:
        """One point for each process; ends those that take too much memory."""
        for worker in self._busy.values():
            if worker.takes() > self._most_bytes or worker.has_ended():
                worker.kill()
        return len(self._busy) + len(self._idle)

    def submit(self, point: Point) -> Future[PointRun]:
        """Hands a point to an idle process."""
        worker = self._living(self._idle.pop())
        future = self._threads.submit(worker.ask, (dict(point.parameters), point.seed))
        self._busy[future] = worker
        return future

    def forget(self, futures: Iterable[Future[PointRun]]) -> None:
        """Their processes are idle; one that died has a successor."""
        for future in futures:
            if worker := self._busy.pop(future, None):
                self._idle.append(self._living(worker))

    def close(self) -> None:
        """Ends all processes, whatever they do."""
        workers = [*self._busy.values(), *self._idle]
        for worker in workers:
            worker.kill()
        self._threads.shutdown()
        for worker in workers:
            worker.close()

    def _living(self, worker: _Worker) -> _Worker:
        if not worker.has_ended():
            return worker
        worker.close()
        return self._start(1)[0]

    def _start(self, count: int) -> list[_Worker]:
        workers: list[_Worker] = []
        with ExitStack() as failed:
            try:
                for _ in range(count):
                    workers.append(_Worker())
                    failed.callback(workers[-1].close)
                errors = [*self._threads.map(lambda each: each.greet(self._function), workers)]
            except BrokenExecutor as error:
                raise SweepError("no worker processes could be started: one has ended") from error
            except OSError as error:
                raise SweepError(f"no worker processes could be started: {error}") from error
            if errors[0]:
                raise SweepError(f"the workers cannot run this: {errors[0]}")
            failed.pop_all()
        return workers


class _Worker:
    """A process that runs points; it hears by its standard input and answers by its output."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE.format([*map(str, sys.path)])],
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # so that Ctrl-C in a terminal is for this process alone
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._pid = self._process.pid

    def greet(self, function: bytes) -> str:
        """Sends the function; returns why it cannot be run, or nothing."""
        self._pid, error = self.ask(function)  # on Windows the process begun may be a launcher
        return error

    def ask(self, question: Any) -> Any:
        """The answer of the process; `BrokenExecutor(1)` if it ends before it has answered."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            pickle.dump(question, self._process.stdin)
            self._process.stdin.flush()
            return pickle.load(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            self.kill()
            self._process.wait()
            raise BrokenExecutor(1) from error

    def takes(self) -> int:
        """Bytes of memory; 0 where nothing tells."""
        if not PSUTIL.is_installed():
            return 0
        psutil = PSUTIL.load()
        try:
            return int(psutil.Process(self._pid).memory_info().rss)
        except psutil.Error:  # it has ended
            return 0

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """Ends the process, and those that it may have started."""
        if sys.platform == "win32":
            self._process.kill()
            return
        with suppress(ProcessLookupError, PermissionError):  # the latter of macOS
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        with suppress(OSError), self._process:  # waits for its end, and closes the pipes
            pass


def serve() -> None:
    """In a process of its own: runs the points that come by standard input."""
    import cloudpickle

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what a point reads is no question
    os.dup2(2, 1)  # and what it prints no answer
    heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(questions, heard.put), daemon=True).start()
    try:
        function, error = cloudpickle.loads(heard.get()), ""
    except Exception as raised:
        function, error = None, repr(raised)
    with suppress(OSError):  # who asked has ended
        pickle.dump((os.getpid(), error), answers)
        while True:
            answers.flush()
            answers.write(pickled_run(function, *heard.get()))
    os._exit(1)  # what is left to say has no hearer


def _listen(questions: BinaryIO, tell: Callable[[Any], None]) -> None:
    """Passes on what comes; ends this process, busy or not, with the one that started it."""
    try:
        while True:
            tell(pickle.load(questions))
    finally:
        os._exit(1)
