"""Every page of the book in a real browser that reaches nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import lite
import pytest
from find_browser import MISSING, find_browser
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    Route,
    sync_playwright,
)

from labkit.course.registry import LESSONS, Lesson

pytest.importorskip("myst_nb", reason="myst-nb is not there for Python 3.10")

from axe_playwright_python.sync_playwright import Axe
from built_book import ROOT, built_book, pages

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("book")]
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]
#: One page of each kind.
KINDS = [
    *("index.html", "search.html", "genindex.html", "README.html", "docs/teaching.html"),
    *("docs/measurements.html", "docs/howto/cost.html", "docs/reference.html"),
    *("docs/api/labkit.costs.html", "lite/lab/index.html", "notebooks/00_welcome.html"),
    *("notebooks/11_nk_networks.html", "notebooks/16_glossary_and_map.html"),
]
#: Each picture, laid out or not: whether it has come, and its text.
PICTURES = """() => Promise.all([...document.images].map(async image => {
    await image.decode().catch(() => {});
    return [image.naturalWidth > 0, image.alt];
}))"""
STILL = "Promise.allSettled(document.getAnimations().map(animation => animation.finished))"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder, below another as on GitHub Pages."""
    handler = partial(Quiet, directory=str(folder.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{folder.name}/"
        server.shutdown()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the book is served."""
    with served(built_book()) as address:
        yield address


@pytest.fixture(scope="module")
def address_of_both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the book is served with the live lessons in it, as `make site` lays them out."""
    folder = tmp_path_factory.mktemp("site") / "book"
    shutil.copytree(built_book(), folder)
    shutil.rmtree(folder / "lite")
    lite.build(folder / "lite", None)
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module", params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def context(scheme: str) -> Iterator[BrowserContext]:
    browser_path = find_browser()
    if browser_path is None:
        assert os.environ.get("LABKIT_REQUIRE_BROWSER") != "1", MISSING
        pytest.skip(MISSING)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(browser_path), args=FLAGS)
        context = browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": 1300, "height": 900},
        )
        context.set_default_timeout(120_000)
        yield context
        browser.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    yield page
    page.close()


def watch(page: Page, address: str) -> list[str]:
    """Collects errors and failed requests; what asks for anything but the book is refused."""
    seen: list[str] = []

    def refuse_outside(route: Route) -> None:
        if route.request.url.startswith((address, "data:")):
            route.continue_()
        else:
            seen.append(f"outside: {route.request.url}")
            route.abort()

    def note_status(response: Response) -> None:
        if response.status >= 400:
            seen.append(f"{response.status}: {response.url}")

    def note_word(said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            seen.append(f"console: {said.text}")

    def note_failure(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left before its icon had come
            seen.append(f"{request.failure}: {request.url}")

    page.route("**/*", refuse_outside)
    page.on("response", note_status)
    page.on("requestfailed", note_failure)
    page.on("pageerror", lambda error: seen.append(f"error: {error}"))
    page.on("console", note_word)
    return seen


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_every_page_asks_for_nothing_else_and_has_all_its_pictures(
    page: Page, address: str
) -> None:
    seen = watch(page, address)
    for name in pages():
        page.goto(address + name, wait_until="load")
        pictures = page.evaluate(PICTURES)
        seen += [f"{name}: {text!r} is missing" for has_come, text in pictures if not has_come]
        seen += [f"{name}: a picture without text" for _, text in pictures if not text.strip()]
        assert page.evaluate("document.documentElement.lang") == "en"
    assert seen == []


@pytest.mark.parametrize("name", KINDS)
def test_a_page_of_each_kind_is_accessible(name: str, page: Page, address: str) -> None:
    page.goto(address + name)
    page.evaluate(STILL)  # a colour on its way is none to judge
    found = Axe().run(page).response["violations"]
    assert [v for v in found if v["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("lesson", [LESSONS[0], LESSONS[7], LESSONS[-1]], ids=lambda x: x.file)
@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_the_button_of_a_lesson_opens_that_lesson_to_be_run(
    page: Page, address_of_both: str, lesson: Lesson
) -> None:
    page.goto(f"{address_of_both}notebooks/{lesson.file}.html")
    title = page.locator("h1").first.inner_text().rstrip("#")
    page.get_by_role("link", name="Run this page in the browser").click()
    page.wait_for_url(f"{address_of_both}lite/lab/index.html?path={lesson.file}.ipynb")
    page.locator(".jp-Notebook h1", has_text=title).first.wait_for()


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_the_search_finds_a_lesson_without_a_network(page: Page, address: str) -> None:
    seen = watch(page, address)
    page.goto(f"{address}search.html?q=Dicke")
    page.locator("#search-results li").first.wait_for()
    found = page.locator("#search-results a").evaluate_all("links => links.map(x => x.href)")
    assert any("10_sparse_subnetworks.html" in link for link in found) and seen == []


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_the_book_opens_from_a_disk(page: Page) -> None:
    page.goto((built_book() / "index.html").as_uri())
    page.get_by_role("link", name="Read", exact=True).click()
    page.locator("div.cell_output img").first.wait_for()
    page.locator("nav").get_by_role("link", name="04 · Grover’s search").click()
    page.locator(".bd-article math").first.wait_for()


def test_a_lesson_fits_a_phone_and_is_seen(page: Page, address: str, scheme: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}notebooks/04_grover_search.html")
    assert page.evaluate(OVERFLOW) <= 0
    folder = ROOT / "test-results"
    folder.mkdir(exist_ok=True)
    page.screenshot(path=str(folder / f"book-{scheme}-phone.png"))
    page.set_viewport_size({"width": 1300, "height": 900})
    page.screenshot(path=str(folder / f"book-{scheme}.png"))


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_a_print_has_the_lesson_and_no_buttons(page: Page, address: str) -> None:
    page.goto(f"{address}notebooks/00_welcome.html")
    page.emulate_media(media="print")
    assert not page.locator(".run-here").is_visible()
    assert not page.locator(".bd-sidebar-primary").is_visible()
    assert page.locator("div.cell_output img").first.is_visible()
