"""The examples in docstrings print what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest
from test_architecture import MODULES, unit_of

from labkit.platforms import KERAS, TENSORFLOW_QUANTUM

#: Of the course, lessons and explorers are tested by themselves.
OUTSIDE_THE_COURSE = [name for name in MODULES if unit_of(name) not in ("course", "__main__")]
WITH_EXAMPLES = [name for name in OUTSIDE_THE_COURSE if ">>> " in MODULES[name].read_text("utf-8")]
EXAMPLES_OF = ("amplification", "costs", "masks", "networks", "problems", "selectors")


def skip_without_its_parts(module: str) -> None:
    for part, needed_by in ((KERAS, "keras"), (TENSORFLOW_QUANTUM, "angle_training")):
        if needed_by in module and not part.is_installed():
            pytest.skip(part.line)


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_every_example_in_a_docstring_prints_what_it_says(module: str) -> None:
    skip_without_its_parts(module)
    ran = doctest.testmod(importlib.import_module(module))
    assert ran.attempted
    assert not ran.failed


def test_the_main_public_names_have_examples() -> None:
    assert {*EXAMPLES_OF} <= {unit_of(module) for module in WITH_EXAMPLES}
