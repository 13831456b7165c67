"""A few qubits: the gates that act on them, the amplitudes as dials, and the chances as bars."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection

from labkit.course.plots import canvas
from labkit.course.plots.masks import label_masks
from labkit.course.plots.style import own_style
from labkit.course.wording import say
from labkit.masks import mask_from_index, mask_to_string

#: From one row of dials to the next; a dial is at most 0.96 across.
ROW = 1.3
#: The same where there are eight in a row, and so small that what stands beneath needs more.
_WIDE_ROW = 1.8
#: Inches from dial to dial: nearer to one another, what stands beneath them would meet.
_LEAST_PITCH = 0.3
#: Amplitudes below this are drawn as none: rounding leaves as much.
_NONE = 1e-6


@own_style()
def draw_state_dials(ax: Axes, states: canvas.Series) -> Axes:
    """Draws each amplitude as a dial: the hand's length is its size, its direction its phase.

    One row for each state, label -> complex (2^n,), n at most 3; the masks stand in the order of
    their index. A full hand is an amplitude of size 1. A hand that points up has phase 0: positive;
    one that points down has phase 180 degrees: negative. Beneath stands the amplitude, where there
    is room for it.
    """
    rows = np.array([np.asarray(state, dtype=np.complex128) for state in states.values()])
    columns = rows.shape[1]
    n = columns.bit_length() - 1
    down = ROW if n < 3 else _WIDE_ROW
    at = np.arange(columns) - 1j * down * np.arange(len(rows))[:, None]
    draw_hands(ax, at.ravel(), 0.48j * rows.ravel(), rim=0.48)
    tight = ax.bbox.width / ax.figure.dpi < _LEAST_PITCH * columns
    for place, amplitude in () if tight else zip(at.ravel(), rows.ravel(), strict=True):
        style: canvas.Style = {"ha": "center", "va": "top", "fontsize": 8 if n < 3 else 7}
        words = amplitude_in_words(amplitude)
        if n == 3:  # its parts beneath one another: there is no room for both beside the next
            words = re.sub(r"(?<=\d)([+−])", r"\n\1", words)
        ax.text(place.real, place.imag - 0.5, words, linespacing=1.0, **style)
    names = [f"|{mask_to_string(mask_from_index(i, n))}⟩" for i in range(columns)]
    ax.set_xticks(range(columns), names)
    ax.set_yticks(-down * np.arange(len(rows)), list(states))
    ax.tick_params(axis="x", labelsize=8 if n == 3 else 10, labelrotation=90 if tight else 0)
    ax.set(xlim=(-0.6, columns - 0.4), ylim=(0.5 - down * len(rows), 0.6), aspect="equal")
    return ax


def amplitude_in_words(amplitude: complex) -> str:
    """An amplitude to two digits: '0', '0.71', '−0.71', '0.71i' or '0.50+0.50i'."""
    real, imaginary = (round(float(part), 2) for part in (amplitude.real, amplitude.imag))
    if not real and not imaginary:
        return "0"
    parts = [f"{real:.2f}"] * bool(real)
    parts += [f"{imaginary:+.2f}i" if real else f"{imaginary:.2f}i"] * bool(imaginary)
    return "".join(parts).replace("-", "−")


@own_style()
def draw_chances(ax: Axes, chances: npt.ArrayLike) -> Axes:
    """Draws the probability of each mask (2^n,) in a shot as a bar, on an axis from 0 to 1."""
    heights = np.asarray(chances, dtype=np.float64)
    ax.bar(range(len(heights)), heights, 0.8, color=canvas.BLUE)
    for mask in np.flatnonzero(heights > _NONE):
        style: canvas.Style = {"ha": "center", "va": "bottom", "fontsize": 8}
        style["rotation"] = 90 if len(heights) > 4 else 0  # or they would meet
        ax.text(mask, heights[mask] + 0.01, f"{heights[mask]:.2f}", **style)
    # no word beneath the masks: there is no room for one where they stand upright
    ax.set(ylabel=say("plot.qubits.probability_of_a_mask"), ylim=(0, 1.2), yticks=[0, 0.5, 1])
    ax.set_xlim(-0.7, len(heights) - 0.3)
    label_masks(ax, len(heights))
    return ax


@own_style()
def draw_gates(ax: Axes, gates: Sequence[str], n_neurons: int, *, room: int) -> Axes:
    """Draws a circuit from left to right, neuron 0 at the top, with room for so many gates.

    A gate is its name and its neurons, such as 'H 0'. A box is a gate on one qubit; a dot is what
    decides, a circled plus what is switched (CNOT); two dots are CZ.
    """
    ax.hlines(-np.arange(n_neurons), -0.6, room, color=canvas.GREY, lw=1)
    for place, gate in enumerate(gates):
        name, *neurons = gate.split()
        rows = [-int(neuron) for neuron in neurons]
        if len(rows) == 1:
            box = {"boxstyle": "square,pad=0.25", "fc": canvas.PALE_BLUE, "ec": canvas.BLUE}
            ax.text(place, rows[0], name, ha="center", va="center", fontsize=8, bbox=box)
        else:
            _draw_pair(ax, place, rows, switches=name == "CNOT")
    ax.set(xlim=(-0.7, room), ylim=(0.4 - n_neurons, 0.6), xticks=[])
    ax.set_yticks(-np.arange(n_neurons), [say("plot.qubits.neuron", j=j) for j in range(n_neurons)])
    ax.tick_params(axis="y", length=0)
    return ax


@own_style()
def draw_blocks(ax: Axes, blocks: Sequence[Sequence[int]]) -> Axes:
    """Draws neurons as qubits in a row, with an arc between any two that one block entangles."""
    neurons = [neuron for block in blocks for neuron in block]
    pairs = [(j, k) for block in blocks for j in block for k in block if j < k]
    turn = np.linspace(0, np.pi, 25)
    arcs = [((j + k) / 2 + (k - j) / 2 * np.exp(1j * turn)) for j, k in pairs]
    lines = [np.stack([arc.real, 0.25 + arc.imag], axis=-1) for arc in arcs]
    ax.add_collection(LineCollection(lines, colors=canvas.VERMILLION, linewidths=1))
    for number, block in enumerate(blocks):
        style: canvas.Style = {**canvas.marker_style(number), "ms": 13, "mec": canvas.BLACK}
        ax.plot(block, np.zeros(len(block)), **style)
    half = len(neurons) / 2
    ax.set(xlim=(-0.7, len(neurons) - 0.3), ylim=(-0.5, half + 0.3), yticks=[])
    ax.set_xticks(neurons, list(map(str, neurons)))
    ax.set(xlabel=say("plot.qubits.neuron_qubit_an_arc"))
    return ax


def _draw_pair(ax: Axes, place: int, rows: Sequence[int], *, switches: bool) -> None:
    ax.plot([place, place], rows, color=canvas.BLUE, lw=1.5)
    ax.plot(place, rows[0], "o", color=canvas.BLUE, ms=6)
    other: canvas.Style = {"ms": 11, "mfc": "white"} if switches else {"ms": 6}
    ax.plot(place, rows[1], "o", color=canvas.BLUE, **other)
    if switches:
        ax.plot(place, rows[1], "+", color=canvas.BLUE, ms=11, mew=1.5)


def draw_hands(
    ax: Axes,
    centres: npt.NDArray[np.complex128],
    hands: npt.NDArray[np.complex128],
    *,
    rim: float | None = None,
) -> None:
    """Circles about places of the complex plane, and in each a hand from its centre.

    A circle is as large as its hand is long, or has a radius `rim` if that is given.
    """
    size = 2 * np.abs(hands) if rim is None else np.full(len(hands), 2 * rim)
    style: dict[str, Any] = {"facecolors": canvas.PALEST_BLUE, "edgecolors": canvas.GREY}
    style["offsets"] = np.stack([centres.real, centres.imag], axis=-1)
    style["transOffset"] = ax.transData
    ax.add_collection(EllipseCollection(size, size, np.zeros(len(hands)), units="xy", **style))
    seen = np.abs(hands) > _NONE
    ends = np.stack([centres, centres + hands], axis=-1)[seen]
    lines = np.stack([ends.real, ends.imag], axis=-1)
    ax.add_collection(LineCollection(lines, colors=canvas.VERMILLION, linewidths=2.2))
