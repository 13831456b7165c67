"""A notebook open in JupyterLab, in a real browser, with explorers that are moved."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from find_browser import MISSING, find_browser
from playwright.sync_api import Locator, Request, TimeoutError, sync_playwright
from playwright.sync_api import Page as BrowserPage

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-dev-shm-usage",
]
RUN_ALL = """async () => {
    const app = window.jupyterapp;
    await app.restored;
    const panel = app.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    await app.commands.execute('notebook:run-all-cells');
}"""
# counts how often the picture of a cell's explorer is drawn anew
COUNT_DRAWINGS = """cell => {
    const image = cell.querySelector('.widget-vbox img');
    window.drawings = 0;
    window.watcher?.disconnect();
    window.watcher = new MutationObserver(records => { window.drawings += records.length; });
    window.watcher.observe(image, {attributeFilter: ['src']});
}"""
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
# notes what is sent to the kernel until it says that it is idle after it
WATCH_KERNEL = f"""() => {{
    window.awaited = new Set();
    {KERNEL}.anyMessage.connect((_, {{ msg, direction }}) => {{
        if (direction === 'send' && msg.channel === 'shell') window.awaited.add(msg.header.msg_id);
        else if (msg.header.msg_type === 'status' && msg.content.execution_state === 'idle')
            window.awaited.delete(msg.parent_header.msg_id);
    }});
}}"""
# Waits until all is answered and the page has taken it in. A widget sends its next message once its
# last is answered, so there may be more to wait for; the kernel answers widgets and questions about
# itself in threads of their own.
SETTLE = f"""async () => {{
    for (let quiet = 0; quiet < 3; quiet++) {{
        await {KERNEL}.requestKernelInfo();
        await new Promise(done => setTimeout(done));
        if (window.awaited.size > 0) quiet = -1;
    }}
}}"""
# What the code cells of the notebook have printed: the page itself holds those near its window.
OUTPUTS = """() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells
    .filter(cell => cell.cell_type === 'code')
    .map(cell => cell.outputs.map(output => output.name ?? output.output_type))"""
STATE = """cell => {
    const view = cell.querySelector('.widget-vbox');
    return {
        pictures: cell.querySelectorAll('.jp-OutputArea-output img').length,
        outputs: cell.querySelectorAll('.jp-OutputArea-output').length,
        picture: view.querySelector('img').src,
        text: view.querySelector('.widget-html-content').innerText,
    };
}"""


@dataclass
class Page:
    """A page of JupyterLab.

    Attributes:
        page: of the browser.
        complaints: what went wrong on it.
        cells: explorer -> selector of its code cell.
    """

    page: BrowserPage
    complaints: list[str]
    cells: Mapping[str, str]

    def cell(self, explorer: str) -> Locator:
        """The code cell of an explorer, scrolled into view."""
        cell = self.page.locator(self.cells[explorer])
        cell.scroll_into_view_if_needed()
        return cell

    def state(self, explorer: str) -> dict[str, str | int]:
        """What an explorer shows; a picture is known by its address."""
        return dict(self.cell(explorer).evaluate(STATE))

    def outputs(self) -> list[list[str]]:
        """The kinds of outputs of each code cell of the notebook: display_data, stderr, error."""
        return list(self.page.evaluate(OUTPUTS))

    def moved_once(self, explorer: str, move: Callable[[], None]) -> dict[str, str | int]:
        """Makes a move; picture and numbers change, once, and nothing piles up."""
        before = self.state(explorer)
        self.cell(explorer).evaluate(COUNT_DRAWINGS)
        move()
        with contextlib.suppress(TimeoutError):  # a page that is busy draws after it is told
            self.page.wait_for_function("window.drawings > 0", timeout=60_000)
        drawings, after = self.settled(explorer)
        assert drawings == 1, f"{explorer}: {drawings} drawings; it shows {after['text']}"
        assert after["picture"] != before["picture"]
        assert after["text"] != before["text"]
        assert after["pictures"] == before["pictures"] == 1
        assert after["outputs"] == before["outputs"] == 1
        return after

    def count_drawings(self, explorer: str, move: Callable[[], None]) -> int:
        """How often a move is answered with a new picture."""
        self.cell(explorer).evaluate(COUNT_DRAWINGS)
        move()
        return self.settled(explorer)[0]

    def copied(self) -> str:
        """The text that is in the clipboard."""
        return str(self.page.evaluate("() => navigator.clipboard.readText()"))

    def settled(self, explorer: str) -> tuple[int, dict[str, str | int]]:
        """The drawings that were counted and the state, once nothing is under way any more."""
        self.page.evaluate(SETTLE)
        return int(self.page.evaluate("window.drawings ?? 0")), self.state(explorer)


@contextlib.contextmanager
def jupyterlab(root: Path) -> Iterator[str]:
    """Serves the notebooks; yields the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    env = {**os.environ, **{f"JUPYTER_{name}": str(root / name) for name in folders}}
    env |= {f"JUPYTERLAB_{name}_DIR": str(root / name) for name in ("SETTINGS", "WORKSPACES")}
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"),
        *("--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.password="),
        *("--ServerApp.allow_root=True", f"--ServerApp.root_dir={root / 'notebooks'}"),
        *("--LabApp.extension_manager=readonly", "--expose-app-in-browser"),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    log = (root / "jupyterlab.log").open("w")
    server = subprocess.Popen(command, cwd=root, env=env, stdout=log, stderr=log)
    try:
        await_server(f"http://127.0.0.1:{port}/api/status", server, root / "jupyterlab.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(300)
        log.close()


def await_server(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until the server answers."""
    for _ in range(3000):
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=30):
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text())


@contextlib.contextmanager
def open_notebook(root: Path, notebook: str, cells: Mapping[str, str]) -> Iterator[Page]:
    """Serves root/notebooks, opens a notebook and runs all of it.

    Args:
        root: a folder for this test alone.
        notebook: name of a file in root/notebooks.
        cells: explorer -> selector of its code cell.
    """
    browser_path = find_browser()
    if browser_path is None:
        assert os.environ.get("LABKIT_REQUIRE_BROWSER") != "1", MISSING
        pytest.skip(MISSING)
    quiet = root / "SETTINGS/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    with jupyterlab(root) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(browser_path), args=FLAGS)
        page = browser.new_page(viewport={"width": 1500, "height": 1100})
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.set_default_timeout(600_000)  # a stop against hanging
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        own = (address, address.replace("http", "ws"), "data:", "blob:")

        def note_outside(request: Request) -> None:
            if not request.url.startswith(own):
                complaints.append(f"outside request: {request.url}")

        page.on("request", note_outside)
        page.goto(f"{address}/doc/tree/{notebook}?reset")
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=600_000)
        page.evaluate(RUN_ALL)
        page.locator("[role=slider]").first.wait_for(timeout=600_000)
        page.wait_for_function(
            "document.querySelector('.jp-Notebook-ExecutionIndicator').dataset.status === 'idle'",
            timeout=900_000,
        )
        page.evaluate(WATCH_KERNEL)
        yield Page(page, complaints, cells)
        browser.close()


def screenshot(lab: Page, name: str) -> None:
    """Keeps a picture of the page for a person to look at."""
    folder = ROOT / "test-results"
    folder.mkdir(exist_ok=True)
    lab.page.screenshot(path=str(folder / f"{name}.png"))
