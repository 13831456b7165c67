"""Runs a notebook's cells in a process in which parts of the lab cannot be imported.

`python tests/without_parts.py NOTEBOOK PART ...` prints what came, as JSON; parts are of `PARTS`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
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


class Refusing(MetaPathFinder):
    """Refuses to find the modules of some parts, and notes which of all parts are asked for."""

    def __init__(self, parts: Sequence[str]) -> None:
        self.refused = {module for part in parts for module in PARTS.get(part, (part,))}
        self.asked: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raises, or leaves it to the next finder."""
        top = name.partition(".")[0]
        self.asked |= {part for part, modules in PARTS.items() if top in modules}
        if top in self.refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def refuse(parts: Sequence[str]) -> Refusing:
    """Makes parts missing, before anything has imported them."""
    finder = Refusing(parts)
    sys.meta_path.insert(0, finder)
    if "os.link" in parts:
        del os.link
    return finder


def run(path: Path, parts: Sequence[str]) -> dict[str, Any]:
    """Runs all code cells in order, in IPython; returns what each printed and how it ended."""
    finder = refuse(parts)
    from IPython.core.interactiveshell import InteractiveShell

    os.chdir(path.parent)
    shell, cells = InteractiveShell.instance(), []
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        source, printed, start = "".join(cell["source"]), io.StringIO(), time.perf_counter()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            ended = shell.run_cell(source, store_history=True)
        cells.append(
            {
                "source": source,
                "printed": printed.getvalue(),
                "ran": ended.success,
                "seconds": time.perf_counter() - start,
            }
        )
    return {"cells": cells, "asked": sorted(finder.asked), "cpu": time.process_time()}


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]).resolve(), sys.argv[2:])))
