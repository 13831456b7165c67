"""Figures without a global state: made, drawn on, shown once, with a text for a screen reader."""

# The colours are imported for others to import from here, and chosen in `labkit.palette`
# mypy: implicit-reexport
# ruff: noqa: F401

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from IPython.display import HTML, display
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, ScalarFormatter

from labkit.arrays import FloatArray
from labkit.course.plots.style import own_style
from labkit.palette import (
    BLACK,
    BLUE,
    DARK_GREY,
    DARK_VERMILLION,
    GREEN,
    GREY,
    ORANGE,
    PALE_BLUE,
    PALEST_BLUE,
    PURPLE,
    SKY,
    VERMILLION,
)

#: label -> values, of one shape for all labels.
Series = Mapping[str, npt.ArrayLike]
#: Keywords of Matplotlib.
Style = dict[str, Any]

SERIES = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, DARK_GREY)
MARKERS = ("o", "^", "s", "D", "v", "P", "*")
MARKERS_IN_WORDS = ("circles", "triangles", "squares", "diamonds", "arrows", "crosses", "stars")
LINES = ("-", "--", ":", "-.")
HATCHES = ("", "///", "...", "xx", "--", "++", "\\\\\\")
#: The ring around what is lit.
LIT: Style = {"marker": "o", "ls": "", "mfc": "none", "mec": VERMILLION, "mew": 2}

#: Pixels of a page to an inch.
SCREEN_DPI = 80
#: Points: a title in smaller letters would not be read.
_READABLE = 8.5
#: Points: the same of a label, which stands in one line.
_LEAST_LABEL = 7.0


@own_style()
def new_figure(width: float, height: float) -> Figure:
    """An empty figure of `width` x `height` inches that no global list keeps."""
    figure = Figure(figsize=(width, height), dpi=SCREEN_DPI)
    FigureCanvasAgg(figure)
    return figure


@own_style()
def new_axes(
    columns: int = 1, *, rows: int = 1, width: float = 5.2, height: float = 3.6
) -> npt.NDArray[Any]:
    """Axes in `rows` rows of `columns`, each of `width` x `height` inches.

    Returns:
        object array (columns * rows,) of `matplotlib.axes.Axes`, row by row.
    """
    figure = new_figure(width * columns, height * rows)
    figure.set_layout_engine("constrained")
    return np.atleast_1d(figure.subplots(rows, columns)).ravel()


def number_series(series: Series) -> Iterator[tuple[int, str, FloatArray]]:
    """The number of each series, its label, and its values as float64."""
    for i, (label, values) in enumerate(series.items()):
        yield i, label, np.asarray(values, dtype=np.float64)


def colour_of(i: int) -> str:
    """The colour of the series of number `i`."""
    return SERIES[i % len(SERIES)]


def series_style(i: int) -> Style:
    """Colour, marker and line of the series of number `i`; each begins anew after its last."""
    return {"color": colour_of(i), "marker": MARKERS[i % len(MARKERS)], "ls": LINES[i % 4]}


def marker_style(i: int) -> Style:
    """Colour and marker of series `i`, without its line."""
    return {**series_style(i), "ls": ""}


def bar_style(i: int) -> Style:
    """Colour, hatch and edge of the bars of series `i`."""
    return {"color": colour_of(i), "hatch": HATCHES[i % len(HATCHES)], "edgecolor": BLACK}


@own_style()
def add_legend(ax: Axes, *, grid: bool = False, **style: Any) -> Axes:
    """Names the series in small letters, on a faint grid if so wished; returns the axes."""
    ax.legend(**{"fontsize": 8, **style})
    if grid:
        ax.grid(alpha=0.3)
    return ax


@own_style()
def add_title(ax: Axes, title: str) -> Axes:
    """Writes a title of the size that all have; returns the axes."""
    ax.set_title(title, fontsize=10)
    return ax


@own_style()
def name_point(ax: Axes, name: str, point: tuple[float, float], gap: float, **box: float) -> None:
    """Writes a name beside a point, `gap` points to its right, or to its left if that is < 0."""
    ax.annotate(name, point, (gap, 0), textcoords="offset points", fontsize=9, va="center",
                ha="left" if gap > 0 else "right", bbox={"color": "white", **box})  # fmt: skip


def count_whole(*axes: Axis, most: int = 10) -> None:
    """Ticks at whole numbers only, such as neurons and steps, at most so many intervals."""
    for axis in axes:
        axis.set_major_locator(MaxNLocator(most, integer=True))


def add_line(ax: Axes, x: npt.ArrayLike, y: npt.ArrayLike, **style: Any) -> None:
    """Adds a line as `ax.plot` does, but does not measure it: the limits do not follow it."""
    ax.add_artist(Line2D(np.atleast_1d(x), np.atleast_1d(y), **style))


def set_named_ticks(axis: Axis, places: npt.ArrayLike, names: Sequence[str]) -> None:
    """Ticks at these places, with these names, which are not set before they are drawn."""
    axis.set_major_locator(FixedLocator(places))  # type: ignore[arg-type]
    axis.set_major_formatter(FixedFormatter(names))


def contents(ax: Axes) -> list[Artist]:
    """What was drawn into axes: all but their frame."""
    return [*ax.lines, *ax.patches, *ax.collections, *ax.images, *ax.texts]


