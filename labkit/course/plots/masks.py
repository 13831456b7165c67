"""Masks: how they are written, what they cost, and the amplitude and the shots of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.arrays import count_each
from labkit.costs import CostTable
from labkit.course.plots import canvas
from labkit.course.plots.style import own_style
from labkit.course.wording import say
from labkit.masks import (
    BoolArray,
    check_one_mask,
    mask_from_index,
    mask_to_index,
    mask_to_string,
    masks_to_indices,
)

#: Up to this many masks, each is drawn or named by itself.
_FEW_MASKS = 16
_CHOSEN: canvas.Style = {**canvas.LIT, "marker": "s", "ms": 13}


@own_style()
def draw_bit_order(ax: Axes, neuron_mask: npt.ArrayLike) -> Axes:
    """Draws one mask as string, neurons, qubits and index; a filled box is a neuron that stays."""
    n = len(neuron_mask) if isinstance(neuron_mask, str) else np.asarray(neuron_mask).size
    mask = check_one_mask(neuron_mask, n)
    centred: canvas.Style = {"ha": "center", "va": "center", "family": "monospace"}
    for j, kept in enumerate(mask):
        fill, colour = (canvas.BLUE, "white") if kept else ("white", canvas.BLACK)
        box = {"boxstyle": "circle,pad=0.45", "fc": fill, "ec": canvas.BLUE}
        ax.text(j, 0, str(int(kept)), color=colour, bbox=box, fontsize=12, **centred)
        worth = mask_to_index(np.arange(n) == j) if kept else 0
        for row, text in enumerate((f"{j}", f"q{j}", f"{worth}"), start=1):
            ax.text(j, -row, text, color=canvas.BLACK, fontsize=12, **centred)
    for row, label in enumerate(
        ("character", "neuron", "qubit", say("plot.masks.worth_in_the_index"))
    ):
        ax.text(-0.9, -row, label, ha="right", va="center", fontsize=10)
    ax.text(
        n - 0.4,
        -3,
        say("plot.masks.sum_index", mask_to_index=mask_to_index(mask)),
        va="center",
        fontsize=11,
    )
    ax.set(xlim=(-3.2, n + 2), ylim=(-3.6, 0.8))
    ax.set_title(say("plot.masks.mask_left_to_right", mask=mask_to_string(mask)), fontsize=11)
    ax.axis("off")
    return ax


@own_style()
def draw_cost_histogram(
    ax: Axes, table: CostTable, neuron_masks: Mapping[str, npt.ArrayLike] | None = None
) -> Axes:
    """Draws how the costs of all 2^n masks are spread, and where the named masks (n,) stand."""
    counts, edges = bin_costs(table)
    ax.stairs(counts, edges, fill=True, color=canvas.PALE_BLUE, edgecolor=canvas.BLUE)
    for i, (label, mask) in enumerate((neuron_masks or {}).items()):
        cost = float(table.evaluate(mask))
        ax.axvline(cost, color=canvas.SERIES[1 + i % 5], lw=2, ls=canvas.LINES[i % 4])
        height = counts.max() * (0.96 - 0.1 * i)
        ax.plot(cost, height, canvas.MARKERS[i], color=canvas.SERIES[1 + i % 5])
        gap = -8 if cost > edges[[0, -1]].mean() else 8
        canvas.name_point(ax, f"{label}: {cost:.3f}", (cost, height), gap, alpha=0.6, pad=0.5)
    ax.set(xlabel=say("shared.cost_on_the_training"), ylabel=say("shared.masks"))
    return canvas.add_title(ax, say("plot.masks.costs_of_all_masks", n_costs=len(table.costs)))


def bin_costs(table: CostTable) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The bars of the histogram of costs: masks in each (bars,), and edges (bars + 1,)."""
    counts, edges = np.histogram(table.costs, bins=min(40, 4 + len(table.costs) // 4))
    return counts, edges


@own_style()
def draw_agreement(
    ax: Axes,
    costs: npt.ArrayLike,
    other: npt.ArrayLike,
    *,
    best: int | None = None,
    chosen: int | None = None,
    lit: int | None = None,
) -> Axes:
    """Draws every mask by its cost (across) and by another form of it (up); the line is equality.

    Both are (2^n,); the caller names the axes. Told apart by their index are the mask that costs
    least (`best`, a triangle), the one that does by the other form (`chosen`, a square around), and
    the one that is `lit` (a ring).
    """
    across, up = np.asarray(costs, dtype=np.float64), np.asarray(other, dtype=np.float64)
    ends = np.array([min(across.min(), up.min()), max(across.max(), up.max())])
    ax.plot(ends, ends, color=canvas.GREY, lw=1)
    ax.plot(across, up, ".", color=canvas.BLUE, ms=4 if len(across) <= 512 else 2, alpha=0.6)
    best_style = {"marker": "^", "ms": 8, "color": canvas.GREEN, "mec": canvas.BLACK}
    for index, style in ((chosen, _CHOSEN), (best, best_style), (lit, {**canvas.LIT, "ms": 14})):
        if index is not None:
            ax.plot(across[index], up[index], **style)
    ax.set(xlabel=say("shared.cost"), ylabel=say("plot.masks.cost_by_another_form"))
    return ax


@own_style()
def draw_amplitudes(
    ax: Axes,
    state: npt.ArrayLike,
    marked: npt.ArrayLike | None = None,
    *,
    lit: int | None = None,
    title: str = "",
) -> Axes:
    """Draws the real part of each mask's amplitude (2^n,) as a bar, marked masks hatched.

    The dashed line is the mean of all amplitudes, about which the reflection turns them; a ring is
    around the mask of index `lit`.
    """
    amplitudes = np.asarray(state).real.astype(np.float64)
    chosen = np.zeros(len(amplitudes), bool) if marked is None else np.asarray(marked, bool)
    _fill_steps(ax, np.where(chosen, 0, amplitudes), facecolor=canvas.BLUE)
    style: canvas.Style = {"hatch": "///", "lw": 0.5, "fc": canvas.VERMILLION, "ec": canvas.BLACK}
    if 0 < chosen.sum() <= _FEW_MASKS:
        # wide enough to be seen among thousands
        width = max(0.8, len(amplitudes) / 150)
        ax.bar(np.flatnonzero(chosen), amplitudes[chosen], width, **style)
    elif chosen.any():
        _fill_steps(ax, np.where(chosen, amplitudes, 0), **style)
    if lit is not None:
        ax.plot(lit, amplitudes[lit], ms=11, clip_on=False, **canvas.LIT)
    ax.axhline(amplitudes.mean(), color=canvas.BLACK, lw=1, ls="--")
    ax.set(xlabel=say("plot.masks.mask_index_neuron_is"), ylabel=say("plot.masks.amplitude"))
    ax.set_xlim(-0.7, len(amplitudes) - 0.3)
    label_masks(ax, len(amplitudes))
    return canvas.add_title(ax, title)


def amplitude_limits(n_masks: int, n_marked: int) -> tuple[float, float]:
    """Between which amplitudes stay, with some room, however many iterations Grover's search makes.

    Of M marked masks each has sin((2k + 1) theta) / sqrt(M), of N - M others
    cos((2k + 1) theta) / sqrt(N - M).
    """
    counts = [count for count in (n_marked, n_masks - n_marked) if count]
    most = 1.08 / float(np.sqrt(min(counts)))
    return -most, most


@own_style()
def draw_shots(ax: Axes, shots: BoolArray, expected: npt.ArrayLike | None = None) -> Axes:
    """Draws how often each mask was measured, and how often it is expected.

    `shots`: bool (shots, n); `expected`: probabilities (2^n,).
    """
    masks = np.arange(2 ** shots.shape[1])
    counts = count_each(masks_to_indices(shots), at_least=len(masks))
    ax.bar(masks, counts, 0.8, color=canvas.BLUE, label=say("plot.masks.shots", n_shots=len(shots)))
    if expected is not None:
        heights = np.asarray(expected) * len(shots)
        ax.plot(
            masks,
            heights,
            "_",
            color=canvas.VERMILLION,
            ms=14,
            mew=2,
            label=say("plot.masks.expected"),
        )
    ax.set(xlabel=say("plot.masks.mask"), ylabel=say("plot.masks.times_measured"))
    label_masks(ax, len(masks))
    return canvas.add_legend(ax)


def _fill_steps(ax: Axes, heights: npt.NDArray[np.float64], **style: Any) -> None:
    """One bar a mask, as one shape: hundreds of single bars take long to draw."""
    edges = np.arange(len(heights) + 1) - 0.5
    ax.fill_between(edges, np.append(heights, heights[-1]), step="post", **style)


def label_masks(ax: Axes, size: int) -> None:
    """Writes each mask as a string where there is room for it."""
    labelled = size <= _FEW_MASKS
    if labelled:
        n = size.bit_length() - 1
        labels = [mask_to_string(mask_from_index(i, n)) for i in range(size)]
        ax.set_xticks(range(size), labels)
    # said both ways, because an explorer uses its axes again
    ax.tick_params(axis="x", labelrotation=90 if labelled else 0, labelsize=8 if labelled else 10)
