"""How the calls of a search grow with the number of neurons."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from labkit.course.plots.canvas import MARKERS, MARKERS_IN_WORDS, SERIES
from labkit.selectors import Growth


def draw_growth(
    ax: Axes,
    n_neurons: npt.ArrayLike,
    calls: Mapping[str, npt.ArrayLike],
    fits: Mapping[str, Growth],
) -> Axes:
    """Draws the mean calls of searches over n with their 95% intervals, and the fitted lines.

    Args:
        ax: where to draw; its calls become logarithmic.
        n_neurons: (sizes,).
        calls: label -> (sizes, runs), calls of each run.
        fits: label -> the fit to its calls; its band is that of the exponent's interval, turned
            about the middle of the points.
    """
    sizes = np.asarray(n_neurons, dtype=np.float64)
    for i, (label, counted) in enumerate(calls.items()):
        runs = np.asarray(counted, dtype=np.float64)
        means, half = runs.mean(axis=1), _half_interval(runs)
        colour, marker = SERIES[i % len(SERIES)], MARKERS[i % len(MARKERS)]
        ax.errorbar(sizes, means, half, color=colour, marker=marker, ls="", capsize=3, label=label)
        fit = fits[label]
        ax.plot(sizes, fit.prefactor * 2 ** (fit.exponent * sizes), color=colour, lw=1)
        ax.fill_between(sizes, *_band(fit, sizes), color=colour, alpha=0.15, lw=0)
    ax.set(xlabel="neurons n", ylabel="calls until an optimum is met", yscale="log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False, fontsize=9)
    ax.set_title("bars and bands: 95% intervals", fontsize=10)
    return ax


def growth_in_words(fits: Mapping[str, Growth]) -> str:
    """The fits as one line for a summary."""
    return "; ".join(
        f"{label} ({MARKERS_IN_WORDS[i % len(MARKERS_IN_WORDS)]}): calls grow as "
        f"2^({fit.exponent:.2f} n), 95% interval {fit.low:.2f} to {fit.high:.2f}"
        for i, (label, fit) in enumerate(fits.items())
    )


def _half_interval(runs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """1.96 standard errors of the mean of each row."""
    n_runs = runs.shape[1]
    error: npt.NDArray[np.float64] = runs.std(axis=1, ddof=1) / math.sqrt(n_runs)
    return 1.96 * error


def _band(
    fit: Growth, sizes: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The lines of the lowest and the highest exponent through the middle of the fitted one."""
    middle = sizes.mean()
    centre = fit.prefactor * 2 ** (fit.exponent * middle)
    lines = [centre * 2 ** (slope * (sizes - middle)) for slope in (fit.low, fit.high)]
    return np.minimum(*lines), np.maximum(*lines)
