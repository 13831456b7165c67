"""Figures of notebook 13, with their texts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from labkit.arrays import FloatArray, IntArray
from labkit.course.lessons.lesson_13_scaling_up import Samples
from labkit.course.plots import (
    Captioned,
    draw_decision,
    draw_quality,
    in_words,
    new_axes,
    set_log_ticks,
)
from labkit.datasets import Task
from labkit.networks import NetworkArrays
from labkit.selectors import Selection


def figure_decisions(
    task: Task, searched: Mapping[int, tuple[NetworkArrays, Selection]], right: Mapping[int, float]
) -> Captioned:
    """Shows what the mask found among so many neurons decides.

    Args:
        task: of two features.
        searched: neurons -> the network, and the selection from it.
        right: neurons -> share of the test samples that are right.
    """
    axes = new_axes(len(searched), width=min(10 / len(searched), 5.5), height=3.2)
    for ax, (n, (network, found)) in zip(axes, searched.items(), strict=True):
        draw_decision(ax, network, task, found.neuron_mask)
        ax.set_title(f"the mask found among {n} neurons", fontsize=10)
    shares = in_words({f"{n} neurons": share for n, share in right.items()})
    return Captioned(axes, f"Decisions on {task.name}; share of test samples right: {shares}.")


def figure_accuracies(chosen: Mapping[str, Samples], trained: Mapping[str, Samples]) -> Captioned:
    """Shows test accuracy over the neurons, task by task: of the mask found, and of training."""
    axes, said = new_axes(2, rows=2, width=4.4, height=2.9), []
    for ax, (name, found) in zip(axes, chosen.items(), strict=True):
        sizes = list(found)
        both = {"subnetwork": _stack(found), "trained": _stack(trained[name])}
        draw_quality(ax, sizes, both).set_title(name, fontsize=10)
        set_log_ticks(ax, sizes).set(xlabel="neurons", ylabel="test accuracy")
        gap = (both["trained"] - both["subnetwork"]).mean(axis=1)
        said.append(f"{name} {in_words(dict(zip(map(str, sizes), gap, strict=True)), '+.3f')}")
    words = f"Trained less subnetwork at each n: {'; '.join(said)}."
    return Captioned(axes, f"{words} Bars: one standard deviation, 10 seeds.")


def figure_passes(passes: Mapping[str, Samples], in_training: int) -> Captioned:
    """Shows the forward passes of selection over the neurons, the mean over the tasks.

    Args:
        passes: task -> neurons -> forward passes (seeds,).
        in_training: forward and backward passes of the rival, at any width.
    """
    sizes = sorted({n for of_task in passes.values() for n in of_task})
    by_n = ([of_task[n] for of_task in passes.values() if n in of_task] for n in sizes)
    spent = np.array([np.mean(of_tasks, axis=0) for of_tasks in by_n])
    rival = {"gradient training": np.full((len(sizes), 2), in_training)}
    ways = {"local selection, blocks of 4": spent, **rival}
    ax = set_log_ticks(draw_quality(new_axes(width=7)[0], sizes, ways), sizes)
    ax.set(yscale="log", xlabel="neurons", ylabel="passes over the training data")
    slope = np.polyfit(np.log(sizes), np.log(spent.mean(axis=1)), 1)[0]
    times = passes["breast_cancer"][sizes[-1]].mean() / in_training
    return Captioned(
        ax,
        f"Mean over tasks: passes grow as n to the power {slope:.2f}. Breast cancer, "
        f"{sizes[-1]:,} neurons: {times:.0f} times training's. "
        "Bars: one standard deviation, 10 seeds.",
    )


def figure_descents(passes: IntArray, costs: Mapping[str, FloatArray]) -> Captioned:
    """Shows the best training cost so far over the passes, way -> (points, networks)."""
    ax = draw_quality(new_axes(width=7)[0], passes.tolist(), costs)
    ax.set(xscale="log", yscale="log", xlabel="passes, forward and backward")
    ax.set_ylabel("best cost so far")
    last = in_words({way: values[-1].mean() for way, values in costs.items()}, ".4f")
    return Captioned(
        ax,
        f"Mean training cost after {passes[-1]} passes: {last}. "
        "Bars: one standard deviation over 5 networks.",
    )


def figure_block_calls(sizes: IntArray, calls: Mapping[str, FloatArray]) -> Captioned:
    """Shows the calls for one block over its size, way -> (sizes,); first that of enumeration."""
    columns = {way: np.asarray(values)[:, np.newaxis] for way, values in calls.items()}
    ax = draw_quality(new_axes(width=7)[0], sizes.tolist(), columns)
    ax.set(yscale="log", xlabel="block size = qubits", ylabel="calls for one block")
    all_masks, *rivals = columns
    first = {k: sizes[np.argmax(columns[k] < columns[all_masks] - 1e-9)] for k in rivals}
    said = in_words(first, "d")
    return Captioned(ax, f"Grover is cheaper than trying all from this block size on: {said}.")


def figure_blocks(found: Samples, passes: Samples) -> Captioned:
    """Shows the test accuracy over the block size, and the passes that each takes in words."""
    ax = draw_quality(new_axes(width=6)[0], list(found), {"subnetwork": _stack(found)})
    ax.set(xlabel="block size = qubits", ylabel="test accuracy", ylim=(0.9, 1))
    least, most = min(found), max(found)
    gain, times = found[most].mean() - found[least].mean(), passes[most].mean()
    return Captioned(
        ax,
        f"Blocks of {most} against {least}: {gain:+.4f} in test accuracy for "
        f"{times / passes[least].mean():.0f} times the passes. "
        "Bars: one standard deviation over 10 seeds.",
    )


def _stack(samples: Samples) -> FloatArray:
    """(values, seeds)."""
    return np.array(list(samples.values()))
