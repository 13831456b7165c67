"""Networks whose weights are each one of a few values: chosen by a mask, or searched by logits.

With values v_k of a weight and logits A_k for them, the soft weight at a temperature tau is
sum_k softmax(tau A)_k v_k; the hard weight is the value of the largest logit, its limit for large
tau. Values {-1, 1} are binary weights, {-1, 0, 1} ternary ones, and {0, w_ij} the weight masks of a
random network.

Reference: Yang et al. 2020, arXiv 2009.08695 (searching for low-bit weights). Its abstract and a
public implementation were read; what neither says is our reading.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.limits import (
    check_array,
    check_count,
    check_integer,
    check_positive,
    check_share,
    show_value,
)
from labkit.networks.base import MaskedLayer, NetworkArrays
from labkit.networks.hidden_layers import ManyInputsArrays, OneLayerArrays

#: K of them: numbers, or arrays (fan_in, n_hidden) of one for each weight.
Values = Sequence[npt.ArrayLike] | npt.NDArray[Any]
#: Deviation of the logits before the first step.
START = 0.01
#: Of the epochs: when the temperature begins to rise, and when it ends.
RISE = (0.3, 0.9)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class LowBitArrays(ManyInputsArrays):
    """A network with one hidden layer, each of whose input weights and biases is one of K values.

    A mask has K - 1 bits for each weight, unit by unit, a unit's inputs first and its bias last:
    the weight is the value whose number is how many of them are 1. So one bit chooses among two
    values, and of {-1, 0, 1} the weight is m_a + m_b - 1.

    Attributes:
        kernel: of the mask that is 1 everywhere: the last value of each weight.
        values: float64 (n_inputs + 1, n_hidden, K), of each weight; the biases last.
    """

    values: FloatArray

    @property
    def n_values(self) -> int:
        """K, how many values a weight may have."""
        return int(self.values.shape[2])

    @property
    def n_mask_bits(self) -> int:
        """Number of bits of a mask."""
        return self.values[..., 0].size * (self.n_values - 1)

    @property
    def input_groups(self) -> tuple[tuple[int, ...], ...]:
        """The mask bits that read each input, the biases last."""
        inputs = np.arange(self.n_mask_bits) // (self.n_values - 1) % len(self.kernel)
        return tuple(tuple(np.flatnonzero(inputs == i).tolist()) for i in range(len(self.kernel)))

    def masked_weights(self, bits: BoolArray, units: Any = slice(None)) -> FloatArray:
        """The weights (..., units, fan_in) that bits (..., units, bits of a unit) choose."""
        of_weights = bits.reshape(*bits.shape[:-1], len(self.kernel), self.n_values - 1)
        values = self.values.swapaxes(0, 1)[units]
        unit, place = np.ogrid[: values.shape[0], : values.shape[1]]
        chosen: FloatArray = values[unit, place, of_weights.sum(axis=-1)]
        return chosen

    def masked_layers(self, neuron_mask: BoolArray) -> list[MaskedLayer]:
        """Its kernel as the mask chooses it, its means, and 1 / std_j."""
        weights = self.masked_weights(neuron_mask.reshape(self.n_hidden, -1))
        return [(weights.T, *self._measure(weights))]

    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""
        return super().bytes_per_mask(n_samples) + 8 * (self.n_values + 1) * self.n_mask_bits

    def mask_of(self, choices: IntArray) -> BoolArray:
        """The mask (n_mask_bits,) of the number of each weight's value, (fan_in, n_hidden).

        Of the masks that choose it, that whose ones come first.
        """
        bits = choices.T[..., np.newaxis] > np.arange(self.n_values - 1)
        return bits.ravel()


def with_values(network: NetworkArrays, values: Values) -> LowBitArrays:
    """A network with the readout and the scale of another, whose weights are among these values.

    Args:
        network: of one hidden layer; its units are the searched ones.
        values: K at least 2, each a number or one for each weight, (n_inputs + 1, n_hidden), the
            biases last. With (0, network.kernel) they are the weight masks of the network.

    Raises:
        TooLargeError: values for each weight do not fit in memory.
    """
    if not isinstance(network, OneLayerArrays | ManyInputsArrays):
        raise TypeError(
            f"network={show_value(network)} is no network of one hidden layer, as arrays"
        )
    of_weights = check_values(values, *network.kernel.shape)
    return LowBitArrays(
        kernel=of_weights[..., -1],  # type: ignore[arg-type]
        readout=network.readout,
        scale=network.scale,
        mask_kind="weight",
        values=of_weights,
    )


def check_values(values: Any, fan_in: int, n_hidden: int) -> FloatArray:
    """Returns the values of each weight, float64 (fan_in, n_hidden, K)."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"values={show_value(values)} is not a sequence of values")
    given, shape = [check_array("values", each) for each in values], (fan_in, n_hidden)
    if len(given) < 2 or any(each.shape not in ((), shape) for each in given):
        shapes = show_value([each.shape for each in given])
        raise ValueError(f"values has shapes {shapes} (limit: 2 or more, each a number or {shape})")
    each_takes = 8 * fan_in * len(given)
    check_count("n_hidden", n_hidden, bytes_each=each_takes, what="values of weights")
    return np.stack([np.broadcast_to(each, shape) for each in given], axis=-1)


