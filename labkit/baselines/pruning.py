"""Masks from the network's weights: the largest of them, or by scores trained on the gradient."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.ledger import Ledger
from labkit.limits import check_choice, check_integer, check_positive, check_rng, show_value
from labkit.networks import NetworkArrays, OneLayerArrays, TwoLayerArrays, check_samples
from labkit.networks.base import append_ones
from labkit.scoring import COSTS, check_labels, cost_of_outputs
from labkit.scoring.tables import as_arrays
from labkit.selectors import Selection

if TYPE_CHECKING:
    from labkit.networks import RandomNetwork

_MOMENTUM = 0.9


def edge_popup(
    network: RandomNetwork | NetworkArrays,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    n_active: int | None = None,
    epochs: int = 100,
    learning_rate: float = 0.3,
    rng: np.random.Generator,
) -> Selection:
    """Trains a score for each mask bit and keeps the bits of the highest scores; no weight moves.

    Forward, the mask m keeps the `n_active` highest scores s. Backward, the derivative by m is
    passed straight on to s: v <- 0.9 v - learning_rate dcost/dm, s <- s + v, with the
    cross-entropy of all samples as the cost. Scores start uniform in (0, 1). The answer is the
    best mask on the way. Unlike in the paper, two hidden layers share one ranking.

    Args:
        network: neuron or weight masks, one or two hidden layers.
        x: (samples, n_inputs), the training data.
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        n_active: bits kept, 1 to n; by default half of them, for which there are most masks.
        epochs: steps, at least 1.
        learning_rate: above 0.
        rng: source of the first scores.

    Returns:
        A `Selection`. Its ledger has `epochs` backward passes, and epochs + 1 cost queries and
        forward passes: the mask after the last step is looked at, too.

    Reference: Ramanujan et al. 2020, arXiv 1911.13299.
    """
    check_rng(rng)
    passes = TrainingPasses.of(network, x, y)
    n_bits = passes.network.n_mask_bits
    half = max(1, n_bits // 2)
    n_active = half if n_active is None else _check_active(n_active, n_bits)
    check_integer("epochs", epochs, minimum=1)
    check_positive("learning_rate", learning_rate)
    start = time.perf_counter()
    scores, velocity = rng.random(n_bits), np.zeros(n_bits)
    masks, costs = [keep_largest(scores, n_active)], []
    for _ in range(epochs):
        cost, gradient = passes.cost_and_gradient(masks[-1])
        velocity = _MOMENTUM * velocity - learning_rate * gradient
        scores = scores + velocity
        masks.append(keep_largest(scores, n_active))
        costs.append(cost)
    costs.append(passes.cost(masks[-1], "cross_entropy"))
    return choose_best("edge_popup", masks, costs, backward_passes=epochs, start=start)


def magnitude_pruning(
    network: RandomNetwork | NetworkArrays,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    n_active: int | None = None,
    cost: str = "cross_entropy",
) -> Selection:
    """Keeps the mask bits of largest magnitude; see `magnitudes`. Equal ones stay in order.

    Args:
        network: neuron or weight masks, one or two hidden layers.
        x: (samples, n_inputs), the training data.
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        n_active: bits kept, 1 to n; None asks the cost of each number and returns the best.
        cost: 'cross_entropy', 'squared_error' or 'error_rate'.

    Returns:
        A `Selection` of one cost query and forward pass, or of n where `n_active` is None.

    Reference: Han et al. 2015, arXiv 1506.02626.
    """
    check_choice("cost", cost, COSTS)
    passes = TrainingPasses.of(network, x, y)
    n_bits = passes.network.n_mask_bits
    tried = range(1, n_bits + 1) if n_active is None else [_check_active(n_active, n_bits)]
    start = time.perf_counter()
    sizes = magnitudes(passes.network)
    masks = [keep_largest(sizes, number) for number in tried]
    costs = [passes.cost(mask, cost) for mask in masks]
    return choose_best("magnitude_pruning", masks, costs, start=start)


def magnitudes(network: NetworkArrays) -> FloatArray:
    """How large each mask bit's share of the weights is, float64 (n_mask_bits,).

    |w| for weight masks. For neuron masks the norm of a unit's input weights times that of its
    output weights, over the mean of its layer. (The readout alone would not do: it is ±constant;
    nor what a unit contributes, which is standardised.)
    """
    if network.mask_kind == "weight":
        return np.abs(network.kernel.T, dtype=np.float64).ravel()
    whole = network.masked_layers(np.ones(network.n_mask_bits, dtype=bool))
    weights = [*(kernel for kernel, _, _ in whole), network.readout.astype(np.float64)]
    sizes = []
    for into, out_of in pairwise(weights):
        norms = np.linalg.norm(into, axis=0) * np.linalg.norm(out_of[: into.shape[1]], axis=1)
        sizes.append(norms / norms.mean())
    return np.concatenate(sizes)


def keep_largest(values: FloatArray, n_active: int) -> BoolArray:
    """The mask of the `n_active` largest values; among equal ones the first."""
    mask = np.zeros(len(values), dtype=bool)
    mask[np.argsort(-values, kind="stable")[:n_active]] = True
    return mask


def _check_active(n_active: int, n_bits: int) -> int:
    return check_integer("n_active", n_active, minimum=1, maximum=n_bits)


def choose_best(
    name: str,
    masks: Sequence[BoolArray],
    costs: Sequence[float],
    *,
    backward_passes: int = 0,
    start: float,
) -> Selection:
    """The mask of least cost, each of them having been asked for once."""
    best, seconds = int(np.argmin(costs)), time.perf_counter() - start
    asked = {"cost_queries": len(costs), "forward_passes": len(costs)}
    ledger = Ledger(**asked, backward_passes=backward_passes, seconds=seconds)
    return Selection(name, masks[best], costs[best], ledger, np.array(costs))


@dataclass(frozen=True, eq=False)
class TrainingPasses:
    """A network and the training data that its subnetworks are run over, forward and backward.

    Attributes:
        network: the weights.
        inputs: float64 (samples, n_inputs + 1), [x, 1].
        prepared: what `network` prepares of the samples.
        targets: float64 (samples, n_outputs), ±1.
    """

    network: NetworkArrays
    inputs: FloatArray
    prepared: FloatArray
    targets: FloatArray

    @classmethod
    def of(cls, network: Any, x: npt.ArrayLike, y: npt.ArrayLike) -> TrainingPasses:
        """Checks what a caller hands over."""
        arrays = as_arrays(network)
        if not isinstance(arrays, NetworkArrays):
            raise TypeError(f"network={show_value(network)} is no RandomNetwork or NetworkArrays")
        samples = check_samples(x, arrays.n_inputs)
        targets = check_labels(y, n_samples=len(samples), n_outputs=arrays.n_outputs)
        return cls(arrays, append_ones(samples), arrays.prepare(samples), targets)

    def outputs(self, neuron_mask: BoolArray) -> FloatArray:
        """f_m, (samples, n_outputs): one forward pass."""
        return self.network.run_masks(self.prepared, neuron_mask[np.newaxis])[0]

    def cost(self, neuron_mask: BoolArray, cost: str) -> float:
        """The mean cost over the samples: one forward pass."""
        return float(cost_of_outputs(self.outputs(neuron_mask), self.targets, cost=cost))

    def cost_and_gradient(self, neuron_mask: BoolArray) -> tuple[float, FloatArray]:
        """Cross-entropy and its derivative by each mask bit: one forward and one backward pass.

        Bits count as real numbers; statistics that standardise a unit count as constants.
        """
        f = self.outputs(neuron_mask)
        cost = float(cost_of_outputs(f, self.targets, cost="cross_entropy"))
        return cost, self._backward(neuron_mask, cross_entropy_slopes(f, self.targets))

    def _backward(self, neuron_mask: BoolArray, slopes: FloatArray) -> FloatArray:
        """dcost/dm from dcost/df, (n_mask_bits,)."""
        if isinstance(self.network, TwoLayerArrays):
            return _through_two_layers(self.network, self.prepared, neuron_mask, slopes)
        if isinstance(self.network, OneLayerArrays) and self.network.is_read_out:
            return ((self.prepared @ slopes) * self.network.readout).sum(axis=1)
        if self.network.mask_kind == "neuron":
            return np.tensordot(self.prepared, slopes, axes=2)
        return _to_weight_bits(self.network, self.inputs, neuron_mask, slopes)


def cross_entropy_slopes(f: FloatArray, targets: FloatArray) -> FloatArray:
    """dcost/df of the mean cross-entropy, (samples, outputs).

    -y / (1 + exp(y f)) for one output, softmax(f) - [label] for more; divided by the samples.
    """
    if f.shape[1] == 1:
        return -targets * (1 - np.tanh(targets * f / 2)) / 2 / len(f)
    softmax = np.exp(f - np.logaddexp.reduce(f, axis=1, keepdims=True))
    return (softmax - (targets > 0)) / len(f)


def _to_weight_bits(
    network: NetworkArrays, inputs: FloatArray, neuron_mask: BoolArray, slopes: FloatArray
) -> FloatArray:
    """dcost/dm_ji = sum_samples dcost/dh_j [h_j > 0] w_ji x_i."""
    [(kernel, _, factor)] = network.masked_layers(neuron_mask)
    by_h = network.scale * slopes @ network.readout.T * factor * (inputs @ kernel > 0)
    return ((inputs.T @ by_h) * network.kernel).T.ravel()


def _through_two_layers(
    network: TwoLayerArrays, first: FloatArray, neuron_mask: BoolArray, slopes: FloatArray
) -> FloatArray:
    """dcost/dm of the first layer's units, whose ĥ1 is `first`, then of the second's."""
    bits = np.split(neuron_mask, 2)
    weights, bias = network.second_kernel[:-1], network.second_kernel[-1]
    h = (first * bits[0]) @ weights + bias
    second = (np.maximum(h, 0.0) - network.second_mean) * network.second_inverse_std
    by_second = network.scale * slopes @ network.readout.T
    by_h = by_second * bits[1] * network.second_inverse_std * (h > 0)
    by_first = by_h @ weights.T
    return np.concatenate([(by_first * first).sum(axis=0), (by_second * second).sum(axis=0)])
