"""A Keras model as a list of steps, and the way that the units of one layer take through it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labkit.arrays import IntArray
from labkit.platforms import quiet_start

with quiet_start():
    import keras
    from keras import layers

#: Layers whose units, or channels, can be neurons.
UNIT_LAYERS = (layers.Dense, layers.Conv1D, layers.Conv2D)
_MEANS = (
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.AveragePooling3D,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalAveragePooling3D,
    layers.ZeroPadding1D,
    layers.ZeroPadding2D,
    layers.Cropping1D,
    layers.Cropping2D,
    layers.UpSampling1D,
    layers.UpSampling2D,
    layers.Rescaling,
)
_IDLE = (  # when the model is not being trained
    layers.ActivityRegularization,
    layers.AlphaDropout,
    layers.Dropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
)
_MAXIMA = (
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.MaxPooling3D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.GlobalMaxPooling3D,
)
_BY_UNIT = (*_MEANS, *_IDLE, *_MAXIMA, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU)
_SUMS = (layers.Add, layers.Subtract, layers.Average, layers.Concatenate)
_MOVES = (layers.Flatten, layers.Reshape, layers.Permute, layers.RepeatVector)
_ACROSS_UNITS = {"softmax", "log_softmax", "sparsemax", "glu"}


@dataclass(frozen=True, eq=False)
class Step:
    """One call of a layer within a model: its arguments, and the tensors among and after them."""

    layer: Any
    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Flow:
    """Where the units of a layer go.

    Each tensor that they reach unmixed has *owners*, int (channels,): the neuron that each place of
    its last axis belongs to, -1 for none.

    Attributes:
        chain: the steps that pass them on one by one, with the owners of their output.
        reads: pairs of the step that mixes them and the owners of what it reads.
        masked: the tensors that these steps read, with their owners.
        beside: tensors that later steps read and no mask changes.
        later: the steps that a mask changes, in order.
        reaches_output: the model's output is among what they reach unmixed.
    """

    chain: list[tuple[Step, IntArray]]
    reads: list[tuple[Step, IntArray]]
    masked: list[tuple[Any, IntArray]]
    beside: list[Any]
    later: list[Step]
    reaches_output: bool


def copy_model(model: Any) -> tuple[Any, list[Step]]:
    """A functional copy of a model with one input, with its weights, and its steps in order."""
    steps: list[Step] = []

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs.pop("training", None)  # Keras takes that of the whole model, too
        outputs = layer(*args, **kwargs)
        steps.append(Step(layer, (args, kwargs), _tensors((args, kwargs)), _tensors(outputs)))
        return outputs

    given = model.inputs[0]
    x = keras.Input(given.shape[1:], dtype=given.dtype, name=given.name)
    # a view of the same layers is not compiled: nothing of its loss has to be found again
    view = keras.Model(given, model.outputs[0], name=model.name)
    copy = keras.models.clone_model(
        view, input_tensors=x, clone_function=clone_layer, call_function=call
    )
    copy.set_weights(view.get_weights())
    finish_layers(copy)
    # the step that gives the output comes last
    steps.sort(key=lambda step: copy.output is step.outputs[0])
    return copy, steps


def finish_layers(model: Any) -> None:
    """Lets layers take in weights that were set, as `Normalization` has to."""
    for layer in getattr(model, "layers", ()):
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
        finish_layers(layer)


def clone_layer(layer: Any, **changes: Any) -> Any:
    """A layer of the same settings but for some, without weights; functions are taken over."""
    if type(layer) is layers.Lambda:
        return layers.Lambda(layer.function, arguments=layer.arguments, name=layer.name)
    activation: Any = getattr(layer, "activation", None)
    known = {activation.__name__: activation} if hasattr(activation, "__name__") else {}
    with keras.saving.custom_object_scope(known):
        return type(layer).from_config({**layer.get_config(), **changes})


def run_steps(steps: Iterable[Step], values: dict[int, Any]) -> dict[int, Any]:
    """The values of tensors by their ids, those that the steps give added."""
    known = dict(values)
    for step in steps:
        args, kwargs = keras.tree.map_structure(lambda t: known.get(id(t), t), step.arguments)
        found = keras.tree.flatten(step.layer(*args, **kwargs))
        known.update((id(t), value) for t, value in zip(step.outputs, found, strict=True))
    return known


def follow_units(steps: Sequence[Step], start: Step, output: Any) -> Flow:
    """Follows the units of the layer of a step to all that reads them, and to the output."""
    n = int(start.outputs[0].shape[-1])
    owners: dict[int, IntArray] = {id(start.outputs[0]): np.arange(n)}
    masked: dict[int, tuple[Any, IntArray]] = {}
    beside: dict[int, Any] = {}
    flow = Flow([], [], [], [], [], False)
    changed: set[int] = set()
    for step in steps[steps.index(start) + 1 :]:
        owned = [owners.get(id(tensor)) for tensor in step.inputs]
        is_mixed = any(id(tensor) in changed for tensor in step.inputs)
        if not is_mixed and all(own is None for own in owned):
            continue
        passed = None if is_mixed else pass_on(step, owned)
        if passed is not None:
            owners[id(step.outputs[0])] = passed
            flow.chain.append((step, passed))
            continue
        flow.later.append(step)
        for tensor, own in zip(step.inputs, owned, strict=True):
            if own is not None:
                masked[id(tensor)] = (tensor, own)
                flow.reads.append((step, own))
            elif id(tensor) not in changed:
                beside[id(tensor)] = tensor
        changed |= {id(tensor) for tensor in step.outputs}
    ends: dict[str, Any] = {"masked": [*masked.values()], "beside": [*beside.values()]}
    return replace(flow, **ends, reaches_output=id(output) in owners)


def pass_on(step: Step, owned: Sequence[IntArray | None]) -> IntArray | None:
    """The owners of a step's output if it treats every unit by itself; None if it mixes them."""
    layer, shapes = step.layer, [tensor.shape for tensor in step.inputs]
    if type(layer) is layers.Concatenate and layer.axis in (-1, len(shapes[0]) - 1):
        parts = zip(owned, shapes, strict=True)
        return np.concatenate([np.full(s[-1], -1) if o is None else o for o, s in parts])
    own = owned[0]
    if len(owned) != 1 or own is None or not has_channels_last(layer):
        return None
    if type(layer) is layers.Flatten:
        places = shapes[0][1:-1]
        return None if None in places else np.tile(own, math.prod(places))
    if type(layer) is layers.BatchNormalization:
        return own if layer.axis in (-1, len(shapes[0]) - 1) else None
    if type(layer) is layers.Activation:
        return own if is_by_unit(layer.activation) else None
    if type(layer) is layers.Rescaling and np.ndim(layer.scale) + np.ndim(layer.offset):
        return None
    return own if type(layer) in _BY_UNIT else None


