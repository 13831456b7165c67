"""QAOA: a cost as a Hamiltonian, what the angles do, how they are trained, where the shots fall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.ticker import FixedLocator, NullLocator

from labkit import palette
from labkit.arrays import count_each
from labkit.costs import CostTable, PauliZCost
from labkit.course.plots import canvas
from labkit.course.plots.qubits import ROW, draw_hands
from labkit.course.plots.series import draw_band, draw_bars_beside, draw_lines, standard_error
from labkit.course.plots.style import own_style
from labkit.course.wording import say
from labkit.masks import mask_from_index, mask_to_string, masks_to_indices

#: Shares of the variance below this are not drawn.
SMALLEST_SHARE = 1e-6
_LABELLED_COUPLINGS = 12  # neurons
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_BINS = 24


@own_style()
def draw_couplings(ax: Axes, cost: PauliZCost) -> Axes:
    """Draws a Hamiltonian of order 2: fields h_j on the diagonal, couplings J_jk above.

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
    ax.imshow(matrix, cmap=palette.DIVERGING, vmin=-limit, vmax=limit)
    for j, k in zip(*np.triu_indices(n if n <= _LABELLED_COUPLINGS else 0), strict=True):
        colour = "white" if abs(matrix[j, k]) > 0.6 * limit else canvas.BLACK
        text = f"{matrix[j, k]:+.2f}"
        ax.text(k, j, text, ha="center", va="center", fontsize=8, color=colour)
    canvas.count_whole(ax.xaxis, ax.yaxis)
    ax.set(xlabel=say("plot.qaoa.neuron_k"), ylabel=say("plot.qaoa.neuron_j"))
    return canvas.add_title(ax, say("plot.qaoa.fields_h_diagonal_and"))


@own_style()
def draw_spectra(ax: Axes, shares: canvas.Series) -> Axes:
    """Draws the share of the variance in each order, medians with a bar from quartile to quartile.

    `shares`: label -> (seeds, n + 1), as `costs.spectrum.share_by_order` returns them.
    """
    for i, label, values in canvas.number_series(shares):
        low, middle, high = np.percentile(values[:, 1:], (25, 50, 75), axis=0)
        seen = middle > SMALLEST_SHARE
        spread = np.array([middle - np.maximum(low, SMALLEST_SHARE), high - middle]).clip(min=0)
        style = {"yerr": spread[:, seen], "capsize": 2, "label": label.replace("_", " ")}
        draw_bars_beside(ax, np.flatnonzero(seen) + 1, middle[seen], i, len(shares), **style)
    ax.set(
        xlabel=say("plot.qaoa.order_neurons_in_a"), ylabel=say("plot.qaoa.share_of_the_variance")
    )
    ax.set(yscale="log", ylim=(SMALLEST_SHARE, 2))
    canvas.count_whole(ax.xaxis)
    return canvas.add_legend(ax)


@own_style()
def draw_orders(ax: Axes, shares: npt.ArrayLike, max_order: int) -> Axes:
    """Draws one spectrum: orders up to `max_order` are kept, the rest is cut off and hatched.

    `shares`: (n + 1,), as `costs.spectrum.share_by_order` returns them; heights are powers of ten.
    """
    heights = np.log10(np.maximum(np.asarray(shares)[1:], SMALLEST_SHARE))
    floor = np.log10(SMALLEST_SHARE)
    orders = np.arange(1, len(heights) + 1)
    kept = orders <= max_order
    style: canvas.Style = {"bottom": floor, "edgecolor": canvas.BLACK, "linewidth": 0.5}
    ax.bar(orders[kept], heights[kept] - floor, color=canvas.BLUE, **style)
    ax.bar(orders[~kept], heights[~kept] - floor, color="white", hatch="///", **style)
    ax.axvline(max_order + 0.5, color=canvas.BLACK, ls="--", lw=1)
    # a logarithmic scale takes longer to draw than the bars
    ax.yaxis.set_major_locator(FixedLocator([*np.arange(floor, 1, 2)]))
    ax.yaxis.set_major_formatter(lambda value, _: "10" + f"{value:.0f}".translate(_SUPERSCRIPTS))
    canvas.count_whole(ax.xaxis, most=6)
    ax.set(xlim=(0.4, len(heights) + 0.6), ylim=(floor, 0.2))
    ax.set(
        xlabel=say("plot.qaoa.order_neurons_in_a"), ylabel=say("plot.qaoa.share_of_the_variance")
    )
    return canvas.add_title(ax, say("plot.qaoa.up_to_order_kept", max_order=max_order))


