"""Words that are set once and copied: to set type takes a third of the time of a drawing."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import RendererAgg

_KEPT = 512  # words; a picture holds some twenty
_STEPS = 64  # parts of a pixel at which letters are set


@dataclass(frozen=True, eq=False)
class _Word:
    """A word as it is set at (x, y), in pixels from the upper left corner.

    Attributes:
        pixels: uint8 (rows, columns, 4), not premultiplied, the lowest row first.
        left: of its first column, from x.
        below: from y to the row under its last.
    """

    pixels: npt.NDArray[np.uint8]
    left: int
    below: int


class WordsRenderer(RendererAgg):
    """Agg with a memory for words: same letters, font, colour, angle and part of a pixel.

    Mathematics is set anew each time.
    """

    def __init__(self, width: float, height: float, dpi: float) -> None:
        super().__init__(width, height, dpi)  # type: ignore[no-untyped-call]
        self._words: OrderedDict[Hashable, _Word] = OrderedDict()

    def draw_text(
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: Any,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        """Draws words from (x, y); see `matplotlib.backend_bases.RendererBase.draw_text`."""
        if ismath:
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)  # type: ignore[no-untyped-call]
            return
        across, down = math.floor(x), math.floor(y)
        parts = round(_STEPS * (x - across)), round(_STEPS * (y - down))
        what = (s, hash(prop), angle, *parts, gc.get_rgb(), gc.get_alpha())
        word = self._words.get(what) or self._set(gc, *parts, s, prop, angle, mtext)
        self._words[what] = word
        self._words.move_to_end(what)
        if len(self._words) > _KEPT:
            self._words.popitem(last=False)
        if word.pixels.size:
            placed = self.new_gc()
            placed.copy_properties(gc)
            placed.set_alpha(1.0)  # the word has its own
            self.draw_image(
                placed, across + word.left, self.height - down - word.below, word.pixels
            )

    def _set(
        self, gc: Any, right: int, down: int, s: str, prop: Any, angle: float, mtext: Any
    ) -> _Word:
        """Sets words at parts of a pixel right of and below the middle of an empty sheet."""
        across, up = self._reach(s, prop, math.radians(angle))
        sheet, free = RendererAgg(2 * across, 2 * up, self.dpi), self.new_gc()
        free.copy_properties(gc)
        free.set_clip_rectangle(None)
        free.set_clip_path(None)
        at = across + right / _STEPS, up + down / _STEPS
        sheet.draw_text(free, *at, s, prop, angle, False, mtext)
        picture = np.asarray(sheet.buffer_rgba())
        rows, columns = (np.flatnonzero(picture[:, :, 3].any(axis=other)) for other in (1, 0))
        if not len(rows):
            return _Word(picture[:0, :0], 0, 0)
        inked = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return _Word(inked[::-1].copy(), int(columns[0]) - across, int(rows[-1]) + 1 - up)

    def _reach(self, s: str, prop: Any, angle: float) -> tuple[int, int]:
        """How far words at an angle, in radians, reach across and up from where they begin."""
        width, height, descent = self.get_text_width_height_descent(s, prop, False)  # type: ignore[no-untyped-call]
        cosine, sine, high = abs(math.cos(angle)), abs(math.sin(angle)), height + descent
        sides = cosine * width + sine * high, sine * width + cosine * high
        return 4 + math.ceil(sides[0]), 4 + math.ceil(sides[1])
