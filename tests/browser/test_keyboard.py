"""The welcome lesson by keyboard alone: what Tab reaches, what it is called, what keys do there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from lab_page import ROOT, Page, open_notebook, screenshot
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

#: The focus on the first cell, as it is after Escape: where a reader begins.
BEGIN = """() => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.mode = 'command';
    notebook.activeCellIndex = 0;
    notebook.activate();
}"""
#: What has the focus: the number of its cell, -1 outside of them, its name, the type of a field,
#: whether it is in one of our boxes, and whether its outline is seen.
FOCUS = """() => {
    const it = document.activeElement;
    const cell = Number(it.closest('.jp-Notebook-cell')?.dataset.windowedListIndex ?? -1);
    const name = it.ariaLabel || it.alt || it.labels?.[0]?.innerText || it.innerText || '';
    const outline = getComputedStyle(it);
    const ours = it.closest('.labkit-box') !== null;
    const seen = outline.outlineStyle !== 'none' && parseFloat(outline.outlineWidth) >= 2;
    return { cell, name: name.trim(), kind: it.type ?? '', ours, seen };
}"""
#: How many places of our boxes Tab should reach; of radio buttons without a choice, each.
REACHABLE = """() => document.querySelectorAll(`.labkit-box :is(
    button, select, textarea, input, [role=slider], [role=switch], [role=textbox], img[tabindex]
):not(:disabled)`).values().filter(it => it.checkVisibility()).toArray().length"""
MOST = 150
LONG = 60_000  # ms


@dataclass(frozen=True)
class Focus:
    """What has the focus: see `FOCUS`."""

    cell: int
    name: str
    kind: str
    ours: bool
    seen: bool


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    with open_notebook(root, "00_welcome.ipynb", {}) as page:
        page.page.locator(".labkit-box [role=slider][aria-label]").last.wait_for()
        yield page


def focus(lab: Page) -> Focus:
    return Focus(**lab.page.evaluate(FOCUS))


def tab_to(lab: Page, wanted: str) -> Focus:
    """Presses Tab until something of this name, or a field of this type, has the focus."""
    seen = []
    for _ in range(MOST):
        lab.page.keyboard.press("Tab")
        seen.append(focus(lab))
        if wanted in (seen[-1].name, seen[-1].kind):
            return seen[-1]
    raise AssertionError(f"Tab does not reach {wanted!r}, but {seen}")


def press(lab: Page, *keys: str) -> None:
    for key in keys:
        lab.page.keyboard.press(key)


def test_tab_goes_through_the_lesson_in_order_and_out_at_its_end_and_back(lab: Page) -> None:
    lab.page.evaluate(BEGIN)
    stops: list[Focus] = []
    while not stops or stops[-1].cell >= 0:
        press(lab, "Tab")
        stops.append(focus(lab))
        assert len(stops) < MOST, f"nothing leads on from {stops[-1]}"
    inside = stops[:-1]
    assert [stop.cell for stop in inside] == sorted(stop.cell for stop in inside)
    ours = [stop for stop in inside if stop.ours]
    assert [stop for stop in ours if not stop.name or not stop.seen] == []
    assert len(ours) == lab.page.evaluate(REACHABLE)
    for _ in range(MOST):
        press(lab, "Shift+Tab")
        if focus(lab) == ours[0]:
            break
    assert focus(lab) == ours[0]


def test_explorers_are_moved_by_keys(lab: Page) -> None:
    lab.page.evaluate(BEGIN)
    first = lab.page.locator(".labkit-explorer").first
    for name, key in (
        ("seed of the weights", "ArrowRight"),
        ("neuron 2", "Space"),
        ("neuron 2", "Enter"),
    ):
        if focus(lab).name != name:
            tab_to(lab, name)
        said, picture = first.locator(".labkit-says").first, first.locator("img").first
        before = said.inner_text(), picture.get_attribute("src")
        press(lab, key)
        expect(said).not_to_have_text(before[0], use_inner_text=True, timeout=LONG)
        expect(picture).not_to_have_attribute("src", str(before[1]), timeout=LONG)
        assert said.get_attribute("aria-live") == "polite"
    picture = first.locator("img").first
    assert tab_to(lab, str(picture.get_attribute("alt"))).ours
    before = said.inner_text(), picture.get_attribute("src")
    press(lab, "ArrowRight")
    expect(said).not_to_have_text(before[0], use_inner_text=True, timeout=LONG)
    expect(picture).to_be_focused()
    screenshot(lab, "keyboard-picture")


def test_the_line_of_a_slider_says_what_it_shows(lab: Page) -> None:
    slider = lab.page.get_by_role("slider", name="threshold: cost")
    readout = slider.locator("xpath=ancestor::*[contains(@class, 'widget-inline-hbox')]")
    shown = readout.locator(".widget-readout").inner_text()
    assert "marked" in shown
    expect(slider).to_have_attribute("aria-valuetext", shown)


def test_a_guess_is_kept_and_its_answer_opened_by_keys(lab: Page) -> None:
    lab.page.evaluate(BEGIN)
    at = tab_to(lab, "radio")
    press(lab, "Space")  # the first of the answers
    panel = lab.page.locator(f".jp-Notebook-cell[data-windowed-list-index='{at.cell}']")
    assert panel.get_by_role("radiogroup").get_attribute("aria-label")
    tab_to(lab, "Keep my guess")
    press(lab, "Enter")
    panel.get_by_text("You predicted").wait_for(timeout=LONG)
    screenshot(lab, "keyboard-guess")
    question = "Will more oracle calls always be better? How many do 10 neurons need?"
    tab_to(lab, f"Lab log. {question} I expect ... because ...")
    lab.page.keyboard.type("Not always: they turn past it.")
    tab_to(lab, "Keep my prediction")
    press(lab, "Space")
    kept = lab.page.get_by_role("button", name="Add what came")
    expect(kept).to_be_enabled(timeout=LONG)


def test_an_exercise_is_answered_and_left_by_keys(lab: Page) -> None:
    lab.page.evaluate(BEGIN)
    place = """() => {
        const notebook = window.jupyterapp.shell.currentWidget.content;
        return [notebook.activeCellIndex, notebook.activeCell.model.sharedModel.source];
    }"""
    while "check(" not in lab.page.evaluate(place)[1]:
        press(lab, "ArrowDown")
    at, source = lab.page.evaluate(place)
    press(lab, "Enter", "Control+a")
    lab.page.keyboard.insert_text(source.replace("answer = ...", 'answer = "11111111"'))
    press(lab, "Control+Enter")
    cell = lab.page.locator(f".jp-Notebook-cell[data-windowed-list-index='{at}']")
    cell.get_by_text("exercise 00-1: wrong").wait_for(timeout=LONG)
    press(lab, "ArrowDown")
    assert lab.page.evaluate(place)[0] == at + 1
    screenshot(lab, "keyboard-exercise")
