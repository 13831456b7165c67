"""Figures of kernel machines: what is kept of a kernel, outputs, spectra, counts against truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit import palette
from labkit.arrays import FloatArray
from labkit.course.plots import canvas
from labkit.course.plots.series import set_log_ticks, standard_error
from labkit.course.plots.style import own_style
from labkit.course.wording import say


@own_style()
def draw_kept_kernel(ax: Axes, kernel: FloatArray, y: FloatArray) -> None:
    """Draws a kernel (n, n) as it is kept, images sorted by label; lines part the labels."""
    order = np.argsort(y, kind="stable")
    n, edge = len(y), float((y < 0).sum()) - 0.5
    ax.imshow(kernel[np.ix_(order, order)], cmap=palette.DIVERGING, vmin=-1, vmax=1, aspect="auto")
    ax.axhline(edge, color=canvas.BLACK, lw=0.8)
    ax.axvline(edge, color=canvas.BLACK, lw=0.8)
    ax.set(
        xlim=(-0.5, n - 0.5),
        ylim=(n - 0.5, -0.5),
        xlabel=say("plot.kernels.training_image"),
        ylabel=say("plot.kernels.and_another"),
    )
    canvas.add_title(ax, say("plot.kernels.kernel_as_kept_lines"))


@own_style()
def draw_overlaps(
    ax: Axes, overlaps: FloatArray, y: FloatArray, *, median: float, shown: int
) -> None:
    """Draws the overlap of each test image (tests,) by its number; a ring is around image `shown`.

    The solid line is the threshold zero, the dashed one the `median` of the test set.
    """
    for i, sign in enumerate((-1, 1)):
        at = np.flatnonzero(y == sign)
        ax.plot(at, overlaps[at], ms=5, **canvas.marker_style(i))
    ax.plot(shown, overlaps[shown], ms=12, **canvas.LIT)
    ax.axhline(0, color=canvas.BLACK, lw=1)
    ax.axhline(median, color=canvas.GREY, ls="--", lw=1.3)
    ax.set(
        xlim=(-1, len(y)),
        ylim=(-1.05, 1.05),
        xlabel=say("shared.test_image"),
        ylabel=say("plot.kernels.overlap_its_sign_is"),
    )
    canvas.add_title(ax, say("plot.kernels.circles_threes_triangles_eights"))


@own_style()
def draw_over_depths(
    ax: Axes, depths: Sequence[int], series: canvas.Series, *, ylabel: str, is_log: bool = False
) -> Axes:
    """Draws label -> (depths, seeds) over the depth: means with two standard errors.

    On a logarithmic axis it is medians with bars from quartile to quartile.
    """
    for i, label, values in canvas.number_series(series):
        middle, below = values.mean(axis=1), 2 * standard_error(values)
        bars = np.stack([below, below])
        if is_log:
            low, middle, high = np.percentile(values, (25, 50, 75), axis=1)
            bars = np.stack([middle - low, high - middle])
        shifted = np.asarray(depths) * (1 + 0.02 * i)
        ax.errorbar(shifted, middle, bars, capsize=3, label=label, **canvas.series_style(i))
    set_log_ticks(ax, [depth for depth in depths if depth & (depth - 1) == 0])
    ax.set(xlabel=say("shared.hidden_layers"), ylabel=ylabel, yscale="log" if is_log else "linear")
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_right_signs(ax: Axes, shots: Sequence[int], shares: canvas.Series, *, xlabel: str) -> Axes:
    """Draws shares of right signs over the outcomes spent, label -> (shots, seeds)."""
    for i, label, values in canvas.number_series(shares):
        shifted = np.asarray(shots) * (1 + 0.06 * i)
        ax.errorbar(shifted, values.mean(axis=1), 2 * standard_error(values), capsize=3,
                    label=label, **canvas.series_style(i))  # fmt: skip
    set_log_ticks(ax, shots)
    ax.set(xlabel=xlabel, ylabel=say("plot.kernels.share_of_signs_that"), ylim=(0.45, 1.02))
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_counted(ax: Axes, outputs: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]]) -> Axes:
    """Draws outputs as counted over outputs as solved, label -> (solved, counted)."""
    for i, (label, (solved, counted)) in enumerate(outputs.items()):
        ax.plot(solved, counted, ms=5, alpha=0.7, label=label, **canvas.marker_style(i))
    ends = np.array([ax.get_xlim(), ax.get_ylim()])
    span = [ends[:, 0].min(), ends[:, 1].max()]
    ax.plot(span, span, color=canvas.GREY, lw=1, zorder=0)
    ax.axhline(0, color=canvas.BLACK, lw=0.8)
    ax.axvline(0, color=canvas.BLACK, lw=0.8)
    ax.set(
        xlabel=say("plot.kernels.output_as_solved"), ylabel=say("plot.kernels.output_from_counts")
    )
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_eigenvalues(ax: Axes, spectra: canvas.Series) -> Axes:
    """Draws eigenvalues from the largest on, label -> (any number,), on a logarithmic axis."""
    for i, label, values in canvas.number_series(spectra):
        ranked = np.sort(values)[::-1]
        style = canvas.marker_style(i) | ({"mfc": "none", "ms": 10} if i == 0 else {"ms": 5})
        ax.plot(1 + np.arange(len(ranked)), ranked, label=label, **style)
    ax.set(
        xlabel=say("plot.kernels.number_of_the_eigenvalue"),
        ylabel=say("plot.kernels.eigenvalue"),
        yscale="log",
    )
    canvas.count_whole(ax.xaxis)
    return canvas.add_legend(ax, grid=True)
