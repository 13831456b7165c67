"""Maps to look things up on: the bit order, and how labkit's modules meet."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

import labkit
from labkit.course.plots.canvas import BLACK, BLUE, GREEN, GREY, VERMILLION
from labkit.masks import check_one_mask, mask_to_index, mask_to_string

#: The two sides of labkit; what is in neither serves both.
WINGS = {
    "neural": frozenset({"networks", "scoring", "problems"}),
    "quantum": frozenset(
        {"amplification", "ansatz", "circuits", "simulators", "selectors", "angle_training"}
    ),
}
_HIDDEN = {"__main__"}
_COLOURS = {"neural": BLUE, "quantum": VERMILLION}
_STYLES = {"neural": "--", "quantum": ":"}

Imports = Mapping[str, frozenset[str]]


def draw_bit_order(ax: Axes, neuron_mask: npt.ArrayLike) -> Axes:
    """Draws one mask as string, neurons, qubits and index; a filled box is a neuron that stays.

    Args:
        ax: where to draw.
        neuron_mask: (n,) bool, 0 and 1, or a mask string.
    """
    n = len(neuron_mask) if isinstance(neuron_mask, str) else np.asarray(neuron_mask).size
    mask = check_one_mask(neuron_mask, n)
    rows = ("character", "neuron", "qubit", "worth in the index")
    for j, kept in enumerate(mask):
        worth = 2 ** (n - 1 - j)
        for row, text in enumerate((str(int(kept)), f"{j}", f"q{j}", f"{worth if kept else 0}")):
            box = {"boxstyle": "circle,pad=0.45", "fc": BLUE if kept else "white", "ec": BLUE}
            ax.text(j, -row, text, ha="center", va="center", family="monospace", fontsize=12,
                    color="white" if kept and not row else BLACK,
                    bbox=box if not row else None)  # fmt: skip
    for row, label in enumerate(rows):
        ax.text(-0.9, -row, label, ha="right", va="center", fontsize=10)
    ax.text(n - 0.4, -3, f"sum: index {mask_to_index(mask)}", va="center", fontsize=11)
    ax.set(xlim=(-3.2, n + 2), ylim=(-3.6, 0.8))
    ax.set_title(f"mask {mask_to_string(mask)}: left to right, neuron 0 first", fontsize=11)
    ax.axis("off")
    return ax


@lru_cache
def module_imports() -> Imports:
    """What each module of labkit imports of labkit when it runs, read from its source.

    Returns:
        module -> modules, both by their first name: 'circuits' for labkit.circuits.grover.
    """
    package = Path(labkit.__file__).parent
    found: dict[str, set[str]] = {}
    for path in package.rglob("*.py"):
        name = path.relative_to(package).with_suffix("").parts[0]
        if name != "__init__" and name not in _HIDDEN:
            tree = _without_types(ast.parse(path.read_text("utf-8")))
            found.setdefault(name, set()).update(_imported(tree))
    return {name: frozenset(used & found.keys() - {name}) for name, used in found.items()}


def module_depths(imports: Imports) -> dict[str, int]:
    """The length of the longest chain of imports beneath each module: 0 where it needs none."""

    @lru_cache
    def depth(name: str) -> int:
        return max((1 + depth(used) for used in imports[name]), default=0)

    return {name: depth(name) for name in imports}


def all_imports(imports: Imports) -> dict[str, frozenset[str]]:
    """What each module needs, directly or through others."""

    @lru_cache
    def reach(name: str) -> frozenset[str]:
        return imports[name].union(*(reach(used) for used in imports[name]))

    return {name: reach(name) for name in imports}


def draw_modules(ax: Axes, imports: Imports) -> Axes:
    """Draws the modules in rows by their depth; a line leads up to what a module needs.

    A line that follows from others is left out. Dashed boxes are the neural side, dotted ones the
    quantum side.

    Args:
        ax: where to draw.
        imports: of `module_imports`.
    """
    depths, reach = module_depths(imports), all_imports(imports)
    places = _places(depths)
    for name, used in imports.items():
        beneath = frozenset[str]().union(*(reach[other] for other in used))
        for other in used - beneath:
            (x0, y0), (x1, y1) = places[name], places[other]
            ax.plot([x0, x1], [y0, y1], color=GREY, lw=0.9, zorder=1)
    for name, (x, y) in places.items():
        wing = _wing(name)
        colour = GREEN if name == "costs" else _COLOURS.get(wing, BLACK)
        box = {"boxstyle": "round,pad=0.35", "fc": "white", "ec": colour, "lw": 1.6}
        box["ls"] = _STYLES.get(wing, "-")
        ax.text(x, y, name, ha="center", va="center", fontsize=9, bbox=box, zorder=2)
    ax.set(xlim=(0, 1), ylim=(-max(depths.values()) - 0.6, 0.6))
    ax.set_title("dashed: networks; dotted: quantum; lines lead up to what is needed", fontsize=10)
    ax.axis("off")
    return ax


def _places(depths: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """Rows by depth; within a row the neural side is left, the quantum side right."""
    sides = {"neural": 0, "": 1, "quantum": 2}
    places = {}
    for depth in {*depths.values()}:
        row = sorted(
            (name for name in depths if depths[name] == depth), key=lambda m: (sides[_wing(m)], m)
        )
        for i, name in enumerate(row):
            places[name] = ((i + 0.5) / len(row), -float(depth))
    return places


def _wing(name: str) -> str:
    return next((wing for wing, modules in WINGS.items() if name in modules), "")


def _imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "labkit":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("labkit."):
            names.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            names |= {a.name.split(".")[1] for a in node.names if a.name.startswith("labkit.")}
    return names


def _without_types(tree: ast.Module) -> ast.Module:
    """The module without what only a type checker reads."""
    body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return ast.Module(body, type_ignores=[])
