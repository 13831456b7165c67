"""What QAOA's angles do: hands that turn, the (gamma, beta) surface, where the probability goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import PowerNorm
from matplotlib.ticker import NullLocator

from labkit.costs import EQUAL_WITHIN, CostTable
from labkit.course.plots.canvas import BLACK, BLUE, GREY, MARKERS, SERIES, VERMILLION
from labkit.masks import mask_from_index, mask_to_string
from labkit.selectors import Selection

_LINES = ("-", "--", ":", "-.")
_BINS = 24
#: From one row of dials to the next; a dial is at most 0.96 across.
_ROW = 1.3


def draw_dials(ax: Axes, states: Mapping[str, npt.ArrayLike], table: CostTable) -> Axes:
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
    ends = np.stack([at, at + hands], axis=-1).reshape(-1, 2)
    diameters = 2 * np.abs(hands).ravel()
    places = np.stack([at.real, at.imag], axis=-1).reshape(-1, 2)
    circles = EllipseCollection(
        diameters,
        diameters,
        np.zeros_like(diameters),
        units="xy",
        offsets=places,
        transOffset=ax.transData,
        facecolors="#e3eef6",
        edgecolors=GREY,
    )
    lines = np.stack([ends.real, ends.imag], axis=-1)
    ax.add_collection(circles)
    ax.add_collection(LineCollection(lines, colors=VERMILLION, linewidths=2.2))
    for (x, y), amplitude in zip(places, rows.ravel(), strict=True):
        ax.text(x, y - 0.5, f"{abs(amplitude) ** 2:.3f}", ha="center", va="top", fontsize=8)
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
    ax.imshow(heights, origin="lower", extent=extent, aspect="auto", cmap="cividis",
              norm=PowerNorm(0.5))  # fmt: skip
    low, high = heights.min(), heights.max()
    if high > low:
        levels = low + (high - low) * np.linspace(0, 1, 9)[1:-1] ** 2
        ax.contour(across, up, heights, levels, colors="white", linewidths=0.5)
    for i, (label, (gamma, beta)) in enumerate((points or {}).items()):
        ax.plot(gamma, beta, MARKERS[1 + i % 5], color=SERIES[1 + i % 5], ms=10, mec="white")
        right = gamma > (extent[0] + extent[1]) / 2
        ax.annotate(label, (gamma, beta), (-9 if right else 9, 0), textcoords="offset points",
                    ha="right" if right else "left", va="center", fontsize=9,
                    bbox={"color": "white", "alpha": 0.75, "pad": 1})  # fmt: skip
    ax.set(xlabel="γ (for costs of standard deviation 1)", ylabel="β (radians)")
    ax.set(xlim=extent[:2], ylim=extent[2:])
    ax.set_title(f"{what}: dark {low:.3f} to light {high:.3f}", fontsize=10)
    return ax


def draw_cost_shares(
    ax: Axes, table: CostTable, probabilities: Mapping[str, npt.ArrayLike]
) -> Axes:
    """Draws which share of the shots falls into each range of cost.

    Args:
        ax: where to draw.
        table: costs of all masks.
        probabilities: label -> (2^n,) of each mask, by mask index.
    """
    edges = np.linspace(table.costs.min(), table.costs.max(), _BINS + 1)
    for i, (label, weights) in enumerate(probabilities.items()):
        shares, _ = np.histogram(table.costs, edges, weights=np.asarray(weights))
        ax.stairs(shares, edges, color=SERIES[i], ls=_LINES[i % 4], lw=2)
        ax.plot((edges[1:] + edges[:-1]) / 2, shares, MARKERS[i], color=SERIES[i], ms=5,
                label=label)  # fmt: skip
    ax.set(xlabel="cost on the training samples", ylabel="share of the shots")
    ax.legend(fontsize=8)
    return ax


def draw_share_met(ax: Axes, selections: Mapping[str, Sequence[Selection]], cost: float) -> Axes:
    """Draws which share of the runs has met a cost after so many queries.

    Args:
        ax: where to draw; the bands are one binomial standard error wide on either side.
        selections: label -> runs of one selector.
        cost: such as the least of all.
    """
    longest = max(len(run.history) for runs in selections.values() for run in runs)
    queries = np.arange(1, longest + 1)
    for i, (label, runs) in enumerate(selections.items()):
        hits = [np.flatnonzero(run.history <= cost + EQUAL_WITHIN)[:1] for run in runs]
        met = np.sort(np.concatenate(hits)) + 1
        share = np.searchsorted(met, queries, side="right") / len(runs)
        error = np.sqrt(share * (1 - share) / len(runs))
        ax.plot(queries, share, _LINES[i % 4], color=SERIES[i], marker=MARKERS[i], markevery=0.12,
                label=label)  # fmt: skip
        ax.fill_between(queries, share - error, share + error, color=SERIES[i], alpha=0.18, lw=0)
    ax.set(xlabel="cost queries", ylabel="share of the runs that met it", ylim=(-0.03, 1.03))
    ax.legend(fontsize=8)
    return ax


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
    ax.plot(table.costs, drawn, "o", color=BLUE, ms=3 if len(drawn) > 256 else 5, mec="none",
            alpha=0.6)  # fmt: skip
    ax.plot(table.costs[best], drawn[best], "^", color=SERIES[2], ms=10, mec=BLACK)
    if lit is not None:
        at = float(table.evaluate(lit))
        height = drawn[int("".join(str(int(bit)) for bit in np.asarray(lit)), 2)]
        ax.plot(at, height, "o", mfc="none", mec=VERMILLION, mew=2.5, ms=15)
    ax.axhline(1 / len(chance), color=GREY, ls=":")
    ax.axvline(float(chance @ table.costs), color=BLACK, ls="--", lw=1)
    spread = np.ptp(table.costs) or 1.0
    ax.set(xlabel="cost on the training samples", ylabel="probability of the mask", yscale="log")
    ax.set(xlim=(table.costs.min() - 0.05 * spread, table.costs.max() + 0.05 * spread),
           ylim=(0.7 * floor, 1.4))  # fmt: skip
    ax.yaxis.set_minor_locator(NullLocator())  # its many small ticks take longest to draw
    ax.set_title("each mask; triangle: best, dashed: mean", fontsize=10)
    return ax


def probability_floor(n_neurons: int) -> float:
    """The least probability that `draw_probabilities` tells from 0: a thousandth of 2^-n."""
    return 1e-3 / 2**n_neurons
