"""The HHL circuit: phase estimation, a flag turned by 1 / eigenvalue, and back.

Reference: Harrow, Hassidim and Lloyd 2009, Phys. Rev. Lett. 103, 150502.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, product
from typing import Any

import cirq
import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray, count_each
from labkit.limits import check_choice, check_count, check_integer, check_register, repr_line
from labkit.linear_systems import LinearSystem, add_reference, pad_system, read_system
from labkit.masks import check_mask, place_values

#: Evolutions, and the share of the clock's range up to which eigenvalues go by default: Trotter
#: steps shift them.
_SHARES = {"exact": 1.0, "trotter": 0.75}
EVOLUTIONS = (*_SHARES,)
#: qsim runs matrix gates on at most so many qubits.
_GATE_QUBITS = 6
_BYTES_PER_GATE = 600
_PAULIS = np.array([cirq.unitary(gate) for gate in (cirq.I, cirq.X, cirq.Y, cirq.Z)])
#: A Pauli term of so small a share of the largest is rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False, repr=False)
class LinearSystemCircuit:
    """A circuit whose data qubits hold the solution where the flag reads 1 and the clock 0.

    Attributes:
        circuit: without measurements.
        clock: the qubits of the eigenvalue, most significant first.
        data: the qubits of the unknowns, most significant first; with a reference the first one
            tells solution (0) and reference (1) apart, until a Hadamard mixes them.
        flag: the qubit that says whether the division by the eigenvalue succeeded.
        n_unknowns: n; data values from there on are padding.
        evolution: 'exact', whose e^(iAt) has already paid for the answer, or 'trotter'.
        has_reference: it is a circuit for signs, of `sign_circuit`.
    """

    circuit: cirq.FrozenCircuit
    clock: tuple[cirq.Qid, ...]
    data: tuple[cirq.Qid, ...]
    flag: cirq.Qid
    n_unknowns: int
    evolution: str
    has_reference: bool = False

    def __repr__(self) -> str:
        qubits = {"clock": len(self.clock), "data": len(self.data), "n_qubits": len(self.qubits)}
        return repr_line(self, n_unknowns=self.n_unknowns, evolution=self.evolution, **qubits)

    @property
    def qubits(self) -> tuple[cirq.Qid, ...]:
        """Clock, data, flag: their order in a state or a mask."""
        return *self.clock, *self.data, self.flag

    def count_kept(self, masks: BoolArray) -> IntArray:
        """How often each unknown came, in the runs of flag 1 and clock 0.

        Args:
            masks: bool (shots, qubits), as measured in the order of `qubits`.

        Returns:
            int (n,); with a reference (2n,), first those whose first data qubit is 0.
        """
        checked = np.atleast_2d(check_mask(masks, len(self.qubits), argument="masks"))
        clock, data, flag = np.split(checked, [len(self.clock), len(self.qubits) - 1], axis=1)
        kept = data[flag[:, 0] & ~clock.any(axis=1)]
        n = len(self.data)
        counts = count_each(kept @ place_values(n), at_least=2**n)
        halves = counts.reshape(2 if self.has_reference else 1, -1)
        found: IntArray = halves[:, : self.n_unknowns].ravel()
        return found


def hhl_circuit(
    matrix: npt.ArrayLike,
    vector: npt.ArrayLike,
    *,
    clock_qubits: int,
    time: float | None = None,
    constant: float | None = None,
    signed: bool = False,
    evolution: str = "exact",
    steps: int = 2,
) -> LinearSystemCircuit:
    """The circuit that leaves the solution of A x = b in its data qubits, where the flag reads 1.

    1. The data qubits hold b.
    2. Phase estimation of U = e^(+iAt): the clock holds k with lambda(k) = 2 pi k / (N t).
    3. The flag is turned from 0 to 1 with amplitude C / lambda(k).
    4. Step 2 backwards.

    Evolution 'exact' takes the powers of U from A's eigenvectors: whoever has those has solved the
    system already, as a table oracle has paid for every cost. It shows what the circuit does.
    'trotter' multiplies e^(i c P t / steps) over the Pauli terms c P of A, in gates on one and two
    qubits, 2^c - 1 times there and back: that is what would have to be run, and it errs.

    Args:
        matrix: A, (n, n), Hermitian, not singular. Where n is no power of two, rows are added that
            leave the solution as it is, and a warning says so.
        vector: b, (n,), not 0; its norm does not matter.
        clock_qubits: c, at least 1, and 2 where signed; N = 2^c.
        time: t, by default `labkit.linear_systems.default_time`; with Trotter steps
            three quarters of it.
        constant: C, by default the smallest absolute eigenvalue.
        signed: A may have negative eigenvalues.
        evolution: one of `EVOLUTIONS`.
        steps: Trotter steps of each U.

    Raises:
        ValueError: the system is none of these, or 'exact' would need a gate on more qubits than
            qsim runs: n above 32.
        TooLargeError: the circuit does not fit in memory.
    """
    system = read_system(
        matrix,
        vector,
        clock_qubits=clock_qubits,
        time=time,
        constant=constant,
        signed=signed,
        share=_SHARES[check_choice("evolution", evolution, EVOLUTIONS)],
    )
    n = _warn_of_padding(len(system.vector))
    return _build(pad_system(system), n, evolution, steps)


def sign_circuit(
    matrix: npt.ArrayLike,
    vector: npt.ArrayLike,
    *,
    clock_qubits: int,
    time: float | None = None,
    constant: float | None = None,
    signed: bool = False,
    evolution: str = "exact",
    steps: int = 2,
    reference_norm: float = 0.3,
) -> LinearSystemCircuit:
    """The HHL circuit of A and a known half, with a Hadamard that turns signs into counts.

    See `labkit.linear_systems.add_reference` for the system; the arguments are those of
    `hhl_circuit`. `count_kept` of measured masks, and then `signs_from_counts`, tell the signs.

    Raises:
        ValueError: as of `hhl_circuit`; 'exact' goes up to n = 16.
    """
    system = read_system(
        matrix,
        vector,
        clock_qubits=clock_qubits,
        time=time,
        constant=constant,
        signed=signed,
        share=_SHARES[check_choice("evolution", evolution, EVOLUTIONS)],
    )
    n = _warn_of_padding(len(system.vector))
    both = pad_system(add_reference(system, norm=reference_norm), halves=2)
    return _build(both, n, evolution, steps, has_reference=True)


def _warn_of_padding(n: int) -> int:
    """The number of unknowns; where it is no number of data qubits' values, a warning says so."""
    if n & (n - 1) or n == 1:
        padded = f"matrix has {n} rows: padded to {2 ** max(1, (n - 1).bit_length())}"
        warnings.warn(f"{padded}, which leaves the solution as it is", stacklevel=3)
    return n


