"""A cost as a Hamiltonian: its coefficients, their weight by order, and what cutting them does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator

from labkit.costs import PauliZCost
from labkit.course.plots.canvas import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    HATCHES,
    MARKERS,
    SERIES,
    VERMILLION,
)

#: Shares of the variance below this are not drawn.
SMALLEST_SHARE = 1e-6
_LABELLED_COUPLINGS = 12  # neurons
_CHOSEN_AND_BEST: tuple[dict[str, Any], dict[str, Any]] = (
    {"marker": "s", "ms": 13, "mfc": "none", "mec": VERMILLION, "mew": 2},
    {"marker": "^", "ms": 8, "color": GREEN, "mec": BLACK},
)
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
    matrix = np.full((n, n), np.nan)
    matrix[np.triu_indices(n)] = 0.0
    for neurons, coefficient in cost.terms.items():
        if neurons:
            matrix[neurons[0], neurons[-1]] = coefficient
    limit = float(np.nanmax(np.abs(matrix))) or 1.0
    ax.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit)
    for j, k in zip(*np.triu_indices(n if n <= _LABELLED_COUPLINGS else 0), strict=True):
        strong = abs(matrix[j, k]) > 0.6 * limit
        ax.text(k, j, f"{matrix[j, k]:+.2f}", ha="center", va="center", fontsize=8,
                color="white" if strong else BLACK)  # fmt: skip
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="neuron k", ylabel="neuron j")
    ax.set_title("fields h (diagonal) and couplings J", fontsize=10)
    return ax


def draw_counts(ax: Axes, sizes: npt.ArrayLike, counts: Mapping[str, npt.ArrayLike]) -> Axes:
    """Draws what grows with the number of neurons, on a logarithmic axis; the caller names it.

    Args:
        ax: where to draw.
        sizes: (points,) neurons.
        counts: label -> (points,).
    """
    for i, (label, values) in enumerate(counts.items()):
        ax.plot(np.asarray(sizes), np.asarray(values), marker=MARKERS[i], color=SERIES[i],
                ls=("-", "--", ":", "-.")[i % 4], label=label)  # fmt: skip
    ax.set(xlabel="neurons = qubits", yscale="log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(fontsize=9)
    ax.grid(alpha=0.3)
    return ax


def draw_spectra(ax: Axes, shares: Mapping[str, npt.ArrayLike]) -> Axes:
    """Draws the share of the variance in each order, medians with a bar from quartile to quartile.

    Args:
        ax: where to draw.
        shares: label -> (seeds, n + 1), as `costs.spectrum.share_by_order` returns them.
    """
    width = 0.8 / len(shares)
    for i, (label, values) in enumerate(shares.items()):
        array = np.asarray(values, dtype=np.float64)[:, 1:]
        low, middle, high = np.percentile(array, (25, 50, 75), axis=0)
        place = np.arange(1, array.shape[1] + 1) + (i - (len(shares) - 1) / 2) * width
        seen = middle > SMALLEST_SHARE
        spread = np.array([middle - np.maximum(low, SMALLEST_SHARE), high - middle]).clip(min=0)
        ax.bar(place[seen], middle[seen], width, yerr=spread[:, seen], capsize=2,
               label=label.replace("_", " "),
               color=SERIES[i], hatch=HATCHES[i], edgecolor=BLACK, linewidth=0.5)  # fmt: skip
    ax.set(yscale="log", ylim=(SMALLEST_SHARE, 2), xlabel="order: neurons in a term",
           ylabel="share of the variance")  # fmt: skip
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(fontsize=8)
    return ax


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
    style: dict[str, Any] = {"bottom": floor, "width": 0.8, "edgecolor": BLACK, "linewidth": 0.5}
    ax.bar(orders[kept], heights[kept] - floor, color=BLUE, **style)
    ax.bar(orders[~kept], heights[~kept] - floor, color="white", hatch="///", **style)
    ax.axvline(max_order + 0.5, color=BLACK, ls="--", lw=1)
    # a logarithmic scale takes longer to draw than the bars
    ax.yaxis.set_major_locator(FixedLocator([*np.arange(floor, 1, 2)]))
    ax.yaxis.set_major_formatter(lambda value, _: "10" + f"{value:.0f}".translate(_SUPERSCRIPTS))
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set(xlim=(0.4, len(heights) + 0.6), ylim=(floor, 0.2))
    ax.set(xlabel="order: neurons in a term", ylabel="share of the variance")
    ax.set_title(f"up to order {max_order} kept, the rest (hatched) cut off", fontsize=10)
    return ax


def draw_agreement(
    ax: Axes,
    costs: npt.ArrayLike,
    other: npt.ArrayLike,
    *,
    best: int | None = None,
    chosen: int | None = None,
    lit: int | None = None,
) -> Axes:
    """Draws every mask by its cost (across) and by another form of it (up); the line is equality.

    Args:
        ax: where to draw; the caller names its axes.
        costs: (2^n,) the costs that count.
        other: (2^n,) costs by another form.
        best: index of the mask that costs least, a triangle.
        chosen: index of the mask that costs least by the other form, a square around.
        lit: mask index, ringed.
    """
    across, up = np.asarray(costs, dtype=np.float64), np.asarray(other, dtype=np.float64)
    ends = np.array([min(across.min(), up.min()), max(across.max(), up.max())])
    ax.plot(ends, ends, color=GREY, lw=1)
    ax.plot(across, up, ".", color=BLUE, ms=4 if len(across) <= 512 else 2, alpha=0.6)
    for index, style in zip((chosen, best), _CHOSEN_AND_BEST, strict=True):
        if index is not None:
            ax.plot(across[index], up[index], **style)
    if lit is not None:
        ax.plot(across[lit], up[lit], "o", ms=14, mfc="none", mec=VERMILLION, mew=2)
    ax.set(xlabel="cost", ylabel="cost by another form")
    return ax
