"""Complex-valued neurons: their sums in the plane, and their output over two inputs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit import palette
from labkit.arrays import FloatArray
from labkit.course.plots import canvas
from labkit.course.plots.style import own_style
from labkit.course.wording import say


@own_style()
def draw_sums(ax: Axes, sums: npt.ArrayLike, names: list[str], *, reach: float) -> Axes:
    """Draws complex sums as hands from 0, each with its name at its end; a ring has radius 1.

    Args:
        ax: axes.
        sums: complex (sums,).
        names: of each.
        reach: the axes show so far in each direction.
    """
    ring = np.exp(1j * np.linspace(0, 2 * np.pi, 73))
    ax.plot(ring.real, ring.imag, color=canvas.GREY, lw=0.8)
    for i, (u, name) in enumerate(zip(np.asarray(sums), names, strict=True)):
        ax.plot([0, u.real], [0, u.imag], color=canvas.colour_of(i), lw=2)
        ax.plot([u.real], [u.imag], ms=8, mec="white", **canvas.marker_style(i))
        away = u / abs(u) if abs(u) > 1e-9 else np.exp(0.25j * np.pi * (2 * i + 1))
        style: canvas.Style = {"textcoords": "offset points", "ha": "center", "va": "center"}
        place = (16 * away.real, 12 * away.imag)
        ax.annotate(name, (u.real, u.imag), place, fontsize=9, **style)
    limits = (-reach, reach)
    ax.set(
        xlim=limits,
        ylim=limits,
        aspect="equal",
        xlabel=say("plot.phases.re_u"),
        ylabel=say("plot.phases.im_u"),
    )
    return canvas.add_title(ax, say("plot.phases.u_for_the_inputs"))


@own_style()
def draw_surface(
    ax: Axes, surface: FloatArray, corners: FloatArray, *, low: float, high: float, what: str
) -> Axes:
    """Draws an output over two inputs of 0 to 1, dark where it is low; the corners in numbers.

    Args:
        ax: axes.
        surface: float64 (x_2, x_1), evenly spaced.
        corners: float64 (4,), the outputs of 00, 01, 10, 11.
        low: what the darkest colour stands for.
        high: the lightest.
        what: the output's name.
    """
    style: canvas.Style = {"cmap": palette.SEQUENTIAL, "vmin": low, "vmax": high}
    ax.imshow(surface, origin="lower", extent=(0, 1, 0, 1), aspect="auto", **style)
    for i, (value, (x, y)) in enumerate(zip(corners, _CORNERS, strict=True)):
        shift = (0.14 - 0.28 * x, 0.09 - 0.18 * y)
        box = {"color": "white", "alpha": 0.85, "pad": 1.5}
        ax.plot([x], [y], ms=9, mec="white", clip_on=False, **canvas.marker_style(i))
        said = f"{value + 0.0:.2f}".replace("-", "−")
        ax.text(x + shift[0], y + shift[1], said, ha="center", va="center", fontsize=9, bbox=box)
    ax.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel=say("plot.phases.first_input"),
        ylabel=say("plot.phases.second_input"),
    )
    return canvas.add_title(
        ax, say("plot.phases.dark_to_light", what=what, low=low, high=high).replace("-", "−")
    )


#: First and second input of 00, 01, 10, 11.
_CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))
