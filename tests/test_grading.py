"""`labkit grade`: what students handed in is run again, and a stored verdict is not believed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner, Result
from nbformat.v4 import new_code_cell, new_notebook, new_output

from labkit.cli import main
from labkit.cli.grading import table_of, write_csv
from labkit.cli.submissions import Grade, find_notebooks, grade_notebook

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    return tmp_path


def exercise(name: str, answer: str, **cell: Any) -> Any:
    """An exercise cell with a student's answer."""
    source = f'answer = {answer}\ncheck("{name}", answer)'
    return new_code_cell(source, metadata={"tags": ["exercise"]}, **cell)


def hand_in(path: Path, *cells: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(new_notebook(cells=list(cells))))
    return path


def statuses(path: Path, *, timeout: int = 600) -> dict[str, str]:
    return {g.exercise: g.status for g in grade_notebook(path, path.name, timeout=timeout)}


def labkit_says(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["grade", *map(str, arguments)])


def test_right_wrong_not_attempted_and_broken_answers_are_told_apart(folder: Path) -> None:
    path = hand_in(
        folder / "a.ipynb",
        exercise("00-1", "1 / 0"),
        exercise("00-2", "2**20"),
        exercise("00-3", "..."),
        exercise("01-1", "7"),
        exercise("01-3", "(("),
    )
    # the import is in the first exercise alone, and that may fail
    grades = grade_notebook(path, "a", timeout=600)
    assert {g.exercise: g.status for g in grades} == {
        "00-1": "did not run",
        "00-2": "right",
        "00-3": "not attempted",
        "01-1": "wrong",
        "01-2": "not attempted",
        "01-3": "did not run",
    }
    told = {g.exercise: g.message for g in grades}
    assert "ZeroDivisionError" in told["00-1"]
    assert "larger" in told["01-1"]
    assert "no cell" in told["01-2"]
    assert "SyntaxError" in told["01-3"]


def test_a_stored_or_printed_verdict_is_not_believed(folder: Path) -> None:
    claims = [new_output("display_data", data={"text/html": "✓ exercise 00-2: right"})]
    disguise = "from labkit.course import checking\ncheck = lambda *given: print('right')\n"
    disguise += "checking.EXERCISES['00-3'] = lambda answer: None"
    path = hand_in(
        folder / "a.ipynb",
        new_code_cell(disguise),
        exercise("00-2", "5", outputs=claims, execution_count=1),
        exercise("00-3", "5"),
    )
    assert statuses(path) == {"00-1": "not attempted", "00-2": "wrong", "00-3": "wrong"}


def test_an_answer_does_not_stand_for_the_next_one(folder: Path) -> None:
    stub = new_code_cell('check("00-3", answer)', metadata={"tags": ["exercise"]})
    path = hand_in(folder / "a.ipynb", exercise("00-2", "2**20"), stub)
    assert statuses(path)["00-3"] == "not attempted"


def test_the_last_cell_of_an_exercise_counts(folder: Path) -> None:
    path = hand_in(folder / "a.ipynb", exercise("00-2", "5"), exercise("00-2", "2**20"))
    assert statuses(path)["00-2"] == "right"


def test_a_cell_that_takes_too_long_is_stopped_and_the_rest_goes_on(folder: Path) -> None:
    path = hand_in(
        folder / "a.ipynb",
        exercise("00-1", '__import__("time").sleep(600)'),
        exercise("00-2", "2**20"),
    )
    grades = {g.exercise: g for g in grade_notebook(path, "a", timeout=30)}
    assert (grades["00-1"].status, grades["00-2"].status) == ("did not run", "right")
    assert grades["00-1"].message == "TimeoutError: took over 30 seconds"


def test_a_kernel_that_dies_leaves_what_was_judged_before(folder: Path) -> None:
    path = hand_in(
        folder / "a.ipynb",
        exercise("00-2", "2**20"),
        exercise("00-3", '__import__("os")._exit(1)'),
        exercise("01-1", "24"),
    )
    found = statuses(path)
    assert (found["00-2"], found["00-3"], found["01-1"]) == ("right", "did not run", "did not run")


def test_a_package_that_calls_itself_labkit_judges_nothing(folder: Path) -> None:
    (folder / "labkit").mkdir()
    (folder / "labkit" / "__init__.py").write_text("")
    (folder / "labkit" / "course.py").write_text(
        "class V: status, message = 'right', ''\ndef check(*given): return V()"
    )
    path = hand_in(folder / "a.ipynb", exercise("00-2", "5"))
    (grade,) = [g for g in grade_notebook(path, "a", timeout=600) if g.exercise == "00-2"]
    assert grade.status == "did not run"
    assert "labkit of another place" in grade.message


def test_the_command_prints_each_exercise_and_totals_and_writes_csv(folder: Path) -> None:
    hand_in(folder / "in" / "ada" / "00.ipynb", exercise("00-2", "2**20"))
    (folder / "in" / "bob.ipynb").write_text("no notebook")
    hand_in(folder / "in" / ".ipynb_checkpoints" / "00.ipynb", exercise("00-2", "1"))
    hand_in(folder / "in" / "notes.ipynb", new_code_cell("raise SystemExit"))
    before = {path: path.read_text() for path in (folder / "in").rglob("*.ipynb")}
    grades_file = folder / "grades.csv"
    result = labkit_says(folder / "in", "--csv", grades_file)
    assert result.exit_code == 0, result.output
    rows = [line.split(maxsplit=2) for line in result.stdout.splitlines()]
    assert ["ada/00.ipynb", "00-2", "right"] in rows
    assert ["ada/00.ipynb", "1", "of 3 right"] in rows
    assert "2 notebooks: 1 right, 0 wrong, 2 not attempted, 1 did not run" in result.stdout
    with grades_file.open(newline="") as opened:
        table = list(csv.DictReader(opened))
    assert [(row["exercise"], row["status"]) for row in table] == [
        ("00-1", "not attempted"),
        ("00-2", "right"),
        ("00-3", "not attempted"),
        ("", "did not run"),
    ]
    after = {path: path.read_text() for path in (folder / "in").rglob("*") if path.is_file()}
    assert after == before


def test_a_mistake_is_told_before_anything_runs(folder: Path) -> None:
    assert labkit_says(folder / "nowhere").exit_code == 2
    empty = labkit_says(folder)
    assert empty.exit_code == 1
    assert "holds no notebook" in empty.stderr
    hand_in(folder / "a.ipynb", exercise("00-2", "1"))
    (folder / "grades.csv").write_text("kept")
    result = labkit_says(folder, "--csv", folder / "grades.csv")
    assert result.exit_code == 1
    assert "exists already" in result.stderr
    assert (folder / "grades.csv").read_text() == "kept"


def test_what_a_student_wrote_can_neither_command_a_terminal_nor_a_spreadsheet(
    folder: Path,
) -> None:
    grades = [Grade("\x1b[2J.ipynb", "00-1", "wrong", "=cmd|' /C calc'!A0")]
    assert "\x1b" not in "\n".join(table_of(grades))
    write_csv(grades, folder / "grades.csv")
    assert ",'=cmd" in (folder / "grades.csv").read_text()


def test_notebooks_of_subfolders_come_in_order_and_hidden_ones_do_not(folder: Path) -> None:
    for name in ("b/2.ipynb", "a/1.ipynb", ".hidden/3.ipynb"):
        hand_in(folder / name)
    found = [path.relative_to(folder).as_posix() for path in find_notebooks(folder)]
    assert found == ["a/1.ipynb", "b/2.ipynb"]
