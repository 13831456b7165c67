"""Loops compiled by numba: for one thread, and once more for several, where these help.

Numba shares out what runs over `prange`; compiled for one thread, that is `range`. From
`np.intp(0)` on its index is signed in both, so that what a loop calls is compiled once. Numba's
cache does not see a change in another file: after one, remove it (`make clean`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numba

from labkit.compiling import compile_loop

#: Amplitudes: with fewer, threads are not worth waking.
SHARED_FROM = 2**21

_FAST = {"contract", "arcp", "nsz", "reassoc"}  # no assumption on infinities and NaN
_PROCESS = os.getpid()
_free = threading.Lock()
_together: dict[Any, Any] = {}


def may_share(size: int) -> bool:
    """Whether so many amplitudes are worth it, and there are several threads.

    There are none in a process that was forked from one that had them: GNU's OpenMP ends it.
    """
    return size >= SHARED_FROM and os.getpid() == _PROCESS and numba.get_num_threads() > 1


compiled = compile_loop(fastmath=_FAST)
_compiled_for_several = compile_loop(fastmath=_FAST, parallel=True)


def shared(function: Callable[..., Any]) -> Any:
    """Compiles a loop over `prange` for one thread, and for several where `run` calls it."""
    loop = compiled(function)
    _together[loop] = _compiled_for_several(_rename(function, f"{function.__name__}_together"))
    return loop


def run(size: int, loop: Any, *arguments: Any) -> Any:
    """What a loop returns, of arguments that have to do with so many amplitudes.

    A `shared` one is shared out if they are many; others are too light to be compiled twice.

    Several threads work for one caller at a time. Whoever comes meanwhile works alone: numba's
    simplest threads, those where there is no OpenMP, end a process in which two callers meet.
    """
    if not may_share(size) or not _free.acquire(blocking=False):
        return loop(*arguments)
    try:
        return _together.get(loop, loop)(*arguments)
    finally:
        _free.release()


def compile_for_several() -> None:
    """Compiles and caches for several threads what this process has run on one."""
    for loop, together in _together.items():
        for signature in loop.signatures:
            together.compile(signature)


def _rename(function: Any, name: str) -> FunctionType:
    """A copy: numba's cache tells functions apart by their names and not by how they compile."""
    copy = FunctionType(function.__code__, function.__globals__, name)
    copy.__qualname__ = name
    return copy
