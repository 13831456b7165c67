"""Right answers in another form are right, and what a wrong answer is told teaches something."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import cirq
import numpy as np
import pytest
from test_exercises import WRONG, solve

from labkit.arrays import BoolArray
from labkit.costs import CostTable
from labkit.course import check
from labkit.course.checking import EXERCISES, all_exercises
from labkit.course.lessons.lesson_09_training_angles import mean_angles
from labkit.course.registry import LESSONS
from labkit.masks import all_masks, mask_from_string, mask_to_string
from labkit.problems import build_problem
from labkit.selectors import exhaustive, run
from labkit.simulators import evolve_qaoa, sample_state

NAMES = all_exercises()
CIRCUITS = ["03-2", "03-3", "03-4", "04-1", "06-2", "07-3", "08-3", "10-2", "11-3", "12-3", "21-4"]
NUMBERS = [
    *("00-2", "00-3", "01-1", "01-3", "02-1", "02-3", "03-1", "04-2", "05-2", "05-3", "06-3"),
    *("06-4", "07-1", "08-1", "08a-2", "09-1", "10-1", "11-1", "13-1", "14-1", "14-4"),
    *("14a-1", "14a-3", "14a-4", "15-1", "15-2", "15a-1", "15a-3"),
    *("17-1", "17-2", "17-3"),
    *("19-1", "19-2", "19-4"),
    "18-2",
    *("21-1",),
    *("20-2", "20-3"),
    *("22-2", "22-4"),
]
_Q = cirq.LineQubit.range(4)
_THREE = [*_Q[:3]]


def verdict(name: str, answer: Any) -> str:
    return check(name, answer).message or check(name, answer).status


#: What does not change what a circuit does to masks.
ALIKE: dict[str, Callable[[cirq.Circuit], Any]] = {
    "identities left out": lambda c: cirq.Circuit(
        op for op in c.all_operations() if not isinstance(op.gate, cirq.IdentityGate)
    ),
    "identities on all": lambda c: c + cirq.Circuit(cirq.I.on_each(*c.all_qubits())),
    "measured at its end": lambda c: c + cirq.Circuit(cirq.measure(*sorted(c.all_qubits()))),
    "measured one by one": lambda c: c + cirq.Circuit(cirq.measure_each(*sorted(c.all_qubits()))),
    "another global phase": lambda c: c + cirq.Circuit(cirq.global_phase_operation(1j)),
    "frozen": lambda c: c.freeze(),
    "operations in a list": lambda c: [*c.all_operations()],
    "decomposed": lambda c: cirq.Circuit(cirq.decompose(c)),
}


@pytest.mark.parametrize("way", ALIKE)
@pytest.mark.parametrize("name", CIRCUITS)
def test_a_circuit_that_does_the_same_is_right(name: str, way: str) -> None:
    assert verdict(name, ALIKE[way](solve(name))) == "right"


@pytest.mark.parametrize("way", ALIKE)
@pytest.mark.parametrize("name", CIRCUITS)
def test_a_wrong_circuit_is_not_made_right_by_its_form(name: str, way: str) -> None:
    broken = solve(name) + cirq.Circuit(cirq.X(_Q[0]), cirq.T(_Q[0]))
    assert check(name, ALIKE[way](broken)).status == "wrong"


def test_right_circuits_that_were_judged_wrong() -> None:
    x = cirq.Circuit(cirq.X(_Q[0]), cirq.X(_Q[2]))
    assert verdict("03-2", x) == "right"
    assert verdict("03-2", x + cirq.measure(*_Q)) == "right"
    assert verdict("03-2", x + cirq.measure(*_Q[:3])) == "right"
    elsewhere = [cirq.GridQubit(0, j) for j in range(4)]
    assert verdict("03-2", cirq.Circuit(cirq.X(elsewhere[0]), cirq.X(elsewhere[2]))) != "right"
    moved = cirq.Circuit(cirq.X.on_each(*elsewhere[::2]), cirq.I.on_each(*elsewhere[1::2]))
    assert verdict("03-2", moved) == "right"
    signs = cirq.Circuit(cirq.Z.on_each(*_THREE))
    assert verdict("06-2", signs) == "right"
    named = dict(zip(_Q, cirq.NamedQubit.range(4, prefix="neuron"), strict=True))
    assert verdict("06-2", solve("06-2").transform_qubits(named)) == "right"


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("03-2", cirq.Circuit(cirq.X(_Q[1]), cirq.X(_Q[3])), "from right to left"),
        ("03-2", cirq.Circuit(cirq.X(_Q[0]), cirq.X(cirq.LineQubit(7))), "one of them q(7)"),
        ("03-2", "1010", "A cirq.Circuit is expected; '1010' is none."),
        ("03-2", cirq.X, "A cirq.Circuit is expected"),
        ("03-4", cirq.Circuit(cirq.H(_Q[0]), cirq.measure(_Q[0]), cirq.CNOT(*_Q[:2])), "end only"),
        ("03-4", cirq.Circuit(cirq.H.on_each(*_Q[:2])), "Mask 00 should be measured"),
        ("04-1", cirq.Circuit(cirq.CCZ(*_THREE)), "Mask 011 should get the sign -1; it gets +1"),
        ("04-1", cirq.Circuit(cirq.CZ(*_THREE[1:]) ** 0.5), "it gets the phase"),
        ("04-1", cirq.Circuit(cirq.X(_Q[0])), "Mask 000 should come out as it went in"),
        ("06-2", WRONG["06-2"], "the work qubit is left at 1 with probability 1.000"),
        ("08-3", solve("08-3") ** -1, "with every sign turned round"),
        ("11-3", cirq.Circuit(op**0.5 for op in solve("11-3").all_operations()), "half of every"),
        ("11-3", cirq.Circuit([*solve("11-3").all_operations()] * 2), "twice every angle"),
    ],
)
def test_a_wrong_circuit_is_told_what_it_does(name: str, answer: Any, said: str) -> None:
    assert said in verdict(name, answer)


@pytest.mark.parametrize(
    "kind", [float, np.float32, np.array, lambda x: np.array([x]), complex, Fraction]
)
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_of_any_library_is_right(name: str, kind: Callable[[Any], Any]) -> None:
    assert verdict(name, kind(float(solve(name)))) == "right"


def told(name: str, answers: Iterable[float]) -> Counter[str]:
    """What is said of wrong numbers, without the numbers themselves, and how often."""
    return Counter(check(name, answer).message.partition(" came. ")[2] for answer in answers)


@pytest.mark.parametrize("name", [name for name in NUMBERS if name != "03-1"])
def test_a_number_is_not_found_by_halving(name: str) -> None:
    """What is mostly said on one side of the right number is said on the other too."""
    right, is_whole = float(solve(name)), float(solve(name)).is_integer()
    steps = [float(step) if is_whole else right * step / 9 for step in range(1, 8)]
    below = told(name, [right - step for step in steps if right >= step])
    above = told(name, [right + step for step in steps])
    assert {below.most_common(1)[0][0], above.most_common(1)[0][0]} <= {*below} & {*above}
    for message in {**below, **above}:
        assert len(message) > 20
        assert not re.search(r"is (larger|smaller)|too (high|low|large|small|many|few)", message)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_not_taken_for_the_next_one(name: str) -> None:
    right = float(solve(name))
    for wrong in (right + 1, right - 1, right * 1.05, right * 0.95, -right, right + 0.5):
        assert check(name, wrong).status == "wrong"


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("00-2", 400, "20 times 20"),
        ("00-3", 6, "after two it is"),
        ("00-3", 16, "√256"),
        ("01-1", 18, "leaves out the biases"),
        ("01-3", 0, "right and sure without limit"),
        ("02-1", 2**33, "in bytes"),
        ("02-3", 1, "no neighbour, one flip away"),
        ("03-1", 10, "the index of mask 1010"),
        ("03-1", 99, "0 to 15"),
        ("04-2", 18, "asked for is the first peak"),
        ("04-2", 45, "near to 90°"),
        ("04-2", 50, "for one marked mask"),
        ("05-2", 10, "(6/5)^3 = 1.728"),
        ("05-2", 46, "ends at its root"),
        ("05-3", np.log(256), "Euler's constant"),
        ("06-3", 4, "hold -8 to 7"),
        ("06-4", 1e-3, "(1 - p)^3"),
        ("06-4", 0.5 / 3500, "do not add"),
        ("07-1", 90, "each has 4 cost layers"),
        ("07-1", 100, "both miss with probability 0.9025"),
        ("08-1", 190, "Those are the pairs"),
        ("08a-2", 5, "smaller of its two sides"),
        ("09-1", 6, "a central difference is of two"),
        ("10-1", 16 * 15 * 14 * 13, "in which order"),
        ("11-1", 13, "grows on one side only"),
        ("13-1", 3 * 128 * 256, "The start mask"),
        ("14-1", 1100, "Those are the shots"),
        ("14-4", 13, "Those are the repetitions"),
        ("14a-1", 0.95**2, "in spite of an error"),
        ("14a-3", 7, "And at the others?"),
        ("17-1", 0.75, "the square of that"),
        ("17-2", 0.75, "square it, divide"),
        ("17-3", 2**10, "what enumeration asks for"),
        ("14a-4", 0.34, "through"),
        ("19-1", 45, "Θ is asked for"),
        ("19-2", 22 / 9, "not the variance"),
        ("19-4", 12, "are not 0"),
        ("22-2", 1000 / 180, "by equal factors"),
        ("22-4", 150, "each of its masks is run for the table"),
        ("15-1", 36, "every seed"),
        ("15a-1", 768, "start mask"),
        ("15a-3", 0, "worth nothing"),
        ("18-2", 36 * 182, "forwards and backwards"),
        ("21-1", 2, "how often does one cross 0"),
        ("20-2", 20, "the features alone"),
        ("20-3", 20 * 28.818, "That is one stage"),
        ("00-3", 2.5, "Calls are whole"),
        ("00-2", "many", "A number is expected; 'many' is none."),
        ("00-2", [1, 2], "A number is expected"),
        ("00-2", True, "A number is expected; True is none."),
    ],
)
def test_a_wrong_number_is_told_what_it_would_mean(name: str, answer: Any, said: str) -> None:
    assert said in verdict(name, answer)


FUNCTIONS = [
    *("04-3", "05-1", "07-4", "08-2", "08a-1", "08a-4", "10-4", "12-1", "13-3", "13-4", "14-2"),
    *("17-4", "17-5"),
    "19-3",
    *("18-1", "18-3"),
    *("21-2", "21-3"),
]


@pytest.mark.parametrize(
    "kind", [float, np.float32, np.array, lambda x: [x], lambda x: np.array([[x]]), complex]
)
@pytest.mark.parametrize("name", [*FUNCTIONS, "11-5", "15a-2"])
def test_a_function_may_return_a_number_of_any_kind(name: str, kind: Callable[[Any], Any]) -> None:
    right = solve(name)
    assert verdict(name, lambda *given: kind(float(right(*given)))) == "right"


@pytest.mark.parametrize("name", [*FUNCTIONS, "11-5", "15a-2"])
def test_a_function_that_returns_nothing_is_told_so(name: str) -> None:
    assert "does your function return" in verdict(name, lambda *given: None)
    assert "which is no number" in verdict(name, lambda *given: "many")
    assert "A function is expected" in verdict(name, 3)


def test_a_function_that_breaks_is_told_where() -> None:
    right = solve("04-3")

    def breaks(n: int, m: int, k: int) -> float:
        if k == 2:
            raise RuntimeError("not two")
        return float(right(n, m, k))

    message = verdict("04-3", breaks)
    assert message.startswith("For n = 6, M = 5, k = 2 the chance is ")
    assert message.endswith("; your function raised RuntimeError: not two")


def test_other_forms_of_what_a_function_gives_are_right() -> None:
    for kind in (int, np.bool_, np.int64, float):
        right = solve("15-4")
        assert verdict("15-4", lambda d, kind=kind, right=right: kind(right(d))) == "right"
    for whole in (list, tuple, np.array):
        neighbours, prices, gammas = solve("11-4"), solve("16-3"), solve("09-2")
        assert verdict("11-4", lambda *g, w=whole, f=neighbours: w([*f(*g)])) == "right"
        assert verdict("16-3", lambda *g, w=whole, f=prices: w([*f(*g)])) == "right"
        assert verdict("09-2", lambda *g, w=whole, f=gammas: w([*f(*g)])) == "right"
    depolarised = solve("14a-2")
    assert verdict("14a-2", lambda *given: depolarised(*given).tolist()) == "right"
    assert verdict("08a-3", [[0.5, 0.5], [0.5, -0.5]]) == "right"
    assert verdict("16-1", {0, 3, 5}) == verdict("16-1", np.array([5, 3, 0, 3])) == "right"
    assert verdict("06-1", {*solve("06-1")}) == "right"
    assert verdict("06-1", [mask_from_string(mask) for mask in solve("06-1")]) == "right"


@pytest.mark.parametrize("name", ["00-1", "02-2", "08-4", "10-3", "12-2", "12-4", "14-3"])
def test_a_mask_may_have_any_form(name: str) -> None:
    mask = solve(name)
    mask = mask_from_string(mask) if isinstance(mask, str) else np.asarray(mask, dtype=bool)
    string = mask_to_string(mask)
    same = (string, f" {string}\n", [string], mask, mask[None], mask.astype(int), mask.tolist())
    for form in (*same, mask.astype(float), [*map(int, mask)], tuple(mask)):
        assert verdict(name, form) == "right"
    assert "an array of bool; the number 5 came." in verdict(name, 5)
    assert "A mask of" in verdict(name, "01")


def test_a_selection_stands_for_its_mask() -> None:
    table = build_problem("circles", 8, seed=3).table
    assert verdict("02-2", run(exhaustive, table, rng=np.random.default_rng(0))) == "right"
    assert "not even a local minimum" in verdict("02-2", "11111111")


def coefficient_of_four(costs: Any, neurons: Any) -> float:
    """Right for tables of four neurons only."""
    signs = 1 - 2 * all_masks(4)[: len(costs)].astype(int)
    return float(np.mean(costs * signs[:, [*neurons]].prod(axis=1)))


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("08-2", coefficient_of_four, "For the 4 masks of circles"),
        ("13-4", WRONG["13-4"], "For 10 neurons in blocks of 4 one sweep"),
        ("11-4", lambda n, k, j: {(j + d) % n for d in range(1 - k, k)}, "leave out the neuron"),
        ("16-3", lambda n, k: k, "Two numbers are expected, qubits and costs"),
        ("16-2", {"exhaustive"}, "its ledger counts"),
        ("16-2", {"grover_search"}, "read the table"),
        ("08a-3", [0.5] * 4, "here a d - b c is"),
        ("06-5", solve("06-2"), "A function of n that gives a circuit"),
        ("06-5", lambda n: solve("06-2"), "For n = 1: Your circuit acts on 4 qubits"),
        (
            "09-5",
            lambda table, shots, rng: np.ones((shots, table.n_neurons)),
            "in 100.00% of yours",
        ),
        ("09-5", lambda table, shots, rng: np.ones((3, table.n_neurons)), "is expected"),
        ("11-5", WRONG["11-5"], "For 2 random tables of neighbouring pairs the least cost"),
        ("14a-5", WRONG["14a-5"], "on 2 qubits"),
    ],
)
def test_a_wrong_answer_is_told_its_failing_case(name: str, answer: Any, said: str) -> None:
    assert said in verdict(name, answer)


@pytest.mark.parametrize("power", [0.0, 1.0, -0.5])
def test_reused_angles_of_another_growth_are_told_from_the_right_ones(power: float) -> None:
    """Their mean cost may be as low: each mask's share of the shots is compared."""

    def measured(table: CostTable, shots: int, rng: np.random.Generator) -> BoolArray:
        gammas, betas = mean_angles(6, range(100, 110))
        gammas = gammas * (table.n_neurons / 6) ** power / table.std
        return sample_state(evolve_qaoa(table, gammas, betas), shots, rng=rng)

    assert "For n = 8, seed 3, mask" in verdict("09-5", measured)


@pytest.mark.parametrize("number", [lesson.number for lesson in LESSONS if lesson.number >= "03"])
def test_each_lesson_from_03_on_asks_for_a_circuit_or_a_function(number: str) -> None:
    answers = [solve(name) for name in NAMES if name.partition("-")[0] == number]
    assert any(isinstance(answer, cirq.AbstractCircuit) or callable(answer) for answer in answers)


def test_the_forms_above_are_of_exercises_that_there_are() -> None:
    assert {*CIRCUITS, *NUMBERS, *FUNCTIONS} <= {*NAMES} == {*EXERCISES}
