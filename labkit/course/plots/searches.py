"""Searches: how Grover's turns the state, and what each search knows after so many calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from labkit.amplification import rotation_angle
from labkit.arrays import FloatArray
from labkit.costs import EQUAL_WITHIN
from labkit.costs.tables import typical_magnitude
from labkit.course.plots import canvas
from labkit.course.plots.series import draw_band, standard_error
from labkit.course.plots.style import own_style
from labkit.course.wording import say
from labkit.selectors import Growth, Selection


@own_style()
def draw_rotation(ax: Axes, n_neurons: int, n_marked: int, iterations: int) -> Axes:
    """Draws the state in the plane of all unmarked masks (across) and all marked masks (up).

    After k iterations the arrow stands at the angle (2k + 1) theta.
    """
    theta = rotation_angle(n_neurons, n_marked)
    circle = np.linspace(0, 2 * np.pi, 121)
    ax.plot(np.cos(circle), np.sin(circle), color=canvas.GREY, lw=0.8)
    angles = (2 * np.arange(iterations + 1) + 1) * theta
    ax.plot(np.cos(angles), np.sin(angles), ".", color=canvas.GREY, ms=5)
    for angle, colour, style in ((theta, canvas.BLUE, "--"), (angles[-1], canvas.VERMILLION, "-")):
        ax.plot([0, np.cos(angle)], [0, np.sin(angle)], style, color=colour, lw=2)
    ax.plot(np.cos(theta), np.sin(theta), "o", color=canvas.BLUE)
    ax.plot(np.cos(angles[-1]), np.sin(angles[-1]), "^", color=canvas.VERMILLION, ms=9)
    named = say("plot.searches.circle_start_triangle_after", iterations=iterations)
    ax.text(0, -0.4, named, fontsize=8, ha="center", va="center")
    ax.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    ax.set(
        xlabel=say("plot.searches.amplitude_of_all_unmarked"),
        ylabel=say("plot.searches.of_all_marked_masks"),
    )
    a_call, now = np.degrees([2 * theta, angles[-1]])
    return canvas.add_title(ax, say("plot.searches.a_call_now", a_call=a_call, now=now))


@own_style()
def draw_success_curve(
    ax: Axes, n_neurons: int, n_marked: int, max_iterations: int, iterations: int | None = None
) -> Axes:
    """Draws P(k) = sin^2((2k + 1) theta) over the oracle calls k, and the reader's point on it."""
    theta = rotation_angle(n_neurons, n_marked)
    k = np.arange(max_iterations + 1)
    chance = np.sin((2 * k + 1) * theta) ** 2
    ax.plot(k, chance, ".-", color=canvas.BLUE, lw=1, ms=4)
    ax.axhline(n_marked / 2**n_neurons, color=canvas.GREY, ls=":")
    if iterations is not None and iterations <= max_iterations:
        ax.plot(iterations, chance[iterations], "^", color=canvas.VERMILLION, ms=11)
    ax.set(
        xlabel=say("plot.searches.oracle_calls_k"),
        ylabel=say("plot.searches.chance_of_a_marked"),
        ylim=(-0.03, 1.05),
    )
    ax.set_xlim(-0.04 * max_iterations - 0.3, 1.04 * max_iterations + 0.3)
    return canvas.add_title(ax, say("plot.searches.success_dotted_one_random"))


@own_style()
def draw_registers(ax: Axes, registers: Mapping[str, int], *, title: str = "") -> Axes:
    """Draws each qubit as a marker, beneath the name of its register; an empty one is left out."""
    for i, (name, size) in enumerate(registers.items()):
        if size:
            style: canvas.Style = {**canvas.marker_style(i), "ms": 11, "mec": canvas.BLACK}
            ax.plot(range(size), [-i] * size, **style)
            ax.text(-0.3, 0.3 - i, f"{name}: {size}", fontsize=10)
    widest = max(registers.values())
    ax.set(xlim=(-0.8, widest), ylim=(-2.7, 0.8), xticks=[], yticks=[], xlabel=say("shared.qubits"))
    return canvas.add_title(ax, title)


