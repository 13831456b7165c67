"""What can be measured about a notebook as a lesson: `python tests/notebook_measures.py`.

Prints the table that the README shows, and numerals in prose that no cell computes or asserts.
With `--write` the README's table is brought up to date.
"""

from __future__ import annotations

import html
import itertools
import re
import statistics
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from notebook_ideas import idea_share, met_cells
from run_notebooks import FOLDER, code_cells, read

from labkit.course import explorers
from labkit.course.registry import LESSONS, PART_ONE, PART_TWO, Lesson

_FIVES = (
    *("Five", "Ten", "Fifteen", "Twenty", "Twenty-five", "Thirty", "Thirty-five", "Forty"),
    *("Forty-five", "Fifty", "Fifty-five", "Sixty", "Sixty-five", "Seventy", "Seventy-five"),
    *("Eighty", "Eighty-five", "Ninety"),
)
MINUTES = {word: 5 * number for number, word in enumerate(_FIVES, start=1)}
LIST_BEGIN, LIST_END = "<!-- list of lessons -->", "<!-- /list of lessons -->"
TABLE_BEGIN, TABLE_END = "<!-- lessons -->", "<!-- /lessons -->"
_NUMERAL = re.compile(r"(?<![\w.^,])\d+(?:,\d{3})*(?:\.\d+)?(?![\w^])")
#: What holds numerals that state no result: code, formulas, addresses, sources, names and lists.
_NO_RESULT = [
    *(r"```.*?```", r"`[^`]*`", r"\$\$.*?\$\$", r"\$[^$\n]*\$", r"\]\([^)]*\)", r"<[^>]*>"),
    *(
        r"(?:arXiv[: ]*|quant-ph/)\d+(?:\.\d+)?",
        r"\b(?:19|20)\d\d(?:/\d\d(?:\d\d)?)?\b",
        r"(?m)^\s*\**\d+\.(?:\**)\s",
    ),
    *(r"\[?\d\d · ", r"\b[Nn]otebooks? \d\d(?:(?:,| and| to|–|-) ?\d\d)*", r"\bneuron 0\b"),
]


@dataclass(frozen=True)
class Measures:
    """One notebook as a lesson.

    Attributes:
        name: of the file, without its ending.
        minutes: in its header.
        reading: minutes by what there is to read and do, see `reading_minutes`.
        words_first: of prose before the first figure.
        prose_most: words of the longest prose cell.
        code_median: lines of the middle code cell, of those that are not folded away.
        code_most: lines of the longest of them.
        ideas: the share of code lines that hold ideas, see `notebook_ideas`.
        exercises: that are checked.
        figures: with a text for who cannot see them.
        seconds: that it took to run when it was stored.
        peak_mib: memory of its kernel at its peak then, MiB.
    """

    name: str
    minutes: int
    reading: float
    words_first: int
    prose_most: int
    code_median: float
    code_most: int
    ideas: float
    exercises: int
    figures: int
    seconds: float
    peak_mib: float


def measure(path: Path) -> Measures:
    """Measures a notebook as it is stored."""
    notebook = read(path)
    lines = [count_lines(cell) for cell in met_cells(notebook)]
    stored = notebook.metadata.get("labkit", {})
    return Measures(
        path.stem,
        header_minutes(notebook),
        reading_minutes(notebook),
        words_to_first_figure(notebook)[0],
        max(len(text.split()) for text in prose_of(notebook)),
        statistics.median(lines),
        max(lines),
        idea_share(notebook),
        len(tagged(notebook, "exercise")),
        len(alternative_texts(notebook)),
        stored.get("seconds", float("nan")),
        stored.get("peak_mib", float("nan")),
    )


def header_minutes(notebook: Any) -> int:
    """The minutes that the first cell promises."""
    stated = re.search(r"\*([\w-]+) minutes\.\*", notebook.cells[0].source)
    assert stated, "the header names no minutes"
    assert stated[1] in MINUTES, f"*{stated[1]} minutes.* is none of {', '.join(MINUTES)}"
    return MINUTES[stated[1]]


def reading_minutes(notebook: Any) -> float:
    """What a learner takes: 110 words a minute, 6 seconds for a line of code that is not folded
    away, a minute for a figure, four for an explorer, four for an exercise.
    """
    words = sum(len(text.split()) for text in prose_of(notebook))
    lines = sum(map(count_lines, met_cells(notebook)))
    tried = len(explorer_cells(notebook))
    figures = max(len(alternative_texts(notebook)) - tried, 0)
    return words / 110 + lines / 10 + figures + 4 * (tried + len(tagged(notebook, "exercise")))


def explorer_cells(notebook: Any) -> list[Any]:
    """The cells that make an explorer."""
    named = re.compile(rf"\b(?:{'|'.join(explorers.__all__)})\(")
    return [cell for cell in code_cells(notebook) if named.search(cell.source)]


def words_to_first_figure(notebook: Any) -> tuple[int, int]:
    """Words of prose and code cells up to the first figure; all of them if there is none."""
    words = cells = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            words += len(cell.source.split())
            continue
        cells += 1
        if any("<img" in picture_of(output) for output in cell.outputs):
            break
    return words, cells


