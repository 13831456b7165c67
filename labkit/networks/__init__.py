"""Random networks as Keras models."""

from labkit.networks.random_network import RandomNetwork

__all__ = ["RandomNetwork"]
