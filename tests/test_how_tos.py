"""The how-tos of the book run."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

HOW_TOS = sorted((Path(__file__).parents[1] / "docs" / "howto").glob("*.rst"))


@pytest.mark.parametrize("page", HOW_TOS, ids=lambda page: page.stem)
def test_a_how_to_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testfile(str(page), module_relative=False, optionflags=options)
    assert tried > 3 and not failed
