"""docs/measurements.md holds what tools/measure.py measures."""

from __future__ import annotations

from pathlib import Path

import measured_searches
from measure import HEADER, SECTIONS
from measured import Section, spread

PAGE = (Path(__file__).parents[1] / "docs" / "measurements.md").read_text(encoding="utf-8")


def test_the_page_holds_every_section_and_the_figure() -> None:
    assert PAGE.startswith(HEADER)
    assert PAGE.count("\n## ") == len(SECTIONS)
    assert "](calls_to_optimum.png)" in PAGE


def test_measuring_again_gives_what_the_page_says() -> None:
    assert measured_searches.measure_ties().markdown() in PAGE


def test_a_section_is_a_table_in_markdown() -> None:
    section = Section("Title", "How.", ["a", "b"], [["1", "2"], ["3", "4"]])
    expected = "## Title\n\nHow.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |\n"
    assert section.markdown() == expected


def test_a_spread_is_a_mean_and_a_standard_deviation() -> None:
    assert spread([1.0, 2.0, 3.0]) == "2.000 ± 1.000"
