"""Random networks as Keras models."""

from labkit.networks.nk_network import NKNetwork
from labkit.networks.random_network import RandomNetwork

__all__ = ["NKNetwork", "RandomNetwork"]
