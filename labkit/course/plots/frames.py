"""Pictures whose axes are kept: ticks and their labels take most of a drawing's time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis

from labkit.course.plots.canvas import contents
from labkit.course.plots.png import encode_png
from labkit.course.plots.words import Memory, WordsRenderer

Pixels = npt.NDArray[np.uint8]
_KEPT = 8  # pictures of each axis
_WHITE, _ALL_WHITE = 255, 2**32 - 1


class Frames:
    """Draws axes apart from one another; the picture of an axis that was drawn lately is copied.

    An axis is its ticks, their labels and its own. It is drawn anew when anything in it changes:
    limits, scale, place, ticks, labels. The `contents`, spines and titles are drawn each time.

    Args:
        axes: all axes of one figure.
    """

    def __init__(self, axes: Sequence[Axes]) -> None:
        self._axes = axes
        self._figure: Any = axes[0].figure
        self._last: Any = None
        self._kept: defaultdict[Axis, Memory[_Ink]] = defaultdict(lambda: Memory(_KEPT))

    def render_png(self) -> bytes:
        """The figure as it is now, as PNG."""
        renderer = self.renderer
        pixels = np.asarray(renderer.buffer_rgba())
        inks = [self._ink(ax, axis) for ax in self._axes for axis in (ax.xaxis, ax.yaxis)]
        pixels[:] = _WHITE
        for ink in inks:
            pixels[ink.where] = np.minimum(pixels[ink.where], ink.pixels)
        for ax in self._axes:
            shown = {*contents(ax), *ax.spines.values(), ax.title}
            in_order = (artist for artist in ax.get_children() if artist in shown)
            for artist in sorted(in_order, key=attrgetter("zorder")):
                artist.draw(renderer)
        return encode_png(pixels)

    @property
    def renderer(self) -> Any:
        """What draws, and measures words: the last one, if the figure is as large as then."""
        size = (*self._figure.canvas.get_width_height(physical=True), self._figure.dpi)
        if self._last is None or (self._last.width, self._last.height, self._last.dpi) != size:
            self._last = WordsRenderer(*size)
        return self._last

    def _ink(self, ax: Axes, axis: Axis) -> _Ink:
        ax.apply_aspect()
        return self._kept[axis].get(_describe(ax, axis), lambda: self._draw(axis))

    def _draw(self, axis: Axis) -> _Ink:
        renderer = self.renderer
        renderer.clear()
        self._figure.patch.draw(renderer)
        axis.draw(renderer)
        return _Ink.of(np.asarray(renderer.buffer_rgba()))


@dataclass(frozen=True, eq=False)
class _Ink:
    """The part of a picture that is not white.

    Attributes:
        where: its rows and columns.
        pixels: uint8 (rows, columns, 4).
    """

    where: tuple[slice, slice]
    pixels: Pixels

    @classmethod
    def of(cls, picture: Pixels) -> _Ink:
        """Cuts it out of a picture (height, width, 4)."""
        is_inked = (
            picture.view(np.uint32)[:, :, 0] != _ALL_WHITE
        )  # a twentieth of the time of bytes
        rows, columns = (np.flatnonzero(is_inked.any(axis=other)) for other in (1, 0))
        where = (_span(rows), _span(columns))
        return cls(where, picture[where].copy())


def _span(places: npt.NDArray[np.intp]) -> slice:
    return slice(places[0], places[-1] + 1) if len(places) else slice(0)


def _describe(ax: Axes, axis: Axis) -> Hashable:
    """All that an axis shows, in words and numbers."""
    seen = [spine.get_visible() for spine in ax.spines.values()]
    formatter, places = axis.get_major_formatter(), [*map(float, axis.get_majorticklocs())]
    labels = formatter.format_ticks(places)
    style = repr(axis.get_tick_params()), axis.label.get_fontsize()
    words = axis.get_label_text(), formatter.get_offset(), axis.get_scale(), *style
    where = (*ax.bbox.extents, *ax.figure.bbox.size)
    return (*axis.get_view_interval(), *where, *seen, *words, *labels, *places)
