"""A network with two hidden layers as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.limits import check_count
from labkit.masks import BoolArray
from labkit.networks.one_layer import (
    Float32Array,
    FloatArray,
    Groups,
    NetworkArrays,
    check_samples,
    invert_std,
)

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True, eq=False)
class TwoLayerArrays(NetworkArrays):
    """A network with two hidden layers of n_hidden units each, and neuron masks.

    The second layer reads the units of the first that stay, both standardised with the training
    statistics of the whole network. With first the bits m1 of the first layer, then m2:

    ĥ1 = standardised relu(W1 [x, 1]); ĥ2 = standardised relu(W2 [m1 ĥ1, 1]);
    f_m(x) = scale * sum_j m2_j a_j ĥ2_j.

    Attributes:
        second_kernel: float32 (n_hidden + 1, n_hidden), the last row the biases.
        second_mean: (n_hidden,) training mean of each second unit, no unit masked.
        second_inverse_std: (n_hidden,), 1 / training standard deviation, 0 for a constant unit.
    """

    second_kernel: Float32Array
    second_mean: FloatArray
    second_inverse_std: FloatArray

    @property
    def hidden_layers(self) -> int:
        """Number of hidden layers."""
        return 2

    @property
    def n_mask_bits(self) -> int:
        """Number of bits of a mask."""
        return 2 * self.n_hidden

    @property
    def has_contributions(self) -> bool:
        """Whether the output is a sum of tabulated `contributions`: it is not."""
        return False

    @property
    def layer_groups(self) -> Groups:
        """The mask bits of each hidden layer, first layer first."""
        return tuple(range(self.n_hidden)), tuple(range(self.n_hidden, self.n_mask_bits))

    def adapted(self, x: npt.ArrayLike) -> Self:
        """The same network with the hidden statistics of training samples `x`.

        Args:
            x: (samples, n_inputs).

        Raises:
            TypeError: `x` is no array of numbers.
            ValueError: `x` does not have n_inputs features, or is not finite.
            TooLargeError: the hidden activations do not fit in memory.
        """
        network = super().adapted(x)
        h = network._second_hidden(network.prepare(x))
        return replace(
            network, second_mean=h.mean(axis=0), second_inverse_std=invert_std(h.std(axis=0))
        )

    def contributions(self, x: npt.ArrayLike) -> FloatArray:
        """There are none: the output is no sum over the first layer's units.

        Raises:
            ValueError: always.
        """
        raise ValueError("hidden_layers=2 has no contributions of single neurons (limit: 1)")

    def prepare(self, x: npt.ArrayLike) -> FloatArray:
        """ĥ1(x), which no mask changes: float64 (samples, n_hidden), for `run_masks`.

        Args:
            x: (samples, n_inputs).

        Raises:
            TypeError: `x` is no array of numbers.
            ValueError: `x` does not have n_inputs features, or is not finite.
            TooLargeError: the activations do not fit in memory.
        """
        x = check_samples(x, self.n_inputs)
        bytes_each = self.bytes_per_mask(1)
        check_count("n_samples", len(x), bytes_each=bytes_each, what="hidden activations")
        return self._standardised(x)[:, :, 0]

    def run_masks(self, prepared: FloatArray, neuron_masks: BoolArray) -> FloatArray:
        """Runs many subnetworks over the samples given to `prepare`.

        Args:
            prepared: as `prepare` returns it.
            neuron_masks: bool (masks, n_mask_bits).

        Returns:
            f_m(x), float64 (masks, samples, n_outputs).
        """
        first, second = np.split(neuron_masks[:, np.newaxis], 2, axis=2)
        h = self._second_hidden(first * prepared)
        standardised = (h - self.second_mean) * self.second_inverse_std * second
        return self.scale * standardised @ self.readout

    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""
        return 8 * n_samples * (4 * self.n_hidden + self.n_outputs)

    def _second_hidden(self, first: FloatArray) -> FloatArray:
        """relu(W2 [ĥ1, 1]) of first-layer values (..., n_hidden)."""
        return np.maximum(first @ self.second_kernel[:-1] + self.second_kernel[-1], 0.0)
