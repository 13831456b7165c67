"""Panels: what a reader writes into the lab book from a notebook, and what stands in it."""

from labkit.course.panels.class_board import ClassBoard
from labkit.course.panels.lab_log import LabLog
from labkit.course.panels.prediction import Prediction
from labkit.course.panels.progress import Progress
from labkit.course.panels.runs_table import RunsTable
from labkit.course.panels.scores import Score, predictions_in_words, read_predictions

__all__ = [
    "ClassBoard",
    "LabLog",
    "Prediction",
    "Progress",
    "RunsTable",
    "Score",
    "predictions_in_words",
    "read_predictions",
]
