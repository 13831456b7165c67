"""What repairs a mean that errors have moved; a mask that was not found it does not bring back."""

from __future__ import annotations

from collections.abc import Iterator

import cirq
import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.circuits.decompositions import small_operations
from labkit.limits import check_array, check_finite, check_integer, show_value
from labkit.simulators.readout import check_readout_error
from labkit.simulators.states import check_length


def correct_readout(
    probabilities: npt.ArrayLike,
    p_read_1_given_0: npt.ArrayLike,
    p_read_0_given_1: npt.ArrayLike,
) -> FloatArray:
    """The chances before the read-out, M^-1 p, M a product over qubits (see `misread`).

    Exact for exact probabilities. Of frequencies it makes an estimate whose mean is right and
    whose entries may lie below 0.

    Args:
        probabilities: (2^n,) as read, by mask index.
        p_read_1_given_0: 0..1, a number or (n,).
        p_read_0_given_1: the same.

    Raises:
        ValueError: a qubit is read the same whatever it holds: the two add up to 1.
    """
    found = check_array("probabilities", probabilities)
    check_length("probabilities", found)
    n = len(found).bit_length() - 1
    up = check_readout_error("p_read_1_given_0", p_read_1_given_0, n)
    down = check_readout_error("p_read_0_given_1", p_read_0_given_1, n)
    if (np.abs(1 - up - down) < 1e-9).any():
        j = int(np.abs(1 - up - down).argmin())
        given = f"p_read_1_given_0={up[j]} and p_read_0_given_1={down[j]} of qubit {j}"
        raise ValueError(f"{given} add up to 1: what was there is not to be seen")
    for j in range(n):
        inverse = np.array([[1 - down[j], -down[j]], [-up[j], 1 - up[j]]]) / (1 - up[j] - down[j])
        found = np.einsum("ab,ibk->iak", inverse, found.reshape(2**j, 2, -1)).ravel()
    return found


def fold_gates(circuit: cirq.AbstractCircuit, scale: int) -> cirq.Circuit:
    """The same unitary with `scale` times the two-qubit gates: G becomes G (G^-1 G)^((scale-1)/2).

    To be run as it is: what compiles a circuit for a machine leaves out what cancels.

    Args:
        circuit: without measurements or channels.
        scale: 1, 3, 5, ...

    Raises:
        ValueError: `scale` is even, or an operation has no inverse.

    Reference: Giurgica-Tiron et al. 2020, arXiv 2005.10921, section II.
    """
    if not isinstance(circuit, cirq.AbstractCircuit):
        raise TypeError(f"circuit={show_value(circuit)} is not a cirq.Circuit")
    scale = check_integer("scale", scale, minimum=1)
    if scale % 2 == 0:
        raise ValueError(f"scale={scale} is even (limit: 1, 3, 5, ...)")
    return cirq.Circuit(_folded(circuit, scale))


def _folded(circuit: cirq.AbstractCircuit, scale: int) -> Iterator[cirq.Operation]:
    for operation in small_operations(circuit):
        if cirq.inverse(operation, None) is None:
            raise ValueError(f"circuit holds {show_value(operation)}, which has no inverse")
        yield operation
        if len(operation.qubits) == 2:
            for _ in range(scale // 2):
                yield from (cirq.inverse(operation), operation)


def extrapolate_to_zero_noise(
    scales: npt.ArrayLike, values: npt.ArrayLike, *, asymptote: float
) -> float:
    """a + A of the exponential a + A exp(-b scale) nearest to the values: their limit at scale 0.

    A straight line through log |value - a|. The mean cost of all masks is the right asymptote for
    a QAOA circuit: what errors lead to is the uniform mixture.

    Args:
        scales: (k,), k >= 2, by how much the errors were multiplied, as by `fold_gates`.
        values: (k,), the mean cost at each.
        asymptote: a.

    Raises:
        ValueError: the values lie on both sides of the asymptote, or on it; two scales are equal.

    Reference: Endo, Benjamin, Li 2018, arXiv 1712.09271, section III.
    """
    x, y = check_array("scales", scales), check_array("values", values)
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2:
        raise ValueError(f"scales has shape {x.shape}, values {y.shape}; both must be (2 or more,)")
    if (x <= 0).any() or len({*x.tolist()}) < len(x):
        raise ValueError(f"scales={show_value(scales)} are not different and above 0")
    away = y - check_finite("asymptote", asymptote)
    if not ((away > 0).all() or (away < 0).all()):
        raise ValueError(f"values lie on both sides of asymptote={asymptote}, or on it")
    _, log_gain = np.polyfit(x, np.log(np.abs(away)), 1)
    return float(asymptote + np.sign(away[0]) * np.exp(log_gain))
