"""`labkit grade`: what students handed in is run again, and a stored verdict is not believed."""

from __future__ import annotations

import csv
import os
import sys
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
    assert "one hidden unit" in told["01-1"]
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


IMPORT = "from labkit.course import check\n"
#: Cells that give 2**20 to `check`, in ways that a notebook may come to have.
ALIKE = {
    "another name": ["total = 2**20\ncheck('00-2', total)"],
    "no name": ["check('00-2', 2**20)"],
    "keywords": ["check(answer=2**20, name='00-2')"],
    "a qualified call": ["import labkit\nlabkit.course.check('00-2', 2**20)"],
    "its old address": ["import labkit.exercises as e\ne.check('00-2', 2**20)"],
    "an alias": ["from labkit.course import check as c", "c('00-2', 2**20)"],
    "a name that is computed": ["name = ''.join('00-2')\ncheck(name, 2**20)"],
    "set in the cell above": ["answer = 2**20", "check('00-2', answer)"],
    "two exercises in one cell": [
        "answer = 2**20\ncheck('00-2', answer)\nanswer = 12\ncheck('00-3', answer)"
    ],
    "help that was left": ["answer = 2**20\ncheck('00-2', answer)\ncheck?"],
    "a magic": ["%time answer = 2**20\ncheck('00-2', answer)"],
    "another standard output": [
        "import io, sys\nkept, sys.stdout = sys.stdout, io.StringIO()\ncheck('00-2', 2**20)",
        "sys.stdout = kept",
    ],
    "a function": ["def give():\n    return 2**20\nprint(check('00-2', give()))"],
    "a thread that prints": [
        "import threading, time\n"
        "def talk():\n    for _ in range(2000): print('x', end=''); time.sleep(0.001)\n"
        "threading.Thread(target=talk).start()\ncheck('00-2', 2**20)"
    ],
    "a broken end": ["check('00-2', 2**20)\n1 / 0"],
    "an iterator": ["check('06-1', iter(['110', '011', '111', '101']))\ncheck('00-2', 2**20)"],
}


#: Exercises whose answer is a number, so that each way can be tried on one of its own.
ANSWERS = {
    **{"00-2": "2**20", "01-1": "24", "02-1": "8", "03-1": "6", "05-2": "23", "07-1": "360"},
    **{"08-1": "211", "08a-2": "2"},
}


@pytest.mark.parametrize("part", [0, 1])
def test_what_was_given_to_check_counts_however_it_was_written(folder: Path, part: int) -> None:
    cells = [new_code_cell(IMPORT)]
    ways = dict(zip(ANSWERS, [*ALIKE][part::2], strict=True))
    for name, way in ways.items():
        sources = (text.replace("2**20", ANSWERS[name]) for text in ALIKE[way])
        cells += [new_code_cell(text.replace("00-2", name)) for text in sources]
    path = hand_in(folder / "a.ipynb", *cells)
    grades = {g.exercise: g.status for g in grade_notebook(path, "a", timeout=600)}
    assert {ways[name]: grades[name] for name in ways} == dict.fromkeys(ways.values(), "right")


def test_what_was_judged_before_the_kernel_fell_silent_counts(folder: Path) -> None:
    silent = f"import sys\n{IMPORT}check('00-2', 2**20)\nsys.stdout = None"
    path = hand_in(folder / "a.ipynb", new_code_cell(silent))
    assert statuses(path, timeout=10)["00-2"] == "right"


