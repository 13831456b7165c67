"""A network in small integers, as an oracle computes it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from labkit.limits import check_array, check_positive, show_value
from labkit.scoring.outputs import check_labels
from labkit.scoring.tables import Contributor

#: Beyond this, a rounded contribution is no longer exact in float64.
_LARGEST = 2**31 - 1


def integer_weights(
    network: Contributor, x: npt.ArrayLike, y: npt.ArrayLike, *, scale: float
) -> npt.NDArray[np.int64]:
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
        TypeError: `network` is no network, or `x` or `y` no array of numbers.
        ValueError: `scale` is not above 0 or too large, samples or labels do not fit, or the
            network has weight masks or more than one output.
    """
    if not hasattr(network, "contributions") or hasattr(network, "neighbourhoods"):
        raise TypeError(f"network={show_value(network)} has no contributions to one output")
    t = check_array("contributions", network.contributions(x))
    if t.ndim != 3 or t.shape[2] != 1:
        raise ValueError(f"contributions have shape {t.shape}; they must be (samples, n, 1)")
    targets = check_labels(y, n_samples=len(t), n_outputs=1)
    weights = np.rint(check_positive("scale", scale) * targets * t[:, :, 0])
    if np.abs(weights).max() > _LARGEST:
        raise ValueError(f"scale={scale} gives weights too large (limit: {_LARGEST})")
    return weights.astype(np.int64)
