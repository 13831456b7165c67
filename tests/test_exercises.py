"""Exercises: not attempted, wrong and right are told apart, and a wrong answer learns why."""

from __future__ import annotations

from typing import Any

import cirq
import numpy as np
import pytest

from labkit.exercises import EXERCISES, check

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
}


def test_every_exercise_has_a_typical_wrong_answer_here() -> None:
    assert set(WRONG) == set(EXERCISES)


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
