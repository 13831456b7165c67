"""Explorers: controls, one figure and one line of text; what they show is computed by labkit.

An explorer is imported when it is first named, so that a page waits for its own alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

#: Each name -> the module that it is in.
_MODULES = {
    "AmplitudeExplorer": "amplitudes",
    "AngleExplorer": "angles",
    "BlockExplorer": "blocks",
    "CostTableExplorer": "cost_table",
    "Explorer": "base",
    "GroverExplorer": "grover",
    "HardwareExplorer": "hardware",
    "KernelExplorer": "kernel",
    "LayersExplorer": "layers",
    "LinearSystemExplorer": "linear_system",
    "LocalSearchTheatre": "theatre",
    "LocalityExplorer": "locality",
    "LowBitExplorer": "low_bit",
    "NKExplorer": "nk",
    "NetworkDrawing": "picture",
    "OracleExplorer": "oracle",
    "PhaseExplorer": "phases",
    "Picture": "picture",
    "RandomNetworkExplorer": "network",
    "ResidualExplorer": "residual",
    "ReuseExplorer": "reuse",
    "SamplerExplorer": "sampler",
    "SelectorRace": "race",
    "SeparationExplorer": "separation",
    "SeriesExplorer": "chaotic_series",
    "SharedMask": "picture",
    "SpectrumExplorer": "spectrum",
    "SubcircuitExplorer": "subcircuit",
    "SubnetworkExplorer": "subnetwork",
    "UnknownCountExplorer": "unknown_count",
}


def __getattr__(name: str) -> Any:
    """Imports an explorer when it is first named (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module 'labkit.course.explorers' has no attribute {name!r}")
    return getattr(import_module(f"labkit.course.explorers.{_MODULES[name]}"), name)
