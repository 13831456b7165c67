"""`labkit hand-in` and what a class handed in: one zip each, points by student and exercise."""

from __future__ import annotations

import csv
import threading
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner, Result
from nbformat.v4 import new_code_cell, new_notebook

from labkit.cli import main, submissions
from labkit.cli.grading import default_jobs, judge_students
from labkit.cli.points import count_points, points_in_lines, write_points
from labkit.cli.submissions import Grade, _running
from labkit.records import LabBook

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.delenv("LABKIT_BOOK", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def notebook(path: Path, **answers: str) -> Path:
    """A notebook that gives answers to exercises, '00_2' for 00-2."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = ["from labkit.course import check"]
    cells += [f'check("{name[1:].replace("_", "-")}", {a})' for name, a in answers.items()]
    path.write_text(nbformat.writes(new_notebook(cells=[*map(new_code_cell, cells)])))
    return path


def says(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


def test_a_hand_in_holds_the_notebooks_and_the_whole_lab_book(folder: Path) -> None:
    notebook(folder / "work" / "00.ipynb", _00_2="2**20")
    notebook(folder / "work" / "more" / "03.ipynb")
    (folder / "work" / ".ipynb_checkpoints").mkdir()
    notebook(folder / "work" / ".ipynb_checkpoints" / "00.ipynb")
    book = LabBook(folder / "work" / "lab_book.sqlite")
    ids = {book.record(f"q{i}") for i in range(3)}  # not yet in the file proper
    result = says("hand-in", "ada.zip", "work")
    assert result.exit_code == 0, result.output
    assert result.output == "ada.zip: 2 notebooks, and the lab book\n"
    with zipfile.ZipFile("ada.zip") as packed:
        assert sorted(packed.namelist()) == ["00.ipynb", "lab_book.sqlite", "more/03.ipynb"]
        packed.extractall("out")
    assert {*LabBook("out/lab_book.sqlite").runs()["entry"]} == ids
    assert sorted(path.name for path in Path("out").iterdir())[:2] == [
        "00.ipynb",
        "lab_book.sqlite",
    ]


def test_without_a_lab_book_it_says_so(folder: Path) -> None:
    notebook(folder / "00.ipynb")
    assert "no lab book: there is no lab_book.sqlite" in says("hand-in", "a.zip").output
    assert zipfile.ZipFile("a.zip").namelist() == ["00.ipynb"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.zip", "empty"), "holds no notebook"),
        (("a.tar", "."), "does not end in .zip"),
        (("there.zip", "."), "exists already"),
        (("a.zip", ".", "--book", "no.sqlite"), "no lab book"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_leaves_no_zip(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    (folder / "empty").mkdir()
    (folder / "there.zip").write_text("kept")
    (folder / "no.sqlite").write_text("no book")
    notebook(folder / "00.ipynb")
    before = sorted(path.name for path in folder.iterdir())
    result = says("hand-in", *arguments)
    assert result.exit_code == 1 and said in result.stderr
    assert sorted(path.name for path in folder.iterdir()) == before
    assert (folder / "there.zip").read_text() == "kept"


def test_zips_are_graded_and_counted_as_the_folders_they_were(folder: Path) -> None:
    for name, answer in (("ada", "2**20"), ("ben", "5")):
        notebook(folder / name / "00.ipynb", _00_2=answer, _00_3="12")
        book = LabBook(folder / name / "lab_book.sqlite")
        book.record("q?", parameters={"guess": 3.0, "late": False})
        book.close()
        assert says("hand-in", f"in/{name}.zip", name).exit_code == 0
    notebook(folder / "in" / "cleo.ipynb", _00_2="2**20")
    result = says("grade", "in", "--points", "p.csv", "--csv", "g.csv", "--jobs", 2)
    assert result.exit_code == 0, result.output
    with Path("p.csv").open(newline="", encoding="utf-8") as opened:
        assert [*csv.reader(opened)] == [
            ["student", "points", "00-1", "00-2", "00-3"],
            ["ada", "2", "", "1", "1"],
            ["ben", "1", "", "0", "1"],
            ["cleo", "1", "", "1", ""],
        ]
    assert "ada      " in result.stdout and "2  .11" in result.stdout
    assert "left out" not in result.stderr
    with Path("g.csv").open(newline="", encoding="utf-8") as opened:
        files = [row["file"] for row in csv.DictReader(opened)]
    assert [*dict.fromkeys(files)] == ["ada/00.ipynb", "ben/00.ipynb", "cleo.ipynb"]
    assert sorted(path.name for path in Path("in").iterdir()) == [
        "ada.zip",
        "ben.zip",
        "cleo.ipynb",
    ]
    seen = says("class", "in").output
    assert "2 lab books with entries." in seen and "q? 2 guesses" in seen


def test_a_zip_of_any_kind_hides_no_other_and_leads_nowhere(folder: Path) -> None:
    notebook(folder / "00.ipynb", _00_2="2**20")
    (folder / "in").mkdir()
    with zipfile.ZipFile("in/evil.zip", "w") as packed:
        packed.write("00.ipynb", "../../../escaped.ipynb")
        packed.write("00.ipynb", "/tmp_escaped/absolute.ipynb")
    with zipfile.ZipFile("in/bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("00.ipynb", bytes(2**28 + 1))
    data = bytearray(Path("in/evil.zip").read_bytes())
    data[60:70] = b"0123456789"
    Path("in/broken.zip").write_bytes(data)
    Path("in/cut.zip").write_bytes(data[:50])
    (folder / "in" / "folder.zip").mkdir()
    result = says("grade", "in")
    assert result.exit_code == 0, result.output
    assert "left out, too large: bomb.zip (limit: 500 files, 256.0 MiB)" in result.stderr
    assert "left out, not *.ipynb: bomb.zip, broken.zip, cut.zip" in result.stderr
    assert "evil" in result.stdout and not [*folder.rglob("escaped.ipynb")]
    assert not Path("/tmp_escaped").exists()


GRADES = [
    Grade("ada/a.ipynb", "00-1", "wrong", "no"),
    Grade("ada/b.ipynb", "00-1", "right"),
    Grade("ada/b.ipynb", "03-2", "not attempted"),
    Grade("ben.ipynb", "03-2", "did not run"),
    Grade("=cmd()/x.ipynb", "", "did not run", "no notebook"),
]


def test_of_several_verdicts_the_best_counts_and_every_student_has_a_row(folder: Path) -> None:
    points = count_points(GRADES)
    assert points.rows == {
        "=cmd()": {},
        "ada": {"00-1": "right", "03-2": "not attempted"},
        "ben": {"03-2": "did not run"},
    }
    lines = [*points_in_lines(points)]
    assert lines[0].split() == ["student", "points", "00", "03"]
    assert [line.split() for line in lines[1:4]] == [
        ["=cmd()", "0"],
        ["ada", "1", "1", "."],
        ["ben", "0", "-"],
    ]
    write_points(points, folder / "p.csv")
    text = (folder / "p.csv").read_text("utf-8").splitlines()
    assert text == ["student,points,00-1,03-2", "'=cmd(),0,,", "ada,1,1,", "ben,0,,0"]


def test_students_are_judged_at_the_same_time_and_told_in_order(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(3, timeout=60)

    def judge(path: Path, name: str, *, timeout: int) -> list[Grade]:
        if name.endswith("1.ipynb"):
            together.wait()  # would break if one waited for the other
        return [Grade(name, "00-1", "right")]

    monkeypatch.setattr("labkit.cli.grading.grade_notebook", judge)
    names = {s: [(Path(s), f"{s}/{i}.ipynb") for i in (1, 2)] for s in ("ada", "ben", "cleo")}
    found = [*judge_students(names, timeout=1, jobs=3)]
    assert [[g.file for g in each] for each in found] == [[n for _, n in v] for v in names.values()]


def test_when_it_is_interrupted_the_kernels_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []

    def stop() -> None:
        while not [c for c in _running if getattr(c.km, "has_kernel", False)]:
            threading.Event().wait(0.2)
        started.extend(_running)
        raise KeyboardInterrupt

    def judge(path: Path, name: str, *, timeout: int) -> list[Grade]:
        if name.startswith("ada"):
            stop()
        return submissions.grade_notebook(path, name, timeout=timeout)

    monkeypatch.setattr("labkit.cli.grading.grade_notebook", judge)
    slow = '__import__("time").sleep(900)'
    notebook(folder / "in" / "ben" / "00.ipynb", _00_2=slow)
    notebook(folder / "in" / "ada.ipynb")
    result = says("grade", "in", "--jobs", 2, "--timeout", 1000)
    assert result.exit_code == 130
    assert started and not _running


def test_by_default_there_is_memory_for_each_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labkit.cli.grading.core_limit", lambda: 8)
    for gib, jobs in ((1, 1), (4, 2), (64, 8)):
        monkeypatch.setattr("labkit.cli.grading.memory_limit", lambda gib=gib: gib * 2**30)
        assert default_jobs() == jobs
