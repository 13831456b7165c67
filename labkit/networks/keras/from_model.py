"""A Keras model of your own taken apart: the units of a layer, what is before, and after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.limits import show_value
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
)
from labkit.networks.keras.losses import LINKS, read_loss
from labkit.networks.keras.smaller import Whole
from labkit.networks.keras.units import KerasUnits, LaterPart, LinearUnits
from labkit.platforms import quiet_start

with quiet_start():
    import keras

_CHECKED = 32  # samples on which the parts are compared with the whole
_CLOSE = 1e-3  # float32, through many layers


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

    Example::

        network = network_from_keras(model, layer="hidden", x=x)
        best = run(one_flip_search, network_cost(network, x, y), rng=rng)
        network.subnetwork(best.neuron_mask).save("smaller.keras")
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
