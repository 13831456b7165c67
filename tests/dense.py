"""Grover's search as dense matrices: what circuits and simulators are held against."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


def uniform_state(n: int) -> Matrix:
    """|s>, (2^n,)."""
    return np.full(2**n, 1 / math.sqrt(2**n))


def oracle_matrix(n: int, marked: Iterable[int]) -> Matrix:
    """diag(±1), -1 at the marked indices."""
    diagonal = np.ones(2**n)
    diagonal[list(marked)] = -1
    return np.diag(diagonal)


def reflection_matrix(n: int) -> Matrix:
    """I - 2|s><s|."""
    return np.eye(2**n) - 2 * np.outer(uniform_state(n), uniform_state(n))


def grover_state(n: int, marked: Iterable[int], iterations: int) -> Matrix:
    """(-(I - 2|s><s|) O)^iterations |s>."""
    iterate = -reflection_matrix(n) @ oracle_matrix(n, marked)
    return np.linalg.matrix_power(iterate, iterations) @ uniform_state(n)
