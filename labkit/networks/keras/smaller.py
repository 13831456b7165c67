"""The smaller Keras model of a mask: units gone from their layer and from all that reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.networks.keras.graph import (
    UNIT_LAYERS,
    Flow,
    Step,
    clone_layer,
    count_calls,
    finish_layers,
    has_channels_last,
    is_by_unit,
)
from labkit.platforms import quiet_start

with quiet_start():
    import keras

Weights = list[npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Whole:
    """A model whose units are masked.

    Attributes:
        model: a functional copy of it, with its weights; not compiled.
        steps: of the copy, in order.
        start: the step that makes the units.
        given: the model itself, whose class and compile settings the smaller one has.
    """

    model: Any
    steps: list[Step]
    start: Step
    given: Any


def build_smaller(whole: Whole, flow: Flow, neuron_mask: BoolArray) -> Any:
    """The model without the units that are off; see `KerasUnits.subnetwork`.

    Raises:
        ValueError: a layer that reads the units cannot do with fewer of them.
    """
    if reason := find_obstacle(whole, flow):
        name = whole.start.layer.name
        raise ValueError(f"layer={name!r} cannot lose units: {reason}; costs work without it")
    kept = np.flatnonzero(neuron_mask) if neuron_mask.any() else np.arange(1)
    model = _rebuild(whole, len(kept))
    weights = _cut_weights(whole, flow, kept, silent=not neuron_mask.any())
    for layer in whole.model.layers:
        arrays = weights.get(layer.name, layer.get_weights())
        model.get_layer(layer.name).set_weights(arrays) if arrays else None
    finish_layers(model)
    compile_alike(whole.given, model)
    return model


def find_obstacle(whole: Whole, flow: Flow) -> str | None:
    """In words, why no unit can be taken out of the model; None if each can."""
    layer = whole.start.layer
    if not is_by_unit(layer.activation):
        return "its activation is not known to treat each by itself"
    if getattr(layer, "groups", 1) > 1:
        return f"groups={layer.groups} (limit: 1)"
    for step, _ in flow.reads:
        kind = type(step.layer)
        if kind not in UNIT_LAYERS or not has_channels_last(step.layer):
            sides = " with another side that would keep them" if len(step.inputs) > 1 else ""
            return f"they are read by {step.layer.name!r}, a layer of type {kind.__name__}{sides}"
        if getattr(step.layer, "groups", 1) > 1:
            return f"{step.layer.name!r} reads them in groups"
    for step, _ in (*flow.reads, *flow.chain):
        if step.layer.weights and count_calls(whole.steps, step.layer) > 1:
            return f"{step.layer.name!r}, which reads them, is shared"
    return None


def _rebuild(whole: Whole, n_kept: int) -> Any:
    """The same layers, fewer units in the one that is masked; weights are yet to be set."""
    start = whole.start.layer

    def smaller(layer: Any) -> Any:
        if layer is not start:
            return clone_layer(layer)
        return clone_layer(layer, **{"units" if hasattr(layer, "units") else "filters": n_kept})

    model, x = whole.model, whole.model.input
    if isinstance(whole.given, keras.Sequential):
        new_layers = [smaller(layer) for layer in model.layers[1:]]
        first = keras.Input(x.shape[1:], dtype=x.dtype, name=model.layers[0].name)
        return keras.Sequential([first, *new_layers], name=model.name)
    return keras.models.clone_model(model, clone_function=smaller)


def _cut_weights(whole: Whole, flow: Flow, kept: IntArray, *, silent: bool) -> dict[str, Weights]:
    """The weights of layers that change, by name; `silent`: nobody hears the unit that stays."""
    start = whole.start.layer
    cut = {start.name: [w[..., kept] for w in start.get_weights()]}
    for step, owners in flow.chain:
        places = _places(owners, kept)
        by_unit = [w if w.shape[-1] == 1 else w[..., places] for w in step.layer.get_weights()]
        cut[step.layer.name] = by_unit
    for step, owners in flow.reads:
        kernel, *bias = step.layer.get_weights()
        if silent:
            kernel = np.where((owners >= 0)[:, np.newaxis], 0, kernel)
        cut[step.layer.name] = [kernel[..., _places(owners, kept), :], *bias]
    return cut


def _places(owners: IntArray, kept: IntArray) -> IntArray:
    """The places of a tensor's last axis that stay."""
    return np.flatnonzero((owners < 0) | np.isin(owners, kept))


def unit_magnitudes(whole: Whole, flow: Flow) -> FloatArray:
    """The norm of a unit's input weights times that of all weights that read it, float64 (n,)."""
    kernel = whole.start.layer.get_weights()[0].astype(np.float64)
    n = kernel.shape[-1]
    into, out_of = np.linalg.norm(kernel.reshape(-1, n), axis=0), np.zeros(n)
    for step, owners in flow.reads:
        if type(step.layer) not in UNIT_LAYERS:
            raise ValueError(f"{step.layer.name!r} reads the units, and has no weights for each")
        read = step.layer.get_weights()[0].astype(np.float64)
        places = np.flatnonzero(owners >= 0)
        squares = (read**2).sum(axis=(*range(read.ndim - 2), -1))
        np.add.at(out_of, owners[places], squares[places])
    return into * np.sqrt(out_of)


def compile_alike(model: Any, other: Any) -> None:
    """Compiles a model as another one was: its settings, a fresh optimizer; or not at all."""
    if not model.compiled:
        return
    losses = {f.__name__: f for f in keras.tree.flatten(model.loss) if hasattr(f, "__name__")}
    with keras.saving.custom_object_scope(losses):
        other.compile_from_config(model.get_compile_config())
    # saved before it is built, an optimizer makes load_model warn
    if other.optimizer is not None and not other.optimizer.built:
        other.optimizer.build(other.trainable_variables)
