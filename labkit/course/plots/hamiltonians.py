"""A cost as a Hamiltonian: its coefficients, their weight by order, what its circuits ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from labkit.costs import PauliZCost
from labkit.course.plots.canvas import (
    BLACK,
    BLUE,
    GREY,
    MARKERS,
    ORANGE,
    SERIES,
    Series,
    Style,
    add_legend,
    add_title,
    count_whole,
)
from labkit.course.plots.series import draw_bars_beside, draw_lines

#: Shares of the variance below this are not drawn.
SMALLEST_SHARE = 1e-6
_LABELLED_COUPLINGS = 12  # neurons
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def draw_couplings(ax: Axes, cost: PauliZCost) -> Axes:
    """Draws the coefficients of a Hamiltonian of order 2: fields h_j on the diagonal, J_jk above.

    Args:
        ax: where to draw.
        cost: of order 2 at most.

    Raises:
        ValueError: the cost has a term of more than two neurons.
    """
    if cost.order > 2:
        raise ValueError(f"cost has order {cost.order}; pairs are drawn (limit: 2)")
    n = cost.n_neurons
    matrix = np.where(np.tri(n, dtype=bool).T, 0.0, np.nan)
    for neurons, coefficient in cost.terms.items():
        if neurons:
            matrix[neurons[0], neurons[-1]] = coefficient
    limit = float(np.nanmax(np.abs(matrix))) or 1.0
    ax.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit)
    for j, k in zip(*np.triu_indices(n if n <= _LABELLED_COUPLINGS else 0), strict=True):
        colour = "white" if abs(matrix[j, k]) > 0.6 * limit else BLACK
        text = f"{matrix[j, k]:+.2f}"
        ax.text(k, j, text, ha="center", va="center", fontsize=8, color=colour)
    count_whole(ax.xaxis, ax.yaxis)
    ax.set(xlabel="neuron k", ylabel="neuron j")
    return add_title(ax, "fields h (diagonal) and couplings J")


def draw_spectra(ax: Axes, shares: Series) -> Axes:
    """Draws the share of the variance in each order, medians with a bar from quartile to quartile.

    Args:
        ax: where to draw.
        shares: label -> (seeds, n + 1), as `costs.spectrum.share_by_order` returns them.
    """
    for i, (label, values) in enumerate(shares.items()):
        array = np.asarray(values, dtype=np.float64)[:, 1:]
        low, middle, high = np.percentile(array, (25, 50, 75), axis=0)
        seen = middle > SMALLEST_SHARE
        spread = np.array([middle - np.maximum(low, SMALLEST_SHARE), high - middle]).clip(min=0)
        style = {"yerr": spread[:, seen], "capsize": 2, "label": label.replace("_", " ")}
        draw_bars_beside(ax, np.flatnonzero(seen) + 1, middle[seen], i, len(shares), **style)
    ax.set(xlabel="order: neurons in a term", ylabel="share of the variance")
    ax.set(yscale="log", ylim=(SMALLEST_SHARE, 2))
    count_whole(ax.xaxis)
    return add_legend(ax)


def draw_orders(ax: Axes, shares: npt.ArrayLike, max_order: int) -> Axes:
    """Draws one spectrum: orders that are kept, and those that are cut off hatched.

    Args:
        ax: where to draw; the heights are powers of ten.
        shares: (n + 1,), as `costs.spectrum.share_by_order` returns them.
        max_order: the highest that is kept.
    """
    heights = np.log10(np.maximum(np.asarray(shares)[1:], SMALLEST_SHARE))
    floor = np.log10(SMALLEST_SHARE)
    orders = np.arange(1, len(heights) + 1)
    kept = orders <= max_order
    style: Style = {"bottom": floor, "edgecolor": BLACK, "linewidth": 0.5}
    ax.bar(orders[kept], heights[kept] - floor, color=BLUE, **style)
    ax.bar(orders[~kept], heights[~kept] - floor, color="white", hatch="///", **style)
    ax.axvline(max_order + 0.5, color=BLACK, ls="--", lw=1)
    # a logarithmic scale takes longer to draw than the bars
    ax.yaxis.set_major_locator(FixedLocator([*np.arange(floor, 1, 2)]))
    ax.yaxis.set_major_formatter(lambda value, _: "10" + f"{value:.0f}".translate(_SUPERSCRIPTS))
    count_whole(ax.xaxis, most=6)
    ax.set(xlim=(0.4, len(heights) + 0.6), ylim=(floor, 0.2))
    ax.set(xlabel="order: neurons in a term", ylabel="share of the variance")
    return add_title(ax, f"up to order {max_order} kept, the rest (hatched) cut off")


def draw_registers(ax: Axes, registers: Mapping[str, int], *, title: str = "") -> Axes:
    """Draws each qubit of a circuit as a marker, a register under its name.

    Args:
        ax: where to draw.
        registers: name -> qubits; one of no qubits is left out.
        title: of the axes.
    """
    for i, (name, size) in enumerate(registers.items()):
        if size:
            ax.plot(range(size), [-i] * size, MARKERS[i], color=SERIES[i], ms=11, mec=BLACK)
            ax.text(-0.3, 0.3 - i, f"{name}: {size}", fontsize=10)
    widest = max(registers.values())
    ax.set(xlim=(-0.8, widest), ylim=(-2.7, 0.8), xticks=[], yticks=[], xlabel="qubits")
    return add_title(ax, title)


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
        shown = np.array([v or np.nan for v in values], dtype=np.float64)
        ax.plot(ks, shown, style, color=colour, marker=marker, ms=5, label=label)
        if chosen is not None:
            big = shown[list(ks).index(chosen)]
            ax.plot(chosen, big, marker, color=colour, ms=11, mec=BLACK)
    ax.set_yscale("log")
    ax.minorticks_off()  # they take longer to draw than all else
    ax.set(xlabel="neurons an output reads, K", ylabel="gates, layers", ylim=(2, 3e4))
    ax.set(xlim=(0.6, ks[-1] + 0.4), xticks=list(ks), yticks=[10, 100, 1000, 10_000])
    return add_title(ax, title)


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
    draw_lines(ax, layers, widths)
    top = 2 * max(map(max, widths.values()))
    ax.axhspan(limit, top, color=GREY, alpha=0.25)
    ax.text(layers[0], top / 2, "no memory for the state", fontsize=9, va="center")
    ax.set(xlabel="QAOA layers p", ylabel="qubits in the light cone", yscale="log", ylim=(1, top))
    count_whole(ax.xaxis)
    return add_legend(ax, ncols=2)
