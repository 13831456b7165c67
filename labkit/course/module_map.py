"""How labkit's modules meet, read from their source."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import labkit

_NEURAL = ("networks", "scoring", "problems")
_QUANTUM = ("amplification", "ansatz", "circuits", "simulators", "selectors", "angle_training")
#: The two sides of labkit; what is in neither serves both.
WINGS = {"neural": frozenset(_NEURAL), "quantum": frozenset(_QUANTUM)}

#: Old addresses of modules that have moved; they hold nothing of their own.
_MOVED = frozenset({"activations", "exercises", "explorers", "plots"})

Imports = Mapping[str, frozenset[str]]


def wing_of(module: str) -> str:
    """'neural', 'quantum' or, of what serves both, nothing."""
    return next((wing for wing, modules in WINGS.items() if module in modules), "")


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
        if name not in {"__init__", "__main__"} | _MOVED:
            found.setdefault(name, set()).update(_imported(ast.parse(path.read_text("utf-8"))))
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


def _imported(tree: ast.Module) -> Iterator[str]:
    """The first names of what is imported from labkit, but for its types alone."""
    for node in itertools.chain.from_iterable(map(ast.walk, filter(_is_run, tree.body))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("labkit."))


def _is_run(node: ast.stmt) -> bool:
    """False for what only a type checker reads."""
    return not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