@own_style()
def draw_falling_threshold(
    ax: Axes, calls: npt.ArrayLike, costs: npt.ArrayLike, thresholds: npt.ArrayLike
) -> Axes:
    """Draws one search for the minimum: each measured cost, and the threshold that it lowers.

    All are (rounds + 1,), first those of the start: calls spent at the end of each round, what was
    measured then, and the least so far.
    """
    spent, measured, least = (np.asarray(values) for values in (calls, costs, thresholds))
    better = np.append(True, np.diff(least) < 0)
    ax.step(spent, least, where="post", color=canvas.BLUE, lw=2)
    ax.plot(
        spent[~better],
        measured[~better],
        "x",
        color=canvas.GREY,
        label=say("plot.searches.no_better"),
    )
    style: canvas.Style = {
        "color": canvas.VERMILLION,
        "ms": 8,
        "label": say("plot.searches.new_threshold"),
    }
    ax.plot(spent[better], measured[better], "^", **style)
    ax.set(xlabel=say("shared.oracle_calls_spent"), ylabel=say("shared.cost_line_threshold"))
    return canvas.add_legend(ax)


@own_style()
def draw_growth(
    ax: Axes, n_neurons: npt.ArrayLike, calls: canvas.Series, fits: Mapping[str, Growth]
) -> Axes:
    """Draws the mean calls of searches over n with their 95% intervals, and the fitted lines.

    `calls`: label -> (sizes, runs). The band of a fit is that of its exponent's interval, turned
    about the middle of the points.
    """
    sizes = np.asarray(n_neurons, dtype=np.float64)
    for i, label, runs in canvas.number_series(calls):
        half, style = 1.96 * standard_error(runs), canvas.marker_style(i)
        ax.errorbar(sizes, runs.mean(axis=1), half, capsize=3, label=label, **style)
        fit, colour = fits[label], style["color"]
        ax.plot(sizes, fit.prefactor * 2 ** (fit.exponent * sizes), color=colour, lw=1)
        ax.fill_between(sizes, *_band(fit, sizes), color=colour, alpha=0.15, lw=0)
    ax.set(
        xlabel=say("plot.searches.neurons_n"),
        ylabel=say("plot.searches.calls_until_an_optimum"),
        yscale="log",
    )
    canvas.count_whole(ax.xaxis)
    canvas.add_title(ax, say("plot.searches.bars_and_bands_intervals"))
    return canvas.add_legend(ax, frameon=False, fontsize=9)


def growth_in_words(fits: Mapping[str, Growth]) -> str:
    """The fits as one line for a summary."""
    return "; ".join(
        say(
            "plot.searches.calls_grow_as_n",
            label=label,
            markers_in_words=canvas.MARKERS_IN_WORDS[i % len(canvas.MARKERS)],
            exponent=fit.exponent,
            low=fit.low,
            high=fit.high,
        )
        for i, (label, fit) in enumerate(fits.items())
    )


@own_style()
def draw_share_met(ax: Axes, selections: Mapping[str, Sequence[Selection]], cost: float) -> Axes:
    """Draws which share of the runs of each selector has met a cost after so many queries.

    The bands are one binomial standard error wide on either side.
    """
    longest = max(len(run.history) for runs in selections.values() for run in runs)
    queries = np.arange(1, longest + 1)
    seen = np.concatenate([run.history for runs in selections.values() for run in runs])
    reached = cost + EQUAL_WITHIN * max(abs(cost), typical_magnitude(seen))
    for i, (label, runs) in enumerate(selections.items()):
        hits = [np.flatnonzero(run.history <= reached)[:1] for run in runs]
        met = np.sort(np.concatenate(hits)) + 1
        share = np.searchsorted(met, queries, side="right") / len(runs)
        error = np.sqrt(share * (1 - share) / len(runs))
        draw_band(ax, queries, share, error, i, label=label, markevery=0.12)
    ax.set(
        xlabel=say("shared.cost_queries"),
        ylabel=say("plot.searches.share_of_the_runs"),
        ylim=(-0.03, 1.03),
    )
    return canvas.add_legend(ax)


