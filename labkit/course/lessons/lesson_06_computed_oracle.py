"""How large an oracle is: the quantised network it computes, its registers, its gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from labkit.arrays import BoolArray, IntArray
from labkit.course.checking import (
    UnfitError,
    compare_number,
    exercise,
    name_mask,
    number_exercise,
    take_mask,
)
from labkit.course.circuit_checks import compare_signs
from labkit.datasets import Task, check_two_classes
from labkit.ledger import Ledger, Outcome
from labkit.limits import show_value
from labkit.masks import all_masks, mask_to_index
from labkit.problems import build_problem
from labkit.scoring import integer_weights
from labkit.scoring.quantised import count_right, few_samples

#: Units of an integer in a contribution of 1: at 3 most weights are between -6 and 6.
UNITS = 3.0


@lru_cache(maxsize=128)
def quantised_weights(
    task: str | Task, n_neurons: int, n_samples: int, *, seed: int, units: float = UNITS
) -> IntArray:
    """The integers (samples, n) of a random network on the first training samples of a task.

    The task has two classes, whose samples take turns; `units` make a contribution of 1.
    """
    problem = build_problem(check_two_classes("task", task), n_neurons, seed=seed)
    x, y = problem.task.x_train, problem.task.y_train
    chosen = few_samples(y, n_samples)
    return integer_weights(problem.network, x[chosen], y[chosen], scale=units)


def success_with_errors(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The chance of a marked mask after a search on 4 neurons and 4 samples whose gates err.

    Args:
        parameters: `error`, after each two-qubit gate, see `noisy_probabilities`.
        seed: of the network's weights.

    Returns:
        The chance, exactly, and the number of two-qubit gates.
    """
    from labkit.circuits.grover import grover_circuit
    from labkit.circuits.oracles import build_computed_oracle
    from labkit.circuits.reports import circuit_report
    from labkit.simulators.noise import noisy_probabilities

    weights = quantised_weights("digits_3v6", 4, 4, seed=seed)
    right = count_right(weights)
    oracle = build_computed_oracle(weights, int(right.max()))
    search = grover_circuit(oracle.mask_qubits, oracle.circuit, 2)
    chances = noisy_probabilities(search, two_qubit_error=parameters["error"])
    of_masks = chances.reshape(len(right), -1).sum(axis=1)
    gates = circuit_report(search).two_qubit_gates
    success = float(of_masks[right == right.max()].sum())
    return Outcome({"success": success, "two_qubit_gates": gates}, Ledger())


def best_threshold(weights: IntArray) -> int:
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


def computed_size(weights: IntArray, threshold: int) -> OracleSize:
    """The size of the oracle that computes its marks, see `build_computed_oracle`: no queries."""
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
    task: str | Task, n_neurons: int, n_samples: int, *, seed: int, units: float = UNITS
) -> OracleSize:
    """The size of the computed oracle that marks the best masks, see `quantised_weights`."""
    weights = quantised_weights(task, n_neurons, n_samples, seed=seed, units=units)
    return computed_size(weights, best_threshold(weights))


def table_size(marked_masks: BoolArray) -> OracleSize:
    """The size of the oracle made from a list (M, n): a flip for each mask, 2^n queries before."""
    n = marked_masks.shape[1]
    ends = Counter(map(tuple, marked_masks[:, -2:].tolist()))
    gates = sum(count * _gates_of_a_flip(n, end) for end, count in ends.items())
    return OracleSize({"mask qubits": n}, gates, 2**n)


@lru_cache(maxsize=64)
def _gates_of_a_flip(n_neurons: int, end: tuple[bool, ...]) -> int:
    """Two-qubit gates of a mask's flip: in Cirq 1.7 only the last two bits change them."""
    import cirq

    from labkit.circuits.oracles import build_table_oracle
    from labkit.circuits.reports import circuit_report

    mask = np.array([True] * (n_neurons - len(end)) + [*end])
    oracle = build_table_oracle(cirq.LineQubit.range(n_neurons), [mask])
    return circuit_report(oracle).two_qubit_gates


@exercise("06-1")
def masks_right_about_two(answer: Any) -> str | None:
    """Masks of 3 neurons that are right about 2 or more of three samples."""
    right = count_right([[2, -1, 1], [-3, 2, 2], [1, 1, -2]])
    if isinstance(answer, str):
        return "A list of mask strings is expected; one string came."
    given = {mask_to_index(take_mask(mask, 3)) for mask in answer}
    for index, count in enumerate(right.tolist()):
        if (index in given) != (count >= 2):
            marked, listed = ("is", "not in") if count >= 2 else ("is not", "in")
            said = f"Mask {name_mask(index, 3)} is right about {count} of the 3 samples"
            return f"{said}, so it {marked} marked; your list has it {listed}."
    return None


@exercise("06-2")
def oracle_for_odd_masks(answer: Any) -> str | None:
    """A circuit on three mask qubits and a clean work qubit: flips masks of odd size."""
    return compare_signs(answer, _parities(3), n_work=1)


def _parities(n: int) -> IntArray:
    """The sign of each mask: -1 where it keeps an odd number of neurons, (2^n,)."""
    return np.where(all_masks(n).sum(axis=1) % 2, -1, 1)


@exercise("06-5")
def odd_masks_of_any_size(answer: Any) -> str | None:
    """A function n -> a circuit on n mask qubits and a clean work qubit, as of 06-2."""
    if not callable(answer):
        return f"A function of n that gives a circuit is expected; {show_value(answer)} is none."
    for n in (1, 2, 3, 5):
        try:
            fault = compare_signs(answer(n), _parities(n), n_work=1)
        except UnfitError as error:
            fault = str(error)
        if fault:
            return f"For n = {n}: {fault}"
    return None


@exercise("06-3")
def width_of_an_accumulator(answer: Any) -> str | None:
    """Accumulator qubits for a sample of weights 5, -3, 2 and -7, as they stand."""
    from labkit.circuits.votes import Vote

    slips: dict[float, str] = {
        4: "4 qubits hold -8 to 7: a mask may keep both negative weights, and 1 is taken off.",
        6: "Positive and negative weights need not be kept together: each end has its own mask.",
    }
    width = Vote(np.array([5, -3, 2, -7]), 1).width
    return compare_number(answer, width, _says_of_bits, slips=slips)


def _says_of_bits(bits: float) -> str:
    """How the width follows from the sums."""
    if bits < 1 or bits != int(bits):
        return "Qubits are whole, and it takes some."
    return "3 qubits hold -4 to 3. Between which ends do the sums of the kept weights, less 1, lie?"


# error per gate at which half of all runs of 5 calls of 700 gates meet no error
_HALF = 1 - 0.5 ** (1 / (5 * 700))
number_exercise(
    "06-4",
    _HALF,
    "At an error p for each, three gates all go well with probability (1 - p)^3. And all of a run?",
    tolerance=0.02 * _HALF,
    slips={
        0.5 / 3500: "Chances of errors do not add: a run may meet several.",
        1 / 3500: "That is one error a run in the mean: fewer than half of them meet none.",
        1 - 0.5 ** (1 / 700): "That is for one oracle call; a run makes 5.",
        0.5 ** (1 / 3500): "That is the chance that a gate goes well; asked for is its error.",
    },
)
