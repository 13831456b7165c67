"""Random networks with one hidden layer, whose contributions a test looks at."""

from __future__ import annotations

from typing import Any

from labkit.networks import OneLayerArrays, sample_network


def sample_one_layer(*sizes: int, **options: Any) -> OneLayerArrays:
    network = sample_network(*sizes, **options)
    assert isinstance(network, OneLayerArrays)
    return network
