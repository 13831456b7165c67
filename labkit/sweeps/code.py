"""The code of what a sweep runs, as a digest: results of other code are not passed off as new."""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from labkit.sweeps.code_parts import imported_modules, made_of, module_lines, show_made, show_tree

_DIGITS = 12


def code_digest(function: Callable[..., Any]) -> str:
    """A digest of what a function does, as far as the code of its author says it.

    In it are the syntax trees of the function and of the functions and classes of its module that
    it names, directly or through one another, and the values that these read from their module or
    from around them; and the trees of other modules of the same author that are imported there:
    files that are neither Python's nor an installed package. Comments, docstrings and layout are
    not in it, nor is what packages do: their versions stand with each entry.

    Args:
        function: any; without a source, its compiled code stands for the tree.
    """
    parts = sorted(_parts(function))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_DIGITS]


def _parts(function: Callable[..., Any]) -> Iterator[str]:
    """A line for each function, class, value and module that a function depends on."""
    function = inspect.unwrap(function)
    waiting: list[tuple[str, Any]] = [("", function)]
    seen, modules = set[str](), set[str]()
    while waiting:
        name, value = waiting.pop()
        tree = _tree(value)
        yield f"{name} {show_tree(tree) if tree else _compiled(value)}"
        modules |= set(imported_modules(tree, function.__module__)) if tree else set()
        for used, found in _read_values(tree, value, function):
            if used in seen:
                continue
            seen.add(used)
            for one in made_of(found):
                if one.__module__ != function.__module__:
                    modules.add(one.__module__)
                elif one is not function:
                    waiting.append((used if one is found else f"{used} {one.__qualname__}", one))
            if (text := show_made(found)) is not None:
                yield f"{used} = {text}"
    yield from module_lines(modules - {function.__module__})


def _read_values(
    tree: ast.AST | None, value: Any, function: Callable[..., Any]
) -> Iterator[tuple[str, Any]]:
    """What a function or class reads from around it, by name."""
    names = _names(tree, value)
    cells = inspect.getclosurevars(value).nonlocals if inspect.isfunction(value) else {}
    around = getattr(function, "__globals__", {})
    for used in sorted(names):
        if used in cells:
            yield f"{value.__qualname__}.{used}", _unwrap(cells[used])
        elif used in around:
            yield used, _unwrap(around[used])


def _unwrap(value: Any) -> Any:
    return inspect.unwrap(value) if callable(value) else value


def _tree(value: Any) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(value)))
    except (OSError, TypeError, SyntaxError):  # typed where no source is kept
        return None


def _compiled(value: Any) -> str:
    code = getattr(value, "__code__", None)
    return f"{code.co_code!r} {code.co_consts!r} {code.co_names!r}" if code else repr(type(value))


def _names(tree: ast.AST | None, value: Any) -> set[str]:
    """The names that are read."""
    if tree is None:
        return set(getattr(getattr(value, "__code__", None), "co_names", ()))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