@own_style()
def draw_dials(ax: Axes, states: canvas.Series, table: CostTable) -> Axes:
    """Draws each amplitude as a dial: the hand's length is its size, its direction its phase.

    One row for each state, label -> (2^n,); the masks, at most some 16, stand in the order of their
    cost. A hand that points up has phase 0, and turns clockwise as the phase falls. Beneath each
    dial stands the probability.
    """
    order = np.argsort(table.costs, kind="stable")
    rows = np.array([np.asarray(state)[order] for state in states.values()])
    hands = 0.48 * rows / np.abs(rows).max() * 1j
    at = np.arange(rows.shape[1]) - 1j * ROW * np.arange(len(rows))[:, None]
    draw_hands(ax, at.ravel(), hands.ravel())
    for place, amplitude in zip(at.ravel(), rows.ravel(), strict=True):
        chance = f"{abs(amplitude) ** 2:.3f}"
        ax.text(place.real, place.imag - 0.5, chance, ha="center", va="top", fontsize=8)
    masks = [mask_to_string(mask_from_index(int(i), table.n_neurons)) for i in order]
    names = [f"{m}\n{c:+.2f}" for m, c in zip(masks, table.costs[order] - table.mean, strict=True)]
    ax.set_xticks(range(len(order)), names)
    ax.set_yticks(-ROW * np.arange(len(rows)), list(states))
    ax.set(xlim=(-0.6, len(order) - 0.4), ylim=(-0.8 - ROW * (len(rows) - 1), 0.6), aspect="equal")
    ax.set_xlabel(say("plot.qaoa.mask_and_its_cost"))
    return ax


@own_style()
def draw_angle_surface(
    ax: Axes,
    gammas: npt.ArrayLike,
    betas: npt.ArrayLike,
    values: npt.ArrayLike,
    points: Mapping[str, tuple[float, float]] | None = None,
    *,
    what: str = say("plot.qaoa.mean_cost"),
) -> Axes:
    """Draws a landscape over the angles, dark where it is low, with named points on it.

    Colours and contour lines are closer where it is low: they go with the root of the height.
    `gammas`, for a cost of standard deviation 1, and `betas`, in radians, are evenly spaced;
    `values` are (betas, gammas) of `what`; `points`: label -> (gamma, beta).
    """
    across, up, heights = np.asarray(gammas), np.asarray(betas), np.asarray(values)
    half = (across[1] - across[0]) / 2, (up[1] - up[0]) / 2
    extent = (across[0] - half[0], across[-1] + half[0], up[0] - half[1], up[-1] + half[1])
    style: canvas.Style = {"aspect": "auto", "cmap": palette.SEQUENTIAL, "norm": PowerNorm(0.5)}
    ax.imshow(heights, origin="lower", extent=extent, **style)
    low, high = heights.min(), heights.max()
    if high > low:
        levels = low + (high - low) * np.linspace(0, 1, 9)[1:-1] ** 2
        ax.contour(across, up, heights, levels, colors="white", linewidths=0.5)
    for i, (label, point) in enumerate((points or {}).items()):
        ax.plot(*point, ms=10, mec="white", **canvas.marker_style(1 + i % 5))
        gap = -9 if point[0] > (extent[0] + extent[1]) / 2 else 9
        canvas.name_point(ax, label, point, gap, alpha=0.75, pad=1)
    ax.set(xlabel=say("plot.qaoa.for_costs_of_standard"), ylabel=say("plot.qaoa.radians"))
    ax.set(xlim=extent[:2], ylim=extent[2:])
    return canvas.add_title(ax, say("plot.qaoa.dark_to_light", what=what, low=low, high=high))


