"""The reference: it builds without a warning and without the network; its how-tos run."""

from __future__ import annotations

import doctest
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
HOW_TOS = sorted((DOCS / "howto").glob("*.rst"))
#: Sphinx, where nothing can be asked for outside.
BUILD = """
import socket, sys

def refuse(*_, **__):
    raise OSError("the docs ask for the network")

socket.socket.connect = socket.getaddrinfo = refuse
from sphinx.cmd.build import main
sys.exit(main(["-q", "-W", "--keep-going", "-b", "html", *sys.argv[1:]]))
"""


def test_the_reference_builds_without_warnings_and_without_the_network(tmp_path: Path) -> None:
    source, pages = tmp_path / "docs", tmp_path / "html"
    shutil.copytree(DOCS, source, ignore=shutil.ignore_patterns("api"))
    command = [sys.executable, "-c", BUILD, str(source), str(pages)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    costs = (pages / "api" / "labkit.costs.html").read_text("utf-8")
    assert 'id="labkit.costs.PauliZCost.from_table"' in costs
    assert (pages / "howto" / "data.html").exists()


@pytest.mark.parametrize("page", HOW_TOS, ids=lambda page: page.stem)
def test_a_how_to_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testfile(str(page), module_relative=False, optionflags=options)
    assert tried > 3 and not failed
