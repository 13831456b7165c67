"""Figures of notebook 18, with their texts, and what is picked from its records for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from labkit.arrays import FloatArray
from labkit.baselines.input_circuits import CircuitClassifier
from labkit.course.gated_circuits import TASKS
from labkit.course.lessons.lesson_18_circuit_input_layer import BLOCKS
from labkit.course.plots import Captioned, in_words, new_axes
from labkit.course.plots.canvas import Series, add_legend, number_series, series_style
from labkit.course.plots.gates import draw_over_bits, draw_rivals, draw_ways
from labkit.course.plots.networks import draw_plane
from labkit.datasets import Task
from labkit.scoring import accuracy

if TYPE_CHECKING:
    import pandas as pd

#: Model -> task -> (seeds,).
Accuracies = Mapping[str, Mapping[str, FloatArray]]
RIVALS = (
    *("circuit", "circuit, shared angles", "frozen circuit", "encoding only"),
    *("read-out qubit", "perceptron", "logistic"),
)


def pick(
    runs: pd.DataFrame, result: str, models: tuple[str, ...]
) -> dict[str, dict[str, FloatArray]]:
    """Model -> task -> a result of each seed (seeds,), of the record '18_input_layers'."""
    by_point = runs.sort_values("seed").groupby(["parameters.model", "parameters.task"])
    values = by_point[f"result.{result}"]
    return {
        model: {task: values.get_group((model, task)).to_numpy(dtype=np.float64) for task in TASKS}
        for model in models
    }


def pick_blocks(runs: pd.DataFrame) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Task -> bits and accuracies (sizes, seeds) by block size, of '18_input_layers'."""
    bits, right = (pick(runs, name, tuple(BLOCKS)) for name in ("bits", "test_accuracy"))
    return {
        task: (
            np.array([bits[model][task] for model in BLOCKS]),
            np.array([right[model][task] for model in BLOCKS]),
        )
        for task in TASKS
    }


def pick_ways(runs: pd.DataFrame, ways: Mapping[str, str]) -> dict[str, dict[str, FloatArray]]:
    """Label -> task -> a result of each circuit (circuits,), of '18_subcircuits'.

    `ways`: label -> the name of the result.
    """
    by_task = runs.sort_values("seed").groupby("parameters.task")
    return {
        label: {
            task: by_task.get_group(task)[f"result.{name}"].to_numpy(dtype=np.float64)
            for task in TASKS
        }
        for label, name in ways.items()
    }


def figure_decisions(task: Task, models: Mapping[str, CircuitClassifier]) -> Captioned:
    """Shows what each of some classifiers says of the plane, label -> classifier."""
    axes, right = new_axes(len(models), width=3.9, height=3.5), {}
    for ax, (label, model) in zip(axes, models.items(), strict=True):
        right[label] = accuracy(model.outputs(task.x_test), task.y_test)
        draw_plane(ax, model.outputs, task, title=f"{label}: {right[label]:.1%} right")
    return Captioned(axes, f"Of the test samples are right: {in_words(right, '.1%')}.")


def figure_rivals(accuracies: Accuracies) -> Captioned:
    """Shows the test accuracy of each model on each task."""
    ax = draw_rivals(new_axes(width=8, height=4.6)[0], accuracies)
    on_circles = {model: of["circles"].mean() for model, of in accuracies.items()}
    seeds = len(next(iter(accuracies.values()))["circles"])
    return Captioned(
        ax,
        f"On circles: {in_words(on_circles)}. Bars: one standard deviation over {seeds} seeds.",
    )


def figure_losses(losses: Series) -> Captioned:
    """Shows the loss of each epoch, label -> (epochs,); a shorter series lies on the first ones."""
    ax = new_axes(width=6.2)[0]
    for i, label, values in number_series(losses):
        ax.plot(np.arange(1, len(values) + 1), values, ms=5, label=label, **series_style(i))
    ax.set(xlabel="epochs", ylabel="cross-entropy of the batches", ylim=(0, None))
    last = {label: values[-1] for _, label, values in number_series(losses)}
    return Captioned(add_legend(ax, grid=True), f"Loss of the last epoch: {in_words(last)}.")


def figure_blocks(points: Mapping[str, tuple[FloatArray, FloatArray]]) -> Captioned:
    """Shows accuracy over bits as the blocks of couplings grow, of `pick_blocks`."""
    names = [name.removeprefix("blocks of ") for name in BLOCKS]
    names[-1] = "all six"
    ax = draw_over_bits(new_axes(width=7.2, height=4.2)[0], points, names)
    bits, right = points["moons"]
    said = ", ".join(
        f"{name}: {r:.3f} with {b:.2f} bits"
        for name, r, b in zip(names, right.mean(axis=1), bits.mean(axis=1), strict=True)
    )
    return Captioned(
        ax,
        f"From left to right blocks of 1, 2, 3 and all six qubits. On moons {said}. "
        f"Bars: one standard deviation over {bits.shape[1]} seeds.",
    )


def figure_ways(values: Accuracies, *, ylabel: str, is_log: bool = False) -> Captioned:
    """Shows a number of each random circuit by way and task."""
    ax = draw_ways(new_axes(width=8, height=3.9)[0], values, ylabel=ylabel, is_log=is_log)
    form = ",.0f" if is_log else ".3f"
    said = "; ".join(
        f"{task}: {in_words({way: float(np.median(of[task])) for way, of in values.items()}, form)}"
        for task in TASKS
    )
    circuits = len(next(iter(values.values()))[TASKS[0]])
    return Captioned(ax, f"Medians of {circuits} random circuits. {said}.")
