"""Two versions from one source: the students' tells no solution, and the teacher's is right."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from make_versions import (
    exercises,
    fill_in,
    instructor_version,
    split_solution,
    student_version,
    write_versions,
)
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebook_measures import all_notebooks
from run_notebooks import complaints, execute, read

STUB = 'from labkit.course import check\n\nanswer = ...  # a number\ncheck("00-2", answer)'
SOLUTION = """<details><summary>Hint 1</summary>Count one.</details>
<details><summary>Hint 2</summary>Double it, often.</details>
<details><summary>Solution</summary>

```python
choices = 2
answer = choices**20
```

Independent choices multiply.
</details>"""


def small_notebook() -> Any:
    """One exercise, as a reader left it."""
    ran = [new_output("display_data", data={"text/html": "wrong"})]
    stub = new_code_cell(STUB, metadata={"tags": ["exercise"]}, outputs=ran, execution_count=2)
    solution = new_markdown_cell(SOLUTION, metadata={"tags": ["solution"]})
    return new_notebook(
        cells=[new_markdown_cell("**1.** How many?"), stub, solution, new_code_cell("2 + 2")]
    )


@pytest.fixture(params=all_notebooks(), ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Any:
    return read(request.param)


def test_the_student_sees_question_stub_and_hints_but_no_solution() -> None:
    question, stub, hints, after = student_version(small_notebook()).cells
    assert question.source == "**1.** How many?"
    assert stub.source == STUB
    assert (stub.outputs, stub.execution_count) == ([], None)
    assert hints.source == SOLUTION.partition("\n<details><summary>Solution")[0]
    assert after.source == "2 + 2"


def test_a_student_gets_no_stored_answer_of_a_prediction(notebook: Any) -> None:
    for cell, before in zip(student_version(notebook).cells, notebook.cells, strict=True):
        shown, stored = cell.get("outputs", ()), before.get("outputs", ())
        assert "Guess first" not in str(shown), cell.source
        is_kept = "Guess first" not in str(stored) and "exercise" not in cell.metadata.get(
            "tags", ()
        )
        assert not is_kept or shown == stored, cell.source


def test_the_teacher_sees_the_code_in_place_of_the_stub_and_the_reasoning_open() -> None:
    _, stub, reasoning, _ = instructor_version(small_notebook()).cells
    assert stub.source.splitlines() == [
        "from labkit.course import check",
        "",
        "choices = 2",
        "answer = choices**20",
        'check("00-2", answer)',
    ]
    assert stub.outputs == []
    assert "Hint 2" in reasoning.source
    assert reasoning.source.endswith("</details>\n\n**Solution.** Independent choices multiply.")


def test_the_source_is_left_as_it_is() -> None:
    source = small_notebook()
    before = str(source)
    student_version(source)
    instructor_version(source)
    assert str(source) == before


@pytest.mark.notebook
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("make", "verdict"), [(student_version, "not attempted"), (instructor_version, ": right")]
)
def test_both_versions_run(
    make: Any, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    executed = execute(make(small_notebook()), folder=tmp_path)
    assert complaints(executed) == []
    assert verdict in executed.cells[1].outputs[0].data["text/html"]


def test_no_line_of_a_solution_is_in_the_students_version(notebook: Any) -> None:
    version = student_version(notebook)
    text = "\n".join(cell.source for cell in version.cells)
    assert "Solution</summary>" not in text
    for _, solution in exercises(notebook):
        code, reasoning = split_solution(solution.source)
        assert code not in text
        assert reasoning not in text
        for line in code.splitlines():
            assert not line.startswith("answer =") or line not in text


def test_a_student_has_two_hints_and_an_untouched_stub_for_each_exercise(notebook: Any) -> None:
    cells = student_version(notebook).cells
    stubs = [cell for cell in cells if "exercise" in cell.metadata.get("tags", ())]
    hints = [cell for cell in cells if "hints" in cell.metadata.get("tags", ())]
    assert len(stubs) == len(hints) > 0
    for stub, hint in zip(stubs, hints, strict=True):
        assert re.search(r"^answer = \.\.\.", stub.source, flags=re.MULTILINE)
        assert stub.outputs == []
        assert re.findall("<summary>(.*?)</summary>", hint.source) == ["Hint 1", "Hint 2"]


def test_the_teachers_stubs_are_filled_and_nothing_but_hints_is_folded(notebook: Any) -> None:
    cells = instructor_version(notebook).cells
    for cell, after in pairwise(cells):
        if "exercise" in cell.metadata.get("tags", ()):
            assert "= ..." not in cell.source
            assert cell.source.splitlines()[-1].startswith('check("')
            assert "**Solution.**" in after.source
            assert "Solution</summary>" not in after.source


def test_versions_are_written_anew_side_by_side(tmp_path: Path) -> None:
    source, target = tmp_path / "notebooks", tmp_path / "build"
    source.mkdir()
    names = ("00_a.ipynb", "01_b.ipynb")
    for name in (*names, "in_no_list.ipynb"):
        (source / name).write_text(nbformat.writes(small_notebook()))
    for folder in ("student", "instructor"):
        (target / folder).mkdir(parents=True)
        (target / folder / "renamed_since.ipynb").write_text("{}")
    written = write_versions(source, target, names)
    assert sorted(written) == sorted(target.rglob("*.ipynb"))
    assert len(written) == 4
    assert "2**20" not in (target / "student" / "00_a.ipynb").read_text()
    assert "choices**20" in (target / "instructor" / "01_b.ipynb").read_text()


def test_a_notebook_that_cannot_be_split_is_named(tmp_path: Path) -> None:
    spoilt = small_notebook()
    del spoilt.cells[2]
    (tmp_path / "00_a.ipynb").write_text(nbformat.writes(spoilt))
    with pytest.raises(ValueError, match=r"00_a\.ipynb: cell 2"):
        write_versions(tmp_path, tmp_path / "build", ["00_a.ipynb"])


@pytest.mark.parametrize(
    "spoilt",
    [
        SOLUTION.replace("Solution", "Answer"),
        SOLUTION.replace("```python", "```"),
        SOLUTION.replace("Count one.", "```python\nanswer = 2**20\n```"),
        SOLUTION + SOLUTION,
    ],
)
def test_a_solution_that_cannot_be_told_from_its_hints_is_refused(spoilt: str) -> None:
    source = small_notebook()
    source.cells[2].source = spoilt
    for make in (student_version, instructor_version):
        with pytest.raises(ValueError, match="one solution"):
            make(source)


def test_an_exercise_without_solution_is_refused() -> None:
    for left_out in (1, 2):
        source = small_notebook()
        del source.cells[left_out]
        with pytest.raises(ValueError, match="an exercise is followed by its solution"):
            student_version(source)
    source = small_notebook()
    source.cells = source.cells[:2]
    with pytest.raises(ValueError, match="last exercise"):
        student_version(source)


def test_a_stub_keeps_its_import_and_its_check() -> None:
    assert fill_in('answer = ...\ncheck("x", answer)', "answer = 1") == (
        'answer = 1\ncheck("x", answer)'
    )
