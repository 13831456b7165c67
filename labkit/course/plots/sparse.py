"""Subnetworks of a fixed number of neurons: where shots land, and what a penalty does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.course.plots.canvas import BLACK, HATCHES, MARKERS, SERIES


def draw_kept(ax: Axes, chances: Mapping[str, npt.ArrayLike], n_active: int) -> Axes:
    """Draws how likely a shot keeps each number of neurons, series side by side.

    Args:
        ax: where to draw.
        chances: label -> (2^n,) chance of each mask.
        n_active: the number wanted, marked by a dashed line.
    """
    width = 0.8 / len(chances)
    for i, (label, values) in enumerate(chances.items()):
        of_masks = np.asarray(values, dtype=np.float64)
        kept = np.bitwise_count(np.arange(len(of_masks)))
        heights = np.bincount(kept, weights=of_masks)
        places = np.arange(len(heights)) + width * (i - (len(chances) - 1) / 2)
        ax.bar(places, heights, width, color=SERIES[i], hatch=HATCHES[i], edgecolor=BLACK,
               lw=0.5, label=label)  # fmt: skip
    ax.axvline(n_active, color=BLACK, ls="--", lw=1, zorder=0)
    ax.set(xlabel="neurons kept", ylabel="chance in one shot", xticks=range(len(heights)))
    ax.legend(fontsize=8)
    return ax


def draw_strengths(
    ax: Axes,
    strengths: Sequence[float],
    samples: npt.ArrayLike,
    levels: Mapping[str, npt.ArrayLike],
) -> Axes:
    """Draws a quality against the strength of a penalty, and others that have none as levels.

    Bars and bands are one standard error of the mean over networks.

    Args:
        ax: where to draw; the caller names the vertical axis.
        strengths: (strengths,); they are drawn at equal distances.
        samples: (strengths, networks).
        levels: label -> (networks,).
    """
    array = np.asarray(samples, dtype=np.float64)
    places = np.arange(len(strengths))
    ax.errorbar(places, array.mean(axis=1), _error(array), marker=MARKERS[0], color=SERIES[0],
                capsize=3, label="penalty")  # fmt: skip
    for i, (label, values) in enumerate(levels.items(), 1):
        level = np.asarray(values, dtype=np.float64)
        mean, error = level.mean(), _error(level)
        style = ("-", "--", ":")[i % 3]
        ax.plot(places, np.full(len(places), mean), style, marker=MARKERS[i], color=SERIES[i],
                label=label)  # fmt: skip
        ax.fill_between(places, mean - error, mean + error, color=SERIES[i], alpha=0.15, lw=0)
    ax.set_xticks(places, [f"{strength:g}" for strength in strengths])
    ax.set(xlabel="strength of the penalty, in standard deviations of the cost", ylim=(0, None))
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    return ax


def _error(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(values.std(axis=-1, ddof=1) / np.sqrt(values.shape[-1]))
