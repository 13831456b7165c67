"""The loss that a Keras model was compiled with, of many masks at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.limits import show_value
from labkit.platforms import quiet_start

with quiet_start():
    import keras
    from keras import ops

_BINARY = "binary_crossentropy"
_BY_CLASS = ("categorical_crossentropy", "sparse_categorical_crossentropy")
_SHORT = ("crossentropy", "ce")
#: An activation of the outputs after which a loss counts in probabilities.
LINKS = ("softmax", "sigmoid")


@dataclass(frozen=True, eq=False)
class CompiledLoss:
    """A loss.

    Attributes:
        function: of y_true and y_pred, both (samples, ...), to a value for each sample, or more.
        is_cross_entropy: it is the project's 'cross_entropy' of the outputs before their link.
        takes_classes: its y is a class for each sample; else it has the columns of the outputs.
    """

    function: Callable[[Any, Any], Any]
    is_cross_entropy: bool
    takes_classes: bool

    def means(self, predictions: FloatArray, y: npt.NDArray[Any]) -> FloatArray:
        """Its mean over samples, float64 (masks,), of predictions (masks, samples, outputs)."""
        masks, samples, outputs = predictions.shape
        wanted = (samples, 1 if self.takes_classes else outputs)
        if y.shape != wanted and (y.shape != (samples,) or wanted[1] > 1):
            raise ValueError(f"y has shape {y.shape}; the compiled loss takes {wanted}")
        y_true = y.reshape(wanted).astype(np.float64)
        y_true = np.tile(y_true, (masks, *[1] * (y_true.ndim - 1)))
        y_pred = predictions.reshape(-1, outputs)  # in float64: a mask has one cost
        values = ops.convert_to_numpy(self.function(y_true, y_pred))
        return np.asarray(values, dtype=np.float64).reshape(masks, -1).mean(axis=1)


def read_loss(model: Any, link: str | None, n_outputs: int) -> CompiledLoss | None:
    """The loss of a compiled model; None if it has none.

    Args:
        model: of one output.
        link: the last activation of its outputs, 'softmax' or 'sigmoid', None for another or none.
        n_outputs: columns of its outputs.
    """
    given = getattr(model, "loss", None) if model.compiled else None
    while isinstance(given, (list, tuple, dict)) and len(given) == 1:
        given = next(iter(given.values())) if isinstance(given, dict) else given[0]
    if given is None:
        return None
    if given in _SHORT:
        given = _BINARY if n_outputs == 1 else _BY_CLASS[1]
    loss = keras.losses.get(given)
    if not callable(loss):
        raise TypeError(f"loss={show_value(given)} of the model is no loss of one output")
    function = loss.call if isinstance(loss, keras.losses.Loss) else loss
    takes_classes = loss is keras.losses.get(_BY_CLASS[1]) or type(loss) is _class_of(_BY_CLASS[1])
    return CompiledLoss(function, _is_cross_entropy(loss, link, n_outputs), takes_classes)


def _is_cross_entropy(loss: Any, link: str | None, n_outputs: int) -> bool:
    """Whether it is log(1 + e^(-y f)), or log sum e^f - f_label, of the outputs before the link."""
    is_class = isinstance(loss, keras.losses.Loss)
    settings = loss.get_config() if is_class else {}
    if settings.get("label_smoothing") or settings.get("ignore_class") is not None:
        return False
    known = {name: keras.losses.get(name) for name in (_BINARY, *_BY_CLASS)}
    names = [name for name, each in known.items() if loss is each or _class_of(name) is type(loss)]
    if not names or (names[0] == _BINARY) != (n_outputs == 1):
        return False
    wanted = "sigmoid" if n_outputs == 1 else "softmax"
    return link is None if settings.get("from_logits") else link == wanted


def _class_of(name: str) -> type:
    words = (word.capitalize() for word in name.split("_"))
    found: type = getattr(keras.losses, "".join(words))
    return found


def apply_link(outputs: FloatArray, link: str | None) -> FloatArray:
    """Outputs (..., outputs) after the last activation, if there is one."""
    if link == "sigmoid":
        return (1 + np.tanh(outputs / 2)) / 2
    if link == "softmax":
        return np.exp(outputs - np.logaddexp.reduce(outputs, axis=-1, keepdims=True))
    return outputs
