"""A random network as plain arrays: its weights and its forward pass, without a framework.

`labkit.networks.RandomNetwork` is the same network in Keras and takes its weights from here;
costs and explorers need no more than these arrays, so they start without TensorFlow.
"""

from labkit.activations.arrays import (
    CONSTANT_BELOW,
    MAX_WEIGHT_MASK_INPUTS,
    NetworkArrays,
    check_samples,
    count_patterns,
    unit_patterns,
)
from labkit.activations.drawing import INITS, MASK_KINDS, READOUTS, draw_network
from labkit.activations.folding import fold_subnetwork
from labkit.activations.many_inputs import ManyInputsArrays
from labkit.activations.nk import NEIGHBOURHOODS, NKArrays, draw_nk_network
from labkit.activations.two_layers import TwoLayerArrays

__all__ = [
    "CONSTANT_BELOW",
    "INITS",
    "MASK_KINDS",
    "MAX_WEIGHT_MASK_INPUTS",
    "NEIGHBOURHOODS",
    "READOUTS",
    "ManyInputsArrays",
    "NKArrays",
    "NetworkArrays",
    "TwoLayerArrays",
    "check_samples",
    "count_patterns",
    "draw_network",
    "draw_nk_network",
    "fold_subnetwork",
    "unit_patterns",
]
