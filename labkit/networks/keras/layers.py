"""What the random networks share as Keras models: their base, layers and settings."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import Float32Array, FloatArray, IntArray
from labkit.limits import repr_line
from labkit.masks import check_one_mask, place_values
from labkit.networks.base import MaskedArrays, check_classes
from labkit.platforms import quiet_start

if TYPE_CHECKING:
    from typing_extensions import Self

with quiet_start():
    import keras
    from keras import ops


def to_array(weight: keras.Variable) -> npt.NDArray[Any]:
    """A weight's values in its own dtype.

    Not `ops.convert_to_numpy`, whose `np.array(variable)` warns with NumPy 2.
    """
    return np.asarray(weight.value.numpy())


def to_float64(weight: keras.Variable) -> FloatArray:
    """A weight's values as float64."""
    return to_array(weight).astype(np.float64)


class MaskedModel(keras.Model):
    """A random network whose weights can be had as arrays, and of which a mask keeps a part.

    A subclass has layers that are run one after the other, the first of them `hidden`, its
    options, and exchanges its weights with arrays.
    """

    hidden: MaskedHidden
    n_mask_bits: int
    n_logits: int  # of a sample, what decides its class: 1 for two classes
    _options: dict[str, Any]

    @abstractmethod
    def arrays(self) -> MaskedArrays:
        """The current weights as arrays."""

    @abstractmethod
    def _set_arrays(self, arrays: Any) -> None: ...

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the weights for inputs (samples, n_inputs)."""
        for layer in self.layers:
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)
        self.built = True

    @property
    def n_inputs(self) -> int:
        """Features of a sample."""
        return int(self.hidden.kernel.shape[0]) - 1

    def __call__(self, x: Any, neuron_mask: Any = None, **kwargs: Any) -> Any:
        """What decides the class, a tensor: f_m(x) or the mean of the outputs of an NK network.

        Args:
            x: (samples, n_inputs).
            neuron_mask: (n_mask_bits,) bool, 0 and 1, or a mask string; None keeps everything.
            **kwargs: of Keras: training.
        """
        x = check_inputs(x, self.n_inputs)
        if neuron_mask is not None:
            kwargs["neuron_mask"] = float_mask(neuron_mask, self.n_mask_bits)
        return super().__call__(x, **kwargs)

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As Keras's; labels are those of every cost, see `labkit.scoring.check_labels`."""
        if (given := kwargs.get("validation_data")) is not None and isinstance(given, tuple | list):
            kwargs["validation_data"] = (given[0], self._classes(*given[:2]), *given[2:])
        return super().fit(x, self._classes(x, y), *args, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As Keras's; labels are those of every cost, see `labkit.scoring.check_labels`."""
        return super().evaluate(x, self._classes(x, y), *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As Keras's; labels are those of every cost, see `labkit.scoring.check_labels`."""
        return super().train_on_batch(x, self._classes(x, y), *args, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As Keras's; labels are those of every cost, see `labkit.scoring.check_labels`."""
        return super().test_on_batch(x, self._classes(x, y), *args, **kwargs)

    def _classes(self, x: Any, y: Any) -> IntArray | None:
        """Labels as classes; None where the samples bring their own, as a data set does."""
        if y is None:
            return None
        return check_classes(y, n_samples=len(x), n_outputs=self.n_logits)

    @property
    def constant_units(self) -> IntArray:
        """Hidden units, first layer first, that do not vary on the training data: switched off."""
        return self.arrays().constant_units

    def adapt(self, x: npt.ArrayLike) -> Self:
        """Takes the statistics of hidden units from samples (samples, n_inputs); returns itself."""
        self._set_arrays(self.arrays().adapted(x))
        return self

    def __repr__(self) -> str:
        sizes = {"n_inputs": self.n_inputs, "n_mask_bits": self.n_mask_bits}
        n_constant = len(self.constant_units)
        sizes |= {"n_constant": n_constant} if n_constant else {}
        return repr_line(self, **sizes, **self._options)


@keras.saving.register_keras_serializable(package="labkit")
class MaskedHidden(keras.layers.Layer):
    """relu(w_j . [x, 1]) of `n_hidden` units, masked and standardised with frozen statistics."""

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

    def assign(self, kernel: Float32Array, mean: FloatArray, inverse_std: FloatArray) -> None:
        """Takes over weights and statistics held as arrays, of one pattern (n_hidden,) or more."""
        self.kernel.assign(kernel)
        self.mean.assign(mean.reshape(self.n_hidden, -1))
        self.inverse_std.assign(inverse_std.reshape(self.n_hidden, -1))

    def call(self, x: Any, neuron_mask: Any = None) -> Any:
        """ĥ of the subnetwork, (samples, n_hidden)."""
        if self.mask_kind == "neuron":
            standardised = self._standardise(x, self.kernel, pattern=0)
            return standardised if neuron_mask is None else standardised * neuron_mask
        fan_in = self.kernel.shape[0]
        if neuron_mask is None:
            neuron_mask = ops.ones((self.n_hidden * fan_in,))
        bits = ops.reshape(neuron_mask, (self.n_hidden, fan_in))
        values = ops.convert_to_tensor(place_values(fan_in), dtype=bits.dtype)
        pattern = ops.cast(ops.sum(bits * values, axis=1), "int32")
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
        own = {"n_hidden": self.n_hidden, "mask_kind": self.mask_kind}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="labkit")
class SignCrossentropy(keras.losses.BinaryCrossentropy):
    """Keras's cross-entropy of two classes, whose labels may be 0 and 1, booleans, or -1 and +1."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample."""
        return super().call(ops.maximum(ops.cast(y_true, y_pred.dtype), 0), y_pred)


@keras.saving.register_keras_serializable(package="labkit")
def sign_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Share of samples whose class is [f > 0], for one output f; labels as `SignCrossentropy`."""
    label = ops.reshape(ops.cast(y_true, y_pred.dtype), ops.shape(y_pred)) > 0
    return ops.mean(ops.cast((y_pred > 0) == label, y_pred.dtype), axis=-1)


def compile_classifier(model: keras.Model, n_outputs: int) -> None:
    """Gives a model of logits the cross-entropy loss and the accuracy of its classes."""
    if n_outputs == 1:
        loss = SignCrossentropy(from_logits=True)
        metric = keras.metrics.MeanMetricWrapper(sign_accuracy, name="accuracy")
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        metric = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    model.compile(optimizer="adam", loss=loss, metrics=[metric])
    # saved before it is built, an optimizer makes load_model warn
    model.optimizer.build(model.trainable_variables)


def check_inputs(x: Any, n_inputs: int) -> Any:
    """Returns samples (samples, n_inputs) as a tensor or a float32 array."""
    x = x if ops.is_tensor(x) else np.asarray(x, dtype=np.float32)
    if len(x.shape) != 2 or x.shape[-1] != n_inputs:
        raise ValueError(f"x has shape {tuple(x.shape)}; it must be (samples, {n_inputs})")
    return x


def float_mask(neuron_mask: Any, n: int) -> Float32Array:
    """Returns a mask, maybe a tensor, as float32 (n,)."""
    mask = ops.convert_to_numpy(neuron_mask) if ops.is_tensor(neuron_mask) else neuron_mask
    return check_one_mask(mask, n).astype(np.float32)
