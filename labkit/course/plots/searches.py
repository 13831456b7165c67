"""What happens in the register, and what a search has spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.amplification import rotation_angle
from labkit.course.plots.canvas import BLACK, BLUE, GREY, HATCHES, MARKERS, SERIES, VERMILLION
from labkit.masks import BoolArray, mask_from_index, mask_to_string, masks_to_indices
from labkit.selectors import Selection

#: Up to this many masks, each is drawn or named by itself.
_FEW_MASKS = 16


def draw_amplitudes(
    ax: Axes,
    state: npt.ArrayLike,
    marked: npt.ArrayLike | None = None,
    *,
    lit: int | None = None,
    title: str = "",
) -> Axes:
    """Draws the real part of each mask's amplitude as a bar, marked masks hatched.

    The dashed line is the mean of all amplitudes, about which the reflection turns them.

    Args:
        ax: where to draw.
        state: (2^n,) amplitudes by mask index.
        marked: bool (2^n,), which masks to tell apart.
        lit: index of a mask to put a ring around.
        title: of the axes.
    """
    amplitudes = np.asarray(state).real.astype(np.float64)
    chosen = np.zeros(len(amplitudes), bool) if marked is None else np.asarray(marked, bool)
    _fill_steps(ax, np.where(chosen, 0, amplitudes), facecolor=BLUE)
    style: dict[str, Any] = {"facecolor": VERMILLION, "hatch": "///", "edgecolor": BLACK}
    if 0 < chosen.sum() <= _FEW_MASKS:
        # wide enough to be seen among thousands
        width = max(0.8, len(amplitudes) / 150)
        ax.bar(np.flatnonzero(chosen), amplitudes[chosen], width, lw=0.5, **style)
    elif chosen.any():
        _fill_steps(ax, np.where(chosen, amplitudes, 0), lw=0.5, **style)
    if lit is not None:
        ax.plot(lit, amplitudes[lit], "o", mfc="none", mec=VERMILLION, ms=11, mew=2, clip_on=False)
    ax.axhline(amplitudes.mean(), color=BLACK, lw=1, ls="--")
    ax.set(xlabel="mask (index; neuron 0 is the leftmost bit)", ylabel="amplitude")
    ax.set_xlim(-0.7, len(amplitudes) - 0.3)
    ax.set_title(title, fontsize=10)
    _label_masks(ax, len(amplitudes))
    return ax


def draw_rotation(ax: Axes, n_neurons: int, n_marked: int, iterations: int) -> Axes:
    """Draws the state in the plane of all unmarked masks (across) and all marked masks (up).

    Args:
        ax: where to draw.
        n_neurons: n.
        n_marked: M, number of marked masks.
        iterations: k; the arrow stands at the angle (2k + 1) theta.
    """
    theta = rotation_angle(n_neurons, n_marked)
    circle = np.linspace(0, 2 * np.pi, 121)
    ax.plot(np.cos(circle), np.sin(circle), color=GREY, lw=0.8)
    angles = (2 * np.arange(iterations + 1) + 1) * theta
    ax.plot(np.cos(angles), np.sin(angles), ".", color=GREY, ms=5)
    for angle, colour, style in ((theta, BLUE, "--"), (angles[-1], VERMILLION, "-")):
        ax.plot([0, np.cos(angle)], [0, np.sin(angle)], style, color=colour, lw=2)
    ax.plot(np.cos(theta), np.sin(theta), "o", color=BLUE)
    ax.text(0.1, -0.16, "circle: start", fontsize=9)
    ax.plot(np.cos(angles[-1]), np.sin(angles[-1]), "^", color=VERMILLION, ms=9)
    ax.text(0.1, -0.36, f"triangle: after {iterations}", fontsize=9)
    ax.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    ax.set(xlabel="amplitude of all unmarked masks", ylabel="... of all marked masks")
    ax.set_title(f"2θ = {np.degrees(2 * theta):.1f}° a call, now {np.degrees(angles[-1]):.0f}°",
                 fontsize=10)  # fmt: skip
    return ax


def draw_success_curve(
    ax: Axes, n_neurons: int, n_marked: int, max_iterations: int, iterations: int | None = None
) -> Axes:
    """Draws P(k) = sin^2((2k + 1) theta) over the oracle calls k, and the reader's point on it.

    Args:
        ax: where to draw.
        n_neurons: n.
        n_marked: M, number of marked masks.
        max_iterations: the largest k drawn.
        iterations: the reader's k.
    """
    theta = rotation_angle(n_neurons, n_marked)
    k = np.arange(max_iterations + 1)
    chance = np.sin((2 * k + 1) * theta) ** 2
    ax.plot(k, chance, ".-", color=BLUE, lw=1, ms=4)
    ax.axhline(n_marked / 2**n_neurons, color=GREY, ls=":")
    if iterations is not None and iterations <= max_iterations:
        ax.plot(iterations, chance[iterations], "^", color=VERMILLION, ms=11)
    ax.set(xlabel="oracle calls k", ylabel="chance of a marked mask", ylim=(-0.03, 1.05))
    ax.set_title("success (dotted: one random mask)", fontsize=10)
    return ax


def draw_calls(
    ax: Axes,
    calls: Mapping[str, float],
    spread: Mapping[str, float] | None = None,
    *,
    xlabel: str = "calls",
) -> Axes:
    """Draws how many calls each way to search takes, one bar each.

    Args:
        ax: where to draw.
        calls: label -> calls.
        spread: label -> half length of its error bar.
        xlabel: what a call is, and what the error bars are.
    """
    labels, values = list(calls), np.array(list(calls.values()), dtype=np.float64)
    errors = np.array([0.0 if spread is None else spread[label] for label in labels])
    bars = ax.barh(labels, values, xerr=errors if spread else None, capsize=3, edgecolor=BLACK,
                   color=[SERIES[i % 6] for i in range(len(labels))])  # fmt: skip
    for bar, hatch, value in zip(bars, HATCHES * 3, values, strict=False):
        bar.set_hatch(hatch)
        ax.annotate(f" {value:,.1f}", (value, bar.get_y() + 0.08), fontsize=9)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.15 * (values + errors).max())
    ax.set(xlabel=xlabel)
    return ax


def draw_shots(ax: Axes, shots: BoolArray, expected: npt.ArrayLike | None = None) -> Axes:
    """Draws how often each mask was measured, and how often it is expected.

    Args:
        ax: where to draw.
        shots: bool (shots, n), measured masks.
        expected: (2^n,) probabilities.
    """
    size = 2 ** shots.shape[1]
    counts = np.bincount(masks_to_indices(shots), minlength=size)
    ax.bar(np.arange(size), counts, 0.8, color=BLUE, label=f"{len(shots):,} shots")
    if expected is not None:
        ax.plot(np.arange(size), np.asarray(expected) * len(shots), "_", color=VERMILLION, ms=14,
                mew=2, label="expected")  # fmt: skip
    ax.set(xlabel="mask", ylabel="times measured")
    ax.legend(fontsize=8)
    _label_masks(ax, size)
    return ax


def draw_best_so_far(ax: Axes, selections: Mapping[str, Sequence[Selection]]) -> Axes:
    """Draws the best cost after each query: mean over runs, and one standard deviation around.

    Args:
        ax: where to draw.
        selections: label -> runs of one selector; a run that ended keeps its last best cost.
    """
    for i, (label, runs) in enumerate(selections.items()):
        longest = max(len(run.history) for run in runs)
        best = np.array([_best_so_far(run, longest) for run in runs])
        queries, mean, std = np.arange(1, longest + 1), best.mean(axis=0), best.std(axis=0)
        ax.plot(queries, mean, marker=MARKERS[i], markevery=0.12, color=SERIES[i], label=label)
        ax.fill_between(queries, mean - std, mean + std, color=SERIES[i], alpha=0.18, lw=0)
    ax.set(xlabel="cost queries", ylabel="best cost so far")
    ax.legend(fontsize=8)
    return ax


def _best_so_far(selection: Selection, length: int) -> npt.NDArray[np.float64]:
    best = np.minimum.accumulate(selection.history)
    return np.concatenate([best, np.full(length - len(best), best[-1])])


def _fill_steps(ax: Axes, heights: npt.NDArray[np.float64], **style: Any) -> None:
    """One bar a mask, as one shape: hundreds of single bars take long to draw."""
    edges = np.arange(len(heights) + 1) - 0.5
    ax.fill_between(edges, np.append(heights, heights[-1]), step="post", **style)


def _label_masks(ax: Axes, size: int) -> None:
    """Writes each mask as a string where there is room for it."""
    labelled = size <= _FEW_MASKS
    if labelled:
        n = size.bit_length() - 1
        labels = [mask_to_string(mask_from_index(i, n)) for i in range(size)]
        ax.set_xticks(range(size), labels)
    # said both ways, because an explorer uses its axes again
    ax.tick_params(axis="x", labelrotation=90 if labelled else 0, labelsize=8 if labelled else 10)
