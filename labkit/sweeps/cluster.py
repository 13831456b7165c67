"""Points on the workers of a Dask cluster."""

from __future__ import annotations

import pickle
import queue
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from labkit.sweeps.functions import PointFunction
from labkit.sweeps.points import Point, PointRun, pickled_run
from labkit.sweeps.workers import LOOK, SweepError

if TYPE_CHECKING:
    from distributed import Client, Future, KilledWorker

_PER_THREAD = 4  # points at the scheduler, so that no worker waits for the next
_LEAST = 8  # where there are no workers yet: so that an adaptive cluster starts some
_COUNT_AGAIN = 2.0  # seconds until the threads are counted again
_FORGOTTEN_WITHIN = 1.0  # seconds
_DEATHS = 3
_UNDER_WAY = ("pending", "lost")  # lost: it had come, but its worker died, and it is run again

Answer = TypeVar("Answer")


class OnCluster:
    """Runs points on the workers of a Dask cluster, a few for each thread at a time.

    Points that were on a worker when it died are run again; where the scheduler gives them up, at
    the end and alone, so that the one that ends its workers can be told from its neighbours. It has
    failed when it did so three times.

    Args:
        client: connected to the scheduler.
        function: of the sweep.
    """

    def __init__(self, client: Client, function: PointFunction) -> None:
        self.ready: deque[tuple[Point, PointRun]] = deque()
        self._client, self._function = client, function
        self._address = client.scheduler.address if client.scheduler else None
        self._token = f"labkit-{uuid.uuid4().hex[:8]}"
        self._pending: dict[Future[bytes], Point] = {}
        self._landing: queue.SimpleQueue[Future[bytes]] = queue.SimpleQueue()
        self._landed: list[Future[bytes]] = []
        self._suspects: deque[Point] = deque()
        self._deaths: Counter[str] = Counter()
        self._threads, self._counted = 0, float("-inf")

    def room(self) -> int:
        """Some points for each thread; the threads may become more or fewer."""
        if time.monotonic() - self._counted > _COUNT_AGAIN:
            self._threads = sum(self._ask(self._client.nthreads).values())
            self._counted = time.monotonic()
        return max(_LEAST, _PER_THREAD * self._threads) - len(self._pending)

    def start(self, point: Point) -> None:
        """Hands a point to the scheduler."""
        future = self._client.submit(
            pickled_run,
            self._function,
            dict(point.parameters),
            point.seed,
            key=(self._token, f"{point.key}-{self._deaths[point.key]}"),
            pure=False,
        )
        self._pending[future] = point
        future.add_done_callback(self._landing.put)

    def busy(self) -> bool:
        """Whether points are at the scheduler, or are to be run again."""
        return bool(self._pending or self._suspects)

    def collect(self, timeout: float = LOOK) -> None:
        """Puts into `ready` what has come; waits for `timeout` seconds at most where nothing has.

        Raises:
            SweepError: the scheduler is lost, or the workers cannot run the function.
        """
        if not self._pending and self._suspects and timeout > 0:
            self.start(self._suspects.popleft())
        self._await(timeout)
        self._look_for_failures()
        if finished := [future for future in self._landed if future.status == "finished"]:
            self._take(finished)

    def cancel(self) -> None:
        """Gives up the points that have not come; one that is being run is run to its end."""
        self._suspects.clear()
        if self._pending and self._client.status == "running":
            with suppress(OSError, TimeoutError):
                self._client.cancel([*self._pending])
        self._pending.clear()

    def _await(self, timeout: float) -> None:
        is_waiting = all(future.status in _UNDER_WAY for future in self._landed)
        with suppress(queue.Empty):
            self._landed.append(self._landing.get(timeout=timeout if is_waiting else 0))
            while True:
                self._landed.append(self._landing.get_nowait())

    def _look_for_failures(self) -> None:
        """Takes from what has landed all that will have no result."""
        from distributed import KilledWorker

        if any(future.status == "cancelled" for future in self._landed):
            raise self._lost()  # which alone cancels
        for future in [future for future in self._landed if future.status == "error"]:
            error = future.exception()
            if not isinstance(error, KilledWorker):
                raise SweepError(f"the workers of {self._address} cannot run this: {error!r}")
            self._count_deaths(future, error)

    def _count_deaths(self, future: Future[bytes], error: KilledWorker) -> None:
        self._landed.remove(future)
        point = self._pending.pop(future)
        was_alone = self._deaths[point.key] > 0
        self._deaths[point.key] += error.allowed_failures + 1
        self._forget([future])
        if was_alone and self._deaths[point.key] >= _DEATHS:
            times = f"{self._deaths[point.key]} times, the last of them alone"
            text = f"KilledWorker: the worker process died under this point {times}"
            self.ready.append((point, PointRun(error=f"{text} (out of memory, or a crash)")))
        else:
            self._suspects.append(point)

    def _take(self, futures: list[Future[bytes]]) -> None:
        from distributed import KilledWorker

        try:
            payloads = self._ask(lambda: self._client.gather(futures))
        except KilledWorker:  # a worker died with its result: found as a failure next time
            return
        runs = [pickle.loads(payload) for payload in payloads]
        points = [self._pending.pop(future) for future in futures]
        self._landed = [future for future in self._landed if future not in futures]
        self.ready.extend(zip(points, runs, strict=True))
        self._forget(futures)

    def _forget(self, futures: Sequence[Future[bytes]]) -> None:
        """Releases futures and waits until the scheduler has heard of it.

        Otherwise a point already in the lab book would be run again if its worker died just now.
        """
        keys = [future.key for future in futures]
        for future in futures:
            future.release()
        until = time.monotonic() + _FORGOTTEN_WITHIN
        with suppress(SweepError):  # then `collect` meets it
            while any(self._ask(lambda: self._who_has(keys)).values()):
                if time.monotonic() > until:
                    return
                time.sleep(0.002)

    def _who_has(self, keys: Sequence[object]) -> dict[object, list[str]]:
        scheduler: Any = self._client.scheduler
        found: dict[object, list[str]] = self._client.sync(scheduler.who_has, keys=keys)
        return found

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        """An answer of the scheduler.

        Raises:
            SweepError: there is none.
        """
        if self._client.status != "running":
            raise self._lost()
        try:
            return question()
        except (OSError, TimeoutError, CancelledError) as error:
            raise self._lost() from error

    def _lost(self) -> SweepError:
        return SweepError(f"the scheduler at {self._address} does not answer any more")
