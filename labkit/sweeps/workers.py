"""What runs the points of a sweep: who does, and how they are given out and taken back."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from typing import Protocol

from labkit.sweeps.points import Point, PointFunction, PointRun, run_point

_DEATHS = 3


class SweepError(Exception):
    """A sweep cannot go on; the message says why, and what is in the lab book."""


class Workers(Protocol):
    """Runs points; if a worker died under one, its future raises `BrokenExecutor(deaths)`."""

    def tend(self) -> int:
        """Looks after the workers; returns how many points they should have at a time."""
        ...

    def submit(self, point: Point) -> Future[PointRun]:
        """Takes a point."""
        ...

    def forget(self, futures: Iterable[Future[PointRun]]) -> None:
        """Lets go of what has come, so that the death of a worker does not undo it."""
        ...


class Serial:
    """Runs one point after the other in this process."""

    def __init__(self, function: PointFunction) -> None:
        self._function = function

    def tend(self) -> int:
        """One point at a time."""
        return 1

    def submit(self, point: Point) -> Future[PointRun]:
        """Runs the point."""
        future: Future[PointRun] = Future()
        future.set_result(run_point(self._function, point.parameters, point.seed))
        return future

    def forget(self, futures: Iterable[Future[PointRun]]) -> None:
        """Nothing of it is elsewhere."""


class Crew:
    """Gives points to workers and takes what comes.

    A point under which a worker died is run again at the end and alone, so that the one that ends
    its workers can be told from its neighbours. It has failed when it did so three times.

    Args:
        workers: that run the points.
        todo: what is to be run.
    """

    def __init__(self, workers: Workers, todo: deque[Point]) -> None:
        self._workers, self._todo = workers, todo
        self._pending: dict[Future[PointRun], Point] = {}
        self._suspects: deque[Point] = deque()
        self._deaths: Counter[str] = Counter()

    def is_busy(self) -> bool:
        """Whether there are points that have not come."""
        return bool(self._todo or self._pending or self._suspects)

    def give_out(self) -> None:
        """Gives as many points to the workers as they should have."""
        room = self._workers.tend() - len(self._pending)
        for _ in range(min(room, len(self._todo))):
            self._submit(self._todo.popleft())
        if self._suspects and not self._pending:
            self._submit(self._suspects.popleft())

    def collect(self, timeout: float) -> Iterator[tuple[Point, PointRun]]:
        """What has come; waits for `timeout` seconds at most where nothing has.

        A point that is not kept, since something was raised meanwhile, comes again the next time.

        Raises:
            SweepError: nothing will come any more.
        """
        came = wait(self._pending, timeout, FIRST_COMPLETED).done
        self._workers.forget(came)
        for future in sorted(came, key=lambda each: each.exception() is not None):
            point = self._pending[future]
            if ran := self._take(point, future):
                yield point, ran
            del self._pending[future]

    def _submit(self, point: Point) -> None:
        self._pending[self._workers.submit(point)] = point

    def _take(self, point: Point, future: Future[PointRun]) -> PointRun | None:
        """How the point went; None if it is to be run again."""
        try:
            return future.result()
        except BrokenExecutor as error:
            return self._count_deaths(point, *error.args)
        except Exception as error:
            self._pending.clear()
            if isinstance(error, SweepError):
                raise
            raise SweepError(f"the workers cannot run this: {error!r}") from error

    def _count_deaths(self, point: Point, deaths: int) -> PointRun | None:
        was_alone = self._deaths[point.key] > 0
        self._deaths[point.key] += deaths
        if was_alone and self._deaths[point.key] >= _DEATHS:
            times = f"{self._deaths[point.key]} times, the last of them alone"
            text = f"KilledWorker: the worker process died under this point {times}"
            return PointRun(error=f"{text} (out of memory, or a crash)")
        self._suspects.append(point)
        return None
