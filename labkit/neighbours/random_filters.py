"""Random filters of series as a random network: a mask keeps some, a read-out of ±a adds them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.limits import check_array, check_count, check_integer, repr_line
from labkit.masks import check_one_mask
from labkit.networks.base import measure_units


def slide_filters(
    series: npt.ArrayLike, filters: npt.ArrayLike, biases: npt.ArrayLike, *, stride: int = 1
) -> FloatArray:
    """Activations relu(sum_u w_u x_(stride t + u) + b), 'valid' and not flipped, as of Conv1D.

    Args:
        series: float (series, length).
        filters: float (n, k), k up to length.
        biases: float (n,).
        stride: steps from one place to the next, 1 or more.

    Returns:
        float64 (series, n, places), places = (length - k) // stride + 1.

    Raises:
        ValueError: sizes do not fit, or a value is not finite.
        TooLargeError: the activations do not fit in memory.
    """
    x, w, b = (check_array(name, of) for name, of in
               (("series", series), ("filters", filters), ("biases", biases)))  # fmt: skip
    step = check_integer("stride", stride, minimum=1)
    if w.ndim != 2 or b.shape != w.shape[:1] or not w.size:
        raise ValueError(f"filters has shape {w.shape}, biases {b.shape} (limit: (n, k) and (n,))")
    if x.ndim != 2 or x.shape[1] < w.shape[1]:
        raise ValueError(f"series has shape {x.shape} (limit: (series, {w.shape[1]} or more))")
    check_count("series", len(x), bytes_each=24 * x.shape[1] * len(w), what="activations")
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[1], axis=1)[:, ::step]
    return np.maximum(np.moveaxis(windows @ w.T + b, 1, 2), 0)


@dataclass(frozen=True, eq=False, repr=False)
class RandomFilters:
    """A random network of series whose hidden units are h_j = relu(max_t (w_j * x + b_j)).

    f_m(x) = sum_j m_j a_j (h_j - mean_j) / std_j: with `contributions` it has a cost table, and so
    every selector applies.

    Attributes:
        filters: float (n, k).
        biases: float (n,).
        readout: a_j, float (n,).
        mean: float64 (n,), of the training series; None before `adapted`, and then each call of
            `contributions` standardises over the series that it is given.
        inverse_std: float64 (n,), 1 / standard deviation, 0 for a constant filter.
        stride: steps from one place to the next.
    """

    filters: FloatArray
    biases: FloatArray
    readout: FloatArray
    mean: FloatArray | None = None
    inverse_std: FloatArray | None = None
    stride: int = 1

    def __post_init__(self) -> None:
        n = np.shape(self.filters)[:1]
        for name, of in (("biases", self.biases), ("readout", self.readout)):
            if np.shape(of) != n:
                raise ValueError(f"{name} has shape {np.shape(of)} (limit: {n}, one a filter)")

    @property
    def n_filters(self) -> int:
        """Number of filters, one mask bit each."""
        return len(self.filters)

    def features(self, x: npt.ArrayLike) -> FloatArray:
        """h_j, float64 (series, n), of z-scored series (series, length)."""
        return slide_filters(x, self.filters, self.biases, stride=self.stride).max(axis=2)

    def adapted(self, x: npt.ArrayLike) -> RandomFilters:
        """The same filters with the statistics of training series (series, length)."""
        size = np.abs(checked := check_array("x", x)).max(initial=0)
        if not checked.size:
            raise ValueError(f"x has shape {checked.shape} (limit: 1 series or more)")
        largest = np.abs(self.filters).sum(axis=1) * size + np.abs(self.biases)
        mean, inverse_std = measure_units(self.features(x), largest)
        return replace(self, mean=mean, inverse_std=inverse_std)

    def standardised(self, x: npt.ArrayLike) -> FloatArray:
        """(h_j - mean_j) / std_j, float64 (series, n)."""
        if self.mean is None or self.inverse_std is None:
            return self.adapted(x).standardised(x)
        return (self.features(x) - self.mean) * self.inverse_std

    def contributions(self, x: npt.ArrayLike) -> FloatArray:
        """a_j (h_j - mean_j) / std_j, float64 (series, n, 1)."""
        return (self.readout * self.standardised(x))[:, :, np.newaxis]

    def outputs(self, x: npt.ArrayLike, neuron_mask: npt.ArrayLike) -> FloatArray:
        """f_m(x), float64 (series, 1), for one mask."""
        mask: BoolArray = check_one_mask(neuron_mask, self.n_filters)
        return self.contributions(x)[:, mask].sum(axis=1)

    def __repr__(self) -> str:
        n, k = np.shape(self.filters)
        return repr_line(self, n_filters=n, kernel_size=k, stride=self.stride)


def sample_filters(
    n_filters: int, kernel_size: int, *, seed: int, stride: int = 1
) -> RandomFilters:
    """Draws random filters: w ~ N(0, 1/k), b even on -1 to 1, a_j = ±sqrt(2/n) at random.

    Args:
        n_filters: n, 1 or more.
        kernel_size: k, 1 or more.
        seed: of the random generator, 0 or more.
        stride: steps from one place to the next.
    """
    n = check_integer("n_filters", n_filters, minimum=1)
    k = check_integer("kernel_size", kernel_size, minimum=1)
    step = check_integer("stride", stride, minimum=1)
    check_count("kernel_size", k, bytes_each=16, what="the filters")
    check_count("n_filters", n, bytes_each=16 * k, what="the filters")
    rng = np.random.default_rng([check_integer("seed", seed, minimum=0), 2600])
    filters = rng.normal(size=(n, k)) / np.sqrt(k)
    biases = rng.uniform(-1, 1, n)
    readout = rng.choice([-1.0, 1.0], n) * np.sqrt(2 / n)
    return RandomFilters(filters, biases, readout, stride=step)
