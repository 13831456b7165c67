"""Explorers: controls, one figure and one line of text; what they show is computed by labkit."""

from labkit.course.explorers.amplitudes import AmplitudeExplorer
from labkit.course.explorers.angles import AngleExplorer
from labkit.course.explorers.base import Explorer
from labkit.course.explorers.blocks import BlockExplorer
from labkit.course.explorers.chaotic_series import SeriesExplorer
from labkit.course.explorers.cost_table import CostTableExplorer
from labkit.course.explorers.grover import GroverExplorer
from labkit.course.explorers.hardware import HardwareExplorer
from labkit.course.explorers.kernel import KernelExplorer
from labkit.course.explorers.layers import LayersExplorer
from labkit.course.explorers.linear_system import LinearSystemExplorer
from labkit.course.explorers.locality import LocalityExplorer
from labkit.course.explorers.low_bit import LowBitExplorer
from labkit.course.explorers.network import RandomNetworkExplorer
from labkit.course.explorers.nk import NKExplorer
from labkit.course.explorers.oracle import OracleExplorer
from labkit.course.explorers.phases import PhaseExplorer
from labkit.course.explorers.picture import NetworkDrawing, Picture, SharedMask
from labkit.course.explorers.race import SelectorRace
from labkit.course.explorers.residual import ResidualExplorer
from labkit.course.explorers.reuse import ReuseExplorer
from labkit.course.explorers.sampler import SamplerExplorer
from labkit.course.explorers.separation import SeparationExplorer
from labkit.course.explorers.spectrum import SpectrumExplorer
from labkit.course.explorers.subcircuit import SubcircuitExplorer
from labkit.course.explorers.subnetwork import SubnetworkExplorer
from labkit.course.explorers.theatre import LocalSearchTheatre
from labkit.course.explorers.unknown_count import UnknownCountExplorer

__all__ = [
    "AmplitudeExplorer",
    "AngleExplorer",
    "BlockExplorer",
    "CostTableExplorer",
    "Explorer",
    "GroverExplorer",
    "HardwareExplorer",
    "KernelExplorer",
    "LayersExplorer",
    "LinearSystemExplorer",
    "LocalSearchTheatre",
    "LocalityExplorer",
    "LowBitExplorer",
    "NKExplorer",
    "NetworkDrawing",
    "OracleExplorer",
    "PhaseExplorer",
    "Picture",
    "RandomNetworkExplorer",
    "ResidualExplorer",
    "ReuseExplorer",
    "SamplerExplorer",
    "SelectorRace",
    "SeparationExplorer",
    "SeriesExplorer",
    "SharedMask",
    "SpectrumExplorer",
    "SubcircuitExplorer",
    "SubnetworkExplorer",
    "UnknownCountExplorer",
]
