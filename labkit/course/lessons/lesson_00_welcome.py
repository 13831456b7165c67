"""Notebook 00: its figures and its exercises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.amplification import optimal_iterations, success_probability
from labkit.course.checking import exercise, number_exercise, take_mask
from labkit.course.plots import (
    draw_calls,
    draw_cost_histogram,
    draw_decision,
    in_words,
    new_axes,
)
from labkit.course.plots.canvas import Captioned
from labkit.course.plots.style import own_style
from labkit.masks import BoolArray, mask_to_string
from labkit.problems import Problem, build_problem


@exercise("00-1")
def among_the_best(answer: Any) -> str | None:
    """A mask string of eight neurons whose cost is among the lowest tenth."""
    table = build_problem("moons", 8, seed=7).table
    mask = take_mask(answer, 8)
    rank, limit = table.rank(mask), len(table.costs) // 10
    if rank <= limit:
        return None
    return (
        f"Mask {mask_to_string(mask)} costs {float(table.evaluate(mask)):.4f} and has rank {rank} "
        f"of {len(table.costs)}; a rank of {limit} or better was asked for."
    )


def _says_of_calls(calls: float) -> str:
    """How the chance of the marked mask of eight neurons begins to grow."""
    if calls < 0 or calls != int(calls):
        return "Calls are whole: an oracle is called, or it is not."
    first, second = (success_probability(8, 1, k) for k in (1, 2))
    return (
        f"After one call the chance is {first:.3f}, after two it is {second:.3f}. Which call is "
        "the last before it falls for the first time? The line under the controls says it."
    )


# the subnetworks of 20 neurons
number_exercise(
    "00-2",
    2**20,
    "Count the masks of one neuron, of two and of three: what does each further neuron do?",
    slips={
        20**2: "That is 20 times 20. But each neuron has 2 choices, not 20.",
        2 * 20: "That adds the neurons' choices. Each choice goes with every choice of the others.",
        2**20 - 1: "That leaves out the mask that keeps no neuron: it is a subnetwork too.",
        20: "That is the number of neurons; a subnetwork is a choice for all of them at once.",
    },
)
# the first peak for one marked mask of eight neurons
number_exercise(
    "00-3",
    optimal_iterations(8, 1),
    _says_of_calls,
    slips={
        2**8: "That is the number of masks: asking them one by one takes so many at most.",
        2**7: "That is what asking the masks one by one takes in the mean.",
        2**4: "That is √256; the peak is at about π/4 of it.",
        13: "π/4 of √256 is 12.6, and the search begins half a call ahead: take half a call off.",
    },
)


@own_style()
def figure_best(problem: Problem, best: BoolArray) -> Captioned:
    """What a mask (n,) decides, and where its cost and that of all neurons stand."""
    left, right = new_axes(2)
    everything = "1" * problem.n_neurons
    draw_decision(left, problem.network, problem.task, best)
    draw_cost_histogram(right, problem.table, {"all on": everything, "best": best})
    share = {"all neurons on": problem.accuracy(everything), "best mask": problem.accuracy(best)}
    return Captioned(left, f"Share of the test samples that are right: {in_words(share, '.0%')}.")


@own_style()
def figure_calls(mean: Mapping[str, float], deviation: Mapping[str, float]) -> Captioned:
    """Calls until the best mask is met, label -> mean, and their standard deviations."""
    ax = new_axes(width=7, height=2.4)[0]
    draw_calls(ax, mean, deviation, xlabel="calls (bar: mean, line: standard deviation)")
    return Captioned(ax, f"Calls to the best mask, on average: {in_words(mean, '.1f')}.")
