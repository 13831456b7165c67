"""A cost as a quadratic polynomial in the mask, from one pass over the data: no table of 2^n."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.costs import PauliZCost
from labkit.limits import check_array, check_choice, check_memory, memory_limit, show_value
from labkit.networks import NetworkArrays
from labkit.scoring.outputs import check_labels
from labkit.scoring.tables import (
    AnyNetwork,
    Contributor,
    NeighbourhoodNetwork,
    as_arrays,
    as_contributor,
)

QUADRATIC_COSTS = ("squared_error", "cross_entropy")
#: Per pair of neurons: the matrix G and a copy, and the term in a mapping, checked and sorted.
_BYTES_PER_PAIR = 450


def quadratic_cost(
    network: AnyNetwork, x: npt.ArrayLike, y: npt.ArrayLike, *, cost: str = "squared_error"
) -> PauliZCost:
    """The squared error of every mask, exactly, or its cross-entropy to second order in f.

    With outputs f = sum_j m_j t_j and a cost per sample c + g . f + f . Q f, where Q is C x C
    for C outputs,

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
        TypeError: `network` is no network.
        ValueError: samples or labels do not fit, or the network has weight masks or two hidden
            layers, whose cost is no quadratic polynomial, or is an NK network.
        TooLargeError: the n (n - 1) / 2 pairs do not fit in memory.
    """
    check_choice("cost", cost, QUADRATIC_COSTS)
    t = _neuron_contributions(network, x)
    targets = check_labels(y, n_samples=t.shape[0], n_outputs=t.shape[2])
    constant, slopes, curvature = expand_cost(targets, cost)
    linear = np.einsum("so,sjo->j", slopes, t) / len(t)
    pairs = np.tensordot(t @ curvature, t, axes=((0, 2), (0, 2))) / len(t)
    return _to_pauli_z(constant, linear, pairs)


def expand_cost(targets: FloatArray, cost: str) -> tuple[float, FloatArray, FloatArray]:
    """The cost per sample about f = 0, to second order: c + g . f + f . Q f.

    Args:
        targets: (samples, outputs) as `check_labels` returns them.
        cost: one of `QUADRATIC_COSTS`.

    Returns:
        c, g (samples, outputs) and Q (outputs, outputs).
    """
    n_outputs = targets.shape[1]
    identity = np.eye(n_outputs)
    if cost == "squared_error":
        return 1.0, -2 * targets / n_outputs, identity / n_outputs
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
    _check_pairs(t.shape[1])
    return t


def _check_network(network: Any) -> Contributor:
    """Refuses, before it runs, a network whose cost is no quadratic polynomial in its bits."""
    if isinstance(network, NeighbourhoodNetwork):
        raise ValueError(f"network={show_value(network)} is an NK network (try nk_cost)")
    arrays = as_arrays(network)
    if isinstance(arrays, NetworkArrays):
        if arrays.mask_kind != "neuron":
            raise ValueError(
                "network has mask_kind='weight': its cost is not quadratic (limit: neuron)"
            )
        _check_pairs(arrays.n_mask_bits)
    return as_contributor(arrays)


def _check_pairs(n: int) -> None:
    largest = math.isqrt(2 * memory_limit() // _BYTES_PER_PAIR)
    nbytes = n * n * _BYTES_PER_PAIR / 2
    check_memory("n_neurons", n, nbytes=nbytes, largest=largest, what="every pair of neurons")
