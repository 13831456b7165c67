"""The cost of every subnetwork by TensorFlow and Keras."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.measuring import Call, Contestant
from labkit.masks import masks_from_indices
from labkit.scoring import score_all_masks

SAMPLES = 256


@dataclass(frozen=True, eq=False)
class Scoring:
    """A random network with n hidden units and one output, and samples of two features.

    Attributes:
        network: a `RandomNetwork`.
        x: (256, 2).
        y: (256,) 0 and 1.
    """

    network: Any
    x: Any
    y: Any

    @property
    def n(self) -> int:
        """Number of neurons."""
        return int(self.network.n_mask_bits)


def draw_scoring(n: int, *, rng: np.random.Generator) -> Scoring:
    """Samples from N(0, 1), labelled by a coin."""
    from labkit.networks import RandomNetwork

    x = rng.normal(size=(SAMPLES, 2))
    network = RandomNetwork(2, n, scale=2.0, seed=int(rng.integers(2**31))).adapt(x)
    return Scoring(network, x, rng.integers(2, size=SAMPLES))


def enter_ours(scoring: Scoring) -> Contestant:
    """labkit's table."""
    arrays = scoring.network.arrays()
    x, y = scoring.x, scoring.y
    return Contestant("labkit", "all masks", lambda: score_all_masks(arrays, x, y).costs)


def enter_peers(scoring: Scoring) -> list[Contestant]:
    """One product of masks and contributions, and Keras mask by mask."""
    return [
        Contestant("tf.function", "all masks", _tf_function(scoring)),
        Contestant("Keras call", "mask by mask", *_mask_by_mask(scoring, 32, _keras_call)),
        Contestant("Keras evaluate", "mask by mask", *_mask_by_mask(scoring, 3, _keras_evaluate)),
    ]


def _tf_function(scoring: Scoring) -> Call:
    """mean log(1 + exp(-y f)), f = masks @ contributions, in float32."""
    tf = import_module("tensorflow")

    masks = masks_from_indices(np.arange(2**scoring.n), scoring.n)
    t = scoring.network.contributions(scoring.x)[..., 0].T
    one, other = (tf.constant(a, dtype=tf.float32) for a in (masks, t))
    signs = tf.constant(np.where(scoring.y > 0, 1.0, -1.0), dtype=tf.float32)

    def costs() -> Any:
        return tf.reduce_mean(tf.nn.softplus(-signs * (one @ other)), axis=1)

    compiled = tf.function(costs)
    return lambda: compiled().numpy()


def _mask_by_mask(scoring: Scoring, count: int, cost: Any) -> tuple[Call, float]:
    """The costs of the last masks, and their share of all."""
    masks = masks_from_indices(np.arange(2**scoring.n - count, 2**scoring.n), scoring.n)
    return lambda: np.array([cost(scoring, mask) for mask in masks]), count / 2**scoring.n


def _keras_call(scoring: Scoring, neuron_mask: Any) -> float:
    """The network called with a mask; the loss by NumPy, which is nothing beside it."""
    f = np.asarray(scoring.network(scoring.x, neuron_mask))[:, 0]
    return float(np.mean(np.logaddexp(0, np.where(scoring.y > 0, -f, f))))


def _keras_evaluate(scoring: Scoring, neuron_mask: Any) -> float:
    """`evaluate` of the subnetwork as a Keras model of its own."""
    subnetwork = scoring.network.subnetwork(neuron_mask)
    return float(subnetwork.evaluate(scoring.x, scoring.y, batch_size=SAMPLES, verbose=0)[0])
