"""Random networks: as plain arrays, and as Keras models that are loaded when first named.

`RandomNetwork` and `NKNetwork` take their weights from the arrays; costs and explorers need no more
than these, so they start without TensorFlow. `network_from_keras` takes a Keras model of your own.
"""

import importlib
from typing import TYPE_CHECKING, Any

from labkit.networks.base import (
    ForwardNetwork,
    NetworkArrays,
    check_classes,
    check_samples,
    fold_subnetwork,
    read_labels,
)
from labkit.networks.hidden_layers import ManyInputsArrays, OneLayerArrays, TwoLayerArrays
from labkit.networks.low_bit import LowBitArrays
from labkit.networks.nk import NEIGHBOURHOODS, NKArrays, sample_nk_network
from labkit.networks.sampling import MASK_KINDS, sample_network

if TYPE_CHECKING:
    from labkit.networks.keras.complex_layers import ComplexConv2D, PhaseEncode
    from labkit.networks.keras.from_model import network_from_keras
    from labkit.networks.keras.large_kernel import LargeKernelNetwork
    from labkit.networks.keras.low_bit import RisingTemperature, SearchedDense
    from labkit.networks.keras.nk_network import NKNetwork
    from labkit.networks.keras.random_network import RandomNetwork

__all__ = [
    "MASK_KINDS",
    "NEIGHBOURHOODS",
    "ComplexConv2D",
    "ForwardNetwork",
    "LargeKernelNetwork",
    "LowBitArrays",
    "ManyInputsArrays",
    "NKArrays",
    "NKNetwork",
    "NetworkArrays",
    "OneLayerArrays",
    "PhaseEncode",
    "RandomNetwork",
    "RisingTemperature",
    "SearchedDense",
    "TwoLayerArrays",
    "check_classes",
    "check_samples",
    "draw_network",
    "draw_nk_network",
    "fold_subnetwork",
    "network_from_keras",
    "read_labels",
    "sample_network",
    "sample_nk_network",
]

#: The names of these before plots were drawn, too.
draw_network, draw_nk_network = sample_network, sample_nk_network

_IN_KERAS = {
    "RandomNetwork": "random_network",
    "NKNetwork": "nk_network",
    "network_from_keras": "from_model",
    "SearchedDense": "low_bit",
    "RisingTemperature": "low_bit",
    "ComplexConv2D": "complex_layers",
    "PhaseEncode": "complex_layers",
    "LargeKernelNetwork": "large_kernel",
}


def __getattr__(name: str) -> Any:
    """Loads what needs Keras when it is first named (PEP 562)."""
    if name in _IN_KERAS:
        return getattr(importlib.import_module(f"labkit.networks.keras.{_IN_KERAS[name]}"), name)
    raise AttributeError(f"module 'labkit.networks' has no attribute {name!r}")