def test_a_hand_in_of_any_kind_has_a_row_and_hides_no_other(folder: Path) -> None:
    good = hand_in(folder / "in" / "b good.ipynb", exercise("00-2", "2**20"))
    text = good.read_text("utf-8")
    bad: dict[str, bytes | str] = {
        "no cells": '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
        "a list": "[]",
        "a number": "3",
        "empty": "",
        "blank": " \n",
        "no cell": '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1, null]}',
        "newer": text.replace('"nbformat": 4', '"nbformat": 99'),
        "latin": text.replace("20", "20 # ü").encode("latin-1"),
        "cut": text[: len(text) // 2],
        "deep": "[" * 100_000,
        "zip": b"PK\x03\x04\x00\xff",
        "zeros": bytes(1000),
    }
    for name, content in bad.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / "in" / f"{name}.ipynb").write_bytes(data)
    (folder / "in" / "folder.ipynb").mkdir()
    (folder / "in" / "nothing.ipynb").symlink_to(folder / "nowhere")
    with (folder / "in" / "huge.ipynb").open("wb") as huge:
        huge.truncate(2**33)
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "in" / "pipe.ipynb")
    for name, cells in {"markdown": [], "untouched": [new_code_cell("1 + 1")]}.items():
        hand_in(folder / "in" / f"{name}.ipynb", *cells)
    (folder / "in" / "ben.zip").write_bytes(b"PK")
    result = labkit_says(folder / "in", "--csv", folder / "g.csv")
    assert result.exit_code == 0, result.output
    assert "left out, not *.ipynb: ben.zip" in result.stderr
    with (folder / "g.csv").open(newline="", encoding="utf-8") as opened:
        rows = [*csv.DictReader(opened)]
    told = {row["file"]: row for row in rows if not row["exercise"]}
    assert {*told} == {path.name for path in (folder / "in").glob("*.ipynb")} - {good.name}
    for name, row in told.items():
        is_read = name in ("markdown.ipynb", "untouched.ipynb")
        assert row["status"] == ("not attempted" if is_read else "did not run"), row
        assert ("holds no exercise" if is_read else "no notebook: ") in row["message"]
    assert "limit: 128.0 MiB" in told["huge.ipynb"]["message"]
    assert [row["status"] for row in rows if row["exercise"] == "00-2"] == ["right"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_notebook_saved_by_any_editor_is_read(folder: Path, encoding: str) -> None:
    path = hand_in(folder / "a.ipynb", new_code_cell("1"))
    path.write_bytes(path.read_text("utf-8").encode(encoding))
    (grade,) = grade_notebook(path, "a", timeout=600)
    assert "holds no exercise" in grade.message


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_a_name_that_is_not_utf_8_is_written_and_blocks_nothing(folder: Path) -> None:
    good = hand_in(folder / "a.ipynb", exercise("00-2", "2**20"))
    inside = os.path.join(os.fsencode(folder), b"M\xfcller")  # noqa: PTH118
    os.mkdir(inside)  # noqa: PTH102
    os.rename(good, os.path.join(inside, b"J\xfcrgen.ipynb"))  # noqa: PTH104, PTH118
    result = labkit_says(folder, "--csv", folder / "g.csv")
    assert result.exit_code == 0, result.output
    written = (folder / "g.csv").read_text("utf-8")
    assert "M\ufffdller/J\ufffdrgen.ipynb,00-2,right," in written


def test_a_table_that_cannot_be_written_is_said_before_anything_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(folder / "a.ipynb", exercise("00-2", "2**20"))
    monkeypatch.setattr("labkit.cli.grading.grade_notebook", lambda *_, **__: pytest.fail("ran"))
    for target in (folder / "nodir" / "g.csv", folder / "a.ipynb" / "g.csv"):
        result = labkit_says(folder, "--csv", target)
        assert result.exit_code == 1
        assert "cannot be written: its folder" in result.stderr
    assert not (folder / "nodir").exists()


def test_what_was_judged_is_shown_and_no_half_table_stays_when_something_goes_wrong(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        hand_in(folder / f"{name}.ipynb", exercise("00-2", "2**20"))

    def judge(path: Path, name: str, *, timeout: int) -> list[Grade]:
        if name == "b.ipynb":
            raise KeyboardInterrupt
        return [Grade(name, "00-2", "right", "\ud800")]

    monkeypatch.setattr("labkit.cli.grading.grade_notebook", judge)
    result = labkit_says(folder, "--csv", folder / "g.csv")
    assert result.exit_code == 130
    assert "a.ipynb  00-2      right" in result.stdout
    assert not (folder / "g.csv").exists()
    (folder / "b.ipynb").unlink()
    assert labkit_says(folder, "--csv", folder / "g.csv").exit_code == 0


def test_a_kernel_that_cannot_be_started_is_a_row(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object, **named: object) -> None:
        raise RuntimeError("Kernel died before replying to kernel_info")

    monkeypatch.setattr("nbclient.NotebookClient.async_execute", fail)
    path = hand_in(folder / "a.ipynb", exercise("00-2", "2**20"))
    (grade,) = grade_notebook(path, "a", timeout=600)
    assert (grade.status, grade.exercise) == ("did not run", "")
    assert "Kernel died before" in grade.message


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
    grades = {g.exercise: g for g in grade_notebook(path, "a", timeout=12)}
    assert (grades["00-1"].status, grades["00-2"].status) == ("did not run", "right")
    assert grades["00-1"].message == "TimeoutError: took over 12 seconds"


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
    assert "3 notebooks: 1 right, 0 wrong, 3 not attempted, 1 did not run" in result.stdout
    with grades_file.open(newline="") as opened:
        table = list(csv.DictReader(opened))
    assert [(row["exercise"], row["status"]) for row in table] == [
        ("00-1", "not attempted"),
        ("00-2", "right"),
        ("00-3", "not attempted"),
        ("", "did not run"),
        ("", "not attempted"),
    ]
    assert "holds no exercise" in table[-1]["message"]
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
