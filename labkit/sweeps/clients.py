"""Connections to a Dask scheduler: one given, one at an address, or one started here."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from labkit.limits import check_integer, memory_limit, show_value
from labkit.sweeps.interrupts import interrupts_held
from labkit.sweeps.workers import SweepError

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

SCHEDULER = "DASK_SCHEDULER_ADDRESS"

_WORKER_BYTES = 300 * 2**20  # what a worker with a small problem takes
_CONNECT_SECONDS = 60
_CLOSE_SECONDS = 30
_GUARD = "in a script, call run_sweep under: if __name__ == '__main__':"
_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def choose_workers(workers: Any) -> int:
    """The number of worker processes: by default one a core, fewer where memory is short.

    Raises:
        TypeError: `workers` is not an integer.
        ValueError: it is negative, or more than a machine can run.
    """
    if workers is not None:
        return check_integer("workers", workers, minimum=0, maximum=1024)
    from dask.system import cpu_count

    return max(1, min(cpu_count(), memory_limit() // _WORKER_BYTES))


@contextmanager
def connect(client: Any, workers: int | None, *, n_points: int) -> Iterator[Client]:
    """A client of the cluster that a sweep shall run on; what was opened here is closed again.

    Args:
        client: a client, the address of a scheduler, or None for the address in
            `DASK_SCHEDULER_ADDRESS`, and without one for a cluster of processes on this machine.
        workers: so many of these; None for `choose_workers`.
        n_points: of the sweep: no more workers than that are started.

    Raises:
        TypeError: `client` is neither, or is an asynchronous one.
        SweepError: there is no connection.
    """
    from distributed import Client

    address = client if client is not None or workers is not None else os.environ.get(SCHEDULER)
    with _quiet_logs():
        if isinstance(address, Client):
            if address.asynchronous:
                raise TypeError("client is asynchronous (limit: a Client of asynchronous=False)")
            yield address
        elif address:
            with _client_of(_check_address(address)) as opened:
                yield opened
        else:
            count = min(choose_workers(workers), n_points)
            with _local_cluster(count) as cluster, _client_of(cluster) as opened:
                yield opened


def _check_address(address: Any) -> str:
    if not isinstance(address, str):
        given = f"client={show_value(address)}"
        raise TypeError(f"{given} is neither a distributed.Client nor the address of a scheduler")
    return address


@contextmanager
def _client_of(address: Any) -> Iterator[Client]:
    from distributed import Client

    try:
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise SweepError(f"no Dask scheduler answers at {address}: {why}") from error
    try:
        yield client
    finally:
        _close(client)


@contextmanager
def _local_cluster(workers: int) -> Iterator[LocalCluster]:
    """Processes of one thread each, whose files are in a folder that goes with them."""
    import dask

    inherited = dask.config.get("distributed.nanny.pre-spawn-environ")
    settings = {
        # a worker's death is counted by `OnCluster`, which knows who was alone
        "distributed.scheduler.allowed-failures": 0,
        "distributed.nanny.pre-spawn-environ": {**inherited, **dict.fromkeys(_ONE_THREAD, 1)},
    }
    with ExitStack() as stack:
        stack.enter_context(_same_environment())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="labkit-sweep-"))
        with dask.config.set(settings), interrupts_held():
            cluster = _start_cluster(workers, folder)
            stack.callback(_close, cluster)
        yield cluster


def _start_cluster(workers: int, folder: str) -> LocalCluster:
    from distributed import LocalCluster

    try:
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
            local_directory=folder,
            memory_limit=memory_limit() // workers,
        )
    except (OSError, RuntimeError) as error:
        why = " ".join(str(error).split())
        raise SweepError(f"no worker processes could be started: {why} ({_GUARD})") from error


def _close(opened: Client | LocalCluster) -> None:
    with suppress(OSError, TimeoutError):
        opened.close(timeout=_CLOSE_SECONDS)


@contextmanager
def _same_environment() -> Iterator[None]:
    """Takes back what Dask sets in this process so that its workers inherit it."""
    names = (*_ONE_THREAD, "MALLOC_TRIM_THRESHOLD_", "PYTHONHASHSEED")
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


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
