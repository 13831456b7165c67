"""A circuit as the input layer of a network: a sample is rotated in, then layers as QAOA's.

Reference: arXiv 2303.05860, of which we know abstract and introduction: these layers are our
reading. Liao, Hsieh, Ferrie 2021, arXiv 2103.17047 (a cost function in relative phases).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cirq
import numpy as np
import numpy.typing as npt

from labkit.ansatz import Edge, check_edges
from labkit.circuits.qaoa import rotate_parity, side_by_side
from labkit.limits import check_array


def encode_sample(qubits: Sequence[cirq.Qid], x: Any) -> cirq.Circuit:
    """Ry(x_j + pi/2) on qubit j, from |0>: then <X_j> = cos x_j and <Z_j> = -sin x_j.

    Ry(x_j) alone would give <Z_j> = cos x_j, the same for x and -x. A sample of zeros is QAOA's
    uniform start.

    Args:
        qubits: one for each feature.
        x: (n,) radians, numbers or `sympy` symbols.
    """
    features = _check_row("x", x, len(qubits))
    return cirq.Circuit(cirq.ry(v + np.pi / 2)(q) for q, v in zip(qubits, features, strict=True))


def variational_layers(
    qubits: Sequence[cirq.Qid],
    couplings: npt.ArrayLike,
    fields: npt.ArrayLike,
    mixers: npt.ArrayLike,
    *,
    pairs: Sequence[Edge] | None = None,
) -> cirq.Circuit:
    """prod_l exp(-i/2 sum_j c_lj X_j) exp(-i/2 (sum_e a_le Z Z + sum_j b_lj Z_j)), layer 1 first.

    With a = 2 gamma J, b = 2 gamma h and c = -2 beta a layer is one of QAOA for the cost
    sum_e J_e ZZ + sum_j h_j Z_j.

    Args:
        qubits: n.
        couplings: a, (layers, pairs) radians, numbers or `sympy` symbols, as are all others.
        fields: b, (layers, n).
        mixers: c, (layers, n).
        pairs: that are coupled; by default (j, j + 1 mod n), of two qubits the one pair.

    Raises:
        ValueError: a pair is not of two of the qubits, the three have not the same number of
            layers, or not one angle for each pair and qubit.
    """
    coupled = check_edges(pairs, len(qubits))
    shapes = {"couplings": len(coupled), "fields": len(qubits), "mixers": len(qubits)}
    given = dict(zip(shapes, (couplings, fields, mixers), strict=True))
    rows = {name: _check_table(name, given[name], width) for name, width in shapes.items()}
    layers = {name: len(table) for name, table in rows.items()}
    if len({*layers.values()}) > 1:
        said = ", ".join(f"{name} has {count}" for name, count in layers.items())
        raise ValueError(f"{said} layers; all must have the same number")
    circuit = cirq.Circuit()
    for a, b, c in zip(*rows.values(), strict=True):
        terms = [*zip(coupled, a, strict=True), *(((j,), b[j]) for j in range(len(qubits)))]
        for members, angle in side_by_side(terms):
            circuit.append(rotate_parity([qubits[j] for j in members], angle / 2))
        circuit.append(cirq.rx(angle)(q) for q, angle in zip(qubits, c, strict=True))
    return circuit


def _check_table(argument: str, angles: Any, width: int) -> list[Any]:
    """Rows of `width` angles, one for each layer."""
    table = _as_angles(argument, angles)
    if table.size == 0 and table.ndim == 1:  # no layers
        return []
    if table.ndim != 2 or table.shape[1] != width:
        raise ValueError(f"{argument} has shape {table.shape}; it must be (layers, {width})")
    return [*table]


def _check_row(argument: str, angles: Any, length: int) -> npt.NDArray[Any]:
    row = _as_angles(argument, angles)
    if row.shape != (length,):
        raise ValueError(f"{argument} has shape {row.shape}; it must be ({length},)")
    return row


def _as_angles(argument: str, angles: Any) -> npt.NDArray[Any]:
    """Numbers, checked, or an array that holds symbols, as it is."""
    import sympy

    array = np.asarray(angles, dtype=object)
    if not array.size or any(isinstance(each, sympy.Basic) for each in array.flat):
        return array
    return check_array(argument, angles)
