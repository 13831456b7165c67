"""Loops shared out among threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


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
