"""Every notebook where parts of the lab are missing: a cell runs, or is left out with one line.

Each notebook is run without all parts at once; that also notes which of them it asks for. Where one
is missing alone, a notebook that does not ask for it runs as ever: of those that ask, some are run
here, and all pairs of a part and a notebook where LABKIT_WHOLE_MATRIX is set.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from run_notebooks import FOLDER
from without_parts import PARTS, run_apart

from labkit.course.registry import BY_NUMBER

#: The notebooks that may ask for a part; for `_multiprocessing` all do, by `import labkit`.
ASKED_BY = {
    "psutil": "02 03 08 09 11 13 14a 15 16 17 23 24 25 26",
    "numba": "07 08 08a 09 10 11 13 14 14a 16 17 18 19",
    "qsimcirq": "00 03 04 06 07 08a 10 14a 16 17 18 19 21 22 23",
    "keras": "01 15a 23",
    "tensorflow": "09 18",
    "dask": "",
    "dimod": "",
    "_multiprocessing": " ".join(BY_NUMBER),
    "os.link": "15",
}
#: How many cells of a notebook say that a part is missing, where it is.
SAYING = {
    "keras": {"01": 6, "15a": 13, "23": 1},
    "tensorflow": {"01": 6, "09": 1, "15a": 13, "18": 1, "23": 1},
}
#: Those that are run here where one part is missing alone.
ALONE = {
    "psutil": "02 24",
    "numba": "08a 14",
    "qsimcirq": "00 21",
    "keras": "01 15a 23",
    "tensorflow": "01 09 15a 18 23",
    "dask": "15",
    "dimod": "15",
    "_multiprocessing": "03 15",
    "os.link": "15",
}
_SAID = re.compile(
    r"^(?:\w+ was not made: )?(?:Keras|TensorFlow Quantum) is missing\b", re.MULTILINE
)


def pairs() -> Iterator[tuple[str, str]]:
    """(part, number of a notebook) where the part alone is missing."""
    whole = os.environ.get("LABKIT_WHOLE_MATRIX")
    for part in PARTS:
        numbers = BY_NUMBER if whole else ALONE[part].split()
        yield from ((part, number) for number in numbers)


def run_without(number: str, parts: list[str], folder: Path) -> dict[str, Any]:
    """Runs a notebook; every cell ran, or was left out."""
    ran = run_apart(FOLDER / BY_NUMBER[number].notebook, parts, folder)
    failed = [f"{cell['source']}\n{cell['printed']}" for cell in ran["cells"] if not cell["ran"]]
    assert "\n\n".join(failed) == ""
    return ran


def count_saying(ran: dict[str, Any]) -> int:
    """How many cells say that a part is missing; each does so in one line."""
    said = [len(_SAID.findall(cell["printed"])) for cell in ran["cells"]]
    assert max(said) <= 1
    return sum(said)


@pytest.mark.notebook
@pytest.mark.parametrize("number", BY_NUMBER)
def test_every_cell_runs_or_says_what_is_missing_where_all_parts_are(
    number: str, tmp_path: Path
) -> None:
    ran = run_without(number, [*PARTS], tmp_path)
    assert count_saying(ran) == SAYING["tensorflow"].get(number, 0)
    assert {*ran["asked"]} <= {part for part, by in ASKED_BY.items() if number in by.split()}


@pytest.mark.notebook
@pytest.mark.parametrize(("part", "number"), [*pairs()])
def test_every_cell_runs_or_says_what_is_missing_where_one_part_is(
    part: str, number: str, tmp_path: Path
) -> None:
    ran = run_without(number, [part], tmp_path)
    assert count_saying(ran) == SAYING.get(part, {}).get(number, 0)
