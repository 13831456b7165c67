"""The old address of `labkit.course.explorers` and `labkit.course.panels`."""

# mypy: implicit-reexport
# ruff: noqa: F403

from labkit.course.explorers import *
from labkit.course.panels import *
