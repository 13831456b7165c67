"""Exercises: not attempted, wrong and right are told apart, and a wrong answer learns why.

The right answers are the notebooks' own solutions, and each is spoilt into a wrong one: an exercise
is added in its notebook and its lesson, and found here.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import cirq
import numpy as np
import pytest
from make_versions import exercises, fill_in, split_solution
from run_notebooks import FOLDER, code_cells, read

from labkit.circuits.grover import grover_circuit
from labkit.circuits.oracles import build_table_oracle
from labkit.course import check
from labkit.course.checking import all_exercises
from labkit.course.registry import BY_NUMBER
from labkit.selectors import default_oracle_calls
from labkit.sweeps import Sweep

NAMES = all_exercises()
_QUBITS = cirq.LineQubit.range(4)
#: Where a typical wrong answer is known, it stands here.
WRONG: dict[str, Any] = {
    "00-1": "11111111",
    "00-2": 20**2,
    "00-3": 6,
    "01-1": 6 * 3,
    "01-2": np.zeros(200),
    "01-3": 0.0,
    "02-1": 2**30,
    "02-2": "11111111",
    "02-3": 1,
    "03-1": 0b1001 + 1,
    "03-2": cirq.Circuit(cirq.X(_QUBITS[1]), cirq.X(_QUBITS[3]), cirq.I.on_each(*_QUBITS)),
    "03-3": cirq.Circuit(cirq.H.on_each(*_QUBITS[:3])),
    "03-4": cirq.Circuit(cirq.H.on_each(*_QUBITS[:2])),
    "04-1": cirq.Circuit(cirq.CCZ(*_QUBITS[:3])),
    "04-2": 50,
    "04-3": lambda n, m, k: np.sin(k * np.arcsin(np.sqrt(m / 2**n))) ** 2,
    "05-1": lambda n, m, reach: np.sin((2 * reach + 1) * np.arcsin(np.sqrt(m / 2**n))) ** 2,
    "05-2": 64,
    "05-3": 8.0,
    "05-4": list(range(7, -1, -1)),
    "06-1": ["111", "110", "011", "101"],
    "06-2": cirq.Circuit(
        *[cirq.CNOT(q, _QUBITS[3]) for q in _QUBITS[:3]],
        cirq.Z(_QUBITS[3]),
    ),
    "06-3": 4,
    "06-4": 0.5 / 3500,
    "06-5": lambda n: cirq.Circuit(cirq.Z.on_each(*_QUBITS[:3])),
    "07-1": 90,
    "07-2": "11111111",
    "07-3": cirq.Circuit(
        cirq.H.on_each(*_QUBITS[:2]),
        cirq.ZZ(*_QUBITS[:2]) ** 0.7,
        cirq.rx(0.3).on_each(*_QUBITS[:2]),
    ),
    "07-4": lambda costs, share: costs[: int(share * len(costs))].mean(),
    "08-1": 20 * 19 // 2,
    "08-2": lambda costs, neurons: float(np.mean(costs)),
    "08-3": cirq.Circuit(
        cirq.rz(0.4 * 0.5)(_QUBITS[0]), cirq.ZZ(*_QUBITS[1:3]) ** (-0.4 * 0.25 / np.pi)
    ),
    "08-4": "1111111111",
    "09-1": 6,
    "09-2": lambda gammas, n, std: np.asarray(gammas) * np.sqrt(n / 6) * std,
    "09-3": ([0.5, 1.5], [0.4, 0.1]),
    "09-4": "111111111111",
    "09-5": lambda table, shots, rng: rng.random((shots, table.n_neurons)) < 0.5,
    "11-1": 4 + 3 * 3,
    "11-2": "1" * 40,
    "11-3": cirq.Circuit(cirq.CZ(*_QUBITS[:2]) ** 0.8, cirq.CZ(*_QUBITS[2:]) ** 0.8),
    "11-4": lambda n, k, j: {(j + step) % n for step in range(1, k)},
    "11-5": lambda tables: float(sum(table.min() for table in tables)),
    "12-1": lambda n, block_size, rounds: rounds * 2**block_size * n // block_size,
    "12-2": "10110100",
    "12-3": cirq.Circuit(cirq.CCZ(*_QUBITS[:3])),
    "12-4": "0001101010",
    "13-1": 3 * 1024 * 2**8,
    "13-2": "1" * 64,
    "13-3": lambda f, y: float(np.mean(np.log1p(np.exp(-f[np.arange(len(y)), y])))),
    "13-4": lambda n, b: n // b * min(2**b, default_oracle_calls(b)),
    "14-1": 20 * 50 + 100,
    "14-2": lambda history, minimum, budget: history[budget - 1 : budget].sum() - minimum,
    "14-3": "00101101",
    "14-4": 50 / 0.3,
    "10-1": 16 * 15 * 14 * 13,
    "10-2": cirq.Circuit(cirq.H.on_each(*_QUBITS)),
    "10-3": "1111111111",
    "10-4": lambda table, k: table.minimum,
    "14a-1": 0.95**2,
    "14a-2": lambda rho, error: (1 - error) * rho + error * np.eye(2) / 2,
    "14a-5": lambda rho, error: (1 - 4 * error / 3) * rho + 4 * error / 3 * np.eye(len(rho)) / 2,
    "17-1": 0.75,
    "17-2": 0.75,
    "17-3": 2**10,
    "17-4": lambda k, clock_qubits, time: 2 * np.pi * k / (2**clock_qubits * time),
    "17-5": lambda x, scale, i, j: scale**2 * float(np.mean(x[:, i] * x[:, j])),
    "19-1": 45,
    "19-2": 22 / 9,
    "19-3": lambda kernel, pattern, y, row: float(row @ np.linalg.solve(kernel, y)),
    "19-4": 12,
    "15-1": 3 * 4 * 3,
    "18-1": lambda n, layers, shared: layers * (3 if shared else 3 * n),
    "18-2": 36 * 182,
    "18-3": lambda mean, angles, g: mean(angles + np.eye(len(angles))[g]) - mean(angles),
    "18-4": lambda gamma, beta, coupling, field: (gamma * coupling, gamma * field, -beta),
    "15-2": 0.1666,
    "15-3": Sweep(
        "Which is better?",
        range(10),
        problem={"task_name": "moons"},
        options={"max_cost_queries": 20},
        grid={"selector": ["random_search", "one_flip_search"], "n_hidden": [8, 10]},
    ),
    "15-4": lambda d: abs(np.mean(d)) > 2 * np.std(d),
    "16-1": [2, 0, 5],
    "16-2": {"grover_search", "qaoa_sampling"},
    "16-3": lambda n, k: (n, 1 + n * 2**k // k),
    "21-1": 2,
    "21-2": lambda bias_range: min(1.0, 1 / bias_range),
    "21-3": lambda n_points, n_features: (
        sum(math.comb(n_points - 1, k) for k in range(n_features)) / 2 ** (n_points - 1)
    ),
    "21-4": grover_circuit(_QUBITS, build_table_oracle(_QUBITS, ["0110"]), 1),
    "20-1": lambda s, a, mu: 1 - mu * s / (s + a),
    "20-2": 20,
    "20-3": 20 * 28.8,
    "20-4": lambda h, y, a: float(
        np.mean((y - h @ np.linalg.solve(h.T @ h + a * np.eye(h.shape[1]), h.T @ y)) ** 2)
    ),
}


@cache
def solve(name: str) -> Any:
    """The answer that the notebook's solution gives, with the lines above that it stands on."""
    lesson = BY_NUMBER[name.partition("-")[0]]
    if lesson.needs and not lesson.needs.is_installed():
        pytest.skip(lesson.needs.line)
    notebook = read(FOLDER / lesson.notebook)
    pairs = [pair for pair in exercises(notebook) if f'check("{name}"' in pair[0].source]
    (pair,) = pairs
    filled = fill_in(pair[0].source, split_solution(pair[1].source)[0])
    cells = [*code_cells(notebook)]
    cells = cells[: cells.index(pair[0])]
    above = [statement for cell in cells for statement in parse(cell.source)]
    found: dict[str, Any] = {}
    exec(compile(ast.Module([*needed(above, parse(filled)[:-1])], []), name, "exec"), found)
    return found["answer"]


