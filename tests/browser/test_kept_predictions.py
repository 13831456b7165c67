"""Predictions of a lesson in JupyterLab: kept or shown, and found again after a restart."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from lab_page import KERNEL, ROOT, RUN_ALL, Page, open_notebook, screenshot
from playwright.sync_api import Locator, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SHOW_ME, KEEP = "Show me", "Keep my guess"
#: A prediction by a slider, and one by a number; the cells that tell their answers.
QUALITY, TIES = "best_of_twelve", "tied"
RESTART = f"""async () => {{
    await window.jupyterapp.shell.currentWidget.sessionContext.restartKernel();
    await {KERNEL}.info;
}}"""
CLEAR = "() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
GONE = "The kernel is gone: run this cell again."
_LONG = 600_000  # ms


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    with open_notebook(root, "02_every_mask.ipynb", {}) as page:
        yield page


def cell(lab: Page, source: str) -> Locator:
    """The code cell with this in its source, scrolled into view."""
    found = lab.page.locator(".jp-CodeCell", has=lab.page.locator(".cm-content", has_text=source))
    found.first.scroll_into_view_if_needed()
    return found.first


def run_again(lab: Page) -> None:
    """Runs all cells, after a restart."""
    lab.page.evaluate(CLEAR)
    lab.page.evaluate(RUN_ALL)
    lab.page.locator(".jp-CodeCell", has_text="describe_run").locator(
        ".jp-OutputArea-output"
    ).wait_for(timeout=_LONG)


def is_folded(answer: Locator) -> None:
    answer.get_by_role("button", name=SHOW_ME).wait_for(timeout=_LONG)
    assert answer.locator(".jp-OutputArea-output img").count() == 0


def is_open(answer: Locator, said: str) -> None:
    """A figure with its text, and this beneath."""
    answer.get_by_text(said).wait_for(timeout=_LONG)
    picture = answer.locator(".jp-OutputArea-output img")
    expect(picture).to_be_visible(timeout=_LONG)
    assert picture.get_attribute("alt")
    assert answer.get_by_role("button", name=SHOW_ME).count() == 0


def test_a_guess_that_is_kept_opens_the_fold_and_is_found_after_a_restart(lab: Page) -> None:
    panel, answer = cell(lab, f"{QUALITY} = "), cell(lab, f"{QUALITY}.score(")
    is_folded(answer)
    screenshot(lab, "prediction-folded")
    panel.get_by_role("slider").press("ArrowRight")
    panel.get_by_role("button", name=KEEP).click()
    is_open(cell(lab, f"{QUALITY}.score("), "% of the points.")
    screenshot(lab, "prediction-kept")
    lab.page.evaluate(RESTART)
    for source, button in ((f"{TIES} = ", KEEP), (f"{TIES}.score(", SHOW_ME)):
        cell(lab, source).get_by_role("button", name=button).click()
        cell(lab, source).get_by_text(GONE).wait_for(timeout=_LONG)
    cell(lab, f"{QUALITY} = ").get_by_text(GONE).wait_for(timeout=_LONG)
    screenshot(lab, "prediction-kernel-gone")
    run_again(lab)
    panel = cell(lab, f"{QUALITY} = ")
    panel.get_by_text("You predicted").wait_for(timeout=_LONG)
    assert panel.get_by_text(GONE).count() == 0
    assert panel.get_by_role("button", name=KEEP).is_disabled()
    is_open(cell(lab, f"{QUALITY}.score("), "% of the points.")
    screenshot(lab, "prediction-found-again")


def test_who_asks_for_the_answer_guesses_late_after_a_restart_too(lab: Page) -> None:
    answer = cell(lab, f"{TIES}.score(")
    is_folded(answer)
    answer.get_by_role("button", name=SHOW_ME).click()
    is_open(answer, "No prediction was kept.")
    cell(lab, f"{TIES} = ").get_by_text("kept as a late one").wait_for(timeout=_LONG)
    screenshot(lab, "prediction-shown")
    lab.page.evaluate(RESTART)
    run_again(lab)
    panel = cell(lab, f"{TIES} = ")
    panel.get_by_text("kept as a late one").wait_for(timeout=_LONG)
    panel.locator("input[type=number]").fill("28")
    panel.locator("input[type=number]").press("Tab")
    panel.get_by_role("button", name=KEEP).click()
    panel.get_by_text("You predicted 28 masks after the answer was shown").wait_for(timeout=_LONG)
    screenshot(lab, "prediction-late")
    # what the page says of a control whose kernel is gone, and nothing else
    assert set(lab.complaints) <= {"error: Cannot send"}
