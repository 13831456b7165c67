"""Every notebook where parts of the lab are missing: each cell runs, or is left out with one line.

Each notebook runs once without all of them; it notes which parts it asks for. Where one is missing
alone, a notebook that never asks for it runs as ever. Of those that ask, the quickest are run here,
and all where LABKIT_WHOLE_MATRIX is set.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from run_notebooks import FOLDER
from without_parts import PARTS, run_apart

from labkit.course.registry import LESSONS
from labkit.platforms import KERAS, OPTIONAL

#: What each part is asked for by, but for Cirq's `_multiprocessing`, for which labkit looks always.
ASKED_BY: dict[str, tuple[str, ...]] = {}
#: Cells that are left out where a part is missing, of notebooks that have such.
LEFT_OUT = {"01": 6, "15a": 20}
NEEDING = {"keras": LEFT_OUT, "tensorflow": LEFT_OUT}
_ALONE = 2  # notebooks that are run for each part that is missing alone


def without(number: str, parts: tuple[str, ...], folder: Path) -> dict[str, Any]:
    (lesson,) = (lesson for lesson in LESSONS if lesson.number == number)
    return run_apart(FOLDER / lesson.notebook, parts, folder)


def lines_of(ran: dict[str, Any]) -> list[str]:
    """What is said of cells that were left out, each in one line."""
    said = (cell["printed"].splitlines() for cell in ran["cells"])
    return [line for lines in said for line in lines if " is missing: " in line]


NUMBERS = [lesson.number for lesson in LESSONS]
