"""Networks: what a subnetwork decides, which neurons are read together and what that asks for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from labkit.arrays import FloatArray, IntArray
from labkit.course.module_map import Imports, all_imports, module_depths, wing_of
from labkit.course.plots import canvas
from labkit.course.plots.series import draw_lines
from labkit.course.plots.style import own_style
from labkit.course.wording import say
from labkit.datasets import Task
from labkit.masks import BoolArray, check_one_mask, mask_to_string
from labkit.networks import NetworkArrays

_GRID = 60
_HOLLOW: canvas.Style = {"facecolors": "none", "linewidths": 0.6, "alpha": 0.6}
_FILLED: canvas.Style = {"edgecolors": "white", "linewidths": 0.4}
_BOX: canvas.Style = {"color": "white", "alpha": 0.8, "pad": 1.5}
_APART = (0.5, 0.08)  # of the plane: names of classes that are nearer would overlap
_MANY = 16  # neurons that bear their number
#: side of labkit -> colour and line of its boxes, and its place in a row from the left
_SIDES = {
    "neural": (canvas.BLUE, "--", 0),
    "": (canvas.BLACK, "-", 1),
    "quantum": (canvas.VERMILLION, ":", 2),
}


@own_style()
def draw_decision(
    ax: Axes, network: NetworkArrays, task: Task, neuron_mask: npt.ArrayLike, *, split: str = "test"
) -> Axes:
    """Draws which class a subnetwork gives each point of the plane, and the samples of a split.

    Hollow markers repeat the decision, so that it can be read without its colour. The split is
    'train', 'validation' or 'test'.

    Raises:
        ValueError: the network does not have two inputs.
    """
    if network.n_inputs != 2:
        raise ValueError(f"network has {network.n_inputs} inputs; a plane has 2 (limit: 2)")
    mask = check_one_mask(neuron_mask, network.n_mask_bits)
    title = say("plot.networks.decision_of_subnetwork", mask=mask_to_string(mask))
    return draw_plane(ax, lambda x: network.outputs(x, mask), task, title=title, split=split)


@own_style()
def draw_plane(
    ax: Axes,
    outputs: Callable[[FloatArray], FloatArray],
    task: Task,
    *,
    title: str,
    split: str = "test",
) -> Axes:
    """Draws which class outputs (samples, outputs) give each point (samples, 2) of the plane.

    Markers and the samples of a split as in `draw_decision`.
    """
    x, y = getattr(task, f"x_{split}"), getattr(task, f"y_{split}")
    low, high = x.min(axis=0) - 0.4, x.max(axis=0) + 0.4
    grid = np.stack(np.meshgrid(*np.linspace(low, high, _GRID).T), axis=-1)
    classes = _classes(outputs(grid.reshape(-1, 2))).reshape(_GRID, _GRID)
    extent = (low[0], high[0], low[1], high[1])
    colours = ListedColormap([canvas.SERIES[c % 6] for c in range(task.n_classes)])
    style: canvas.Style = {"cmap": colours, "vmin": 0, "vmax": task.n_classes - 1, "alpha": 0.25}
    ax.imshow(classes, origin="lower", extent=extent, aspect="auto", **style)
    if np.ptp(classes):
        steps = np.arange(classes.min(), classes.max()) + 0.5
        ax.contour(grid[..., 0], grid[..., 1], classes, steps, colors=canvas.BLACK, linewidths=0.8)
    places = _name_places([x[y == c] for c in range(task.n_classes)], high - low)
    lattice, decided = grid[3::9, 3::9], classes[3::9, 3::9]
    for c in range(task.n_classes):
        marker, colour = canvas.MARKERS[c % 6], canvas.SERIES[c % 6]
        faint, samples = lattice[decided == c], x[y == c]
        ax.scatter(faint[:, 0], faint[:, 1], s=36, marker=marker, edgecolors=colour, **_HOLLOW)
        ax.scatter(samples[:, 0], samples[:, 1], s=16, marker=marker, color=colour, **_FILLED)
        (across, up), label = (
            places[c],
            say("plot.networks.class", markers_in_words=canvas.MARKERS_IN_WORDS[c % 6], c=c),
        )
        ax.text(across, up, label, ha="center", fontsize=9, bbox=_BOX)
    ax.set(
        xlabel=say("plot.networks.feature"),
        ylabel=say("plot.networks.feature_2"),
        xlim=extent[:2],
        ylim=extent[2:],
    )
    return canvas.add_title(ax, title)


def _name_places(classes: Sequence[FloatArray], size: FloatArray) -> list[FloatArray]:
    """Where the names of classes of samples (samples, 2) stand: at their means.

    Where two of these are so near that names would overlap, as in rings, each stands at the lowest
    of its samples. `size` is that of the plane.
    """
    means = [samples.mean(axis=0) for samples in classes]
    pairs = itertools.combinations(means, 2)
    if any((np.abs(one - other) < np.array(_APART) * size).all() for one, other in pairs):
        return [
            np.array([mean[0], each[:, 1].min(initial=np.inf)])
            for mean, each in zip(means, classes, strict=True)
        ]
    return means


def ring_places(n_neurons: int) -> FloatArray:
    """Where the neurons of a ring are drawn, (n, 2): neuron 0 at the top, then clockwise."""
    angles = np.pi / 2 - 2 * np.pi * np.arange(n_neurons) / n_neurons
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


@own_style()
def draw_ring(
    ax: Axes,
    terms: Iterable[Sequence[int]],
    n_neurons: int,
    *,
    term: Sequence[int] = (),
    cone: Sequence[int] = (),
    kept: BoolArray | None = None,
    lit: BoolArray | None = None,
    title: str = "",
    note: str = "",
) -> Axes:
    """Draws neurons on a ring, and a line between any two that one of the terms reads together.

    Outside the ring, the neurons of one term are squares, those of its light cone dots. Neurons
    `kept` (bool, (n,)) are filled, or all; around those `lit` is a circle. The note stands beneath.
    """
    places = ring_places(n_neurons)
    pairs = sorted({p for s in terms for p in itertools.combinations(sorted(s), 2)})
    if pairs:
        # one line with gaps: hundreds of single lines take long to draw
        line = np.full((len(pairs), 3, 2), np.nan)
        line[:, :2] = places[np.array(pairs)]
        canvas.add_line(ax, *line.reshape(-1, 2).T, color=canvas.GREY, lw=0.8, zorder=1)
    size = min(18, 180 / n_neurons)
    filled = np.ones(n_neurons, bool) if kept is None else kept
    for chosen, colour in ((filled, canvas.BLUE), (~filled, "white")):
        style: canvas.Style = {"mfc": colour, "mec": canvas.BLUE, "ms": size, "zorder": 2}
        canvas.add_line(ax, *places[chosen].T, marker="o", ls="", **style)
    style = {"ms": min(7, size / 2 + 1), "ls": ""}
    around, outside = 1.22 * places[list(cone)], 1.38 * places[list(term)]
    canvas.add_line(ax, *around.T, marker="o", color=canvas.ORANGE, **style)
    canvas.add_line(ax, *outside.T, marker="s", color=canvas.GREEN, **style)
    if lit is not None:
        ax.plot(*places[lit].T, ms=size + 6, zorder=3, **{**canvas.LIT, "mew": 2.5})
    for j, (x, y) in enumerate(places if n_neurons <= _MANY else ()):
        colour = "white" if filled[j] else canvas.BLACK
        ax.text(x, y, str(j), ha="center", va="center", color=colour, fontsize=8, zorder=4)
    ax.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal", xticks=[], yticks=[], xlabel=note)
    ax.spines[:].set_visible(False)
    return canvas.add_title(ax, title)


@own_style()
def draw_bound(
    ax: Axes, costs: npt.ArrayLike, own_costs: npt.ArrayLike, chosen: Mapping[str, int]
) -> Axes:
    """Draws the prediction's own cost of each mask over the mean cost of the outputs: (masks,).

    The former is at most as large where the cost is convex. `chosen`: label -> index of a mask.
    """
    x, y = np.asarray(costs, dtype=np.float64), np.asarray(own_costs, dtype=np.float64)
    ax.plot(x, y, ".", color=canvas.GREY, ms=3, alpha=0.4, label=say("plot.networks.one_mask"))
    ends = [min(x.min(), y.min()), x.max()]
    ax.plot(ends, ends, "--", color=canvas.BLACK, lw=1, label=say("plot.networks.both_costs_equal"))
    for i, (label, mask) in enumerate(chosen.items(), start=1):
        ax.plot(x[mask], y[mask], ms=10, label=label, **canvas.marker_style(i))
    ax.set(
        xlabel=say("plot.networks.nk_cost_mean_over"),
        ylabel=say("plot.networks.cost_of_the_prediction"),
    )
    return canvas.add_legend(ax)


@own_style()
def draw_costs_over_k(
    ax: Axes,
    ks: Sequence[int],
    costs: Mapping[str, Sequence[float]],
    *,
    chosen: int,
    lit: float | None = None,
) -> Axes:
    """Draws costs over K, those of the chosen K larger, and there the cost of a lit mask.

    `costs`: label -> cost for each K; the label is written at the last point.
    """
    heights = _apart(np.array([*costs.values()]))
    for i, (label, values) in enumerate(costs.items()):
        _draw_over_k(ax, ks, values, chosen, **{**canvas.series_style(i), "ls": "-"})
        ax.update_datalim([(ks[0], min(values)), (ks[-1], max(values))])
        ax.text(ks[-1] + 0.25, heights[i], label, color=canvas.SERIES[i], fontsize=9, va="center")
    if lit is not None:
        ax.plot(chosen, lit, "X", color=canvas.VERMILLION, ms=12, mec=canvas.BLACK)
    ax.autoscale(axis="y")
    ax.set(
        xlabel=say("plot.networks.neurons_an_output_reads"),
        ylabel=say("plot.networks.nk_cost"),
        xlim=(0.6, ks[-1] + 2.3),
    )
    ax.set_xticks(list(ks))
    return canvas.add_title(
        ax,
        say("plot.networks.quality") if lit is None else say("plot.networks.quality_cross_the_lit"),
    )


@own_style()
def draw_circuit_size(
    ax: Axes,
    ks: Sequence[int],
    gates: Sequence[int],
    depths: Sequence[int],
    *,
    chosen: int | None = None,
    title: str = "circuit",
) -> Axes:
    """Draws two-qubit gates and depth, in layers of gates, over K; those of a chosen K are larger.

    The vertical axis is logarithmic: where there are no gates, there is no point.
    """
    counts, layers = ([value or np.nan for value in values] for values in (gates, depths))
    first: canvas.Style = {
        "color": canvas.BLUE,
        "marker": "o",
        "label": say("plot.networks.two_qubit_gates"),
    }
    _draw_over_k(ax, ks, counts, chosen, **first)
    second: canvas.Style = {"color": canvas.ORANGE, "marker": "D", "label": "depth", "ls": "--"}
    _draw_over_k(ax, ks, layers, chosen, **second)
    ax.set_yscale("log")
    ax.minorticks_off()  # they take longer to draw than all else
    ax.set(
        xlabel=say("plot.networks.neurons_an_output_reads"),
        ylabel=say("shared.gates_layers"),
        ylim=(2, 3e4),
    )
    ax.set(xlim=(0.6, ks[-1] + 0.4), xticks=list(ks), yticks=[10, 100, 1000, 10_000])
    return canvas.add_title(ax, title)


@own_style()
def draw_cone_widths(
    ax: Axes, layers: Sequence[int], widths: Mapping[str, Sequence[int]], limit: int
) -> Axes:
    """Draws how many qubits a light cone has after p layers, and how many a machine can hold.

    `widths`: label -> qubits for each p; `limit`: qubits whose state fits in memory.
    """
    draw_lines(ax, layers, widths)
    top = 2 * max(map(max, widths.values()))
    ax.axhspan(limit, top, color=canvas.GREY, alpha=0.25)
    ax.text(layers[0], top / 2, say("plot.networks.no_memory_for_the"), fontsize=9, va="center")
    ax.set(
        xlabel=say("shared.qaoa_layers_p"),
        ylabel=say("plot.networks.qubits_in_the_light"),
        yscale="log",
        ylim=(1, top),
    )
    canvas.count_whole(ax.xaxis)
    return canvas.add_legend(ax, ncols=2)


@own_style()
def draw_modules(ax: Axes, imports: Imports) -> Axes:
    """Draws the modules in rows by their depth; a line leads up to what a module needs.

    A line that follows from others is left out. Dashed boxes are the neural side, dotted ones the
    quantum side. The imports are those of `module_map.module_imports`.
    """
    depths, reach = module_depths(imports), all_imports(imports)
    places = _module_places(depths)
    for name, used in imports.items():
        beneath = frozenset[str]().union(*(reach[other] for other in used))
        for other in used - beneath:
            ends = zip(places[name], places[other], strict=True)
            ax.plot(*ends, color=canvas.GREY, lw=0.9, zorder=1)
    for name, place in places.items():
        colour, line, _ = _SIDES[wing_of(name)]
        colour = canvas.GREEN if name == "costs" else colour
        box = {"boxstyle": "round,pad=0.35", "fc": "white", "ec": colour, "lw": 1.6, "ls": line}
        ax.text(*place, name, ha="center", va="center", fontsize=9, bbox=box, zorder=2)
    ax.set(xlim=(0, 1), ylim=(-max(depths.values()) - 0.6, 0.6))
    ax.axis("off")
    title = say("plot.networks.dashed_networks_dotted_quantum")
    return canvas.add_title(ax, title)


def _module_places(depths: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """Rows by depth; within a row the neural side is left, the quantum side right."""
    rows: dict[int, list[str]] = {}
    for name in sorted(depths, key=lambda module: (_SIDES[wing_of(module)][2], module)):
        rows.setdefault(depths[name], []).append(name)
    return {
        name: ((i + 0.5) / len(row), -float(depth))
        for depth, row in rows.items()
        for i, name in enumerate(row)
    }


def _draw_over_k(
    ax: Axes, ks: Sequence[int], values: Sequence[float], chosen: int | None, **style: Any
) -> None:
    """Draws a value for each K, that of the chosen K larger."""
    canvas.add_line(ax, ks, values, ms=5, **style)
    if chosen is not None:
        marked = {**style, "ls": "", "label": None, "ms": 11, "mec": canvas.BLACK}
        canvas.add_line(ax, chosen, values[list(ks).index(chosen)], **marked)


def _apart(costs: FloatArray) -> FloatArray:
    """Heights of labels at the last costs, the higher ones raised until no two overlap."""
    gap, placed = 0.06 * np.ptp(costs), costs[:, -1].astype(np.float64)
    for lower, upper in itertools.pairwise(placed.argsort()):
        placed[upper] = max(placed[upper], placed[lower] + gap)
    return placed


def _classes(outputs: FloatArray) -> IntArray:
    return (outputs[:, 0] > 0).astype(int) if outputs.shape[1] == 1 else outputs.argmax(axis=1)
