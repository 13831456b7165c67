"""Maps to look things up on, and what an experiment shows: true to the package and to the book."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from run_notebooks import read
from test_architecture import MODULES, MOVED, ROWS, imports_of, unit_of

from labkit import selectors
from labkit.course.glossary import GLOSSARY, Term
from labkit.course.lessons.lesson_16_glossary_and_map import (
    OF_LOCAL_TERMS,
    SELECTORS,
    figure_bit_order,
    figure_modules,
    ledger_counts,
    show_lessons,
    show_selectors,
    show_terms,
)
from labkit.course.module_map import WINGS, all_imports, module_depths, module_imports
from labkit.course.panels import Prediction, predictions_in_words, read_predictions
from labkit.course.plots import (
    draw_bit_order,
    draw_differences,
    draw_modules,
    draw_predictions,
    new_axes,
    standard_error,
)
from labkit.course.registry import BY_NUMBER, LESSONS
from labkit.records import LabBook
from labkit.sweeps.selection import selector_options

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def ax() -> Iterator[Axes]:
    yield new_axes()[0]


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_the_bit_order_adds_up_to_the_index_of_the_mask(ax: Axes) -> None:
    draw_bit_order(ax, "101001")
    assert texts(ax)[-1] == "sum: index 41"
    assert [text for text in texts(ax) if text in ("32", "8")] == ["32", "8"]
    with pytest.raises(ValueError, match="neuron_mask"):
        draw_bit_order(ax, "102001")


def test_the_map_shows_the_imports_that_the_house_rules_check() -> None:
    expected = {
        unit: {
            unit_of(name)
            for module in MODULES
            if unit_of(module) == unit
            for name in imports_of(module, types_too=False)
            if name.startswith("labkit.")
        }
        - {unit, ""}
        for unit in {unit_of(module) for module in MODULES} - {"", "__main__"} - MOVED
    }
    assert module_imports() == expected


def test_a_module_is_drawn_below_all_that_it_imports() -> None:
    imports = module_imports()
    depths = module_depths(imports)
    for name, used in imports.items():
        assert all(depths[other] < depths[name] for other in used)
        assert depths[name] <= ROWS[name]


def test_the_neural_and_the_quantum_side_meet_only_at_the_cost() -> None:
    needs = all_imports(module_imports())
    for one, other in (("neural", "quantum"), ("quantum", "neural")):
        assert not any(needs[module] & WINGS[other] for module in WINGS[one])
    assert "costs" in needs["scoring"] & needs["simulators"]


def test_each_module_is_named_once_and_only_needed_lines_are_drawn(ax: Axes) -> None:
    imports = {
        "limits": frozenset[str](),
        "masks": frozenset({"limits"}),
        "costs": frozenset({"limits", "masks"}),
    }
    draw_modules(ax, imports)
    assert sorted(texts(ax)) == ["costs", "limits", "masks"]
    assert len(ax.lines) == 2


def test_every_word_of_the_house_is_in_the_glossary() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("## Words")[1].split("##")[0]
    words = re.findall(r"(?m)^\| ([^|]+?) \|", table)[1:]
    names = " ".join(term.name for part in GLOSSARY.values() for term in part)
    wanted = {word.split(",")[0].strip("`") for word in words} - {"---"}
    assert {word for word in wanted if word not in names} == set()


def test_a_term_is_explained_once_and_links_to_a_notebook() -> None:
    terms = [term for part in GLOSSARY.values() for term in part]
    assert len({term.name for term in terms}) == len(terms)
    assert all(len(term.meaning.split()) <= 14 for term in terms)
    assert {term.notebook for term in terms if term.notebook} <= {*BY_NUMBER}
    assert f'<a href="{BY_NUMBER["03"].notebook}">03</a>' in show_terms("register")._repr_html_()
    with pytest.raises(ValueError, match="part='words'"):
        show_terms("words")


def test_the_way_back_names_every_lesson_and_links_to_it() -> None:
    shown = show_lessons()
    assert [row[:2] for row in shown.rows] == [(each.number, each.title) for each in LESSONS]
    page = shown._repr_html_()
    assert all(f'<a href="{each.notebook}">{each.number}</a>' in page for each in LESSONS)


LINKED = [term for part in GLOSSARY.values() for term in part if term.notebook]


@pytest.mark.parametrize("term", LINKED, ids=lambda term: term.name)
def test_a_term_occurs_in_the_notebook_it_links_to(term: Term) -> None:
    cells = read(ROOT / "notebooks" / BY_NUMBER[term.notebook].notebook).cells
    printed = [output.get("text", "") for cell in cells for output in cell.get("outputs", ())]
    text = " ".join(" ".join([*(cell.source for cell in cells), *printed]).lower().split())
    for written, word in (("_", " "), ("queries", "query"), ("passes", "pass")):
        text = text.replace(written, word)
    names = term.name.lower().replace("_", " ").split(", ")
    assert any(name in text for name in names)


def test_the_table_of_selectors_names_each_and_what_its_ledger_counts() -> None:
    assert set(SELECTORS) == {*selector_options(), *OF_LOCAL_TERMS}
    assert list(ledger_counts()) == list(SELECTORS)
    assert all(hasattr(selectors, name) for name in SELECTORS)
    counts = ledger_counts()
    assert "oracle_calls" in counts["adaptive_grover"]
    assert "cost_layers" in counts["qaoa_sampling"]
    assert "shots" not in counts["one_flip_search"]
    assert len(show_selectors().rows) == len(SELECTORS)


def test_the_standard_error_is_the_scatter_of_means() -> None:
    rng = np.random.default_rng(3)
    means = rng.normal(size=(4000, 25)).mean(axis=1)
    assert np.mean([standard_error(rng.normal(size=25)) for _ in range(400)]) == pytest.approx(
        means.std(), rel=0.05
    )


def test_differences_are_drawn_with_their_mean_and_two_standard_errors(ax: Axes) -> None:
    values = np.array([0.1, 0.3, -0.1, 0.2])
    draw_differences(ax, {"0.5": values, "4.0": -values}, xlabel="scale", ylabel="accuracy")
    (container, _) = ax.containers
    (segment,) = container[2][0].get_segments()
    assert segment[:, 1].mean() == pytest.approx(values.mean())
    assert np.ptp(segment[:, 1]) == pytest.approx(4 * standard_error(values))


def keep(prediction: Prediction, value: float | str) -> None:
    prediction.control.value = value
    prediction.keep_button.click()


def test_predictions_are_read_from_the_book_with_their_points(tmp_path: Path, ax: Axes) -> None:
    book = LabBook(tmp_path / "book.sqlite")
    book.record("Something else", hypothesis="no prediction")
    choice = Prediction("Which?", options=["Grover", "random"], book=book)
    number, late = Prediction("How many?", book=book), Prediction("Too late?", book=book)
    keep(choice, "Grover")
    keep(number, 20.0)
    choice.score("Grover")
    choice.score("Grover")  # its cell was run twice
    number.score(200)
    fold = late.score(5).fold
    assert fold is not None
    fold.ask_button.click()  # the answer is shown before the guess
    keep(late, 5.0)
    late.score(5)
    found = read_predictions(book.path)
    assert found["question"].tolist() == ["Which?", "How many?", "Too late?"]
    assert found["points"].tolist()[0] == 1
    assert pd.isna(found["points"].tolist()[2])
    assert predictions_in_words(found) == (
        "2 predictions scored, 50% of the points in the mean; 1 came after the answer."
    )
    draw_predictions(ax, found)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([1.0, 0.0])  # type: ignore[attr-defined]


def test_a_class_is_averaged_over_each_question(tmp_path: Path, ax: Axes) -> None:
    for name, guess in (("ada", "Grover"), ("ben", "random")):
        book = LabBook(tmp_path / f"{name}.sqlite")
        prediction = Prediction("Which?", options=["Grover", "random"], book=book)
        keep(prediction, guess)
        prediction.score("Grover")
    book.merge(tmp_path / "ada.sqlite")
    draw_predictions(ax, read_predictions(book.path))
    assert [bar.get_width() for bar in ax.patches] == [0.5]  # type: ignore[attr-defined]
    assert "2 guesses" in ax.get_yticklabels()[0].get_text()


@pytest.mark.parametrize("exists", [True, False])
def test_without_a_prediction_the_figure_says_so_and_no_book_is_made(
    tmp_path: Path, ax: Axes, exists: bool
) -> None:
    path = tmp_path / "book.sqlite"
    if exists:
        LabBook(path).record("Something else")
    found = read_predictions(path)
    assert path.exists() == exists
    assert len(found) == 0
    assert predictions_in_words(found).startswith("No prediction has been scored")
    assert texts(draw_predictions(ax, found)) == ["no prediction scored yet"]


def test_the_figures_of_the_map_say_in_words_what_they_show() -> None:
    text = figure_bit_order("0110").text
    neurons = "neurons 1 and 2 stay, qubits 1 and 2 are 1"
    assert text == f"Mask 0110: {neurons}; 4 + 2 = index 6."
    imports = module_imports()
    text = figure_modules(imports).text
    users = sum("limits" in used for used in imports.values())
    assert text.startswith(f"{len(imports)} modules. Most used: limits by {users}, ")
