"""What students handed in, run again: an answer is judged by labkit's check, not by what is stored.

A verdict in a file could have been typed. So every cell is run in a fresh kernel, whose `check`
notes each verdict, see `labkit.cli.witness`: what was given to `check` counts, in whatever cell
and under whatever name it stands.

This does not protect against a student who means to deceive, or to do harm:

- A notebook is a program. It runs with the rights of who grades it: it can read and delete files
  and use the network. Grade notebooks of strangers in a container or on an account of its own.
- The checks run in the kernel that runs the notebook, where it may change NumPy, Cirq or the
  rest of labkit, or write verdicts of its own.
- labkit is open: its checks compute the right answers, and a notebook can ask them.
- Who wrote an answer is not looked at.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import re
import subprocess
import tempfile
import warnings
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import labkit
from labkit.course.verdicts import SWITCH
from labkit.files import read_text
from labkit.limits import format_bytes, show_value

STATUSES = ("right", "wrong", "not attempted", "did not run")
_PATIENCE = 3  # cells that took too long, after which a notebook is given up
_MOST_BYTES = 2**27
_START = 600  # seconds for the kernel, and for the checks to be loaded in it
#: A private subclass of SyntaxError, from Python 3.13 on.
_PUBLIC = {"_IncompleteInputError": "SyntaxError"}
_NO_EXERCISE = "It holds no exercise: no cell calls check."
_CALL = re.compile(r"""\bcheck\s*\((?:[^)]*?\bname\s*=)?\s*["']([^"'\n]{1,20})["']""")
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
_GIVES_ANSWER = re.compile(r"\banswer\b[^=\n(]*=(?!=)|\b(?:def|as|for|import)\s+answer\b")
_SETUP = """
import pathlib as _pathlib
import labkit as _labkit
if _pathlib.Path(_labkit.__file__).resolve() != _pathlib.Path({source!r}):
    raise ImportError(f"labkit of another place: {{_labkit.__file__}}")
