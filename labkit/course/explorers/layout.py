"""Where the axes of an explorer stand, in the width that the page has for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from labkit.course.plots.canvas import SCREEN_DPI, new_figure
from labkit.course.plots.style import own_style

#: How much larger letters and lines are where "Larger type" is on.
LARGER = 1.5
#: The same on a page of fewer pixels than `PHONE`: letters that are larger meet there.
LARGER_ON_A_PHONE, PHONE = 1.2, 480
#: How much lower axes then are, for their letters: else they would not fit a projector's screen.
_LOWER = 0.8
#: Pixels of the screen that are drawn for one of the page: more take longer than the eye repays.
FINEST = 2.0
#: Around axes, inches: their ticks, labels and title.
LEFT, RIGHT, BOTTOM, TOP = 0.75, 0.2, 0.5, 0.36
#: Axes are made narrower to stand beside one another, down to this share or these inches.
_LEAST_SHARE, _LEAST_WIDTH = 0.7, 2.6
#: In several rows they are made wider, to end beneath one another, and at least here, inches.
_COLUMN_WIDTH = 4.4


@dataclass(frozen=True)
class Arrangement:
    """Axes in rows, from left to right.

    Attributes:
        rows: the width of each of the axes with its surroundings, row by row, inches.
        height: of a row, inches.
        scale: how many times larger than usual letters and lines are.
    """

    rows: tuple[tuple[float, ...], ...]
    height: float
    scale: float = 1.0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the figure, inches."""
        return max(map(sum, self.rows)), self.height * len(self.rows)

    @property
    def page_width(self) -> float:
        """Of the figure on the page, in its pixels (CSS)."""
        return self.size[0] * SCREEN_DPI * self.scale

    def place(self, axes: Sequence[Axes], ratio: float) -> None:
        """Gives a figure its size and its axes their places; `ratio`: see `Explorer.fit`."""
        figure: Any = axes[0].figure
        width, height = self.size
        figure.set_dpi(SCREEN_DPI * self.scale * ratio)
        figure.set_size_inches(width, height)
        places = iter(axes)
        for row, widths in enumerate(self.rows, start=1):
            for column, wide in enumerate(widths):
                left, low = sum(widths[:column]) + LEFT, height - row * self.height + BOTTOM
                inner = wide - LEFT - RIGHT, self.height - BOTTOM - TOP
                place = left / width, low / height, inner[0] / width, inner[1] / height
                next(places).set_position(place)

    def rooms(self) -> list[tuple[float, float]]:
        """What a title or a label has of each of the axes, across and up, inches."""
        up = self.height - BOTTOM - TOP + 2 * TOP
        return [(width - LEFT, up) for row in self.rows for width in row]


def arrange(
    widths: Sequence[float], height: float, room: float | None = None, scale: float = 1.0
) -> Arrangement:
    """Sets axes of `widths` x `height` inches beside one another as far as there is room.

    They keep their widths where all fit, are narrowed where that helps, and stand in several rows
    else, which end beneath one another. `room` is what the page has, in its pixels; as wide as they
    are by default.
    """
    most = sum(widths) if room is None else room / SCREEN_DPI / scale
    rows: list[list[float]] = []
    for width in widths:
        if rows and sum(map(_least, [*rows[-1], width])) <= most:
            rows[-1].append(width)
        else:
            rows.append([width])
    rows = [list(_narrow(row, most)) for row in rows]
    if len(rows) > 1:
        wide = min(most, max(_COLUMN_WIDTH, *map(sum, rows)))
        rows = [[width * wide / sum(row) for width in row] for row in rows]
    return Arrangement(tuple(map(tuple, rows)), height * (_LOWER if scale > 1 else 1.0), scale)


def _least(width: float) -> float:
    return min(width, max(_LEAST_SHARE * width, _LEAST_WIDTH))


def _narrow(row: Sequence[float], most: float) -> tuple[float, ...]:
    """The widths of a row, made less where they are more than `most` together."""
    if len(row) == 1:
        return (min(row[0], most),)
    give = [width - _least(width) for width in row]
    share = min(1.0, max(0.0, sum(row) - most) / (sum(give) or 1.0))
    return tuple(width - share * each for width, each in zip(row, give, strict=True))


def larger_type(room: float) -> float:
    """How much larger letters are on a page with so many pixels where "Larger type" is on."""
    return LARGER if room >= PHONE else LARGER_ON_A_PHONE


@own_style()
def axes_of(arrangement: Arrangement) -> list[Axes]:
    """New axes in a figure of their own."""
    figure = new_figure(*arrangement.size)
    axes = [figure.add_subplot() for row in arrangement.rows for _ in row]
    arrangement.place(axes, 1.0)
    return axes
