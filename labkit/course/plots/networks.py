"""What a subnetwork decides, and where its cost stands among all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from labkit.costs import CostTable
from labkit.course.plots.canvas import (
    BLACK,
    BLUE,
    GREEN,
    MARKERS,
    MARKERS_IN_WORDS,
    SERIES,
    VERMILLION,
)
from labkit.datasets import Task
from labkit.masks import check_one_mask, mask_to_string
from labkit.networks import NetworkArrays

_CLASS_COLOURS = (BLUE, VERMILLION, GREEN)
_GRID = 60


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
    colours = ListedColormap(list(_CLASS_COLOURS[: task.n_classes]))
    extent = (low[0], high[0], low[1], high[1])
    ax.imshow(classes, origin="lower", extent=extent, aspect="auto", cmap=colours, alpha=0.25,
              vmin=0, vmax=task.n_classes - 1)  # fmt: skip
    if np.ptp(classes):
        steps = np.arange(classes.min(), classes.max()) + 0.5
        ax.contour(grid[..., 0], grid[..., 1], classes, steps, colors=BLACK, linewidths=0.8)
    lattice, decided = grid[3::9, 3::9], classes[3::9, 3::9]
    for c in range(task.n_classes):
        faint = lattice[decided == c]
        ax.scatter(faint[:, 0], faint[:, 1], s=36, marker=MARKERS[c], facecolors="none",
                   edgecolors=_CLASS_COLOURS[c], linewidths=0.6, alpha=0.6)  # fmt: skip
        ax.scatter(x[y == c, 0], x[y == c, 1], s=16, marker=MARKERS[c], color=_CLASS_COLOURS[c],
                   edgecolors="white", linewidths=0.4)  # fmt: skip
        centre = x[y == c].mean(axis=0)
        ax.text(centre[0], centre[1], f"{MARKERS_IN_WORDS[c]}: class {c}", ha="center",
                bbox={"color": "white", "alpha": 0.8, "pad": 1.5}, fontsize=9)  # fmt: skip
    ax.set(xlabel="feature 1", ylabel="feature 2", xlim=extent[:2], ylim=extent[2:])
    ax.set_title(f"decision of subnetwork {mask_to_string(mask)}", fontsize=10)
    return ax


def draw_cost_histogram(
    ax: Axes, table: CostTable, neuron_masks: Mapping[str, npt.ArrayLike] | None = None
) -> Axes:
    """Draws how the costs of all 2^n masks are spread, and where the named masks stand.

    Args:
        ax: where to draw.
        table: costs of all masks.
        neuron_masks: label -> mask (n,), each drawn as a line.

    Raises:
        ValueError: a mask has the wrong length.
    """
    counts, edges = bin_costs(table)
    ax.stairs(counts, edges, fill=True, color="#bbd7ea", edgecolor=BLUE)
    for i, (label, mask) in enumerate((neuron_masks or {}).items()):
        cost = float(table.evaluate(mask))
        ax.axvline(cost, color=SERIES[1 + i % 5], lw=2, ls=("-", "--", ":")[i % 3])
        height = counts.max() * (0.96 - 0.1 * i)
        ax.plot(cost, height, MARKERS[i], color=SERIES[1 + i % 5])
        right = cost > (edges[0] + edges[-1]) / 2
        ax.annotate(f"{label}: {cost:.3f}", (cost, height), (-8 if right else 8, 0),
                    textcoords="offset points", ha="right" if right else "left", va="center",
                    fontsize=9, bbox={"color": "white", "alpha": 0.6, "pad": 0.5})  # fmt: skip
    ax.set(xlabel="cost on the training samples", ylabel="masks")
    ax.set_title(f"costs of all {len(table.costs):,} masks", fontsize=10)
    return ax


def bin_costs(table: CostTable) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The bars of the histogram of costs: masks in each (bars,), and edges (bars + 1,)."""
    counts, edges = np.histogram(table.costs, bins=min(40, 4 + len(table.costs) // 4))
    return counts, edges


def draw_quality(
    ax: Axes, positions: Sequence[float], samples: Mapping[str, npt.ArrayLike]
) -> Axes:
    """Draws one line per series: its mean over seeds, and its standard deviation as a bar.

    Args:
        ax: where to draw; the caller names its axes.
        positions: (points,) along the horizontal axis.
        samples: label -> (points, seeds).
    """
    for i, (label, values) in enumerate(samples.items()):
        array = np.asarray(values, dtype=np.float64)
        shifted = np.asarray(positions, dtype=np.float64) * (1 + 0.012 * i)
        ax.errorbar(shifted, array.mean(axis=1), array.std(axis=1), marker=MARKERS[i],
                    color=SERIES[i], ls=("-", "--", ":", "-.")[i % 4], capsize=3,
                    label=label)  # fmt: skip
    ax.legend(fontsize=8)
    ax.grid(alpha=0.3)
    return ax


def draw_spread(
    ax: Axes, samples: Mapping[str, Mapping[str, npt.ArrayLike]], *, ylabel: str
) -> Axes:
    """Draws every value as a point and each group's median as a bar, series side by side.

    Args:
        ax: where to draw.
        samples: series -> group -> values (seeds,); every series has the same groups.
        ylabel: what the values are.
    """
    groups = list(next(iter(samples.values())))
    for i, (label, by_group) in enumerate(samples.items()):
        for g, group in enumerate(groups):
            values = np.asarray(by_group[group], dtype=np.float64)
            x = g + 0.3 * (i - (len(samples) - 1) / 2) + np.linspace(-0.08, 0.08, len(values))
            ax.plot(x, values, MARKERS[i], color=SERIES[i], ms=4, alpha=0.6,
                    label=label if g == 0 else None)  # fmt: skip
            ax.hlines(np.median(values), x[0] - 0.03, x[-1] + 0.03, color=BLACK, lw=2)
    ax.set_xticks(range(len(groups)), groups)
    ax.set(ylabel=f"{ylabel} (line: median)")
    ax.legend(fontsize=8)
    return ax


def _classes(outputs: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return (outputs[:, 0] > 0).astype(int) if outputs.shape[1] == 1 else outputs.argmax(axis=1)
