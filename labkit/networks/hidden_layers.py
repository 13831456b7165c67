"""Networks with one or two hidden layers as arrays, their passes for many masks at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, Float32Array, FloatArray, IntArray
from labkit.limits import check_count
from labkit.masks import all_masks, masks_to_indices
from labkit.networks.base import (
    MaskedLayer,
    NetworkArrays,
    append_ones,
    largest_sizes,
    measure_units,
)

_BLOCK_BYTES = 2**26  # of hidden activations that are made together
#: Of units: drawn in float32, or chosen among values in float64.
Weights = Float32Array | FloatArray


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

    def _statistics(self, x: npt.ArrayLike) -> dict[str, Any]:
        self._check_prepared(self.check_samples(x))
        measured = [part._measure(x) for _, part in self._parts(x)]
        mean, inverse_std = (np.concatenate(of_parts) for of_parts in zip(*measured, strict=True))
        return {"mean": mean, "inverse_std": inverse_std}

    def _measure(self, x: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        h, largest = self._hidden(x), largest_sizes(self._inputs(x))
        sizes = np.tensordot(largest, np.abs(self._weights), axes=1)
        return measure_units(h, sizes)

    def _check_prepared(self, samples: FloatArray) -> None:
        held, what = (1, "hidden units") if self.is_read_out else (self.n_outputs, "contributions")
        check_count("n_samples", len(samples), bytes_each=8 * self.mean.size * held, what=what)

    def _parts(self, x: npt.ArrayLike) -> Iterator[tuple[slice, OneLayerArrays]]:
        """Some units at a time, so many that their activations are no more than a block."""
        per_unit = 8 * len(self.check_samples(x)) * (self.mean.size // self.n_hidden)
        step = max(1, _BLOCK_BYTES // per_unit)
        for units in (slice(i, i + step) for i in range(0, self.n_hidden, step)):
            kernel, readout = self.kernel[:, units], self.readout[units]
            mean, inverse_std = self.mean[units], self.inverse_std[units]
            changed: dict[str, Any] = {"mean": mean, "inverse_std": inverse_std}
            yield units, replace(self, kernel=kernel, readout=readout, **changed)

    @property
    def constant_units(self) -> IntArray:
        """Hidden units that as a whole do not vary on the training data: they add nothing."""
        return np.flatnonzero(self.inverse_std[:, -1] == 0)

    @property
    def is_read_out(self) -> bool:
        """Whether `prepare` keeps hidden units: of neuron masks, where outputs share each unit."""
        return self.mask_kind == "neuron" and self.n_outputs > 1

    def contributions(self, x: npt.ArrayLike) -> FloatArray:
        """t = scale * a_j ĥ_j(x): what each hidden unit adds to each output.

        float64 (samples, n_hidden, n_outputs) for neuron masks. For weight masks
        (samples, n_hidden, 2^(n_inputs + 1), n_outputs), the third axis by the index of the
        unit's own bits.
        """
        samples, bytes_each = self.check_samples(x), 8 * self.mean.size * (3 + self.n_outputs)
        check_count("n_samples", len(samples), bytes_each=bytes_each, what="contributions")
        t = self._scaled(samples)[..., np.newaxis] * self.readout[:, np.newaxis]
        return t[:, :, 0] if self.mask_kind == "neuron" else t

    def prepare(self, x: npt.ArrayLike) -> FloatArray:
        """The contributions, units first: float64 (n_hidden, [patterns,] samples, n_outputs).

        Of neuron masks and several outputs scale * ĥ alone, float64 (n_hidden, samples).
        """
        samples, patterns = self.check_samples(x), self.mean.shape[1:]
        self._check_prepared(samples)
        shape = () if self.mask_kind == "neuron" else patterns
        of_sample = () if self.is_read_out else (self.n_outputs,)
        prepared = np.empty((self.n_hidden, *shape, len(samples), *of_sample))
        for units, part in self._parts(samples):
            if self.is_read_out:
                prepared[units] = part._scaled(samples)[..., 0].T
            else:
                prepared[units] = np.moveaxis(part.contributions(samples), 0, -2)
        return prepared

    def run_masks(self, prepared: FloatArray, neuron_masks: BoolArray) -> FloatArray:
        """f_m(x), float64 (masks, samples, n_outputs): a product with the contributions."""
        if self.is_read_out:
            shares = neuron_masks[:, np.newaxis] * self.readout.T.astype(np.float64)
            return np.tensordot(shares, prepared, axes=1).swapaxes(1, 2)
        if self.mask_kind == "neuron":
            return np.tensordot(neuron_masks.astype(np.float64), prepared, axes=1)
        pattern = masks_to_indices(neuron_masks.reshape(-1, self.n_hidden, self.n_inputs + 1))
        return prepared[np.arange(self.n_hidden), pattern].sum(axis=1)

    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""
        n_added = 1 if self.mask_kind == "neuron" else 1 + self.n_hidden
        n_shares = self.n_outputs if self.is_read_out else 1
        return 8 * (n_samples * n_added * self.n_outputs + n_shares * self.n_mask_bits)

    def masked_layers(self, neuron_mask: BoolArray) -> list[MaskedLayer]:
        """Its kernel as the mask leaves it, its means, and m_j / std_j."""
        bits, kernel = neuron_mask.reshape(self.n_hidden, -1), self.kernel.astype(np.float64)
        if self.mask_kind == "neuron":
            return [(kernel, self.mean[:, 0], self.inverse_std[:, 0] * neuron_mask)]
        at = np.arange(self.n_hidden), masks_to_indices(bits)
        return [(kernel * bits.T, self.mean[at], self.inverse_std[at] * bits.any(axis=1))]

    def _scaled(self, x: npt.ArrayLike) -> FloatArray:
        """scale * ĥ_j(x), (samples, n_hidden, patterns)."""
        standardised = (self._hidden(x) - self.mean) * self.inverse_std
        return self.scale * standardised

    def _hidden(self, x: npt.ArrayLike) -> FloatArray:
        """relu(w_j . [x, 1]), (samples, n_hidden, patterns)."""
        # each sample's activations, and what is made of them on the way to scaled ones
        inputs = self._inputs(x, 8 * self.mean.size * 3)
        return np.maximum(np.tensordot(inputs, self._weights, axes=1), 0.0)

    @property
    def _weights(self) -> Float32Array:
        """What each pattern leaves of a unit's weights, (fan_in, n_hidden, patterns)."""
        fan_in, whole = len(self.kernel), self.mask_kind == "neuron"
        patterns = np.ones((1, fan_in), dtype=bool) if whole else all_masks(fan_in)
        return patterns.T[:, np.newaxis] * self.kernel[:, :, np.newaxis]


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

    def _statistics(self, x: npt.ArrayLike) -> dict[str, Any]:
        return {"training_inputs": self._inputs(x)}

    @property
    def constant_units(self) -> IntArray:
        """Hidden units that as a whole do not vary on the training data: they add nothing."""
        return np.flatnonzero(self._measure(self.kernel.T)[1] == 0)

    def prepare(self, x: npt.ArrayLike) -> FloatArray:
        """The inputs [x, 1], which no mask changes: float64 (samples, n_inputs + 1)."""
        return self._inputs(x, 8 * (self.n_inputs + 1 + 3 * self.n_hidden))

    def run_masks(self, prepared: FloatArray, neuron_masks: BoolArray) -> FloatArray:
        """f_m(x), float64 (masks, samples, n_outputs): every masked unit is run and measured."""
        weights = self.masked_weights(neuron_masks.reshape(len(neuron_masks), self.n_hidden, -1))
        return self.scale * self.standardised(weights, prepared).swapaxes(1, 2) @ self.readout

    def masked_weights(self, bits: BoolArray, units: Any = slice(None)) -> Weights:
        """What bits (..., units, fan_in) leave of the weights of units: (..., units, fan_in)."""
        return bits * self.kernel.T[units]

    def standardised(self, weights: Weights, prepared: FloatArray) -> FloatArray:
        """ĥ of units of masked weights (..., fan_in), float64 (..., samples)."""
        mean, inverse_std = self._measure(weights)
        h = _relu_units(weights, prepared)
        return (h - mean[..., np.newaxis]) * inverse_std[..., np.newaxis]

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

    def _measure(self, weights: Weights) -> tuple[FloatArray, FloatArray]:
        """Training mean and 1 / standard deviation (...) of units of weights (..., fan_in)."""
        if self.training_inputs is None:
            return np.zeros(weights.shape[:-1]), np.ones(weights.shape[:-1])
        h, sizes = _relu_units(weights, self.training_inputs), largest_sizes(self.training_inputs)
        return measure_units(h, np.abs(weights) @ sizes, axis=-1)


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

    def _statistics(self, x: npt.ArrayLike) -> dict[str, Any]:
        h, sizes = self._hidden(x), largest_sizes(self._inputs(x))
        mean, inverse_std = measure_units(h, sizes @ np.abs(self.kernel))
        first = (h - mean) * inverse_std
        sizes = largest_sizes(append_ones(first))
        second = measure_units(self._second_hidden(first), sizes @ np.abs(self.second_kernel))
        seconds = {"second_mean": second[0], "second_inverse_std": second[1]}
        return {"mean": mean, "inverse_std": inverse_std, **seconds}

    @property
    def constant_units(self) -> IntArray:
        """Units of both layers that do not vary on the training data, as bits of a mask."""
        return np.flatnonzero(np.concatenate([self.inverse_std, self.second_inverse_std]) == 0)

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
        kernels = self.kernel.astype(np.float64), self.second_kernel.astype(np.float64)
        first, second = np.split(neuron_mask, 2)
        factors = self.inverse_std * first, self.second_inverse_std * second
        return [*zip(kernels, (self.mean, self.second_mean), factors, strict=True)]

    def _hidden(self, x: npt.ArrayLike) -> FloatArray:
        """relu(W1 [x, 1]), (samples, n_hidden)."""
        return np.maximum(self._inputs(x, self.bytes_per_mask(1)) @ self.kernel, 0.0)

    def _second_hidden(self, first: FloatArray) -> FloatArray:
        """relu(W2 [ĥ1, 1]) of first-layer values (..., n_hidden)."""
        return np.maximum(first @ self.second_kernel[:-1] + self.second_kernel[-1], 0.0)


def _relu_units(weights: Weights, inputs: FloatArray) -> FloatArray:
    """relu(w . [x, 1]) of weights (..., fan_in) on inputs (samples, fan_in): (..., samples)."""
    flat = weights.reshape(-1, weights.shape[-1]) @ inputs.T
    return np.maximum(flat, 0.0).reshape(*weights.shape[:-1], len(inputs))
