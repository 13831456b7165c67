"""The tool that executes notebooks reports what a reader would see go wrong, and stores no more."""

from __future__ import annotations

from typing import Any

from nbformat.v4 import new_code_cell, new_notebook, new_output
from run_notebooks import WIDGET_VIEW, clean, complaints


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
