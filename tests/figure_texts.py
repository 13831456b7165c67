"""The texts of figures, caught where they are shown."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest


def catch_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that grows by the text of each figure that is shown from now on."""
    texts: list[str] = []

    def keep(shown: Any) -> None:
        texts.extend(map(html.unescape, re.findall('<img alt="([^"]*)"', shown.data)))

    monkeypatch.setattr("labkit.course.plots.canvas.display", keep)
    return texts
