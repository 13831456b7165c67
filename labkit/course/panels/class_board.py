"""A class's guesses and solved exercises, for a room to look at: no name appears."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from labkit.course.html import in_html
from labkit.course.kernel_watch import kernel_watch
from labkit.course.panels.lab_log import button_for
from labkit.course.room import Bars, Guesses, Room, count_guesses, read_room
from labkit.course.wording import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SOLVED = say("class_board.exercises_solved")
_SCREEN, _PROJECTOR = 80, 160  # dots an inch
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>body {{ font-family: sans-serif; max-width: 60em; margin: auto; padding: 1em }}
img {{ width: 100% }} @media (prefers-color-scheme: dark) {{ body {{ background: #111;
color: #eee }} img {{ background: white }} }}</style></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""


class ClassBoard(widgets.VBox):
    """What the lab books of a folder hold: a histogram of each question's guesses, and exercises.

    Args:
        folder: of the lab books that were handed in, or of a book that they were merged into.

    Attributes:
        chosen: which question, or the exercises (`ipywidgets.Dropdown`).
        refresh_button: reads the books anew.
        picture: the histogram, with its text beneath (`ipywidgets.HTML`).
        room: what was read.
    """

    def __init__(self, folder: str | os.PathLike[str] = ".") -> None:
        self._folder = folder
        self.chosen = widgets.Dropdown(
            description=say("class_board.show"), layout=widgets.Layout(width="auto")
        )
        self.refresh_button = button_for(say("shared.refresh"), "refresh", self.refresh)
        self.picture = widgets.HTML()
        self.picture.add_class("jp-RenderedHTMLCommon")  # no picture is wider than the page
        self.chosen.observe(lambda _: self._show(), names="value")
        super().__init__([self.chosen, self.refresh_button, kernel_watch(), self.picture])
        self.refresh()

    def refresh(self) -> None:
        """Reads the books anew; what was chosen stays so."""
        before = self.chosen.value
        self.room = read_room(self._folder)
        names = [each.question for each in self.room.questions]
        self.chosen.options = [*names, _SOLVED]
        self.chosen.value = before if before in self.chosen.options else self.chosen.options[0]
        self._show()

    def _show(self) -> None:
        shown = {each.question: each for each in self.room.questions}.get(self.chosen.value)
        told = solved_in_html(self.room) if shown is None else guesses_in_html(shown)
        self.picture.value = f"<p>{in_html(books_in_words(self.room))}</p>{told}"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live board, and what it shows for a page without a kernel."""
        return {**super()._repr_mimebundle_(**kwargs), "text/html": self.picture.value}


def books_in_words(room: Room) -> str:
    """How many books were read, and how many files were none."""
    left = (
        say("class_board.files_that_could_not", n_refused=room.n_refused) if room.n_refused else ""
    )
    return say("class_board.lab_books_with_entries", n_books=room.n_books, left=left)


def guesses_in_html(guesses: Guesses, *, dpi: int = _SCREEN) -> str:
    """The histogram of one question, and its numbers in a sentence; `dpi` dots an inch."""
    from labkit.course.plots.canvas import new_axes  # Matplotlib, which other panels do without
    from labkit.course.plots.room import draw_guesses

    bars = count_guesses(guesses)
    height = 2.8 if bars.edges else 0.8 + 0.45 * len(bars.labels)
    ax = draw_guesses(new_axes(width=7, height=height)[0], guesses)
    pairs = zip(bars.labels, bars.counts, strict=True)
    said = ", ".join(f"{label}: {count}" for label, count in pairs if count)
    return _with_text(ax, f"{guesses} {said}.", dpi)


def solved_in_html(room: Room, *, dpi: int = _SCREEN) -> str:
    """How many readers solved each exercise, drawn and in a sentence; `dpi` dots an inch."""
    from labkit.course.plots.canvas import new_axes
    from labkit.course.plots.room import draw_solved

    if not room.tried:
        return say("class_board.no_exercise_has_been")
    ax = draw_solved(new_axes(width=7, height=1 + 0.24 * min(30, len(room.tried)))[0], room)
    said = ", ".join(
        say("class_board.of", name=name, solved=room.solved[name], tried=room.tried[name])
        for name in room.tried
    )
    return _with_text(ax, say("class_board.solved_of_the_readers", said=said), dpi)


def page_of(room: Room) -> str:
    """A page with every histogram, which opens without a network."""
    parts = [f"<p>{in_html(books_in_words(room))}</p>"]
    for each in room.questions:
        parts.append(f"<h2>{in_html(each.question)}</h2>{guesses_in_html(each, dpi=_PROJECTOR)}")
    parts.append(f"<h2>{say('class_board.exercises')}</h2>{solved_in_html(room, dpi=_PROJECTOR)}")
    return _PAGE.format(title=say("class_board.title"), body="\n".join(parts))


def text_of(room: Room, width: int = 40) -> Iterator[str]:
    """The histograms in lines of text; the bar of the truth has a > before it.

    Args:
        room: to tell.
        width: of the longest bar, characters.
    """
    yield books_in_words(room)
    for guesses in room.questions:
        yield from ("", str(guesses), *_lines_of(count_guesses(guesses), width))
    if room.tried:
        yield from ("", say("class_board.exercises_readers_who_solved"))
        for name, tried in room.tried.items():
            yield f"  {name:6} {room.solved[name]:4} of {tried}"


def _lines_of(bars: Bars, width: int) -> Iterator[str]:
    longest, most = max(map(len, bars.labels), default=0), max((*bars.counts, 1))
    for i, (label, count) in enumerate(zip(bars.labels, bars.counts, strict=True)):
        sign, bar = ">" if i == bars.truth else " ", "#" * round(width * count / most)
        yield f"{sign} {label:{longest}}  {count:4} {bar}".rstrip()


def _with_text(ax: Axes, text: str, dpi: int) -> str:
    from labkit.course.plots.canvas import picture_html, render_png

    ax.figure.set_dpi(dpi)
    return f"{picture_html(render_png(ax), text)}<p><small>{in_html(text)}</small></p>"
