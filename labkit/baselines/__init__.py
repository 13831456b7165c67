"""What selection is measured against; unlike a selector, a baseline needs the network itself."""

from labkit.baselines.pruning import edge_popup, magnitude_pruning
from labkit.baselines.training import (
    TrainedNetwork,
    TrainedNetworks,
    train_network,
    train_networks,
)

__all__ = [
    "TrainedNetwork",
    "TrainedNetworks",
    "edge_popup",
    "magnitude_pruning",
    "train_network",
    "train_networks",
]