def has_channels_last(layer: Any) -> bool:
    """Whether a layer's channels are its last axis."""
    return bool(getattr(layer, "data_format", "channels_last") in ("channels_last", None))


def activation_name(activation: Any) -> str | None:
    """The name of one of Keras's own activations; None of any other function."""
    name = keras.activations.serialize(activation)
    known = isinstance(name, str) and getattr(keras.activations, name, None) is activation
    return name if known else None


def is_by_unit(activation: Any) -> bool:
    """Whether an activation treats every unit by itself."""
    name = activation_name(activation)
    return name is not None and name not in _ACROSS_UNITS


def is_affine(step: Step) -> bool:
    """Whether what a step gives is linear in what it reads, and a constant, at inference."""
    layer = step.layer
    if type(layer) in (*UNIT_LAYERS, layers.Activation):
        return activation_name(layer.activation) == "linear"
    return type(layer) in (*_MEANS, *_IDLE, *_SUMS, *_MOVES, layers.BatchNormalization)


def count_calls(steps: Iterable[Step], layer: Any) -> int:
    """How often a layer is called within a model."""
    return sum(step.layer is layer for step in steps)


def _tensors(nested: Any) -> tuple[Any, ...]:
    return tuple(t for t in keras.tree.flatten(nested) if isinstance(t, keras.KerasTensor))
