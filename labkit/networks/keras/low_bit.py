"""A Keras layer whose weights are searched among a few values, and the temperature that hardens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from labkit.arrays import FloatArray
from labkit.limits import check_integer
from labkit.networks import low_bit
from labkit.networks.keras.layers import to_float64
from labkit.platforms import quiet_start

with quiet_start():
    import keras
    from keras import ops

#: At this temperature logits that are 1 apart leave the lower one a share of 0 in float32.
_HARD = 1e4


@keras.saving.register_keras_serializable(package="labkit")
class SearchedDense(keras.layers.Layer):
    """x W + b, where each weight and bias is sum_k softmax(temperature * logits)_k values_k.

    Training moves the logits; `RisingTemperature` hardens the choice, and `harden` completes it.
    After that the statistics of a BatchNormalization behind it are those of other weights: they
    are to be taken anew.

    Args:
        units: of the layer.
        values: K at least 2, each a number or one for each weight, (n_inputs + 1, units), the
            biases last.
        seed: of the first logits, normal with a deviation of 0.01; None for another one each time.
        **kwargs: of `keras.layers.Layer`.

    Attributes:
        logits: (n_inputs + 1, units, K), trainable.
        temperature: a number above 0, not trainable; 1 to begin with.

    Reference: Yang et al. 2020, arXiv 2009.08695.
    """

    def __init__(
        self, units: int, values: low_bit.Values, *, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.units = check_integer("units", units, minimum=1)
        self._values, self._seed = values, seed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the logits and the temperature."""
        self.values = low_bit.check_values(self._values, (input_shape[-1] or 0) + 1, self.units)
        normal = keras.initializers.RandomNormal(stddev=low_bit.START, seed=self._seed)
        shape = self.values.shape
        self.logits = self.add_weight(shape=shape, initializer=normal, name="logits")
        fixed = {"initializer": "ones", "trainable": False}
        self.temperature = self.add_weight(shape=(), name="temperature", **fixed)

    def call(self, x: Any) -> Any:
        """x W + b of the soft weights, (samples, units)."""
        shares = ops.softmax(self.temperature * self.logits, axis=-1)
        weights = ops.sum(shares * ops.cast(self.values, shares.dtype), axis=-1)
        return ops.matmul(x, weights[:-1]) + weights[-1]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(samples, units)."""
        return (*input_shape[:-1], self.units)

    def soft_weights(self) -> FloatArray:
        """Those of the present temperature, float64 (n_inputs + 1, units), the biases last."""
        at = float(self.temperature.value.numpy())
        return low_bit.soft_weights(to_float64(self.logits), self.values, at)

    def hard_weights(self) -> FloatArray:
        """The value of the largest logit of each, float64 (n_inputs + 1, units)."""
        return low_bit.hard_weights(to_float64(self.logits), self.values)

    def harden(self) -> None:
        """Makes the soft weights the hard ones: the chosen logits 1, all others 0."""
        chosen = to_float64(self.logits).argmax(axis=-1)
        self.logits.assign(np.eye(self.values.shape[-1])[chosen])
        self.temperature.assign(_HARD)

    def get_config(self) -> dict[str, Any]:
        """What `keras.saving` needs to build the same layer again."""
        values = [np.asarray(each).tolist() for each in self._values]
        own = {"units": self.units, "values": values, "seed": self._seed}
        return {**super().get_config(), **own}


def _searched(model: Any) -> Iterator[SearchedDense]:
    """Every `SearchedDense` of a model, those of models inside it too."""
    for layer in model.layers:
        if isinstance(layer, SearchedDense):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from _searched(layer)


class RisingTemperature(keras.callbacks.Callback):
    """Sets the temperature of every `SearchedDense` of a model before each epoch of `fit`.

    Args:
        factor: by which it rises, after each epoch from `start` to `end`; see
            `labkit.networks.low_bit.temperatures`, and `rise_factor` there for a final one.
        start: of the epochs, a share.
        end: of the epochs, a share.
        temperature: of the first epoch.
    """

    def __init__(
        self, factor: float, *, start: float = 0.3, end: float = 0.9, temperature: float = 1.0
    ) -> None:
        super().__init__()
        self._rise = {"factor": factor, "start": start, "end": end, "temperature": temperature}
        low_bit.temperatures(1, **self._rise)  # what is no number is refused before training

    def on_train_begin(self, logs: Any = None) -> None:
        """Finds the layers, and the temperature of each epoch."""
        self.layers = [*_searched(self.model)]
        if not self.layers:
            raise ValueError("the model has no layer with a temperature (limit: a SearchedDense)")
        self.temperatures = low_bit.temperatures(self.params["epochs"], **self._rise)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Sets that of this epoch."""
        for layer in self.layers:
            layer.temperature.assign(self.temperatures[epoch])
