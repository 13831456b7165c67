"""How a random network is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.arrays import Float32Array
from labkit.limits import check_choice, check_count, check_integer, check_positive
from labkit.networks.base import NetworkArrays
from labkit.networks.hidden_layers import ManyInputsArrays, OneLayerArrays, TwoLayerArrays

#: Up to here the statistics of each of the 2^(n_inputs + 1) ways to mask one unit are tabulated.
MAX_WEIGHT_MASK_INPUTS = 15

MASK_KINDS = ("neuron", "weight")
INITS = ("kaiming_normal", "signed_constant")
READOUTS = ("signed_constant", "gaussian")


def sample_network(
    n_inputs: int,
    n_hidden: int,
    n_outputs: int = 1,
    *,
    hidden_layers: int = 1,
    mask_kind: str = "neuron",
    init: str = "kaiming_normal",
    readout: str = "signed_constant",
    scale: float = 1.0,
    seed: int,
) -> NetworkArrays:
    """Draws a random network; a wider one of the same seed begins with the same first units.

    h_j(x) = relu(w_j . [x, 1]) with W ~ N(0, 2/fan_in) (He et al. 2015, arXiv 1502.01852) or
    ±sqrt(2/fan_in) (Ramanujan et al. 2020, arXiv 1911.13299), fan_in = n_inputs + 1, in a second
    layer n_hidden + 1; readout a_j = ±sqrt(2/n_hidden), both signs present, or N(0, 2/n_hidden).
    Until `adapted`, hidden units are not standardised.

    Args:
        n_inputs: features of a sample.
        n_hidden: units of each hidden layer.
        n_outputs: 1 for two classes, else the number of classes.
        hidden_layers: 1, or 2 with neuron masks; the first layer is the same.
        mask_kind: 'neuron' or 'weight'.
        init: 'kaiming_normal' or 'signed_constant'.
        readout: 'signed_constant' or 'gaussian'.
        scale: factor on the output, above 0.
        seed: of the random generator, 0 or more.

    Returns:
        A `TwoLayerArrays` for two hidden layers, a `ManyInputsArrays` for weight masks of more
        than 15 inputs, else a `OneLayerArrays`.

    >>> network = sample_network(2, 5, seed=0)
    >>> network.outputs([[0.5, -1.0]], "10110").shape
    (1, 1)
    """
    n_inputs = check_integer("n_inputs", n_inputs, minimum=1)
    n_hidden = check_integer("n_hidden", n_hidden, minimum=1)
    n_outputs = check_integer("n_outputs", n_outputs, minimum=1)
    check_choice("mask_kind", mask_kind, MASK_KINDS)
    hidden_layers = _check_layers(hidden_layers, mask_kind)
    check_choice("init", init, INITS)
    check_choice("readout", readout, READOUTS)
    many_inputs = mask_kind == "weight" and n_inputs > MAX_WEIGHT_MASK_INPUTS
    n_patterns = 1 if mask_kind == "neuron" else 0 if many_inputs else 2 ** (n_inputs + 1)
    _check_size(n_inputs, n_hidden, n_outputs, n_patterns, hidden_layers)
    first_rng, readout_rng, second_rng = spawn_generators(seed)
    weights: dict[str, Any] = {
        "kernel": draw_kernel(n_inputs + 1, n_hidden, init, first_rng),
        "readout": _draw_readout(n_hidden, n_outputs, readout, readout_rng),
        "scale": check_positive("scale", scale),
        "mask_kind": mask_kind,
    }
    if many_inputs:
        return ManyInputsArrays(**weights)
    shape = (n_hidden, n_patterns) if hidden_layers == 1 else (n_hidden,)
    weights |= {"mean": np.zeros(shape), "inverse_std": np.ones(shape)}
    if hidden_layers == 1:
        return OneLayerArrays(**weights)
    return TwoLayerArrays(
        **weights,
        second_kernel=draw_kernel(n_hidden + 1, n_hidden, init, second_rng),
        second_mean=np.zeros(n_hidden),
        second_inverse_std=np.ones(n_hidden),
    )


def _check_layers(hidden_layers: int, mask_kind: str) -> int:
    hidden_layers = check_integer("hidden_layers", hidden_layers, minimum=1, maximum=2)
    if hidden_layers > 1 and mask_kind == "weight":
        # a second unit's statistics would depend on the weight masks of all first units
        raise ValueError(f"hidden_layers={hidden_layers} with mask_kind='weight' (limit: 1)")
    return hidden_layers


def _check_size(
    n_inputs: int, n_hidden: int, n_outputs: int, n_patterns: int, hidden_layers: int
) -> None:
    """Refuses weights that do not fit, by the first count that is too large by itself."""
    check_count("n_inputs", n_inputs, bytes_each=16, what="weights")
    check_count("n_outputs", n_outputs, bytes_each=16, what="weights")
    per_unit = 16 * (n_inputs + 1 + n_outputs + n_patterns)
    check_count("n_hidden", n_hidden, bytes_each=per_unit, what="weights")
    if hidden_layers == 2:
        check_count("n_hidden", n_hidden, bytes_each=per_unit + 16 * n_hidden, what="weights")


def spawn_generators(seed: int) -> list[np.random.Generator]:
    """Three independent generators: of the first kernel, the readout, and what else is drawn."""
    return np.random.default_rng(check_integer("seed", seed, minimum=0)).spawn(3)


def draw_kernel(fan_in: int, n_hidden: int, init: str, rng: np.random.Generator) -> Float32Array:
    """N(0, 2/fan_in) or ±sqrt(2/fan_in), float32 (fan_in, n_hidden), unit after unit."""
    normal = rng.standard_normal((n_hidden, fan_in)).T
    values = normal if init == "kaiming_normal" else np.sign(normal)
    return (np.sqrt(2 / fan_in) * values).astype(np.float32)


def _draw_readout(
    n_hidden: int, n_outputs: int, readout: str, rng: np.random.Generator
) -> Float32Array:
    values = rng.standard_normal((n_hidden, n_outputs))
    if readout == "signed_constant":
        values = np.sign(values)
        # both signs present: where a column has one sign only, its first neuron takes the other
        values[0, (values == values[0]).all(axis=0) & (n_hidden > 1)] *= -1
    return (np.sqrt(2 / n_hidden) * values).astype(np.float32)
