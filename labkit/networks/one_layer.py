"""A network with one hidden layer as arrays, and its forward pass for many masks at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.limits import BoolArray, FloatArray, check_count
from labkit.masks import all_masks, masks_to_indices
from labkit.networks.base import (
    MaskedLayer,
    NetworkArrays,
    append_ones,
    check_samples,
    measure_units,
)

if TYPE_CHECKING:
    from typing_extensions import Self

#: Up to here the statistics of each of the 2^(n_inputs + 1) ways to mask one unit are tabulated.
MAX_WEIGHT_MASK_INPUTS = 15


@dataclass(frozen=True, eq=False, repr=False)
class OneLayerArrays(NetworkArrays):
    """A network with one hidden layer, and tabulated statistics of each way to mask a unit.

    Attributes:
        mean: (n_hidden, patterns) training mean of each hidden unit for each way to mask it; one
            pattern (the unit whole) for neuron masks, 2^(n_inputs + 1) for weight masks.
        inverse_std: (n_hidden, patterns), 1 / training standard deviation, 0 for a constant unit.
    """

    mean: FloatArray
    inverse_std: FloatArray

    def adapted(self, x: npt.ArrayLike) -> Self:
        """The same network with the hidden statistics of training samples `x`."""
        mean, inverse_std = measure_units(self._hidden(x))
        return replace(self, mean=mean, inverse_std=inverse_std)

    def contributions(self, x: npt.ArrayLike) -> FloatArray:
        """t = scale * a_j ĥ_j(x): what each hidden unit adds to each output.

        Args:
            x: (samples, n_inputs).

        Returns:
            float64 (samples, n_hidden, n_outputs) for neuron masks. For weight masks
            (samples, n_hidden, 2^(n_inputs + 1), n_outputs), the third axis by the index of
            the unit's own bits.

        Raises:
            ValueError: `x` does not have n_inputs features, or is not finite.
            TooLargeError: the contributions do not fit in memory.
        """
        standardised = (self._hidden(x) - self.mean) * self.inverse_std
        t = self.scale * standardised[..., np.newaxis] * self.readout[:, np.newaxis]
        return t[:, :, 0] if self.mask_kind == "neuron" else t

    def prepare(self, x: npt.ArrayLike) -> FloatArray:
        """The contributions, units first: float64 (n_hidden, [patterns,] samples, n_outputs)."""
        return np.ascontiguousarray(np.moveaxis(self.contributions(x), 0, -2))

    def run_masks(self, prepared: FloatArray, neuron_masks: BoolArray) -> FloatArray:
        """f_m(x), float64 (masks, samples, n_outputs): a product with the contributions."""
        if self.mask_kind == "neuron":
            return np.tensordot(neuron_masks.astype(np.float64), prepared, axes=1)
        pattern = masks_to_indices(neuron_masks.reshape(-1, self.n_hidden, self.n_inputs + 1))
        return prepared[np.arange(self.n_hidden), pattern].sum(axis=1)

    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""
        n_added = 1 if self.mask_kind == "neuron" else 1 + self.n_hidden
        return 8 * (n_samples * n_added * self.n_outputs + self.n_mask_bits)

    def masked_layers(self, neuron_mask: BoolArray) -> list[MaskedLayer]:
        """Its kernel as the mask leaves it, its means, and m_j / std_j."""
        bits, kernel = neuron_mask.reshape(self.n_hidden, -1), self.kernel.astype(np.float64)
        if self.mask_kind == "neuron":
            return [(kernel, self.mean[:, 0], self.inverse_std[:, 0] * neuron_mask)]
        at = np.arange(self.n_hidden), masks_to_indices(bits)
        return [(kernel * bits.T, self.mean[at], self.inverse_std[at] * bits.any(axis=1))]

    def _hidden(self, x: npt.ArrayLike) -> FloatArray:
        """relu(w_j . [x, 1]), (samples, n_hidden, patterns)."""
        samples = check_samples(x, self.n_inputs)
        # each sample's activations, and what is made of them on the way to contributions
        bytes_each = 8 * self.mean.size * (3 + self.n_outputs)
        check_count("n_samples", len(samples), bytes_each=bytes_each, what="hidden activations")
        patterns = unit_patterns(self.n_inputs, self.mask_kind)
        weights = patterns.T[:, np.newaxis] * self.kernel[:, :, np.newaxis]
        return np.maximum(np.tensordot(append_ones(samples), weights, axes=1), 0.0)


def unit_patterns(n_inputs: int, mask_kind: str) -> BoolArray:
    """The ways to mask one unit's weights, bool (patterns, n_inputs + 1)."""
    if mask_kind == "neuron":
        return np.ones((1, n_inputs + 1), dtype=bool)
    return all_masks(n_inputs + 1)


def count_patterns(n_inputs: int, mask_kind: str) -> int:
    """In how many ways one unit can be masked and kept: 1, or 2^(n_inputs + 1) for its weights."""
    return 1 if mask_kind == "neuron" else 2 ** (n_inputs + 1)
