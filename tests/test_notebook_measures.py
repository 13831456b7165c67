"""The measures of a notebook find what they are for: an unsupported numeral above all."""

from __future__ import annotations

from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebook_measures import (
    header_minutes,
    reading_minutes,
    render_table,
    unsupported_numerals,
    words_to_first_figure,
)


def lesson(prose: str, *, code: str = "", shown: str = "") -> Any:
    output = new_output("display_data", data={"text/html": shown})
    return new_notebook(cells=[new_markdown_cell(prose), new_code_cell(code, outputs=[output])])


@pytest.mark.parametrize(
    "prose",
    [
        "It takes 31 calls.",
        "On 85% of the networks.",
        "The chance is 0.998.",
        "Of 4,096 masks.",
        "**Observation.** A third, 33.3%, are ties.",
    ],
)
def test_a_numeral_that_no_cell_gives_is_found(prose: str) -> None:
    (found,) = unsupported_numerals(lesson(prose, code="print(30, 84, 0.99, 4095, 33)"))
    assert prose.split()[0].strip("*.") in found


@pytest.mark.parametrize(
    ("prose", "code", "shown"),
    [
        ("It takes 31 calls.", "assert calls == 31", ""),
        ("It takes 31 calls.", "", '<img alt="31 calls" src="data:image/png;base64,77">'),
        ("On 85% of the networks.", "assert share == 0.85", ""),
        ("On 85% of the networks.", "", "85%"),
        ("Of 4,096 masks.", "2**12", ""),
        ("Of 4,096 masks.", "4_096", ""),
    ],
)
def test_a_numeral_that_a_cell_computes_or_asserts_is_not(
    prose: str, code: str, shown: str
) -> None:
    assert unsupported_numerals(lesson(prose, code=code, shown=shown)) == []


def test_the_data_of_a_picture_support_nothing() -> None:
    picture = '<img alt="a curve" src="data:image/png;base64,A 31 B">'
    assert len(unsupported_numerals(lesson("It takes 31 calls.", shown=picture))) == 1


@pytest.mark.parametrize(
    "prose",
    [
        "# 04 · Grover's search",
        "Back: [03 · Masks as qubits](03_masks_as_qubits.ipynb).",
        "Ramanujan et al. 2020, arXiv 1911.13299, quant-ph/9605034; Bärtschi-Eidenbenz 2019/2020",
        "1. First\n2. Second",
        "**1.** How many?",
        "`x = 77` and $2^{77}$ and $$k = 77$$",
        "see notebook 13, notebooks 05 and 06",
        "2ⁿ masks",
        "```\n77\n```",
    ],
)
def test_what_states_no_result_is_left_out(prose: str) -> None:
    assert unsupported_numerals(lesson(prose)) == []


def test_questions_and_solutions_of_exercises_are_left_out() -> None:
    notebook = lesson("**1.** A network has 77 neurons.")
    notebook.cells[1].metadata["tags"] = ["exercise"]
    notebook.cells.append(new_markdown_cell("It is 78.", metadata={"tags": ["solution"]}))
    assert unsupported_numerals(notebook) == []


def test_words_count_up_to_the_first_figure_only() -> None:
    notebook = lesson("one two three", shown='<img alt="x">')
    notebook.cells.append(new_markdown_cell("four five"))
    assert words_to_first_figure(notebook) == (3, 1)
    assert words_to_first_figure(lesson("one two")) == (2, 1)


def test_minutes_count_words_lines_figures_explorers_and_exercises() -> None:
    notebook = lesson("word " * 220, code="x\n" * 20, shown='<img alt="x">')
    assert reading_minutes(notebook) == pytest.approx(2 + 2 + 1)
    notebook.cells.append(new_code_cell("GroverExplorer(n=4)"))
    assert reading_minutes(notebook) == pytest.approx(2 + 2 + 0.1 + 4)
    notebook.cells.append(new_code_cell("check(1)", metadata={"tags": ["exercise"]}))
    assert reading_minutes(notebook) == pytest.approx(2 + 2 + 0.1 + 4 + 4)


@pytest.mark.parametrize(("word", "minutes"), [("Five", 5), ("Thirty", 30), ("Seventy-five", 75)])
def test_a_header_may_promise_any_multiple_of_five_minutes(word: str, minutes: int) -> None:
    assert header_minutes(lesson(f"# 17 · More\n\n*{word} minutes.* Before:")) == minutes


def test_minutes_that_are_no_multiple_of_five_are_named() -> None:
    with pytest.raises(AssertionError, match=r"^\*Seven minutes\.\* is none of Five, Ten, "):
        header_minutes(lesson("*Seven minutes.*"))


def test_the_table_has_as_many_columns_as_its_head() -> None:
    head, rule = render_table([]).splitlines()
    assert head.count("|") == rule.count("|") == 11
