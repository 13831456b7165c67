"""Executes the notebooks in place: `python tools/run_notebooks.py [--check] [NAME ...]`.

A name is `07_qaoa`, or the path of a notebook. What is stored is what a page without a kernel can
show: live widgets are left out, each explorer's picture stays. With `--check` nothing is written;
an error or a warning in any cell fails.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from labkit.course.registry import LESSONS

FOLDER = Path(__file__).parent.parent / "notebooks"
#: What the kernel is asked last: its memory at its peak, in KiB; Linux says it.
_PEAK = """\
from pathlib import Path as _Path
_lines = _Path("/proc/self/status")
print(_lines.read_text().split("VmHWM:")[1].split()[0] if _lines.exists() else 0)
"""
_NEIGHBOUR = re.compile(r"(Before|Back|Next): \[[^\]]*\]\([^)]*\)")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def read(path: Path) -> Any:
    """Reads a notebook."""
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)


def execute(notebook: Any, *, folder: Path, timeout: int = 1200) -> Any:
    """Runs every cell of a notebook in a fresh kernel, in place.

    Its metadata then hold, under 'labkit', the seconds that it took, the kernel's start included,
    and the kernel's memory at its peak in MiB (0 where the system does not tell).

    Args:
        notebook: `nbformat` notebook.
        folder: the kernel's working folder.
        timeout: seconds for one cell.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raised.
    """
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook,
        timeout=timeout,
        startup_timeout=600,
        kernel_name="python3",
        resources=resources,
        store_widget_state=False,
    )
    notebook.cells.append(nbformat.v4.new_code_cell(_PEAK))
    start = time.perf_counter()
    try:
        client.execute()
    finally:
        asked = notebook.cells.pop()
    peak = float(asked.outputs[0].text) / 1024
    seconds = time.perf_counter() - start
    notebook.metadata["labkit"] = {"seconds": round(seconds, 1), "peak_mib": round(peak)}
    return notebook


def clean(notebook: Any) -> Any:
    """Leaves out what differs from run to run or needs a kernel, in place."""
    notebook.metadata = {
        "labkit": notebook.metadata.get("labkit", {}),
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in code_cells(notebook):
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return notebook


def link(notebook: Any, lesson: int) -> Any:
    """Names the lessons before and after number `lesson` of the course's list, in place.

    They stand in the first cell and in the recap, the last but one; after the last comes the first.
    """
    before, after = LESSONS[lesson - 1], LESSONS[(lesson + 1) % len(LESSONS)]

    def name(match: re.Match[str]) -> str:
        near = after if match[1] == "Next" else before
        return f"{match[1]}: [{near.number} · {near.title}]({near.notebook})"

    for cell in (notebook.cells[0], notebook.cells[-2]):
        cell.source = _NEIGHBOUR.sub(name, cell.source)
    return notebook


def link_all() -> None:
    """Brings the neighbours' names up to date in all lessons, without running them."""
    for number, lesson in enumerate(LESSONS):
        path = FOLDER / lesson.notebook
        if not path.exists():
            continue
        before = path.read_text(encoding="utf-8")
        after = nbformat.writes(link(read(path), number)) + "\n"
        if after != before:
            path.write_text(after, encoding="utf-8")


def complaints(notebook: Any) -> list[str]:
    """What a reader would see go wrong: anything on standard error, any traceback."""
    return [
        f"cell {number}: {output.get('text', output.get('evalue', ''))}"
        for number, cell in enumerate(notebook.cells)
        for output in cell.get("outputs", ())
        if output.output_type == "error" or output.get("name") == "stderr"
    ]


def find(name: str) -> Path:
    """The path of a notebook: of the course, or one that is given as a path."""
    return Path(name) if name.endswith(".ipynb") else FOLDER / f"{name}.ipynb"


def code_cells(notebook: Any) -> Iterable[Any]:
    """The code cells of a notebook, in order."""
    return (cell for cell in notebook.cells if cell.cell_type == "code")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the notebooks that are named, or all of them; returns how many had complaints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("names", nargs="*", type=find)
    options = parser.parse_args(arguments)
    if unknown := [path.stem for path in options.names if not path.exists()]:
        parser.error(f"no such notebook: {', '.join(unknown)}")
    if not options.check:
        link_all()
    failed = 0
    for path in options.names or sorted(FOLDER.glob("*.ipynb")):
        notebook = execute(read(path), folder=path.parent)
        found, run = complaints(notebook), notebook.metadata["labkit"]
        took = f"{run['seconds']:.0f} s, {run['peak_mib']} MiB"
        print(f"{path.name}: {took}", *found, sep="\n  ")
        failed += bool(found)
        if not options.check:
            path.write_text(nbformat.writes(clean(notebook)) + "\n", encoding="utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main())
