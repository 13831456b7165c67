"""Parts of the lab that some Pythons do without: what tests them is skipped there, with a line."""

from __future__ import annotations

import pytest

from labkit.platforms import KERAS, TENSORFLOW_QUANTUM, Part


def needs(part: Part) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not part.is_installed(), reason=part.line)


def module_needs(part: Part) -> None:
    """Before the imports of a file of tests that all need a part."""
    if not part.is_installed():
        pytest.skip(part.line, allow_module_level=True)


needs_keras = needs(KERAS)
needs_tensorflow_quantum = needs(TENSORFLOW_QUANTUM)