def soft_choice(logits: FloatArray, temperature: float) -> FloatArray:
    """softmax(temperature * logits) over the last axis, of the same shape."""
    scaled = temperature * (logits - logits.max(axis=-1, keepdims=True))
    shares = np.exp(scaled)
    return shares / shares.sum(axis=-1, keepdims=True)


def soft_weights(logits: FloatArray, values: npt.ArrayLike, temperature: float) -> FloatArray:
    """sum_k softmax(temperature * logits)_k values_k, of logits and values (..., K): (...)."""
    return (soft_choice(logits, temperature) * np.asarray(values)).sum(axis=-1)


def hard_weights(logits: FloatArray, values: npt.ArrayLike) -> FloatArray:
    """The value of the largest logit, the first of several: (...) of logits and values (..., K)."""
    chosen = logits.argmax(axis=-1)[..., np.newaxis]
    of_weights = np.broadcast_to(np.asarray(values, dtype=np.float64), logits.shape)
    return np.take_along_axis(of_weights, chosen, axis=-1)[..., 0]


def temperatures(
    epochs: int,
    *,
    factor: float,
    start: float = RISE[0],
    end: float = RISE[1],
    temperature: float = 1.0,
) -> FloatArray:
    """The temperature of each epoch, float64 (epochs,).

    It is multiplied by `factor` after each epoch e with floor(start E) <= e < floor(end E).

    Args:
        epochs: E, at least 1.
        factor: above 0.
        start: of the epochs, from 0 on.
        end: of the epochs, from `start` to 1.
        temperature: of epoch 0, above 0.

    >>> temperatures(5, factor=2, start=0.4, end=0.8).tolist()
    [1.0, 1.0, 1.0, 2.0, 4.0]
    """
    epochs = check_integer("epochs", epochs, minimum=1)
    factor, temperature = (
        check_positive("factor", factor),
        check_positive("temperature", temperature),
    )
    first, last = rise_between(epochs, start, end)
    rises = np.clip(np.arange(epochs) - first, 0, last - first)
    return np.asarray(temperature * factor**rises)


def rise_factor(epochs: int, final_temperature: float) -> float:
    """By which the temperature rises after each epoch of `RISE` to get from 1 to the final one."""
    first, last = rise_between(epochs, *RISE)
    return float(
        check_positive("final_temperature", final_temperature) ** (1 / max(1, last - first))
    )


def rise_between(epochs: int, start: float, end: float) -> tuple[int, int]:
    """The first epoch after which the temperature rises, and the first after which not any more."""
    start, end = check_share("start", start), check_share("end", end)
    if start > end:
        raise ValueError(f"start={start} is above end={end}")
    return math.floor(start * epochs), math.floor(end * epochs)
