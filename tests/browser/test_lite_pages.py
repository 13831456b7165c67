"""The lab in a browser without a server: lessons run, a guess outlives the page, the book leaves.

A plain static server gives the site; every request to elsewhere is refused, and none is tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import lite
import pytest
from find_browser import MISSING, find_browser
from lab_page import FLAGS
from lite_lock import LiteError
from lite_page import READY, CountingHandler, draw_first_picture, open_lesson, served
from lite_wheels import ROOT
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright
from pyodide_folder import find_pyodide

from labkit.cli import main
from labkit.course.explorers import GroverExplorer, SharedMask
from labkit.course.html import plain_text
from labkit.course.links import link_to
from labkit.records import LabBook

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("lite")]

MOST_BYTES = 30 * 2**20  # over the wire, until the first explorer of 00 lives
NOTEBOOKS = [*(ROOT / "notebooks").glob("*.ipynb")]
LESSONS = (
    *("00_welcome", "03_masks_as_qubits", "04_grover_search", "07_qaoa", "12_local_selection"),
    "15_your_experiment",
)
CODE_CELLS = """() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells
    .filter(cell => cell.cell_type === 'code')
    .map(cell => [cell.source].flat().join(''))"""
RUN = """async code => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({ code });
    const said = [];
    future.onIOPub = ({ header, content }) => {
        if (header.msg_type === 'stream') said.push(content.text);
        if (header.msg_type === 'error') said.push(`${content.ename}: ${content.evalue}`);
    };
    return [(await future.done).content.status, said.join('')];
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        folder = find_pyodide()
    except LiteError as error:
        pytest.skip(str(error))
    site = tmp_path_factory.mktemp("lite") / "site"
    lite.build(site, folder)
    with served(site) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if (path := find_browser()) is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A reader's browser that reaches nothing but the site."""
    refused: list[str] = []

    def route(one: Route) -> None:
        if one.request.url.startswith((address, "data:", "blob:")):
            one.continue_()
        else:
            refused.append(one.request.url)
            one.abort()

    context = browser.new_context(viewport={"width": 1400, "height": 1000}, accept_downloads=True)
    context.set_default_timeout(600_000)  # a busy machine is no fault
    context.route("**/*", route)
    yield context
    context.close()
    assert refused == []


def run(page: Page, code: str) -> str:
    status, said = page.evaluate(RUN, code)
    assert status == "ok", said
    return str(said)


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_cell_of_a_lesson_runs_in_the_page(
    lesson: str, visitor: BrowserContext, address: str
) -> None:
    page = open_lesson(visitor, address, lesson)
    cells = page.evaluate(CODE_CELLS)
    assert len(cells) > 5
    for code in cells:
        run(page, code)


def test_the_first_explorer_lives_and_little_was_sent(
    visitor: BrowserContext, address: str
) -> None:
    CountingHandler.sent = 0
    page = open_lesson(visitor, address, "00_welcome")
    picture = draw_first_picture(page)
    before = str(picture.get_attribute("alt"))
    page.locator(".labkit-neuron").first.click()
    page.wait_for_function(
        "before => document.querySelector('.labkit-picture').alt !== before", arg=before
    )
    assert 10 * 2**20 < CountingHandler.sent <= MOST_BYTES


def test_a_guess_outlives_the_page_and_the_book_is_downloaded_and_merged(
    visitor: BrowserContext, address: str, tmp_path: Path
) -> None:
    ask = "from labkit.course.panels import Prediction\nguess = Prediction('How many?')\n"
    page = open_lesson(visitor, address, "00_welcome")
    run(page, ask + "guess.control.value = 100\nguess.keep_button.click()\n")
    page.reload()
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.evaluate(READY)
    assert run(page, ask + "print(guess.guess)").startswith("100")
    handed_in = "from labkit.cli.handing_in import pack\nprint(pack('ada.zip'))"
    assert f"{len(NOTEBOOKS)} notebooks, and the lab book" in run(page, handed_in)
    page.locator(".jp-DirListing-item", has_text="lab_book.sqlite").click(button="right")
    with page.expect_download() as download:
        page.locator(".lm-Menu-item[data-command='filebrowser:download']").click()
    theirs, ours = tmp_path / "downloaded" / "lab_book.sqlite", tmp_path / "lab_book.sqlite"
    download.value.save_as(theirs)
    LabBook(ours).record("a question of our own")
    with pytest.raises(SystemExit) as ended:
        main(["merge", str(theirs), "--book", str(ours)])
    assert not ended.value.code
    found = LabBook(ours).runs()
    assert {*found["question"]} == {"a question of our own", "How many?"}
    assert "100" in str(found.set_index("question")["hypothesis"]["How many?"])


def test_a_link_opens_its_state_and_is_copied_there_as_a_link_to_this_site(
    visitor: BrowserContext, address: str
) -> None:
    visitor.grant_permissions(["clipboard-read", "clipboard-write"])
    sent = GroverExplorer(n_neurons=4, iterations=2, shared=SharedMask("0110"))
    page, said = open_link(visitor, link_to(sent.code, f"{address}/"))
    assert said.split() == plain_text(sent.text.value).split()
    page.get_by_role("slider", name="oracle calls").press("ArrowRight")
    page.get_by_text("after 3 oracle calls").first.wait_for()
    page.get_by_role("button", name="Copy as link").press("Enter")
    page.get_by_text("Link copied").wait_for()
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link.startswith(f"{address}/repl/")
    sent.controls["iterations"].value = 3
    assert open_link(visitor, link)[1].split() == plain_text(sent.text.value).split()


def open_link(visitor: BrowserContext, link: str) -> tuple[Page, str]:
    """The page of a link, once its explorer lives, and the line of text there."""
    page = visitor.new_page()
    page.goto(link)
    page.locator(".labkit-box [role=slider][aria-label]").first.wait_for()
    return page, page.locator(".labkit-says").first.inner_text()
