"""A network with two hidden layers as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, Float32Array, FloatArray
from labkit.limits import check_count
from labkit.networks.base import (
    MaskedLayer,
    NetworkArrays,
    append_ones,
    check_samples,
    measure_units,
)

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True, eq=False, repr=False)
class TwoLayerArrays(NetworkArrays):
    """A network with two hidden layers of n_hidden units each, and neuron masks.

    The second layer reads the units of the first that stay, both standardised with the training
    statistics of the whole network. With first the bits m1 of the first layer, then m2:

    ĥ1 = standardised relu(W1 [x, 1]); ĥ2 = standardised relu(W2 [m1 ĥ1, 1]);
    f_m(x) = scale * sum_j m2_j a_j ĥ2_j.

    Attributes:
        mean: (n_hidden,) training mean of each first unit.
        inverse_std: (n_hidden,), 1 / training standard deviation, 0 for a constant unit.
        second_kernel: float32 (n_hidden + 1, n_hidden), the last row the biases.
        second_mean: (n_hidden,) training mean of each second unit, no unit masked.
        second_inverse_std: (n_hidden,), as `inverse_std`.
    """

    hidden_layers: ClassVar[int] = 2

    mean: FloatArray
    inverse_std: FloatArray
    second_kernel: Float32Array
    second_mean: FloatArray
    second_inverse_std: FloatArray

    def adapted(self, x: npt.ArrayLike) -> Self:
        """The same network with the hidden statistics of training samples `x`."""
        h = self._hidden(x)
        mean, inverse_std = measure_units(h)
        second_mean, second_inverse_std = measure_units(
            self._second_hidden((h - mean) * inverse_std)
        )
        return replace(
            self,
            mean=mean,
            inverse_std=inverse_std,
            second_mean=second_mean,
            second_inverse_std=second_inverse_std,
        )

    def prepare(self, x: npt.ArrayLike) -> FloatArray:
        """ĥ1(x), which no mask changes: float64 (samples, n_hidden)."""
        return (self._hidden(x) - self.mean) * self.inverse_std

    def run_masks(self, prepared: FloatArray, neuron_masks: BoolArray) -> FloatArray:
        """f_m(x), float64 (masks, samples, n_outputs): the second layer is run for each mask."""
        first, second = np.split(neuron_masks[:, np.newaxis], 2, axis=2)
        h = self._second_hidden(first * prepared)
        standardised = (h - self.second_mean) * self.second_inverse_std * second
        return self.scale * standardised @ self.readout

    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""
        return 8 * n_samples * (4 * self.n_hidden + self.n_outputs)

    def masked_layers(self, neuron_mask: BoolArray) -> list[MaskedLayer]:
        """Of both layers the kernel, the means, and m_j / std_j."""
        first, second = np.split(neuron_mask, 2)
        return [
            (self.kernel.astype(np.float64), self.mean, self.inverse_std * first),
            (
                self.second_kernel.astype(np.float64),
                self.second_mean,
                self.second_inverse_std * second,
            ),
        ]

    def _hidden(self, x: npt.ArrayLike) -> FloatArray:
        """relu(W1 [x, 1]), (samples, n_hidden)."""
        samples = check_samples(x, self.n_inputs)
        bytes_each = self.bytes_per_mask(1)
        check_count("n_samples", len(samples), bytes_each=bytes_each, what="hidden activations")
        return np.maximum(append_ones(samples) @ self.kernel, 0.0)

    def _second_hidden(self, first: FloatArray) -> FloatArray:
        """relu(W2 [ĥ1, 1]) of first-layer values (..., n_hidden)."""
        return np.maximum(first @ self.second_kernel[:-1] + self.second_kernel[-1], 0.0)
