"""What a choice of random filters is worth under a solved read-out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from labkit.arrays import BoolArray, FloatArray
from labkit.costs import CheckedCost, CostTable
from labkit.limits import check_array, check_count, check_positive, check_register, repr_line
from labkit.masks import check_one_mask, masks_from_indices
from labkit.scoring.outputs import check_labels

#: As large as the equation: products of training and validation features, and a solution's copies.
_MATRICES = 4
Samples = tuple[npt.ArrayLike, npt.ArrayLike]


@dataclass(frozen=True, eq=False, repr=False)
class FilterCost(CheckedCost):
    """The squared error of a read-out that is solved anew for each choice of filters.

    Of the responses of the kept filters at all places, H (samples, kept * places), and y = ±1, both
    less their training means, the read-out is the least of |H W - y|^2 + penalty |W|^2, so
    W = (H^T H + penalty)^-1 H^T y. The cost is the mean of (H W - y)^2 on validation samples; no
    filter at all leaves the mean of y. Two products of features are made once, and each query
    solves an equation of kept * places unknowns.

    Attributes:
        gram: float64 (n places, n places), H^T H of all filters, filter by filter.
        cross: float64 (n places, classes), H^T y.
        validation_gram, validation_cross: the same of the validation samples.
        validation_size: the sum of y^2 there.
        n_validation: validation samples.
        penalty: in units of the entries of `gram`, above 0.
        n_neurons: n, filters.
        mean: float64 (n places,), training means of the features.
        target_mean: float64 (classes,), those of y.
    """

    gram: FloatArray
    cross: FloatArray
    validation_gram: FloatArray
    validation_cross: FloatArray
    validation_size: float
    n_validation: int
    penalty: float
    n_neurons: int
    mean: FloatArray = field(repr=False)
    target_mean: FloatArray = field(repr=False)

    @property
    def order(self) -> int:
        """The largest number of filters in one term: a read-out couples all n."""
        return self.n_neurons

    @property
    def n_places(self) -> int:
        """Features of one filter."""
        return len(self.gram) // self.n_neurons

    def __repr__(self) -> str:
        return repr_line(self, n_neurons=self.n_neurons, n_places=self.n_places)

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again: a solution each."""
        batch = masks.reshape(-1, self.n_neurons)
        return np.array([self._cost(mask) for mask in batch]).reshape(masks.shape[:-1])

    def to_table(self) -> CostTable:
        """The cost of each of the 2^n masks.

        Raises:
            TooLargeError: the table does not fit in memory.
        """
        n = check_register("n_neurons", self.n_neurons, bytes_per_mask=16, what="the cost table")
        costs = self.costs_of(masks_from_indices(np.arange(2**n), n))
        return CostTable.owning(costs, n)

    def readout(self, neuron_mask: npt.ArrayLike) -> FloatArray:
        """The solved read-out of a choice, float64 (n places, classes), 0 for filters that went."""
        mask = check_one_mask(neuron_mask, self.n_neurons)
        full = np.zeros_like(self.cross)
        full[self._columns(mask)] = self._solve(self._columns(mask))
        return full

    def outputs(self, h: npt.ArrayLike, neuron_mask: npt.ArrayLike) -> FloatArray:
        """One number for each class, float64 (samples, classes), of other samples' responses.

        Args:
            h: float (samples, places, n).
            neuron_mask: (n,) bool, 0 and 1, or a mask string.
        """
        features = _by_filter(check_array("h", h), self.n_neurons)
        return (features - self.mean) @ self.readout(neuron_mask) + self.target_mean

    def _columns(self, mask: BoolArray) -> BoolArray:
        return np.repeat(mask, self.n_places)

    def _solve(self, kept: BoolArray) -> FloatArray:
        if not kept.any():
            return np.zeros((0, self.cross.shape[1]))
        equation = self.gram[np.ix_(kept, kept)]
        equation[np.diag_indices_from(equation)] += self.penalty
        return np.asarray(cho_solve(cho_factor(equation, check_finite=False), self.cross[kept]))

    def _cost(self, mask: BoolArray) -> float:
        kept = self._columns(mask)
        w = self._solve(kept)
        square = np.sum(w * (self.validation_gram[np.ix_(kept, kept)] @ w))
        error = self.validation_size - 2 * np.sum(w * self.validation_cross[kept]) + square
        return float(error) / (self.n_validation * self.cross.shape[1])


def filter_cost(training: Samples, validation: Samples, *, ridge: float) -> FilterCost:
    """The cost of each choice among n filters, by their responses to images.

    Args:
        training: h, float (samples, places, n), and y (samples,), labels 0..classes-1.
        validation: the same of other samples.
        ridge: above 0; the penalty is `ridge` times the mean over training samples of |h|^2, of
            all n filters less their means, as in `baselines.least_squares.fit_readout`.

    Raises:
        ValueError: sizes do not fit, or no feature varies.
        TooLargeError: the products of features do not fit in memory.
    """
    h, other = check_array("h", training[0]), check_array("h", validation[0])
    if h.ndim != 3 or 0 in h.shape or other.shape[1:] != h.shape[1:]:
        given = f"h has shapes {h.shape} and {other.shape}"
        raise ValueError(f"{given}; both must be (samples, places, filters)")
    n, n_features, strength = h.shape[2], h.shape[1] * h.shape[2], check_positive("ridge", ridge)
    check_count("h", n_features, bytes_each=_MATRICES * 8 * n_features, what="the equation")
    n_classes = int(np.max(np.asarray(training[1]))) + 1
    y = check_labels(training[1], n_samples=len(h), n_outputs=n_classes)
    other_y = check_labels(validation[1], n_samples=len(other), n_outputs=n_classes)
    features, others = _by_filter(h, n), _by_filter(other, n)
    mean, target_mean = features.mean(axis=0), y.mean(axis=0)
    features, y, others, other_y = (
        features - mean,
        y - target_mean,
        others - mean,
        other_y - target_mean,
    )
    size = float((features**2).sum()) / len(h)
    if size == 0:
        raise ValueError("h has no feature that varies (limit: 1 or more)")
    return FilterCost(
        gram=features.T @ features,
        cross=features.T @ y,
        validation_gram=others.T @ others,
        validation_cross=others.T @ other_y,
        validation_size=float((other_y**2).sum()),
        n_validation=len(other),
        penalty=strength * size,
        n_neurons=n,
        mean=mean,
        target_mean=target_mean,
    )


def _by_filter(h: FloatArray, n: int) -> FloatArray:
    """Responses (samples, places, n) as features (samples, n places), filter by filter."""
    if h.ndim != 3 or h.shape[2] != n:
        raise ValueError(f"h has shape {h.shape}; it must be (samples, places, {n})")
    return np.swapaxes(h, 1, 2).reshape(len(h), -1)
