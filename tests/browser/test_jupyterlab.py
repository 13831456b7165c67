"""The welcome notebook in JupyterLab, in a real browser, moved as a reader would move it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from itertools import chain

import pytest
from lab_page import ROOT, Page, open_notebook, screenshot

# the code cell of each explorer; only one of them has a drawing with switches
CELLS = {
    "subnetwork": ".jp-CodeCell:has([role=switch])",
    "grover": ".jp-CodeCell:has-text('grover = GroverExplorer(')",
}

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    with open_notebook(root, "00_welcome.ipynb", CELLS) as page:
        yield page


def test_the_notebook_runs_without_error_or_outside_request(lab: Page) -> None:
    outputs = lab.outputs()
    assert sum(map(bool, outputs)) > 5
    assert not {"error", "stderr"} & {*chain(*outputs)}
    assert lab.complaints == []


@pytest.mark.parametrize("key", ["click", "Space", "Enter"])
def test_toggling_a_neuron_changes_mask_cost_and_picture(lab: Page, key: str) -> None:
    neuron = lab.cell("subnetwork").locator("[role=switch]").nth(2)
    was_on = neuron.get_attribute("aria-checked")

    def toggle() -> None:
        neuron.click() if key == "click" else neuron.press(key)

    lab.moved_once("subnetwork", toggle)
    screenshot(lab, f"subnetwork-{key.lower()}")
    assert neuron.get_attribute("aria-checked") != was_on


@pytest.mark.parametrize("explorer", CELLS)
def test_every_slider_moved_by_keyboard_changes_picture_and_numbers(
    lab: Page, explorer: str
) -> None:
    sliders = lab.cell(explorer).get_by_role("slider")
    assert sliders.count() >= 2
    for i in range(sliders.count()):
        lab.moved_once(explorer, partial(sliders.nth(i).press, "ArrowRight"))
    screenshot(lab, explorer)


@pytest.mark.parametrize("explorer", CELLS)
def test_reset_brings_the_first_picture_back(lab: Page, explorer: str) -> None:
    reset = lab.cell(explorer).get_by_role("button", name="Reset")
    reset.click()
    first = lab.settled(explorer)[1]
    slider = lab.cell(explorer).get_by_role("slider").last
    lab.moved_once(explorer, partial(slider.press, "ArrowRight"))
    assert lab.moved_once(explorer, reset.click)["text"] == first["text"]


@pytest.mark.parametrize("explorer", CELLS)
def test_what_is_shown_goes_into_the_lab_book(lab: Page, explorer: str) -> None:
    cell = lab.cell(explorer)
    cell.get_by_role("button", name="Add to lab book").click()
    cell.get_by_text("kept in lab_book.sqlite").wait_for(timeout=600_000)
    table = lab.page.locator(".jp-CodeCell:has(button:has-text('Refresh'))")
    table.scroll_into_view_if_needed()
    table.get_by_role("button", name="Refresh").click()
    name = {"subnetwork": "SubnetworkExplorer", "grover": "GroverExplorer"}[explorer]
    table.locator("td", has_text=f"What does {name} show?").first.wait_for(timeout=600_000)
    screenshot(lab, f"lab-book-{explorer}")


def test_a_prediction_is_locked_once_it_is_kept(lab: Page) -> None:
    log = lab.page.locator(".jp-CodeCell:has(button:has-text('Keep my prediction'))")
    log.scroll_into_view_if_needed()
    prediction, outcome = log.locator("textarea").first, log.locator("textarea").last
    assert outcome.is_disabled()
    prediction.fill("Twenty-five calls.")
    log.get_by_role("button", name="Keep my prediction").click()
    log.get_by_text("Kept in lab_book.sqlite").wait_for(timeout=600_000)
    assert prediction.is_disabled()
    outcome.fill("Twenty-five: the square root of 1,024, times pi over 4.")
    log.get_by_role("button", name="Add what came").click()
    log.locator("textarea:disabled").nth(1).wait_for(timeout=600_000)
    screenshot(lab, "lab-log")
