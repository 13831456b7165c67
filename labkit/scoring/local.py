"""Costs whose terms have few neurons, never a table of 2^n.

An NK network's cost is a small table for each output; squared error is a quadratic polynomial.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.costs import LocalCost, PauliZCost
from labkit.limits import (
    check_array,
    check_choice,
    check_memory,
    check_register,
    memory_limit,
    show_value,
)
from labkit.masks import all_masks, check_one_mask
from labkit.networks import ForwardNetwork, NetworkArrays
from labkit.scoring.outputs import COSTS, check_labels, cost_of_outputs, labels_as_in_keras
from labkit.scoring.tables import (
    AnyNetwork,
    Contributor,
    NeighbourhoodNetwork,
    as_arrays,
    as_contributor,
    constant_of,
    score_contributions,
)

QUADRATIC_COSTS = ("squared_error", "cross_entropy")
#: Per pair of neurons: the matrix G and a copy, and the term in a mapping, checked and sorted.
_BYTES_PER_PAIR = 450
#: Of an NK output that reads at most so many neurons all masks are scored at once.
_FEW_NEURONS = 5
_OUTPUTS_AT_ONCE = 2**17  # 1 MiB


def nk_cost(
    network: NeighbourhoodNetwork,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    cost: str = "squared_error",
) -> LocalCost:
    """The mean cost of the N outputs: cost(m) = (1/N) sum_i cost_i(m restricted to nbhd(i)).

    For selection 'cross_entropy' is the better choice: squared error switches nearly every
    neuron off where the scale is large enough for the prediction. The prediction is the mean of
    the outputs; for a convex cost `ensemble_cost` is at most this cost.

    Args:
        network: an NK network.
        x: (samples, features).
        y: (samples,) labels 0 and 1, or -1 and +1.
        cost: one of `COSTS`.

    Returns:
        A `LocalCost` of N terms, output 0 first: the neurons of its neighbourhood and the 2^K
        costs of the output divided by N.

    Raises:
        TooLargeError: N tables of 2^K costs do not fit in memory.

    Reference: Whitley, Tinós, Chicano 2015, arXiv 1505.01887 (NK echo state networks).
    """
    check_choice("cost", cost, COSTS)
    _check_neighbourhoods(network)
    n, k = network.neighbourhoods.shape
    # an output's own table while it is made, and three copies of it on the way to a LocalCost
    check_register("n_inputs_per_output", k, bytes_per_mask=24 * (n + 1), what="the cost tables")
    tables = _score_each(check_array("t", network.contributions(x)), y, cost) / n
    neighbourhoods = map(tuple, network.neighbourhoods.tolist())
    return LocalCost([*zip(neighbourhoods, tables, strict=True)], n)


def _score_each(t: FloatArray, y: npt.ArrayLike, cost: str) -> FloatArray:
    """Costs (N, 2^K) of each output, from what its neurons add to it, t (samples, N, K).

    Few masks are scored at once, for as many outputs as fit in a cache: less is prepared for each.
    """
    samples, n, k = t.shape
    if k > _FEW_NEURONS:
        return np.array([score_contributions(t[:, i], y, cost=cost).costs for i in range(n)])
    targets, masks = check_labels(y, n_samples=samples, n_outputs=1), all_masks(k).T.astype(float)
    size = max(1, _OUTPUTS_AT_ONCE // (samples * 2**k))
    blocks = (t[:, i : i + size] @ masks for i in range(0, n, size))
    moved = (np.moveaxis(block, 0, -1)[..., np.newaxis] for block in blocks)
    return np.concatenate([cost_of_outputs(block, targets, cost=cost) for block in moved])


def ensemble_cost(
    network: NeighbourhoodNetwork,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    neuron_mask: npt.ArrayLike,
    *,
    cost: str = "squared_error",
) -> float:
    """The cost of the prediction (1/N) sum_i y_i of one mask.

    For a convex cost, squared error and cross-entropy, it is at most `nk_cost` of the same mask
    (Jensen's inequality). It couples every neuron with every other.

    Args:
        network: an NK network.
        x: (samples, features).
        y: (samples,) labels 0 and 1, or -1 and +1.
        neuron_mask: (N,).
        cost: one of `COSTS`.
    """
    check_choice("cost", cost, COSTS)
    _check_neighbourhoods(network)
    neighbourhoods = network.neighbourhoods
    mask = check_one_mask(neuron_mask, len(neighbourhoods))
    kept = mask[neighbourhoods] / len(neighbourhoods)
    t = np.asarray(network.contributions(x))
    prediction = np.tensordot(t, kept, axes=2)[:, np.newaxis]
    targets = check_labels(y, n_samples=len(t), n_outputs=1)
    return float(cost_of_outputs(prediction, targets, cost=cost))


def _check_neighbourhoods(network: Any) -> None:
    if not isinstance(network, NeighbourhoodNetwork):
        raise TypeError(f"network={show_value(network)} has no neighbourhoods (try an NKNetwork)")


def quadratic_cost(
    network: AnyNetwork, x: npt.ArrayLike, y: npt.ArrayLike, *, cost: str = "squared_error"
) -> PauliZCost:
    """The squared error of every mask, exactly, or its cross-entropy to second order in f.

    With outputs f = sum_j m_j t_j and a cost per sample c + g . f + f . Q f, where Q is C x C
    for C outputs (outputs f_0 where every neuron is off shift c and g),

        cost(m) = c + sum_j l_j m_j + sum_jk G_jk m_j m_k,
        l_j = mean(g . t_j),  G_jk = mean(t_j . Q t_k),

    and with m = (1 - z)/2 the coefficients are J_jk = G_jk / 2 (j < k),
    h_j = -l_j / 2 - (1/2) sum_k G_jk, constant c + sum l / 2 + (sum G + tr G) / 4.

    squared_error: c = 1, g = -2y/C, Q = I/C, which is exact.
    cross_entropy, one output: c = ln 2, g = -y/2, Q = 1/8; that is ln 2 - 1/2 + (f - 2y)^2 / 8.
    cross_entropy, C classes: c = ln C, g = 1/C - [label], Q = (I/C - 11^T/C^2) / 2.

    The cross-entropy is expanded about f = 0 and is close where outputs stay within ±1 or so.

    Args:
        network: its `contributions(x)` are (samples, n, outputs): neuron masks.
        x: (samples, features).
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        cost: 'squared_error' or 'cross_entropy'.

    Returns:
        A `PauliZCost` of order 2, the cost a mean over the samples.

    Raises:
        ValueError: the network has weight masks or two hidden layers, whose cost is no quadratic
            polynomial, or is an NK network.
        TooLargeError: the n (n - 1) / 2 pairs do not fit in memory.
    """
    check_choice("cost", cost, QUADRATIC_COSTS)
    t = _neuron_contributions(network, x)
    labels = labels_as_in_keras(y) if isinstance(network, ForwardNetwork) else y
    targets = check_labels(labels, n_samples=t.shape[0], n_outputs=t.shape[2])
    constant, slopes, curvature = _expand_cost(targets, cost)
    if (off := constant_of(network, x)) is not None:  # f is this and the sum
        constant += float(np.sum(off * (slopes + off @ curvature)) / len(t))
        slopes = slopes + 2 * off @ curvature
    linear = np.einsum("so,sjo->j", slopes, t) / len(t)
    pairs = np.tensordot(t @ curvature, t, axes=((0, 2), (0, 2))) / len(t)
    return _to_pauli_z(constant, linear, pairs)


def _expand_cost(targets: FloatArray, cost: str) -> tuple[float, FloatArray, FloatArray]:
    """Of c + g . f + f . Q f, the cost per sample about f = 0: c, g (samples, C) and Q (C, C)."""
    n_outputs = targets.shape[1]
    identity = np.eye(n_outputs)
    if cost == "squared_error":
        return 1.0, -2 * targets / n_outputs, identity / n_outputs
    if cost != "cross_entropy":
        raise ValueError(f"cost={cost!r} has no expansion in {__name__}")
    if n_outputs == 1:
        return math.log(2), -targets / 2, identity / 8
    slopes = 1 / n_outputs - (targets > 0)
    return math.log(n_outputs), slopes, (identity - 1 / n_outputs) / (2 * n_outputs)


def _to_pauli_z(constant: float, linear: FloatArray, pairs: FloatArray) -> PauliZCost:
    """c + l . m + m . G m for symmetric G, in z = 1 - 2m."""
    n = len(linear)
    first, second = np.triu_indices(n, k=1)
    fields = -(linear + pairs.sum(axis=1)) / 2
    shift = linear.sum() / 2 + (pairs.sum() + np.trace(pairs)) / 4
    terms: dict[tuple[int, ...], float] = {(): constant + float(shift)}
    terms |= {(j,): h for j, h in enumerate(fields.tolist())}
    couplings = (pairs[first, second] / 2).tolist()
    terms |= dict(zip(zip(first.tolist(), second.tolist(), strict=True), couplings, strict=True))
    return PauliZCost(terms, n)


def _neuron_contributions(network: AnyNetwork, x: npt.ArrayLike) -> FloatArray:
    """t (samples, n, outputs) of a network with neuron masks."""
    t = check_array("contributions", np.asarray(_check_network(network).contributions(x)))
    t = t[:, :, np.newaxis] if t.ndim == 2 else t
    if t.ndim != 3 or 0 in t.shape:
        raise ValueError(f"contributions has shape {t.shape}; it must be (samples, n, outputs)")
    check_pairs(t.shape[1])
    return t


def _check_network(network: Any) -> Contributor:
    """Refuses, before it runs, a network whose cost is no quadratic polynomial in its bits."""
    if isinstance(network, NeighbourhoodNetwork):
        raise ValueError(f"network={show_value(network)} is an NK network (try nk_cost)")
    arrays = as_arrays(network)
    if isinstance(arrays, NetworkArrays):
        if arrays.mask_kind != "neuron":
            message = "network has mask_kind='weight': its cost is not quadratic (limit: neuron)"
            raise ValueError(message)
        check_pairs(arrays.n_mask_bits)
    return as_contributor(arrays)


def check_pairs(n: int) -> None:
    """Refuses so many neurons that a term of each pair of them does not fit in memory."""
    largest = math.isqrt(2 * memory_limit() // _BYTES_PER_PAIR)
    nbytes = n * n * _BYTES_PER_PAIR / 2
    check_memory("n_neurons", n, nbytes=nbytes, largest=largest, what="every pair of neurons")
