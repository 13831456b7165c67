"""Separation capacity: when do random neurons make two classes linearly separable?

Features phi(x) = sqrt(2/n) relu(W x + b), W ~ N(0, 1), b uniform in [-bias_range, bias_range]. Two
classes are separable where some w, c have y_i (w . phi_i + c) > 0 for all i.

Reference: S. Dirksen, M. Genzel, L. Jacques, A. Stollenwerk 2022, The separation capacity of random
neural networks, JMLR 23:309, arXiv 2108.00207 (its abstract is what is followed here).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.costs import CheckedCost, CostTable, FunctionCost
from labkit.limits import (
    check_array,
    check_count,
    check_finite,
    check_integer,
    check_number,
    check_rng,
    check_share,
    repr_line,
)

#: Of the largest: directions in which features spread less are rounding, and left out.
_FLAT = 1e-10
#: Hulls that are no farther apart touch, in orthonormal features; rounding leaves 1e-13.
_TOUCHING = 1e-11
_MOST_POINTS = 10_000


def random_relu(
    points: npt.ArrayLike, *, n_neurons: int, bias_range: float, rng: np.random.Generator
) -> FloatArray:
    """phi(x) = sqrt(2/n) relu(W x + b), W ~ N(0, 1), b uniform in [-bias_range, bias_range].

    Args:
        points: (samples, d).
        n_neurons: n, 1 or more.
        bias_range: lambda, 0 or more, in the unit of the points.
        rng: draws W, then b.

    Returns:
        float64 (samples, n).

    Raises:
        TooLargeError: the features do not fit in memory.
    """
    x = _check_rows("points", points)
    n_neurons = check_integer("n_neurons", n_neurons, minimum=1)
    if check_finite("bias_range", bias_range) < 0:
        raise ValueError(f"bias_range={bias_range} is below 0 (limit: 0 or more)")
    check_rng(rng)
    bytes_each = 8 * (3 * len(x) + x.shape[1])
    check_count("n_neurons", n_neurons, bytes_each=bytes_each, what="the features")
    weights = rng.normal(size=(n_neurons, x.shape[1]))
    biases = rng.uniform(-bias_range, bias_range, size=n_neurons)
    return np.sqrt(2 / n_neurons) * np.maximum(x @ weights.T + biases, 0)


def separates(features: npt.ArrayLike, y: npt.ArrayLike) -> bool:
    """Whether some w, c have y_i (w . phi_i + c) > 0 for all i.

    By Gordan's theorem they do unless some a >= 0, not all 0, have sum a_i y_i (phi_i, 1) = 0. In
    orthonormal features, which change neither, non-negative least squares finds the hull of these
    rows 0 or some distance away from 0; so a gap of 1e-10 of the spread is still seen, where the
    tolerance of a linear programme (1e-7) is not enough. Directions in which features spread less
    than that, each feature in its own unit, are taken for rounding.

    Args:
        features: (samples, n); n may be 0.
        y: (samples,), labels -1 and +1, or 0 and 1.

    Reference: Lawson and Hanson 1974, Solving least squares problems, chapter 23.
    """
    phi, signs = _check_labelled(features, y)
    return _is_apart(_orthonormal(phi), signs)


def hinge_slack(features: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """min over w, c of sum_i max(0, 1 - y_i (w . phi_i + c)): 0 where separable, else 1 or more.

    For with the a of `separates`, scaled to sum 1, sum a_i s_i >= sum a_i (1 - y_i (w . phi_i + c))
    = 1 for any w: one slack s_i is 1 at least. The linear programme that is solved is the dual:
    max sum a_i, 0 <= a_i <= 1, sum a_i y_i (phi_i, 1) = 0, in orthonormal features.

    Args:
        features: (samples, n); n may be 0.
        y: (samples,), labels -1 and +1, or 0 and 1.
    """
    phi, signs = _check_labelled(features, y)
    return _slack(_orthonormal(phi), signs)


def _is_apart(basis: FloatArray, signs: FloatArray) -> bool:
    from scipy.optimize import nnls

    outputs = basis @ (basis.T @ signs) / len(signs)
    if (signs * outputs).min() > _TOUCHING:  # least squares separates already
        return True
    stacked = np.vstack([basis.T * signs, np.ones(len(signs))])
    _, distance = nnls(stacked, np.eye(len(stacked))[-1], maxiter=100 * len(signs))
    return bool(distance > _TOUCHING)


def _slack(basis: FloatArray, signs: FloatArray) -> float:
    from scipy.optimize import linprog

    if _is_apart(basis, signs):
        return 0.0
    rows, ones = basis.T * signs, np.ones(len(signs))
    found = linprog(-ones, A_eq=rows, b_eq=np.zeros(len(rows)), bounds=(0, 1))
    if found.x is None:
        raise RuntimeError(f"the linear programme did not end: {found.message}")
    return float(found.x.sum())


def _orthonormal(phi: FloatArray) -> FloatArray:
    """An orthonormal basis (samples, rank + 1) of the features and the constant, times sqrt(N)."""
    size = np.abs(phi).max(axis=0, initial=0.0)
    centred = phi / np.where(size > 0, size, 1.0)
    centred -= centred.mean(axis=0)
    spread = np.abs(centred).max(axis=0, initial=0.0)
    moves = spread > _FLAT
    u, s, _ = np.linalg.svd(centred[:, moves] / spread[moves], full_matrices=False)
    kept = u[:, s > _FLAT * s.max(initial=0.0)] * np.sqrt(len(phi))
    return np.column_stack([kept, np.ones(len(phi))])


def margin(features: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """max over |w| = 1 and c of min_i y_i (w . phi_i + c): half the distance of the two hulls.

    Args:
        features: (samples, n), n at least 1.
        y: (samples,), labels -1 and +1, or 0 and 1.

    Returns:
        In the unit of the features; 0 where they are not separable, infinity where all have one
        label.
    """
    phi, signs = _check_labelled(features, y)
    if np.ptp(signs) == 0:
        return np.inf
    found = widest_hyperplane(phi, signs)
    return 0.0 if found is None else float((signs * (phi @ found[0] + found[1])).min())


def widest_hyperplane(features: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, float] | None:
    """The w, |w| = 1, and c of the largest margin; None where the classes are not separable.

    The hull of the differences of a + and a - row has its point z nearest to 0 at twice the margin,
    and w = z / |z|. z is found for a few differences, by non-negative least squares; the difference
    that lies lowest along z joins them, until it is one of them.

    Args:
        features: (samples, n), n at least 1.
        y: (samples,), both labels of -1 and +1, or of 0 and 1.

    Raises:
        ValueError: all have one label.
    """
    phi, signs = _check_labelled(features, y)
    unit = float(np.abs(phi).max(initial=0.0)) or 1.0  # squares of the smallest would be 0
    plus, minus = phi[signs > 0] / unit, phi[signs < 0] / unit
    if not len(plus) or not len(minus):
        raise ValueError("y holds one label (limit: both)")
    if not separates(phi, signs):
        return None
    z = plus.mean(axis=0) - minus.mean(axis=0)
    known: dict[tuple[int, int], FloatArray] = {}
    while (lowest := (int((plus @ z).argmin()), int((minus @ z).argmax()))) not in known:
        known[lowest] = plus[lowest[0]] - minus[lowest[1]]
        z = _nearest_to_zero(np.array([*known.values()]), float(np.linalg.norm(z)))
    w = z / np.linalg.norm(z)
    return w, -unit * float((plus @ w).min() + (minus @ w).max()) / 2


def _nearest_to_zero(rows: FloatArray, unit: float) -> FloatArray:
    """The point of the hull of rows (k, n) that is nearest to 0, some `unit` away from it."""
    from scipy.optimize import nnls

    stacked = np.vstack([rows.T / unit, np.ones(len(rows))])
    wanted = np.append(np.zeros(rows.shape[1]), 1.0)
    weights, _ = nnls(stacked, wanted, maxiter=100 * (len(rows) + 1))
    return np.asarray(rows.T @ (weights / weights.sum()))


def separation_probability(
    points: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    n_neurons: int,
    bias_range: float,
    layers: int = 1,
    draws: int,
    rng: np.random.Generator,
) -> float:
    """The share of networks, drawn anew, whose last layer separates the classes.

    Args:
        points: (samples, d).
        y: (samples,), labels -1 and +1, or 0 and 1.
        n_neurons: n of each layer.
        bias_range: lambda of each layer, in the unit of the points; see `random_relu`.
        layers: 1, or more random layers in a row ("two-layer" may mean that: our reading).
        draws: number of networks.
        rng: draws them.
    """
    x, signs = _check_labelled(points, y, argument="points")
    draws = check_integer("draws", draws, minimum=1)
    layers = check_integer("layers", layers, minimum=1)
    found = 0
    for _ in range(draws):
        phi = x
        for _ in range(layers):
            phi = random_relu(phi, n_neurons=n_neurons, bias_range=bias_range, rng=rng)
        found += separates(phi, signs)
    return found / draws


def width_to_separate(features: npt.ArrayLike, y: npt.ArrayLike) -> int | None:
    """The least n whose first n features separate, by doubling and halving; None if all do not.

    What some neurons separate, more of them do, so the programmes to solve are some 2 log2(n).

    Args:
        features: (samples, n), in the order in which neurons are added.
        y: (samples,), labels -1 and +1, or 0 and 1.
    """
    phi, signs = _check_labelled(features, y)
    low, high = 0, 1
    while not separates(phi[:, :high], signs):
        if high >= phi.shape[1]:
            return None
        low, high = high, min(2 * high, phi.shape[1])
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if separates(phi[:, :middle], signs) else (middle, high)
    return high


def cover_probability(n_points: int, n_features: int) -> float:
    """The chance that N points in general position with fair random labels are separable.

    2^(1-N) sum_{k=0}^{n} C(N - 1, k), by a hyperplane with an offset in n dimensions; summed in
    integers and rounded once.

    Args:
        n_points: N, 1 to 10,000.
        n_features: n, 0 or more.

    Reference: T. M. Cover 1965, Geometrical and statistical properties of systems of linear
    inequalities, theorem 2.
    """
    n_points = check_integer("n_points", n_points, minimum=1, maximum=_MOST_POINTS)
    n_features = check_integer("n_features", n_features, minimum=0)
    ways = sum(comb(n_points - 1, k) for k in range(min(n_features, n_points - 1) + 1))
    return 2 * ways / 2**n_points


def local_cover(points: npt.ArrayLike, y: npt.ArrayLike, fraction: float = 0.5) -> int:
    """How many balls cover each class without coming near the other: our proxy of complexity.

    Each point is the centre of a ball whose radius is `fraction` of the distance to the other
    class; the ball that covers most points of its class not yet covered is taken, until all are.
    It is meant to stand for the paper's mutual complexity, whose definition we have not: ours
    alone.

    Args:
        points: (samples, d).
        y: (samples,), labels -1 and +1, or 0 and 1.
        fraction: of the distance to the other class, in 0..1.

    Returns:
        The number of balls of both classes together; 1 where all points have one label.

    Raises:
        ValueError: two points of both classes coincide.
    """
    x, signs = _check_labelled(points, y, argument="points")
    check_share("fraction", fraction)
    check_count("samples", len(x), bytes_each=32 * len(x), what="the distances")
    distances = _distances(x)
    same = signs[:, None] == signs
    nearest = np.where(same, np.inf, distances).min(axis=1)
    if not nearest.all():
        raise ValueError("points holds one point in both classes (limit: a positive distance)")
    balls = same & (distances <= fraction * nearest[:, None])
    left, taken = np.ones(len(x), dtype=bool), 0
    while left.any():
        left &= ~balls[(balls & left).sum(axis=1).argmax()]
        taken += 1
    return taken


@dataclass(frozen=True, eq=False, repr=False)
class SeparationCost(CheckedCost):
    """cost(m) = smallest sum of hinge slacks of the kept features + price * neurons kept.

    The first part is 0 where the mask separates, else at least 1. So with a price from 0 to below
    1/n (and where all n separate), the masks of least cost are the smallest that separate.

    Attributes:
        features: float64 (samples, n), read-only.
        y: float64 (samples,), read-only: -1 and +1.
        price: of each neuron that stays, 0 or more.
    """

    features: FloatArray
    y: FloatArray
    price: float = 0.0

    def __post_init__(self) -> None:
        phi, signs = (array.copy() for array in _check_labelled(self.features, self.y))
        check_integer("number of features", phi.shape[1], minimum=1)
        if check_number("price", self.price) < 0:
            raise ValueError(f"price={self.price} is below 0 (limit: 0 or more)")
        for name, array in (("features", phi), ("y", signs)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        return repr_line(self, n_neurons=self.n_neurons, samples=len(self.y), price=self.price)

    @property
    def n_neurons(self) -> int:
        """n, the number of features."""
        return int(self.features.shape[1])

    @property
    def order(self) -> int:
        """The largest number of neurons in one term: a programme couples all n."""
        return self.n_neurons

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), a linear programme each."""
        batch = masks.reshape(-1, self.n_neurons)
        slacks = [_slack(_orthonormal(self.features[:, mask]), self.y) for mask in batch]
        costs = np.array(slacks, dtype=np.float64) + self.price * batch.sum(axis=1)
        return costs.reshape(masks.shape[:-1])

    def to_table(self) -> CostTable:
        """The cost of each of the 2^n masks, by as many programmes; see `FunctionCost.to_table`."""
        return FunctionCost(self.costs_of, self.n_neurons).to_table()


def _distances(x: FloatArray) -> FloatArray:
    """Of all pairs of rows, (samples, samples)."""
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(x, x))


def _check_rows(argument: str, value: npt.ArrayLike) -> FloatArray:
    rows = check_array(argument, value)
    if rows.ndim != 2 or not len(rows):
        raise ValueError(
            f"{argument} has shape {rows.shape} (limit: (samples, columns), 1 or more)"
        )
    return rows


def _check_labelled(
    rows: npt.ArrayLike, y: npt.ArrayLike, *, argument: str = "features"
) -> tuple[FloatArray, FloatArray]:
    """Rows (samples, columns) and their labels as -1 and +1."""
    checked, labels = _check_rows(argument, rows), check_array("y", y)
    if labels.shape != (len(checked),):
        raise ValueError(f"y has shape {labels.shape}; {argument} has {len(checked)} samples")
    kinds = {*np.unique(labels).tolist()}
    if not (kinds <= {-1.0, 1.0} or kinds <= {0.0, 1.0}):
        raise ValueError(f"y holds labels {sorted(kinds)[:3]} (limit: -1 and +1, or 0 and 1)")
    return checked, np.where(labels > 0, 1.0, -1.0)
