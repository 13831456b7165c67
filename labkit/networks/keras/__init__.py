"""Random networks as Keras models.

Importing it loads TensorFlow and makes their classes known to `keras.saving.load_model`.
"""

from labkit.platforms import KERAS, quiet_start

with quiet_start():
    KERAS.load()

from labkit.networks.keras.complex_layers import ComplexConv2D, PhaseEncode
from labkit.networks.keras.large_kernel import LargeKernelNetwork
from labkit.networks.keras.low_bit import RisingTemperature, SearchedDense
from labkit.networks.keras.nk_network import NKNetwork
from labkit.networks.keras.random_network import RandomNetwork

__all__ = [
    "ComplexConv2D",
    "LargeKernelNetwork",
    "NKNetwork",
    "PhaseEncode",
    "RandomNetwork",
    "RisingTemperature",
    "SearchedDense",
]
