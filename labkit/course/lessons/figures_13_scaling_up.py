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
    draw_spread,
    in_words,
    new_axes,
    set_log_ticks,
)
from labkit.datasets import Task
from labkit.networks import NetworkArrays
from labkit.palette import BLACK
from labkit.selectors import Selection

#: No method: what a random network is without any.
_WHOLE = "all neurons kept"
_BARS = "Bars: one standard deviation over 10 networks."


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


def figure_accuracies(ways: Mapping[str, Mapping[str, Samples]]) -> Captioned:
    """Shows test accuracy over the neurons, task by task.

    Args:
        ways: way -> task -> neurons -> (networks,); the words say the first less the second.
    """
    axes, said = new_axes(2, rows=2, width=4.4, height=2.9), []
    (first, of_first), (second, of_second), *_ = ways.items()
    for ax, name in zip(axes, of_first, strict=True):
        sizes = list(of_first[name])
        draw_quality(ax, sizes, {way: _stack(of[name]) for way, of in ways.items()})
        set_log_ticks(ax, sizes).set(title=name, xlabel="neurons", ylabel="test accuracy")
        gap = {f"{n:,}": of_first[name][n].mean() - of_second[name][n].mean() for n in sizes}
        said.append(f"{name} {in_words(gap, '+.3f')}")
    words = f"Mean test accuracy, {first} less {second}, at each n: {'; '.join(said)}."
    return Captioned(axes, f"{words} {_BARS}")


def figure_law(errors: Mapping[str, Samples], laws: Mapping[str, tuple[float, float]]) -> Captioned:
    """Shows the share of test samples that are wrong over the neurons, and the fitted powers.

    Args:
        errors: way -> neurons -> (networks,).
        laws: way -> the exponent of its mean, and the standard error of that.
    """
    sizes = [*next(iter(errors.values()))]
    ax = draw_quality(new_axes(width=7)[0], sizes, {way: _stack(of) for way, of in errors.items()})
    for way, (exponent, _) in laws.items():
        means = np.log(_stack(errors[way]).mean(axis=1))
        at = np.exp(means.mean() + exponent * (np.log(sizes) - np.log(sizes).mean()))
        ax.plot(sizes, at, "--", color=BLACK, lw=1)
    set_log_ticks(ax, sizes).set(yscale="log", xlabel="neurons n", ylabel="test error")
    return Captioned(ax, f"Mean test error falls as: {_powers(laws)}; thin lines. {_BARS}")


def figure_growth(
    ways: Mapping[str, Samples], what: str, laws: Mapping[str, tuple[float, float]]
) -> Captioned:
    """Shows what grows with the neurons on logarithmic axes, and in words as which power.

    Args:
        ways: way -> neurons -> (networks,).
        what: is counted.
        laws: see `figure_law`.
    """
    sizes = [*next(iter(ways.values()))]
    ax = draw_quality(new_axes(width=7)[0], sizes, {way: _stack(of) for way, of in ways.items()})
    set_log_ticks(ax, sizes).set(yscale="log", xlabel="neurons", ylabel=what)
    means = {way: of[sizes[-1]].mean() for way, of in ways.items()}
    last = in_words(means, ",.0f" if min(means.values()) >= 100 else ".3g")
    words = f"Mean {what} at {sizes[-1]:,} neurons: {last}."
    return Captioned(ax, f"{words} Grows as: {_powers(laws)}. {_BARS}")


def _powers(laws: Mapping[str, tuple[float, float]]) -> str:
    said = (f"{way}, n to the power {p:.2f} ± {error:.2f}" for way, (p, error) in laws.items())
    return f"{'; '.join(said)} (one standard error)"


def figure_largest(
    accuracies: Mapping[str, FloatArray], seconds: Mapping[str, FloatArray]
) -> Captioned:
    """Shows what each method reaches at one size, and in how long: method -> (networks,).

    All neurons as they are, far below, stand in the words alone.
    """
    axes, drawn = new_axes(2, width=4.4, height=3.2), [name for name in seconds if name != _WHOLE]
    for ax, of, what in zip(axes, (accuracies, seconds), ("test accuracy", "seconds"), strict=True):
        draw_spread(ax, {"one network": {name: of[name] for name in drawn}}, ylabel=what)
        ax.set_xticks(range(len(drawn)), [name.replace(" ", "\n") for name in drawn], fontsize=8)
    axes[1].set_yscale("log")
    reached = in_words({name: of.mean() for name, of in accuracies.items()})
    took = in_words({name: of.mean() for name, of in seconds.items()}, ".3g")
    return Captioned(axes, f"Mean test accuracy: {reached}. Mean seconds: {took}.")


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