def unsupported_numerals(notebook: Any) -> list[str]:
    """Numerals in prose that occur neither in a code cell nor in an output of the notebook.

    Left out is what states no result: code, formulas, links, sources, numbers of lists and of
    notebooks, questions of exercises and their solutions. 12% is found as 12% or as 0.12, and
    4,096 as 4096 or as 2**12.
    """
    known = {number for text in computed_texts(notebook) for number in numbers_in(text)}
    cells, questions = notebook.cells, []
    for cell, after in itertools.pairwise(cells):
        questions += [cell.source] if "exercise" in after.metadata.get("tags", ()) else []
    return [
        f"{found} in: {' '.join(text.split())[:60]}"
        for text in prose_of(notebook)
        if text not in questions
        for found in _NUMERAL.findall(without_sources(text))
        if to_number(found) not in known
    ]


def without_sources(text: str) -> str:
    """Prose without what holds numerals that state no result."""
    for pattern in _NO_RESULT:
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    return text


def computed_texts(notebook: Any) -> Iterator[str]:
    """Code, and what came of it, without the data of pictures."""
    for cell in code_cells(notebook):
        yield cell.source
        for output in cell.outputs:
            data = output.get("data", {})
            yield output.get("text", "")
            yield data.get("text/plain", "") + data.get("text/markdown", "")
            shown = re.sub(r'src="data:[^"]*"', "", data.get("text/html", ""))
            yield html.unescape(shown)


def numbers_in(text: str) -> Iterator[float]:
    """The numbers of a text; percentages also as shares, powers such as 2**12 also worked out."""
    for found in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?%?", text.replace("_", "")):
        number = to_number(found.rstrip("%"))
        yield number
        yield round(number * 100, 9)
    for base, power in re.findall(r"(\d+)\s?\*\*\s?(\d{1,2})", text):
        yield float(int(base) ** int(power))


def to_number(numeral: str) -> float:
    """Of digits with commas between thousands."""
    return float(numeral.replace(",", ""))


def prose_of(notebook: Any) -> list[str]:
    """The texts of the prose cells, without the folded solutions, and answers about explorers."""
    folded = tagged(notebook, "solution") + tagged(notebook, "answer")
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    return [cell.source for cell in texts if cell not in folded]


def tagged(notebook: Any, tag: str) -> list[Any]:
    """The cells with a tag."""
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", ())]


def picture_of(output: Any) -> str:
    """The HTML of an output, '' where it has none."""
    return str(output.get("data", {}).get("text/html", ""))


def alternative_texts(notebook: Any) -> list[str]:
    """Of all pictures, in order."""
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    return [t for o in outputs for t in re.findall('<img alt="([^"]*)"', picture_of(o))]


def count_lines(cell: Any) -> int:
    """Lines that are not empty."""
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def render_table(measured: list[Measures]) -> str:
    """The README's table."""
    head = (
        "| notebook | minutes: header, by content | words to the first figure "
        "| longest prose cell, words | code lines a cell: median, most | lines that hold ideas "
        "| exercises | figures | run, s | memory, MiB |"
    )
    rows = [
        f"| {m.name} | {m.minutes}, {m.reading:.0f} | {m.words_first} | {m.prose_most} "
        f"| {m.code_median:g}, {m.code_most} | {m.ideas:.0%} | {m.exercises} | {m.figures} "
        f"| {m.seconds:.0f} | {m.peak_mib:.0f} |"
        for m in measured
    ]
    return "\n".join([head, "| --- " * 10 + "|", *rows])


def render_lessons() -> str:
    """The README's list of lessons, from the registry."""
    parts = {"**Part one: the subject**": PART_ONE, "**Part two: neighbours**": PART_TWO}
    return "\n\n".join(f"{name}\n\n{_table(part)}" for name, part in parts.items() if part)


def _table(lessons: Iterable[Lesson]) -> str:
    rows = [
        f"| [{lesson.number} {lesson.title}](notebooks/{lesson.file}.ipynb) | {lesson.minutes} "
        f"| {lesson.does} |"
        for lesson in lessons
    ]
    return "\n".join(["| notebook | minutes | what you do |", "|---|---|---|", *rows])


def all_notebooks() -> list[Path]:
    """The files of the registry's lessons, in order."""
    return [FOLDER / lesson.notebook for lesson in LESSONS]


def main(arguments: list[str]) -> int:
    """Prints table and numerals; returns how many numerals no cell supports."""
    table = render_table([measure(path) for path in all_notebooks()])
    print(table)
    if "--write" in arguments:
        readme = ROOT / "README.md"
        text = readme.read_text("utf-8")
        for made, begin, end in (
            (render_lessons(), LIST_BEGIN, LIST_END),
            (table, TABLE_BEGIN, TABLE_END),
        ):
            before, _, rest = text.partition(begin)
            text = f"{before}{begin}\n\n{made}\n\n{end}{rest.partition(end)[2]}"
        readme.write_text(text, encoding="utf-8")
    found = [(path, line) for path in all_notebooks() for line in unsupported_numerals(read(path))]
    for path, line in found:
        print(f"{path.stem}: {line}")
    return len(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
