"""The book: built without network or warning, it has all lessons, and its links hold."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from docutils.utils.math import MathError

from labkit.course.registry import LESSONS, PART_ONE, PART_TWO

pytest.importorskip("myst_nb", reason="myst-nb is not there for Python 3.10")

from book_pages import SITE, mathml
from built_book import ROOT, Html, built_book, pages
from make_book import page_of
from notebook_measures import alternative_texts, explorer_cells
from run_notebooks import read

pytestmark = pytest.mark.xdist_group("book")
LESSON_PAGES = pytest.mark.parametrize("file", [lesson.file for lesson in LESSONS])


def lesson_page(file: str) -> Html:
    return pages()[f"notebooks/{file}.html"]


def test_the_book_has_every_lesson_every_how_to_and_every_public_name() -> None:
    how_tos = {f"docs/howto/{path.stem}.html" for path in (ROOT / "docs/howto").glob("*.rst")}
    assert {f"notebooks/{lesson.file}.html" for lesson in LESSONS} | how_tos <= pages().keys()
    assert "labkit.costs.PauliZCost.from_table" in pages()["docs/api/labkit.costs.html"].ids
    others = {"index", "search", "genindex", "docs/teaching", "docs/measurements", "README"}
    assert {f"{name}.html" for name in others} <= pages().keys()


def test_the_contents_have_the_lessons_of_each_part_in_order() -> None:
    named = [link for link in pages()["index.html"].links if "notebooks/" in link]
    shown = [lesson.file for lesson in (*PART_ONE, *PART_TWO)]
    assert list(dict.fromkeys(named))[: len(shown)] == [f"notebooks/{f}.html" for f in shown]


def broken_links(page: Html) -> list[str]:
    """The links of a page within the book that lead nowhere."""
    return [link for link in page.links if not leads_somewhere(page, link)]


def leads_somewhere(page: Html, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme or link == "#":
        return parts.scheme in ("https", "mailto", "")
    path = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
    if not parts.fragment or path.suffix != ".html":
        return path.is_file()
    address = path.relative_to(built_book().resolve()).as_posix()
    return address in pages() and unquote(parts.fragment) in pages()[address].ids


def test_no_link_of_any_page_is_broken() -> None:
    broken = {name: broken_links(page) for name, page in pages().items()}
    assert {name: links for name, links in broken.items() if links} == {}


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    path = built_book() / "of_a_test.html"
    path.write_text('<a href="README.html#no-such"></a><img src="x.png"><a href="index.html"></a>')
    try:
        assert broken_links(Html(path)) == ["README.html#no-such", "x.png"]
    finally:
        path.unlink()


@LESSON_PAGES
def test_a_lesson_is_run_in_the_browser_from_its_page_and_from_each_still(file: str) -> None:
    notebook = read(ROOT / "notebooks" / f"{file}.ipynb")
    live = [link for link in lesson_page(file).links if "lite/" in link]
    assert {*live} == {f"../lite/lab/index.html?path={file}.ipynb"}
    stills = sum(len(cell.outputs) for cell in explorer_cells(notebook))
    assert len(live) == 1 + stills
    (binder,) = (link for link in lesson_page(file).links if "mybinder.org" in link)
    assert binder.endswith(f"%252Fnotebooks%252F{file}.ipynb")


@LESSON_PAGES
def test_a_lesson_shows_every_figure_that_is_stored_with_its_text(file: str) -> None:
    stored = alternative_texts(read(ROOT / "notebooks" / f"{file}.ipynb"))
    texts = lesson_page(file).texts
    assert texts == [*map(html.unescape, stored)] and all(text and text.strip() for text in texts)


def test_every_picture_of_every_page_has_a_text() -> None:
    assert [name for name, page in pages().items() if not all(page.texts)] == []


@LESSON_PAGES
def test_formulas_are_set_and_no_dollar_is_left(file: str) -> None:
    cells = read(ROOT / "notebooks" / f"{file}.ipynb").cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    written = re.findall(r"\$\$?[^$]+\$\$?", re.sub(r"```.*?```", "", prose, flags=re.S))
    assert lesson_page(file).tags.count("math") == len(written)
    assert "$" not in "".join(lesson_page(file).words)


def test_a_formula_is_mathml_with_brackets_of_a_size_and_room_after_a_function() -> None:
    assert "<mo>+</mo>" in mathml("a + b")
    assert mathml(r"\big(x\big)").count('maxsize="1.2em"') == 2
    assert "mspace" in mathml(r"\sin\theta") and "mspace" not in mathml(r"\sin(\theta)")
    assert mathml(r"\tfrac12 x") == mathml(r"\tfrac{1}{2} x") != mathml(r"\tfrac{12} x")
    assert "<munder" not in mathml(r"\hat h_j", as_block=True)
    assert mathml(r"\cos t\,|00\rangle").count('<mo form="prefix">|</mo>') == 1
    with pytest.raises(MathError):
        mathml(r"\nosuchcommand")


def test_an_address_of_the_published_site_leads_into_this_copy() -> None:
    assert [n for n, page in pages().items() if any(SITE in link for link in page.links)] in (
        ["lite/lab/index.html"],
        [],
    )
    assert "lite/lab/index.html?path=00_welcome.ipynb" in pages()["index.html"].links


def test_what_checks_a_claim_is_folded() -> None:
    notebook = page_of(read(ROOT / "notebooks" / "00_welcome.ipynb"), "00_welcome.ipynb")
    claims = [cell for cell in notebook.cells if "claims" in cell.metadata.get("tags", ())]
    assert claims and all("hide-input" in cell.metadata.tags for cell in claims)
    assert "What checks these claims" in "".join(lesson_page("00_welcome").words)
