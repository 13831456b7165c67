"""A network with one hidden layer as arrays, and its forward pass for many masks at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.limits import check_array, check_count
from labkit.masks import BoolArray, all_masks, check_one_mask, masks_to_indices

if TYPE_CHECKING:
    from typing_extensions import Self

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
Groups = tuple[tuple[int, ...], ...]

#: A hidden unit that varies less than this on the training data is constant: it carries nothing.
CONSTANT_BELOW = 1e-6
#: Up to here the statistics of each of the 2^(n_inputs + 1) ways to mask one unit are tabulated.
MAX_WEIGHT_MASK_INPUTS = 15


@dataclass(frozen=True, eq=False)
class NetworkArrays:
    """The weights of a random network with one hidden layer, and what it computes with them.

    A mask has one bit per hidden unit (`mask_kind="neuron"`), or one per input weight and bias
    (`"weight"`): then unit by unit, the unit's input weights first, its bias last.

    Attributes:
        kernel: float32 (n_inputs + 1, n_hidden), the last row the biases.
        readout: float32 (n_hidden, n_outputs).
        scale: factor on the output.
        mask_kind: 'neuron' or 'weight'.
        mean: (n_hidden, patterns) training mean of each hidden unit for each way to mask it; one
            pattern (the unit whole) for neuron masks, 2^(n_inputs + 1) for weight masks.
        inverse_std: (n_hidden, patterns), 1 / training standard deviation, 0 for a constant unit.
    """

    kernel: Float32Array
    readout: Float32Array
    scale: float
    mask_kind: str
    mean: FloatArray
    inverse_std: FloatArray

    @property
    def n_inputs(self) -> int:
        """Number of features of a sample."""
        return int(self.kernel.shape[0]) - 1

    @property
    def n_hidden(self) -> int:
        """Number of units of a hidden layer."""
        return int(self.kernel.shape[1])

    @property
    def n_outputs(self) -> int:
        """Number of outputs: 1 for two classes, else one per class."""
        return int(self.readout.shape[1])

    @property
    def hidden_layers(self) -> int:
        """Number of hidden layers."""
        return 1

    @property
    def n_mask_bits(self) -> int:
        """Number of bits of a mask."""
        return self.n_hidden * (1 if self.mask_kind == "neuron" else self.n_inputs + 1)

    @property
    def has_contributions(self) -> bool:
        """Whether the output is a sum of tabulated `contributions`."""
        return True

    @property
    def layer_groups(self) -> Groups:
        """The mask bits of each hidden layer, first layer first."""
        return (tuple(range(self.n_mask_bits)),)

    @property
    def input_groups(self) -> Groups:
        """The mask bits that read each input, the biases last; for weight masks.

        Raises:
            ValueError: the network has neuron masks.
        """
        if self.mask_kind != "weight":
            raise ValueError(f"mask_kind='{self.mask_kind}' has no input groups (limit: 'weight')")
        fan_in = self.n_inputs + 1
        return tuple(tuple(range(i, self.n_mask_bits, fan_in)) for i in range(fan_in))

    def adapted(self, x: npt.ArrayLike) -> Self:
        """The same network with the hidden statistics of training samples `x`.

        Args:
            x: (samples, n_inputs).

        Raises:
            TypeError: `x` is no array of numbers.
            ValueError: `x` does not have n_inputs features, or is not finite.
            TooLargeError: the hidden activations do not fit in memory.
        """
        h = self._hidden(check_samples(x, self.n_inputs))
        return replace(self, mean=h.mean(axis=0), inverse_std=invert_std(h.std(axis=0)))

    def contributions(self, x: npt.ArrayLike) -> FloatArray:
        """t = scale * a_j ĥ_j(x): what each hidden unit adds to each output.

        Args:
            x: (samples, n_inputs).

        Returns:
            float64 (samples, n_hidden, n_outputs) for neuron masks. For weight masks
            (samples, n_hidden, 2^(n_inputs + 1), n_outputs), the third axis by the index of
            the unit's own bits.

        Raises:
            TypeError: `x` is no array of numbers.
            ValueError: `x` does not have n_inputs features, or is not finite; the network has two
                hidden layers, or weight masks of more than 15 inputs.
            TooLargeError: the contributions do not fit in memory.
        """
        standardised = self._standardised(check_samples(x, self.n_inputs))
        t = self.scale * standardised[..., np.newaxis] * self.readout[:, np.newaxis]
        return t[:, :, 0] if self.mask_kind == "neuron" else t

    def outputs(self, x: npt.ArrayLike, neuron_mask: npt.ArrayLike) -> FloatArray:
        """f_m(x) = sum_j m_j t_j(x), float64 (samples, n_outputs), for one mask.

        Raises:
            TypeError: `x` is no array of numbers.
            ValueError: the mask does not have `n_mask_bits` entries, or `x` the wrong features.
            TooLargeError: the activations do not fit in memory.
        """
        mask = check_one_mask(neuron_mask, self.n_mask_bits)
        return self.run_masks(self.prepare(x), mask[np.newaxis])[0]

    def prepare(self, x: npt.ArrayLike) -> FloatArray:
        """What no mask changes in the forward pass of samples `x`, for `run_masks`.

        Args:
            x: (samples, n_inputs).

        Returns:
            The contributions, units first: float64 (n_hidden, samples, n_outputs) for neuron
            masks, (n_hidden, 2^(n_inputs + 1), samples, n_outputs) for weight masks.

        Raises:
            TypeError: `x` is no array of numbers.
            ValueError: `x` does not have n_inputs features, or is not finite.
            TooLargeError: the activations do not fit in memory.
        """
        return np.ascontiguousarray(np.moveaxis(self.contributions(x), 0, -2))

    def run_masks(self, prepared: FloatArray, neuron_masks: BoolArray) -> FloatArray:
        """Runs many subnetworks over the samples given to `prepare`.

        Args:
            prepared: as `prepare` returns it.
            neuron_masks: bool (masks, n_mask_bits).

        Returns:
            f_m(x), float64 (masks, samples, n_outputs).
        """
        if self.mask_kind == "neuron":
            return np.tensordot(neuron_masks.astype(np.float64), prepared, axes=1)
        pattern = masks_to_indices(neuron_masks.reshape(-1, self.n_hidden, self.n_inputs + 1))
        return prepared[np.arange(self.n_hidden), pattern].sum(axis=1)

    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""
        n_added = 1 if self.mask_kind == "neuron" else 1 + self.n_hidden
        return 8 * (n_samples * n_added * self.n_outputs + self.n_mask_bits)

    def _standardised(self, x: FloatArray) -> FloatArray:
        """ĥ_j(x), (samples, n_hidden, patterns)."""
        return (self._hidden(x) - self.mean) * self.inverse_std

    def _hidden(self, x: FloatArray) -> FloatArray:
        """relu(w_j . [x, 1]), (samples, n_hidden, patterns)."""
        # each sample's activations, and what is made of them on the way to contributions
        bytes_each = 8 * self.mean.size * (3 + self.n_outputs)
        check_count("n_samples", len(x), bytes_each=bytes_each, what="hidden activations")
        patterns = unit_patterns(self.n_inputs, self.mask_kind)
        weights = patterns.T[:, np.newaxis] * self.kernel[:, :, np.newaxis]
        return np.maximum(np.tensordot(append_ones(x), weights, axes=1), 0.0)


def append_ones(x: FloatArray) -> FloatArray:
    """[x, 1]: samples (samples, features + 1) whose last feature is read by the biases."""
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def invert_std(std: FloatArray) -> FloatArray:
    """1 / std, and 0 for a constant unit."""
    return np.divide(1.0, std, out=np.zeros_like(std), where=std > CONSTANT_BELOW)


def unit_patterns(n_inputs: int, mask_kind: str) -> BoolArray:
    """The ways to mask one unit's weights, bool (patterns, n_inputs + 1)."""
    if mask_kind == "neuron":
        return np.ones((1, n_inputs + 1), dtype=bool)
    return all_masks(n_inputs + 1)


def count_patterns(n_inputs: int, mask_kind: str) -> int:
    """In how many ways one unit can be masked and kept: 1, or 2^(n_inputs + 1) for its weights."""
    return 1 if mask_kind == "neuron" else 2 ** (n_inputs + 1)


def check_samples(x: Any, n_inputs: int) -> FloatArray:
    """Returns samples as float64 (samples, n_inputs).

    Raises:
        TypeError: `x` is no array of numbers.
        ValueError: the shape is another, there is no sample, or a value is not finite.
    """
    array = check_array("x", x)
    if array.ndim != 2 or array.shape[1] != n_inputs or not len(array):
        raise ValueError(f"x has shape {array.shape}; it must be (samples, {n_inputs})")
    return array
