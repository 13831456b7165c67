"""Two classes of points without noise, of radius 1: what separation is measured on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from labkit.arrays import FloatArray
from labkit.limits import check_count, check_finite, check_integer, check_rng
from labkit.masks import all_masks


class PointSet(NamedTuple):
    """Points and their labels.

    Attributes:
        points: float64 (samples, d).
        y: float64 (samples,), -1 and +1.
    """

    points: FloatArray
    y: FloatArray


def aligned_rings(n_points: int, n_rings: int = 3) -> PointSet:
    """Circles of radius 1/r, 2/r, ..., 1 with points at the same angles, labels in turn.

    Args:
        n_points: on all rings; what does not divide by their number is left out.
        n_rings: r, 2 or more.
    """
    n_rings = check_integer("n_rings", n_rings, minimum=2)
    each = _check_points(n_points, minimum=n_rings) // n_rings
    angles = 2 * np.pi * np.arange(each) / each
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    points = np.vstack([radius / n_rings * circle for radius in range(1, n_rings + 1)])
    return PointSet(points, np.repeat((-1.0) ** np.arange(1, n_rings + 1), each))


def spirals(n_points: int, turns: float = 1.25) -> PointSet:
    """Two spirals, one the other turned by half a circle: radius from 0.2 to 1 over some turns.

    Args:
        n_points: on both; an odd one is left out.
        turns: of each.
    """
    along = np.linspace(0, 1, _check_points(n_points, minimum=4) // 2)
    angles = 2 * np.pi * check_finite("turns", turns) * along
    one = (0.2 + 0.8 * along)[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    return PointSet(np.vstack([one, -one]), np.repeat([-1.0, 1.0], len(along)))


def half_moons(n_points: int) -> PointSet:
    """The two half circles of scikit-learn's moons, without noise, about 0.

    Args:
        n_points: on both; an odd one is left out.
    """
    angles = np.linspace(0, np.pi, _check_points(n_points, minimum=4) // 2)
    upper = np.column_stack([np.cos(angles) - 0.5, np.sin(angles) - 0.25])
    points = np.vstack([upper, -upper])
    points /= np.linalg.norm(points, axis=1).max()
    return PointSet(points, np.repeat([-1.0, 1.0], len(angles)))


def parity(dimension: int) -> PointSet:
    """The 2^d corners of a cube, the label of each the product of its signs."""
    d = check_integer("dimension", dimension, minimum=1)
    check_count("corners", 2**d, bytes_each=16 * d, what="the corners")
    corners = 1.0 - 2 * all_masks(d)
    return PointSet(corners / np.sqrt(d), corners.prod(axis=1))


def on_sphere(n_points: int, dimension: int, *, rng: np.random.Generator) -> PointSet:
    """Points drawn evenly on a sphere, with fair random labels."""
    d = check_integer("dimension", dimension, minimum=1)
    check_rng(rng)
    n_points = _check_points(n_points, minimum=1)
    check_count("n_points", n_points, bytes_each=24 * d, what="the points")
    drawn = rng.normal(size=(n_points, d))
    return PointSet(
        drawn / np.linalg.norm(drawn, axis=1, keepdims=True), rng.choice([-1.0, 1.0], size=n_points)
    )


def turned_into(points: FloatArray, dimension: int, *, rng: np.random.Generator) -> FloatArray:
    """Points (samples, d) in a subspace, drawn evenly, of as many dimensions as asked for."""
    dimension = check_integer("dimension", dimension, minimum=points.shape[1])
    check_count("dimension", dimension, bytes_each=8 * len(points), what="the points")
    frame, _ = np.linalg.qr(check_rng(rng).normal(size=(dimension, points.shape[1])))
    return np.asarray(points @ frame.T)


def _check_points(n_points: int, *, minimum: int) -> int:
    n_points = check_integer("n_points", n_points, minimum=minimum)
    check_count("n_points", n_points, bytes_each=128, what="the points")
    return n_points
