"""Remembers the benchmarks that failed, for the page to name them."""

from __future__ import annotations

from typing import Any

import pytest

FAILED = pytest.StashKey[list[str]]()


def pytest_exception_interact(node: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Notes a benchmark that failed, and the first line of why."""
    why = call.excinfo.exconly().partition("\n")[0] if call.excinfo else ""
    node.config.stash.setdefault(FAILED, []).append(f"{node.name} failed: {why}")
