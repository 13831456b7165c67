"""Notebooks: each runs clean from top to bottom, its solutions pass, and it reads as a lesson."""

from __future__ import annotations

import ast
import html
import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.fresh_script import explorers
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell
from notebook_ideas import code_of, idea_share, is_folded, met_cells
from notebook_measures import (
    all_notebooks,
    alternative_texts,
    count_lines,
    header_minutes,
    picture_of,
    prose_of,
    reading_minutes,
    tagged,
    unsupported_numerals,
    words_to_first_figure,
)
from run_notebooks import FOLDER, WIDGET_VIEW, code_cells, complaints, execute, read

from labkit.course.checking import all_exercises
from labkit.course.registry import LESSONS

NOTEBOOKS = all_notebooks()
EXPLORERS = sorted(explorer.__name__ for explorer in explorers())
#: MiB; TensorFlow Quantum.
_MEMORY = {"09_training_angles": 1638, "18_circuit_input_layer": 1638}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def solutions(notebook: Any) -> Iterator[Any]:
    """Each exercise's cell, its stub replaced by the solution that follows it."""
    stubs, answers = tagged(notebook, "exercise"), tagged(notebook, "solution")
    for stub, answer in zip(stubs, answers, strict=True):
        (code,) = re.findall(r"```python\n(.*?)```", answer.source, flags=re.DOTALL)
        lines = stub.source.splitlines()
        imports = [line for line in lines if line.startswith(("from ", "import "))]
        source = "\n".join([*imports, code, lines[-1]])
        yield new_code_cell(source, metadata={"tags": ["solved"]})


def and_back(notebook: Any) -> list[Any]:
    """The code cells once more, in reverse order."""
    return [new_code_cell(cell.source) for cell in reversed([*code_cells(notebook)])]


def verdicts(notebook: Any, tag: str) -> Iterator[str]:
    for cell in tagged(notebook, tag):
        (output,) = cell.outputs
        yield output.data["text/html"]


def run_clean(notebook: Any, path: Path) -> Any:
    """Executed without an error or a warning, within the memory of a lesson."""
    (part,) = (lesson.needs for lesson in LESSONS if lesson.file == path.stem)
    if part and not part.is_installed():
        pytest.skip(part.line)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONWARNINGS", "default")
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
        executed = execute(notebook, folder=path.parent)
    assert complaints(executed) == []
    assert executed.metadata["labkit"]["peak_mib"] < _MEMORY.get(path.stem, 1024)
    return executed


@pytest.mark.notebook
@pytest.mark.filterwarnings("default")
def test_every_cell_runs_clean_and_again_after_the_last_and_every_solution_passes(
    path: Path,
) -> None:
    notebook = read(path)
    notebook.cells += [*and_back(notebook), *solutions(notebook)]
    executed = run_clean(notebook, path)
    assert all("not attempted" in verdict for verdict in verdicts(executed, "exercise"))
    found = list(verdicts(executed, "solved"))
    assert found and all(": right" in verdict for verdict in found), found


def test_each_exercise_runs_with_its_own_imports_alone(path: Path) -> None:
    for cell in tagged(read(path), "exercise"):
        exec(cell.source, {})


@pytest.mark.notebook
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("number", ["09", "18"])
def test_angles_are_there_where_there_is_no_tensorflow_quantum(number: str) -> None:
    (path,) = FOLDER.glob(f"{number}_*.ipynb")
    notebook = read(path)
    hide = "import sys\n\nsys.modules['tensorflow_quantum'] = None"
    tell = "print('tensorflow' in sys.modules)"
    notebook.cells = [new_code_cell(hide), *notebook.cells, new_code_cell(tell)]
    executed = run_clean(notebook, path)
    assert executed.cells[-1].outputs[0].text == "False\n"
    assert len(alternative_texts(executed)) == len(alternative_texts(read(path)))


def test_the_course_is_complete() -> None:
    assert sorted(FOLDER.glob("*.ipynb")) == NOTEBOOKS


def test_what_is_stored_was_executed_and_reads_without_a_kernel(path: Path) -> None:
    notebook = read(path)
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert complaints(notebook) == []
    assert all(cell.execution_count for cell in code_cells(notebook))
    assert len(texts := alternative_texts(notebook)) >= 2
    assert all(len(text) > 20 for text in texts)
    assert not any("image/png" in o.get("data", {}) for o in outputs)  # it would have no text
    assert not any(WIDGET_VIEW in o.get("data", {}) for o in outputs)


