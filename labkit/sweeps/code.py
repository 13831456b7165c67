"""The code of what a sweep runs, as a digest: results of other code are not passed off as new."""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from labkit.records.values import to_plain

_DIGITS = 12
#: Parts of a syntax tree that say where it stands, or how it was written.
_LEFT_OUT = ("ctx", "kind", "type_comment", "lineno", "col_offset", "end_lineno", "end_col_offset")


def code_digest(function: Callable[..., Any]) -> str:
    """A digest of what a function does, as far as its own module says it.

    In it are the syntax trees of the function and of the functions and classes of its module that
    it names, directly or through one another, and the plain values that these read from their
    module. Comments, docstrings and layout are not in it, nor is what other modules do: their
    versions stand with each entry.

    Args:
        function: any; without a source, its compiled code stands for the tree.
    """
    parts = sorted(_parts(function))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_DIGITS]


def _parts(function: Callable[..., Any]) -> Iterator[str]:
    """A line for each function, class and value that a function depends on, itself first."""
    function = inspect.unwrap(function)
    around = getattr(function, "__globals__", {})
    waiting: list[tuple[str, Any]] = [("", function)]
    seen: set[str] = set()
    while waiting:
        name, value = waiting.pop()
        tree = _tree(value)
        yield f"{name} {_shown(tree) if tree else _compiled(value)}"
        for used in sorted(_names(tree, value) - seen):
            seen.add(used)
            found = inspect.unwrap(around[used]) if callable(around.get(used)) else around.get(used)
            if isinstance(found, FunctionType | type):
                if found.__module__ == function.__module__ and found is not function:
                    waiting.append((used, found))
            elif used in around and (text := _plain_text(found)) is not None:
                yield f"{used} = {text}"


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


def _shown(node: Any) -> str:
    """A syntax tree in text, the same from every version of Python."""
    if isinstance(node, list):
        return f"[{' '.join(map(_shown, _without_docstring(node)))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, part) for name, part in ast.iter_fields(node) if name not in _LEFT_OUT)
    told = (f"{name}={_shown(part)}" for name, part in fields if part not in (None, []))
    return f"{type(node).__name__}({' '.join(told)})"


def _without_docstring(nodes: list[Any]) -> list[Any]:
    match nodes:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
    return nodes


def _plain_text(value: Any) -> str | None:
    """A plain value in text; None for anything else, such as a module."""
    try:
        return repr(to_plain("value", value, limited=False))
    except TypeError:
        return None
