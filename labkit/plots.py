"""The old address of `labkit.course.plots`, and of how predictions are read."""

# mypy: implicit-reexport
# ruff: noqa: F401, F403

from labkit.course.panels import predictions_in_words, read_predictions
from labkit.course.plots import *
