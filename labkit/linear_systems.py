"""Systems A x = b as the HHL circuit takes them: checked, under a clock, padded, with a reference.

Reference: Harrow, Hassidim and Lloyd 2009, Phys. Rev. Lett. 103, 150502.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.limits import (
    check_array,
    check_integer,
    check_positive,
    check_register,
    show_value,
)

#: An eigenvalue of so small a share of the largest is rounding: the matrix is singular.
_ROUNDING = 1e-12
#: A matrix is Hermitian if it differs from its adjoint by so small a share of its largest entry.
_HERMITIAN_WITHIN = 1e-9


@dataclass(frozen=True, eq=False)
class LinearSystem:
    """A checked system A x = b with the settings of a run of HHL.

    Attributes:
        matrix: A, (n, n), Hermitian.
        vector: b, (n,), of norm 1.
        eigenvalues: of A, (n,), ascending.
        eigenvectors: of A, one a column.
        clock_qubits: c; the clock has N = 2^c values.
        time: t of U = exp(+iAt).
        constant: C; the flag is turned to amplitude C / eigenvalue.
        signed: the upper half of the clock's values stands for negative eigenvalues.
    """

    matrix: npt.NDArray[Any]
    vector: npt.NDArray[Any]
    eigenvalues: FloatArray
    eigenvectors: npt.NDArray[Any]
    clock_qubits: int
    time: float
    constant: float
    signed: bool

    @property
    def clock_eigenvalues(self) -> FloatArray:
        """lambda(k) = 2 pi k / (N t), (N,); k - N instead of k from N/2 on, where signed."""
        n_values = 2**self.clock_qubits
        k = np.arange(n_values)
        k = np.where(self.signed & (2 * k >= n_values), k - n_values, k)
        return 2 * np.pi * k / (n_values * self.time)

    @property
    def flag_amplitudes(self) -> FloatArray:
        """C / lambda(k) clipped to ±1, (N,); 0 where lambda(k) is 0."""
        of_clock = self.clock_eigenvalues
        ratios = np.divide(
            self.constant, of_clock, out=np.zeros_like(of_clock), where=of_clock != 0
        )
        return np.clip(ratios, -1.0, 1.0)


def default_time(
    eigenvalues: npt.ArrayLike, *, clock_qubits: int, signed: bool = False, share: float = 1.0
) -> float:
    """The t at which the largest absolute eigenvalue is the clock's largest value.

    t = 2 pi k share / (N max |lambda|) with k = N - 1, or N/2 - 1 where signed. Whoever knows it
    knows an eigenvalue: of a matrix that was not diagonalised, a bound on the norm has to do.

    Args:
        eigenvalues: of A.
        clock_qubits: c, N = 2^c.
        signed: the upper half of the clock's values is negative.
        share: of the clock's range, which leaves room for eigenvalues that err.
    """
    n_values = 2 ** check_integer("clock_qubits", clock_qubits, minimum=2 if signed else 1)
    largest = float(np.abs(check_array("eigenvalues", eigenvalues)).max())
    return 2 * math.pi * share * (n_values // (1 + signed) - 1) / (n_values * largest)


def read_system(
    matrix: npt.ArrayLike,
    vector: npt.ArrayLike,
    *,
    clock_qubits: int,
    time: float | None = None,
    constant: float | None = None,
    signed: bool = False,
    share: float = 1.0,
) -> LinearSystem:
    """Checks the arguments of `hhl_filter`, and fills in what is None: `share` as `default_time`.

    Raises:
        TypeError: `signed` is neither True nor False.
        ValueError: `matrix` is not square, Hermitian and invertible, has negative eigenvalues and
            `signed` is False, or `vector` does not go with it or is 0.
        TooLargeError: as of `hhl_filter`.
    """
    a, b = _check_numbers("matrix", matrix), _check_numbers("vector", vector)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or not a.size:
        raise ValueError(f"matrix has shape {a.shape}; it must be (n, n)")
    if b.shape != a.shape[:1]:
        raise ValueError(f"vector has shape {b.shape}; it must be {a.shape[:1]}")
    largest = float(np.abs(a).max())
    if (skew := float(np.abs(a - a.conj().T).max())) > _HERMITIAN_WITHIN * largest:
        raise ValueError(f"matrix is not Hermitian: it differs from its adjoint by {skew:.3g}")
    if not (size := float(np.abs(b).max())) > 0:
        raise ValueError("vector holds zeros only (limit: a norm above 0)")
    if not isinstance(signed, bool | np.bool_):
        raise TypeError(f"signed={show_value(signed)} is neither True nor False")
    c = check_integer("clock_qubits", clock_qubits, minimum=2 if signed else 1)
    what = "the clock's values for each eigenvalue"
    check_register("clock_qubits", c, bytes_per_mask=32 * len(b), what=what)
    eigenvalues, eigenvectors = np.linalg.eigh(a)
    _check_spectrum(eigenvalues, signed)
    if time is None:
        time = default_time(eigenvalues, clock_qubits=c, signed=signed, share=share)
    if constant is None:
        constant = float(np.abs(eigenvalues).min())
    time, constant = check_positive("time", time), check_positive("constant", constant)
    unit = b / size / np.linalg.norm(b / size)  # b^2 may be beyond what a float holds
    return LinearSystem(a, unit, eigenvalues, eigenvectors, c, time, constant, bool(signed))


def _check_numbers(argument: str, value: npt.ArrayLike) -> npt.NDArray[Any]:
    """Finite numbers as float64, or as complex128 where they are complex."""
    array = np.asarray(value) if not isinstance(value, list | tuple) else _as_array(value)
    if array.dtype.kind != "c":
        return check_array(argument, value)
    return check_array(argument, array.real) + 1j * check_array(argument, array.imag)


def _as_array(value: Any) -> npt.NDArray[Any]:
    try:
        return np.asarray(value)
    except ValueError:  # rows of unequal length, of which check_array says so
        return np.empty(0)


def _check_spectrum(eigenvalues: FloatArray, signed: bool) -> None:
    """Refuses a singular matrix, and negative eigenvalues that no clock value stands for."""
    sizes = np.abs(eigenvalues)
    if not sizes.min() > _ROUNDING * sizes.max():
        shown = f"{sizes.min():.3g} of {sizes.max():.3g}"
        raise ValueError(f"matrix is singular: its smallest absolute eigenvalue is {shown}")
    if not signed and eigenvalues[0] < 0:
        what = f"matrix has the eigenvalue {eigenvalues[0]:.6g} and signed=False"
        raise ValueError(f"{what} (limit: above 0, or signed=True)")


# Systems made of others


def pad_system(system: LinearSystem, *, halves: int = 1) -> LinearSystem:
    """Each of the `halves` equal parts of the rows, filled up to a power of two.

    The new rows have A's largest eigenvalue on the diagonal and 0 in b: the solution stays.
    """
    n = len(system.vector) // halves
    rows = 2 ** max(1, (n - 1).bit_length())
    places = np.add.outer(rows * np.arange(halves), np.arange(n)).ravel()
    a = np.eye(halves * rows, dtype=system.matrix.dtype) * system.eigenvalues[-1]
    b = np.zeros(halves * rows, dtype=system.vector.dtype)
    a[np.ix_(places, places)], b[places] = system.matrix, system.vector
    return _same_settings(system, a, b)


def add_reference(system: LinearSystem, *, norm: float = 0.3) -> LinearSystem:
    """The system A (+) lambda_0 I, (b, norm / sqrt(n)): of its second half the solution is known.

    lambda_0 = lambda(N / 4), a value that the clock holds exactly. A Hadamard on the new, most
    significant qubit takes each solution w_j and the reference r to (w_j ± r) / sqrt(2), so that
    P(0, j) - P(1, j) is in proportion to w_j: shots, which tell w_j^2, now tell its sign too.

    Args:
        system: A and b, of 2 clock qubits or more.
        norm: of the reference; that of b is 1.
    """
    norm = check_positive("reference_norm", norm)
    c, n = check_integer("clock_qubits", system.clock_qubits, minimum=2), len(system.vector)
    known = np.eye(n) * system.clock_eigenvalues[2**c // 4]
    a = np.block([[system.matrix, np.zeros((n, n))], [np.zeros((n, n)), known]])
    b = np.concatenate([system.vector, np.full(n, norm / math.sqrt(n))])
    return _same_settings(system, a, b)


def _same_settings(
    system: LinearSystem, matrix: npt.NDArray[Any], vector: npt.NDArray[Any]
) -> LinearSystem:
    """Another system under the same clock; its vector is scaled to norm 1."""
    return read_system(
        matrix,
        vector,
        clock_qubits=system.clock_qubits,
        time=system.time,
        constant=system.constant,
        signed=system.signed,
    )
