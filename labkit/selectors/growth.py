"""How many calls a search makes until it meets the optimum, and how they grow with n."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray, IntArray
from labkit.costs import CostTable, equal_within
from labkit.limits import check_array, check_count, check_rng
from labkit.selectors.running import Selector, run

_RESAMPLES = 2000


def queries_to_optimum(
    selector: Selector, tables: Iterable[CostTable], *, rng: np.random.Generator, **options: Any
) -> IntArray:
    """How many cost queries a selector makes until it meets an optimum: int64 (tables,).

    Args:
        selector: one that goes on until it is stopped, or long enough by its options.
        tables: one run for each.
        rng: source of all randomness.
        **options: the selector's own.

    Raises:
        RuntimeError: a run ended without meeting an optimum.
    """
    return _counts_to_optimum("cost_queries", selector, tables, rng=rng, **options)


def oracle_calls_to_optimum(
    selector: Selector, tables: Iterable[CostTable], *, rng: np.random.Generator, **options: Any
) -> IntArray:
    """How many oracle calls a selector makes until it meets an optimum: int64 (tables,).

    Arguments and errors are those of `queries_to_optimum`.
    """
    return _counts_to_optimum("oracle_calls", selector, tables, rng=rng, **options)


def _counts_to_optimum(
    counted: str, selector: Selector, tables: Iterable[CostTable], **options: Any
) -> IntArray:
    counts = []
    for table in tables:
        found = run(selector, table, target_cost=table.minimum, **options)
        if found.cost > table.minimum + equal_within(table, table.minimum):
            raise RuntimeError(f"selector {found.selector} ended at {found.cost}, no optimum")
        counts.append(getattr(found.ledger, counted))
    return np.array(counts)


@dataclass(frozen=True)
class Growth:
    """mean calls = prefactor * 2^(exponent * n), as fitted to counted calls.

    Attributes:
        exponent: per neuron: 1/2 where calls grow as sqrt(2^n), 1 where they grow as 2^n.
        low: the lower end of the exponent's 95% confidence interval.
        high: its upper end.
        prefactor: the mean calls that the fit gives at n = 0.
    """

    exponent: float
    low: float
    high: float
    prefactor: float


def fit_growth(
    n_neurons: npt.ArrayLike, calls: npt.ArrayLike, *, rng: np.random.Generator
) -> Growth:
    """Fits log2(mean calls) = log2(prefactor) + exponent * n by least squares.

    The interval holds the middle 95% of the exponents fitted to 2,000 bootstrap samples, in
    which the runs of each n are drawn anew with replacement. The runs must be independent.

    Args:
        n_neurons: (sizes,), at least two different ones.
        calls: (sizes, runs), of each run at each size; their mean at a size is above 0.
        rng: source of the bootstrap samples.

    Reference: Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.
    """
    check_rng(rng)
    sizes, counted = check_array("n_neurons", n_neurons), check_array("calls", calls)
    _check_shapes(sizes, counted)
    means = [rng.choice(row, (_RESAMPLES, len(row))).mean(axis=1) for row in counted]
    resampled = np.maximum(means, np.finfo(float).tiny)
    exponents, _ = np.polyfit(sizes, np.log2(resampled), 1)
    low, high = np.quantile(exponents, [0.025, 0.975])
    exponent, intercept = np.polyfit(sizes, np.log2(counted.mean(axis=1)), 1)
    return Growth(float(exponent), float(low), float(high), float(2**intercept))


def _check_shapes(sizes: FloatArray, counted: FloatArray) -> None:
    if sizes.ndim != 1 or len(np.unique(sizes)) < 2:
        raise ValueError(f"n_neurons={sizes.tolist()} holds too few sizes (limit: 2 or more)")
    if counted.ndim != 2 or len(counted) != len(sizes) or not counted.shape[1]:
        raise ValueError(f"calls has shape {counted.shape}; it must be ({len(sizes)}, runs)")
    if counted.min() < 0 or counted.mean(axis=1).min() <= 0:
        raise ValueError("calls holds a size with no calls, or calls below 0 (limit: above 0)")
    check_count("runs", counted.shape[1], bytes_each=16 * _RESAMPLES, what="bootstrap samples")
