"""Keeps the start-up remarks of compiled libraries out of a reader's notebook."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_start() -> Iterator[None]:
    """Silences standard error, below Python too, while TensorFlow is imported.

    TensorFlow reports missing GPUs from C++ before its own log level applies. Exceptions are
    raised as ever.
    """
    kept = os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)
