"""The cost of every subnetwork by TensorFlow and Keras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.measuring import Call, Contestant
from labkit.masks import masks_from_indices
from labkit.networks import NetworkArrays
from labkit.scoring import score_all_masks

SAMPLES = 256
COSTS = ("squared_error", "cross_entropy")


@dataclass(frozen=True, eq=False)
class Scoring:
    """A random network with n hidden units and one output, and samples of two features.

    Attributes:
        network: a `RandomNetwork`.
        x: (256, 2).
        y: (256,) 0 and 1.
        cost: 'squared_error' or 'cross_entropy'.
    """

    network: Any
    x: Any
    y: Any
    cost: str

    @property
    def n(self) -> int:
        """Number of neurons."""
        return int(self.network.n_mask_bits)

    @property
    def arrays(self) -> NetworkArrays:
        """The network without Keras."""
        arrays: NetworkArrays = self.network.arrays()
        return arrays

    @property
    def signs(self) -> Any:
        """The targets -1 and +1, (256,)."""
        return np.where(self.y > 0, 1.0, -1.0)


def draw_scoring(n: int, cost: str, *, rng: np.random.Generator) -> Scoring:
    """Samples from N(0, 1), labelled by a coin."""
    from labkit.networks import RandomNetwork

    x = rng.normal(size=(SAMPLES, 2))
    network = RandomNetwork(2, n, scale=2.0, seed=int(rng.integers(2**31))).adapt(x)
    return Scoring(network, x, rng.integers(2, size=SAMPLES), cost)


def enter_ours(scoring: Scoring) -> Contestant:
    """labkit's table."""
    arrays, x, y = scoring.arrays, scoring.x, scoring.y
    return Contestant(
        "labkit", "all masks", lambda: score_all_masks(arrays, x, y, cost=scoring.cost).costs
    )


def enter_peers(scoring: Scoring) -> list[Contestant]:
    """One product of masks and contributions, and Keras mask by mask."""
    peers = [Contestant("tf.function", "all masks", _tf_function(scoring, _of_outputs))]
    if scoring.cost == "squared_error":
        call = _tf_function(scoring, _of_products)
        peers.append(Contestant("tf.function, expanded", "all masks", call))
    return [
        *peers,
        Contestant("Keras call", "mask by mask", *_mask_by_mask(scoring, 32, _keras_call)),
        Contestant("Keras evaluate", "mask by mask", *_mask_by_mask(scoring, 3, _keras_evaluate)),
    ]


def _tf_function(scoring: Scoring, build: Callable[..., Call]) -> Call:
    """A compiled function of masks (2^n, n), contributions (n, samples) and targets, in float32."""
    tf = import_module("tensorflow")
    masks = masks_from_indices(np.arange(2**scoring.n), scoring.n)
    t = scoring.network.contributions(scoring.x)[..., 0].T
    tensors = [tf.constant(a, dtype=tf.float32) for a in (masks, t, scoring.signs)]
    compiled = tf.function(build(tf, scoring.cost, *tensors))
    return lambda: compiled().numpy()


def _of_outputs(tf: Any, cost: str, masks: Any, t: Any, signs: Any) -> Call:
    """mean (y - f)^2 or mean log(1 + exp(-y f)), f = masks @ contributions."""
    if cost == "squared_error":
        return lambda: tf.reduce_mean((signs - masks @ t) ** 2, axis=1)
    return lambda: tf.reduce_mean(tf.nn.softplus(-signs * (masks @ t)), axis=1)


def _of_products(tf: Any, cost: str, masks: Any, t: Any, signs: Any) -> Call:
    """mean (y - f)^2 = 1 + sum over neurons of m (m T T' - 2 y T') / samples."""

    def costs() -> Any:
        products = tf.matmul(t, t, transpose_b=True) / SAMPLES
        slopes = tf.linalg.matvec(t, signs) * (2 / SAMPLES)
        return 1 + tf.reduce_sum(masks * (masks @ products - slopes), axis=1)

    return costs


def _mask_by_mask(scoring: Scoring, count: int, cost: Any) -> tuple[Call, float]:
    """The costs of the last masks, and their share of all."""
    masks = masks_from_indices(np.arange(2**scoring.n - count, 2**scoring.n), scoring.n)
    return lambda: np.array([cost(scoring, mask) for mask in masks]), count / 2**scoring.n


def _keras_call(scoring: Scoring, neuron_mask: Any) -> float:
    """The network called with a mask; the loss by NumPy, which is nothing beside it."""
    f = np.asarray(scoring.network(scoring.x, neuron_mask))[:, 0]
    if scoring.cost == "squared_error":
        return float(np.mean((scoring.signs - f) ** 2))
    return float(np.mean(np.logaddexp(0, -scoring.signs * f)))


def _keras_evaluate(scoring: Scoring, neuron_mask: Any) -> float:
    """`evaluate` of the subnetwork as a Keras model of its own."""
    subnetwork, targets = scoring.network.subnetwork(neuron_mask), scoring.y
    if scoring.cost == "squared_error":
        subnetwork.compile(loss="mse")
        targets = scoring.signs
    options = {"batch_size": SAMPLES, "verbose": 0, "return_dict": True}
    return float(subnetwork.evaluate(scoring.x, targets, **options)["loss"])
