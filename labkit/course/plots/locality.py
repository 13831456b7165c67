"""Who interacts with whom in a local cost, what that buys, and what it asks of a circuit."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from labkit.course.plots.canvas import BLACK, BLUE, GREEN, GREY, MARKERS, ORANGE, SERIES, VERMILLION
from labkit.masks import BoolArray

FloatArray = npt.NDArray[np.float64]

_MANY = 16  # neurons that bear their number


def ring_places(n_neurons: int) -> FloatArray:
    """Where the neurons of a ring are drawn, (n, 2): neuron 0 at the top, then clockwise."""
    angles = np.pi / 2 - 2 * np.pi * np.arange(n_neurons) / n_neurons
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def draw_ring(
    ax: Axes,
    terms: Iterable[Sequence[int]],
    n_neurons: int,
    *,
    term: Sequence[int] = (),
    cone: Sequence[int] = (),
    kept: BoolArray | None = None,
    lit: BoolArray | None = None,
    title: str = "",
    note: str = "",
) -> Axes:
    """Draws neurons on a ring, and a line between any two that one term reads together.

    Args:
        ax: where to draw.
        terms: the neurons of each term.
        n_neurons: n.
        term: neurons of a term to tell apart, as green squares outside the ring.
        cone: neurons of its light cone, as orange dots outside the ring.
        kept: bool (n,), which neurons are filled; None fills all.
        lit: bool (n,), which neurons have a red circle around them; None for none.
        title: of the axes.
        note: below them.
    """
    places = ring_places(n_neurons)
    pairs = sorted({p for s in terms for p in itertools.combinations(sorted(s), 2)})
    if pairs:
        # one line with gaps: hundreds of single lines take long to draw
        line = np.full((len(pairs), 3, 2), np.nan)
        line[:, :2] = places[np.array(pairs)]
        ax.plot(*line.reshape(-1, 2).T, color=GREY, lw=0.8, zorder=1)
    size = min(18, 180 / n_neurons)
    filled = np.ones(n_neurons, bool) if kept is None else kept
    for chosen, colour in ((filled, BLUE), (~filled, "white")):
        style: dict[str, Any] = {
            "markerfacecolor": colour,
            "markeredgecolor": BLUE,
            "ms": size,
            "zorder": 2,
        }
        ax.plot(*places[chosen].T, "o", **style)
    for neurons, marker, colour, out in ((cone, "o", ORANGE, 1.22), (term, "s", GREEN, 1.38)):
        ax.plot(*(out * places[list(neurons)]).T, marker, color=colour, ms=min(7, size / 2 + 1))
    if lit is not None:
        ring: dict[str, Any] = {"markeredgecolor": VERMILLION, "mew": 2.5, "zorder": 3}
        ax.plot(*places[lit].T, "o", markerfacecolor="none", ms=size + 6, **ring)
    for j in range(n_neurons if n_neurons <= _MANY else 0):
        colour = "white" if filled[j] else BLACK
        x, y = places[j]
        ax.text(x, y, str(j), ha="center", va="center", color=colour, fontsize=8, zorder=4)
    ax.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal", xticks=[], yticks=[])
    ax.set_title(title, fontsize=10)
    ax.set_xlabel(note)
    ax.spines[:].set_visible(False)
    return ax


def draw_bound(
    ax: Axes, costs: npt.ArrayLike, own_costs: npt.ArrayLike, chosen: Mapping[str, int]
) -> Axes:
    """Draws the prediction's own cost of each mask over the mean cost of the outputs.

    Args:
        ax: where to draw.
        costs: (masks,) mean cost of the outputs.
        own_costs: (masks,) cost of their mean, at most as large where the cost is convex.
        chosen: label -> index of a mask to tell apart.
    """
    x, y = np.asarray(costs, dtype=np.float64), np.asarray(own_costs, dtype=np.float64)
    ax.plot(x, y, ".", color=GREY, ms=3, alpha=0.4, label="one mask")
    ends = [min(x.min(), y.min()), x.max()]
    ax.plot(ends, ends, "--", color=BLACK, lw=1, label="both costs equal")
    for i, (label, mask) in enumerate(chosen.items()):
        style: dict[str, Any] = {
            "color": SERIES[i + 1],
            "marker": MARKERS[i + 1],
            "ls": "",
            "ms": 10,
        }
        ax.plot(x[mask], y[mask], label=label, **style)
    ax.set(xlabel="NK cost: mean over the outputs", ylabel="cost of the prediction")
    ax.legend(fontsize=8)
    return ax


def draw_costs_over_k(
    ax: Axes,
    ks: Sequence[int],
    costs: Mapping[str, Sequence[float]],
    *,
    chosen: int,
    lit: float | None = None,
) -> Axes:
    """Draws costs over K, those of the chosen K larger, and the cost of a lit mask.

    Args:
        ax: where to draw.
        ks: K of each point.
        costs: label -> cost for each K; the label is written at the last point.
        chosen: the K that is told apart.
        lit: the cost of a mask at the chosen K.
    """
    at = list(ks).index(chosen)
    heights = _apart([values[-1] for values in costs.values()], costs)
    for i, (label, values) in enumerate(costs.items()):
        ax.plot(ks, values, "-", color=SERIES[i], marker=MARKERS[i], ms=5)
        ax.plot(chosen, values[at], MARKERS[i], color=SERIES[i], ms=11, markeredgecolor=BLACK)
        ax.text(ks[-1] + 0.25, heights[i], label, color=SERIES[i], fontsize=9, va="center")
    if lit is not None:
        ax.plot(chosen, lit, "X", color=VERMILLION, ms=12, markeredgecolor=BLACK)
    ax.set(xlabel="neurons an output reads, K", ylabel="NK cost", xlim=(0.6, ks[-1] + 1.9))
    ax.set_xticks(list(ks))
    ax.set_title("quality" if lit is None else "quality (cross: the lit mask)", fontsize=10)
    return ax


def draw_circuit_size(
    ax: Axes,
    ks: Sequence[int],
    gates: Sequence[int],
    depths: Sequence[int],
    *,
    chosen: int | None = None,
    title: str = "circuit",
) -> Axes:
    """Draws two-qubit gates and depth over K on a logarithmic axis; no gates, no point.

    Args:
        ax: where to draw.
        ks: K of each point.
        gates: two-qubit gates.
        depths: layers of gates.
        chosen: the K that is told apart.
        title: of the axes.
    """
    series = (("two-qubit gates", gates, BLUE, "o", "-"), ("depth", depths, ORANGE, "D", "--"))
    for label, values, colour, marker, style in series:
        shown = np.array([v if v else np.nan for v in values], dtype=np.float64)
        ax.plot(ks, shown, style, color=colour, marker=marker, ms=5, label=label)
        if chosen is not None:
            big = shown[list(ks).index(chosen)]
            ax.plot(chosen, big, marker, color=colour, ms=11, markeredgecolor=BLACK)
    ax.set_yscale("log")
    ax.minorticks_off()  # they take longer to draw than all else
    ax.set(xlabel="neurons an output reads, K", ylabel="gates, layers", ylim=(2, 3e4))
    ax.set(xlim=(0.6, ks[-1] + 0.4), xticks=list(ks), yticks=[10, 100, 1000, 10_000])
    ax.set_title(title, fontsize=10)
    return ax


def draw_cone_widths(
    ax: Axes, layers: Sequence[int], widths: Mapping[str, Sequence[int]], limit: int
) -> Axes:
    """Draws how many qubits a light cone has after p layers, and how many a machine can hold.

    Args:
        ax: where to draw.
        layers: p of each point.
        widths: label -> qubits for each p.
        limit: qubits whose state fits in memory.
    """
    for i, (label, values) in enumerate(widths.items()):
        style = ("-", "--", ":", "-.")[i % 4]
        ax.plot(layers, values, style, color=SERIES[i], marker=MARKERS[i], label=label)
    top = 2 * max(map(max, widths.values()))
    ax.axhspan(limit, top, color=GREY, alpha=0.25)
    ax.text(layers[0], top / 2, "no memory for the state", fontsize=9, va="center")
    ax.set_yscale("log")
    ax.set(xlabel="QAOA layers p", ylabel="qubits in the light cone")
    ax.set_ylim(1, top)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(fontsize=8, ncols=2)
    return ax


def _apart(heights: Sequence[float], costs: Mapping[str, Sequence[float]]) -> FloatArray:
    """Heights of labels, the higher ones raised until no two overlap."""
    everything = np.array(list(costs.values()))
    gap, placed = 0.06 * np.ptp(everything), np.array(heights, dtype=np.float64)
    order = placed.argsort()
    for lower, upper in itertools.pairwise(order):
        placed[upper] = max(placed[upper], placed[lower] + gap)
    return placed
