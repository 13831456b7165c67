"""Figures of a circuit before a classifier: its gates, its rivals, and its couplings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.arrays import FloatArray
from labkit.course.plots import canvas
from labkit.course.plots.style import own_style
from labkit.course.wording import say
from labkit.neighbours.rotations import Gate

_NAMES = {"zz": "coupling", "z": "field", "x": "mixer"}
_MARKERS = {"zz": "o", "z": "s", "x": "D"}


def gate_places(gates: Sequence[Gate]) -> FloatArray:
    """Where the gates of a layer are drawn, (gates, 2): each coupling in a column of its own."""
    n_couplings = sum(name == "zz" for name, _ in gates)
    columns, couplings = {"z": n_couplings + 0.2, "x": n_couplings + 2.0}, iter(range(n_couplings))
    places = [
        (columns.get(name) or next(couplings), -float(np.mean(qubits))) for name, qubits in gates
    ]
    return np.array(places, dtype=np.float64)


@own_style()
def draw_gate_mask(
    ax: Axes, gates: Sequence[Gate], kept: npt.ArrayLike, n_qubits: int, *, title: str
) -> Axes:
    """Draws a layer on its wires: a gate that stays is filled, one that goes is hollow.

    Circles joined by a line are couplings, squares fields, diamonds mixers.
    """
    places = gate_places(gates)
    last = places[:, 0].max()
    for j in range(n_qubits):
        canvas.add_line(ax, [-0.6, last + 0.6], [-j, -j], color=canvas.GREY, lw=1)
    for (name, qubits), (across, _), stays in zip(gates, places, np.asarray(kept), strict=True):
        colour = canvas.SERIES[[*_NAMES].index(name)]
        rows = [-float(q) for q in qubits]
        fill = colour if stays else "white"
        line = "-" if stays else ":"
        ax.plot([across] * len(rows), rows, ls=line, lw=2, color=colour, ms=10,
                marker=_MARKERS[name], mfc=fill, mec=colour)  # fmt: skip
    canvas.set_named_ticks(ax.yaxis, -np.arange(n_qubits), [f"q{j}" for j in range(n_qubits)])
    canvas.set_named_ticks(ax.xaxis, [last - 1.8, last], ["fields", "mixers"])
    ax.set(xlim=(-0.7, last + 0.7), ylim=(-n_qubits + 0.5, 0.5), ylabel=say("shared.qubits"))
    ax.set(xlabel=say("plot.gates.circles_couplings"))
    return canvas.add_title(ax, title)


@own_style()
def draw_rivals(ax: Axes, accuracies: Mapping[str, canvas.Series]) -> Axes:
    """Draws model -> task -> accuracies (seeds,): mean and standard deviation, tasks side by side.

    Each model is one row.
    """
    models = [*accuracies]
    for i, task in enumerate(accuracies[models[0]]):
        values = [np.asarray(accuracies[model][task], dtype=np.float64) for model in models]
        rows = np.arange(len(models)) + 0.16 * (i - 1.5)
        mean, std = ([f(v) for v in values] for f in (np.mean, np.std))
        ax.errorbar(mean, rows, xerr=std, capsize=2, ms=6, label=task, **canvas.marker_style(i))
    for row in range(len(models) - 1):
        ax.axhline(row + 0.5, color=canvas.GREY, lw=0.5)
    ax.set_yticks(range(len(models)), models)
    ax.set(ylim=(len(models) - 0.5, -0.5), xlabel=say("plot.gates.test_accuracy_bars_standard"))
    beside: canvas.Style = {"loc": "upper left", "bbox_to_anchor": (1.01, 1)}
    return canvas.add_legend(ax, grid=True, **beside)


@own_style()
def draw_over_bits(
    ax: Axes, points: Mapping[str, tuple[FloatArray, FloatArray]], names: Sequence[str]
) -> Axes:
    """Draws accuracy over bits across a cut, task -> (sizes, seeds) of each; `names` of the sizes.

    Means, and their standard deviations both ways; the points of the first task bear their names.
    """
    for i, (task, (bits, accuracies)) in enumerate(points.items()):
        x, y = bits.mean(axis=1), accuracies.mean(axis=1)
        ax.errorbar(x, y, accuracies.std(axis=1), bits.std(axis=1), capsize=2, label=task,
                    **canvas.series_style(i))  # fmt: skip
        if i == 0:
            for name, across, up in zip(names, x, y, strict=True):
                ax.annotate(name, (across, up), (4, -14), textcoords="offset points", fontsize=8)
    ax.set(xlabel=say("plot.gates.bits_across_a_cut"), ylabel=say("shared.test_accuracy"))
    return canvas.add_legend(ax, grid=True)


@own_style()
def draw_ways(
    ax: Axes, values: Mapping[str, canvas.Series], *, ylabel: str, is_log: bool = False
) -> Axes:
    """Draws way -> task -> (circuits,): each circuit as a point, the median as a bar."""
    tasks = [*next(iter(values.values()))]
    for i, (way, by_task) in enumerate(values.items()):
        for g, task in enumerate(tasks):
            of = np.asarray(by_task[task], dtype=np.float64)
            x = g + 0.27 * (i - (len(values) - 1) / 2) + np.linspace(-0.08, 0.08, len(of))
            name = way if g == 0 else "_"
            ax.plot(x, np.sort(of), ms=4, alpha=0.6, label=name, **canvas.marker_style(i))
            ax.hlines(np.median(of), x[0] - 0.03, x[-1] + 0.03, color=canvas.BLACK, lw=2)
    ax.set_xticks(range(len(tasks)), tasks)
    ax.set(ylabel=say("shared.line_median", ylabel=ylabel), yscale="log" if is_log else "linear")
    return canvas.add_legend(ax, grid=True)
