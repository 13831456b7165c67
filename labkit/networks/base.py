"""What networks held as arrays share: their sizes, forward passes for many masks, standardising."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, Float32Array, FloatArray
from labkit.limits import check_array, check_count, repr_line
from labkit.masks import check_one_mask

if TYPE_CHECKING:
    from typing_extensions import Self

#: Of one hidden layer as it is masked: kernel (fan_in + 1, units), means (units,), m_j / std_j.
MaskedLayer = tuple[FloatArray, FloatArray, FloatArray]

#: A hidden unit that varies less than this on the training data is constant: it carries nothing.
CONSTANT_BELOW = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class MaskedArrays(ABC):
    """The weights of a random network of which a mask keeps a part, and what it computes.

    Hidden units are h_j(x) = relu(w_j . [x, 1]), standardised with training statistics.

    Attributes:
        kernel: float32 (n_inputs + 1, n_hidden), the last row the biases.
        readout: float32, the weights of the outputs.
        scale: factor on the outputs.
    """

    kernel: Float32Array
    readout: Float32Array
    scale: float

    @property
    def n_inputs(self) -> int:
        """Number of features of a sample."""
        return int(self.kernel.shape[0]) - 1

    @property
    def n_hidden(self) -> int:
        """Number of units of a hidden layer."""
        return int(self.kernel.shape[1])

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """Number of outputs."""

    @property
    @abstractmethod
    def n_mask_bits(self) -> int:
        """Number of bits of a mask."""

    def adapted(self, x: npt.ArrayLike) -> Self:
        """The same network with the hidden statistics of training samples (samples, n_inputs)."""
        return replace(self, **self._statistics(x))

    @abstractmethod
    def _statistics(self, x: npt.ArrayLike) -> dict[str, Any]:
        """The fields by which hidden units are standardised, of training samples."""

    @abstractmethod
    def prepare(self, x: npt.ArrayLike) -> FloatArray:
        """What no mask changes in the pass of samples (samples, n_inputs), for `run_masks`."""

    @abstractmethod
    def run_masks(self, prepared: FloatArray, neuron_masks: BoolArray) -> FloatArray:
        """f_m(x), float64 (masks, samples, n_outputs), by bool masks (masks, n_mask_bits)."""

    @abstractmethod
    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""

    def outputs(self, x: npt.ArrayLike, neuron_mask: npt.ArrayLike) -> FloatArray:
        """f_m(x), float64 (samples, n_outputs), for one mask."""
        mask = check_one_mask(neuron_mask, self.n_mask_bits)
        return self.run_masks(self.prepare(x), mask[np.newaxis])[0]

    def _inputs(self, x: npt.ArrayLike, bytes_each: int = 0) -> FloatArray:
        """Samples as [x, 1], where what is made of each, of so many bytes, fits in memory."""
        samples = check_samples(x, self.n_inputs)
        check_count("n_samples", len(samples), bytes_each=bytes_each, what="hidden activations")
        return append_ones(samples)

    def __repr__(self) -> str:
        names = ("n_inputs", "n_hidden", "n_outputs", "n_mask_bits", "scale")
        return repr_line(self, **{name: getattr(self, name) for name in names})


@dataclass(frozen=True, eq=False, repr=False)
class NetworkArrays(MaskedArrays):
    """A network of which each output reads the whole last hidden layer.

    f_m(x) = scale * sum_j m_j a_j ĥ_j(x). A mask has one bit per hidden unit
    (`mask_kind="neuron"`), or one per input weight and bias (`"weight"`): then unit by unit, the
    unit's input weights first, its bias last.

    Attributes:
        readout: float32 (n_hidden, n_outputs).
        mask_kind: 'neuron' or 'weight'.
    """

    hidden_layers: ClassVar[int] = 1

    mask_kind: str

    @property
    def n_outputs(self) -> int:
        """Number of outputs: 1 for two classes, else one per class."""
        return int(self.readout.shape[1])

    @property
    def n_mask_bits(self) -> int:
        """Number of bits of a mask."""
        per_unit = 1 if self.mask_kind == "neuron" else self.n_inputs + 1
        return self.hidden_layers * self.n_hidden * per_unit

    @property
    def input_groups(self) -> tuple[tuple[int, ...], ...]:
        """The mask bits that read each input, the biases last; for weight masks."""
        if self.mask_kind != "weight":
            raise ValueError(f"mask_kind='{self.mask_kind}' has no input groups (limit: 'weight')")
        fan_in = self.n_inputs + 1
        return tuple(tuple(range(i, self.n_mask_bits, fan_in)) for i in range(fan_in))

    @abstractmethod
    def masked_layers(self, neuron_mask: BoolArray) -> list[MaskedLayer]:
        """Of each hidden layer its kernel as the mask leaves it, its means, and m_j / std_j."""


def fold_subnetwork(network: NetworkArrays, neuron_mask: npt.ArrayLike) -> list[FloatArray]:
    """The weights of a smaller network without standardisation that computes the same.

    What reads a unit, u = sum_j v_j (h_j - mean_j) factor_j + c with factor_j = m_j / std_j,
    reads it with the weight v_j factor_j instead, and the bias c - sum_j v_j factor_j mean_j.

    Args:
        network: of one or two hidden layers.
        neuron_mask: (n_mask_bits,) bool, 0 and 1, or a mask string.

    Returns:
        Kernel and bias of each hidden layer and of the readout. Where no unit of a layer is left,
        one silent unit stays.
    """
    layers = network.masked_layers(check_one_mask(neuron_mask, network.n_mask_bits))
    readout = np.vstack([network.scale * network.readout, np.zeros(network.n_outputs)])
    readers = [*(kernel for kernel, _, _ in layers[1:]), readout]
    folded, weights = layers[0][0], []
    for (_, mean, factor), reader in zip(layers, readers, strict=True):
        left = np.flatnonzero(factor) if factor.any() else np.arange(1)
        weights += [folded[:-1, left], folded[-1, left]]
        kernel = factor[left, np.newaxis] * reader[left]
        folded = np.vstack([kernel, reader[-1] - mean[left] @ kernel])
    return [*weights, folded[:-1], folded[-1]]


def append_ones(x: FloatArray) -> FloatArray:
    """[x, 1]: samples (samples, features + 1) whose last feature is read by the biases."""
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def measure_units(h: FloatArray, *, axis: int = 0) -> tuple[FloatArray, FloatArray]:
    """Mean and 1 / standard deviation over the samples, 0 for a constant unit."""
    std = h.std(axis=axis)
    inverse = np.divide(1.0, std, out=np.zeros_like(std), where=std > CONSTANT_BELOW)
    return h.mean(axis=axis), inverse


def check_samples(x: Any, n_inputs: int) -> FloatArray:
    """Returns samples, one or more and finite, as float64 (samples, n_inputs)."""
    array = check_array("x", x)
    if array.ndim != 2 or array.shape[1] != n_inputs or not len(array):
        raise ValueError(f"x has shape {array.shape}; it must be (samples, {n_inputs})")
    return array
