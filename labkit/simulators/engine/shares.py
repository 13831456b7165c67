"""Loops shared out among threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

#: Numbers of a flag: two cache lines, so that nobody waits for a neighbour's.
FLAG = 16
_RELEASED = np.iinfo(np.int64).max


def run_team(threads: int, loop: Callable[..., Any], *arguments: Any) -> list[Any]:
    """What loop(*arguments, flags, rank) returns for each rank; the caller's thread is rank 0."""
    flags = np.zeros((threads, FLAG), dtype=np.int64)
    if threads == 1:
        return [loop(*arguments, flags, 0)]
    with ThreadPoolExecutor(threads - 1) as pool:
        try:
            others = [pool.submit(loop, *arguments, flags, k) for k in range(1, threads)]
        except RuntimeError:  # no more threads to be had: those that run must not wait for them
            flags[:] = _RELEASED
            raise
        return [loop(*arguments, flags, 0), *(other.result() for other in others)]


@dataclass(frozen=True, eq=False)
class Shares:
    """Who runs a loop.

    Attributes:
        threads: into how many shares a loop is cut.
        pool: of threads, which hold no lock of the interpreter within the loops; None for one.
    """

    threads: int = 1
    pool: Executor | None = None

    def run(self, count: int, loop: Callable[..., Any], *arguments: Any) -> list[Any]:
        """What a loop over `first` up to `last` returns for each share of `count`."""
        if self.pool is None:
            return [loop(*arguments, 0, count)]
        ends = [count * k // self.threads for k in range(self.threads + 1)]
        return [*self.pool.map(lambda share: loop(*arguments, *share), pairwise(ends))]


@contextmanager
def share_out(threads: int) -> Iterator[Shares]:
    """Starts threads if there are several."""
    if threads == 1:
        yield Shares()
        return
    with ThreadPoolExecutor(threads) as pool:
        yield Shares(threads, pool)
