"""What students handed in, run again: an answer is judged by labkit's check, not by what is stored.

A verdict in a file could have been typed. So every cell is run in a fresh kernel, and after each
exercise cell one more, which loads labkit's checks anew from their files and passes them the
answer that stands there then.

This does not protect against a student who means to deceive, or to do harm:

- A notebook is a program. It runs with the rights of who grades it: it can read and delete files
  and use the network. Grade notebooks of strangers in a container or on an account of its own.
- The checks run in the kernel that ran the notebook, where it may have changed NumPy, Cirq or the
  rest of labkit, or watch the cells that are run and print a verdict of its own.
- labkit is open: its checks compute the right answers, and a notebook can ask them.
- Who wrote an answer is not looked at.
"""

from __future__ import annotations

import ast
import json
import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import labkit
from labkit.limits import show_value

STATUSES = ("right", "wrong", "not attempted", "did not run")
_PATIENCE = 3  # cells that took too long, after which a notebook is given up
#: A private subclass of SyntaxError, from Python 3.13 on.
_PUBLIC = {"_IncompleteInputError": "SyntaxError"}
#: An earlier exercise leaves no answer to this one, and may have failed before its import.
_PREPARE = "from labkit.course import check\nanswer = ..."
_JUDGE = """
import json as _json, pathlib as _pathlib, sys as _sys
for _name in [name for name in _sys.modules if name.startswith("labkit.course")]:
    del _sys.modules[_name]
import labkit as _labkit
from labkit.course import check as _check
if _pathlib.Path(_labkit.__file__).resolve() != _pathlib.Path({source!r}):
    raise ImportError(f"labkit of another place: {{_labkit.__file__}}")
_verdict = _check({exercise!r}, answer)
print({token!r} + _json.dumps([_verdict.status, _verdict.message]))
"""


@dataclass(frozen=True)
class Grade:
    """What became of one exercise, and why; '' is that of a notebook that cannot be read."""

    file: str
    exercise: str
    status: str
    message: str = ""


class _GivenUpError(Exception):
    """Too many cells took too long."""


def find_notebooks(folder: Path) -> list[Path]:
    """The notebooks in a folder and the folders in it, in order; hidden ones are left out."""
    found = sorted(folder.rglob("*.ipynb"))
    return [p for p in found if not any(s.startswith(".") for s in p.relative_to(folder).parts)]


def grade_notebook(path: Path, name: str, *, timeout: int) -> list[Grade]:
    """Runs a notebook again, each cell for `timeout` seconds, and judges its exercises, in order.

    An exercise cell is found by its tag `exercise`, and names the exercise in its call of `check`.
    Of cells that name the same exercise the last counts. Exercises of the same chapter that have
    no cell any more are not attempted.
    """
    import nbformat

    try:
        notebook = nbformat.reads(path.read_text("utf-8"), as_version=4)
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        return [Grade(name, "", "did not run", f"no notebook: {show_value(str(error))}")]
    asked = dict.fromkeys(exercise for _, exercise in _exercise_cells(notebook))
    if not asked:
        return []
    judged = _judge_all(notebook, path.parent, timeout)
    lost = dict.fromkeys(_chapter(asked), ("not attempted", "The notebook has no cell for it."))
    return [Grade(name, exercise, *judged.get(exercise, lost[exercise])) for exercise in lost]


def _chapter(asked: Iterable[str]) -> list[str]:
    """The exercises of the chapters that a notebook asks some of, and what it asks beside them."""
    from labkit.course.checking import all_exercises

    chapters = {exercise.partition("-")[0] for exercise in asked}
    known = [exercise for exercise in all_exercises() if exercise.partition("-")[0] in chapters]
    return sorted({*known, *asked})


def _exercise_cells(notebook: Any) -> Iterator[tuple[int, str]]:
    """The place of each exercise cell, and what it calls its exercise."""
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and "exercise" in (cell.metadata.get("tags") or ()):
            yield place, _name_in(cell.source)


def _name_in(source: str) -> str:
    """The first argument of the last call of `check`; '?' where there is none to be read."""
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except SyntaxError:
        # the answer breaks the cell; its last line tells what it was to be
        lines = source.strip().splitlines()
        return _name_in(lines[-1]) if len(lines) > 1 else "?"
    for call in reversed(calls):
        match call:
            case ast.Call(func=ast.Name(id="check"), args=[ast.Constant(value=str(name)), *_]):
                return name
    return "?"


def _judge_all(notebook: Any, folder: Path, timeout: int) -> dict[str, tuple[str, str]]:
    """Exercise -> status and message."""
    from nbformat.v4 import new_code_cell

    token = secrets.token_hex(16)
    source = str(Path(labkit.__file__).resolve())
    asked = dict(_exercise_cells(notebook))
    cells: list[Any] = []
    places: dict[str, int] = {}
    for place, cell in enumerate(notebook.cells):
        if place in asked:
            cells.append(new_code_cell(_PREPARE))
            places[asked[place]] = len(cells)
        cells.append(cell)
        if place in asked:
            judge = _JUDGE.format(source=source, exercise=asked[place], token=token)
            cells.append(new_code_cell(judge))
    notebook.cells = cells
    errors = _run(notebook, folder, timeout)
    return {name: _verdict(cells, place, errors, token) for name, place in places.items()}


def _verdict(cells: list[Any], place: int, errors: dict[int, str], token: str) -> tuple[str, str]:
    """Status and message of the exercise cell at a place, which the next cell judged."""
    for ran in (place, place + 1):
        if ran in errors:
            return "did not run", errors[ran]
    for output in cells[place + 1].outputs:
        for line in str(output.get("text", "")).splitlines():
            if line.startswith(token):
                status, message = json.loads(line.removeprefix(token))
                return status, message
    return "did not run", "The notebook ended before."


def _run(notebook: Any, folder: Path, timeout: int) -> dict[int, str]:
    """Runs every cell in a fresh kernel, in place; what went wrong, by the place of the cell."""
    from nbclient import NotebookClient
    from nbclient.exceptions import DeadKernelError

    errors: dict[int, str] = {}
    too_long = f"took over {timeout} seconds"

    def note(cell: Any, cell_index: int, execute_reply: Any) -> None:
        content = execute_reply["content"]
        name = _PUBLIC.get(content.get("ename"), content.get("ename"))
        errors[cell_index] = f"{name}: {content.get('evalue')}"
        if sum(too_long in error for error in errors.values()) == _PATIENCE:
            raise _GivenUpError

    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    client = NotebookClient(
        notebook,
        timeout=timeout,
        startup_timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        allow_errors=True,
        interrupt_on_timeout=True,
        error_on_timeout={"ename": "TimeoutError", "evalue": too_long},
        on_cell_error=note,
    )
    client.log.setLevel("CRITICAL")
    with tempfile.TemporaryDirectory() as scratch:
        own_book = {**os.environ, "LABKIT_BOOK": str(Path(scratch) / "lab_book.sqlite")}
        # what was judged before the end counts
        with suppress(DeadKernelError, _GivenUpError):
            client.execute(env=own_book, stderr=subprocess.DEVNULL)
    return errors
