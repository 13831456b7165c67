"""Networks of the same size, or the same random weights, trained by gradient descent."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import Float32Array, FloatArray, IntArray
from labkit.datasets import Task
from labkit.ledger import Ledger
from labkit.limits import check_integer, check_positive, show_value
from labkit.networks import RandomNetwork, check_samples
from labkit.platforms import KERAS, quiet_start
from labkit.scoring import accuracy, check_labels, cost_of_outputs

with quiet_start():
    KERAS.load()
    import keras


@dataclass(frozen=True, eq=False)
class TrainedNetworks:
    """Networks of one size that were trained from different random weights.

    Attributes:
        train_accuracy: float64 (networks,).
        test_accuracy: float64 (networks,).
        ledger: networks times epochs forward passes, and as many backward passes.
    """

    train_accuracy: FloatArray
    test_accuracy: FloatArray
    ledger: Ledger


def train_networks(
    task: Task, n_hidden: int, *, n_networks: int = 20, epochs: int = 300, seed: int
) -> TrainedNetworks:
    """Trains networks with one hidden layer of relu units side by side, as one Keras model.

    No weight is shared, so that each network is trained as if alone: Adam (learning rate 0.02)
    on the cross-entropy of all training samples at once.

    Args:
        task: its training samples are used, and only those.
        n_hidden: hidden units of each network.
        n_networks: how many networks.
        epochs: steps of Adam.
        seed: of the initial weights, 0 or more.
    """
    check_integer("n_hidden", n_hidden, minimum=1)
    check_integer("n_networks", n_networks, minimum=1)
    check_integer("epochs", epochs, minimum=1)
    model = _side_by_side(task, n_hidden, n_networks, check_integer("seed", seed, minimum=0))
    x, y = task.x_train, np.repeat(task.y_train[:, np.newaxis, np.newaxis], n_networks, axis=1)
    # the epochs as batches of one fit: an epoch of its own costs Keras many times the step
    x, y = (np.tile(array, (epochs, *[1] * (array.ndim - 1))) for array in (x, y))
    start = time.perf_counter()
    model.fit(x, y, batch_size=len(task.x_train), shuffle=False, verbose=0)
    steps = n_networks * epochs
    seconds = time.perf_counter() - start
    ledger = Ledger(forward_passes=steps, backward_passes=steps, seconds=seconds)
    return TrainedNetworks(
        _accuracies(model, task.x_train, task.y_train),
        _accuracies(model, task.x_test, task.y_test),
        ledger,
    )


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A random network after training of all its weights.

    Attributes:
        model: the trained copy, a `RandomNetwork`.
        train_cost: its cross-entropy on the training samples.
        history: float64 (epochs,), the cross-entropy before each step.
        ledger: a forward and a backward pass for each epoch; `train_cost` is measured afterwards.
    """

    model: RandomNetwork
    train_cost: float
    history: FloatArray
    ledger: Ledger


def train_network(
    network: RandomNetwork,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    epochs: int = 300,
    learning_rate: float = 0.02,
) -> TrainedNetwork:
    """Trains all weights of a copy of a random network, no neuron masked.

    Adam on the cross-entropy of all samples at once; nothing is random. The statistics that
    standardise hidden units stay those of the random network, constants to the gradient: training
    starts from the function that the whole random network computes. `adapt` the model anew before
    masking it.

    Args:
        network: stays as it is.
        x: (samples, n_inputs), the training data.
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        epochs: steps of Adam, at least 1.
        learning_rate: of Adam, above 0.
    """
    if not isinstance(network, RandomNetwork):
        raise TypeError(f"network={show_value(network)} is no RandomNetwork")
    x = check_samples(x, network.n_inputs).astype(np.float32)
    n_outputs = network.arrays().n_outputs
    targets = check_labels(y, n_samples=len(x), n_outputs=n_outputs)
    labels = (targets[:, 0] > 0).astype(int) if n_outputs == 1 else targets.argmax(axis=1)
    epochs = check_integer("epochs", epochs, minimum=1)
    model = _copy(network, check_positive("learning_rate", learning_rate))
    start = time.perf_counter()
    history = [_step(model, x, labels) for _ in range(epochs)]
    seconds = time.perf_counter() - start
    train_cost = float(cost_of_outputs(np.asarray(model(x)), targets, cost="cross_entropy"))
    ledger = Ledger(forward_passes=epochs, backward_passes=epochs, seconds=seconds)
    return TrainedNetwork(model, train_cost, np.array(history), ledger)


def _copy(network: RandomNetwork, learning_rate: float) -> RandomNetwork:
    model = RandomNetwork.from_config(network.get_config())
    model.set_weights(network.get_weights())
    model.optimizer.learning_rate = learning_rate
    return model


def _step(model: Any, x: Float32Array, labels: IntArray) -> float:
    """One step; the loss before it."""
    model.reset_metrics()  # some versions of Keras average over calls otherwise
    return float(model.train_on_batch(x, labels)[0])


def _side_by_side(task: Task, n_hidden: int, n_networks: int, seed: int) -> Any:
    """A Keras model of outputs (samples, networks, outputs)."""
    n_outputs = 1 if task.n_classes == 2 else task.n_classes
    seeds = keras.random.SeedGenerator(seed)
    hidden, readout = (keras.initializers.HeNormal(seed=seeds) for _ in range(2))
    model = keras.Sequential(
        [
            keras.Input((task.n_features,)),
            keras.layers.Dense(n_networks * n_hidden, "relu", kernel_initializer=hidden),
            keras.layers.Reshape((n_networks, n_hidden)),
            keras.layers.EinsumDense(
                "bnh,nho->bno", (n_networks, n_outputs), bias_axes="no", kernel_initializer=readout
            ),
        ]
    )
    of_classes = keras.losses.SparseCategoricalCrossentropy
    loss = (keras.losses.BinaryCrossentropy if n_outputs == 1 else of_classes)(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss=loss, steps_per_execution=20)
    return model


def _accuracies(model: Any, x: Float32Array, y: IntArray) -> FloatArray:
    outputs = np.asarray(model(x))
    return np.array([accuracy(outputs[:, network], y) for network in range(outputs.shape[1])])
