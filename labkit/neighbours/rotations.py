"""Circuits of Pauli rotations exp(-i angle P / 2), run on the states of many samples at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.limits import (
    check_array,
    check_integer,
    check_memory,
    check_register,
)
from labkit.limits import show_value as shown
from labkit.masks import all_masks, place_values

#: A rotation: a Pauli operator for each of its qubits, and these; as ("zz", (0, 1)).
Gate = tuple[str, Sequence[int]]
States = npt.NDArray[np.complex128]
_PAULIS = ("x", "y", "z")
#: Bytes of each amplitude: a state, its adjoint, what an operator makes of one, and a product.
_BYTES_PER_AMPLITUDE = 64


@dataclass(frozen=True, eq=False)
class Pauli:
    """An operator P on n qubits: (P psi)_i = factor_i psi_source(i).

    Attributes:
        factor: (2^n,), of size 1.
        source: intp (2^n,); None where P is diagonal, as 'zz' is.
    """

    factor: npt.NDArray[Any]
    source: npt.NDArray[np.intp] | None

    def apply(self, states: States) -> States:
        """P psi of states (..., 2^n)."""
        moved = states if self.source is None else states[..., self.source]
        return self.factor * moved

    def rotate(self, states: States, angle: float) -> States:
        """exp(-i angle P / 2) psi = cos(angle / 2) psi - i sin(angle / 2) P psi."""
        cos, sin = np.cos(angle / 2), np.sin(angle / 2)
        if self.source is None:
            return states * (cos - 1j * sin * self.factor)
        return cos * states + (-1j * sin * self.factor) * states[..., self.source]


@dataclass(frozen=True, eq=False)
class RotationCircuit:
    """U = prod_g exp(-i angle_g P_g / 2), the first gate first, without its angles.

    Attributes:
        gates: ('x', (0,)), ('zz', (0, 1)), ...: letters x, y, z, and as many qubits.
        n_qubits: n.

    >>> circuit = RotationCircuit([("zz", (0, 1)), ("x", (0,))], 2)
    >>> states = circuit.evolve([0.3, np.pi], encode_samples([[0.0, 0.0]]))
    >>> z_expectations(states).round(6).tolist()
    [[-1.0, 1.0]]
    """

    gates: Sequence[Gate]
    n_qubits: int

    def __post_init__(self) -> None:
        n = check_register("n_qubits", self.n_qubits, bytes_per_mask=64, what="one state")
        gates = tuple(check_gate(gate, n) for gate in self.gates)
        object.__setattr__(self, "gates", gates)

    @cached_property
    def _stages(self) -> list[tuple[slice, list[Pauli], FloatArray | None]]:
        """Gates that are done at once: diagonal neighbours, with their factors (k, 2^n)."""
        paulis, stages, first = [build_pauli(g, self.n_qubits) for g in self.gates], [], 0
        numbered = groupby(enumerate(paulis), key=lambda p: None if p[1].source is None else p[0])
        for key, members in numbered:
            group = [pauli for _, pauli in members]
            factors = np.array([p.factor.real for p in group]) if key is None else None
            stages.append((slice(first, first + len(group)), group, factors))
            first += len(group)
        return stages

    def evolve(self, angles: npt.ArrayLike, states: npt.ArrayLike) -> States:
        """U |psi>.

        Args:
            angles: (gates,) radians.
            states: (samples, 2^n), such as those of `encode_samples`.

        Returns:
            complex128 (samples, 2^n).
        """
        evolved, radians = self._check(angles, states)
        for where, paulis, factors in self._stages:
            evolved = _rotate(evolved, radians[where], paulis, factors)
        return evolved

    def slopes(
        self, angles: npt.ArrayLike, evolved: npt.ArrayLike, weights: npt.ArrayLike
    ) -> FloatArray:
        """The gradient of sum_s sum_j w_sj <Z_j>_s by each angle, from the states after all gates.

        The adjoint method: with |lambda> = sum_j w_j Z_j |psi>, and both undone gate by gate, the
        derivative by angle_g is Im <lambda| P_g |psi>: one pass back for all of them.

        Args:
            angles: (gates,) radians.
            evolved: (samples, 2^n), what `evolve` made with these angles.
            weights: w, (samples, n), or (n,) for all samples.

        Returns:
            float64 (gates,).

        Reference: Jones, Gacon 2020, arXiv 2009.02823.
        """
        psi, radians = self._check(angles, evolved)
        adjoint = _check_weights(weights, len(psi), self.n_qubits) @ mask_signs(self.n_qubits) * psi
        found = np.empty(len(radians))
        for where, paulis, factors in reversed(self._stages):
            if factors is None:
                found[where] = np.vdot(adjoint, paulis[0].apply(psi)).imag
            else:
                found[where] = factors @ np.einsum("si,si->i", adjoint.conj(), psi).imag
            psi = _rotate(psi, -radians[where], paulis, factors)
            adjoint = _rotate(adjoint, -radians[where], paulis, factors)
        return found

    def _check(self, angles: npt.ArrayLike, states: npt.ArrayLike) -> tuple[States, FloatArray]:
        checked, radians = _check_states(states), check_array("angles", angles)
        if checked.shape[1] != 2**self.n_qubits:
            given = f"states has shape {checked.shape}"
            raise ValueError(
                f"{given}; n_qubits={self.n_qubits} needs (samples, {2**self.n_qubits})"
            )
        if radians.shape != (len(self.gates),):
            given = f"angles has shape {radians.shape}"
            raise ValueError(f"{given}; there are {len(self.gates)} gates")
        return checked, radians


def encode_samples(angles: npt.ArrayLike) -> States:
    """Each sample as a product state: Ry(angle_j) |0> on qubit j.

    Args:
        angles: (samples, n) radians.

    Returns:
        complex128 (samples, 2^n) by mask index.

    Raises:
        TooLargeError: the states, and what a circuit makes of them, do not fit in memory.
    """
    halves = check_sample_angles("angles", angles) / 2
    states = np.ones((len(halves), 1), dtype=np.complex128)
    for half in halves.T:
        pair = np.stack([np.cos(half), np.sin(half)], axis=1)
        states = (states[:, :, np.newaxis] * pair[:, np.newaxis]).reshape(len(halves), -1)
    return states


def z_expectations(states: npt.ArrayLike) -> FloatArray:
    """<Z_j> of each qubit: float64 (samples, n) of states (samples, 2^n)."""
    psi = _check_states(states)
    odds = psi.real**2 + psi.imag**2
    return np.asarray(odds @ mask_signs(psi.shape[1].bit_length() - 1).T)


def build_pauli(gate: Gate, n_qubits: int) -> Pauli:
    """The operator of a gate, which was checked, in a register; qubit 0 is most significant."""
    source, factor = np.arange(2**n_qubits), np.ones(2**n_qubits, dtype=np.complex128)
    for letter, qubit in zip(*gate, strict=True):
        if letter != "z":
            source = source ^ int(place_values(n_qubits)[qubit])
        if letter != "x":
            factor *= mask_signs(n_qubits)[qubit] * (-1j if letter == "y" else 1)
    is_real = np.isreal(factor).all()
    return Pauli(factor.real if is_real else factor, None if set(gate[0]) == {"z"} else source)


def mask_signs(n: int) -> FloatArray:
    """z_j of each mask, float64 (n, 2^n): 1 where its bit is 0, else -1."""
    return 1.0 - 2.0 * all_masks(n).T


def check_gate(gate: Any, n_qubits: int) -> Gate:
    """Returns a gate as letters x, y, z and a tuple of as many different qubits."""
    try:
        name, qubits = gate
        qubits = tuple(qubits)
    except (TypeError, ValueError):
        raise ValueError(f"gates holds {shown(gate)} (limit: pairs of a name and qubits)") from None
    if not isinstance(name, str) or not name or not {*name} <= {*_PAULIS}:
        raise ValueError(f"gates holds {shown(gate)} (limit: names of the letters x, y, z)")
    last = n_qubits - 1
    checked = tuple(check_integer("gates: qubit", q, minimum=0, maximum=last) for q in qubits)
    if len(checked) != len(name) or len({*checked}) != len(checked):
        raise ValueError(f"gates holds {shown(gate)} (limit: {len(name)} different qubits)")
    return name, checked


def check_sample_angles(argument: str, angles: Any) -> FloatArray:
    """Returns the angles of samples as float64 (samples, n), if their states fit in memory."""
    checked = check_array(argument, angles)
    if checked.ndim != 2 or not checked.size:
        raise ValueError(f"{argument} has shape {checked.shape}; it must be (samples, qubits)")
    samples, n = checked.shape
    nbytes = float(_BYTES_PER_AMPLITUDE * samples) * 2.0**n
    what = f"the states of {samples} samples"
    check_memory("n_qubits", n, nbytes=nbytes, largest=n - 1, what=what)
    return checked


def _rotate(
    states: States, angles: FloatArray, paulis: Sequence[Pauli], factors: FloatArray | None
) -> States:
    if factors is None:
        return paulis[0].rotate(states, float(angles[0]))
    return states * np.exp(-0.5j * (angles @ factors))


def _check_states(states: Any) -> States:
    array = np.asarray(states)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"states={shown(states)} is not an array of numbers")
    if array.ndim != 2 or not array.size or array.shape[1] < 2 or array.shape[1].bit_count() != 1:
        raise ValueError(f"states has shape {array.shape}; it must be (samples, 2^n)")
    return array.astype(np.complex128, copy=False)


def _check_weights(weights: Any, n_samples: int, n_qubits: int) -> FloatArray:
    checked, shape = check_array("weights", weights), (n_samples, n_qubits)
    if checked.shape not in (shape, shape[1:]):
        raise ValueError(f"weights has shape {checked.shape}; it must be {shape} or {shape[1:]}")
    return np.broadcast_to(checked, shape)
