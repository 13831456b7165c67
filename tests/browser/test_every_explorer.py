"""Every explorer in JupyterLab, in a real browser: each control, the picture, reset."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from functools import partial

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from benchmarks.fresh_script import explorers
from lab_page import Page, open_notebook, screenshot
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Position, expect

from labkit.course.explorers import Explorer
from labkit.course.html import plain_text
from labkit.course.links import SITE, code_in

NAMES = sorted(explorer.__name__ for explorer in explorers())
POINTED = sorted(e.__name__ for e in explorers() if e._point is not Explorer._point)
PLACES = [(0.12, 0.25), (0.3, 0.6), (0.6, 0.25), (0.7, 0.6), (0.8, 0.25), (0.9, 0.6)]
METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}  # else it is asked for
CELLS = {name: f".jp-CodeCell:has-text('{name}()')" for name in NAMES}

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("explorers")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    root, notebook = tmp_path_factory.mktemp("explorers"), new_notebook(metadata=METADATA)
    for name in NAMES:
        code = f"from labkit.course.explorers import {name}\n\n{name}()"
        notebook.cells.append(new_code_cell(code))
    (root / "notebooks").mkdir()
    nbformat.write(notebook, root / "notebooks" / "explorers.ipynb")
    with open_notebook(root, "explorers.ipynb", CELLS) as page:
        yield page


@pytest.fixture
def name(request: pytest.FixtureRequest, lab: Page) -> str:
    """An explorer, as it stood when it appeared: what other tests moved, and when, is undone."""
    lab.cell(request.param).get_by_role("button", name="Reset").click()
    lab.settled(request.param)
    return str(request.param)


def step(slider: Locator) -> None:
    """Moves a slider by a key: up, or down where it is at its end."""
    at, most = (slider.get_attribute(f"aria-value{end}") for end in ("now", "max"))
    slider.press("ArrowLeft" if at == most else "ArrowRight")


def choose_last(choice: Locator) -> None:
    """Chooses the last option of a list."""
    choice.select_option(index=choice.locator("option").count() - 1)


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests")
def test_all_tests_of_a_page_run_in_one_worker(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@explorers")


def test_all_explorers_appear_without_error_or_outside_request(lab: Page) -> None:
    assert not {"error", "stderr"} & {*itertools.chain(*lab.outputs())}
    assert lab.complaints == []
    for name in NAMES:
        assert lab.state(name)["pictures"] == 1


@pytest.mark.parametrize("name", NAMES, indirect=True)
def test_every_slider_moved_by_keyboard_changes_the_picture_once_until_reset(
    lab: Page, name: str
) -> None:
    sliders, first = lab.cell(name).get_by_role("slider"), lab.state(name)["text"]
    assert sliders.count() >= 1
    for i in range(sliders.count()):
        lab.moved_once(name, partial(step, sliders.nth(i)))
    screenshot(lab, name)
    reset = lab.cell(name).get_by_role("button", name="Reset")
    assert lab.moved_once(name, reset.click)["text"] == first


@pytest.mark.parametrize("name", NAMES, indirect=True)
def test_every_choice_changes_the_picture_once(lab: Page, name: str) -> None:
    choices = lab.cell(name).locator("select")
    for i in range(choices.count()):
        lab.moved_once(name, partial(choose_last, choices.nth(i)))


@pytest.mark.parametrize("name", POINTED, indirect=True)
def test_clicks_on_the_picture_are_answered_with_a_drawing_or_none(lab: Page, name: str) -> None:
    """A click where there is nothing to choose draws nothing new, and so does one between axes."""
    picture = lab.cell(name).locator("img.labkit-picture")
    box = picture.bounding_box()
    assert box is not None
    drawings = []
    for across, down in PLACES:
        place: Position = {"x": box["width"] * across, "y": box["height"] * down}
        drawings.append(lab.count_drawings(name, partial(picture.click, position=place)))
    assert max(drawings) == 1, drawings
    screenshot(lab, f"{name}-clicked")


@pytest.mark.parametrize("name", ["AngleExplorer"], indirect=True)
def test_the_point_of_the_landscape_follows_a_drag_and_the_arrow_keys(lab: Page, name: str) -> None:
    picture = lab.cell(name).locator("img.labkit-picture")
    box = picture.bounding_box()
    assert box is not None

    def drag() -> None:
        mouse = lab.page.mouse
        mouse.move(box["x"] + 0.15 * box["width"], box["y"] + 0.3 * box["height"])
        mouse.down()
        mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"], steps=15)
        mouse.up()

    def point() -> tuple[float, float]:
        numbers = re.findall(r"[γβ] (-?\d+\.\d+)", str(lab.state(name)["text"]))
        return float(numbers[0]), float(numbers[1])

    drawings = lab.count_drawings(name, drag)
    assert 1 < drawings <= 17  # places on the way are left out where a drawing takes longer
    gamma, beta = point()
    lab.moved_once(name, partial(picture.press, "ArrowRight"))
    assert point()[0] > gamma and point()[1] == beta
    lab.moved_once(name, partial(picture.press, "ArrowDown"))
    assert point()[1] < beta


@pytest.mark.parametrize("name", ["AmplitudeExplorer"], indirect=True)
def test_h_z_h_by_buttons_makes_a_one_of_a_zero(lab: Page, name: str) -> None:
    cell = lab.cell(name)
    for gate in ("H 0", "Z 0", "H 0"):
        lab.moved_once(name, cell.get_by_role("button", name=gate, exact=True).click)
    assert "finds neuron on: 0 1.00, 1 0.00" in str(lab.state(name)["text"])
    cell.get_by_text("this circuit as code").click()
    assert "cirq.Z(q[0])" in cell.locator("pre", has_text="LineQubit").inner_text()
    screenshot(lab, f"{name}-h-z-h")
    undone = lab.moved_once(name, cell.get_by_role("button", name="Undo").click)
    assert "finds neuron on: 0 0.50, 1 0.00" in str(undone["text"])


@pytest.mark.parametrize("name", NAMES, indirect=True)
def test_no_control_picture_or_text_shuts_a_reader_out(lab: Page, name: str) -> None:
    """Of serious and critical faults axe-core finds none in an explorer (not in JupyterLab)."""
    cell = lab.cell(name)
    cell.locator(".labkit-explorer").evaluate("box => box.id = 'examined'")
    cell.get_by_role("button", name="Copy as code").click()
    cell.get_by_role("button", name="Hide").wait_for()  # what it copied is examined too
    found = Axe().run(lab.page, context="#examined").response["violations"]
    cell.get_by_role("button", name="Hide").click()
    cell.locator(".labkit-explorer").evaluate("box => box.removeAttribute('id')")
    faults = [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]}: {node['failureSummary']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    assert faults == []


@pytest.mark.parametrize("name", NAMES, indirect=True)
def test_the_link_copied_by_keyboard_opens_what_the_page_shows(lab: Page, name: str) -> None:
    lab.moved_once(name, partial(step, lab.cell(name).get_by_role("slider").first))
    button = lab.cell(name).get_by_role("button", name="Copy as link")
    button.press("Enter")
    expect(lab.cell(name).get_by_text("Link copied")).to_be_visible()
    expect(button).to_be_focused()
    link = lab.copied()
    assert link.startswith(SITE)
    names: dict[str, object] = {}
    *imports, call = code_in(link).partition("\n\n")
    exec(imports[0], names)
    opened = eval(call, names)
    assert isinstance(opened, Explorer)
    shown = str(lab.state(name)["text"])
    assert plain_text(opened.text.value).split() == shown.split()


@pytest.mark.parametrize("name", ["GroverExplorer"], indirect=True)
def test_the_code_is_copied_and_stands_beneath_until_it_is_hidden(lab: Page, name: str) -> None:
    cell = lab.cell(name)
    button = cell.get_by_role("button", name="Copy as code")
    button.press("Space")
    expect(cell.get_by_text("Code copied.")).to_be_visible()
    field = cell.get_by_role("textbox", name="what is copied")
    assert lab.copied() == field.input_value()
    assert "GroverExplorer(" in lab.copied()
    screenshot(lab, f"{name}-copied")
    button.press("Escape")
    expect(field).to_be_hidden()
    expect(button).to_be_focused()


@pytest.mark.parametrize("name", ["GroverExplorer"], indirect=True)
def test_where_the_browser_refuses_the_text_is_selected(lab: Page, name: str) -> None:
    cell = lab.cell(name)
    refuse = "navigator.clipboard.writeText = () => Promise.reject(); document.execCommand = "
    lab.page.evaluate(f"() => {{ {refuse} () => false; }}")
    cell.get_by_role("button", name="Copy as link").press("Enter")
    expect(cell.get_by_text("does not let this page copy")).to_be_visible()
    field = cell.get_by_role("textbox", name="what is copied")
    expect(field).to_be_focused()
    selected = field.evaluate("it => it.value.slice(it.selectionStart, it.selectionEnd)")
    assert selected == field.input_value() and selected.startswith(SITE)
    lab.page.evaluate(
        "() => { delete navigator.clipboard.writeText; delete document.execCommand; }"
    )