def parse(source: str) -> list[ast.stmt]:
    return ast.parse(source).body


def needed(above: list[ast.stmt], statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements, and before them those above that give a value to what they read."""
    wanted, kept = set().union(*map(reads, statements)), statements
    for statement in reversed(above):
        if wanted & gives(statement):
            wanted, kept = wanted | reads(statement), [statement, *kept]
    yield from kept


def reads(statement: ast.stmt) -> set[str]:
    changed = {statement.target} if isinstance(statement, ast.AugAssign) else set()
    return names_in(statement, ast.Load) | {
        name.id for name in changed if isinstance(name, ast.Name)
    }


def gives(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return {alias.asname or alias.name.partition(".")[0] for alias in aliases}
        case ast.FunctionDef(name=name):
            return {name}
    inner = (node.target for node in ast.walk(statement) if isinstance(node, ast.comprehension))
    return names_in(statement, ast.Store) - set().union(
        *(names_in(one, ast.Store) for one in inner)
    )


def names_in(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    names = (each for each in ast.walk(node) if isinstance(each, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, context)}


def spoil(answer: Any) -> Any:
    """An answer of the same kind that is wrong."""
    match answer:
        case bool():
            return not answer
        case int() | float():
            return answer + abs(answer) + 1
        case str():
            turned = answer.translate(str.maketrans("01", "10"))
            return turned if turned != answer else f"not {answer}"
        case cirq.AbstractCircuit():
            return answer.unfreeze() + cirq.X(cirq.LineQubit(0))
        case np.ndarray():
            return ~answer if answer.dtype == bool else answer + 1
        case list() | tuple():
            return answer[:-1]
        case set():
            return set(sorted(answer)[:-1])
    return (lambda *given: spoil(answer(*given))) if callable(answer) else None


@pytest.mark.parametrize(
    "answer", [True, -1, -0.5, 0, 7, 2.5, "0110", "a text", "", [1], (1, 2), {"one", "two"}]
)
def test_an_answer_of_any_kind_is_spoilt_into_another_of_its_kind(answer: Any) -> None:
    spoilt = spoil(answer)
    assert spoilt != answer and type(spoilt) is type(answer)


@pytest.mark.parametrize("name", NAMES)
def test_the_notebook_s_own_solution_is_right(name: str) -> None:
    verdict = check(name, solve(name))
    assert verdict.status == "right", verdict


@pytest.mark.parametrize("name", NAMES)
def test_a_stub_is_not_attempted_rather_than_wrong(name: str) -> None:
    assert check(name, ...).status == "not attempted"


@pytest.mark.parametrize("name", NAMES)
def test_a_spoilt_solution_and_a_typical_wrong_answer_are_told_what_is_wrong(name: str) -> None:
    for answer in (spoil(solve(name)), WRONG.get(name)):
        verdict = check(name, answer)
        assert verdict.status == "wrong"
        assert len(verdict.message) > 15
        assert name in verdict._repr_html_()


def without_numbers(answer: Any) -> Any:
    """The same answer with NaN for each of its numbers; None where it has none."""
    match answer:
        case bool() | str() | set():
            return None
        case int() | float() | complex() | np.number():
            return np.nan
        case cirq.AbstractCircuit():
            return answer.unfreeze() + cirq.rz(np.nan)(cirq.LineQubit(0))
        case np.ndarray() if answer.dtype.kind in "iufc":
            return np.full_like(answer, np.nan, dtype=np.result_type(answer.dtype, float))
        case list() | tuple():
            spoilt = [without_numbers(part) for part in answer]
            is_whole = all(part is not None for part in spoilt)
            return type(answer)(spoilt) if is_whole else None
    return (lambda *given: without_numbers(answer(*given))) if callable(answer) else None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_not_a_number_is_never_right(name: str) -> None:
    for answer in (without_numbers(solve(name)), lambda *given: np.nan, np.nan, [np.nan] * 4):
        assert check(name, answer).status == "wrong"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_chance_under_the_wrong_root_is_wrong() -> None:
    def swapped(n: int, m: int, k: int) -> float:
        return float(np.sin((2 * k + 1) * np.arcsin(np.sqrt(2**n / m))) ** 2)

    verdict = check("04-3", swapped)
    assert verdict.status == "wrong"
    assert verdict.message == "For n = 4, M = 1, k = 3 the chance is 0.961319; nan came."


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("answer", [None, "", "dozens", object(), [], float("nan")])
def test_nonsense_is_wrong_and_never_breaks_the_notebook(name: str, answer: object) -> None:
    assert check(name, answer).status == "wrong"


@pytest.mark.parametrize(
    ("answer", "n", "k"),
    [(lambda n, k: (n, 1 + 2**n), 8, 2), (lambda n, k: (k, 1 + n // k * 2**k), 10, 3)],
)
def test_the_first_blocks_whose_price_is_wrong_are_named(answer: Any, n: int, k: int) -> None:
    message = check("16-3", answer).message
    assert message.startswith(f"For {n} neurons in blocks of {k}, {k} qubits are entangled")


def test_a_wrong_mask_is_named_with_what_was_expected_and_what_came() -> None:
    message = check("03-2", WRONG["03-2"]).message
    assert "0101" in message or "1010" in message
    assert "1.000" in message and "0.000" in message


def test_an_unknown_exercise_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"name='99-1' is unknown \(known: 00-1"):
        check("99-1", 1)


def test_what_a_reader_typed_is_escaped() -> None:
    assert "<script>" not in check("00-1", "<script>")._repr_html_()
