"""A network in small integers, as an oracle computes it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from labkit.arrays import IntArray
from labkit.limits import (
    check_array,
    check_integer,
    check_positive,
    check_register,
    show_value,
)
from labkit.masks import all_masks
from labkit.networks import read_labels
from labkit.scoring.outputs import check_labels
from labkit.scoring.tables import AnyNetwork, as_contributor, constant_of

#: Beyond this, a rounded contribution is no longer exact in float64.
_LARGEST = 2**31 - 1


def integer_weights(
    network: AnyNetwork, x: npt.ArrayLike, y: npt.ArrayLike, *, scale: float
) -> IntArray:
    """d_ij = round(scale y_i t_ij): what neuron j adds to the margin of sample i, in integers.

    The quantised subnetwork of a mask m is right about sample i if sum_j m_j d_ij >= 1. A network
    that is not standardised has many weights 0, because its hidden units are relu.

    Args:
        network: its `contributions(x)` are (samples, n, 1): two classes, neuron masks.
        x: (samples, features).
        y: (samples,) labels 0 and 1, or -1 and +1.
        scale: units of an integer in a contribution of 1, above 0; large is exact, small is
            cheap to compute.

    Returns:
        int64 (samples, n), for `labkit.circuits.oracles.build_computed_oracle`.

    Raises:
        ValueError: `scale` is too large for integers of 32 bits.
    """
    if (off := constant_of(network, x)) is not None and off.any():
        given = "has outputs other than 0 where every neuron is off"
        raise ValueError(f"network={show_value(network)} {given} (limit: 0)")
    t = check_array("contributions", as_contributor(network).contributions(x))
    if t.ndim != 3 or t.shape[2] != 1:
        raise ValueError(f"contributions have shape {t.shape}; they must be (samples, n, 1)")
    targets = check_labels(y, n_samples=len(t), n_outputs=1)
    weights = np.rint(check_positive("scale", scale) * targets * t[:, :, 0])
    if np.abs(weights).max() > _LARGEST:
        raise ValueError(f"scale={scale} gives weights too large (limit: {_LARGEST})")
    return weights.astype(np.int64)


def count_right(weights: npt.ArrayLike) -> IntArray:
    """How many samples each quantised subnetwork is right about: brute force over all masks.

    #{i : sum_j m_j d_ij >= 1}, int64 (2^n,) by mask index, of the weights (samples, n).

    Raises:
        TooLargeError: the margins of all masks do not fit in memory.
    """
    array = check_array("weights", weights)
    if array.ndim != 2:
        raise ValueError(f"weights has shape {array.shape}; it must be (samples, n)")
    n_samples, n = array.shape
    check_register("n_neurons", n, bytes_per_mask=9 * (n_samples + n), what="the margins")
    right: IntArray = (all_masks(n) @ array.T >= 1).sum(axis=1)
    return right


def few_samples(y: npt.ArrayLike, n_samples: int) -> IntArray:
    """The places of the first `n_samples`, classes in turn: few enough for a small oracle."""
    labels = read_labels(y)
    places = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    shortest = min(map(len, places), default=0)
    in_turn = np.column_stack([place[:shortest] for place in places]).ravel()
    return in_turn[: check_integer("n_samples", n_samples, minimum=1, maximum=len(in_turn))]
