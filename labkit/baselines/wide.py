"""Wide erf networks, trained by gradient descent in Keras: what the tangent kernel describes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.ledger import Ledger
from labkit.limits import check_array, check_integer
from labkit.neighbours.kernels import deep_erf_kernel, wide_kernel
from labkit.platforms import KERAS, quiet_start

with quiet_start():
    KERAS.load()
    import keras
    from keras import layers

_MOMENTUM = 0.9


@dataclass(frozen=True, eq=False)
class TrainedWide:
    """What training changed of a wide network.

    Attributes:
        outputs: float64 (tests,), the trained network's less those of the random one it was.
        train_error: mean squared error on the training samples, the start taken off too.
        ledger: a forward and a backward pass a step.
    """

    outputs: FloatArray
    train_error: float
    ledger: Ledger


def build_wide(n_inputs: int, width: int, depth: int, *, seed: int) -> keras.Model:
    """f = v.phi(W_L ... phi(W_1 x)) / sqrt(width), weights N(0, 1), each phi over sqrt(width).

    phi = erf sqrt(pi / (2 asin(2/3))) keeps the mean square at 1; its tangent kernel at infinite
    width is that of `deep_erf_kernel`.
    """
    draw = keras.initializers.RandomNormal(0.0, 1.0, seed=keras.random.SeedGenerator(seed))
    scale = float(np.sqrt(np.pi / 2 / np.arcsin(2 / 3)))
    stack: list[Any] = [keras.Input((n_inputs,))]
    for _ in range(depth):
        stack.append(layers.Dense(width, use_bias=False, kernel_initializer=draw))
        stack.append(layers.Activation(lambda h: scale * keras.ops.erf(h)))
        stack.append(layers.Rescaling(width**-0.5))
    return keras.Sequential([*stack, layers.Dense(1, use_bias=False, kernel_initializer=draw)])


def train_wide(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    x_test: npt.ArrayLike,
    *,
    width: int,
    depth: int = 1,
    steps: int = 200,
    seed: int,
) -> TrainedWide:
    """Trains all weights on the squared error of all samples at once, from a start taken as 0.

    Descent with momentum 0.9, its rate the inverse of the kernel's largest eigenvalue. The targets
    are y plus the random network's own outputs, which are taken off again.

    Args:
        x: unit vectors (samples, features).
        y: targets (samples,), -1 and +1.
        x_test: unit vectors (tests, features).
        width: units of each hidden layer.
        depth: hidden layers.
        steps: of descent.
        seed: of the weights.
    """
    samples, targets, tests = (
        check_array(name, value) for name, value in (("x", x), ("y", y), ("x_test", x_test))
    )
    width = check_integer("width", width, minimum=1)
    depth = check_integer("depth", depth, minimum=1)
    steps = check_integer("steps", steps, minimum=1)
    top = np.linalg.eigvalsh(wide_kernel(samples, depth=depth))[-1] * deep_erf_kernel(1.0, depth)[1]
    model = build_wide(samples.shape[1], width, depth, seed=check_integer("seed", seed, minimum=0))
    rate = float(len(samples) / (2 * top))
    descent = keras.optimizers.SGD(rate, momentum=_MOMENTUM)
    model.compile(descent, loss="mse", steps_per_execution=min(steps, 20))
    start, start_test = _outputs(model, samples), _outputs(model, tests)
    began = time.perf_counter()
    # the steps as batches of one fit: an epoch of its own costs Keras many times the step
    model.fit(np.tile(samples, (steps, 1)), np.tile(targets + start, steps),
              batch_size=len(samples), shuffle=False, verbose=0)  # fmt: skip
    seconds = time.perf_counter() - began
    error = float(np.mean((_outputs(model, samples) - start - targets) ** 2))
    ledger = Ledger(forward_passes=steps, backward_passes=steps, seconds=seconds)
    return TrainedWide(_outputs(model, tests) - start_test, error, ledger)


def _outputs(model: Any, x: FloatArray) -> FloatArray:
    return np.asarray(model(x.astype(np.float32)), dtype=np.float64)[:, 0]
