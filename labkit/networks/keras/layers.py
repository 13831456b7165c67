"""Keras layers and settings that the random networks share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.masks import check_one_mask
from labkit.platforms import KERAS
from labkit.quiet import quiet_start

if not KERAS.is_installed():
    raise ImportError(KERAS.line)
with quiet_start():
    import keras
    from keras import ops


def to_array(weight: keras.Variable) -> npt.NDArray[Any]:
    """A weight's values in its own dtype.

    Not `ops.convert_to_numpy`, whose `np.array(variable)` warns with NumPy 2.
    """
    return np.asarray(weight.value.numpy())


@keras.saving.register_keras_serializable(package="labkit")
class MaskedHidden(keras.layers.Layer):
    """relu(w_j . [x, 1]), masked and standardised with frozen statistics.

    Args:
        n_hidden: hidden units.
        mask_kind: 'neuron' or 'weight', see `RandomNetwork`.
        **kwargs: of `keras.layers.Layer`.
    """

    def __init__(self, n_hidden: int, mask_kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_hidden = n_hidden
        self.mask_kind = mask_kind

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates kernel (n_inputs + 1, n_hidden) and statistics (n_hidden, patterns)."""
        fan_in = (input_shape[-1] or 0) + 1
        statistics = (self.n_hidden, 1 if self.mask_kind == "neuron" else 2**fan_in)
        self.kernel = self.add_weight(shape=(fan_in, self.n_hidden), name="kernel")
        self.mean = self.add_weight(shape=statistics, name="mean", trainable=False)
        self.inverse_std = self.add_weight(shape=statistics, name="inverse_std", trainable=False)

    def call(self, x: Any, neuron_mask: Any = None) -> Any:
        """ĥ of the subnetwork, (samples, n_hidden)."""
        if self.mask_kind == "neuron":
            standardised = self._standardise(x, self.kernel, pattern=0)
            return standardised if neuron_mask is None else standardised * neuron_mask
        fan_in = self.kernel.shape[0]
        if neuron_mask is None:
            neuron_mask = ops.ones((self.n_hidden * fan_in,))
        bits = ops.reshape(neuron_mask, (self.n_hidden, fan_in))
        place_values = ops.convert_to_tensor(2.0 ** np.arange(fan_in)[::-1], dtype=bits.dtype)
        pattern = ops.cast(ops.sum(bits * place_values, axis=1), "int32")
        return self._standardise(x, self.kernel * ops.transpose(bits), pattern=pattern)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, int]:
        """(samples, n_hidden)."""
        return (input_shape[0], self.n_hidden)

    def _standardise(self, x: Any, kernel: Any, *, pattern: Any) -> Any:
        h = ops.relu(ops.matmul(x, kernel[:-1]) + kernel[-1])
        index = ops.broadcast_to(ops.reshape(pattern, (-1, 1)), (self.n_hidden, 1))
        mean = ops.take_along_axis(self.mean, index, axis=1)[:, 0]
        inverse_std = ops.take_along_axis(self.inverse_std, index, axis=1)[:, 0]
        return (h - mean) * inverse_std

    def get_config(self) -> dict[str, Any]:
        """What `keras.saving` needs to build the same layer again."""
        return {
            **super().get_config(),
            "n_hidden": self.n_hidden,
            "mask_kind": self.mask_kind,
        }


@keras.saving.register_keras_serializable(package="labkit")
def sign_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Share of samples whose class is [f > 0], for one output f and labels 0 and 1."""
    label = ops.reshape(y_true, ops.shape(y_pred)) > 0
    return ops.mean(ops.cast((y_pred > 0) == label, y_pred.dtype), axis=-1)


def compile_classifier(model: keras.Model, n_outputs: int) -> None:
    """Gives a model of logits the cross-entropy loss and the accuracy of its classes."""
    if n_outputs == 1:
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        metric = keras.metrics.MeanMetricWrapper(sign_accuracy, name="accuracy")
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        metric = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    model.compile(optimizer="adam", loss=loss, metrics=[metric])
    # saved before it is built, an optimizer makes load_model warn
    model.optimizer.build(model.trainable_variables)


def check_inputs(x: Any, n_inputs: int) -> Any:
    """Returns samples (samples, n_inputs) as a tensor or a float32 array.

    Raises:
        ValueError: the shape is another.
    """
    x = x if ops.is_tensor(x) else np.asarray(x, dtype=np.float32)
    if len(x.shape) != 2 or x.shape[-1] != n_inputs:
        raise ValueError(f"x has shape {tuple(x.shape)}; it must be (samples, {n_inputs})")
    return x


def float_mask(neuron_mask: Any, n: int) -> npt.NDArray[np.float32]:
    """Returns a mask, maybe a tensor, as float32 (n,).

    Raises:
        ValueError: it has the wrong length or another value than 0 and 1.
    """
    mask = ops.convert_to_numpy(neuron_mask) if ops.is_tensor(neuron_mask) else neuron_mask
    return check_one_mask(mask, n).astype(np.float32)
