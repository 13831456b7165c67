"""Gradient training of a network as arrays: without Keras, and so within little memory."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import Float32Array, FloatArray
from labkit.baselines.pruning import cross_entropy_slopes
from labkit.ledger import Ledger
from labkit.limits import check_count, check_integer, check_positive, show_value
from labkit.networks import OneLayerArrays
from labkit.networks.base import append_ones
from labkit.scoring import check_labels, cost_of_outputs

#: Of Adam: how slowly its means forget, and what keeps it from dividing by 0.
_FORGET, _LEAST = (0.9, 0.999), 1e-7
#: What is trained, in its own precision.
Weights = Float32Array | FloatArray
#: Bytes of each activation: forward, backward, and what they are made in.
_PER_ACTIVATION = 16


@dataclass(frozen=True, eq=False)
class TrainedArrays:
    """A random network after training of all its weights.

    Attributes:
        network: the trained weights.
        history: float64 (epochs,), the cross-entropy before each step.
        ledger: a forward and a backward pass for each epoch.
    """

    network: OneLayerArrays
    history: FloatArray
    ledger: Ledger


def train_arrays(
    network: OneLayerArrays,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    epochs: int = 300,
    learning_rate: float = 0.02,
) -> TrainedArrays:
    """Trains all weights of a network with one hidden layer, no neuron masked.

    The steps are those of `train_network`: Adam on the cross-entropy of all samples at once, in
    float32; the statistics that standardise hidden units stay what they are. With H = relu(X W),
    f = scale * (H - mean) D A for D = diag(inverse_std), and G = dcost/df:
    dcost/dA = scale * D (H - mean)^T G, dcost/dW = scale * X^T (G (D A)^T [H > 0]).

    Args:
        network: neuron masks; it stays as it is.
        x: (samples, n_inputs), the training data.
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        epochs: steps of Adam, at least 1.
        learning_rate: of Adam, above 0.

    Raises:
        TooLargeError: the activations of all samples do not fit in memory.
    """
    check_neuron_masks(network)
    samples = network.check_samples(x)
    bytes_each = _PER_ACTIVATION * network.n_hidden
    check_count("n_samples", len(samples), bytes_each=bytes_each, what="activations in training")
    targets = check_labels(y, n_samples=len(samples), n_outputs=network.n_outputs)
    epochs = check_integer("epochs", epochs, minimum=1)
    learning_rate = check_positive("learning_rate", learning_rate)
    start, inputs = time.perf_counter(), append_ones(samples).astype(np.float32)
    adam = Adam(learning_rate, network.kernel.copy(), network.readout.copy())
    history = [_step(adam, network, inputs, targets) for _ in range(epochs)]
    kernel, readout = adam.weights
    seconds = time.perf_counter() - start
    ledger = Ledger(forward_passes=epochs, backward_passes=epochs, seconds=seconds)
    trained = replace(network, kernel=kernel, readout=readout)
    return TrainedArrays(trained, np.array(history), ledger)


def check_neuron_masks(network: Any) -> None:
    """Refuses what is no network of one hidden layer with neuron masks, as arrays."""
    if not isinstance(network, OneLayerArrays) or network.mask_kind != "neuron":
        raise TypeError(f"network={show_value(network)} is no OneLayerArrays with neuron masks")


def _step(adam: Adam, network: OneLayerArrays, inputs: Float32Array, targets: FloatArray) -> float:
    """One step; the cross-entropy before it."""
    kernel, readout = adam.weights
    factor = np.float32(network.scale) * network.inverse_std.astype(np.float32)
    mean = network.mean.astype(np.float32)[:, 0]
    h = np.maximum(inputs @ kernel, 0.0)
    folded = factor * readout
    f = (h @ folded - mean @ folded).astype(np.float64)
    slopes = cross_entropy_slopes(f, targets).astype(np.float32)
    by_readout = factor * (h.T @ slopes - np.outer(mean, slopes.sum(axis=0)))
    by_h = slopes @ folded.T
    by_h *= h > 0
    adam.step(inputs.T @ by_h, by_readout)
    return float(cost_of_outputs(f, targets, cost="cross_entropy"))


class Adam:
    """Weights, and the running means of their gradients and of the squares of these.

    Reference: Kingma, Ba 2015, arXiv 1412.6980; with the epsilon of Keras.
    """

    def __init__(self, learning_rate: float, *weights: Weights) -> None:
        self.weights: tuple[Any, ...] = weights
        self._rate, self._steps = learning_rate, 0
        self._means = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]

    def step(self, *gradients: Weights) -> None:
        """Changes the weights in place."""
        self._steps += 1
        lost = [1 - forget**self._steps for forget in _FORGET]
        rate = np.float32(self._rate * np.sqrt(lost[1]) / lost[0])
        for w, gradient, means in zip(self.weights, gradients, self._means, strict=True):
            for mean, forget, of in zip(means, _FORGET, (gradient, gradient**2), strict=True):
                mean *= np.float32(forget)
                mean += np.float32(1 - forget) * of
            w -= rate * means[0] / (np.sqrt(means[1]) + np.float32(_LEAST))
