"""How large an oracle is: the quantised network it computes, its registers, its gates."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.course.checking import compare_number, exercise
from labkit.masks import BoolArray, mask_from_index, mask_from_string, mask_to_index, mask_to_string
from labkit.problems import build_problem
from labkit.scoring import integer_weights
from labkit.scoring.quantised import count_right, few_samples

#: Units of an integer in a contribution of 1: at 3 most weights are between -6 and 6.
UNITS = 3.0


@lru_cache(maxsize=128)
def quantised_weights(
    task: str, n_neurons: int, n_samples: int, *, seed: int, units: float = UNITS
) -> npt.NDArray[np.int64]:
    """The integers (samples, n) of a random network on the first training samples of a task.

    Args:
        task: one of two classes; more than two features become two principal components.
        n_neurons: n.
        n_samples: of both classes in turn.
        seed: of the network's weights.
        units: of an integer in a contribution of 1.
    """
    problem = build_problem(task, n_neurons, seed=seed)
    x, y = problem.task.x_train, problem.task.y_train
    chosen = few_samples(y, n_samples)
    return integer_weights(problem.network, x[chosen], y[chosen], scale=units)


def best_threshold(weights: npt.NDArray[np.int64]) -> int:
    """The most samples that any mask is right about, or 1 if that is none."""
    return max(1, int(count_right(weights).max()))


@dataclass(frozen=True)
class OracleSize:
    """What an oracle asks for.

    Attributes:
        registers: name -> qubits.
        two_qubit_gates: in one call.
        queries_before: cost queries paid before the first call.
    """

    registers: dict[str, int]
    two_qubit_gates: int
    queries_before: int

    @property
    def n_qubits(self) -> int:
        """The width of the circuit."""
        return sum(self.registers.values())


def computed_size(weights: npt.NDArray[np.int64], threshold: int) -> OracleSize:
    """The size of the oracle that computes its marks; it asks for no cost beforehand.

    Args:
        weights: int (samples, n).
        threshold: the least number of right samples of a marked mask.
    """
    return _computed_size(weights.tobytes(), weights.shape, threshold)


@lru_cache(maxsize=512)
def _computed_size(weights: bytes, shape: tuple[int, int], threshold: int) -> OracleSize:
    from labkit.circuits.oracles import build_computed_oracle
    from labkit.circuits.reports import circuit_report

    oracle = build_computed_oracle(np.frombuffer(weights, np.int64).reshape(shape), threshold)
    registers = {
        "mask qubits": len(oracle.mask_qubits),
        "accumulator": len(oracle.accumulator_qubits),
        "counter": len(oracle.counter_qubits),
    }
    return OracleSize(registers, circuit_report(oracle.circuit).two_qubit_gates, 0)


def best_size(
    task: str, n_neurons: int, n_samples: int, *, seed: int, units: float = UNITS
) -> OracleSize:
    """The size of the computed oracle that marks the best masks of a network.

    Arguments are those of `quantised_weights`; the threshold is `best_threshold`.
    """
    weights = quantised_weights(task, n_neurons, n_samples, seed=seed, units=units)
    return computed_size(weights, best_threshold(weights))


def table_size(marked_masks: BoolArray) -> OracleSize:
    """The size of the oracle made from a list: one flip for each marked mask, 2^n queries before.

    Args:
        marked_masks: bool (M, n), no mask twice.
    """
    n = marked_masks.shape[1]
    ends = Counter(map(tuple, marked_masks[:, -2:].tolist()))
    gates = sum(count * _gates_of_a_flip(n, end) for end, count in ends.items())
    return OracleSize({"mask qubits": n}, gates, 2**n)


@lru_cache(maxsize=64)
def _gates_of_a_flip(n_neurons: int, end: tuple[bool, ...]) -> int:
    """Two-qubit gates of `flip_phase`: in Cirq 1.7 they differ with the last two bits, no others.

    Args:
        n_neurons: n.
        end: the last two bits of the mask.
    """
    from labkit.circuits.oracles import build_computed_oracle, build_table_oracle
    from labkit.circuits.reports import circuit_report

    mask = np.array([True] * (n_neurons - len(end)) + [*end])
    qubits = build_computed_oracle(mask[np.newaxis].astype(int), 1).mask_qubits
    return circuit_report(build_table_oracle(qubits, [mask])).two_qubit_gates


@exercise("06-1")
def masks_right_about_two(answer: Any) -> str | None:
    """Masks of 3 neurons that are right about 2 or more of three samples."""
    right = count_right([[2, -1, 1], [-3, 2, 2], [1, 1, -2]])
    if isinstance(answer, str):
        return "A list of mask strings is expected; one string came."
    given = {int(mask_to_index(mask_from_string(mask))) for mask in answer}
    for index, count in enumerate(right.tolist()):
        if (index in given) != (count >= 2):
            mask = mask_to_string(mask_from_index(index, 3))
            return (
                f"Mask {mask} is right about {count} of the 3 samples, so it "
                f"{'is' if count >= 2 else 'is not'} marked; your list has it "
                f"{'in' if index in given else 'not in'}."
            )
    return None


@exercise("06-2")
def oracle_for_odd_masks(answer: Any) -> str | None:
    """A circuit on three mask qubits and a clean work qubit: flips masks of odd size."""
    import cirq

    qubits = cirq.LineQubit.range(4)
    circuit = cirq.Circuit(answer)
    unitary = circuit.unitary(qubit_order=qubits, qubits_that_should_be_present=qubits)
    phase = unitary[0, 0]
    for index in range(8):
        mask = mask_to_string(mask_from_index(index, 3))
        column = unitary[:, 2 * index]  # the work qubit is the last, and begins at 0
        expected = -1 if mask.count("1") % 2 else 1
        if not np.isclose(abs(column[2 * index]), 1, atol=1e-6):
            left = abs(column[2 * index + 1]) ** 2
            return (
                f"Mask {mask} should come out as it went in, with the work qubit at 0; the work "
                f"qubit is left at 1 with probability {left:.3f}."
            )
        # a phase common to all masks cannot be measured
        sign = column[2 * index] / phase
        if not np.isclose(sign, expected, atol=1e-6):
            return f"Mask {mask} should get the sign {expected:+d}; it gets {np.round(sign, 3)}."
    return None


@exercise("06-3")
def width_of_an_accumulator(answer: Any) -> str | None:
    """Accumulator qubits for a sample of weights 5, -3, 2 and -7, as they stand."""
    from labkit.circuits.votes import Vote

    return compare_number(answer, Vote(np.array([5, -3, 2, -7]), 1).width)


@exercise("06-4")
def error_that_leaves_half(answer: Any) -> str | None:
    """Error per gate at which half of all runs of 5 calls of 700 gates meet no error."""
    expected: float = 1 - 0.5 ** (1 / (5 * 700))
    return compare_number(answer, expected, tolerance=0.02 * expected)
