"""Exercises: not attempted, wrong and right are told apart, and a wrong answer learns why."""

from __future__ import annotations

from typing import Any

import cirq
import numpy as np
import pytest

from labkit.course import check
from labkit.course.checking import all_exercises
from labkit.sweeps import Sweep

_QUBITS = cirq.LineQubit.range(4)
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
    "11-1": 4 + 3 * 3,
    "11-2": "1" * 40,
    "11-3": cirq.Circuit(cirq.CZ(*_QUBITS[:2]) ** 0.8, cirq.CZ(*_QUBITS[2:]) ** 0.8),
    "11-4": lambda n, k, j: {(j + step) % n for step in range(1, k)},
    "12-1": lambda n, block_size, rounds: rounds * 2**block_size * n // block_size,
    "12-2": "10110100",
    "12-3": cirq.Circuit(cirq.CCZ(*_QUBITS[:3])),
    "12-4": "0001101010",
    "13-1": 3 * 1024 * 2**8,
    "13-2": "1" * 64,
    "13-3": lambda f, y: float(np.mean(np.log1p(np.exp(-f[np.arange(len(y)), y])))),
    "13-4": 2,
    "14-1": 20 * 50 + 100,
    "14-2": lambda history, minimum, budget: history[budget - 1 : budget].sum() - minimum,
    "14-3": "00101101",
    "14-4": 50 / 0.3,
    "10-1": 16 * 15 * 14 * 13,
    "10-2": cirq.Circuit(cirq.H.on_each(*_QUBITS)),
    "10-3": "1111111111",
    "10-4": lambda table, k: table.minimum,
    "15-1": 3 * 4 * 3,
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
    "16-3": {"masks", "limits"},
}


def test_every_exercise_has_a_typical_wrong_answer_here() -> None:
    assert set(WRONG) == set(all_exercises())


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_stub_is_not_attempted_rather_than_wrong(name: str) -> None:
    assert check(name, ...).status == "not attempted"


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_typical_wrong_answer_is_told_what_is_wrong(name: str) -> None:
    verdict = check(name, WRONG[name])
    assert verdict.status == "wrong"
    assert len(verdict.message) > 15
    assert name in verdict._repr_html_()


@pytest.mark.parametrize("name", sorted(WRONG))
@pytest.mark.parametrize("answer", [None, "", "dozens", object(), [], float("nan")])
def test_nonsense_is_wrong_and_never_breaks_the_notebook(name: str, answer: object) -> None:
    assert check(name, answer).status == "wrong"


def test_a_wrong_mask_is_named_with_what_was_expected_and_what_came() -> None:
    message = check("03-2", WRONG["03-2"]).message
    assert "0101" in message or "1010" in message
    assert "1.000" in message and "0.000" in message


def test_an_unknown_exercise_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"name='99-1' is unknown \(known: 00-1"):
        check("99-1", 1)


def test_what_a_reader_typed_is_escaped() -> None:
    assert "<script>" not in check("00-1", "<script>")._repr_html_()
