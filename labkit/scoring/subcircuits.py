"""The cost of every subcircuit of a random circuit: one mask bit for each gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.costs import CostTable
from labkit.limits import check_array, check_finite, check_register
from labkit.neighbours.rotations import (
    Gate,
    Pauli,
    States,
    build_pauli,
    check_gate,
    check_sample_angles,
    encode_samples,
    mask_signs,
)
from labkit.scoring.outputs import check_labels, cost_of_outputs

Rotation = tuple[Pauli, float]
#: Bytes that are worked on at a time.
_BLOCK_BYTES = 2**22
#: Up to so many amplitudes a matrix of the readout is turned back through the last gates.
_FEW_AMPLITUDES = 64


def score_subcircuits(
    gates: Sequence[Gate],
    angles: npt.ArrayLike,
    samples: npt.ArrayLike,
    y: npt.ArrayLike,
    readout: npt.ArrayLike,
    *,
    scale: float = 1.0,
) -> CostTable:
    """The cross-entropy of each subcircuit: gate g is exp(-i m_g angle_g P_g / 2).

    A mask bit of 0 sets its gate's angle to 0, which leaves the gate out. The output of a sample is
    f = scale * sum_j readout_j <Z_j> = <O>, the cost mean log(1 + exp(-y f)). A mask is cut in two,
    U_b U_a: f = <psi_a| O_b |psi_a> with psi_a = U_a psi and O_b = U_b^+ O U_b, so that neither
    states nor matrices are made for each of the 2^gates masks; of many qubits b is empty.

    Args:
        gates: ('x', (0,)), ('zz', (0, 1)), ...: letters x, y, z and as many qubits, the first gate
            first, which is bit 0 of a mask.
        angles: (gates,) radians.
        samples: (samples, n) radians: Ry(angle) |0> on each qubit, before all gates.
        y: (samples,) labels 0 and 1, or -1 and +1.
        readout: (n,) weights.
        scale: factor on the output.

    Raises:
        TooLargeError: the table, or the states of one sample, do not fit in memory.
    """
    sample_angles = check_sample_angles("samples", samples)
    n_samples, n = sample_angles.shape
    n_gates = check_register("gates", len(gates), bytes_per_mask=40, what="the cost table")
    radians = _check_vector("angles", angles, n_gates)
    diagonal = check_finite("scale", scale) * _check_vector("readout", readout, n) @ mask_signs(n)
    targets = check_labels(y, n_samples=n_samples, n_outputs=1)
    paulis = [build_pauli(check_gate(gate, n), n) for gate in gates]
    rotations = [*zip(paulis, radians.tolist(), strict=True)]
    last = min(n_gates, n_gates // 2 + 2) if 2**n <= _FEW_AMPLITUDES else 0
    first, total = rotations[: n_gates - last], np.zeros(2**n_gates)
    observables = _turn_back(np.diag(diagonal), rotations[len(first) :]) if last else None
    step = max(1, _BLOCK_BYTES // (16 * 4**n * 2 ** len(first)) if last else 1)
    for start in range(0, n_samples, step):
        block = slice(start, start + step)
        states = encode_samples(sample_angles[block])[np.newaxis]
        if observables is None:
            outputs = np.concatenate([*_evolved_outputs(states, first, diagonal)])
        else:
            outputs = _outputs(_branch(states, first), observables)
        costs = cost_of_outputs(outputs[..., np.newaxis], targets[block], cost="cross_entropy")
        total += costs * outputs.shape[1]
    return CostTable.owning(total / n_samples, n_gates)


def _branch(states: States, rotations: Sequence[Rotation]) -> States:
    """psi_a for each mask of the gates: (2^gates, samples, 2^n) of states (1, samples, 2^n)."""
    for pauli, angle in rotations:
        both = np.stack([states, pauli.rotate(states, angle)], axis=1)
        states = both.reshape(-1, *states.shape[1:])
    return states


def _turn_back(observable: FloatArray, rotations: Sequence[Rotation]) -> States:
    """O_b = U_b^+ O U_b for each mask of the gates: (2^gates, 2^n, 2^n), Hermitian."""
    turned = observable.astype(np.complex128)[np.newaxis]
    for pauli, angle in reversed(rotations):
        by_column = pauli.rotate(turned.swapaxes(1, 2), -angle)  # the transpose of R^+ O
        rotated = pauli.rotate(by_column.conj().swapaxes(1, 2), -angle).swapaxes(1, 2)
        turned = np.concatenate([turned, rotated])
    return turned


def _outputs(states: States, observables: States) -> FloatArray:
    """<psi_a|O_b|psi_a> of each mask (a, b): (masks, samples).

    As a product of real matrices: sum_ij O_ij* rho_ij with rho = |psi_a><psi_a|. Real parts are
    symmetric and imaginary parts antisymmetric, so that it is sum_ij r(O)_ij r(rho)_ij with
    r(M) = Re M + Im M.
    """
    real, imag = states.real, states.imag
    by_row, by_column = (part[..., np.newaxis] for part in (real, imag))
    rho = by_row * (real - imag)[..., np.newaxis, :] + by_column * (real + imag)[..., np.newaxis, :]
    columns = (observables.real + observables.imag).reshape(len(observables), -1)
    f = rho.reshape(-1, columns.shape[1]) @ columns.T
    f = f.reshape(*states.shape[:2], len(columns))
    return f.swapaxes(1, 2).reshape(-1, states.shape[1])


def _evolved_outputs(
    states: States, rotations: Sequence[Rotation], diagonal: FloatArray
) -> Iterator[FloatArray]:
    """<psi|O|psi> of states (1, samples, 2^n) under each mask of the gates: (masks, samples).

    As long as they do not all fit in a block, the masks without and with a gate come one after
    the other.
    """
    if rotations and states.nbytes * 2 ** len(rotations) > _BLOCK_BYTES:
        (pauli, angle), *rest = rotations
        for half in (states, pauli.rotate(states, angle)):
            yield from _evolved_outputs(half, rest, diagonal)
        return
    evolved = _branch(states, rotations)
    yield (evolved.real**2 + evolved.imag**2) @ diagonal


def _check_vector(argument: str, values: npt.ArrayLike, length: int) -> FloatArray:
    vector = check_array(argument, values)
    if vector.shape != (length,):
        raise ValueError(f"{argument} has shape {vector.shape}; it must be ({length},)")
    return vector
