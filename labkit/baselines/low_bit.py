"""Low-bit weights by gradients: searched by logits that harden, or passed straight through."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.baselines.descent import Adam
from labkit.baselines.pruning import choose_best, cross_entropy_slopes
from labkit.ledger import Ledger
from labkit.limits import check_count, check_integer, check_positive, check_rng
from labkit.networks.base import measure_units
from labkit.networks.low_bit import (
    START,
    LowBitArrays,
    Values,
    hard_weights,
    rise_factor,
    soft_choice,
    temperatures,
    with_values,
)
from labkit.scoring import check_labels, cost_of_outputs
from labkit.scoring.tables import as_arrays
from labkit.selectors import Selection

#: Means (units,) and 1 / deviations (units,) of hidden units.
Statistics = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, eq=False)
class LowBitPasses:
    """A network of low-bit weights and the data that it is run over, forward and backward.

    Attributes:
        network: its units, values and readout.
        inputs: float64 (samples, n_inputs + 1), [x, 1].
        targets: float64 (samples, n_outputs), ±1.
    """

    network: LowBitArrays
    inputs: FloatArray
    targets: FloatArray

    @classmethod
    def of(cls, network: Any, values: Values, x: npt.ArrayLike, y: npt.ArrayLike) -> LowBitPasses:
        """Checks what a caller hands over."""
        arrays = with_values(as_arrays(network), values)
        inputs = arrays.prepare(x)
        targets = check_labels(y, n_samples=len(inputs), n_outputs=arrays.n_outputs)
        bytes_each = 64 * arrays.n_hidden
        check_count("n_samples", len(inputs), bytes_each=bytes_each, what="activations in training")
        return cls(arrays, inputs, targets)

    def statistics(self, weights: FloatArray) -> Statistics:
        """Of the units of weights (fan_in, n_hidden) over the data."""
        sizes = np.abs(self.inputs).max(axis=0) @ np.abs(weights)
        return measure_units(np.maximum(self.inputs @ weights, 0.0), sizes)

    def cost(self, weights: FloatArray, statistics: Statistics | None = None) -> float:
        """Cross-entropy of weights (fan_in, n_hidden): one forward pass.

        Args:
            weights: hard or soft.
            statistics: by which units are standardised; by default their own.
        """
        mean, inverse = self.statistics(weights) if statistics is None else statistics
        h = (np.maximum(self.inputs @ weights, 0.0) - mean) * inverse
        f = self.network.scale * h @ self.network.readout
        return float(cost_of_outputs(f, self.targets, cost="cross_entropy"))

    def cost_and_gradient(self, weights: FloatArray) -> tuple[float, FloatArray]:
        """Cross-entropy and its derivative by each weight: one forward and one backward pass.

        The statistics are those of these weights, and the gradient goes through them. With
        G = dcost/dĥ and means over the samples:
        dcost/dh = (G - mean(G) - ĥ mean(G ĥ)) / std, dcost/dW = [x, 1]^T (dcost/dh [h > 0]).
        """
        read = self.inputs @ weights
        mean, inverse = self.statistics(weights)
        h = (np.maximum(read, 0.0) - mean) * inverse
        f = self.network.scale * h @ self.network.readout
        slopes = cross_entropy_slopes(f, self.targets)
        by_h = self.network.scale * slopes @ self.network.readout.T
        by_h = (by_h - by_h.mean(axis=0) - h * (by_h * h).mean(axis=0)) * inverse * (read > 0)
        cost = float(cost_of_outputs(f, self.targets, cost="cross_entropy"))
        return cost, self.inputs.T @ by_h

    def soft_cost_and_gradient(
        self, logits: FloatArray, temperature: float
    ) -> tuple[float, FloatArray]:
        """Cross-entropy of the soft weights and its derivative by each logit, of their shape.

        With shares p = softmax(tau A) and w = sum_k p_k v_k: dw/dA_k = tau p_k (v_k - w).
        """
        values = self.network.values
        shares = soft_choice(logits, temperature)
        weights = (shares * values).sum(axis=-1)
        cost, slopes = self.cost_and_gradient(weights)
        by_share = values - weights[..., np.newaxis]
        return cost, temperature * shares * by_share * slopes[..., np.newaxis]

    def train_logits(
        self,
        at: FloatArray,
        *,
        learning_rate: float,
        rng: np.random.Generator,
        watch: Callable[[FloatArray, float], None] | None = None,
    ) -> FloatArray:
        """Logits (fan_in, n_hidden, K) after a step of Adam for each temperature.

        Args:
            at: the temperature of each epoch (epochs,).
            learning_rate: of Adam.
            rng: of the first logits, normal with a deviation of 0.01.
            watch: is told the logits and their soft cost before each step.
        """
        logits = START * rng.standard_normal(self.network.values.shape)
        adam = Adam(learning_rate, logits)
        for temperature in at.tolist():
            cost, gradient = self.soft_cost_and_gradient(logits, temperature)
            if watch is not None:
                watch(logits, cost)
            adam.step(gradient)
        return logits


def low_bit_search(
    network: Any,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    values: Values,
    epochs: int = 300,
    learning_rate: float = 0.003,
    final_temperature: float = 1000.0,
    rng: np.random.Generator,
) -> Selection:
    """Trains logits for the values of each weight while a temperature hardens the choice.

    Adam on the cross-entropy of the soft weights; the temperature is 1, and between 30% and 90% of
    the epochs it rises by the same factor each, to the final one. In the end each weight takes the
    value of its largest logit, and units are standardised anew with the statistics of these hard
    weights. During the search they are those of the soft ones, and the gradient goes through them.

    Args:
        network: of one hidden layer: its units, readout and scale; a `RandomNetwork` or its arrays.
        x: (samples, n_inputs), the training data.
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        values: of each weight, as of `LowBitCost`.
        epochs: steps of Adam, at least 1.
        learning_rate: of Adam, above 0. Large ones freeze the choices before the temperature rises.
        final_temperature: above 0; 1 for no rise.
        rng: source of the first logits.

    Returns:
        A `Selection` with a mask of `LowBitCost`. Its ledger has a forward and a backward pass for
        each epoch, and the one cost query of the hard weights.

    Reference: Yang et al. 2020, arXiv 2009.08695; the schedule is that of a public implementation.
    """
    epochs = check_integer("epochs", epochs, minimum=1)
    learning_rate = check_positive("learning_rate", learning_rate)
    at, rng = temperatures(epochs, factor=rise_factor(epochs, final_temperature)), check_rng(rng)
    passes = LowBitPasses.of(network, values, x, y)
    start = time.perf_counter()
    logits = passes.train_logits(at, learning_rate=learning_rate, rng=rng)
    cost = passes.cost(hard_weights(logits, passes.network.values))
    mask = passes.network.mask_of(logits.argmax(axis=-1))
    gone: dict[str, Any] = {"backward_passes": epochs, "seconds": time.perf_counter() - start}
    ledger = Ledger(cost_queries=1, forward_passes=epochs + 1, **gone)
    return Selection("low_bit_search", mask, cost, ledger, np.array([cost]))


def straight_through(
    network: Any,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    values: Values,
    epochs: int = 300,
    learning_rate: float = 0.03,
    rng: np.random.Generator,
) -> Selection:
    """Trains real weights, of which every pass uses the nearest value.

    Forward, each weight is the value next to its real weight u. Backward, the derivative by it is
    passed straight on to u, which stays between the least and the largest value. The answer is the
    best mask on the way: each forward pass is the cost of one.

    Args:
        network: of one hidden layer, as of `low_bit_search`.
        x: (samples, n_inputs), the training data.
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        values: of each weight, as of `LowBitCost`.
        epochs: steps of Adam, at least 1.
        learning_rate: of Adam, above 0, in units of the range of the values.
        rng: source of the first weights, uniform over the range.

    Returns:
        A `Selection` with a mask of `LowBitCost`. Its ledger has `epochs` backward passes, and
        epochs + 1 cost queries and forward passes: the mask after the last step is looked at, too.

    Reference: Courbariaux et al. 2015, arXiv 1511.00363 (weights that are binary in every pass).
    """
    epochs = check_integer("epochs", epochs, minimum=1)
    learning_rate, rng = check_positive("learning_rate", learning_rate), check_rng(rng)
    passes = LowBitPasses.of(network, values, x, y)
    start, of_weights = time.perf_counter(), passes.network.values
    low, width = of_weights.min(axis=-1), np.ptp(of_weights, axis=-1)
    real = rng.random(low.shape)  # as a share of the range
    adam, found, costs = Adam(learning_rate, real), list[BoolArray](), list[float]()
    for _ in range(epochs):
        weights = _choose_nearest(passes.network, low + real * width, found)
        cost, slopes = passes.cost_and_gradient(weights)
        costs.append(cost)
        adam.step(slopes * width)
        np.clip(real, 0.0, 1.0, out=real)
    costs.append(passes.cost(_choose_nearest(passes.network, low + real * width, found)))
    return choose_best("straight_through", found, costs, backward_passes=epochs, start=start)


def _choose_nearest(network: LowBitArrays, real: FloatArray, found: list[BoolArray]) -> FloatArray:
    """The value next to each real weight (fan_in, n_hidden); its mask is added to those found."""
    choices = np.abs(network.values - real[..., np.newaxis]).argmin(axis=-1)
    found.append(network.mask_of(choices))
    return np.take_along_axis(network.values, choices[..., np.newaxis], axis=-1)[..., 0]
