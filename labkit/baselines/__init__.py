"""What selection is measured against; unlike a selector, a baseline needs the network itself.

Training of Keras models, and Keras with it, is loaded when it is first named.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from labkit.baselines.descent import TrainedArrays, train_arrays
from labkit.baselines.least_squares import FittedReadout, fit_readout
from labkit.baselines.low_bit import low_bit_search, straight_through
from labkit.baselines.pruning import edge_popup, magnitude_pruning

if TYPE_CHECKING:
    from labkit.baselines.training import (
        TrainedNetwork,
        TrainedNetworks,
        train_network,
        train_networks,
    )

__all__ = [
    "FittedReadout",
    "TrainedArrays",
    "TrainedNetwork",
    "TrainedNetworks",
    "edge_popup",
    "fit_readout",
    "low_bit_search",
    "magnitude_pruning",
    "straight_through",
    "train_arrays",
    "train_network",
    "train_networks",
]

_IN_KERAS = ("TrainedNetwork", "TrainedNetworks", "train_network", "train_networks")


def __getattr__(name: str) -> Any:
    """Loads what needs Keras when it is first named (PEP 562)."""
    if name in _IN_KERAS:
        return getattr(importlib.import_module("labkit.baselines.training"), name)
    raise AttributeError(f"module 'labkit.baselines' has no attribute {name!r}")
