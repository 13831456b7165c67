"""One BLAS thread for small products: several would wait for one another on a busy machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from threading import Lock
from typing import Any

#: Up to so many multiplications, milliseconds on one core, a second thread wins hardly anything.
SMALL_PRODUCT = 2**25


class _OneThread:
    """BLAS on one thread while anybody asks for it; then on as many as before."""

    def __init__(self) -> None:
        self._lock, self._holders = Lock(), 0
        self._before: list[tuple[Any, int]] = []

    def take(self) -> None:
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                several = ((blas, blas.get_num_threads()) for blas in _libraries())
                self._before = [(blas, threads) for blas, threads in several if threads != 1]
                for blas, _ in self._before:
                    blas.set_num_threads(1)

    def give_back(self) -> None:
        with self._lock:
            self._holders -= 1
            if not self._holders:
                for blas, threads in self._before:
                    blas.set_num_threads(threads)


_ONE_THREAD = _OneThread()


@contextmanager
def blas_threads_for(multiplications: float) -> Iterator[None]:
    """Keeps BLAS on one thread if the products within take at most `SMALL_PRODUCT` of these.

    It takes some microseconds, but for the first time in a process, when BLAS is looked for.
    """
    if multiplications > SMALL_PRODUCT:
        yield
        return
    _ONE_THREAD.take()
    try:
        yield
    finally:
        _ONE_THREAD.give_back()


def one_blas_thread() -> AbstractContextManager[Any]:
    """Keeps BLAS on one thread whatever is multiplied; where nothing can tell it, it goes on."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    return threadpool_limits(1, "blas")


@cache
def _libraries() -> list[Any]:
    """The BLAS libraries that are loaded: NumPy's, whatever else has one."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:  # then BLAS keeps the threads that it has
        return []
    return [one for one in ThreadpoolController().lib_controllers if one.user_api == "blas"]