def test_links_lead_to_files_that_exist(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", "\n".join(prose_of(read(path))))
    local = [target for target in targets if "://" not in target]
    assert local
    assert all((path.parent / target).exists() for target in local)


def test_the_header_names_goal_minutes_and_neighbours(path: Path) -> None:
    header = read(path).cells[0].source
    assert "**You will be able to**" in header
    assert re.search(r"\*[\w-]+ minutes\.\*", header)
    number = NOTEBOOKS.index(path)
    assert header.startswith(f"# {LESSONS[number].number} · {LESSONS[number].title}")
    assert header_minutes(read(path)) == LESSONS[number].minutes
    for neighbour in NOTEBOOKS[max(0, number - 1) : number] + NOTEBOOKS[number + 1 : number + 2]:
        assert neighbour.name in header


def test_the_header_minutes_agree_with_what_there_is_to_read_and_do(path: Path) -> None:
    notebook = read(path)
    assert reading_minutes(notebook) == pytest.approx(header_minutes(notebook), rel=0.3)


def test_every_numeral_in_prose_that_states_a_result_is_computed_or_asserted(path: Path) -> None:
    assert unsupported_numerals(read(path)) == []


def test_the_footer_recaps_and_names_versions_and_seed(path: Path) -> None:
    *_, recap, last = read(path).cells
    assert "**In three lines.**" in recap.source
    assert "describe_run(seed=" in last.source


def test_cells_are_short_and_prose_and_code_alternate(path: Path) -> None:
    notebook, in_a_row = read(path), 0
    for cell in notebook.cells:
        is_code = cell.cell_type == "code"
        if is_code and is_folded(cell):
            continue
        in_a_row = in_a_row + 1 if is_code else 0
        assert in_a_row <= 2, cell.source
        if is_code:
            assert count_lines(cell) <= 8, cell.source
        else:
            assert len(cell.source.split()) <= (140 if is_folded(cell) else 80), cell.source
    code = "\n".join(cell.source for cell in met_cells(notebook))
    assert len(re.findall(r"^def ", code, flags=re.MULTILINE)) <= 2
    assert "pip install" not in code


def test_claims_are_asserted_in_cells_that_are_folded_away(path: Path) -> None:
    notebook = read(path)
    for cell in tagged(notebook, "claims"):
        assert cell.metadata["jupyter"]["source_hidden"], cell.source
    for cell in met_cells(notebook):
        assert "assert " not in cell.source, cell.source


def test_a_figure_ends_its_cell_or_is_handed_on(path: Path) -> None:
    for cell in code_cells(read(path)):
        statements = ast.parse(code_of(cell)).body
        bare = [n for n in ast.walk(ast.Module(statements, [])) if isinstance(n, ast.Expr)]
        for statement in bare:  # elsewhere nothing would show it
            called = getattr(statement.value, "func", statement.value)
            name = ast.unparse(called).rpartition(".")[2]
            assert not name.startswith("figure_") or statement is statements[-1], cell.source


def test_most_lines_that_a_reader_meets_hold_an_idea() -> None:
    assert statistics.median(idea_share(read(path)) for path in NOTEBOOKS) >= 0.7


def test_the_first_figure_comes_within_150_words_and_two_code_cells(path: Path) -> None:
    words, cells = words_to_first_figure(read(path))
    assert words <= 150
    assert cells <= 2


def test_each_explorer_shows_a_picture_on_a_page_without_a_kernel(path: Path) -> None:
    for cell in code_cells(read(path)):
        if any(f"{name}(" in cell.source for name in EXPLORERS):
            assert "<img" in "".join(map(picture_of, cell.outputs)), cell.source


def test_each_picture_is_on_the_page_that_nbconvert_makes_without_a_kernel(path: Path) -> None:
    page, _ = HTMLExporter().from_filename(str(path))
    texts = re.findall('<img alt="([^"]*)" src="data:image/png', page)
    assert [*map(html.unescape, texts)] == [*map(html.unescape, alternative_texts(read(path)))]


def test_three_to_five_exercises_each_with_graded_hints_and_solution(path: Path) -> None:
    notebook = read(path)
    stubs, answers = tagged(notebook, "exercise"), tagged(notebook, "solution")
    assert 3 <= len(stubs) <= 5
    assert len(stubs) == len(answers)
    for solution in answers:
        summaries = re.findall("<summary>(.*?)</summary>", solution.source)
        assert summaries == ["Hint 1", "Hint 2", "Solution"]


def test_every_exercise_is_asked_in_one_notebook() -> None:
    asked = [
        name
        for path in NOTEBOOKS
        for cell in tagged(read(path), "exercise")
        for name in re.findall(r'check\("([^"]+)"', cell.source)
    ]
    assert sorted(asked) == all_exercises()
