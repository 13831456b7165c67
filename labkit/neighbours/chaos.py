"""Series of two maps, chaotic or not: exponents, least periods, and a task of both kinds.

A large kernel against small ones on such series: Boulle et al. 2019, arXiv 1908.06848; the
periods of activations: arXiv 2306.02300, of which we have the abstract. Sizes of networks and how
a period is told are our reading.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.datasets import Task
from labkit.limits import (
    check_array,
    check_choice,
    check_count,
    check_integer,
    check_number,
    check_rng,
    show_value,
)

#: The maps, and from where to where the parameters of a task's series lie.
MAPS = {"logistic": (3.5, 4.0), "sine_circle": (0.0, 3.0)}
#: Steps before a series begins.
SETTLING = 1000
#: Turn of the sine-circle map at each step, and a series' least deviation that is told from none.
_TURN, _LEAST_DEVIATION = 0.606661, 1e-3
#: Series of the training, validation and test splits of a task.
_SIZES = (500, 200, 500)
#: An exponent that orbits place nearer to 0 is not told from 0: such parameters are not drawn.
_UNSURE = 0.005
_TINY = float(np.finfo(np.float64).tiny)


def iterate_map(
    name: str, parameter: npt.ArrayLike, length: int, *, rng: np.random.Generator
) -> FloatArray:
    """An orbit of a map, from a random start and after `SETTLING` steps.

    logistic: x -> r x (1 - x). sine_circle: x -> x + 0.606661 - k / (2 pi) sin(2 pi x) mod 1.

    Args:
        name: of `MAPS`.
        parameter: r, 0 to 4, or k, 0 or more; or several (series,).
        length: steps that are kept, 1 or more.
        rng: of the start, even on 0 to 1.

    Returns:
        float64 (length,), or (series, length).

    Raises:
        ValueError: an argument is out of range.
        TooLargeError: the series do not fit in memory.
    """
    values = _check_parameter(name, parameter)
    steps = check_integer("length", length, minimum=1)
    check_count("length", steps, bytes_each=8 * max(values.size, 1), what="the series")
    x = check_rng(rng).random(values.shape)
    orbit = np.empty((steps, *values.shape))
    for t in range(-SETTLING, steps):
        x = _step(name, values, x)
        if t >= 0:
            orbit[t] = x
    return np.ascontiguousarray(np.moveaxis(orbit, 0, -1))


def lyapunov_exponent(
    name: str,
    parameter: npt.ArrayLike,
    *,
    steps: int = 20_000,
    rng: np.random.Generator | None = None,
) -> FloatArray:
    """The exponent lambda = mean_t log |f'(x_t)| of a map: above 0, neighbours part.

    |f'| is |r (1 - 2x)| or |1 - k cos 2 pi x|; a slope of 0 counts as the least number above 0.

    Args:
        name: of `MAPS`.
        parameter: a number or several, as of `iterate_map`.
        steps: of the orbit, 1 or more.
        rng: of the start; None for one that is the same each time.

    Returns:
        float64, natural logarithm for each step, of the shape of `parameter`.
    """
    values = _check_parameter(name, parameter)
    count = check_integer("steps", steps, minimum=1)
    start = np.random.default_rng(0) if rng is None else check_rng(rng)
    x, total = start.random(values.shape), np.zeros(values.shape)
    for t in range(-SETTLING, count):
        if t >= 0:
            total += np.log(np.maximum(np.abs(_slope(name, values, x)), _TINY))
        x = _step(name, values, x)
    return np.asarray(total / count)


def least_period(series: npt.ArrayLike, *, tolerance: float, longest: int) -> int | IntArray:
    """The least p with |x_(t + p) - x_t| <= tolerance for all t; 0 if none is up to `longest`.

    Args:
        series: float (length,), or several (series, length).
        tolerance: in the unit of the series, 0 or more. Not relative: the digits of a rounded
            constant would have periods of their own.
        longest: period that is looked for, 1 to length - 1.

    Returns:
        A number, or int64 (series,). A constant has period 1.
    """
    x = check_array("series", series)
    if x.ndim not in (1, 2) or x.shape[-1] < 2:
        limit = "(length,) or (series, length), length of 2 or more"
        raise ValueError(f"series has shape {x.shape} (limit: {limit})")
    within = check_number("tolerance", tolerance)
    if within < 0:
        raise ValueError(f"tolerance={show_value(tolerance)} is negative (limit: 0 or more)")
    most = check_integer("longest", longest, minimum=1, maximum=x.shape[-1] - 1)
    found = np.zeros(x.shape[:-1], dtype=np.int64)
    for p in range(most, 0, -1):
        found[np.abs(x[..., p:] - x[..., :-p]).max(axis=-1) <= within] = p
    return int(found) if x.ndim == 1 else found


def z_score(series: npt.ArrayLike) -> FloatArray:
    """Each series less its mean, over its standard deviation + 0.001; (..., length)."""
    x = check_array("series", series)
    if x.ndim == 0 or not x.size:
        raise ValueError(f"series has shape {x.shape} (limit: (..., length), not empty)")
    deviation = x.std(axis=-1, keepdims=True) + _LEAST_DEVIATION
    return np.asarray((x - x.mean(axis=-1, keepdims=True)) / deviation)


@cache
def load_series_task(name: str = "logistic", *, length: int = 160, seed: int = 0) -> Task:
    """Series of a map, half of them chaotic: which?

    Parameters are drawn evenly between the limits in `MAPS`; of those that give an exponent above
    0 and of those below 0 equally many are kept. Each series is z-scored by itself.

    Args:
        name: of `MAPS`.
        length: of each series, 2 or more.
        seed: of parameters and starts, 0 or more.

    Returns:
        Label 1 is chaotic; 500, 200 and 500 series, the features float32 (series, length).
    """
    check_choice("name", name, tuple(MAPS))
    check_integer("length", length, minimum=2)
    rng = np.random.default_rng([check_integer("seed", seed, minimum=0), 26])
    total = sum(_SIZES)
    drawn = rng.uniform(*MAPS[name], 12 * total)
    exponents = lyapunov_exponent(name, drawn, steps=2000, rng=rng)
    kept = [np.flatnonzero(of)[: total // 2] for of in (exponents < -_UNSURE, exponents > _UNSURE)]
    at = np.stack(kept, axis=1).ravel()
    x = z_score(iterate_map(name, drawn[at], length, rng=rng)).astype(np.float32)
    y = np.tile(np.arange(2), total // 2)
    splits = np.split(np.arange(total), np.cumsum(_SIZES)[:2])
    arrays = {
        f"{part}_{split}": of[rows]
        for split, rows in zip(("train", "validation", "test"), splits, strict=True)
        for part, of in (("x", x), ("y", y))
    }
    return Task(
        name=f"{name} series",
        **arrays,
        n_classes=2,
        source=f"labkit.neighbours.chaos, seed {seed}",
        licence="made here: none is needed",
        class_names=("regular", "chaotic"),
        notes=("each series is z-scored by itself",),
    )


def has_no_period(
    series: npt.ArrayLike, *, tolerance: float = 0.01, longest: int = 64
) -> BoolArray:
    """The rule of one line: chaotic is what has no period up to `longest`; bool (series,)."""
    return np.asarray(least_period(series, tolerance=tolerance, longest=longest)) == 0


def growth_of_neighbours(series: npt.ArrayLike, *, apart: int = 1) -> FloatArray:
    """An exponent from a series alone: the mean log growth of the gap between neighbours.

    For each t the nearest x_s, s at least `apart` steps away; log(|x_(s+1) - x_(t+1)| over
    |x_s - x_t|), both at least 1e-6, in the mean over t.

    Args:
        series: float (series, length), z-scored; length of 3 or more.
        apart: steps, 1 to (length - 1) / 2: beyond, some x_t would have no neighbour.

    Returns:
        float64 (series,).
    """
    x = check_array("series", series)
    if x.ndim != 2 or x.shape[1] < 3:
        raise ValueError(f"series has shape {x.shape} (limit: (series, 3 or more))")
    n = x.shape[1] - 1
    least = check_integer("apart", apart, minimum=1, maximum=n // 2)
    near = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) < least
    found = []
    for row in x:
        gaps = np.abs(row[:-1, None] - row[None, :-1])
        at = np.where(near, np.inf, gaps).argmin(axis=1)
        before, after = gaps[np.arange(n), at], np.abs(row[1:] - row[1 + at])
        found.append(np.log(np.maximum(after, 1e-6) / np.maximum(before, 1e-6)).mean())
    return np.array(found)


def _check_parameter(name: str, parameter: npt.ArrayLike) -> FloatArray:
    check_choice("name", name, tuple(MAPS))
    values = check_array("parameter", parameter)
    largest = 4.0 if name == "logistic" else np.inf
    if values.size and not (values.min() >= 0 and values.max() <= largest):
        limit = "0 to 4" if name == "logistic" else "0 or more"
        raise ValueError(f"parameter={show_value(parameter)} is out of range (limit: {limit})")
    return values


def _step(name: str, parameter: FloatArray, x: FloatArray) -> FloatArray:
    if name == "logistic":
        return parameter * x * (1 - x)
    return (x + _TURN - parameter / (2 * np.pi) * np.sin(2 * np.pi * x)) % 1


def _slope(name: str, parameter: FloatArray, x: FloatArray) -> FloatArray:
    if name == "logistic":
        return parameter * (1 - 2 * x)
    return 1 - parameter * np.cos(2 * np.pi * x)
