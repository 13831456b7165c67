"""Notebook 00: its figures and its exercises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.amplification import optimal_iterations
from labkit.course.checking import exercise, number_exercise
from labkit.course.plots import (
    draw_calls,
    draw_cost_histogram,
    draw_decision,
    in_words,
    new_axes,
)
from labkit.course.plots.style import Captioned, own_style
from labkit.masks import BoolArray, check_one_mask, mask_to_string
from labkit.problems import Problem, build_problem


@exercise("00-1")
def among_the_best(answer: Any) -> str | None:
    """A mask string of eight neurons whose cost is among the lowest tenth."""
    table = build_problem("moons", 8, seed=7).table
    mask = check_one_mask(answer, 8, argument="your mask")
    rank, limit = table.rank(mask), len(table.costs) // 10
    if rank <= limit:
        return None
    return (
        f"Mask {mask_to_string(mask)} costs {float(table.evaluate(mask)):.4f} and has rank {rank} "
        f"of {len(table.costs)}; a rank of {limit} or better was asked for."
    )


# the subnetworks of 20 neurons
number_exercise("00-2", 2**20)
# the first peak for one marked mask of eight neurons
number_exercise("00-3", optimal_iterations(8, 1))


@own_style()
def figure_best(problem: Problem, best: BoolArray) -> Captioned:
    """What a mask (n,) decides, and where its cost and that of all neurons stand."""
    left, right = new_axes(2)
    everything = "1" * problem.n_neurons
    draw_decision(left, problem.network, problem.task, best)
    draw_cost_histogram(right, problem.table, {"all on": everything, "best": best})
    share = {"all neurons on": problem.accuracy(everything), "best mask": problem.accuracy(best)}
    return left, f"Share of the test samples that are right: {in_words(share, '.0%')}."


@own_style()
def figure_calls(mean: Mapping[str, float], deviation: Mapping[str, float]) -> Captioned:
    """Calls until the best mask is met, label -> mean, and their standard deviations."""
    ax = new_axes(width=7, height=2.4)[0]
    draw_calls(ax, mean, deviation, xlabel="calls (bar: mean, line: standard deviation)")
    return ax, f"Calls to the best mask, on average: {in_words(mean, '.1f')}."
