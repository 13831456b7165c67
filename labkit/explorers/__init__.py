"""Explorers: controls, one figure and one line of text; what they show is computed by labkit."""

from labkit.explorers.angles import AngleExplorer
from labkit.explorers.base import Explorer
from labkit.explorers.drawing import NetworkDrawing
from labkit.explorers.grover import GroverExplorer
from labkit.explorers.lab_log import LabLog
from labkit.explorers.locality import LocalityExplorer
from labkit.explorers.oracle import OracleExplorer
from labkit.explorers.picture import Picture, SharedMask
from labkit.explorers.prediction import Prediction, Score
from labkit.explorers.race import SelectorRace
from labkit.explorers.runs_table import RunsTable
from labkit.explorers.spectrum import SpectrumExplorer
from labkit.explorers.subnetwork import SubnetworkExplorer
from labkit.explorers.theatre import LocalSearchTheatre

__all__ = [
    "AngleExplorer",
    "Explorer",
    "GroverExplorer",
    "LabLog",
    "LocalSearchTheatre",
    "LocalityExplorer",
    "NetworkDrawing",
    "OracleExplorer",
    "Picture",
    "Prediction",
    "RunsTable",
    "Score",
    "SelectorRace",
    "SharedMask",
    "SpectrumExplorer",
    "SubnetworkExplorer",
]
