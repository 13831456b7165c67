"""The figures of notebook 05, and the runs of its record as they take them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.amplification import expected_calls_unknown
from labkit.arrays import FloatArray, IntArray
from labkit.costs import CostTable
from labkit.course.lessons.lesson_05_unknown_count import (
    LABELS,
    Rounds,
    expected_calls_to_minimum,
    expected_queries_one_flip,
    mean_calls,
)
from labkit.course.plots import (
    Captioned,
    draw_calls,
    draw_falling_threshold,
    draw_growth,
    draw_points_and_lines,
    growth_in_words,
    in_words,
    new_axes,
)
from labkit.selectors import Growth

if TYPE_CHECKING:
    import pandas as pd

#: Search -> its mean calls, by network.
Calls = Mapping[str, FloatArray]


def pick_growth(runs: pd.DataFrame) -> tuple[list[int], dict[str, FloatArray]]:
    """The numbers of neurons on moons, costs as they are, and the mean calls of each search there.

    Calls are search -> float64 (sizes, networks).
    """
    of_size = {n: mean_calls(rows) for n, rows in _plain(runs).groupby("parameters.n_hidden")}
    sizes = [int(n) for n in of_size]
    names = of_size[sizes[0]]
    return sizes, {name: np.array([of_size[n][name] for n in sizes]) for name in names}


def pick_shuffled(runs: pd.DataFrame) -> dict[str, FloatArray]:
    """The mean calls of each search where the costs were dealt out anew: (networks,)."""
    return mean_calls(runs[runs["parameters.shuffled"].notna()])


def expect_calls(tables: Iterable[CostTable]) -> dict[str, FloatArray]:
    """The calls that each search needs until it meets the least cost, in expectation: (tables,)."""
    found = [
        (
            expected_calls_to_minimum(table),
            (len(table.costs) + 1) / (len(table.optimal_masks()) + 1),
            expected_queries_one_flip(table),
        )
        for table in tables
    ]
    return dict(zip(LABELS, np.array(found).T, strict=True))


def pick_ties(runs: pd.DataFrame) -> tuple[IntArray, dict[str, FloatArray]]:
    """How many masks are optimal on each network for iris, and the mean calls of each search."""
    iris = runs[runs["parameters.task_name"] == "iris"]
    return iris["result.n_optima"].to_numpy(np.int64), mean_calls(iris)


def pick_spent(runs: pd.DataFrame) -> dict[int, FloatArray]:
    """Oracle calls of adaptive Grover, n from 8 on, in units of sqrt(2^n): n -> (runs,), sorted."""
    plain = _plain(runs)
    large = plain[plain["parameters.n_hidden"] >= 8]
    by_size = large.groupby("parameters.n_hidden")["result.adaptive_grover"]
    return {int(n): np.sort(np.concatenate([*rows])) / 2 ** (n / 2) for n, rows in by_size}


def _plain(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs on moons, costs as they are."""
    on_moons = runs["parameters.task_name"] == "moons"
    return runs[on_moons & runs["parameters.shuffled"].isna()]


def figure_planned_or_drawn(
    marked: npt.ArrayLike, planned: Sequence[float], drawn: Sequence[float], k: int
) -> Captioned:
    """Shows the chance of a marked mask over M, after k calls and after a random number of them."""
    series = {
        f"{k} calls": (marked, planned),
        "0 to 15 calls, at random": (marked, drawn),
    }
    ax = draw_points_and_lines(new_axes(width=7)[0], series)
    ax.set(xlabel="marked masks M, of 256", ylabel="chance of a marked mask", ylim=(-0.05, 1.3))
    return Captioned(
        ax, f"The least chance: {k} calls {min(planned):.3f}, a random number {min(drawn):.3f}."
    )


def figure_price(
    marked: IntArray, runs: IntArray, known: Sequence[float], unknown: Sequence[float]
) -> Captioned:
    """Draws calls over M of 1,024 masks: searched (M, searches), and expected, M known or not."""
    mean, error = runs.mean(axis=1), runs.std(axis=1) / np.sqrt(runs.shape[1])
    ax = draw_points_and_lines(
        new_axes(width=7)[0],
        {"M not known": (marked, mean), "M known": (marked, known)},
        {
            "M not known, formula": (marked, unknown),
            "bound": (marked, 4.5 * np.sqrt(1024 / marked)),
        },
    )
    ax.errorbar(marked, mean, 2 * error, ls="", capsize=3)
    ax.set(xscale="log", yscale="log", xlabel="marked masks M, of 1,024", ylabel="calls")
    ratio = np.array(unknown) / known
    return Captioned(
        ax,
        f"Not knowing M takes {ratio.min():.1f} to {ratio.max():.1f} times the calls. "
        f"Bars: two standard errors over {runs.shape[1]} searches.",
    )