def wipe(ax: Axes) -> None:
    """Empties axes but keeps their ticks: several times faster than `ax.clear()`."""
    for artist in contents(ax):
        artist.remove()
    ax.relim()
    ax.autoscale()
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(4))
        axis.set_major_formatter(ScalarFormatter())


def widen(ax: Axes) -> None:
    """Ends linear axes that follow their data at the next ticks, so that the same ends recur."""
    for axis, follows in ((ax.xaxis, ax.get_autoscalex_on()), (ax.yaxis, ax.get_autoscaley_on())):
        locator = axis.get_major_locator()
        if (
            follows
            and not ax.images
            and axis.get_scale() == "linear"
            and isinstance(locator, MaxNLocator)
        ):
            ticks = locator.tick_values(*axis.get_view_interval())
            axis.set_view_interval(ticks[0], ticks[-1], ignore=True)


def fit_words(ax: Axes, width: float, height: float, renderer: Any) -> None:
    """Writes the title right above the axes, and it and the labels as small as their room asks.

    A title that would be too small to read is set in two lines, and a label beneath the axes goes
    without what it has in brackets. To look for room above the axes takes long at each drawing, and
    so do words that are measured by one renderer and drawn by another. Width and height are in
    inches.
    """
    ax.set_title(ax.get_title(), y=1.02, fontsize=ax.title.get_fontsize())
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_fontsize("medium")
    _fit(ax.title, width, "width", renderer)
    if float(ax.title.get_fontsize()) < _READABLE:
        ax.set_title(_in_two_lines(ax.get_title()), fontsize=9, linespacing=1.0)
        _fit(ax.title, width, "width", renderer)
    _fit(ax.xaxis.label, width, "width", renderer)
    if float(ax.xaxis.label.get_fontsize()) < _LEAST_LABEL:
        ax.set_xlabel(ax.get_xlabel().partition(" (")[0], fontsize="medium")
        _fit(ax.xaxis.label, width, "width", renderer)
    _fit(ax.yaxis.label, height, "height", renderer)


def _in_two_lines(title: str) -> str:
    """Breaks a title near its middle: between its parts where it has several, else at a space."""
    breaks = [*re.finditer("(?<=[,;]) | {2,}", title)] or [*re.finditer(" ", title)]
    if not breaks:
        return title
    middle = min(breaks, key=lambda each: abs(each.start() + each.end() - len(title)))
    return f"{title[: middle.start()]}\n{title[middle.end() :]}"


def _fit(text: Text, room: float, side: str, renderer: Any) -> None:
    """Makes letters smaller until a line is `room` inches long at most."""
    most = room * renderer.dpi
    # letters are of whole pixels: a share of their size is not that share of their length
    while (length := getattr(text.get_window_extent(renderer), side)) > most:
        text.set_fontsize(float(text.get_fontsize()) * min(0.97, most / length))


@own_style()
def render_png(ax: Axes) -> bytes:
    """The whole figure that holds `ax`, as PNG; hardly compressed, which takes half the time."""
    buffer, canvas = io.BytesIO(), _without_tex(ax.figure).canvas
    canvas.print_png(buffer, pil_kwargs={"compress_level": 1})
    return buffer.getvalue()


def _without_tex(figure: Any) -> Any:
    """The figure, whose words Matplotlib itself sets."""
    for text in figure.findobj(Text):
        text.set_usetex(False)
    return figure


class Captioned(NamedTuple):
    """A figure with its text: shown by a cell that ends with it, folded by a prediction.

    Attributes:
        ax: axes of one figure, or an array of them.
        text: one line that says what it shows, which is also the picture's alternative text.
    """

    ax: Axes | npt.NDArray[Any]
    text: str

    def in_html(self) -> str:
        """The picture, of two pixels to each of the page, and the text beneath it."""
        figure: Any = np.atleast_1d(np.asarray(self.ax, dtype=object))[0].figure
        width = round(figure.get_figwidth() * SCREEN_DPI)
        caption = f'<p style="margin:0 0 1em 0.5em"><small>{html.escape(self.text)}</small></p>'
        return picture_html(_fine_png(figure), self.text, width=width) + caption

    def _ipython_display_(self) -> None:
        display(HTML(self.in_html()))  # type: ignore[no-untyped-call]


@own_style()
def _fine_png(figure: Any) -> bytes:
    """A figure for a page that is stored, as PNG: fine enough for a phone or a print."""
    buffer = io.BytesIO()
    _without_tex(figure).savefig(buffer, dpi=2 * SCREEN_DPI)
    return buffer.getvalue()


def picture_html(png: bytes, alternative: str, *, width: int | None = None) -> str:
    """A PNG as HTML with an alternative text, which an output of type PNG cannot carry.

    `width` is on the page, in its pixels; as many as the PNG has by default.
    """
    data = base64.b64encode(png).decode()
    wide = "" if width is None else f' width="{width}"'
    return f'<img alt="{html.escape(alternative)}" src="data:image/png;base64,{data}"{wide}>'


def in_words(values: Mapping[str, float], form: str = ".3f") -> str:
    """Label -> value as text for a summary, each by a format: 'a 1.000, b 2.000'."""
    return ", ".join(f"{label} {value:{form}}" for label, value in values.items())
