"""Figures of notebook 20: random neurons with a solved read-out, in stages and under a mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from labkit.arrays import FloatArray
from labkit.course.lessons.lesson_20_residual_networks import BLOCKS, KEPT
from labkit.course.plots import (
    Captioned,
    draw_calls,
    draw_spread,
    in_words,
    new_axes,
    standard_error,
)
from labkit.course.plots.residual import draw_by_blocks, draw_by_inputs, draw_by_neurons

#: Straight line, J = M, J = 2M -> test accuracy (sizes, seeds).
Crossing = dict[str, FloatArray]


def pick(runs: pd.DataFrame, what: str, **fixed: Any) -> FloatArray:
    """A result of the runs with these parameters, by seed: (seeds,) or (seeds, ...)."""
    for name, value in fixed.items():
        runs = runs[runs[f"parameters.{name}"] == value]
    return np.array(runs.sort_values("seed")[f"result.{what}"].tolist(), dtype=np.float64)


def crossing_by_size(runs: pd.DataFrame, scaling: str, sides: Sequence[int]) -> Crossing:
    """The test accuracies on MNIST of images of these sides."""
    names = {"straight line": "line", "J = M": "same", "J = 2M": "twice"}
    fixed = {"task_name": "mnist5k", "scaling": scaling}
    return {
        label: np.array([pick(runs, name, side=side, **fixed) for side in sides])
        for label, name in names.items()
    }


def by_task(runs: pd.DataFrame, what: str) -> dict[str, FloatArray]:
    """A result of the record of choices, task -> (seeds,)."""
    names = runs["parameters.task_name"].unique()
    return {str(name): pick(runs, what, task_name=name) for name in names}


def by_total(runs: pd.DataFrame) -> dict[str, tuple[list[int], FloatArray]]:
    """Test accuracy on digits: label -> all neurons, and (totals, seeds)."""
    runs = runs[runs["parameters.task_name"] == "digits"]
    one = runs[runs["parameters.n_stages"] == 1]
    sizes = sorted(one["parameters.n_hidden"].unique().tolist())
    solved = [pick(one, "accuracy", n_hidden=size)[:, 0] for size in sizes]
    found = {"one solve": (sizes, np.array(solved))}
    for j, counts in ((64, (1, 2, 4, 10, 20)), (16, (1, 4, 8, 16, 40, 80))):
        many = runs[runs["parameters.n_stages"] > 1]
        along = pick(many, "accuracy", n_hidden=j)[:, np.array(counts) - 1].T
        found[f"stages of {j}"] = ([j * count for count in counts], along)
    return found


def figure_ways(right: Mapping[str, Mapping[str, FloatArray]]) -> Captioned:
    """Shows test accuracy, way -> task -> (networks,)."""
    ax = draw_spread(new_axes(width=8)[0], right, ylabel="test accuracy")
    means = {way: np.mean([of.mean() for of in by_task.values()]) for way, by_task in right.items()}
    networks = len(next(iter(next(iter(right.values())).values())))
    return Captioned(
        ax, f"Mean test accuracy over the tasks: {in_words(means)}; {networks} networks a task."
    )


def figure_crossing(inputs: Sequence[int], right: Mapping[str, Crossing]) -> Captioned:
    """Shows test accuracy over the number of inputs, scale -> label -> (sizes, seeds)."""
    axes = new_axes(len(right), width=4.8, height=3.8)
    told = []
    for ax, (scale, of_scale) in zip(axes, right.items(), strict=True):
        draw_by_inputs(ax, inputs, of_scale).set_title(scale, fontsize=10)
        ax.set_ylim(0.25, 0.96)
        lead = of_scale["J = M"].mean(axis=1) - of_scale["straight line"].mean(axis=1)
        told.append(f"{scale}: {lead[0]:+.3f} at M = {inputs[0]}, {lead[-1]:+.3f} at {inputs[-1]}")
    seeds = next(iter(right.values()))["J = M"].shape[1]
    return Captioned(
        axes,
        f"Lead of as many neurons over the straight line: {'; '.join(told)}. "
        f"Bars: one standard deviation over {seeds} networks.",
    )


def figure_stages(right: Mapping[str, tuple[Sequence[int], FloatArray]]) -> Captioned:
    """Shows test accuracy over all neurons, label -> (totals, (totals, seeds))."""
    ax = draw_by_neurons(new_axes(width=7.5)[0], right, (16, 64, 256, 1280))
    last = {label: values[-1].mean() for label, (_, values) in right.items()}
    totals, values = next(iter(right.values()))
    return Captioned(
        ax,
        f"At {totals[-1]:,} neurons in all: {in_words(last)}. "
        f"Bars: one standard deviation over {values.shape[1]} networks.",
    )


def figure_bill(bills: Mapping[str, tuple[int, int]]) -> Captioned:
    """Shows what is held and what is multiplied, way -> (numbers, multiplications)."""
    axes = new_axes(2, width=4.4, height=2.2)
    names = ("numbers held at once", "multiplications")
    for which, (ax, name) in enumerate(zip(axes, names, strict=True)):
        unit, word = ((1e3, "thousands"), (1e6, "millions"))[which]
        scaled = {way: float(round(bill[which] / unit)) for way, bill in bills.items()}
        draw_calls(ax, scaled, xlabel=f"{name}, {word}")
    told = (
        f"{name}: {in_words({way: bill[i] for way, bill in bills.items()}, ',d')}"
        for i, name in enumerate(names)
    )
    return Captioned(axes, f"{'; '.join(told)}.")


def figure_calls(calls: Mapping[str, FloatArray]) -> Captioned:
    """Shows mean calls until the best mask is met, search -> calls (networks,)."""
    rounded = {name: round(of.mean()) for name, of in calls.items()}
    errors = {name: 2 * float(standard_error(of)) for name, of in calls.items()}
    label = "calls (bars: two standard errors)"
    ax = draw_calls(new_axes(width=7, height=2.4)[0], rounded, errors, xlabel=label)
    return Captioned(ax, f"Mean calls until the best mask is met: {in_words(rounded, ',d')}.")


def figure_blocks(met: Mapping[str, FloatArray]) -> Captioned:
    """Shows how often local selection ends at the best mask, label -> (networks, block sizes)."""
    ax = draw_by_blocks(new_axes(width=7)[0], BLOCKS, met)
    told = {label: np.mean(of[:, 0]) for label, of in met.items()}
    networks = len(next(iter(met.values())))
    return Captioned(
        ax,
        f"Ends at the best mask in blocks of 1: {in_words(told, '.0%')}; in one block of "
        f"{BLOCKS[-1]}: 100%. Bars: one standard error over {networks} networks.",
    )


def figure_greedy(right: Mapping[str, FloatArray]) -> Captioned:
    """Shows test accuracy by the number of neurons, label -> (networks, numbers)."""
    ax = draw_by_neurons(
        new_axes(width=6.5)[0], {label: (KEPT, of.T) for label, of in right.items()}, KEPT
    )
    ax.set(xlabel="neurons that the readout reads")
    told = (
        f"{label} {in_words(dict(zip(map(str, KEPT), of.mean(axis=0), strict=True)))}"
        for label, of in right.items()
    )
    return Captioned(ax, f"Mean test accuracy by neurons: {'; '.join(told)}.")


def verdicts(crossing: pd.DataFrame, stages: pd.DataFrame) -> pd.DataFrame:
    """Each claim, what the records say of it, and a verdict that follows from these numbers."""
    ends: dict[str, FloatArray] = {}
    for scale in ("one scale", "each pixel"):
        fixed = {"task_name": "mnist5k", "side": 14, "scaling": scale}
        ends[scale] = pick(crossing, "same", **fixed) - pick(crossing, "line", **fixed)
    digits = pick(crossing, "same", task_name="digits") - pick(crossing, "line", task_name="digits")
    runs = stages[stages["parameters.task_name"] == "digits"]
    along = pick(runs, "accuracy", n_hidden=64, n_stages=20)
    first, many = along[:, 0].mean(), along[:, -1].mean()
    once = pick(runs, "accuracy", n_hidden=1280, n_stages=1).mean()
    rows = [
        ("J about M does well: MNIST, one scale",
         f"{ends['one scale'].mean():+.3f} to the line at M = 196", ends["one scale"].min() > 0),
        ("J about M does well: MNIST, each pixel",
         f"{ends['each pixel'].mean():+.3f} to the line at M = 196", ends["each pixel"].min() > 0),
        ("J about M does well: digits, each pixel",
         f"{digits.mean():+.3f} to the line at M = 64", digits.min() > 0),
        ("20 stages of 64 improve on the first: digits",
         f"{first:.3f} to {many:.3f}", many > first),
        ("they equal one solve of 1,280 (ours to ask)",
         f"{many:.3f} against {once:.3f}", many >= once),
    ]  # fmt: skip
    words = {True: "confirmed", False: "not confirmed"}
    judged = [(claim, words[bool(holds)], numbers) for claim, numbers, holds in rows]
    untold = [("kernels; hiding data and model", "not testable here", "not built")]
    columns = ("claim", "verdict", "measured")
    return pd.DataFrame([*judged, *untold], columns=columns).set_index("claim")