@own_style()
def draw_cost_shares(ax: Axes, table: CostTable, probabilities: canvas.Series) -> Axes:
    """Draws which share of the shots falls into each range of cost.

    `probabilities`: label -> (2^n,), by mask index.
    """
    edges = np.linspace(table.costs.min(), table.costs.max(), _BINS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    for i, label, weights in canvas.number_series(probabilities):
        shares, _ = np.histogram(table.costs, edges, weights=weights)
        ax.stairs(shares, edges, color=canvas.SERIES[i], ls=canvas.LINES[i % 4], lw=2)
        ax.plot(middles, shares, ms=5, label=label, **canvas.marker_style(i))
    ax.set(xlabel=say("shared.cost_on_the_training"), ylabel=say("plot.qaoa.share_of_the_shots"))
    return canvas.add_legend(ax)


@own_style()
def draw_probabilities(
    ax: Axes, table: CostTable, probabilities: npt.ArrayLike, lit: npt.ArrayLike | None = None
) -> Axes:
    """Draws the probability of each mask (2^n,) over its cost, the best masks as triangles.

    The dotted line is the probability without any layer, the dashed one the mean cost of a shot;
    what is below `probability_floor` is drawn there. The mask `lit` (n,) is ringed.
    """
    floor = probability_floor(table.n_neurons)
    chance = np.asarray(probabilities, dtype=np.float64)
    drawn, best = np.maximum(chance, floor), table.marked(table.minimum)
    size = 3 if len(drawn) > 256 else 5
    ax.plot(table.costs, drawn, "o", color=canvas.BLUE, ms=size, mec="none", alpha=0.6)
    ax.plot(table.costs[best], drawn[best], "^", color=canvas.GREEN, ms=10, mec=canvas.BLACK)
    if lit is not None:
        index = masks_to_indices(np.asarray(lit, dtype=bool))
        ax.plot(table.costs[index], drawn[index], ms=15, **{**canvas.LIT, "mew": 2.5})
    ax.axhline(1 / len(chance), color=canvas.GREY, ls=":")
    ax.axvline(float(chance @ table.costs), color=canvas.BLACK, ls="--", lw=1)
    ax.set(
        xlabel=say("shared.cost_on_the_training"),
        ylabel=say("plot.qaoa.probability_of_the_mask"),
        yscale="log",
    )
    ax.set_ylim(0.7 * floor, 1.4)
    ax.yaxis.set_minor_locator(NullLocator())  # its many small ticks take longest to draw
    return canvas.add_title(ax, say("plot.qaoa.each_mask_triangle_best"))


def probability_floor(n_neurons: int) -> float:
    """The least probability that `draw_probabilities` tells from 0: a thousandth of 2^-n."""
    return 1e-3 / 2**n_neurons


@own_style()
def draw_training(ax: Axes, histories: npt.ArrayLike) -> Axes:
    """Draws the mean cost of a shot after each step: each network thin, their mean thick.

    `histories`: (networks, steps + 1), the first before any step. The caller names the vertical
    axis.
    """
    each = np.asarray(histories, dtype=np.float64)
    steps, mean, std = np.arange(each.shape[1]), each.mean(axis=0), each.std(axis=0)
    ax.plot(steps, each.T, color=canvas.GREY, lw=0.7, alpha=0.7)
    draw_band(ax, steps, mean, std, 0, lw=2.5, markevery=0.1, label=say("plot.qaoa.mean_one_std"))
    ax.axhline(
        mean[0], color=canvas.VERMILLION, ls="--", label=say("plot.qaoa.before_the_first_step")
    )
    ax.set(xlabel=say("plot.qaoa.steps_of_training"))
    return canvas.add_legend(ax, loc="upper right")


@own_style()
def draw_gradients(ax: Axes, gradients: canvas.Series) -> Axes:
    """Draws the derivative by each angle, each way to compute it by a marker of its own.

    `gradients`: label -> (2p,), by gamma_1..gamma_p and beta_1..beta_p.
    """
    for i, label, slopes in canvas.number_series(gradients):
        places = np.arange(len(slopes)) + 0.22 * (i - (len(gradients) - 1) / 2)
        ax.vlines(places, 0, slopes, color=canvas.SERIES[i], lw=1)
        ax.plot(places, slopes, label=label, **canvas.marker_style(i))
    layers = range(1, len(slopes) // 2 + 1)
    names = [f"${angle}_{layer}$" for angle in ("γ", "β") for layer in layers]
    ax.set_xticks(range(len(names)), names)
    ax.axhline(0, color=canvas.BLACK, lw=0.8)
    ax.set(xlabel=say("plot.qaoa.angle"), ylabel=say("plot.qaoa.slope_of_the_mean"))
    return canvas.add_legend(ax)


@own_style()
def draw_step_errors(ax: Axes, steps: npt.ArrayLike, errors: canvas.Series) -> Axes:
    """Draws how wrong a central difference is, label -> (steps,), against its step h in radians."""
    draw_lines(ax, steps, errors)
    ax.set(
        xlabel=say("plot.qaoa.step_h_radians"),
        ylabel=say("plot.qaoa.error_of_the_slope"),
        xscale="log",
        yscale="log",
    )
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_kept(ax: Axes, chances: canvas.Series, n_active: int) -> Axes:
    """Draws how likely a shot keeps each number of neurons; `n_active` were wanted (dashed).

    `chances`: label -> (2^n,), of each mask.
    """
    for i, label, of_masks in canvas.number_series(chances):
        heights = count_each(np.bitwise_count(np.arange(len(of_masks))), of_masks)
        draw_bars_beside(ax, range(len(heights)), heights, i, len(chances), label=label)
    ax.axvline(n_active, color=canvas.BLACK, ls="--", lw=1, zorder=0)
    ax.set(
        xlabel=say("shared.neurons_kept"),
        ylabel=say("shared.chance_in_one_shot"),
        xticks=range(len(heights)),
    )
    return canvas.add_legend(ax)


@own_style()
def draw_strengths(
    ax: Axes, strengths: Sequence[float], samples: npt.ArrayLike, levels: canvas.Series
) -> Axes:
    """Draws a quality against the strength of a penalty, and others that have none as levels.

    `samples`: (strengths, networks); `levels`: label -> (networks,). Bars and bands are one
    standard error of the mean over networks; the strengths stand at equal distances. The caller
    names the vertical axis.
    """
    array, places = np.asarray(samples, dtype=np.float64), np.arange(len(strengths))
    means, style = array.mean(axis=1), canvas.series_style(0)
    ax.errorbar(
        places, means, standard_error(array), capsize=3, label=say("plot.qaoa.penalty"), **style
    )
    for i, (label, values) in enumerate(levels.items(), start=1):
        mean = np.full(len(places), np.asarray(values).mean())
        draw_band(ax, places, mean, standard_error(values), i, shade=0.15, label=label)
    ax.set_xticks(places, [f"{strength:g}" for strength in strengths])
    ax.set(xlabel=say("plot.qaoa.strength_of_the_penalty"), ylim=(0, None))
    return canvas.add_legend(ax, grid=True)
