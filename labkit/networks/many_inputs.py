"""Weight masks of more inputs than a table of every way to mask one unit could hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.limits import BoolArray, Float32Array, FloatArray, check_count
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
class ManyInputsArrays(NetworkArrays):
    """A network with one hidden layer and weight masks of any number of inputs.

    It computes what `OneLayerArrays` computes, but keeps the training samples and standardises
    each masked unit when it is run.

    Attributes:
        training_inputs: float64 (samples, n_inputs + 1), the training samples [x, 1]; None
            until `adapted`, when units are not standardised.
    """

    training_inputs: FloatArray | None = None

    def adapted(self, x: npt.ArrayLike) -> Self:
        """The same network, standardised with training samples `x`."""
        return replace(self, training_inputs=append_ones(check_samples(x, self.n_inputs)))

    def prepare(self, x: npt.ArrayLike) -> FloatArray:
        """The inputs [x, 1], which no mask changes: float64 (samples, n_inputs + 1)."""
        x = check_samples(x, self.n_inputs)
        bytes_each = 8 * (self.n_inputs + 1 + 3 * self.n_hidden)
        check_count("n_samples", len(x), bytes_each=bytes_each, what="hidden activations")
        return append_ones(x)

    def run_masks(self, prepared: FloatArray, neuron_masks: BoolArray) -> FloatArray:
        """f_m(x), float64 (masks, samples, n_outputs): every masked unit is run and measured."""
        weights = neuron_masks.reshape(-1, *self.kernel.T.shape) * self.kernel.T
        mean, inverse_std = self._measure(weights)
        h = _relu_units(weights, prepared)
        standardised = (h - mean[..., np.newaxis]) * inverse_std[..., np.newaxis]
        return self.scale * standardised.swapaxes(1, 2) @ self.readout

    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""
        n_training = 0 if self.training_inputs is None else len(self.training_inputs)
        per_unit = 3 * (n_samples + n_training) + 2 * (self.n_inputs + 1)
        return 8 * (self.n_hidden * per_unit + n_samples * self.n_outputs)

    def masked_layers(self, neuron_mask: BoolArray) -> list[MaskedLayer]:
        """Its kernel as the mask leaves it, its means, and m_j / std_j."""
        bits = neuron_mask.reshape(self.n_hidden, -1)
        mean, inverse_std = self._measure(bits * self.kernel.T)
        kernel = self.kernel.astype(np.float64) * bits.T
        return [(kernel, mean, inverse_std * bits.any(axis=1))]

    def _measure(self, weights: Float32Array) -> tuple[FloatArray, FloatArray]:
        """Training mean and 1 / standard deviation (...) of units of weights (..., fan_in)."""
        if self.training_inputs is None:
            return np.zeros(weights.shape[:-1]), np.ones(weights.shape[:-1])
        return measure_units(_relu_units(weights, self.training_inputs), axis=-1)


def _relu_units(weights: Float32Array, inputs: FloatArray) -> FloatArray:
    """relu(w . [x, 1]) of weights (..., fan_in) on inputs (samples, fan_in): (..., samples)."""
    flat = weights.reshape(-1, weights.shape[-1]) @ inputs.T
    return np.maximum(flat, 0.0).reshape(*weights.shape[:-1], len(inputs))
