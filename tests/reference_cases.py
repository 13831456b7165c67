"""Reads the cases in tests/reference, which were computed without labkit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "reference"


def load_cases(name: str) -> list[dict[str, Any]]:
    """The cases of tests/reference/<name>.json."""
    cases: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return cases
