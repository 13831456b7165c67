"""Figures of several lessons at once: who leads by how much, and bits by whole and local choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.arrays import FloatArray
from labkit.course.plots import canvas
from labkit.course.plots.series import standard_error
from labkit.course.plots.style import own_style
from labkit.course.wording import say
from labkit.palette import BLACK, GREY

_TICKS = (-100, -30, -10, -3, 0, 3, 10, 30, 100)


@own_style()
def draw_leads(ax: Axes, names: Sequence[str], leads: canvas.Series, *, even: float) -> Axes:
    """Draws leads in standard errors, label -> (rows,), a row for each name.

    Within `even` of 0 nothing leads: a band. Beyond it the axis is logarithmic; a lead that is not
    finite stands at the edge.
    """
    rows = np.arange(len(names))
    ax.axvspan(
        -even,
        even,
        color=GREY,
        alpha=0.25,
        lw=0,
        label=say("plot.neighbours.within_even", even=even),
    )
    for i, label, values in canvas.number_series(leads):
        shown = np.clip(values, -200, 200)
        ax.plot(shown, rows + 0.3 * (i - (len(leads) - 1) / 2), ms=7, label=label,
                **canvas.marker_style(i))  # fmt: skip
    ax.axvline(0, color=BLACK, lw=1)
    ax.set_xscale("symlog", linthresh=even)
    ax.set_xlim(-200, 200)
    canvas.set_named_ticks(ax.xaxis, _TICKS, [f"{tick:+d}" if tick else "0" for tick in _TICKS])
    ax.minorticks_off()
    ax.set_yticks(rows, names)
    ax.invert_yaxis()
    ax.set(xlabel=say("plot.neighbours.behind_lead_over_the"))
    return canvas.add_legend(ax, grid=True, loc="lower right")


@own_style()
def draw_bits_held(
    ax: Axes, names: Sequence[str], whole: Sequence[FloatArray], local: Sequence[FloatArray]
) -> Axes:
    """Draws mean bits by the whole and by a local choice, (seeds,) each, a row for each name."""
    rows = np.arange(len(names))
    for i, (label, bits) in enumerate((("whole", whole), ("local", local))):
        means, errors = [each.mean() for each in bits], [2 * standard_error(each) for each in bits]
        ax.errorbar(means, rows, xerr=np.array(errors), ms=8, capsize=3, label=label,
                    **canvas.marker_style(i))  # fmt: skip
    for row, (first, last) in enumerate(zip(whole, local, strict=True)):
        ends: npt.NDArray[np.float64] = np.array([first.mean(), last.mean()])
        ax.plot(ends, [row, row], color=GREY, lw=1, zorder=0)
    ax.set_yticks(rows, names)
    ax.invert_yaxis()
    ax.set(xlabel=say("plot.neighbours.bits_across_a_cut"), xlim=(-0.05, None))
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_verdicts(ax: Axes, names: Sequence[str], counts: Sequence[Mapping[str, int]]) -> Axes:
    """Draws verdict -> number of claims as a bar of parts, a row for each name."""
    left = np.zeros(len(names))
    for i, verdict in enumerate(counts[0]):
        numbers = np.array([each[verdict] for each in counts], dtype=np.float64)
        ax.barh(names, numbers, 0.65, left=left, label=verdict, lw=0.5, **canvas.bar_style(i))
        left += numbers
    ax.invert_yaxis()
    ax.set(xlabel=say("plot.neighbours.claims"))
    canvas.count_whole(ax.xaxis)
    return canvas.add_legend(ax)
