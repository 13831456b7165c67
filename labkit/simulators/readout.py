"""What is read of a register whose readings err, qubit by qubit."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.limits import check_array, show_value
from labkit.simulators.states import check_length


def misread(
    probabilities: npt.ArrayLike,
    p_read_1_given_0: npt.ArrayLike,
    p_read_0_given_1: npt.ArrayLike,
) -> FloatArray:
    """What is read of masks with given probabilities (2^n,): M p, M a product over qubits.

    M_j = [[1 - p_read_1_given_0, p_read_0_given_1], [p_read_1_given_0, 1 - p_read_0_given_1]]; its
    columns are what was there.

    Args:
        probabilities: (2^n,) by mask index.
        p_read_1_given_0: 0..1, a number or (n,).
        p_read_0_given_1: the same.
    """
    read = check_array("probabilities", probabilities)
    check_length("probabilities", read)
    n = len(read).bit_length() - 1
    up = check_readout_error("p_read_1_given_0", p_read_1_given_0, n)
    down = check_readout_error("p_read_0_given_1", p_read_0_given_1, n)
    for j in range(n):
        confusion = np.array([[1 - up[j], down[j]], [up[j], 1 - down[j]]])
        read = np.einsum("ab,ibk->iak", confusion, read.reshape(2**j, 2, -1)).ravel()
    return read


def check_readings(readout_error: Any, n: int) -> list[FloatArray]:
    """P(read 1 | 0) and P(read 0 | 1), (n,) each, of a pair or one number for both."""
    if isinstance(readout_error, numbers.Real):
        readout_error = readout_error, readout_error
    try:
        up, down = readout_error
    except (TypeError, ValueError):
        given = f"readout_error={show_value(readout_error)}"
        raise ValueError(f"{given} is not one number, or two of P(read 1|0), P(read 0|1)") from None
    return [check_readout_error("readout_error", error, n) for error in (up, down)]


def check_readout_error(argument: str, error: npt.ArrayLike, n: int) -> FloatArray:
    """One probability for each of n qubits, (n,), from one number or n."""
    errors = check_array(argument, error)
    if errors.shape not in ((), (n,)):
        raise ValueError(f"{argument} has shape {errors.shape}; it must be () or ({n},)")
    if not ((errors >= 0) & (errors <= 1)).all():
        raise ValueError(f"{argument}={show_value(error)} is not in 0..1")
    return np.broadcast_to(errors.ravel(), n)
