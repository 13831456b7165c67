"""Explorers: controls, one figure and one line of text; what they show is computed by labkit."""

from labkit.explorers.base import Explorer
from labkit.explorers.drawing import NetworkDrawing
from labkit.explorers.grover import GroverExplorer
from labkit.explorers.lab_log import LabLog
from labkit.explorers.picture import Picture, SharedMask
from labkit.explorers.prediction import Prediction, Score
from labkit.explorers.runs_table import RunsTable
from labkit.explorers.subnetwork import SubnetworkExplorer

__all__ = [
    "Explorer",
    "GroverExplorer",
    "LabLog",
    "NetworkDrawing",
    "Picture",
    "Prediction",
    "RunsTable",
    "Score",
    "SharedMask",
    "SubnetworkExplorer",
]
