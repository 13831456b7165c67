"""The costs of outputs of a network, as formulas; `labkit.scoring.outputs` says what they are."""

from __future__ import annotations

import numpy as np

from labkit.arrays import FloatArray


def mean_cost(
    f: FloatArray, targets: FloatArray, cost: str, *, rounding: float = 0.0
) -> FloatArray:
    """The mean (...) over samples of outputs (..., samples, C), targets being ±1 (samples, C).

    A margin of at most `rounding` is an error.
    """
    if cost == "squared_error":
        return np.mean((f - targets) ** 2, axis=(-2, -1))
    if cost == "error_rate":
        return np.mean(_margins(f, targets) <= rounding, axis=-1)
    if cost == "cross_entropy":
        return _cross_entropy(f, targets)
    raise ValueError(f"cost={cost!r} has no formula in {__name__}")


def _cross_entropy(f: FloatArray, targets: FloatArray) -> FloatArray:
    """The mean over samples, (...)."""
    if targets.shape[1] == 1:
        return np.mean(np.logaddexp(0, -targets * f)[..., 0], axis=-1)
    of_label = np.sum(f, axis=-1, where=targets > 0)
    return np.mean(np.logaddexp.reduce(f, axis=-1) - of_label, axis=-1)


def _margins(f: FloatArray, targets: FloatArray) -> FloatArray:
    """By how much the label's output leads: (..., samples)."""
    if targets.shape[1] == 1:
        margins: FloatArray = (targets * f)[..., 0]
        return margins
    of_label = np.sum(f, axis=-1, where=targets > 0)
    of_others = np.max(f, axis=-1, where=targets < 0, initial=-np.inf)
    return of_label - of_others
