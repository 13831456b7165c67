"""What stands between a prediction and the end of its section, in the notebooks as stored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from benchmarks.fresh_script import explorers
from notebook_measures import all_notebooks
from run_notebooks import code_cells, read

#: Figures that stand before an answer and do not tell it: (lesson, prediction).
_TELLS_NOTHING = {("09_training_angles", "gain")}
_EXPLORERS = tuple(f"{explorer.__name__}(" for explorer in explorers())
_NUMERAL = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?!\.?\d)")
_FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)


@dataclass(frozen=True)
class Asked:
    """A prediction of a notebook.

    Attributes:
        name: of its variable.
        before: the cells from its own to the one that scores it.
        after: those from there on to the next heading or the next figure that stands open.
    """

    name: str
    before: list[Any]
    after: list[Any]

    @property
    def tells(self) -> list[Any]:
        """The cells that show its folds."""
        cells = [*self.before, *self.after]
        return [c for c in cells if re.search(rf"\b{self.name}\.(show|score)\(", c.source)]


@pytest.fixture(params=all_notebooks(), ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def predictions(path: Path) -> list[Asked]:
    cells = read(path).cells
    sources = [cell.source if cell.cell_type == "code" else "" for cell in cells]
    found = []
    for start, source in enumerate(sources):
        for name in re.findall(r"(\w+) = Prediction\(", source):
            scored = next(i for i in range(start, len(cells)) if f"{name}.score(" in sources[i])
            found.append(Asked(name, cells[start : scored + 1], section(cells[scored + 1 :])))
    return found


def section(cells: list[Any]) -> list[Any]:
    """The cells as far as the next heading; before it, as far as a figure that stands open."""
    for number, cell in enumerate(cells):
        if re.search("(?m)^(## |---)", read_prose(cell)):
            return cells[: number + 1]
        if "<img" in outside(cell):
            return cells[:number]
    return cells


def read_prose(cell: Any) -> str:
    return str(cell.source) if cell.cell_type == "markdown" else ""


def outside(cell: Any) -> str:
    """What a page shows of a cell without a click; of prose, what comes before a heading."""
    prose = re.split(r"(?m)^(?:## |---)", read_prose(cell))[0]
    shown = [prose]
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        shown += [output.get("text", ""), data.get("text/markdown", "")]
        shown += [data.get("text/html", data.get("text/plain", ""))]
    return _FOLDED.sub("", "\n".join(shown))


def test_a_cell_that_tells_an_answer_shows_all_of_it_in_folds(path: Path) -> None:
    for asked in predictions(path):
        assert asked.tells
        for cell in asked.tells:
            shown = outside(cell)
            assert "<img" not in shown and "<p>" not in shown, cell.source
            assert not any(output.output_type == "stream" for output in cell.outputs), cell.source
            assert any("<details>" in str(output) for output in cell.outputs), cell.source


def test_no_figure_stands_open_between_a_prediction_and_its_answer(path: Path) -> None:
    for asked in predictions(path):
        if (path.stem, asked.name) in _TELLS_NOTHING:
            continue
        for cell in asked.before:
            is_explorer = any(name in cell.source for name in _EXPLORERS)
            assert is_explorer or "<img" not in outside(cell), cell.source


def test_no_number_that_is_the_answer_stands_outside_of_a_fold(path: Path) -> None:
    for asked in predictions(path):
        scored = str([output.data for output in asked.before[-1].outputs])
        for answer in re.findall(rf"It is ({_NUMERAL.pattern})", scored):
            if answer in outside(asked.before[0]):  # an option
                continue
            for cell in [*asked.before, *asked.after]:
                same = [n for n in _NUMERAL.findall(outside(cell)) if is_same(n, answer)]
                assert not same, (answer, cell.source)


def is_same(numeral: str, answer: str) -> bool:
    """Whether a numeral is an answer, rounded or not; 16 and such stand everywhere."""
    shown, exact = (float(n.replace(",", "")) for n in (numeral, answer))
    decimals = len(numeral.partition(".")[2])
    return len(numeral) > 2 and shown == round(exact, decimals)


def test_what_is_observed_in_what_was_predicted_is_folded(path: Path) -> None:
    for asked in predictions(path):
        for cell in asked.after:
            assert not re.search(r"(?m)^\*\*Observation", outside(cell)), cell.source


def test_the_plain_text_of_an_answer_tells_nothing(path: Path) -> None:
    for cell in code_cells(read(path)):
        for output in cell.outputs:
            assert "Score(" not in output.get("data", {}).get("text/plain", ""), cell.source
