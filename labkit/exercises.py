"""The old address of `labkit.course.check` and of what stands beside it."""

# mypy: implicit-reexport
# ruff: noqa: F401

from labkit.course.checking import EXERCISES, Verdict, all_exercises, check
