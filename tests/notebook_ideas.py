"""How many lines of a notebook's code hold its idea, and how many are plumbing.

Plumbing is what draws, prints, words or asserts, and what sorts pandas' tables for it:

- a statement that calls a name of `_PLUMBING`, or one that begins as `_DRAWS` do, or that names
  `ax` or `axes`; all of its lines, so a sentence of three lines counts three times;
- an `assert`;
- an import of a package that is there for figures (`_FIGURES`).

Other imports are neither. Of a loop or a function the head and each statement are judged by
themselves. Cells with a tag of `_FOLDED` are left out: a reader meets them when unfolding them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

_PLUMBING = {
    *("show", "print", "display", "in_words", "new_axes", "axes", "ax", "HTML", "Markdown"),
    *("pd", "groupby", "pivot", "agg", "unstack", "sort_values", "rename"),
}
_DRAWS = ("draw_", "figure_", "set_", "ax_")
_FIGURES = ("labkit.course.plots", "matplotlib", "pandas", "IPython")
_FOLDED = {"answer", "claims", "exercise", "solution"}


def idea_share(notebook: Any) -> float:
    """Of the lines of code that a reader meets, the share that holds ideas; 1 without any code."""
    judged = [each for cell in met_cells(notebook) for each in judge(ast.parse(code_of(cell)).body)]
    lines = sum(count for count, _ in judged)
    return sum(count for count, idea in judged if idea) / lines if lines else 1.0


def met_cells(notebook: Any) -> list[Any]:
    """The cells of code that are not folded away."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and not is_folded(cell)]


def is_folded(cell: Any) -> bool:
    """Whether its tags say so."""
    return bool(_FOLDED & {*cell.metadata.get("tags", ())})


def code_of(cell: Any) -> str:
    """Its lines without commands of Jupyter's."""
    return "\n".join(line for line in cell.source.splitlines() if line[:1] not in ("%", "!"))


def judge(statements: list[ast.stmt]) -> Iterator[tuple[int, bool]]:
    """(lines, whether they hold an idea) of each statement, and of each within it."""
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            if names_figures(statement):
                yield count_lines(statement), False
        elif body := inner_statements(statement):
            yield max(body[0].lineno - statement.lineno, 1), not is_plumbing(*head_of(statement))
            yield from judge(body)
        else:
            yield count_lines(statement), not is_plumbing(statement)


def inner_statements(statement: ast.stmt) -> list[ast.stmt]:
    """What a loop, a branch or a function holds."""
    parts = (getattr(statement, name, []) for name in ("body", "orelse", "finalbody"))
    return [each for part in parts for each in part]


def head_of(statement: ast.stmt) -> list[ast.AST]:
    """What a compound statement names before its body."""
    return [n for n in ast.iter_child_nodes(statement) if not isinstance(n, ast.stmt)]


def count_lines(node: ast.stmt) -> int:
    """From its first line to its last."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def names_figures(statement: ast.Import | ast.ImportFrom) -> bool:
    """Whether it imports what draws."""
    module = getattr(statement, "module", None) or statement.names[0].name
    return module.startswith(_FIGURES)


def is_plumbing(*nodes: ast.AST) -> bool:
    """Whether anything in it draws, prints, words, asserts or sorts tables."""
    return any(
        isinstance(node, ast.Assert) or is_plumbing_name(node)
        for each in nodes
        for node in ast.walk(each)
    )


def is_plumbing_name(node: ast.AST) -> bool:
    """Whether it names what only draws, prints or words."""
    name = getattr(node, "id", None) or getattr(node, "attr", None) or ""
    return name in _PLUMBING or name.startswith(_DRAWS)