@own_style()
def draw_race(
    ax: Axes, budgets: npt.ArrayLike, best: canvas.Series, *, minimum: float, error: str = "std"
) -> Axes:
    """Draws one line a selector over calls (each tick doubles them): mean and error of its runs.

    `best`: label -> (runs, budgets), or fewer budgets where a line ends earlier; what is not finite
    is left out. The minimum is a dotted line; errors are 'std' for one standard deviation,
    'interval' for 1.96 standard errors of the mean.
    """
    calls, errors, colours = np.log2(np.asarray(budgets, dtype=np.float64)), [], []
    for i, label, runs in canvas.number_series(best):
        seen = np.isfinite(runs).all(axis=0)
        x, runs = calls[: runs.shape[1]][seen] + 0.03 * i, runs[:, seen]
        mean, half = runs.mean(axis=0), _half_length(runs, error)
        canvas.add_line(ax, x, mean, label=label, ms=5, lw=1.3, **canvas.series_style(i))
        errors.extend(np.stack([[x, x], [mean - half, mean + half]]).transpose(2, 1, 0))
        colours.extend([canvas.colour_of(i)] * len(x))
    # one collection: six of them take several times longer to draw
    ax.add_collection(LineCollection(errors, colors=colours, linewidths=1, alpha=0.4))
    ax.axhline(minimum, color=canvas.GREY, ls=":")
    ticks = np.arange(np.ceil(calls[0]), calls[-1] + 0.01)
    canvas.set_named_ticks(ax.xaxis, ticks, [f"{2**tick:,.0f}" for tick in ticks])
    ax.autoscale(axis="y")  # the errors span the lines
    ax.set(
        xlabel=say("plot.searches.calls"),
        ylabel=say("shared.best_cost_so_far"),
        xlim=(calls[0] - 0.3, calls[-1] + 0.4),
    )
    return ax


@own_style()
def draw_regret(
    ax: Axes, regret: canvas.Series, *, lit: Collection[str] = (), error: str = "std"
) -> Axes:
    """Draws one bar a selector: its mean regret, named above it and marked as in `draw_race`.

    `regret`: label -> (runs,), cost above the least of all masks. The errors are those of
    `draw_race`, but cut at 0, below which a regret cannot be. Bars that are `lit` are ringed.
    """
    runs = [np.asarray(values, dtype=np.float64) for values in regret.values()]
    means = np.array([values.mean() for values in runs])
    half = np.array([_half_length(values, error) for values in runs])
    rows = np.arange(len(runs))
    for row, (label, mean) in enumerate(zip(regret, means.tolist(), strict=True)):
        style = canvas.bar_style(row)
        style["facecolor"] = style.pop("color")
        style |= {"edgecolor": canvas.VERMILLION, "linewidth": 3} if label in lit else {}
        bar = Rectangle((0, row - 0.01), mean, 0.42, **style)
        bar.sticky_edges.x.append(0)
        ax.add_artist(bar)
    ax.update_datalim([(min(0, means.min()), 0), (max(0, means.max()), 0)])
    low = np.maximum(means - half, np.minimum(means, 0))
    ends = np.stack([[low, rows + 0.2], [means + half, rows + 0.2]]).transpose(2, 0, 1)
    ax.add_collection(LineCollection(ends, colors=canvas.BLACK, linewidths=1.5))
    for row, label in enumerate(regret):
        canvas.add_line(ax, 0, row - 0.22, ms=6, clip_on=False, **canvas.marker_style(row))
        ax.text(0, row - 0.22, f"   {label}: {means[row]:.4f}", va="center", fontsize=9)
    ax.axvline(0, color=canvas.BLACK, lw=0.8)
    ax.autoscale(axis="x")
    ax.set(
        xlabel=say("plot.searches.regret_cost_above_the"),
        ylim=(len(regret) - 0.45, -0.6),
        yticks=[],
    )
    return ax


def _band(fit: Growth, sizes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The lines of the lowest and the highest exponent through the middle of the fitted one."""
    middle = sizes.mean()
    centre = fit.prefactor * 2 ** (fit.exponent * middle)
    lines = [centre * 2 ** (slope * (sizes - middle)) for slope in (fit.low, fit.high)]
    return np.minimum(*lines), np.maximum(*lines)


def _half_length(runs: FloatArray, error: str) -> Any:
    """Half the length of an error bar over runs, the first axis."""
    return runs.std(axis=0) if error == "std" else 1.96 * standard_error(runs, axis=0)
