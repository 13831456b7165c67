"""Notebook 03: its figures and its exercises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.course.checking import exercise, name_mask, number_exercise
from labkit.course.circuit_checks import compare_distribution
from labkit.course.plots import (
    draw_chances,
    draw_quality,
    draw_shots,
    draw_state_dials,
    in_words,
    new_axes,
)
from labkit.course.plots.canvas import Captioned, add_title
from labkit.course.plots.style import own_style
from labkit.masks import all_masks, mask_from_string, mask_to_index
from labkit.simulators import probabilities

# the index of mask 0110
number_exercise(
    "03-1",
    int(mask_to_index(mask_from_string("0110"))),
    lambda index: (
        f"That is the index of mask {name_mask(int(index), 4)}."
        if index in range(16)
        else "Four neurons have the indices 0 to 15."
    ),
)


@exercise("03-2")
def one_mask(answer: Any) -> str | None:
    """A circuit that prepares mask 1010 for certain."""
    return compare_distribution(answer, (all_masks(4) == mask_from_string("1010")).all(axis=1))


@exercise("03-3")
def neuron_zero_stays(answer: Any) -> str | None:
    """A circuit in which neuron 0 always stays and the other two are in superposition."""
    return compare_distribution(answer, all_masks(3)[:, 0])


@exercise("03-4")
def both_or_neither(answer: Any) -> str | None:
    """A circuit in which neurons 0 and 1 stay both or neither."""
    return compare_distribution(answer, np.equal(*all_masks(2).T))


@own_style()
def figure_dials(states: Mapping[str, npt.NDArray[Any]]) -> Captioned:
    """One row of dials a state, label -> (2^n,); the text says what a shot of each gives."""
    rows, columns = len(states), len(next(iter(states.values())))
    ax = new_axes(width=1.8 + 0.95 * columns, height=0.9 + 1.25 * rows)[0]
    draw_state_dials(ax, states)
    ones = {name: float(probabilities(state)[-1]) for name, state in states.items()}
    mask = "1" * (columns.bit_length() - 1)
    return Captioned(
        ax, f"Amplitudes as hands. Probability to measure {mask}: {in_words(ones, '.2f')}."
    )


@own_style()
def figure_shots(shots: BoolArray, state: npt.NDArray[Any]) -> Captioned:
    """How often each mask came, shots (shots, n), beside what the state (2^n,) expects."""
    expected = probabilities(state)
    ax = draw_shots(new_axes(width=7)[0], shots, expected)
    seen, most = len(np.unique(shots, axis=0)), expected.max()
    return Captioned(
        ax,
        f"{len(shots):,} shots: {seen} of the {len(expected)} masks appear, each about "
        f"{most * len(shots):.0f} times.",
    )


@own_style()
def figure_shot_noise(means: Mapping[int, list[float]], exact: float) -> Captioned:
    """Estimates of a mean cost, number of shots -> repetitions, about the exact one."""
    ax = draw_quality(new_axes(width=7)[0], [*means], {"repetitions": [*means.values()]})
    ax.axhline(exact, color="black", ls=":")
    ax.set(xscale="log", xlabel="shots", ylabel="estimated mean cost (dotted: exact)")
    few, many = min(means), max(means)
    return Captioned(
        ax,
        f"Standard deviation of the estimate: {np.std(means[few]):.3f} with {few} shots, "
        f"{np.std(means[many]):.3f} with {many:,}; the exact mean is {exact:.3f}.",
    )


@own_style()
def figure_bases(chances: Mapping[str, FloatArray]) -> Captioned:
    """Probabilities of the masks of two neurons, label -> (4,); text: how often they agree."""
    axes = new_axes(len(chances), width=2.6, height=2.6)
    for ax, (label, values) in zip(axes, chances.items(), strict=True):
        add_title(draw_chances(ax, values), label)
    agree = {label: float(values[0] + values[3]) for label, values in chances.items()}
    return Captioned(axes[0], f"How often the two neurons agree: {in_words(agree, '.0%')}.")
