"""What a room guessed, beside the truth, and which exercises it solved."""

from __future__ import annotations

import textwrap
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, ScalarFormatter

from labkit.course.plots import canvas
from labkit.course.plots.style import own_style
from labkit.course.room import Bars, Guesses, Room, count_guesses, has_equal_ratios
from labkit.course.wording import say

_MOST = 30  # exercises
_BARS: canvas.Style = {"color": canvas.SKY, "hatch": "///", "edgecolor": canvas.BLACK}


@own_style()
def draw_guesses(ax: Axes, guesses: Guesses) -> Axes:
    """Draws how many guesses fell where: bars; the truth has a triangle, and a dashed line."""
    bars = count_guesses(guesses)
    if not bars.labels:
        ax.text(
            0.5, 0.5, say("plot.room.no_guess_yet"), ha="center", va="center", color=canvas.GREY
        )
    elif bars.edges:
        _draw_numbers(ax, bars, guesses.truth)
    else:
        _draw_choices(ax, bars)
    return ax


def _draw_numbers(ax: Axes, bars: Bars, truth: float | str | None) -> None:
    edges = bars.edges
    widths = [high - low for low, high in pairwise(edges)]
    ax.bar(edges[:-1], bars.counts, widths, align="edge", **_BARS)
    if has_equal_ratios(edges[0], edges[-1]):
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(ScalarFormatter())
        ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set(xlabel=say("plot.room.guess"), ylabel=say("plot.room.readers"))
    canvas.count_whole(ax.yaxis)
    if truth is not None:
        ax.axvline(float(truth), color=canvas.BLACK, ls="--", lw=2)
        ax.plot(float(truth), 1.0, "v", color=canvas.BLACK, ms=9, clip_on=False,
                transform=ax.get_xaxis_transform())  # fmt: skip


def _draw_choices(ax: Axes, bars: Bars) -> None:
    labels = [textwrap.fill(label, 40).replace("$", r"\$") for label in bars.labels]
    ax.barh(labels, bars.counts, 0.6, **_BARS)
    if bars.truth is not None:
        ax.plot(0, bars.truth, ">", color=canvas.BLACK, ms=11, clip_on=False)
    ax.set(xlabel=say("plot.room.readers"))
    ax.invert_yaxis()
    canvas.count_whole(ax.xaxis)


@own_style()
def draw_solved(ax: Axes, room: Room) -> Axes:
    """Draws how many readers solved each exercise (filled), of those that tried it (outlined).

    Of more than thirty, those are shown that most readers tried without solving them.
    """
    worst = sorted(room.tried, key=lambda name: room.solved[name] - room.tried[name])[:_MOST]
    names = sorted(worst)
    ax.barh(names, [room.tried[n] for n in names], 0.7, fc="none", ec=canvas.GREY)
    ax.barh(names, [room.solved[n] for n in names], 0.7, **_BARS)
    ax.set(xlabel=say("plot.room.readers_solved_filled_tried"))
    ax.tick_params(axis="y", labelsize=8)
    ax.invert_yaxis()
    canvas.count_whole(ax.xaxis)
    return ax
