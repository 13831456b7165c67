"""The tool that executes notebooks reports what a reader would see go wrong, and stores no more."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import run_notebooks
from nbclient.exceptions import CellExecutionError
from nbformat import writes
from nbformat.v4 import new_code_cell, new_notebook, new_output
from run_notebooks import WIDGET_VIEW, clean, complaints, execute, link, read

from labkit.course.registry import LESSONS, Lesson


def notebook_with(output: Any) -> Any:
    return new_notebook(cells=[new_code_cell("1", outputs=[output])])


def test_anything_on_standard_error_is_a_complaint() -> None:
    warned = notebook_with(new_output("stream", name="stderr", text="a warning"))
    assert complaints(warned) == ["cell 0: a warning"]


def test_an_exception_is_a_complaint() -> None:
    failed = notebook_with(new_output("error", ename="ValueError", evalue="n=40"))
    assert complaints(failed) == ["cell 0: n=40"]


def test_what_is_printed_is_none() -> None:
    assert complaints(notebook_with(new_output("stream", name="stdout", text="4"))) == []


def test_a_live_widget_is_left_out_and_its_picture_stays() -> None:
    data = {WIDGET_VIEW: {"model_id": "1"}, "text/html": "<img>"}
    stored = clean(notebook_with(new_output("display_data", data=data)))
    assert list(stored.cells[0].outputs[0].data) == ["text/html"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says the peak")
def test_seconds_and_peak_memory_of_a_run_are_stored_and_nothing_else_is_added(
    tmp_path: Path,
) -> None:
    code = "held = bytearray(300 * 2**20)\nheld[::4096] = b'1' * len(held[::4096])\ndel held"
    executed = execute(new_notebook(cells=[new_code_cell(code)]), folder=tmp_path)
    assert len(executed.cells) == 1
    stored = clean(executed).metadata["labkit"]
    assert 300 < stored["peak_mib"] < 600
    assert stored["seconds"] > 0


def test_a_notebook_that_fails_keeps_its_cells(tmp_path: Path) -> None:
    notebook = new_notebook(cells=[new_code_cell("1 / 0")])
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(notebook, folder=tmp_path)
    assert [cell.source for cell in notebook.cells] == ["1 / 0"]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two notebooks that run in no time."""
    monkeypatch.setattr(run_notebooks, "FOLDER", tmp_path)
    monkeypatch.setattr(run_notebooks, "execute", lambda notebook, folder: mark(notebook))
    for name in ("00_first", "01_second"):
        (tmp_path / f"{name}.ipynb").write_text(writes(new_notebook(cells=[new_code_cell("1")])))
    return tmp_path


def mark(notebook: Any) -> Any:
    notebook.metadata["labkit"] = {"seconds": 1.0, "peak_mib": 2}
    return notebook


def is_executed(path: Path) -> bool:
    return "seconds" in read(path).metadata.get("labkit", {})


def test_only_the_notebooks_that_are_named_are_executed(course: Path) -> None:
    assert run_notebooks.main(["01_second"]) == 0
    assert not is_executed(course / "00_first.ipynb") and is_executed(course / "01_second.ipynb")
    assert run_notebooks.main([str(course / "00_first.ipynb")]) == 0
    assert is_executed(course / "00_first.ipynb")


def test_without_a_name_all_are_executed_and_with_check_none_is_written(course: Path) -> None:
    assert run_notebooks.main(["--check"]) == 0
    assert not any(is_executed(path) for path in course.glob("*.ipynb"))
    assert run_notebooks.main([]) == 0
    assert all(is_executed(path) for path in course.glob("*.ipynb"))


def test_an_unknown_notebook_is_named(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_notebooks.main(["00_first", "02_third"])
    assert "no such notebook: 02_third" in capsys.readouterr().err
    assert not is_executed(course / "00_first.ipynb")


def test_header_and_recap_name_the_neighbours_that_the_course_s_list_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, lesson in enumerate(LESSONS):
        stored = read(run_notebooks.FOLDER / lesson.notebook)
        assert link(read(run_notebooks.FOLDER / lesson.notebook), number) == stored
    between = Lesson("77_between", "Between", 20, "come between two")
    longer = (*LESSONS[:9], between, *LESSONS[9:])
    monkeypatch.setattr(run_notebooks, "LESSONS", longer)
    for number, words in ((8, "Next"), (10, "Before|Back")):
        changed = link(read(run_notebooks.FOLDER / longer[number].notebook), number)
        for cell in (changed.cells[0], changed.cells[-2]):
            assert re.search(rf"({words}): \[77 · Between\]\(77_between\.ipynb\)", cell.source)


def test_neighbours_are_written_into_the_files_that_lack_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lesson in LESSONS:
        shutil.copy(run_notebooks.FOLDER / lesson.notebook, tmp_path)
    monkeypatch.setattr(run_notebooks, "FOLDER", tmp_path)
    texts = {path: path.read_text("utf-8") for path in tmp_path.iterdir()}
    other = tmp_path / LESSONS[3].notebook
    other.write_text(texts[other].replace("Next: [04 ", "Next: [99 "), encoding="utf-8")
    run_notebooks.link_all()
    assert {path: path.read_text("utf-8") for path in tmp_path.iterdir()} == texts
