"""Where the lab book lies if nobody says."""

from __future__ import annotations

import os
from pathlib import Path


def default_path() -> Path:
    """`lab_book.sqlite` in the current folder, or what LABKIT_BOOK says."""
    return Path(os.environ.get("LABKIT_BOOK") or "lab_book.sqlite")
