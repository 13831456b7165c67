"""What networks held as arrays share: their sizes, forward passes for many masks, standardising."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, Float32Array, FloatArray, IntArray
from labkit.limits import check_array, check_count, repr_line, show_value
from labkit.masks import check_one_mask

if TYPE_CHECKING:
    from typing_extensions import Self

#: Of one hidden layer as it is masked: kernel (fan_in + 1, units), means (units,), m_j / std_j.
MaskedLayer = tuple[FloatArray, FloatArray, FloatArray]

#: A hidden unit whose standard deviation is below this share of what it adds up is constant: what
#: varies is rounding, and carries nothing.
CONSTANT_WITHIN = 2.0**-40


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

    def check_samples(self, x: npt.ArrayLike) -> FloatArray:
        """Returns samples, one or more and finite, as float64 (samples, n_inputs)."""
        return check_samples(x, self.n_inputs)

    @abstractmethod
    def _statistics(self, x: npt.ArrayLike) -> dict[str, Any]:
        """The fields by which hidden units are standardised, of training samples."""

    @property
    @abstractmethod
    def constant_units(self) -> IntArray:
        """Hidden units, first layer first, that do not vary on the training data: switched off."""

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
        numbers = {name: getattr(self, name) for name in names}
        n_constant = len(self.constant_units)
        return repr_line(self, **numbers, **({"n_constant": n_constant} if n_constant else {}))


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


class ForwardNetwork(ABC):
    """A network that is run for each mask, whatever it is made of: units of a model of your own.

    Its outputs f are what comes before a last softmax or sigmoid; `predict` is what comes after.
    """

    @property
    @abstractmethod
    def n_mask_bits(self) -> int:
        """Number of bits of a mask."""

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """Number of outputs: 1 for two classes or a number, else one per class."""

    @property
    @abstractmethod
    def compiled_cost(self) -> str | None:
        """What the model was compiled to minimise: 'cross_entropy', 'loss', or None."""

    @abstractmethod
    def check_samples(self, x: Any) -> npt.NDArray[Any]:
        """Returns samples, one or more and finite, of the shape that the model takes."""

    @abstractmethod
    def prepare(self, x: npt.ArrayLike) -> Any:
        """What no mask changes in the pass of samples, for `run_masks`."""

    @abstractmethod
    def run_masks(self, prepared: Any, neuron_masks: BoolArray) -> FloatArray:
        """f_m(x), float64 (masks, samples, n_outputs), by bool masks (masks, n_mask_bits)."""

    @abstractmethod
    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""

    @abstractmethod
    def losses(self, outputs: FloatArray, y: npt.NDArray[Any]) -> FloatArray:
        """The compiled loss, a mean over samples, (masks,) of outputs (masks, samples, outputs)."""

    def outputs(self, x: npt.ArrayLike, neuron_mask: npt.ArrayLike) -> FloatArray:
        """f_m(x), float64 (samples, n_outputs), for one mask."""
        mask = check_one_mask(neuron_mask, self.n_mask_bits)
        return self.run_masks(self.prepare(x), mask[np.newaxis])[0]


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


def measure_units(
    h: FloatArray, magnitude: FloatArray, *, axis: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Mean and 1 / standard deviation over the samples, 0 for a constant unit.

    Constant is relative to `magnitude`, the largest sum of sizes that a unit may have added up:
    neither the unit of the samples nor a feature that is large and the same in all of them
    decides.
    """
    std = h.std(axis=axis)
    inverse = np.divide(1.0, std, out=np.zeros_like(std), where=std > CONSTANT_WITHIN * magnitude)
    return h.mean(axis=axis), inverse


def largest_sizes(inputs: FloatArray) -> FloatArray:
    """max |x_i| of each feature of samples (samples, features)."""
    return np.abs(inputs).max(axis=0)


def read_labels(y: Any) -> FloatArray:
    """Labels of samples as float64 (samples,): numbers or booleans, also as a column.

    Raises:
        TypeError: one is text, or missing.
    """
    labels = np.asarray(y)
    if labels.dtype.kind not in "biuf":  # as of pandas' own types
        for label in labels.ravel().tolist():
            if not isinstance(label, Real | np.bool_):
                raise TypeError(f"y holds the label {show_value(label)}, which is no number")
        labels = labels.astype(np.float64)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    return check_array("y", labels)


def check_classes(y: Any, *, n_samples: int, n_outputs: int) -> IntArray:
    """Returns labels as classes 0..n-1, intp (samples,): for one output of two, -1 being 0 too."""
    labels = read_labels(y)
    if labels.shape != (n_samples,):
        raise ValueError(f"y has shape {labels.shape}; there are {n_samples} samples")
    allowed = {-1, 0, 1} if n_outputs == 1 else set(range(n_outputs))
    found = set(np.unique(labels).tolist())
    if not found <= allowed or found >= {-1, 0}:
        limit = "0 and 1, or -1 and 1" if n_outputs == 1 else f"0 to {n_outputs - 1}"
        raise ValueError(f"y holds the labels {sorted(found)[:8]} (limit: {limit})")
    return np.maximum(labels, 0).astype(np.intp)


def check_samples(x: Any, n_inputs: int) -> FloatArray:
    """Returns samples, one or more and finite, as float64 (samples, n_inputs)."""
    array = check_array("x", x)
    if array.ndim != 2 or array.shape[1] != n_inputs or not len(array):
        raise ValueError(f"x has shape {array.shape}; it must be (samples, {n_inputs})")
    return array
