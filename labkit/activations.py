"""A random network as plain arrays: its weights and its forward pass, without a framework.

`labkit.networks.RandomNetwork` is the same network in Keras and takes its weights from here;
cost tables and explorers need no more than these arrays, so they start without TensorFlow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.limits import check_array, check_choice, check_count, check_integer, check_positive
from labkit.masks import BoolArray, all_masks, check_one_mask, masks_to_indices

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

MASK_KINDS = ("neuron", "weight")
INITS = ("kaiming_normal", "signed_constant")
READOUTS = ("signed_constant", "gaussian")
#: A hidden unit that varies less than this on the training data is constant: it carries nothing.
CONSTANT_BELOW = 1e-6
#: A weight mask keeps statistics of each of the 2^(n_inputs + 1) ways to mask one unit.
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
        """Number of hidden units."""
        return int(self.kernel.shape[1])

    @property
    def n_outputs(self) -> int:
        """Number of outputs: 1 for two classes, else one per class."""
        return int(self.readout.shape[1])

    @property
    def n_mask_bits(self) -> int:
        """Number of bits of a mask."""
        return self.n_hidden * (1 if self.mask_kind == "neuron" else self.n_inputs + 1)

    def adapted(self, x: npt.ArrayLike) -> NetworkArrays:
        """The same network with the hidden statistics of training samples `x`.

        Args:
            x: (samples, n_inputs).

        Raises:
            TypeError: `x` is no array of numbers.
            ValueError: `x` does not have n_inputs features, or is not finite.
            TooLargeError: the hidden activations do not fit in memory.
        """
        h = self._hidden(check_samples(x, self.n_inputs))
        std = h.std(axis=0)
        inverse = np.divide(1.0, std, out=np.zeros_like(std), where=std > CONSTANT_BELOW)
        return replace(self, mean=h.mean(axis=0), inverse_std=inverse)

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
            ValueError: `x` does not have n_inputs features, or is not finite.
            TooLargeError: the contributions do not fit in memory.
        """
        h = self._hidden(check_samples(x, self.n_inputs))
        standardised = (h - self.mean) * self.inverse_std
        t = self.scale * standardised[..., np.newaxis] * self.readout[:, np.newaxis]
        return t[:, :, 0] if self.mask_kind == "neuron" else t

    def outputs(self, x: npt.ArrayLike, neuron_mask: npt.ArrayLike) -> FloatArray:
        """f_m(x) = sum_j m_j t_j(x), float64 (samples, n_outputs), for one mask.

        Raises:
            ValueError: the mask does not have `n_mask_bits` entries, or `x` the wrong features.
        """
        mask = check_one_mask(neuron_mask, self.n_mask_bits)
        t = self.contributions(x)
        if self.mask_kind == "neuron":
            return t[:, mask].sum(axis=1)
        pattern = masks_to_indices(mask.reshape(self.n_hidden, -1))
        return t[:, np.arange(self.n_hidden), pattern].sum(axis=1)

    def _hidden(self, x: FloatArray) -> FloatArray:
        """relu(w_j . [x, 1]), (samples, n_hidden, patterns)."""
        # each sample's activations, and what is made of them on the way to contributions
        bytes_each = 8 * self.mean.size * (3 + self.n_outputs)
        check_count("n_samples", len(x), bytes_each=bytes_each, what="hidden activations")
        inputs = np.concatenate([x, np.ones((len(x), 1))], axis=1)
        patterns = unit_patterns(self.n_inputs, self.mask_kind)
        weights = patterns.T[:, np.newaxis] * self.kernel[:, :, np.newaxis]
        return np.maximum(np.tensordot(inputs, weights, axes=1), 0.0)


def unit_patterns(n_inputs: int, mask_kind: str) -> BoolArray:
    """The ways to mask one unit's weights, bool (patterns, n_inputs + 1)."""
    if mask_kind == "neuron":
        return np.ones((1, n_inputs + 1), dtype=bool)
    return all_masks(n_inputs + 1)


def count_patterns(n_inputs: int, mask_kind: str) -> int:
    """In how many ways one unit can be masked and kept: 1, or 2^(n_inputs + 1) for its weights."""
    return 1 if mask_kind == "neuron" else 2 ** (n_inputs + 1)


