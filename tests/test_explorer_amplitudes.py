"""Gates by buttons: the state is Cirq's, its words are true, and nothing is lost on the way."""

from __future__ import annotations

from typing import Any

import cirq
import numpy as np
import pytest

from labkit.course.explorers import AmplitudeExplorer
from labkit.course.explorers.amplitudes import (
    MAX_GATES,
    AmplitudeView,
    apply_gate,
    gate_names,
)
from labkit.course.plots.qubits import amplitude_in_words
from labkit.simulators import probabilities


def run_code(view: AmplitudeView) -> Any:
    """What the shown code makes: a Cirq circuit's state vector."""
    names: dict[str, Any] = {}
    exec(view.code, names)
    return names["circuit"].final_state_vector(qubit_order=names["q"])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_gate_does_to_every_state_what_cirq_s_does(n: int) -> None:
    rng, line = np.random.default_rng(n), cirq.LineQubit.range(n)
    state = rng.normal(size=2**n) + 1j * rng.normal(size=2**n)
    state /= np.linalg.norm(state)
    for gate in gate_names(n):
        name, *neurons = gate.split()
        operation = getattr(cirq, name)(*(line[int(j)] for j in neurons))
        unitary = cirq.Circuit(operation).unitary(line, qubits_that_should_be_present=line)
        assert np.allclose(apply_gate(state, gate), unitary @ state), gate


def test_the_shown_code_makes_the_shown_state() -> None:
    rng = np.random.default_rng(5)
    for n in (1, 2, 3):
        view = AmplitudeView(n, tuple(rng.choice(gate_names(n), size=8)))
        assert np.allclose(run_code(view), view.state, atol=1e-6)
        assert len(view.states) == 9


def test_h_z_h_makes_a_one_and_h_h_a_zero() -> None:
    explorer = AmplitudeExplorer()
    for gate in ("H 0", "Z 0", "H 0"):
        explorer.buttons[gate].click()
    assert explorer.view.chances_on == pytest.approx([1, 0])
    assert explorer.n_draws == 4
    assert "<b>1.00|10⟩</b>" in explorer.text.value
    assert "cirq.Z(q[0])" in explorer.circuit_code.value
    explorer.undo_button.click()
    explorer.undo_button.click()
    explorer.buttons["H 0"].click()
    assert explorer.view.chances_on == pytest.approx([0, 0])


@pytest.mark.parametrize(
    ("gates", "ket", "entangled"),
    [
        ((), "1.00|000⟩", []),
        (("H 0", "CNOT 0 1"), "0.71|000⟩ + 0.71|110⟩", [0, 1]),
        (("H 0", "Z 0"), "0.71|000⟩ − 0.71|100⟩", []),
        (("H 0", "S 0"), "0.71|000⟩ + 0.71i|100⟩", []),
        (("H 1", "H 2", "CZ 1 2"), "0.50|000⟩ + 0.50|001⟩ + 0.50|010⟩ − 0.50|011⟩", [1, 2]),
        (("H 0", "CNOT 0 1", "CNOT 1 2"), "0.71|000⟩ + 0.71|111⟩", [0, 1, 2]),
    ],
)
def test_the_state_is_written_as_a_sum_of_masks(
    gates: tuple[str, ...], ket: str, entangled: list[int]
) -> None:
    view = AmplitudeView(3, gates)
    assert (view.ket, view.entangled) == (ket, entangled)
    assert view.chances_on == pytest.approx(
        [
            probabilities(view.state)[[f"{i:03b}"[j] == "1" for i in range(8)]].sum()
            for j in (0, 1, 2)
        ]
    )


def test_a_hand_of_the_dial_is_written_with_its_phase() -> None:
    assert [amplitude_in_words(a) for a in (0, -0.5, 1j, -1j, 0.5 - 0.5j)] == [
        *("0", "−0.50", "1.00i", "−1.00i", "0.50−0.50i")
    ]


def test_gates_on_neurons_that_go_go_with_them() -> None:
    explorer = AmplitudeExplorer(3, ("H 0", "CNOT 1 2", "X 1"))
    explorer.controls["n_neurons"].value = 2
    assert explorer.gates == ("H 0", "X 1")
    assert explorer.buttons["H 2"].layout.display == "none"
    assert explorer.buttons["H 1"].layout.display is None


def test_the_picture_has_room_for_twelve_gates_and_takes_no_more() -> None:
    explorer = AmplitudeExplorer(1, ["H 0"] * (MAX_GATES - 1))
    assert not explorer.buttons["X 0"].disabled
    explorer.buttons["X 0"].click()
    assert explorer.buttons["X 0"].disabled
    explorer.add("X 0")
    assert len(explorer.gates) == MAX_GATES


def test_reset_goes_back_to_the_gates_that_were_given_with_one_drawing() -> None:
    explorer = AmplitudeExplorer(2, ["H 1"])
    picture = bytes(explorer.image.value)
    explorer.add("Z 1")
    explorer.controls["n_neurons"].value = 3
    drawn = explorer.n_draws
    explorer.reset_button.click()
    assert explorer.n_draws == drawn + 1
    assert explorer.gates == ("H 1",)
    assert bytes(explorer.image.value) == picture
    assert not explorer.undo_button.disabled


@pytest.mark.parametrize(
    "arguments",
    [{"gates": ["Y 0"]}, {"gates": ["H 2"]}, {"n_neurons": 4}, {"gates": ["X 0"] * 13}],
)
def test_what_is_not_there_is_refused_by_name(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))) as caught:
        AmplitudeExplorer(**arguments)
    assert "\n" not in str(caught.value)