from labkit.cli.witness import watch as _watch
_watch({file!r}, {chapters!r})
del _pathlib, _labkit, _watch
"""
#: An earlier exercise may have failed before its import.
_PREPARE = "from labkit.cli.witness import check"
#: The answer to an earlier exercise is none to this one.
_FORGET = "answer = ..."

Verdicts = dict[str, tuple[str, str]]
#: Clients whose kernels run at this moment.
_running: set[Any] = set()


@dataclass(frozen=True)
class Grade:
    """What became of one exercise, and why; '' is that of a file without any, or unreadable."""

    file: str
    exercise: str
    status: str
    message: str = ""


class _GivenUpError(Exception):
    """Too many cells took too long."""


def find_notebooks(folder: Path) -> list[Path]:
    """The notebooks in a folder and the folders in it, in order; hidden ones are left out.

    A folder that cannot be looked into is among them, so that it is not passed over in silence.
    """
    found: list[Path] = []

    def note(error: OSError) -> None:
        found.append(Path(error.filename))

    for root, folders, files in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = (name for name in [*files, *folders] if not name.startswith("."))
        found += [Path(root, name) for name in names if name.lower().endswith(".ipynb")]
    return sorted(found)


def grade_notebook(path: Path, name: str, *, timeout: int) -> list[Grade]:
    """Runs a notebook again, each cell for `timeout` seconds, and judges its exercises, in order.

    Of what was given to `check` for one exercise the last counts. Exercises of the same chapter
    that no cell checks are not attempted. A file that cannot be read, or holds no exercise, has one
    grade that says so; none raises.
    """
    try:
        sources = _read_sources(path)
    except Exception as error:  # a file from anybody breaks in many ways
        why = show_value(str(error) or type(error).__name__)
        return [Grade(name, "", "did not run", f"no notebook: {why}")]
    try:
        judged = _judge_all(sources, path.parent, timeout)
        if not judged:
            return [Grade(name, "", "not attempted", _NO_EXERCISE)]
        lost = dict.fromkeys(
            _chapter(judged), ("not attempted", "The notebook has no cell for it.")
        )
    except Exception as error:  # one notebook does not end the grading of a class
        return [Grade(name, "", "did not run", f"{type(error).__name__}: {show_value(str(error))}")]
    return [Grade(name, exercise, *judged.get(exercise, lost[exercise])) for exercise in lost]


def end_kernels() -> None:
    """Ends the kernels that run, in whatever thread; what they had judged stays."""
    for client in [*_running]:
        with suppress(Exception):  # it may have ended by itself, or not have begun
            client.km.provisioner.process.kill()


def _read_sources(path: Path) -> list[str]:
    """The source of each code cell."""
    from nbformat import convert, reader

    if not path.is_file():
        raise ValueError("it is a folder, or nothing that can be read")
    if (size := path.stat().st_size) > _MOST_BYTES:
        given = f"it has {format_bytes(size)}"
        raise ValueError(f"{given} (limit: {format_bytes(_MOST_BYTES)})")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notebook: Any = convert(reader.reads(read_text(path)), 4)
    if not isinstance(cells := notebook.get("cells"), list):
        raise ValueError("it has no cells")
    sources = (cell["source"] for cell in cells if cell["cell_type"] == "code")
    return [source if isinstance(source, str) else "".join(source) for source in sources]


def _chapter(asked: Iterable[str]) -> list[str]:
    """The exercises of the chapters that a notebook asks some of, and what it asks beside them."""
    from labkit.course.checking import all_exercises

    chapters = {exercise.partition("-")[0] for exercise in asked}
    known = [exercise for exercise in all_exercises() if exercise.partition("-")[0] in chapters]
    return sorted({*known, *asked})


def _names_in(source: str) -> list[str]:
    """The exercises that a cell checks, as far as that can be read; it may not be Python."""
    return _CALL.findall(_COMMENT.sub("", source))


def _judge_all(sources: list[str], folder: Path, timeout: int) -> Verdicts:
    """Exercise -> status and message; nothing, and nothing is run, where nothing calls `check`."""
    if not any("check" in source for source in sources):
        return {}
    run, is_old = _Run(timeout), False
    for source in sources:
        names = _names_in(source)
        if names or re.search(r"\bcheck\s*\(", source):
            run.add(f"{_PREPARE}\n{_FORGET}" if is_old else _PREPARE)
        run.add(source, names)
        is_old = bool(names) or (is_old and not _GIVES_ANSWER.search(source))
    run.execute(folder)
    return run.verdicts()


@dataclass
class _Run:
    """Cells that are run in a fresh kernel, and what came of each, by its place.

    Attributes:
        timeout: seconds for one cell.
        cells: sources; the first, which is added last, watches `check`.
        names: the exercises that a cell is known to check.
        noted: the verdicts that were noted while a cell ran.
        errors: what went wrong in a cell.
        done: the cells that came to an end.
    """

    timeout: int
    cells: list[str] = field(default_factory=lambda: [""])
    names: dict[int, list[str]] = field(default_factory=dict)
    noted: dict[int, Verdicts] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    _read: int = 0  # bytes

    def add(self, source: str, names: Iterable[str] = ()) -> None:
        """Adds a cell."""
        self.names[len(self.cells)] = [*names]
        self.cells.append(source)

    def verdicts(self) -> Verdicts:
        """Exercise -> status and message, the last that came."""
        found: Verdicts = {}
        for place, names in {**self.names, len(self.cells): []}.items():
            came = self.noted.get(place, {})
            found |= came
            for name in [name for name in names if name not in came]:
                if why := self.errors.get(0) or self.errors.get(place):
                    found[name] = ("did not run", why)
                elif place in self.done:
                    found.setdefault(name, ("did not run", "Its check was not called."))
                else:
                    found[name] = ("did not run", "The notebook ended before.")
        return found

    def execute(self, folder: Path) -> None:
        """Runs every cell; where the kernel dies, or too many take too long, those before count."""
        from nbclient.exceptions import DeadKernelError

        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "verdicts"
            self._watch(file)
            own_book = {
                **os.environ,
                SWITCH: "0",
                "LABKIT_BOOK": str(Path(scratch) / "lab_book.sqlite"),
            }
            client = self._client(folder, file)
            _running.add(client)
            try:
                loop = asyncio.SelectorEventLoop()  # a thread has none; ZeroMQ wants this kind
                with closing(loop), suppress(DeadKernelError, _GivenUpError):
                    done = client.async_execute(env=own_book, stderr=subprocess.DEVNULL)
                    loop.run_until_complete(done)
            finally:
                _running.discard(client)
                # which nbclient forgets where a kernel dies while it starts
                atexit.unregister(client._cleanup_kernel)
            self._note(file, len(self.cells))  # what came of the cell in which the kernel died

    def _watch(self, file: Path) -> None:
        source = str(Path(labkit.__file__).resolve())
        named = {name.partition("-")[0] for names in self.names.values() for name in names}
        self.cells[0] = _SETUP.format(source=source, file=str(file), chapters=sorted(named))

    def _note(self, file: Path, place: int) -> None:
        """Takes the verdicts noted since; each is a line, a JSON list."""
        if file.exists():
            *lines, _ = file.read_bytes()[self._read :].split(b"\n")
            came = map(json.loads, lines)
            self.noted[place] = {name: (status, message) for name, status, message in came}
            self._read += sum(len(line) + 1 for line in lines)

    def _client(self, folder: Path, file: Path) -> Any:
        from nbclient import NotebookClient
        from nbformat.v4 import new_code_cell, new_notebook

        class Client(NotebookClient):
            """One that keeps no outputs: there may be gigabytes of them."""

            def output(self, *arguments: Any, **extra: Any) -> None:
                """Drops an output."""

        too_long = f"took over {self.timeout} seconds"

        def end(cell: Any, cell_index: int, execute_reply: Any) -> None:
            self.done.add(cell_index)
            self._note(file, cell_index)

        def fail(cell: Any, cell_index: int, execute_reply: Any) -> None:
            content = execute_reply["content"]
            name = _PUBLIC.get(content.get("ename"), content.get("ename"))
            self.errors[cell_index] = f"{name}: {content.get('evalue')}"
            if sum(too_long in error for error in self.errors.values()) == _PATIENCE:
                raise _GivenUpError

        client = Client(
            new_notebook(cells=[new_code_cell(source) for source in self.cells]),
            timeout_func=lambda cell: _START if cell.source == self.cells[0] else self.timeout,
            startup_timeout=_START,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            store_widget_state=False,
            allow_errors=True,
            interrupt_on_timeout=True,
            error_on_timeout={"ename": "TimeoutError", "evalue": too_long},
            on_cell_executed=end,
            on_cell_error=fail,
        )
        client.log.setLevel("CRITICAL")
        return client
