"""The units of a layer of a Keras model of your own as neurons: a network for every cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.limits import check_array, check_count, repr_line, show_value
from labkit.masks import check_one_mask
from labkit.networks.base import ForwardNetwork
from labkit.networks.keras.graph import (
    UNIT_LAYERS,
    Flow,
    Step,
    activation_name,
    copy_model,
    count_calls,
    follow_units,
    has_channels_last,
    is_affine,
    run_steps,
)
from labkit.networks.keras.losses import LINKS, CompiledLoss, apply_link, read_loss
from labkit.networks.keras.smaller import Whole, build_smaller
from labkit.platforms import quiet_start

with quiet_start():
    import keras
    from keras import ops

_BATCH = 512  # samples of one pass: always the same, so that a mask has one cost
_CHECKED = 32  # samples on which the parts are compared with the whole
_CLOSE = 1e-3  # float32, through many layers


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


def network_from_keras(model: keras.Model, *, layer: str, x: npt.ArrayLike) -> KerasUnits:
    """Takes the units of a layer of a Keras model as neurons that a mask keeps or not.

    The model may be random or trained, compiled or not. Its weights are copied, and it stays as it
    is. What comes back goes to `labkit.scoring`: `network_cost`, `score_all_masks` and, where the
    model is linear after the units, `quadratic_cost`. Without `cost=` they take the loss that the
    model was compiled with.

    Args:
        model: functional or `Sequential`, built, with one input and one output (samples, outputs).
        layer: the name of a `Dense`, `Conv1D` or `Conv2D` layer that is called once and whose units
            are not the outputs; the error for another one lists those that serve.
        x: samples as the model takes them; a few are enough to check that they fit.

    Returns:
        A network with a bit for each unit or channel: `LinearUnits` with fast `contributions`
        where the rest of the model is linear (but for a last softmax or sigmoid), else
        `KerasUnits`, which runs the rest of the model for each mask.

    Raises:
        TypeError: it is no functional or Sequential model.
        ValueError: the model is not built, the layer does not serve, or x does not fit.

    >>> network = network_from_keras(model, layer="hidden", x=x)  # doctest: +SKIP
    >>> best = run(one_flip_search, network_cost(network, x, y), rng=rng)  # doctest: +SKIP
    >>> network.subnetwork(best.neuron_mask).save("smaller.keras")  # doctest: +SKIP
    """
    _check_model(model)
    copy, steps = copy_model(model)
    link, last = _without_link(steps[-1])
    output = last.outputs[0] if last else steps[-1].inputs[0]
    start, flow = _find_units([*steps[:-1], *([last] if last else [])], layer, output)
    is_linear = all(is_affine(step) for step in flow.later)
    network = (LinearUnits if is_linear else KerasUnits)(
        whole=Whole(copy, steps, start, model),
        flow=flow,
        earlier=keras.Model(copy.input, [*(tensor for tensor, _ in flow.masked), *flow.beside]),
        later=LaterPart(flow, output),
        link=link,
        loss=read_loss(model, link, int(output.shape[-1])),
    )
    _compare_with_whole(network, x)
    return network


def _check_model(model: Any) -> None:
    if not isinstance(model, keras.Model):
        raise TypeError(f"model={show_value(model)} is no Keras model")
    inputs = getattr(model, "inputs", None)
    if isinstance(model, keras.Sequential) and not inputs:
        message = "is not built (call it on samples, or begin it with a keras.Input)"
        raise ValueError(f"model={model.name!r} {message}")
    if not inputs:
        raise TypeError(
            f"model={model.name!r} has no graph of layers (limit: functional, Sequential)"
        )
    if len(inputs) != 1 or len(model.outputs) != 1:
        sizes = f"{len(inputs)} inputs and {len(model.outputs)} outputs"
        raise ValueError(f"model={model.name!r} has {sizes} (limit: 1 of each)")
    shape = model.outputs[0].shape
    if len(shape) != 2 or shape[-1] is None:
        given = ", ".join("samples" if size is None else str(size) for size in shape)
        raise ValueError(f"model={model.name!r} gives ({given}) (limit: (samples, outputs))")


def _find_units(steps: list[Step], name: Any, output: Any) -> tuple[Step, Flow]:
    """The step of a layer and where its units go; the error lists the layers that serve."""
    found: dict[str, tuple[Step, Flow]] = {}
    wrong: dict[str, str] = {}
    for step in steps:
        given = step.layer.name
        if reason := _unsuitable(step, steps):
            wrong[given] = reason
        elif (flow := follow_units(steps, step, output)).reaches_output:
            wrong[given] = "gives the model's outputs, which all have to stay"
        else:
            found[given] = step, flow
    if isinstance(name, str) and name in found:
        return found[name]
    known = f"those that serve: {', '.join(found) or 'none'}"
    if isinstance(name, str) and name in wrong:
        raise ValueError(f"layer={name!r} {wrong[name]} ({known})")
    raise ValueError(f"layer={show_value(name)} is not in the model ({known})")


def _unsuitable(step: Step, steps: list[Step]) -> str | None:
    """In words, why the units of a layer cannot be neurons; None if they may."""
    layer = step.layer
    if type(layer) not in UNIT_LAYERS:
        return f"is of type {type(layer).__name__}, whose units cannot be taken one by one"
    if (calls := count_calls(steps, layer)) > 1:
        return f"is shared: called {calls} times, it cannot lose a unit for one of them alone"
    if not has_channels_last(layer):
        return "has data_format='channels_first' (limit: 'channels_last')"
    return None


def _without_link(last: Step) -> tuple[str | None, Step | None]:
    """The softmax or sigmoid that a model ends with, if any, and what its last step is without."""
    layer = last.layer
    if type(layer) is keras.layers.Softmax and layer.axis in (-1, 1):
        return "softmax", None
    name = activation_name(getattr(layer, "activation", None))
    if name not in LINKS or type(layer) not in (keras.layers.Dense, keras.layers.Activation):
        return None, last
    if type(layer) is keras.layers.Activation:
        return name, None
    plain = keras.layers.Dense.from_config({**layer.get_config(), "activation": None})
    plain.build(last.inputs[0].shape)
    plain.set_weights(layer.get_weights())
    return name, replace(last, layer=plain)


def _compare_with_whole(network: KerasUnits, x: npt.ArrayLike) -> None:
    """Refuses a model that is not the same in two parts: one that draws at random, or masks."""
    few = network.check_samples(x)[:_CHECKED]
    given = network.whole.given
    view = keras.Model(given.inputs[0], given.outputs[0])
    whole = np.asarray(view(few, training=False), dtype=np.float64)
    parts = network.predict(few, np.ones(network.n_mask_bits, dtype=bool))
    if np.abs(parts - whole).max() > _CLOSE * max(1.0, np.abs(whole).max()):
        message = (
            "computes something else in two parts: does a layer draw at random, or pass masks?"
        )
        raise ValueError(f"layer={network.layer!r}: the model {message}")