def _build(
    system: LinearSystem,
    n_unknowns: int,
    evolution: str,
    steps: int,
    *,
    has_reference: bool = False,
) -> LinearSystemCircuit:
    """Steps 1 to 4 for a system whose size is a power of two."""
    c, d = system.clock_qubits, len(system.vector).bit_length() - 1
    _check_size(c, d, evolution, steps := check_integer("steps", steps, minimum=1))
    qubits = cirq.LineQubit.range(c + d + 1)
    clock, data, flag = qubits[:c], qubits[c:-1], qubits[-1]
    evolve = _exact_power if evolution == "exact" else partial(_trotter_power, steps=steps)
    powers = place_values(c).tolist()
    estimation = cirq.Circuit(
        cirq.H.on_each(*clock),
        (evolve(system, power, qubit, data) for power, qubit in zip(powers, clock, strict=True)),
        cirq.qft(*clock, inverse=True),
    )
    circuit = cirq.Circuit(
        _prepare(system.vector, data),
        estimation,
        _turn_flag(system.flag_amplitudes, clock, flag),
        cirq.inverse(estimation),
        cirq.H(data[0]) if has_reference else (),
    )
    registers = (*clock,), (*data,), flag
    return LinearSystemCircuit(circuit.freeze(), *registers, n_unknowns, evolution, has_reference)


def _check_size(c: int, d: int, evolution: str, steps: int) -> None:
    """Refuses what qsim does not run, and what does not fit in memory."""
    check_register("clock_qubits", c, bytes_per_mask=4 * _BYTES_PER_GATE, what="the flag's gates")
    check_register("n_qubits", c + d + 1, bytes_per_mask=32, what="the state vector")
    widest = _GATE_QUBITS - (evolution == "exact")
    if d > widest:
        what = f"evolution={evolution!r} for {2**d} rows takes a matrix gate on more than"
        raise ValueError(f"{what} {_GATE_QUBITS} qubits (limit: {2**widest} rows)")
    if evolution == "trotter":
        gates = 2 ** (c + 1) * 4**d * 2 * d
        what = "the gates of the Trotter steps"
        check_count("steps", steps, bytes_each=gates * _BYTES_PER_GATE, what=what)


