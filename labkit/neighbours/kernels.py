"""Wide networks as kernel machines: the tangent kernel of erf networks, and what to solve of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.limits import (
    check_array,
    check_choice,
    check_count,
    check_integer,
    check_positive,
    check_rng,
    show_value,
)

THRESHOLDS = ("zero", "median")
#: A sample's kernel with itself grows by 1.23 a layer: a float64 ends beyond 3,000 of them.
MAX_DEPTH = 1000
_SCALE = np.arcsin(2 / 3)
#: 1 - kappa'(0): the share by which one layer shrinks a small inner product, .0864.
MU = 1 - (2 / 3) / _SCALE
#: Of unit vectors in single precision: so far from 1 their lengths and inner products may be.
_ROUNDING = 1e-5


def deep_erf_kernel(inner_products: npt.ArrayLike, depth: int) -> tuple[FloatArray, FloatArray]:
    """The two kernels of an infinitely wide network of erf units, normalised, without biases.

    Sigma_0 = Theta_0 = x.x'; a layer makes

        Theta <- kappa(Sigma) + Theta kappa'(Sigma),  Sigma <- kappa(Sigma),
        kappa(rho) = asin(2 rho/3) / asin(2/3).

    Sigma is the covariance of the random network's outputs, Theta the kernel of its training.

    Args:
        inner_products: x.x' of unit vectors, -1..1, of any shape.
        depth: hidden layers, 0 to 1,000.

    Returns:
        Sigma ("NNGP") and Theta ("NTK"), float64 of the same shape.

    Reference: Jacot, Gabriel, Hongler 2018, arXiv 1806.07572; kappa: Williams 1997.

    >>> nngp, ntk = deep_erf_kernel([1.0, 0.0], 2)
    >>> nngp.round(3).tolist(), ntk.round(3).tolist()
    ([1.0, 0.0], [3.728, 0.0])
    """
    sigma = theta = _check_products(inner_products)
    for _ in range(check_integer("depth", depth, minimum=0, maximum=MAX_DEPTH)):
        slope = (2 / 3) / (_SCALE * np.sqrt(1 - (2 * sigma / 3) ** 2))
        sigma = np.arcsin(2 * sigma / 3) / _SCALE
        theta = sigma + theta * slope
    return sigma, theta


def unit_rows(x: npt.ArrayLike) -> FloatArray:
    """Samples (samples, features), each divided by its length, float64."""
    samples = _check_rows("x", x)
    lengths = np.linalg.norm(samples, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError(f"x holds no direction at row {int(lengths.argmin())} (limit: not all 0)")
    return samples / lengths


def wide_kernel(x: npt.ArrayLike, other: npt.ArrayLike | None = None, *, depth: int) -> FloatArray:
    """Theta(x_i.x'_j) / Theta(1), the tangent kernel with ones on the diagonal.

    Args:
        x: unit vectors (samples, features).
        other: the same (others, features); `x` by default.
        depth: hidden layers.

    Returns:
        float64 (samples, others).
    """
    first = _check_units("x", x)
    second = first if other is None else _check_units("other", other)
    if (n := second.shape[1]) != first.shape[1]:
        raise ValueError(f"other has {n} features (limit: {first.shape[1]}, as x)")
    check_count("n_samples", len(first), bytes_each=48 * len(second), what="the kernel")
    _, ntk = deep_erf_kernel(first @ second.T, depth)
    kernel: FloatArray = ntk / deep_erf_kernel(1.0, depth)[1]
    if other is None:
        np.fill_diagonal(kernel, 1.0)
    return kernel


def separability(x: npt.ArrayLike) -> float:
    """delta = 1 - max |x_i.x_j| over pairs of samples, 0..1: at 0 two of them cannot be told apart.

    Args:
        x: unit vectors (samples, features), two or more.
    """
    samples = _check_units("x", x)
    if len(samples) < 2:
        raise ValueError(f"x has {len(samples)} samples (limit: 2 or more)")
    check_count("n_samples", len(samples), bytes_each=16 * len(samples), what="all pairs")
    products = np.abs(samples @ samples.T)
    np.fill_diagonal(products, 0.0)
    return float(max(0.0, 1 - products.max()))


def convergence_depth(n: int, delta: float) -> float:
    """L = 8 ln(n/delta) / mu layers, from which on the kernel of n samples is all but diagonal.

    mu = 1 - kappa'(0) = .0864. The formula is that of the public code of arXiv 2107.09200, which
    then takes a tenth of it.

    Args:
        n: training samples.
        delta: their `separability`, above 0 and at most 1.

    Reference: on depth and conditioning Agarwal, Awasthi, Kale 2020, arXiv 2002.01523.
    """
    check_integer("n", n, minimum=1)
    if check_positive("delta", delta) > 1:
        raise ValueError(f"delta={delta} is too large (limit: 1)")
    return float(8 * np.log(n / delta) / MU)


def sparsity_pattern(
    y: npt.ArrayLike, *, rng: np.random.Generator, by_label: bool = True
) -> BoolArray:
    """Draws which pairs of samples a kernel keeps: a mask on pairs.

    Each pair with probability ln(n)/n, which leaves about ln n in a row; the diagonal always. With
    `by_label` pairs of different labels are then dropped, as the authors' public code does.

    Args:
        y: labels (n,).
        rng: draws the pairs.
        by_label: whether the labels decide, too.

    Returns:
        bool (n, n), symmetric.
    """
    labels = _check_labels(y)
    n = len(labels)
    check_count("n_samples", n, bytes_each=16 * n, what="the pattern")
    drawn = np.triu(check_rng(rng).random((n, n)) < np.log(n) / n, 1)
    if by_label:
        drawn &= labels[:, np.newaxis] == labels
    pattern: BoolArray = drawn | drawn.T | np.eye(n, dtype=bool)
    return pattern


def kernel_machine(
    kernel: npt.ArrayLike, y: npt.ArrayLike, pattern: npt.ArrayLike | None = None
) -> FloatArray:
    """The vector v with (K * pattern) v = y; a test sample's output is k.v, k its row of kernels.

    Args:
        kernel: K (n, n), symmetric, of the training samples.
        y: targets (n,), such as labels -1 and +1.
        pattern: bool (n, n), symmetric; the entries that are kept, by default all. With the
            identity nothing is left to solve: v = y where K has a diagonal of ones.

    Returns:
        v, float64 (n,).

    Raises:
        ValueError: no system, or a singular one.
    """
    matrix = keep(kernel, pattern)
    targets = check_array("y", y)
    if targets.shape != (len(matrix),):
        raise ValueError(f"y has shape {targets.shape} (limit: ({len(matrix)},), as the kernel)")
    condition_number(matrix)  # refuses a singular one
    return np.linalg.solve(matrix, targets)


def keep(kernel: npt.ArrayLike, pattern: npt.ArrayLike | None = None) -> FloatArray:
    """The kernel (n, n) with 0 for the pairs that a pattern drops; both must be symmetric."""
    matrix = _check_symmetric("kernel", kernel)
    if pattern is None:
        return matrix
    kept = _check_symmetric("pattern", pattern)
    if kept.shape != matrix.shape:
        raise ValueError(f"pattern has shape {kept.shape} (limit: {matrix.shape}, as the kernel)")
    return matrix * (kept != 0)


def condition_number(kernel: npt.ArrayLike, pattern: npt.ArrayLike | None = None) -> float:
    """Largest over smallest |eigenvalue| of a kernel as it is kept; a singular one is refused."""
    sizes = np.abs(np.linalg.eigvalsh(keep(kernel, pattern)))
    smallest, largest = float(sizes.min()), float(sizes.max())
    if smallest <= len(sizes) * np.finfo(np.float64).eps * largest:
        raise ValueError(
            f"kernel is singular: its least eigenvalue is {smallest:.1e} of {largest:.3g}"
            " (limit: none that is 0)"
        )
    return largest / smallest


def overlap(kernel_test: npt.ArrayLike, vector: npt.ArrayLike) -> FloatArray:
    """o = k.v / (|k| |v|), the overlap of two states, for each row k; its sign is the class.

    Args:
        kernel_test: k (n,), or (tests, n).
        vector: v (n,).

    Returns:
        float64, () or (tests,), -1..1.
    """
    rows, v = check_array("kernel_test", kernel_test), check_array("vector", vector)
    if v.ndim != 1 or rows.ndim not in (1, 2) or rows.shape[-1] != len(v):
        raise ValueError(
            f"kernel_test has shape {rows.shape}, vector {v.shape} (limit: rows as long as vector)"
        )
    lengths = np.linalg.norm(rows, axis=-1) * np.linalg.norm(v)
    if not np.all(lengths > 0):
        raise ValueError("kernel_test or vector is all zeros (limit: a state has a length)")
    return np.asarray(rows @ v / lengths)


def readout_shots(kernel_test: npt.ArrayLike, vector: npt.ArrayLike) -> FloatArray:
    """1/o^2 - 1, shots after which the sign of a test sample's output stands out by one deviation.

    The mean of S shots, each +-1 with mean o, is |o| away from 0 and deviates by
    sqrt((1 - o^2)/S): as much at S = 1/o^2 - 1. A training index drawn with probability
    v_i^2/|v|^2 and weighed by k_i |v|^2/v_i has that variance over squared mean, too; for
    v = y = +-1 that is uniform sampling.

    Args:
        kernel_test: k (n,), or (tests, n).
        vector: v (n,).

    Returns:
        float64, () or (tests,); infinite where o is 0.
    """
    o = overlap(kernel_test, vector)
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(1 / o**2 - 1, 0.0))


def preparation_runs(kernel_test: npt.ArrayLike) -> FloatArray:
    """n c^2 / |k|^2 with c = max |k_i|: runs until a test sample's state |k> is prepared once.

    A rotation by asin(k_i/c), controlled by a uniform superposition of n indices, leaves |k> where
    its qubit reads 1. A classical sample of an index has no such price.

    Args:
        kernel_test: k (n,), or (tests, n); c is the largest of all of them.

    Returns:
        float64, () or (tests,), 1 or more.
    """
    rows = check_array("kernel_test", kernel_test)
    if rows.ndim not in (1, 2) or not (rows != 0).any(axis=-1).all():
        raise ValueError(f"kernel_test has shape {rows.shape} or a row of zeros (limit: rows k)")
    scaled = rows / np.abs(rows).max()
    return np.asarray(rows.shape[-1] / (scaled**2).sum(axis=-1))


def class_by(outputs: npt.ArrayLike, *, threshold: str = "zero") -> FloatArray:
    """Classes -1 and +1 of outputs (tests,), +1 above a threshold.

    Args:
        outputs: f (tests,).
        threshold: 'zero', or 'median': of the outputs of the test set itself, as the authors'
            public code has it, which calls half of any test set +1.
    """
    f = check_array("outputs", outputs)
    is_median = check_choice("threshold", threshold, THRESHOLDS) == "median"
    return np.where(f > (np.median(f) if is_median else 0.0), 1.0, -1.0)


def _check_products(inner_products: npt.ArrayLike) -> FloatArray:
    rho = check_array("inner_products", inner_products)
    if rho.size and (worst := float(np.abs(rho).max())) > 1 + _ROUNDING:
        raise ValueError(f"inner_products holds ±{worst:.6g} (limit: -1..1, of unit vectors)")
    return np.clip(rho, -1.0, 1.0)


def _check_rows(argument: str, value: npt.ArrayLike) -> FloatArray:
    rows = check_array(argument, value)
    if rows.ndim != 2 or not rows.size:
        raise ValueError(f"{argument} has shape {rows.shape} (limit: samples, features)")
    return rows


def _check_units(argument: str, value: npt.ArrayLike) -> FloatArray:
    rows = _check_rows(argument, value)
    lengths = np.linalg.norm(rows, axis=1)
    worst = int(np.abs(lengths - 1).argmax())
    if abs(lengths[worst] - 1) > _ROUNDING:
        raise ValueError(f"{argument} has length {lengths[worst]:.6g} at row {worst} (limit: 1)")
    return rows


def _check_labels(y: npt.ArrayLike) -> npt.NDArray[np.generic]:
    labels = np.asarray(y)
    if labels.ndim != 1 or not labels.size:
        raise ValueError(
            f"y={show_value(y)} has shape {labels.shape} (limit: (n,), n of 1 or more)"
        )
    return check_array("y", labels) if labels.dtype.kind == "f" else labels


def _check_symmetric(argument: str, value: npt.ArrayLike) -> FloatArray:
    matrix = _check_rows(argument, value)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{argument} has shape {matrix.shape} (limit: square)")
    if np.abs(matrix - matrix.T).max() > 1e-9 * np.abs(matrix).max():
        raise ValueError(f"{argument} is not symmetric")
    return matrix
