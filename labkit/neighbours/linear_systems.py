"""HHL in formulas: what phase estimation leaves of a linear system's solution, and its signs.

Reference: Harrow, Hassidim and Lloyd 2009, Phys. Rev. Lett. 103, 150502. That it guides a search
for binary weights is our reading of arXiv 2210.12707, of which we know the abstract.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.limits import check_array, check_finite, show_value
from labkit.linear_systems import LinearSystem, add_reference, read_system


class Filtered(NamedTuple):
    """What is left where the flag reads 1 and the clock 0.

    Attributes:
        vector: (n,), in proportion to the solution as far as the clock tells eigenvalues apart; of
            squared norm `success`.
        success: probability of flag 1 and clock 0.
        flag_probability: of flag 1, whatever the clock reads.
    """

    vector: npt.NDArray[Any]
    success: float
    flag_probability: float


def hhl_filter(
    matrix: npt.ArrayLike,
    vector: npt.ArrayLike,
    *,
    clock_qubits: int,
    time: float | None = None,
    constant: float | None = None,
    signed: bool = False,
) -> Filtered:
    """What the HHL circuit leaves of b = sum_j beta_j u_j, without the circuit.

        x = sum_j beta_j sum_k |alpha_k(lambda_j)|^2 C / lambda(k) u_j,
        |alpha_k(lambda)|^2 = [sin(pi N d) / (N sin(pi d))]^2,  d = lambda t / (2 pi) - k / N.

    The eigenvectors u_j come from `numpy.linalg.eigh`: this checks the circuit, it is no way to
    solve a system. Any n is taken: the circuit's padding has no part of b, and changes nothing.

    Args:
        matrix: A, (n, n), Hermitian, not singular.
        vector: b, (n,), not 0; its norm does not matter.
        clock_qubits: c, at least 1, and 2 where signed; N = 2^c.
        time: t, by default `labkit.linear_systems.default_time`.
        constant: C, by default the smallest absolute eigenvalue.
        signed: A may have negative eigenvalues.

    Raises:
        ValueError: the system is none of these.
        TooLargeError: N values for each of n eigenvalues do not fit in memory.
    """
    system = read_system(
        matrix, vector, clock_qubits=clock_qubits, time=time, constant=constant, signed=signed
    )
    return _filter(system)


def clock_state(
    matrix: npt.ArrayLike,
    vector: npt.ArrayLike,
    *,
    clock_qubits: int,
    time: float | None = None,
    constant: float | None = None,
    signed: bool = False,
) -> npt.NDArray[np.complex128]:
    """What clock and data hold between phase estimation and its way back, (N, n).

    sum_j beta_j |alpha(lambda_j)> u_j, alpha_k = e^(i pi (N - 1) d) sin(pi N d) / (N sin(pi d)).
    The flag only adds a bit to the clock's side: the entropy of clock against data is this state's.

    Args:
        matrix: as in `hhl_filter`, with the arguments that follow.
        vector: b.
        clock_qubits: c.
        time: t.
        constant: C, of which nothing depends here.
        signed: A may have negative eigenvalues.
    """
    system = read_system(
        matrix, vector, clock_qubits=clock_qubits, time=time, constant=constant, signed=signed
    )
    d, n_values = _distances(system), 2**system.clock_qubits
    alpha = np.exp(1j * np.pi * (n_values - 1) * d) * np.sinc(n_values * d) / np.sinc(d)
    beta = system.eigenvectors.conj().T @ system.vector
    held: npt.NDArray[np.complex128] = (alpha.T * beta) @ system.eigenvectors.T
    return held


def _filter(system: LinearSystem) -> Filtered:
    weights = _clock_weights(system)
    beta = system.eigenvectors.conj().T @ system.vector
    left = system.eigenvectors @ (beta * (weights @ system.flag_amplitudes))
    flagged = np.abs(beta) ** 2 @ (weights @ system.flag_amplitudes**2)
    return Filtered(left, float(np.linalg.norm(left) ** 2), float(flagged))


def _clock_weights(system: LinearSystem) -> FloatArray:
    """|alpha_k(lambda_j)|^2, (n, N): how phase estimation spreads each eigenvalue."""
    d = _distances(system)
    weights: FloatArray = (np.sinc(2**system.clock_qubits * d) / np.sinc(d)) ** 2
    return weights


def _distances(system: LinearSystem) -> FloatArray:
    """d = lambda_j t / (2 pi) - k / N, (n, N), moved by whole turns to -1/2..1/2."""
    turns = system.eigenvalues * system.time / (2 * np.pi)
    n_values = 2**system.clock_qubits
    d = np.subtract.outer(turns, np.arange(n_values) / n_values)
    return d - np.round(d)


class SignReadout(NamedTuple):
    """What a run with a reference reads.

    Attributes:
        probabilities: (2n,), P(0, j) and then P(1, j), of the runs that are kept.
        success: probability that a run is kept: flag 1 and clock 0.
    """

    probabilities: FloatArray
    success: float

    @property
    def difference(self) -> FloatArray:
        """P(0, j) - P(1, j), (n,), which has the sign of w_j."""
        of_zero, of_one = np.split(self.probabilities, 2)
        return of_zero - of_one


def sign_readout(
    matrix: npt.ArrayLike,
    vector: npt.ArrayLike,
    *,
    clock_qubits: int,
    time: float | None = None,
    constant: float | None = None,
    signed: bool = False,
    reference_norm: float = 0.3,
) -> SignReadout:
    """The probabilities that the circuit with a reference has, without the circuit.

    Args:
        matrix: as in `hhl_filter`, with the arguments that follow; at least 2 clock qubits.
        vector: b.
        clock_qubits: c.
        time: t; the default is that of A alone, see `add_reference` for lambda_0.
        constant: C.
        signed: A may have negative eigenvalues.
        reference_norm: of the reference; that of b is 1.
    """
    system = read_system(
        matrix, vector, clock_qubits=clock_qubits, time=time, constant=constant, signed=signed
    )
    left, success, _ = _filter(add_reference(system, norm=reference_norm))
    solution, reference = np.split(left, 2)
    amplitudes = np.concatenate([solution + reference, solution - reference])
    return SignReadout(np.abs(amplitudes) ** 2 / (2 * success), success)


def signs_from_counts(counts: npt.ArrayLike) -> FloatArray:
    """(k(0, j) - k(1, j)) / sum k, (n,), from the counts (2n,) of the runs that were kept.

    Its signs are those of the solution, wrong where the difference is lost among the shots: its
    spread is about 1 / sqrt(sum k).

    Raises:
        ValueError: `counts` are no pairs, some are negative, or no run was kept.
    """
    kept = check_array("counts", counts)
    if kept.ndim != 1 or len(kept) % 2 or not len(kept):
        raise ValueError(f"counts has shape {kept.shape}; it must be (2n,)")
    if kept.min() < 0 or not kept.sum() > 0:
        raise ValueError("counts holds no run that was kept (limit: 1 or more, none below 0)")
    of_zero, of_one = np.split(kept, 2)
    difference: FloatArray = (of_zero - of_one) / kept.sum()
    return difference


def normal_equations(
    features: npt.ArrayLike, y: npt.ArrayLike, *, ridge: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """G + ridge I and b of the least squares of w . x against y: G = X^T X / m, b = X^T y / m.

    Args:
        features: X, (samples, n).
        y: labels -1 and +1, (samples,).
        ridge: added to G's diagonal, 0 or more.
    """
    x, targets = check_array("features", features), check_array("y", y)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"features has shape {x.shape}; it must be (samples, n)")
    if targets.shape != x.shape[:1] or (np.abs(targets) != 1).any():
        raise ValueError(f"y={show_value(y)} is not of labels -1 and +1 of {len(x)} samples")
    if (ridge := check_finite("ridge", ridge)) < 0:
        raise ValueError(f"ridge={ridge} is too small (limit: 0 or more)")
    return x.T @ x / len(x) + ridge * np.eye(x.shape[1]), x.T @ targets / len(x)
