"""The report of a lab book in a real browser without a network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from find_browser import MISSING, find_browser
from lab_book_samples import HOSTILE, SVG, make_book, record_everywhere
from playwright.sync_api import Dialog, Page, Request, sync_playwright

from labkit.records import LabBook

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]
PICTURES = "images => images.map(i => [i.complete, i.naturalWidth, i.naturalHeight, i.alt])"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a browser that is offline."""
    browser_path = find_browser()
    if browser_path is None:
        assert os.environ.get("LABKIT_REQUIRE_BROWSER") != "1", MISSING
        pytest.skip(MISSING)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(browser_path), args=FLAGS)
        context = browser.new_context(offline=True, viewport={"width": 1200, "height": 900})
        context.set_default_timeout(600_000)
        yield context.new_page()
        browser.close()


def watch(page: Page) -> list[str]:
    """Collects errors, dialogs, and requests for anything but the page and what it holds."""
    seen: list[str] = []
    page.on("pageerror", lambda error: seen.append(f"error: {error}"))
    page.on("console", lambda message: seen.append(f"console: {message.text}"))

    def note_dialog(dialog: Dialog) -> None:
        seen.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", note_dialog)

    def note_outside(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            seen.append(request.url)

    page.on("request", note_outside)
    return seen


def opened(page: Page, book: LabBook) -> None:
    path = book.path.with_name("report.html")
    book.export(path)
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")


def test_the_report_opens_offline_with_its_figures_and_numbers(page: Page, tmp_path: Path) -> None:
    seen = watch(page)
    opened(page, make_book(tmp_path / "book.sqlite"))
    folder = ROOT / "test-results"
    folder.mkdir(exist_ok=True)
    page.screenshot(path=str(folder / "report.png"), full_page=True)
    pictures = page.eval_on_selector_all("img", PICTURES)
    assert len(pictures) == 1
    for complete, width, height, text in pictures:
        assert complete
        assert width > 100
        assert height > 50
        assert "search" in text
    for number in ("0.15625", "0.2734375", "MemoryError: 8.0 TiB"):
        assert page.get_by_text(number).first.is_visible()
    page.get_by_role("link", name="Does annealing?").click()
    assert page.locator(".entry.failed").is_visible()
    assert seen == []


def test_the_report_fits_a_phone(page: Page, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    opened(page, make_book(tmp_path / "book.sqlite"))
    assert page.evaluate(OVERFLOW) <= 0
    page.screenshot(path=str(ROOT / "test-results" / "report-phone.png"), full_page=True)


def test_what_people_typed_does_not_run(page: Page, tmp_path: Path) -> None:
    seen = watch(page)
    book = LabBook(tmp_path / "book.sqlite")
    record_everywhere(book, HOSTILE)
    book.record("a picture", attachments={"hostile.svg": SVG})
    opened(page, book)
    assert page.locator("script").count() == 0
    assert page.get_by_text("<script>alert(1)</script>").count() > 5
    assert page.title() == "Lab book book.sqlite"
    assert all(width > 0 for _, width, _, _ in page.eval_on_selector_all("img", PICTURES))
    page.evaluate("new Promise(done => setTimeout(done))")  # what had been queued has run
    assert seen == []
