"""What code is made of, in text: syntax trees, values, and modules of the author of a sweep."""

from __future__ import annotations

import ast
import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from labkit.records.values import to_plain

#: Parts of a syntax tree that say where it stands, or how it was written.
_LEFT_OUT = ("ctx", "kind", "type_comment", "lineno", "col_offset", "end_lineno", "end_col_offset")
_INSTALLED = ("site-packages", "dist-packages")
_DEEPEST = 8


def show_tree(node: Any) -> str:
    """A syntax tree in text, the same from every version of Python."""
    if isinstance(node, list):
        return f"[{' '.join(map(show_tree, _without_docstring(node)))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, part) for name, part in ast.iter_fields(node) if name not in _LEFT_OUT)
    told = (f"{name}={show_tree(part)}" for name, part in fields if part not in (None, []))
    return f"{type(node).__name__}({' '.join(told)})"


def _without_docstring(nodes: list[Any]) -> list[Any]:
    match nodes:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
    return nodes


def made_of(value: Any, depth: int = 0) -> Iterator[Any]:
    """The functions, classes and modules that a value is, or holds."""
    if isinstance(value, FunctionType | type):
        yield value
    elif isinstance(value, ModuleType):
        yield _Module(value.__name__)
    elif depth < _DEEPEST:
        for part in _parts_of(value):
            yield from made_of(part, depth + 1)


class _Module:
    """A module that is read as a whole."""

    def __init__(self, name: str) -> None:
        self.__module__ = name


def _parts_of(value: Any) -> Iterable[Any]:
    if isinstance(value, partial):
        return (value.func, *value.args, *value.keywords.values())
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, list | tuple | set | frozenset):
        return value
    return (type(value), *vars(value).values()) if _is_own_object(value) else ()


def show_made(value: Any, depth: int = 0) -> str | None:
    """A value in text, the same in every process; None for what has none, such as a module."""
    try:
        return repr(to_plain("value", value, limited=False))
    except (TypeError, RecursionError):
        pass
    if isinstance(value, FunctionType | type | ModuleType) or depth == _DEEPEST:
        return None
    if isinstance(value, partial):
        return _show_parts(depth, value.func, *value.args, *value.keywords.items())
    if isinstance(value, Mapping):
        return _show_parts(depth, *value.items())
    if isinstance(value, list | tuple):
        return _show_parts(depth, *value)
    if isinstance(value, set | frozenset):
        return str(sorted(map(repr, value)))
    if _is_own_object(value):
        return _show_parts(depth, vars(value))
    return _show_array(value) if hasattr(value, "__array__") else None


def _show_array(value: Any) -> str | None:
    """A table or tensor in text; None where it is none, as types that stand for one."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        return None
    return repr([str(array.dtype), array.tolist()])


def _show_parts(depth: int, *parts: Any) -> str:
    return str([show_made(part, depth + 1) for part in parts])


def _is_own_object(value: Any) -> bool:
    """Whether an object's class was written by the author of the sweep."""
    return hasattr(value, "__dict__") and find_own_file(type(value).__module__) is not None


def module_lines(names: Iterable[str]) -> Iterator[str]:
    """A line with the tree of each own module among these, and of those that they import."""
    waiting, seen = sorted(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or (file := find_own_file(name)) is None:
            continue
        seen.add(name)
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue
        yield f"module {name} {show_tree(tree)}"
        waiting += imported_modules(tree, name)


def imported_modules(tree: ast.AST, module: str) -> Iterator[str]:
    """The modules that are imported anywhere in the tree of a part of `module`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module.rpartition(".")[0].split(".")
            parts = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*filter(None, parts), *([node.module] if node.module else [])])
            yield from (base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names))


def _find_file(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    return Path(spec.origin) if spec and spec.origin and spec.has_location else None


def _is_own_package(top: str) -> bool:
    """Whether a package is the author's; to look for a module in one that is not would load it."""
    return find_own_file(top) is not None


def find_own_file(module: str) -> Path | None:
    """The file of a module that is neither Python's nor of an installed package, nor labkit's."""
    top, _, rest = module.partition(".")
    if top in ("", "labkit", "__main__") or (rest and not _is_own_package(top)):
        return None
    file = _find_file(module)
    if file is None:
        return None
    # the standard library may be a zip file, which `sysconfig` knows nothing of
    is_python = top in sys.stdlib_module_names or file.is_relative_to(sysconfig.get_path("stdlib"))
    is_installed = is_python or any(part in _INSTALLED for part in file.parts)
    return None if is_installed or file.suffix != ".py" else file
