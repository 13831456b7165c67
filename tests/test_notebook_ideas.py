"""Lines that hold an idea are told from plumbing."""

from __future__ import annotations

from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebook_ideas import idea_share


def notebook_of(*cells: Any) -> Any:
    return new_notebook(cells=[new_markdown_cell("# 17"), *cells])


@pytest.mark.parametrize(
    ("code", "share"),
    [
        ("table = build()\nbest = table.minimum", 1.0),
        ("import numpy as np\nbest = table.minimum", 1.0),
        ("from labkit.course.plots import show\nbest = table.minimum", 0.5),
        ("best = table.minimum\nassert best < 1", 0.5),
        ('best = table.minimum\nshow(ax, f"{best}"\n     "is low")', 1 / 3),
        ("best = table.minimum\nax.plot(best)", 0.5),
        ("best = table.minimum\nfigure_costs(table)", 0.5),
        ("for mask in masks:\n    best = min(best, cost(mask))\n    print(best)", 2 / 3),
        ("def oracle(state):\n    return -state", 1.0),
        ("%matplotlib inline\nbest = table.minimum", 1.0),
        ("", 1.0),
    ],
)
def test_drawing_wording_and_asserting_are_no_ideas(code: str, share: float) -> None:
    assert idea_share(notebook_of(new_code_cell(code))) == pytest.approx(share)


@pytest.mark.parametrize("tag", ["claims", "exercise", "solution"])
def test_what_is_folded_away_is_left_out(tag: str) -> None:
    folded = new_code_cell("assert best < 1", metadata={"tags": [tag]})
    assert idea_share(notebook_of(folded, new_code_cell("best = 1"))) == 1
