"""What selection is measured against: networks of the same size, trained by gradient descent."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.datasets import Task
from labkit.limits import check_integer
from labkit.quiet import quiet_start
from labkit.scoring import accuracy
from labkit.selectors import Ledger

with quiet_start():
    import keras


@dataclass(frozen=True, eq=False)
class TrainedNetworks:
    """Networks of one size that were trained from different random weights.

    Attributes:
        train_accuracy: float64 (networks,).
        test_accuracy: float64 (networks,).
        ledger: forward passes are networks times epochs, each with a backward pass.
    """

    train_accuracy: npt.NDArray[np.float64]
    test_accuracy: npt.NDArray[np.float64]
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

    Raises:
        TypeError: a number is not an integer.
        ValueError: a number is too small.
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
    ledger = Ledger(forward_passes=n_networks * epochs, seconds=time.perf_counter() - start)
    return TrainedNetworks(
        _accuracies(model, task.x_train, task.y_train),
        _accuracies(model, task.x_test, task.y_test),
        ledger,
    )


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


def _accuracies(
    model: Any, x: npt.NDArray[np.float32], y: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    outputs = np.asarray(model(x))
    return np.array([accuracy(outputs[:, network], y) for network in range(outputs.shape[1])])
