"""Series over time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit import palette
from labkit.course.plots import canvas
from labkit.course.plots.style import own_style


@own_style()
def draw_series(ax: Axes, values: npt.ArrayLike, title: str, xlabel: str) -> Axes:
    """Draws a series (length,) as points on a thin line."""
    series = np.asarray(values)
    ax.plot(series, color=palette.GREY, lw=0.8)
    ax.plot(series, ls="", marker="o", ms=3.5, color=canvas.BLACK)
    ax.set(xlabel=xlabel, xlim=(-1, max(len(series), 60)))
    return canvas.add_title(ax, title)