def draw_network(
    n_inputs: int,
    n_hidden: int,
    n_outputs: int = 1,
    *,
    mask_kind: str = "neuron",
    init: str = "kaiming_normal",
    readout: str = "signed_constant",
    scale: float = 1.0,
    seed: int,
) -> NetworkArrays:
    """Draws a random network; a wider one of the same seed begins with the same hidden units.

    h_j(x) = relu(w_j . [x, 1]) with W ~ N(0, 2/fan_in) (He et al. 2015, arXiv 1502.01852) or
    ±sqrt(2/fan_in) (Ramanujan et al. 2020, arXiv 1911.13299), fan_in = n_inputs + 1; readout
    a_j = ±sqrt(2/n_hidden), both signs present, or N(0, 2/n_hidden). Until `adapted`, hidden
    units are not standardised.

    Args:
        n_inputs: features of a sample.
        n_hidden: hidden units.
        n_outputs: 1 for two classes, else the number of classes.
        mask_kind: 'neuron' or 'weight'.
        init: 'kaiming_normal' or 'signed_constant'.
        readout: 'signed_constant' or 'gaussian'.
        scale: factor on the output, above 0.
        seed: of the random generator, 0 or more.

    Raises:
        TypeError: a count or the seed is not an integer.
        ValueError: a count is too small, a name unknown, the scale not above 0, or weight masks
            asked of more than 15 inputs.
        TooLargeError: the weights do not fit in memory.
    """
    n_inputs = check_integer("n_inputs", n_inputs, minimum=1)
    n_hidden = check_integer("n_hidden", n_hidden, minimum=1)
    n_outputs = check_integer("n_outputs", n_outputs, minimum=1)
    check_choice("mask_kind", mask_kind, MASK_KINDS)
    check_choice("init", init, INITS)
    check_choice("readout", readout, READOUTS)
    if mask_kind == "weight":
        check_integer("n_inputs", n_inputs, minimum=1, maximum=MAX_WEIGHT_MASK_INPUTS)
    _check_size(n_inputs, n_hidden, n_outputs, count_patterns(n_inputs, mask_kind))
    kernel_rng, readout_rng = np.random.default_rng(check_integer("seed", seed, minimum=0)).spawn(2)
    n_patterns = count_patterns(n_inputs, mask_kind)
    return NetworkArrays(
        kernel=_draw_kernel(n_inputs + 1, n_hidden, init, kernel_rng),
        readout=_draw_readout(n_hidden, n_outputs, readout, readout_rng),
        scale=check_positive("scale", scale),
        mask_kind=mask_kind,
        mean=np.zeros((n_hidden, n_patterns)),
        inverse_std=np.ones((n_hidden, n_patterns)),
    )


def _check_size(n_inputs: int, n_hidden: int, n_outputs: int, n_patterns: int) -> None:
    """Refuses weights that do not fit, by the first count that is too large by itself."""
    check_count("n_inputs", n_inputs, bytes_each=16, what="weights")
    check_count("n_outputs", n_outputs, bytes_each=16, what="weights")
    per_unit = 16 * (n_inputs + 1 + n_outputs + n_patterns)
    check_count("n_hidden", n_hidden, bytes_each=per_unit, what="weights")


def _draw_kernel(fan_in: int, n_hidden: int, init: str, rng: np.random.Generator) -> Float32Array:
    normal = rng.standard_normal((n_hidden, fan_in)).T
    values = normal if init == "kaiming_normal" else np.sign(normal)
    return (np.sqrt(2 / fan_in) * values).astype(np.float32)


def _draw_readout(
    n_hidden: int, n_outputs: int, readout: str, rng: np.random.Generator
) -> Float32Array:
    values = rng.standard_normal((n_hidden, n_outputs))
    if readout == "signed_constant":
        values = np.sign(values)
        # both signs present: where a column has one sign only, its first neuron takes the other
        values[0, (values == values[0]).all(axis=0) & (n_hidden > 1)] *= -1
    return (np.sqrt(2 / n_hidden) * values).astype(np.float32)


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
