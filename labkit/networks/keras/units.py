"""The units of a layer of a Keras model of your own as neurons: a network for every cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.limits import check_array, check_count, repr_line
from labkit.masks import check_one_mask
from labkit.networks.base import ForwardNetwork
from labkit.networks.keras.graph import Flow, run_steps
from labkit.networks.keras.losses import CompiledLoss, apply_link
from labkit.networks.keras.smaller import Whole, build_smaller, unit_magnitudes
from labkit.platforms import quiet_start

with quiet_start():
    import keras
    from keras import ops

_BATCH = 512  # samples of one pass: always the same, so that a mask has one cost


class LaterPart(keras.Model):
    """What follows the units, for many masks: each runs by itself, in the same shapes."""

    def __init__(self, flow: Flow, output: Any) -> None:
        super().__init__()
        self._flow, self._output = (flow,), (output,)  # a tuple: no layers of its own

    def call(self, inputs: list[Any]) -> Any:
        """(masks, samples, outputs) of factors (masks, channels) of each masked tensor, and all."""
        [flow], [output] = self._flow, self._output
        n_masked = len(flow.masked)
        factors, tensors = inputs[:n_masked], inputs[n_masked:]
        beside = {id(b): t for b, t in zip(flow.beside, tensors[n_masked:], strict=True)}

        def run(of_mask: Any) -> Any:
            masked = zip(flow.masked, tensors, of_mask, strict=False)
            values = beside | {id(tensor): t * factor for (tensor, _), t, factor in masked}
            return run_steps(flow.later, values)[id(output)]

        return ops.map(run, factors)


@dataclass(frozen=True, eq=False, repr=False)
class KerasUnits(ForwardNetwork):
    """The units of a layer of a Keras model, of which a mask keeps a part.

    A unit that is off gives 0 to every layer that mixes it with others. Layers that treat each unit
    by itself (BatchNormalization, Activation, pooling, Flatten, Dropout) come before that: it is
    after them that an off unit is 0. Weights are copied when it is made; nothing trains it later.

    Attributes:
        whole: the model.
        flow: where its units go.
        earlier: from samples to what reaches the layers that mix the units, a Keras model.
        later: from there to the outputs, for many masks.
        link: the last activation of the outputs if it is 'softmax' or 'sigmoid'; `outputs` come
            before it, `predict` after it.
        loss: that the model was compiled with.
    """

    whole: Whole
    flow: Flow
    earlier: Any
    later: Any
    link: str | None
    loss: CompiledLoss | None

    @property
    def layer(self) -> str:
        """The name of the layer whose units are the neurons."""
        return str(self.whole.start.layer.name)

    @property
    def n_mask_bits(self) -> int:
        """Number of units, or channels."""
        return int(self.whole.start.outputs[0].shape[-1])

    @property
    def n_outputs(self) -> int:
        """Number of outputs of the model."""
        return int(self.whole.model.output.shape[-1])

    @property
    def compiled_cost(self) -> str | None:
        """'cross_entropy' or 'loss', another one, that the model was compiled with; or None."""
        if self.loss is None:
            return None
        return "cross_entropy" if self.loss.is_cross_entropy else "loss"

    def __repr__(self) -> str:
        shown = {"layer": self.layer, "n_mask_bits": self.n_mask_bits, "n_outputs": self.n_outputs}
        return repr_line(self, model=self.whole.model.name, **shown)

    def check_samples(self, x: Any) -> npt.NDArray[Any]:
        """Returns samples, one or more and finite, of the shape and dtype of the model's input."""
        given, expected = check_array("x", x), self.whole.model.input
        shape = tuple(expected.shape[1:])
        fits = given.ndim == 1 + len(shape) and len(given) > 0
        if not fits or any(b not in (None, a) for a, b in zip(given.shape[1:], shape, strict=True)):
            sizes = ", ".join("any" if size is None else str(size) for size in shape)
            raise ValueError(f"x has shape {given.shape}; it must be (samples, {sizes})")
        return given.astype(expected.dtype)

    def prepare(self, x: npt.ArrayLike) -> Any:
        """What reaches the layers that mix the units: arrays of each batch of samples."""
        samples = self.check_samples(x)
        check_count("n_samples", len(samples), bytes_each=self._bytes_each, what="activations")
        batches = (samples[i : i + _BATCH] for i in range(0, len(samples), _BATCH))
        return [keras.tree.flatten(self.earlier.predict_on_batch(batch)) for batch in batches]

    def run_masks(self, prepared: Any, neuron_masks: BoolArray) -> FloatArray:
        """f_m(x), float64 (masks, samples, n_outputs): a forward pass of the rest for each mask."""
        factors = [
            (neuron_masks[:, own] | (own < 0)).astype(np.float32) for _, own in self.flow.masked
        ]
        parts = [self.later.predict_on_batch([*factors, *arrays]) for arrays in prepared]
        return np.concatenate(parts, axis=1).astype(np.float64)

    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""
        factors = sum(4 * len(own) for _, own in self.flow.masked)
        return 12 * n_samples * self.n_outputs + factors

    def losses(self, outputs: FloatArray, y: npt.NDArray[Any]) -> FloatArray:
        """The compiled loss, a mean over samples, (masks,) of outputs (masks, samples, outputs)."""
        if self.loss is None:
            raise ValueError("the model is not compiled with a loss (try cost='cross_entropy')")
        return self.loss.means(apply_link(outputs, self.link), y)

    def predict(self, x: npt.ArrayLike, neuron_mask: npt.ArrayLike) -> FloatArray:
        """The masked model's predictions, float64 (samples, n_outputs), as of `subnetwork`."""
        return apply_link(self.outputs(x, neuron_mask), self.link)

    def subnetwork(self, neuron_mask: npt.ArrayLike) -> keras.Model:
        """A smaller Keras model that computes what the masked one does.

        Units that are off are gone from their layer, from what treats them one by one, and from
        every layer that reads them. Where none is left, one stays that nobody hears. It is
        compiled as the model was, with a fresh optimizer, and knows nothing of labkit.

        Args:
            neuron_mask: (n_mask_bits,) bool, 0 and 1, or a mask string.

        Raises:
            ValueError: a layer that reads the units cannot do with fewer of them.
        """
        mask = check_one_mask(neuron_mask, self.n_mask_bits)
        return build_smaller(self.whole, self.flow, mask)

    def magnitudes(self) -> FloatArray:
        """How large the weights of each unit are, float64 (n_mask_bits,).

        The norm of its input weights times that of all weights that read it.
        """
        return unit_magnitudes(self.whole, self.flow)

    @property
    def _bytes_each(self) -> int:
        tensors = [*(t for t, _ in self.flow.masked), *self.flow.beside]
        return sum(4 * math.prod(size or 1 for size in t.shape[1:]) for t in tensors)


