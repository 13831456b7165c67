"""QAOA: what its angles do, how they are trained, and where the shots fall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import PowerNorm
from matplotlib.ticker import NullLocator

from labkit.costs import CostTable
from labkit.course.plots.canvas import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LINES,
    LIT,
    MARKERS,
    PALEST_BLUE,
    SERIES,
    VERMILLION,
    Series,
    Style,
    add_legend,
    add_title,
    name_point,
    series_style,
)
from labkit.course.plots.series import draw_band, draw_bars_beside, draw_lines, standard_error
from labkit.masks import mask_from_index, mask_to_string, masks_to_indices

_BINS = 24
#: From one row of dials to the next; a dial is at most 0.96 across.
_ROW = 1.3


def draw_dials(ax: Axes, states: Series, table: CostTable) -> Axes:
    """Draws each amplitude as a dial: the hand's length is its size, its direction its phase.

    One row for each state; the masks stand in the order of their cost. A hand that points up has
    phase 0, and turns clockwise as the phase falls. Beneath each dial stands the probability.

    Args:
        ax: where to draw.
        states: label -> (2^n,) amplitudes by mask index, at most some 16.
        table: costs of the masks.
    """
    order = np.argsort(table.costs, kind="stable")
    rows = np.array([np.asarray(state)[order] for state in states.values()])
    hands = 0.48 * rows / np.abs(rows).max() * 1j
    at = np.arange(rows.shape[1]) - 1j * _ROW * np.arange(len(rows))[:, None]
    _draw_hands(ax, at.ravel(), hands.ravel())
    for place, amplitude in zip(at.ravel(), rows.ravel(), strict=True):
        chance = f"{abs(amplitude) ** 2:.3f}"
        ax.text(place.real, place.imag - 0.5, chance, ha="center", va="top", fontsize=8)
    masks = [mask_to_string(mask_from_index(int(i), table.n_neurons)) for i in order]
    names = [f"{m}\n{c:+.2f}" for m, c in zip(masks, table.costs[order] - table.mean, strict=True)]
    ax.set_xticks(range(len(order)), names)
    ax.set_yticks(-_ROW * np.arange(len(rows)), list(states))
    ax.set(xlim=(-0.6, len(order) - 0.4), ylim=(-0.8 - _ROW * (len(rows) - 1), 0.6), aspect="equal")
    ax.set_xlabel("mask, and its cost above the mean; cheapest first")
    return ax


def draw_angle_surface(
    ax: Axes,
    gammas: npt.ArrayLike,
    betas: npt.ArrayLike,
    values: npt.ArrayLike,
    points: Mapping[str, tuple[float, float]] | None = None,
    *,
    what: str = "mean cost",
) -> Axes:
    """Draws a landscape over the angles, dark where it is low, with named points on it.

    Colours and contour lines are closer where it is low: they go with the root of the height.

    Args:
        ax: where to draw.
        gammas: (columns,) evenly spaced, for a cost of standard deviation 1.
        betas: (rows,) evenly spaced, radians.
        values: (rows, columns).
        points: label -> (gamma, beta), each with its own marker.
        what: the values are.
    """
    across, up, heights = np.asarray(gammas), np.asarray(betas), np.asarray(values)
    half = (across[1] - across[0]) / 2, (up[1] - up[0]) / 2
    extent = (across[0] - half[0], across[-1] + half[0], up[0] - half[1], up[-1] + half[1])
    style: Style = {"aspect": "auto", "cmap": "cividis", "norm": PowerNorm(0.5)}
    ax.imshow(heights, origin="lower", extent=extent, **style)
    low, high = heights.min(), heights.max()
    if high > low:
        levels = low + (high - low) * np.linspace(0, 1, 9)[1:-1] ** 2
        ax.contour(across, up, heights, levels, colors="white", linewidths=0.5)
    for i, (label, point) in enumerate((points or {}).items()):
        ax.plot(*point, MARKERS[1 + i % 5], color=SERIES[1 + i % 5], ms=10, mec="white")
        gap = -9 if point[0] > (extent[0] + extent[1]) / 2 else 9
        name_point(ax, label, point, gap, alpha=0.75, pad=1)
    ax.set(xlabel="γ (for costs of standard deviation 1)", ylabel="β (radians)")
    ax.set(xlim=extent[:2], ylim=extent[2:])
    return add_title(ax, f"{what}: dark {low:.3f} to light {high:.3f}")


def draw_cost_shares(ax: Axes, table: CostTable, probabilities: Series) -> Axes:
    """Draws which share of the shots falls into each range of cost.

    Args:
        ax: where to draw.
        table: costs of all masks.
        probabilities: label -> (2^n,) of each mask, by mask index.
    """
    edges = np.linspace(table.costs.min(), table.costs.max(), _BINS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    for i, (label, weights) in enumerate(probabilities.items()):
        shares, _ = np.histogram(table.costs, edges, weights=np.asarray(weights))
        ax.stairs(shares, edges, color=SERIES[i], ls=LINES[i % 4], lw=2)
        ax.plot(middles, shares, MARKERS[i], color=SERIES[i], ms=5, label=label)
    ax.set(xlabel="cost on the training samples", ylabel="share of the shots")
    return add_legend(ax)


def draw_probabilities(
    ax: Axes, table: CostTable, probabilities: npt.ArrayLike, lit: npt.ArrayLike | None = None
) -> Axes:
    """Draws the probability of each mask over its cost, the best masks as triangles.

    The dotted line is the probability without any layer, the dashed one the mean cost of a shot.

    Args:
        ax: where to draw; its probabilities become logarithmic, below `probability_floor` they are
            drawn there.
        table: costs of all masks.
        probabilities: (2^n,) by mask index.
        lit: mask (n,) to ring.
    """
    floor = probability_floor(table.n_neurons)
    chance = np.asarray(probabilities, dtype=np.float64)
    drawn, best = np.maximum(chance, floor), table.marked(table.minimum)
    size = 3 if len(drawn) > 256 else 5
    ax.plot(table.costs, drawn, "o", color=BLUE, ms=size, mec="none", alpha=0.6)
    ax.plot(table.costs[best], drawn[best], "^", color=GREEN, ms=10, mec=BLACK)
    if lit is not None:
        index = masks_to_indices(np.asarray(lit, dtype=bool))
        ax.plot(table.costs[index], drawn[index], ms=15, **{**LIT, "mew": 2.5})
    ax.axhline(1 / len(chance), color=GREY, ls=":")
    ax.axvline(float(chance @ table.costs), color=BLACK, ls="--", lw=1)
    margin = 0.05 * (np.ptp(table.costs) or 1.0)
    ax.set(xlabel="cost on the training samples", ylabel="probability of the mask", yscale="log")
    ax.set(xlim=(table.costs.min() - margin, table.costs.max() + margin), ylim=(0.7 * floor, 1.4))
    ax.yaxis.set_minor_locator(NullLocator())  # its many small ticks take longest to draw
    return add_title(ax, "each mask; triangle: best, dashed: mean")


def probability_floor(n_neurons: int) -> float:
    """The least probability that `draw_probabilities` tells from 0: a thousandth of 2^-n."""
    return 1e-3 / 2**n_neurons


def draw_training(ax: Axes, histories: npt.ArrayLike) -> Axes:
    """Draws the mean cost of a shot after each step: each network thin, their mean thick.

    Args:
        ax: where to draw; the caller names the vertical axis.
        histories: (networks, steps + 1), the first before any step.
    """
    each = np.asarray(histories, dtype=np.float64)
    steps, mean, std = np.arange(each.shape[1]), each.mean(axis=0), each.std(axis=0)
    ax.plot(steps, each.T, color=GREY, lw=0.7, alpha=0.7)
    draw_band(ax, steps, mean, std, 0, lw=2.5, markevery=0.1, label="mean, ± one std")
    ax.axhline(mean[0], color=VERMILLION, ls="--", label="before the first step: the ramp")
    ax.set(xlabel="steps of training")
    return add_legend(ax, loc="upper right")


def draw_gradients(ax: Axes, gradients: Series) -> Axes:
    """Draws the derivative by each angle, each way to compute it by a marker of its own.

    Args:
        ax: where to draw.
        gradients: label -> (2p,), by gamma_1..gamma_p and beta_1..beta_p.
    """
    for i, (label, values) in enumerate(gradients.items()):
        slopes = np.asarray(values, dtype=np.float64)
        places = np.arange(len(slopes)) + 0.22 * (i - (len(gradients) - 1) / 2)
        ax.vlines(places, 0, slopes, color=SERIES[i], lw=1)
        ax.plot(places, slopes, MARKERS[i], color=SERIES[i], label=label)
    layers = range(1, len(slopes) // 2 + 1)
    names = [f"${angle}_{layer}$" for angle in ("γ", "β") for layer in layers]
    ax.set_xticks(range(len(names)), names)
    ax.axhline(0, color=BLACK, lw=0.8)
    ax.set(xlabel="angle", ylabel="slope of the mean cost")
    return add_legend(ax)


def draw_step_errors(ax: Axes, steps: npt.ArrayLike, errors: Series) -> Axes:
    """Draws how wrong a central difference is against its step, both on a logarithmic axis.

    Args:
        ax: where to draw.
        steps: (steps,) h, radians.
        errors: label -> (steps,).
    """
    draw_lines(ax, steps, errors)
    ax.set(xlabel="step h, radians", ylabel="error of the slope", xscale="log", yscale="log")
    return add_legend(ax, grid=True)


def draw_kept(ax: Axes, chances: Series, n_active: int) -> Axes:
    """Draws how likely a shot keeps each number of neurons, series side by side.

    Args:
        ax: where to draw.
        chances: label -> (2^n,) chance of each mask.
        n_active: the number wanted, marked by a dashed line.
    """
    for i, (label, values) in enumerate(chances.items()):
        of_masks = np.asarray(values, dtype=np.float64)
        heights = np.bincount(np.bitwise_count(np.arange(len(of_masks))), weights=of_masks)
        draw_bars_beside(ax, range(len(heights)), heights, i, len(chances), label=label)
    ax.axvline(n_active, color=BLACK, ls="--", lw=1, zorder=0)
    ax.set(xlabel="neurons kept", ylabel="chance in one shot", xticks=range(len(heights)))
    return add_legend(ax)


def draw_strengths(
    ax: Axes, strengths: Sequence[float], samples: npt.ArrayLike, levels: Series
) -> Axes:
    """Draws a quality against the strength of a penalty, and others that have none as levels.

    Bars and bands are one standard error of the mean over networks.

    Args:
        ax: where to draw; the caller names the vertical axis.
        strengths: (strengths,); they are drawn at equal distances.
        samples: (strengths, networks).
        levels: label -> (networks,).
    """
    array, places = np.asarray(samples, dtype=np.float64), np.arange(len(strengths))
    means = array.mean(axis=1)
    ax.errorbar(places, means, standard_error(array), capsize=3, label="penalty", **series_style(0))
    for i, (label, values) in enumerate(levels.items(), start=1):
        mean = np.full(len(places), np.asarray(values).mean())
        draw_band(ax, places, mean, standard_error(values), i, shade=0.15, label=label)
    ax.set_xticks(places, [f"{strength:g}" for strength in strengths])
    ax.set(xlabel="strength of the penalty, in standard deviations of the cost", ylim=(0, None))
    return add_legend(ax, grid=True)


def _draw_hands(
    ax: Axes, centres: npt.NDArray[np.complex128], hands: npt.NDArray[np.complex128]
) -> None:
    """Circles about places of the complex plane, and in each a hand from its centre."""
    size, none = 2 * np.abs(hands), np.zeros(len(hands))
    style: Style = {"facecolors": PALEST_BLUE, "edgecolors": GREY, "transOffset": ax.transData}
    at = np.stack([centres.real, centres.imag], axis=-1)
    ax.add_collection(EllipseCollection(size, size, none, units="xy", offsets=at, **style))
    ends = np.stack([centres, centres + hands], axis=-1)
    lines = np.stack([ends.real, ends.imag], axis=-1)
    ax.add_collection(LineCollection(lines, colors=VERMILLION, linewidths=2.2))