def figure_rounds(rounds: Rounds, minimum: float) -> Captioned:
    """Shows one search for the minimum of 256 costs, round by round."""
    ax = new_axes(width=7)[0]
    draw_falling_threshold(ax, rounds.calls, rounds.costs, rounds.thresholds)
    thresholds = np.unique(rounds.thresholds)
    met, before = rounds.calls_to(minimum), rounds.calls_to(thresholds[1])
    return Captioned(
        ax,
        f"{len(thresholds)} thresholds; the best of 256 masks is met after {met} oracle "
        f"calls, {met - before} of them since the threshold before it.",
    )


def figure_growth(sizes: Sequence[int], calls: Calls, fits: Mapping[str, Growth]) -> Captioned:
    """Draws how the calls of each search grow with n, and on how many networks which needs less."""
    ax = draw_growth(new_axes(width=7, height=4)[0], sizes, calls, fits)
    one_flip, grover = (calls[name][-1] for name in ("one-flip search", "adaptive Grover"))
    return Captioned(
        ax,
        f"{growth_in_words(fits)}. At {sizes[-1]} neurons one-flip search needs fewer calls "
        f"than Grover on {np.mean(one_flip < grover):.0%} of {len(grover)} networks.",
    )


def figure_shuffled(plain: Calls, shuffled: Calls, times: Mapping[str, float]) -> Captioned:
    """Draws the calls of each search on 256 costs as they are and dealt out anew, (networks,)."""
    axes = new_axes(2, width=4.9, height=2.4)
    most = 1.05 * max(each.mean() + each.std() for each in shuffled.values())
    for ax, calls, title in zip(axes, (plain, shuffled), ("as they are", "shuffled"), strict=True):
        mean, std = ({name: float(f(c)) for name, c in calls.items()} for f in (np.mean, np.std))
        draw_calls(ax, mean, std, xlabel="calls to the optimum")
        ax.set(title=f"costs {title}", xlim=(0, most))
    return Captioned(
        axes,
        f"Of 256 masks; shuffling multiplies the calls by: {in_words(times, '.1f')}. Each is an "
        "exact expectation; bars: standard deviation over 20 networks.",
    )


def figure_ties(optima: IntArray, calls: Calls, powers: Mapping[str, float]) -> Captioned:
    """Shows the calls of each search over the number of optimal masks, of 32,768: (networks,)."""
    ax, at = new_axes(width=7, height=4)[0], 2.0 ** np.arange(9.5)
    told = [expected_calls_unknown(15, int(m)) for m in at]
    points = {name: (optima, each) for name, each in calls.items()}
    draw_points_and_lines(ax, points, {"best threshold known, M not": (at, told)})
    ax.set(xscale="log", yscale="log", xlabel="optimal masks M, of 32,768", ylabel="mean calls")
    better = np.mean(calls["adaptive Grover"] < calls["one-flip search"])
    return Captioned(
        ax,
        f"Calls go as M to the power of: {in_words(powers, '.2f')}. Each point is one "
        "network, mean of 10 runs. Grover needs fewer calls than one-flip search on "
        f"{better:.0%} of {len(optima)}.",
    )


def figure_spent(spent: Mapping[int, FloatArray], budget: float) -> Captioned:
    """Shows which share of the runs is at the optimum after so many calls, see `pick_spent`.

    `budget`: what is proven to suffice for the most neurons, in the same units.
    """
    curves = {
        f"{n} neurons": (each, np.arange(1, len(each) + 1) / len(each)) for n, each in spent.items()
    }
    ax = draw_points_and_lines(new_axes(width=7)[0], {}, curves)
    ax.set(xlabel="oracle calls, in units of √N", ylabel="share of runs at the optimum")
    n, longest = max(spent), max(each.max() for each in spent.values())
    return Captioned(
        ax,
        f"{n} neurons: half of {len(spent[n])} runs are there after "
        f"{np.median(spent[n]):.1f} √N calls; the budget is {budget:.1f} √N. The longest run of "
        f"all took {longest:.1f} √N.",
    )
