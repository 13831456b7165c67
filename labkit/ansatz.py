"""What QAOA circuits and their fast evolution agree upon: mixers, the ring's order, angles.

|psi> = prod_l exp(-i beta_l B) exp(-i gamma_l C) |start>, layer 1 acts first. The mixers are
B = -sum_j X_j ('x'), B = -|start><start| ('grover'), and B = -sum (XX + YY)/2 over the edges of a
ring, one after the other ('ring').

Reference: Farhi, Goldstone, Gutmann 2014, arXiv 1411.4028; Hadfield et al. 2019, arXiv 1709.03489;
Bärtschi and Eidenbenz 2020, arXiv 2006.00354 (Grover mixer).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.limits import check_array, check_choice, check_finite, check_integer, show_value

Edge = tuple[int, int]

MIXERS = ("x", "grover", "ring")


def check_mixer(mixer: Any, n_active: Any, n_neurons: int) -> tuple[str, int | None]:
    """Returns the mixer's name, and the number of neurons that every mask keeps, if fixed.

    'ring' needs `n_active`, in 0..n_neurons, 'grover' may have it, and 'x' has none.
    """
    check_choice("mixer", mixer, MIXERS)
    if n_active is None and mixer != "ring":
        return mixer, None
    if n_active is None:
        raise ValueError(f"n_active=None with mixer='ring' (limit: 0 to {n_neurons})")
    n_active = check_integer("n_active", n_active, minimum=0, maximum=n_neurons)
    if mixer == "x":
        given = f"n_active={n_active} with mixer='x'"
        raise ValueError(f"{given}, which does not keep it (limit: None)")
    return mixer, n_active


def check_angles(gammas: npt.ArrayLike, betas: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Returns both as float64 (p,), radians per unit of cost and radians; p may be 0."""
    checked = check_array("gammas", gammas), check_array("betas", betas)
    if checked[0].ndim != 1 or checked[0].shape != checked[1].shape:
        shapes = f"gammas has shape {checked[0].shape}, betas {checked[1].shape}"
        raise ValueError(f"{shapes}; both must be (p,)")
    return checked


def ring_edges(n_neurons: int) -> list[list[Edge]]:
    """The edges of the ring in the order of the mixer, in groups that commute within.

    First (j, j + 1) with j even, then with j odd, then the closing edge (n - 1, 0) if n > 2.
    """
    even = [(j, j + 1) for j in range(0, n_neurons - 1, 2)]
    odd = [(j, j + 1) for j in range(1, n_neurons - 1, 2)]
    closing = [(n_neurons - 1, 0)] if n_neurons > 2 else []
    return [group for group in (even, odd, closing) if group]


def ramp_angles(
    p: int,
    n_neurons: int,
    *,
    std: float,
    delta_gamma: float | None = None,
    delta_beta: float = 0.5,
) -> tuple[FloatArray, FloatArray]:
    """Angles that need no training: gamma_l rises and beta_l falls, as in annealing.

    gamma_l = delta_gamma / std * (l - 1/2)/p, beta_l = delta_beta * (1 - (l - 1/2)/p), l = 1..p.

    Args:
        p: number of layers, at least 1.
        n_neurons: n.
        std: standard deviation of the cost over all masks; 0 leaves gamma without a scale.
        delta_gamma: for a cost of standard deviation 1; by default sqrt(n).
        delta_beta: radians.

    Returns:
        gammas and betas, float64 (p,) each.

    Reference: Sack and Serbyn 2021, arXiv 2101.05742 (annealing as a start for QAOA).
    """
    p = check_integer("p", p, minimum=1)
    n_neurons = check_integer("n_neurons", n_neurons, minimum=1)
    if delta_gamma is None:
        delta_gamma = math.sqrt(n_neurons)
    slope = check_finite("delta_gamma", delta_gamma) / (check_finite("std", std) or 1.0)
    rise = (np.arange(p) + 0.5) / p
    return slope * rise, check_finite("delta_beta", delta_beta) * (1 - rise)


def ring_pairs(n_qubits: int) -> list[Edge]:
    """The pairs (j, j + 1 mod n) that a circuit layer couples; of two qubits the one pair."""
    if check_integer("n_qubits", n_qubits, minimum=1) < 3:
        return [(0, 1)][: n_qubits - 1]
    return [(j, (j + 1) % n_qubits) for j in range(n_qubits)]


def check_edges(pairs: Sequence[Edge] | None, n_qubits: int) -> list[Edge]:
    """Returns the pairs that a circuit layer couples, checked; `ring_pairs` by default."""
    if pairs is None:
        return ring_pairs(n_qubits)
    edges = [tuple(np.ravel(pair).tolist()) for pair in pairs]
    for edge in edges:
        for qubit in edge:
            check_integer("pairs: qubit", qubit, minimum=0, maximum=n_qubits - 1)
        if len(edge) != 2 or edge[0] == edge[1]:
            raise ValueError(f"pairs holds {show_value(edge)} (limit: 2 different qubits)")
    return edges


def block_pairs(n_qubits: int, block_size: int) -> list[Edge]:
    """Those of `ring_pairs` that lie within a block of neighbours: blocks share nothing."""
    size = check_integer("block_size", block_size, minimum=1, maximum=n_qubits)
    return [(i, j) for i, j in ring_pairs(n_qubits) if i // size == j // size]


def layer_gates(
    n_qubits: int, layers: int, *, pairs: Sequence[Edge] | None = None
) -> list[tuple[str, tuple[int, ...]]]:
    """Rotations of layers exp(-i/2 sum_j c_j X_j) exp(-i/2 (sum a_e ZZ + sum b_j Z)), in order.

    In each layer the pairs first, then each qubit's 'z', then each qubit's 'x'. With a = 2 gamma J,
    b = 2 gamma h and c = -2 beta a layer is one of QAOA for a cost of order 2.

    Args:
        n_qubits: n.
        layers: 0 or more.
        pairs: that are coupled; by default `ring_pairs`.
    """
    layers = check_integer("layers", layers, minimum=0)
    edges = check_edges(pairs, n_qubits)
    zz: list[tuple[str, tuple[int, ...]]] = [("zz", edge) for edge in edges]
    return layers * (zz + [(name, (j,)) for name in "zx" for j in range(n_qubits)])
