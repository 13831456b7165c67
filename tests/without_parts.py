"""Runs a notebook's cells in a process in which parts of the lab cannot be imported.

`python tests/without_parts.py NOTEBOOK PART ...` prints what came, as JSON; parts are of `PARTS`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

#: By name, the top-level modules that go with a part.
PARTS = {
    "psutil": ("psutil",),
    "numba": ("numba", "llvmlite"),
    "qsimcirq": ("qsimcirq",),
    "keras": ("keras",),
    "tensorflow": ("tensorflow", "tensorflow_quantum"),
    "dask": ("dask", "distributed"),
    "dimod": ("dimod",),
    "_multiprocessing": ("_multiprocessing",),
    "os.link": (),
}


class Noting(MetaPathFinder):
    """Notes which parts are asked for, and refuses some of them."""

    def __init__(self, refused: Sequence[str]) -> None:
        self.refused = {name for part in refused for name in PARTS.get(part) or (part,)}
        self.asked: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raises, or leaves it to the next finder."""
        top = name.partition(".")[0]
        if not _is_for_the_record():
            self.asked |= {part for part, modules in PARTS.items() if top in modules}
        if top in self.refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    def link(self, *paths: Any) -> None:
        """Stands for `os.link`, and for its absence where it is refused."""
        self.asked.add("os.link")
        if "os.link" in self.refused:
            raise AttributeError("module 'os' has no attribute 'link'")
        _link(*paths)


def _is_for_the_record() -> bool:
    """Whether it is asked only to be told: in a footer, or when `labkit.platforms` is loaded."""
    frame = sys._getframe()
    names = set()
    while frame := frame.f_back:  # type: ignore[assignment]
        names.add((frame.f_globals.get("__name__"), frame.f_code.co_name))
    return not names.isdisjoint(_TELLING)


_TELLING = {("labkit.platforms", "<module>"), ("labkit.platforms", "stand_ins")}
_link = os.link


def refuse(parts: Sequence[str]) -> Noting:
    """Makes parts missing, before anything has imported them.

    One alone is `None` in `sys.modules`, several are refused by a finder: people do either.
    """
    finder = Noting(parts)
    sys.meta_path.insert(0, finder)
    os.link = finder.link  # type: ignore[assignment]
    if len(parts) == 1:
        sys.modules.update(dict.fromkeys(finder.refused))  # type: ignore[arg-type]
        if "os.link" in parts:
            del os.link
    return finder


def run(path: Path, parts: Sequence[str]) -> dict[str, Any]:
    """Runs all code cells in order, in IPython; returns what each printed and how it ended."""
    finder = refuse(parts)
    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell.instance()
    cells: list[dict[str, Any]] = []
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            printed, start = io.StringIO(), time.perf_counter()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                ended = shell.run_cell("".join(cell["source"]))
            seconds = time.perf_counter() - start
            cells.append({"ran": ended.success, "seconds": seconds, "printed": printed.getvalue()})
            cells[-1]["source"] = "".join(cell["source"])
    return {"cells": cells, "asked": sorted(finder.asked), "cpu": time.process_time()}


def run_apart(path: Path, parts: Sequence[str], folder: Path) -> dict[str, Any]:
    """What `run` gives, from a process of its own that works in a folder."""
    command = [sys.executable, __file__, str(path), *parts]
    quiet = {
        "PYTHONWARNINGS": "ignore",
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
    }
    ran = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | quiet,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]).resolve(), sys.argv[2:])))
