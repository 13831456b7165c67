"""Figures that come out the same, whatever matplotlibrc or style sheet their reader has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib import rc_context, rcParams, rcParamsDefault

#: Settings of windows and of the process, which change no picture.
_NO_STYLE = ("backend", "date.epoch", "docstring.", "interactive", "toolbar", "tk.", "webagg.")
_OURS = {name: dict.get(rcParamsDefault, name) for name in rcParamsDefault}
_OURS = {name: value for name, value in _OURS.items() if not name.startswith(_NO_STYLE)}


@contextmanager
def own_style() -> Iterator[None]:
    """Matplotlib's own defaults while its body, or the function that it decorates, runs."""
    if _OURS.items() <= dict.items(rcParams):
        yield  # a context would take 8 ms, as long as a drawing
        return
    with rc_context(_OURS):
        yield
