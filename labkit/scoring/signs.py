"""The cost of binary weights: least squares over w = ±1, each sign one mask bit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from labkit.costs import PauliZCost
from labkit.limits import check_array, check_positive
from labkit.scoring.local import check_pairs
from labkit.scoring.outputs import check_labels


def sign_cost(features: npt.ArrayLike, y: npt.ArrayLike, *, scale: float) -> PauliZCost:
    """The squared error mean (y - s w . x)^2 of each w = z, z_j = 1 - 2 m_j: +1 where m_j is 0.

    With G = X^T X / m and b = X^T y / m, and since w_j^2 = 1, it is exactly

        1 + s^2 tr G - 2 s sum_j b_j z_j + 2 s^2 sum_{j<k} G_jk z_j z_k.

    Without the restriction to signs the least is at G w = b, a linear system.

    Args:
        features: X, (samples, n).
        y: (samples,) labels 0 and 1, or -1 and +1.
        scale: s, above 0, such as the mean |w_j| of the solution of G w = b.

    Returns:
        A `PauliZCost` of order 2.

    Raises:
        ValueError: `features` is not of that shape, or `y` does not go with it.
        TooLargeError: the n (n - 1) / 2 pairs do not fit in memory.
    """
    x, s = check_array("features", features), check_positive("scale", scale)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"features has shape {x.shape}; it must be (samples, n)")
    m, n = x.shape
    check_pairs(n)
    targets = check_labels(y, n_samples=m, n_outputs=1)[:, 0]
    g, b = x.T @ x / m, x.T @ targets / m
    first, second = np.triu_indices(n, k=1)
    terms: dict[tuple[int, ...], float] = {(): 1 + s * s * float(np.trace(g))}
    terms |= {(j,): -2 * s * field for j, field in enumerate(b.tolist())}
    couplings = (2 * s * s * g[first, second]).tolist()
    terms |= dict(zip(zip(first.tolist(), second.tolist(), strict=True), couplings, strict=True))
    return PauliZCost(terms, n)
