"""Find a Chromium or Chrome for the browser tests.

usage: python tests/browser/find_browser.py [--install]

Prints the browser's path; without one, exits with 1. With --install, Playwright's Chromium is
downloaded if there is none; where that fails too, one line says what the tests will miss.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
WINDOWS = "Google/Chrome/Application/chrome.exe"
PLAYWRIGHTS_OWN = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""
MISSING = (
    "no Chromium or Chrome found: install one (Debian: apt-get install chromium), or name one in "
    "LABKIT_BROWSER"
)


def find_browser() -> Path | None:
    """Return a browser that runs, or None.

    The one named in the environment variable LABKIT_BROWSER comes first, then those on PATH and in
    the usual places, then the one that Playwright has downloaded.
    """
    return next((Path(name) for name in candidates() if runs(name)), None)


def candidates() -> Iterator[str]:
    """Yield the places where a browser may be."""
    names = (os.environ.get("LABKIT_BROWSER", ""), *NAMES)
    yield from filter(None, map(shutil.which, names))
    if sys.platform == "darwin":
        yield from MACOS
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if variable in os.environ:
            yield str(Path(os.environ[variable], WINDOWS))
    yield playwrights_own()


def playwrights_own() -> str:
    """Return where Playwright keeps its Chromium, downloaded or not."""
    command = [sys.executable, "-c", PLAYWRIGHTS_OWN]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def runs(name: str) -> bool:
    """Tell whether a browser starts: Ubuntu has a `chromium-browser` that only names a snap."""
    if not Path(name).is_file():
        return False
    if os.name == "nt":  # there, --version opens a window
        return True
    try:
        asked = subprocess.run([name, "--version"], capture_output=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def install_chromium() -> None:
    """Let Playwright download its Chromium, if it can within three minutes."""
    print("Looking for a browser: downloading Playwright's Chromium", flush=True)
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(command, capture_output=True, timeout=180)


def main(install: bool) -> int:
    """Print the browser's path, or what is missing; return the exit status."""
    browser = find_browser()
    if browser is None and install:
        install_chromium()
        browser = find_browser()
    if browser is not None:
        print(f"Browser for the tests: {browser}" if install else browser)
        return 0
    if not install:
        print(MISSING)
        return 1
    required = os.environ.get("LABKIT_REQUIRE_BROWSER") == "1"
    print("Browser tests cannot run:" if required else "Browser tests are skipped:", MISSING)
    return int(required)


if __name__ == "__main__":
    sys.exit(main(install="--install" in sys.argv[1:]))
