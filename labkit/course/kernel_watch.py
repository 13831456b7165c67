"""A line that appears beneath a reader's controls when the kernel does not answer them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from labkit.course.wording import say


class KernelWatch(anywidget.AnyWidget):
    """Says "run this cell again" where the kernel behind a box of controls is gone.

    It is empty and takes no room until then. Put it among the children of the box that it watches:
    `widgets.VBox([control, kernel_watch()])`. When a control in that box is used, the page asks the
    kernel for a sign of life; where none comes within four seconds, or the kernel restarts, the
    line appears. It says that the kernel is busy, where it is, and goes when an answer comes.

    It also tells a screen reader what ipywidgets does not: the names of the controls in the box,
    and that text of the class `labkit-says` is read when it changes.

    Attributes:
        words: the lines that it may say, by name.
    """

    _esm = Path(__file__).with_name("kernel_watch.js")
    _css = Path(__file__).with_name("kernel_watch.css")

    words = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        super().__init__(words={name: say(f"watch.{name}") for name in ("busy", "gone", "silent")})
        self.on_msg(self._answer)

    def _answer(self, _: object, message: Mapping[str, Any], __: object) -> None:
        if message == {"kind": "ping"}:
            self.send({"kind": "pong"})


@functools.cache
def kernel_watch() -> KernelWatch:
    """The one that every box of this kernel shows: a page loads its script once, however many."""
    return KernelWatch()
