"""Explorers in a real browser: no wider than their column, fine on a fine screen, a lost kernel."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest
from lab_page import Page, open_notebook, screenshot
from nbformat.v4 import new_code_cell, new_notebook

NAMES = ("SubnetworkExplorer", "OracleExplorer")
METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}  # else it is asked for
CELLS = {name: f".jp-CodeCell:has-text('{name}()')" for name in NAMES}
WIDTHS = (1440, 1280, 768, 390)
# what reaches beyond the column, and which readouts lie over one another
FAULTS = """cell => {
    const area = cell.querySelector('.jp-OutputArea-output').getBoundingClientRect();
    const seen = [...cell.querySelectorAll('.labkit-explorer *')].filter(e => e.checkVisibility());
    const boxes = seen.map(e => [e, e.getBoundingClientRect()]).filter(([, box]) => box.width > 0);
    const handle = e => e.closest('.noUi-base') !== null;  // half of it beyond its track
    const wide = boxes.filter(([e, box]) => !handle(e) && box.right > area.right + 1);
    const words = '.widget-readout, .widget-label, .jupyter-button, .widget-html-content';
    const read = boxes.filter(([e]) => e.matches(words) && e.innerText.trim() !== '');
    const clipped = read.filter(([e]) => e.scrollWidth > e.clientWidth + 1);
    const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
        && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    const met = read.filter(([e, box]) => read.some(([f, other]) => e !== f && over(box, other)));
    const named = list => list.map(([e]) => `${e.classList}: ${e.innerText}`);
    return { wide: named(wide), clipped: named(clipped), met: named(met) };
}"""
RESTART = """async () => {
    const context = window.jupyterapp.shell.currentWidget.sessionContext;
    await context.restartKernel();
    await context.session.kernel.info;
}"""

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("layout")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    root, notebook = tmp_path_factory.mktemp("layout"), new_notebook(metadata=METADATA)
    for name in NAMES:
        code = f"from labkit.course.explorers import {name}\n\n{name}()"
        notebook.cells.append(new_code_cell(code))
    (root / "notebooks").mkdir()
    nbformat.write(notebook, root / "notebooks" / "layout.ipynb")
    with open_notebook(root, "layout.ipynb", CELLS) as page:
        yield page


def resize(lab: Page, width: int, name: str) -> None:
    """Another window, once the picture fits it."""
    lab.page.set_viewport_size({"width": width, "height": 720})
    cell = lab.cell(name)
    lab.page.wait_for_function(
        """cell => {
            const image = cell.querySelector('img.labkit-picture');
            const room = image.parentElement.clientWidth;
            const shown = parseFloat(image.style.width);
            const settled = window.roomSeen === room;
            window.roomSeen = room;
            return settled && shown <= room + 1;
        }""",
        arg=cell.element_handle(),
        polling=500,
    )
    lab.settled(name)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_clipped_or_lies_over_another_at_any_width(
    lab: Page, name: str, width: int
) -> None:
    resize(lab, width, name)
    faults = lab.cell(name).evaluate(FAULTS)
    screenshot(lab, f"{name}-{width}")
    assert faults == {"wide": [], "clipped": [], "met": []}


@pytest.mark.parametrize("width", [1440, 1280, 1100])
def test_the_network_and_what_it_decides_stand_beside_one_another(lab: Page, width: int) -> None:
    resize(lab, width, "SubnetworkExplorer")
    cell = lab.cell("SubnetworkExplorer")
    network, picture = (
        cell.locator(what).bounding_box() for what in (".labkit-network", ".labkit-picture")
    )
    assert network is not None and picture is not None
    assert network["x"] + network["width"] <= picture["x"]
    assert abs(network["y"] - picture["y"]) < 100
    assert picture["height"] < 400  # its axes stand beside one another too


def test_a_picture_is_as_fine_as_the_screen(lab: Page) -> None:
    resize(lab, 1280, "OracleExplorer")
    picture = lab.cell("OracleExplorer").locator("img.labkit-picture")
    width = picture.evaluate("image => image.naturalWidth")
    devtools = lab.page.context.new_cdp_session(lab.page)
    # another size too: where nothing is painted, a finer screen alone is not noticed
    screen = {"width": 1290, "height": 720, "mobile": False}
    devtools.send("Emulation.setDeviceMetricsOverride", {**screen, "deviceScaleFactor": 2})
    lab.page.wait_for_function(
        "([image, width]) => image.naturalWidth === width",
        arg=[picture.element_handle(), 2 * width],
        polling=500,
    )
    assert picture.evaluate("image => image.getBoundingClientRect().width") == width
    devtools.send("Emulation.clearDeviceMetricsOverride")


def test_an_explorer_says_so_when_its_kernel_is_gone_until_its_cell_is_run_again(lab: Page) -> None:
    resize(lab, 1280, "OracleExplorer")
    cell = lab.cell("OracleExplorer")
    assert cell.locator(".labkit-kernel-watch").inner_text() == ""
    lab.page.evaluate(RESTART)
    cell.get_by_role("slider").first.press("ArrowRight")
    cell.get_by_text("The kernel is gone: run this cell again.").wait_for()
    screenshot(lab, "kernel-gone")
    cell.locator(".cm-content").click()
    lab.page.keyboard.press("Control+Enter")
    cell.get_by_text("The kernel is gone").wait_for(state="detached")
    cell.locator("img.labkit-picture").wait_for()
    assert cell.locator(".labkit-kernel-watch").inner_text() == ""
