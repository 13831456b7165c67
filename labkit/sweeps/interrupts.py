"""Ctrl-C while worker processes are started: held here, and never for them."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from typing import Any


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Keeps Ctrl-C until the end; threads begun meanwhile, and their processes, never get it.

    A terminal and a notebook send it to the workers too, which would fill the screen with their
    last words while this process still has results to keep.
    """
    with ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            stack.enter_context(_held_here())
        if sys.platform != "win32":
            stack.enter_context(_blocked_for_threads())
        yield


@contextmanager
def _held_here() -> Iterator[None]:
    came: list[int] = []

    def note(number: int, frame: Any) -> None:
        came.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def _blocked_for_threads() -> Iterator[None]:
    """Blocks the signal in this thread; those that it begins inherit that."""
    assert sys.platform != "win32"
    resource_tracker.ensure_running()  # begun by a thread, it would unblock the signal there
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
