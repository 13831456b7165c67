"""One subnetwork on the training data: forward to its cost, backward to the bits of its mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.limits import show_value
from labkit.networks import NetworkArrays, RandomNetwork, TwoLayerArrays
from labkit.networks.base import append_ones, check_samples
from labkit.scoring import check_labels, cost_of_outputs


@dataclass(frozen=True, eq=False)
class TrainingPasses:
    """A network and the training data that its subnetworks are run over.

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
        arrays = network.arrays() if isinstance(network, RandomNetwork) else network
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
