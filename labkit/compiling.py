"""Loops compiled by numba, and where its cache may be."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numba

_njit: Any = numba.njit


def _nothing() -> None:
    """Something to compile."""


def _can_cache() -> bool:
    """Whether numba finds a folder that it may write to; where it does not, that is said, once.

    It looks at NUMBA_CACHE_DIR, beside this file, and in the user's own folder for caches.
    """
    try:
        _njit(cache=True)(_nothing)
    except RuntimeError:
        what = "numba may write its cache nowhere: each process compiles the loops anew"
        how = "set NUMBA_CACHE_DIR to a folder that can be written"
        warnings.warn(f"{what}, some seconds more at its start ({how})", stacklevel=2)
        return False
    return True


_caches = _can_cache()


def compile_loop(**how: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator that compiles a loop, without Python's lock, and caches it; see `numba.njit`."""
    return _njit(nogil=True, cache=_caches, **how)