def _prepare(vector: npt.NDArray[Any], data: Sequence[cirq.Qid]) -> cirq.Operation:
    """|0> -> b, of norm 1: the reflection that takes the first axis to -b, up to a phase."""
    phase = np.exp(1j * np.angle(vector[0]))
    axis = vector / phase + np.eye(len(vector))[0]  # of squared norm 2 + 2 |b_0|: never near 0
    reflection = np.eye(len(vector)) - 2 * np.outer(axis, axis.conj()) / np.vdot(axis, axis).real
    return cirq.MatrixGate(-phase * reflection).on(*data)


def _turn_flag(
    amplitudes: FloatArray, clock: Sequence[cirq.Qid], flag: cirq.Qid
) -> Iterator[cirq.Operation]:
    """Ry(2 asin a_k) on the flag where the clock holds k: a rotation about Z, in another basis."""
    angles = np.arcsin(amplitudes)
    yield cirq.rx(np.pi / 2)(flag)
    yield cirq.DiagonalGate(np.stack([-angles, angles], axis=1).ravel().tolist()).on(*clock, flag)
    yield cirq.rx(-np.pi / 2)(flag)


def _exact_power(
    system: LinearSystem, power: int, control: cirq.Qid, data: Sequence[cirq.Qid]
) -> cirq.Operation:
    """U^power where the control is 1, from A's eigenvectors, as one block-diagonal gate."""
    vectors = system.eigenvectors
    phases = np.exp(1j * system.eigenvalues * system.time * power)
    u = (vectors * phases) @ vectors.conj().T
    blocks = np.kron(np.diag([1, 0]), np.eye(len(u))) + np.kron(np.diag([0, 1]), u)
    return cirq.MatrixGate(blocks).on(control, *data)


def _trotter_power(
    system: LinearSystem, power: int, control: cirq.Qid, data: Sequence[cirq.Qid], *, steps: int
) -> list[cirq.Operation]:
    """(prod_P exp(i c_P P t / steps))^(steps power) where the control is 1."""
    terms = pauli_terms(system.matrix)
    step = [
        operation
        for letters, coefficient in terms.items()
        for operation in _rotate(letters, coefficient * system.time / steps, control, data)
    ]
    return step * (steps * power)


def pauli_terms(matrix: npt.NDArray[Any]) -> dict[str, float]:
    """c_P = tr(P A) / 2^d of a Hermitian A (2^d, 2^d), by the letters of P, first qubit first."""
    d = len(matrix).bit_length() - 1
    tensor = matrix.reshape((2,) * (2 * d))
    for left in range(d, 0, -1):  # a row's and a column's bit go, an axis of letters comes
        traced = np.tensordot(_PAULIS.conj() / 2, tensor, axes=((1, 2), (0, left)))
        tensor = np.moveaxis(traced, 0, -1)
    coefficients = tensor.real.ravel()
    kept = np.abs(coefficients) > _ROUNDING * np.abs(coefficients).max()
    letters = map("".join, product("IXYZ", repeat=d))
    return {name: c for name, c, k in zip(letters, coefficients.tolist(), kept, strict=True) if k}


def _rotate(
    letters: str, angle: float, control: cirq.Qid, data: Sequence[cirq.Qid]
) -> Iterator[cirq.Operation]:
    """exp(i angle P) where the control is 1: the parity of P goes to its last qubit, and back."""
    pauli: cirq.PauliString[cirq.Qid] = cirq.PauliString(dict(zip(data, letters, strict=True)))
    if not pauli.qubits:
        yield cirq.ZPowGate(exponent=angle / np.pi)(control)
        return
    ladder = [cirq.CNOT(first, second) for first, second in pairwise(pauli.qubits)]
    to_parity = [*pauli.to_z_basis_ops(), *ladder]
    yield from to_parity
    yield cirq.rz(-2 * angle)(pauli.qubits[-1]).controlled_by(control)
    yield from (cirq.inverse(operation) for operation in reversed(to_parity))
