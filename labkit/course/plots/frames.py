"""Pictures whose frames are kept: ticks, labels and titles take most of a drawing's time."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.image import imsave

from labkit.course.plots.canvas import contents

Pixels = npt.NDArray[np.uint8]
_KEPT = 6  # frames of each axes, of some 1 MB


class Frames:
    """Draws axes that stand in a row; a frame that was drawn lately is copied.

    A frame is all but the `contents` of its axes. It is drawn anew when anything in it changes:
    limits, scale, ticks, labels, title.

    Args:
        axes: all axes of one figure, from left to right.
    """

    def __init__(self, axes: Sequence[Axes]) -> None:
        self._axes = axes
        self._canvas: Any = axes[0].figure.canvas
        self._kept: list[OrderedDict[Hashable, Pixels]] = [OrderedDict() for _ in axes]

    def render_png(self) -> bytes:
        """The figure as it is now, as PNG; hardly compressed, which takes half the time."""
        pixels = np.asarray(self._canvas.get_renderer().buffer_rgba())
        frames = [self._frame(number) for number in range(len(self._axes))]
        pixels[:] = np.minimum.reduce(frames)  # on white: each frame's ink
        for ax in self._axes:
            shown = {*contents(ax), *ax.spines.values()}
            in_order = (artist for artist in ax.get_children() if artist in shown)
            for artist in sorted(in_order, key=attrgetter("zorder")):
                ax.draw_artist(artist)
        buffer = io.BytesIO()
        imsave(buffer, pixels, format="png", pil_kwargs={"compress_level": 1})
        return buffer.getvalue()

    def _frame(self, number: int) -> Pixels:
        """Axes `number` without contents, alone in the figure: uint8 (height, width, 4)."""
        self._axes[number].apply_aspect()
        kept, what = self._kept[number], _describe(self._axes[number])
        if what not in kept:
            kept[what] = self._draw_frame(number)
            if len(kept) > _KEPT:
                kept.popitem(last=False)
        kept.move_to_end(what)
        return kept[what]

    def _draw_frame(self, number: int) -> Pixels:
        ax, renderer = self._axes[number], self._canvas.get_renderer()
        hidden = [artist for artist in contents(ax) if artist.get_visible()]
        for artist in hidden:
            artist.set_visible(False)
        renderer.clear()
        self._canvas.figure.patch.draw(renderer)
        ax.draw(renderer)
        for artist in hidden:
            artist.set_visible(True)
        return np.array(renderer.buffer_rgba())


def _describe(ax: Axes) -> Hashable:
    """All that a frame shows, in words and numbers."""
    ends = *ax.get_xlim(), *ax.get_ylim(), *ax.bbox.extents
    seen = [spine.get_visible() for spine in ax.spines.values()]
    return (ends, ax.get_title(), *seen, *map(_describe_axis, (ax.xaxis, ax.yaxis)))


def _describe_axis(axis: Axis) -> Hashable:
    formatter, places = axis.get_major_formatter(), [*map(float, axis.get_majorticklocs())]
    labels = formatter.format_ticks(places)
    style = repr(axis.get_tick_params())
    words = axis.get_label_text(), formatter.get_offset(), axis.get_scale(), style
    return (*words, *labels, *places)
