"""What is folded until a guess is kept: open beneath it then, or on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from labkit.course.html import in_html
from labkit.course.kernel_watch import kernel_watch
from labkit.course.panels.lab_log import button_for
from labkit.course.wording import say

if TYPE_CHECKING:
    from labkit.course.plots import Captioned  # panels do without Matplotlib

_GUESS_FIRST = say("fold.guess_first_what_came")
_STILL = say("fold.guess_first_then_open")


class Fold(widgets.VBox):
    """A fold that the kernel opens; on a page without one, a fold that a click opens.

    Args:
        told: HTML, what it holds.
        ask: called when the reader asks to be shown it.
        score: HTML that ends it, as it is without a guess; None if it does not end in a score.

    Attributes:
        ask_button: asks.
        is_open: whether it shows what it holds.
    """

    def __init__(self, told: str, ask: Callable[[], None], *, score: str | None = None) -> None:
        self._told, self._score = told, score
        self.ask_button = button_for(say("fold.show_me"), "eye", ask)
        self.is_open = False
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="0 1em")
        row = widgets.HBox([widgets.HTML(_GUESS_FIRST), self.ask_button], layout=wrap)
        super().__init__([row, kernel_watch()])

    def unfold(self, score: str) -> None:
        """Shows what it holds; where it ends in a score, this one, as HTML."""
        shown = widgets.HTML(self._told + (score if self._score is not None else ""))
        shown.add_class("jp-RenderedHTMLCommon")  # as other outputs look
        self.children, self.is_open = (shown,), True

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live fold, and one that a page without a kernel can open."""
        told = f"<summary>{_STILL}</summary>{self._told}{self._score or ''}"
        return {
            **super()._repr_mimebundle_(**kwargs),
            "text/html": f"<details>{told}</details>",
            "text/plain": say("fold.what_came_folded_until"),
        }


def told_in_html(shown: Captioned | str) -> str:
    """What a fold holds: a figure with its text, or a text; nothing if that is empty."""
    if not isinstance(shown, str):
        return shown.in_html()
    return f'<p style="white-space:pre-wrap">{in_html(shown)}</p>' if shown else ""
