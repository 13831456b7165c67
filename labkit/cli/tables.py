"""Runs as a table that fits a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labkit.limits import show_value

if TYPE_CHECKING:
    import pandas as pd

_ROWS = 40
_CELL = 32  # characters
_GAP = 2  # characters between columns
_GROUPS = ("parameters.", "result.", "ledger.")
_ALWAYS = ("entry", "seed")
_ENTRY = 8  # characters: --columns entry shows all


def pick_columns(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The columns of these names; a bare name stands for a parameter, result or ledger entry.

    Raises:
        ValueError: there is no such column.
    """
    return frame[[_full_name(frame, name) for name in names]]


def choose_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """What differs between the runs, what came out, and what went wrong, if anything did."""
    questions = ["question"] if frame["question"].nunique() > 1 else []
    varied = [name for name in frame if name.startswith("parameters.") and _differs(frame[name])]
    results = [name for name in frame if name.startswith("result.")]
    last = ["error"] if frame["error"].notna().any() else []
    chosen = [*_ALWAYS, *questions, *varied, *last, *results, "seconds"]
    short = frame.assign(entry=frame["entry"].str[:_ENTRY])
    return short[[name for name in chosen if frame[name].notna().any()]]


def render(frame: pd.DataFrame) -> str:
    """A table as wide as the terminal at most, of its last rows, and what was left out of it."""
    if frame.empty:
        return "no runs"
    rows = frame.tail(_ROWS)
    columns = [_cells(str(name), rows[name]) for name in rows]
    shown = _fitting(columns, shutil.get_terminal_size((100, 24)).columns)
    lines = [(" " * _GAP).join(line).rstrip() for line in zip(*columns[:shown], strict=True)]
    left_out = []
    if len(rows) < len(frame):
        left_out.append(f"the first {len(frame) - len(rows)} of {len(frame)} runs (--csv has all)")
    if shown < len(columns):
        left_out.append(f"{len(columns) - shown} columns (--columns picks)")
    return "\n".join([*lines, *([f"not shown: {' and '.join(left_out)}"] if left_out else [])])


def _full_name(frame: pd.DataFrame, name: str) -> str:
    for candidate in (name, *(group + name for group in _GROUPS)):
        if candidate in frame:
            return candidate
    known = ", ".join(str(column) for column in frame if not str(column).startswith("versions."))
    raise ValueError(f"column {show_value(name)} is unknown (known: {known})")


def _differs(column: pd.Series[Any]) -> bool:
    return len({show_value(value) for value in column}) > 1


def _fitting(columns: Sequence[Sequence[str]], width: int) -> int:
    """How many columns fit, one at least."""
    used, count = -_GAP, 0
    for cells in columns:
        used += _GAP + len(cells[0])
        if used > width:
            break
        count += 1
    return max(count, 1)


def _cells(name: str, column: pd.Series[Any]) -> list[str]:
    """A heading and cells of one width, numbers to the right."""
    texts = [_heading(name), *(_text(value) for value in column)]
    width = max(map(len, texts))
    if column.dtype.kind in "iufb":
        return [text.rjust(width) for text in texts]
    return [text.ljust(width) for text in texts]


def _heading(name: str) -> str:
    for group in _GROUPS:
        name = name.removeprefix(group)
    return name


def _text(value: Any) -> str:
    """A value in a cell: one line, no control characters, which a terminal would obey."""
    if _is_missing(value):
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    lines = str(value).splitlines() or [""]
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in lines[0])
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))
