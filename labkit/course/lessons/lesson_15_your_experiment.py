"""Notebook 15: its figures and its exercises."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import FloatArray
from labkit.course.checking import as_truth, compare_number, exercise
from labkit.course.panels import predictions_in_words
from labkit.course.plots import (
    Captioned,
    draw_differences,
    draw_predictions,
    draw_quality,
    draw_spread,
    in_words,
    new_axes,
    set_log_ticks,
    standard_error,
)
from labkit.problems import build_problem

if TYPE_CHECKING:
    import pandas as pd


def pick_accuracy(runs: pd.DataFrame) -> pd.DataFrame:
    """Test accuracies of a sweep over scales: a row for each seed, a column for each scale."""
    axes = {"index": "seed", "columns": "parameters.scale"}
    return runs.pivot(**axes, values="result.test_accuracy")


def figure_one_network(scales: Sequence[float], right: Sequence[float]) -> Captioned:
    """Shows the test accuracy of the best mask of the network of seed 0 at each scale."""
    values = {"network of seed 0": np.array(right)[:, np.newaxis]}
    ax = set_log_ticks(draw_quality(new_axes(width=7)[0], scales, values), scales)
    ax.set(xlabel="scale of the output", ylabel="test accuracy of the best mask")
    ax.set_xticks(scales, [str(scale) for scale in scales])
    first, last = (f"{scales[i]} gives {right[i]:.3f}" for i in (0, -1))
    return Captioned(ax, f"Seed 0: scale {first}, scale {last}.")


def figure_scales(accuracy: pd.DataFrame) -> Captioned:
    """Shows the test accuracy of each network at each scale, of `pick_accuracy`."""
    ax = new_axes(width=8)[0]
    values = {str(scale): accuracy[scale].to_numpy() for scale in accuracy}
    draw_spread(ax, {"best mask": values}, ylabel="test accuracy")
    ax.set_xlabel("scale of the output")
    means = in_words({f"scale {scale}": of.mean() for scale, of in values.items()})
    lowest = min(of.min() for of in values.values())
    return Captioned(
        ax, f"Mean over {len(accuracy)} networks: {means}. Lowest point: {lowest:.3f}."
    )


def figure_differences(differences: Mapping[str, FloatArray]) -> Captioned:
    """Shows how far each network is from itself at scale 2, scale -> (networks,)."""
    ax = new_axes(width=8)[0]
    draw_differences(ax, differences, xlabel="scale", ylabel="test accuracy, less that at scale 2")
    ax.set_ylim(-0.25, 0.15)  # the empty mask is far below
    away = {scale: np.mean(of) / standard_error(of) for scale, of in differences.items()}
    below = sum(int(np.sum(np.asarray(of) < -0.25)) for of in differences.values())
    return Captioned(
        ax,
        f"Mean difference in standard errors: {in_words(away, '.1f')}. "
        f"Points further below: {below}.",
    )


def figure_predictions(predictions: pd.DataFrame) -> Captioned:
    """Shows the points of each question, of `read_predictions`."""
    ax = new_axes(width=8, height=1.4 + 0.35 * min(12, len(predictions)))[0]
    return Captioned(draw_predictions(ax, predictions), predictions_in_words(predictions))


@exercise("15-1")
def runs_of_a_sweep(answer: Any) -> str | None:
    """The number of runs of a sweep over 3 tasks, 4 sizes, 3 numbers of restarts and 20 seeds."""
    from labkit.sweeps import Sweep

    tasks, sizes = ["moons", "circles", "iris"], [6, 8, 10, 12]
    grid: dict[str, list[Any]] = {"task_name": tasks, "n_hidden": sizes, "restarts": [0, 1, 3]}
    sweep = Sweep("Do restarts pay?", range(20), "one_flip_search", grid=grid)
    slips: dict[float, str] = {
        3 * 4 * 3: "Those are the points of the grid; each is run with every seed.",
        3 + 4 + 3 + 20: "A grid takes every combination: numbers multiply.",
        3 * 4 * 20: "That leaves out the three numbers of restarts.",
    }
    means = "Every combination of the grid is a point; each point is run with every seed."
    return compare_number(answer, len(sweep.runs()), means, slips=slips)


@exercise("15-2")
def error_of_a_difference(answer: Any) -> str | None:
    """The standard error of the mean difference between scale 8 and scale 2, over 20 networks."""

    def best_accuracy(seed: int, scale: float) -> float:
        problem = build_problem("moons", 8, seed=seed, scale=scale)
        return problem.accuracy(problem.table.optimal_masks()[0])

    gained = [best_accuracy(seed, 8.0) - best_accuracy(seed, 2.0) for seed in range(20)]
    error, root = standard_error(gained), math.sqrt(len(gained))
    slips = {
        error * root: "That is the spread of single networks; their mean has 1/√n of it.",
        float(np.std(gained)) / root: "Divide the squares by n - 1: the mean was estimated too.",
        error / root: "Divide by the root of n, not by n.",
        2 * error: "Those are two standard errors.",
        float(np.mean(gained)): "That is the mean difference itself.",
    }
    means = "Subtract network by network, then take the differences' deviation over the root of n."
    return compare_number(answer, error, means, tolerance=5e-4, slips=slips)


@exercise("15-3")
def selectors_at_equal_budget(answer: Any) -> str | None:
    """A sweep of two selectors, two sizes and ten seeds, with 40 cost queries each."""
    from labkit.sweeps import Sweep

    if not isinstance(answer, Sweep):
        return f"A Sweep is expected; {type(answer).__name__} came."
    names = ("task_name", "n_hidden", "selector", "max_cost_queries")
    came = [(*(parameters.get(name) for name in names), seed) for parameters, seed in answer.runs()]
    expected = [
        ("moons", n, selector, 40, seed)
        for n in (8, 10)
        for selector in ("random_search", "one_flip_search")
        for seed in range(10)
    ]
    counted = f"{len(came)} runs came, {len(expected)} were asked for"
    missing, extra = set(expected) - set(came), set(came) - set(expected)
    for said, runs in (("is missing", missing), ("was not asked for", extra)):
        if runs:
            *values, seed = min(runs, key=str)
            run = ", ".join(f"{k}={v!r}" for k, v in zip(names, values, strict=True))
            return f"{counted}; {run}, seed {seed} {said}."
    return f"{counted}: each once." if len(came) > len(expected) else None


@exercise("15-4")
def clear_differences(answer: Any) -> str | None:
    """A function: whether the mean of differences is more than two standard errors from 0."""
    rng = np.random.default_rng(0)
    for size, shift in ((5, 0.0), (5, 2.0), (20, 0.4), (20, -0.5), (20, -0.9), (400, 0.12)):
        differences = rng.normal(shift, 1.0, size)
        mean, error = differences.mean(), standard_error(differences)
        expected, came = bool(abs(mean) > 2 * error), answer(differences)
        if as_truth(came) is not expected:
            return (
                f"For {size} differences of mean {mean:.3f} and standard error {error:.3f}, "
                f"{expected} is expected; {came} came."
            )
    return None
