"""Points on the workers of a Dask cluster, where Dask is installed."""

from __future__ import annotations

import asyncio
import itertools
import logging
import pickle
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from labkit.limits import show_value
from labkit.sweeps.points import Point, PointFunction, PointRun, pickled_run
from labkit.sweeps.workers import SweepError

if TYPE_CHECKING:
    import distributed
    from distributed import Client

_CONNECT_SECONDS = 60
_CLOSE_SECONDS = 30
_PER_THREAD = 4  # points at the scheduler, so that no worker waits for the next
_LEAST = 8  # where there are no workers yet: so that an adaptive cluster starts some
_COUNT_AGAIN = 2.0  # seconds until the threads are counted again
_FORGOTTEN_WITHIN = 1.0  # seconds
# What is raised where the scheduler is gone; asyncio has a TimeoutError of its own before 3.11
_LOST = (OSError, TimeoutError, asyncio.TimeoutError, CancelledError)

Answer = TypeVar("Answer")


@contextmanager
def connect_cluster(client: Any, function: PointFunction) -> Iterator[Cluster]:
    """The workers of a cluster; what was opened here is closed again.

    Args:
        client: a client, or the address of a scheduler.
        function: of the sweep.

    Raises:
        TypeError: `client` is neither, or is an asynchronous one.
        SweepError: there is no connection, or no Dask.
    """
    try:
        import distributed  # noqa: F401
    except ImportError:
        given = f"client={show_value(client)}"
        raise SweepError(f"{given} needs Dask: pip install distributed") from None
    with _quiet_logs(), _opened(client) as opened:
        cluster = Cluster(opened, function)
        try:
            yield cluster
        finally:
            cluster.close()


class Cluster:
    """Runs points on the workers of a Dask cluster, a few for each thread at a time.

    Args:
        client: connected to the scheduler.
        function: of the sweep.
    """

    def __init__(self, client: Client, function: PointFunction) -> None:
        self._client, self._function = client, function
        self._address = client.scheduler.address if client.scheduler else None
        self._token, self._numbers = f"labkit-{uuid.uuid4().hex[:8]}", itertools.count()
        self._futures: dict[Future[PointRun], distributed.Future[bytes]] = {}
        self._threads, self._counted = 0, float("-inf")

    def tend(self) -> int:
        """Some points for each thread; the threads may become more or fewer."""
        if time.monotonic() - self._counted > _COUNT_AGAIN:
            self._threads = sum(self._ask(self._client.nthreads).values())
            self._counted = time.monotonic()
        return max(_LEAST, _PER_THREAD * self._threads)

    def submit(self, point: Point) -> Future[PointRun]:
        """Hands a point to the scheduler."""
        future = self._client.submit(
            pickled_run,
            self._function,
            dict(point.parameters),
            point.seed,
            key=(self._token, f"{point.key}-{next(self._numbers)}"),
            pure=False,
        )
        loop: Any = self._client.loop
        landing = asyncio.run_coroutine_threadsafe(self._land(future), loop.asyncio_loop)
        self._futures[landing] = future
        return landing

    def forget(self, futures: Iterable[Future[PointRun]]) -> None:
        """Releases futures and waits until the scheduler has heard of it.

        Otherwise a point already in the lab book would be run again if its worker died just now.
        """
        released = [self._futures.pop(each) for each in futures if each in self._futures]
        keys = [future.key for future in released]
        for future in released:
            future.release()
        until = time.monotonic() + _FORGOTTEN_WITHIN
        with suppress(SweepError):  # then `tend` meets it
            while keys and any(self._ask(lambda: self._who_has(keys)).values()):
                if time.monotonic() > until:
                    return
                time.sleep(0.002)

    def close(self) -> None:
        """Gives up the points that have not come; one that is being run is run to its end."""
        if self._futures and self._client.status == "running":
            with suppress(*_LOST):
                self._client.cancel([*self._futures.values()])

    async def _land(self, future: distributed.Future[bytes]) -> PointRun:
        """What has come; if its worker dies before it is here, what comes from the next.

        Raises:
            BrokenExecutor: the scheduler gives the point up after so many deaths.
            SweepError: the scheduler is lost.
        """
        from distributed import KilledWorker

        try:
            return pickle.loads(await future)
        except KilledWorker as error:
            raise BrokenExecutor(error.allowed_failures + 1) from None
        except _LOST as error:
            if future.status == "error":
                raise
            raise self._lost() from error

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
        except _LOST as error:
            raise self._lost() from error

    def _lost(self) -> SweepError:
        return SweepError(f"the scheduler at {self._address} does not answer any more")


@contextmanager
def _opened(client: Any) -> Iterator[Client]:
    """The client, or one of the address, which is closed again."""
    from distributed import Client

    if isinstance(client, Client):
        if client.asynchronous:
            raise TypeError("client is asynchronous (limit: a Client of asynchronous=False)")
        yield client
        return
    if not isinstance(client, str):
        given = f"client={show_value(client)}"
        raise TypeError(f"{given} is neither a distributed.Client nor the address of a scheduler")
    try:
        opened = Client(client, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (*_LOST, ValueError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise SweepError(f"no Dask scheduler answers at {client}: {why}") from error
    try:
        yield opened
    finally:
        with suppress(*_LOST):
            opened.close(timeout=_CLOSE_SECONDS)


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Keeps Dask's remarks on workers that come and go out of the terminal."""
    handlers = [(handler, handler.level) for handler in logging.getLogger("distributed").handlers]
    for handler, _ in handlers:
        handler.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for handler, level in handlers:
            handler.setLevel(level)