@dataclass(frozen=True, eq=False, repr=False)
class LinearUnits(KerasUnits):
    """Units after which a model is linear: f_m(x) = constant(x) + sum_j m_j t_j(x).

    Dropout and BatchNormalization are as at inference.
    """

    def contributions(self, x: npt.ArrayLike) -> FloatArray:
        """t: what each unit adds to each output, float64 (samples, n, outputs)."""
        return np.moveaxis(self.prepare(x)[1:], 0, 1)

    def constant(self, x: npt.ArrayLike) -> FloatArray:
        """The outputs where every unit is off, float64 (samples, outputs)."""
        constant: FloatArray = self.prepare(x)[0]
        return constant

    def prepare(self, x: npt.ArrayLike) -> Any:
        """The constant and then the contributions of each unit, (1 + n, samples, outputs).

        n + 1 forward passes of the rest: with every unit off, and with each one alone.
        """
        n = self.n_mask_bits
        samples = self.check_samples(x)
        bytes_each = 24 * (n + 1) * self.n_outputs
        check_count("n_samples", len(samples), bytes_each=bytes_each, what="contributions")
        alone = super().run_masks(super().prepare(samples), np.eye(n + 1, n, k=-1, dtype=bool))
        alone[1:] -= alone[0]
        return alone

    def run_masks(self, prepared: Any, neuron_masks: BoolArray) -> FloatArray:
        """f_m(x), float64 (masks, samples, n_outputs): a product with the contributions."""
        return prepared[0] + np.tensordot(neuron_masks.astype(np.float64), prepared[1:], axes=1)
