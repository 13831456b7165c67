"""Networks: what a subnetwork decides, which neurons are read together, how modules meet."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from labkit.course.module_map import Imports, all_imports, module_depths, wing_of
from labkit.course.plots.canvas import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LIT,
    MARKERS,
    MARKERS_IN_WORDS,
    ORANGE,
    SERIES,
    VERMILLION,
    Style,
    add_legend,
    add_title,
)
from labkit.datasets import Task
from labkit.masks import BoolArray, check_one_mask, mask_to_string
from labkit.networks import NetworkArrays

FloatArray = npt.NDArray[np.float64]

_GRID = 60
_HOLLOW: Style = {"facecolors": "none", "linewidths": 0.6, "alpha": 0.6}
_FILLED: Style = {"edgecolors": "white", "linewidths": 0.4}
_BOX: Style = {"color": "white", "alpha": 0.8, "pad": 1.5}
_MANY = 16  # neurons that bear their number
#: side of labkit -> colour and line of its boxes, and its place in a row from the left
_SIDES = {"neural": (BLUE, "--", 0), "": (BLACK, "-", 1), "quantum": (VERMILLION, ":", 2)}


def draw_decision(
    ax: Axes, network: NetworkArrays, task: Task, neuron_mask: npt.ArrayLike, *, split: str = "test"
) -> Axes:
    """Draws which class a subnetwork gives each point of the plane, and the samples of a split.

    Hollow markers repeat the decision, so that it can be read without its colour.

    Args:
        ax: where to draw.
        network: of two inputs.
        task: of two features.
        neuron_mask: (n_mask_bits,) bool, 0 and 1, or a mask string.
        split: 'train', 'validation' or 'test'.

    Raises:
        ValueError: the network does not have two inputs, or the mask the wrong length.
    """
    if network.n_inputs != 2:
        raise ValueError(f"network has {network.n_inputs} inputs; a plane has 2 (limit: 2)")
    mask = check_one_mask(neuron_mask, network.n_mask_bits)
    x, y = getattr(task, f"x_{split}"), getattr(task, f"y_{split}")
    low, high = x.min(axis=0) - 0.4, x.max(axis=0) + 0.4
    grid = np.stack(np.meshgrid(*np.linspace(low, high, _GRID).T), axis=-1)
    classes = _classes(network.outputs(grid.reshape(-1, 2), mask)).reshape(_GRID, _GRID)
    extent = (low[0], high[0], low[1], high[1])
    style: Style = {"cmap": ListedColormap(SERIES[: task.n_classes]), "vmax": task.n_classes - 1}
    ax.imshow(classes, origin="lower", extent=extent, aspect="auto", alpha=0.25, vmin=0, **style)
    if np.ptp(classes):
        steps = np.arange(classes.min(), classes.max()) + 0.5
        ax.contour(grid[..., 0], grid[..., 1], classes, steps, colors=BLACK, linewidths=0.8)
    lattice, decided = grid[3::9, 3::9], classes[3::9, 3::9]
    for c in range(task.n_classes):
        marker, colour = MARKERS[c], SERIES[c]
        faint, samples = lattice[decided == c], x[y == c]
        ax.scatter(faint[:, 0], faint[:, 1], s=36, marker=marker, edgecolors=colour, **_HOLLOW)
        ax.scatter(samples[:, 0], samples[:, 1], s=16, marker=marker, color=colour, **_FILLED)
        (across, up), label = samples.mean(axis=0), f"{MARKERS_IN_WORDS[c]}: class {c}"
        ax.text(across, up, label, ha="center", fontsize=9, bbox=_BOX)
    ax.set(xlabel="feature 1", ylabel="feature 2", xlim=extent[:2], ylim=extent[2:])
    return add_title(ax, f"decision of subnetwork {mask_to_string(mask)}")


def ring_places(n_neurons: int) -> FloatArray:
    """Where the neurons of a ring are drawn, (n, 2): neuron 0 at the top, then clockwise."""
    angles = np.pi / 2 - 2 * np.pi * np.arange(n_neurons) / n_neurons
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


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
    """Draws neurons on a ring, and a line between any two that one term reads together.

    Args:
        ax: where to draw.
        terms: the neurons of each term.
        n_neurons: n.
        term: neurons of a term to tell apart, as green squares outside the ring.
        cone: neurons of its light cone, as orange dots outside the ring.
        kept: bool (n,), which neurons are filled; None fills all.
        lit: bool (n,), which neurons have a red circle around them; None for none.
        title: of the axes.
        note: below them.
    """
    places = ring_places(n_neurons)
    pairs = sorted({p for s in terms for p in itertools.combinations(sorted(s), 2)})
    if pairs:
        # one line with gaps: hundreds of single lines take long to draw
        line = np.full((len(pairs), 3, 2), np.nan)
        line[:, :2] = places[np.array(pairs)]
        ax.plot(*line.reshape(-1, 2).T, color=GREY, lw=0.8, zorder=1)
    size = min(18, 180 / n_neurons)
    filled = np.ones(n_neurons, bool) if kept is None else kept
    for chosen, colour in ((filled, BLUE), (~filled, "white")):
        ax.plot(*places[chosen].T, "o", mfc=colour, mec=BLUE, ms=size, zorder=2)
    for neurons, marker, colour, out in ((cone, "o", ORANGE, 1.22), (term, "s", GREEN, 1.38)):
        ax.plot(*(out * places[list(neurons)]).T, marker, color=colour, ms=min(7, size / 2 + 1))
    if lit is not None:
        ax.plot(*places[lit].T, ms=size + 6, zorder=3, **{**LIT, "mew": 2.5})
    for j, (x, y) in enumerate(places if n_neurons <= _MANY else ()):
        colour = "white" if filled[j] else BLACK
        ax.text(x, y, str(j), ha="center", va="center", color=colour, fontsize=8, zorder=4)
    ax.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal", xticks=[], yticks=[], xlabel=note)
    ax.spines[:].set_visible(False)
    return add_title(ax, title)


def draw_bound(
    ax: Axes, costs: npt.ArrayLike, own_costs: npt.ArrayLike, chosen: Mapping[str, int]
) -> Axes:
    """Draws the prediction's own cost of each mask over the mean cost of the outputs.

    Args:
        ax: where to draw.
        costs: (masks,) mean cost of the outputs.
        own_costs: (masks,) cost of their mean, at most as large where the cost is convex.
        chosen: label -> index of a mask to tell apart.
    """
    x, y = np.asarray(costs, dtype=np.float64), np.asarray(own_costs, dtype=np.float64)
    ax.plot(x, y, ".", color=GREY, ms=3, alpha=0.4, label="one mask")
    ends = [min(x.min(), y.min()), x.max()]
    ax.plot(ends, ends, "--", color=BLACK, lw=1, label="both costs equal")
    for i, (label, mask) in enumerate(chosen.items(), start=1):
        ax.plot(x[mask], y[mask], MARKERS[i], color=SERIES[i], ms=10, label=label)
    ax.set(xlabel="NK cost: mean over the outputs", ylabel="cost of the prediction")
    return add_legend(ax)


def draw_costs_over_k(
    ax: Axes,
    ks: Sequence[int],
    costs: Mapping[str, Sequence[float]],
    *,
    chosen: int,
    lit: float | None = None,
) -> Axes:
    """Draws costs over K, those of the chosen K larger, and the cost of a lit mask.

    Args:
        ax: where to draw.
        ks: K of each point.
        costs: label -> cost for each K; the label is written at the last point.
        chosen: the K that is told apart.
        lit: the cost of a mask at the chosen K.
    """
    heights = _apart(np.array([*costs.values()]))
    for i, (label, values) in enumerate(costs.items()):
        ax.plot(ks, values, "-", color=SERIES[i], marker=MARKERS[i], ms=5)
        at_chosen = values[list(ks).index(chosen)]
        ax.plot(chosen, at_chosen, MARKERS[i], color=SERIES[i], ms=11, mec=BLACK)
        ax.text(ks[-1] + 0.25, heights[i], label, color=SERIES[i], fontsize=9, va="center")
    if lit is not None:
        ax.plot(chosen, lit, "X", color=VERMILLION, ms=12, mec=BLACK)
    ax.set(xlabel="neurons an output reads, K", ylabel="NK cost", xlim=(0.6, ks[-1] + 1.9))
    ax.set_xticks(list(ks))
    return add_title(ax, "quality" if lit is None else "quality (cross: the lit mask)")


def draw_modules(ax: Axes, imports: Imports) -> Axes:
    """Draws the modules in rows by their depth; a line leads up to what a module needs.

    A line that follows from others is left out. Dashed boxes are the neural side, dotted ones the
    quantum side.

    Args:
        ax: where to draw.
        imports: of `module_map.module_imports`.
    """
    depths, reach = module_depths(imports), all_imports(imports)
    places = _module_places(depths)
    for name, used in imports.items():
        beneath = frozenset[str]().union(*(reach[other] for other in used))
        for other in used - beneath:
            ax.plot(*zip(places[name], places[other], strict=True), color=GREY, lw=0.9, zorder=1)
    for name, place in places.items():
        colour, line, _ = _SIDES[wing_of(name)]
        colour = GREEN if name == "costs" else colour
        box = {"boxstyle": "round,pad=0.35", "fc": "white", "ec": colour, "lw": 1.6, "ls": line}
        ax.text(*place, name, ha="center", va="center", fontsize=9, bbox=box, zorder=2)
    ax.set(xlim=(0, 1), ylim=(-max(depths.values()) - 0.6, 0.6))
    ax.axis("off")
    return add_title(ax, "dashed: networks; dotted: quantum; lines lead up to what is needed")


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


def _apart(costs: FloatArray) -> FloatArray:
    """Heights of labels at the last costs, the higher ones raised until no two overlap."""
    gap, placed = 0.06 * np.ptp(costs), costs[:, -1].astype(np.float64)
    for lower, upper in itertools.pairwise(placed.argsort()):
        placed[upper] = max(placed[upper], placed[lower] + gap)
    return placed


def _classes(outputs: FloatArray) -> npt.NDArray[np.int64]:
    return (outputs[:, 0] > 0).astype(int) if outputs.shape[1] == 1 else outputs.argmax(axis=1)
