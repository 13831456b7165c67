"""Notebooks go on: a cell that needs a missing part is left out, which it says in one line."""

from __future__ import annotations

import builtins
import json
import linecache
from collections.abc import Callable, Iterator
from pathlib import Path
from symtable import symtable
from types import TracebackType
from typing import Any

#: Says in one line which missing part an error comes from, given the statement that raised it.
Explain = Callable[[BaseException, str], str | None]
_CHECKOUT = Path(__file__).parents[2] / "notebooks"
_LIVE = "application/vnd.jupyter.widget-view+json"


def go_on_after(explain: Explain) -> None:
    """From now on the notebook of this kernel goes on after a cell that lacks a part.

    Where there is no notebook, and where that is so already, nothing happens.
    """
    shell = this_shell()
    if shell is not None and getattr(shell, "labkit_cells", None) is None:
        shell.labkit_cells = _Cells(shell, explain)


def this_shell() -> Any:
    """IPython, where a notebook or somebody at a terminal runs this; else None."""
    return getattr(builtins, "get_ipython", lambda: None)()


class _Cells:
    """Leaves out cells of one shell that lack a part, and those that need a name which they make.

    Every other error is shown as ever.
    """

    def __init__(self, shell: Any, explain: Explain) -> None:
        self._explain = explain
        self._not_made: dict[str, str] = {}  # by name, what is missing
        self._told: BaseException | None = None
        self._others, self._of_others = shell.custom_exceptions, shell.CustomTB
        shell.set_custom_exc((ImportError, NameError, *self._others), self._handle)
        shell.events.register("post_run_cell", self._succeed)

    def _handle(
        self,
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType,
        tb_offset: int | None = None,
    ) -> Any:
        """What IPython calls in place of showing a traceback."""
        frames = [one for one in _frames(trace) if one.tb_frame.f_globals is shell.user_ns]
        line = self._line(error, frames, is_here=frames[-1:] == [*_frames(trace)][-1:])
        if line is not None:
            self._leave_out(shell, error, line, frames)
        elif isinstance(error, self._others):
            return self._of_others(kind, error, trace, tb_offset)
        else:
            shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return None

    def _line(
        self, error: BaseException, frames: list[TracebackType], *, is_here: bool
    ) -> str | None:
        if isinstance(error, NameError):
            missing = self._not_made.get(error.name or "") if is_here else None
            return missing and f"{error.name} was not made: {missing}"
        statement = linecache.getline(_file(frames[0]), frames[0].tb_lineno) if frames else ""
        return self._explain(error, statement)

    def _leave_out(
        self, shell: Any, error: BaseException, line: str, frames: list[TracebackType]
    ) -> None:
        """Says why, shows what the cell showed when it was recorded, and goes on."""
        source = "".join(linecache.getlines(_file(frames[0]))) if frames else ""
        outputs = _recorded_outputs(source, line)
        print(line + "; this is what was recorded:" * bool(outputs))
        for output in outputs:
            _show(shell, output)
        missing = (line.partition(" was not made: ")[2] or line).partition(": ")[0]
        self._not_made |= dict.fromkeys(_names_made(source), missing)
        self._told = error

    def _succeed(self, result: Any) -> None:
        """Lets a cell that was left out pass for one that ran."""
        if result is not None and result.error_in_exec is self._told:
            result.error_in_exec = None
        self._told = None


def _frames(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _file(trace: TracebackType) -> str:
    return trace.tb_frame.f_code.co_filename


def _names_made(source: str) -> list[str]:
    """All names that a cell gives a meaning to."""
    try:
        names = symtable(source, "cell", "exec").get_symbols()
    except SyntaxError:  # of IPython's own
        return []
    return [one.get_name() for one in names if one.is_assigned() or one.is_imported()]


def _recorded_outputs(source: str, said: str) -> list[dict[str, Any]]:
    """What the same cell showed when its notebook was stored, here or in the checkout.

    Not what was `said`, where the cell was left out then, too.
    """
    first = json.dumps(source.strip().partition("\n")[0], ensure_ascii=False)[1:-1]
    for path in (*sorted(Path.cwd().glob("*.ipynb")), *sorted(_CHECKOUT.glob("*.ipynb"))):
        for cell in _cells_of(path, having=first):
            if "".join(cell["source"]).strip() == source.strip() and cell.get("outputs"):
                outputs = (_without(said, output) for output in cell["outputs"])
                return [output for output in outputs if output.get("text") != ""]
    return []


def _without(said: str, output: dict[str, Any]) -> dict[str, Any]:
    """An output; of printed text the lines that do not begin with what was said."""
    if output["output_type"] != "stream":
        return output
    lines = _join(output["text"]).splitlines(keepends=True)
    return output | {"text": "".join(line for line in lines if not line.startswith(said))}


def _cells_of(path: Path, *, having: str) -> list[dict[str, Any]]:
    """The cells of a notebook that has a text; none of a file that is no notebook."""
    try:
        text = path.read_text("utf-8")
        return list(json.loads(text)["cells"]) if having in text else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _show(shell: Any, output: dict[str, Any]) -> None:
    """An output of a stored notebook: text, or data without what needs a live widget."""
    if output["output_type"] == "stream":
        print(output["text"], end="")
    data = {kind: _join(value) for kind, value in output.get("data", {}).items() if kind != _LIVE}
    if data:
        shell.display_pub.publish(data, output.get("metadata", {}))


def _join(value: Any) -> Any:
    """Text that is stored as a list of its lines."""
    return "".join(value) if isinstance(value, list) else value
