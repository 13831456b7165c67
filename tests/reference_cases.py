"""Reads the cases in tests/reference, which were computed without labkit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "reference"


def load_cases(name: str) -> list[dict[str, Any]]:
    """The cases of tests/reference/<name>.json."""
    read: Any = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    cases: list[dict[str, Any]] = read["cases"] if isinstance(read, dict) else read
    return cases
