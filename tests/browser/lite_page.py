"""A lite site served as a plain static server does, and its lessons opened in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page

READY = """async () => {
    const app = window.jupyterapp;
    await app.restored;
    const panel = app.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
}"""


class CountingHandler(SimpleHTTPRequestHandler):
    """A plain static server that counts the bytes that it sends."""

    sent = 0

    def log_message(self, *arguments: Any) -> None:
        """Says nothing."""

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Sends a file, counted."""
        data = source.read()
        CountingHandler.sent += len(data)
        outputfile.write(data)


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of a site while the body runs; what is sent is counted from 0 on."""
    CountingHandler.sent = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(CountingHandler, directory=site)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def open_lesson(visitor: BrowserContext, address: str, name: str) -> Page:
    page = visitor.new_page()
    page.goto(f"{address}/lab/index.html?path={name}.ipynb")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.evaluate(READY)
    return page


def draw_first_picture(page: Page) -> Locator:
    """Runs the first cells of a lesson, and waits for its explorer's picture."""
    for _ in range(2):
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    picture = page.locator(".labkit-picture").first
    picture.wait_for()
    return picture
