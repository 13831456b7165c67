"""Weight masks of more inputs than a table of every way to mask one unit could hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.limits import check_count
from labkit.masks import BoolArray
from labkit.networks.one_layer import (
    MAX_WEIGHT_MASK_INPUTS,
    Float32Array,
    FloatArray,
    NetworkArrays,
    append_ones,
    check_samples,
    invert_std,
)

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True, eq=False)
class ManyInputsArrays(NetworkArrays):
    """A network with one hidden layer and weight masks of any number of inputs.

    It computes what `NetworkArrays` computes, but keeps the training samples and standardises
    each masked unit when it is run: `mean` and `inverse_std` hold no pattern.

    Attributes:
        training_inputs: float64 (samples, n_inputs + 1), the training samples [x, 1]; None
            until `adapted`, when units are not standardised.
    """

    training_inputs: FloatArray | None = None

    @property
    def has_contributions(self) -> bool:
        """Whether the output is a sum of tabulated `contributions`: it is not."""
        return False

    def adapted(self, x: npt.ArrayLike) -> Self:
        """The same network, standardised with training samples `x`; see `NetworkArrays`."""
        return replace(self, training_inputs=append_ones(check_samples(x, self.n_inputs)))

    def contributions(self, x: npt.ArrayLike) -> FloatArray:
        """There are too many to tabulate.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            f"n_inputs={self.n_inputs} is too large to tabulate what weight masks contribute "
            f"(limit: {MAX_WEIGHT_MASK_INPUTS})"
        )

    def prepare(self, x: npt.ArrayLike) -> FloatArray:
        """The inputs [x, 1], which no mask changes: float64 (samples, n_inputs + 1).

        Raises:
            TypeError: `x` is no array of numbers.
            ValueError: `x` does not have n_inputs features, or is not finite.
            TooLargeError: the activations of one mask do not fit in memory.
        """
        x = check_samples(x, self.n_inputs)
        bytes_each = 8 * (self.n_inputs + 1 + 3 * self.n_hidden)
        check_count("n_samples", len(x), bytes_each=bytes_each, what="hidden activations")
        return append_ones(x)

    def run_masks(self, prepared: FloatArray, neuron_masks: BoolArray) -> FloatArray:
        """Runs many subnetworks over the samples given to `prepare`.

        Args:
            prepared: as `prepare` returns it.
            neuron_masks: bool (masks, n_mask_bits).

        Returns:
            f_m(x), float64 (masks, samples, n_outputs).
        """
        weights = neuron_masks.reshape(-1, *self.kernel.T.shape) * self.kernel.T
        mean, inverse_std = self.unit_statistics(weights)
        h = _relu_units(weights, prepared)
        standardised = (h - mean[..., np.newaxis]) * inverse_std[..., np.newaxis]
        return self.scale * standardised.swapaxes(1, 2) @ self.readout

    def unit_statistics(self, weights: Float32Array) -> tuple[FloatArray, FloatArray]:
        """Training mean and 1 / standard deviation of units.

        Args:
            weights: (..., n_inputs + 1), masked.

        Returns:
            Two arrays float64 (...).
        """
        if self.training_inputs is None:
            return np.zeros(weights.shape[:-1]), np.ones(weights.shape[:-1])
        h = _relu_units(weights, self.training_inputs)
        return h.mean(axis=-1), invert_std(h.std(axis=-1))

    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""
        n_training = 0 if self.training_inputs is None else len(self.training_inputs)
        per_unit = 3 * (n_samples + n_training) + 2 * (self.n_inputs + 1)
        return 8 * (self.n_hidden * per_unit + n_samples * self.n_outputs)


def _relu_units(weights: Float32Array, inputs: FloatArray) -> FloatArray:
    """relu(w . [x, 1]) of weights (..., fan_in) on inputs (samples, fan_in): (..., samples)."""
    flat = weights.reshape(-1, weights.shape[-1]) @ inputs.T
    return np.maximum(flat, 0.0).reshape(*weights.shape[:-1], len(inputs))
