"""Words that are set once and copied: to set type takes a third of the time of a drawing."""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import RendererAgg

_KEPT = 512  # of a kind; a picture holds some twenty words
_PARTS = re.compile(r"\d|\s+|[^\d\s]+")  # what numbers have in common are their digits

Made = TypeVar("Made")


class Memory(Generic[Made]):
    """What was made lately, by all that it was made of.

    Args:
        most: of them are kept.
    """

    def __init__(self, most: int) -> None:
        self._most, self._kept = most, OrderedDict[Hashable, Made]()

    def get(self, what: Hashable, make: Callable[[], Made]) -> Made:
        """What was made of `what`, or is made now."""
        if what not in self._kept:
            self._kept[what] = make()
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(what)
        return self._kept[what]


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
    """Agg with a memory for words: same letters, font, colour and angle.

    A line begins at a whole pixel, as letters are made for, and is put together from its words and
    digits: it looks as if it were set at once. Mathematics is set anew each time.
    """

    def __init__(self, width: float, height: float, dpi: float) -> None:
        super().__init__(width, height, dpi)  # type: ignore[no-untyped-call]
        self._words, self._sizes = Memory[_Word](_KEPT), Memory[tuple[float, float, float]](_KEPT)

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
        x, y = round(x), round(y)
        if ismath:
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)  # type: ignore[no-untyped-call]
            return
        placed = self.new_gc()
        placed.copy_properties(gc)
        placed.set_alpha(1.0)  # a word has its own
        font = hash(prop)
        look = font, angle, gc.get_rgb(), gc.get_alpha()
        for part, before in self._parts(s, prop, font) if angle == 0 else [(s, 0.0)]:
            whole, rest = divmod(before, 1)
            make = partial(self._set, gc, rest, part, prop, angle)
            word = self._words.get((part, rest, *look), make)
            if word.pixels.size:
                left, low = x + int(whole) + word.left, self.height - y - word.below
                self.draw_image(placed, left, low, word.pixels)

    def get_text_width_height_descent(
        self, s: str, prop: Any, ismath: Any
    ) -> tuple[float, float, float]:
        """Of a line, in pixels; see `matplotlib.backend_bases.RendererBase`."""
        parts = _PARTS.findall(s)
        if ismath or not parts:
            size: tuple[float, float, float]
            size = super().get_text_width_height_descent(s, prop, ismath)  # type: ignore[no-untyped-call]
            return size
        font = hash(prop)
        sizes = (self._size(part, prop, font) for part in parts)
        widths, heights, descents = zip(*sizes, strict=True)
        above = max(height - descent for height, descent in zip(heights, descents, strict=True))
        return sum(widths), above + max(descents), max(descents)

    def _size(self, part: str, prop: Any, font: int) -> tuple[float, float, float]:
        """Width, height and descent of a word, a digit or spaces; `font` is the hash of `prop`."""
        measure = partial(super().get_text_width_height_descent, part, prop, False)
        return self._sizes.get((part, font), measure)

    def _parts(self, s: str, prop: Any, font: int) -> list[tuple[str, float]]:
        """The parts of a line, and how many pixels lie before each."""
        parts = _PARTS.findall(s)
        ends = accumulate((self._size(part, prop, font)[0] for part in parts), initial=0.0)
        return [*zip(parts, ends, strict=False)]  # there is one end more

    def _set(self, gc: Any, right: float, s: str, prop: Any, angle: float) -> _Word:
        """Sets words, a part of a pixel right of the middle of an empty sheet."""
        across, up = self._reach(s, prop, math.radians(angle))
        sheet, free = RendererAgg(2 * across, 2 * up, self.dpi), self.new_gc()
        free.copy_properties(gc)
        free.set_clip_rectangle(None)
        free.set_clip_path(None)
        sheet.draw_text(free, across + right, up, s, prop, angle)
        picture = np.asarray(sheet.buffer_rgba())
        rows, columns = (np.flatnonzero(picture[:, :, 3].any(axis=other)) for other in (1, 0))
        if not len(rows):
            return _Word(picture[:0, :0], 0, 0)
        inked = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return _Word(inked[::-1].copy(), int(columns[0]) - across, int(rows[-1]) + 1 - up)

    def _reach(self, s: str, prop: Any, angle: float) -> tuple[int, int]:
        """How far words at an angle, in radians, reach across and up from where they begin."""
        width, height, descent = self.get_text_width_height_descent(s, prop, False)
        cosine, sine = abs(math.cos(angle)), abs(math.sin(angle))
        high = max(height - descent, descent)  # a minus sign stands above its line
        sides = cosine * width + sine * high, sine * width + cosine * high
        return 4 + math.ceil(sides[0]), 4 + math.ceil(sides[1])
