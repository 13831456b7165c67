"""The explorers of locality and of hardware: their numbers against circuits run another way."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.ansatz import ramp_angles
from labkit.circuits import circuit_report
from labkit.circuits.qaoa import qaoa_circuit
from labkit.course.explorers import HardwareExplorer, LocalityExplorer
from labkit.course.explorers.hardware import FORMS
from labkit.course.explorers.locality import DIALS, view_setting
from labkit.course.lessons.lesson_14a_noise_and_hardware import ERRORS, build_cost
from labkit.simulators import entropy, evolve_qaoa, noisy_probabilities


@pytest.mark.parametrize("form", FORMS)
def test_what_is_left_is_that_of_the_circuit(form: str) -> None:
    explorer = HardwareExplorer(form=form, error=3e-3, seed=2, n_neurons=5)
    cost = build_cost(form, 5, 2)
    circuit = qaoa_circuit(cost, *ramp_angles(2, 5, std=cost.std))
    chances = noisy_probabilities(circuit, two_qubit_error=3e-3)
    clean = noisy_probabilities(circuit, two_qubit_error=0.0)
    table = cost.to_table()
    left = (chances @ table.costs - table.mean) / (clean @ table.costs - table.mean)
    assert explorer.view.gain_left == pytest.approx(left)
    assert f"{left:.3f}" in explorer.text.value
    assert explorer.view.counts.sum() == explorer.chosen["shots"]


def test_a_click_on_the_right_picture_and_the_arrows_choose_the_error() -> None:
    explorer = HardwareExplorer()
    explorer._point(1, 1.2, 0.5)
    assert explorer.chosen["error"] == ERRORS[1]
    explorer._arrow(1, 0)
    assert explorer.chosen["error"] == ERRORS[2]
    for _ in range(9):
        explorer._arrow(1, 0)
    assert explorer.chosen["error"] == ERRORS[-1]


@pytest.mark.parametrize("dial", ["K", "order"])
def test_a_setting_is_that_of_its_circuit(dial: str) -> None:
    one, two = (view_setting("breast_cancer", dial, value, 5, 3) for value in (1, 2))
    assert one.two_qubit_gates == 0
    assert one.bits < 1e-5 < two.bits
    if dial == "K":
        cost = build_cost("NK 2", 5, 3)
        angles = ramp_angles(2, 5, std=cost.std)
        circuit = qaoa_circuit(cost, *angles)
        report = circuit_report(circuit)
        assert (two.two_qubit_gates, two.depth) == (report.two_qubit_gates, report.depth)
        state = evolve_qaoa(cost, *angles)
        assert two.bits >= entropy(state, [0, 1]) - 1e-6
        chances = noisy_probabilities(circuit, two_qubit_error=0.01)
        table = cost.to_table()
        best = chances[np.isclose(table.costs, table.minimum, atol=1e-9)].sum()
        assert two.success(0.01) == pytest.approx(best)


def test_the_whole_order_and_the_whole_block_are_exact() -> None:
    for dial in ("order", "block size"):
        assert view_setting("moons", dial, 5, 5, 0).regret == pytest.approx(0, abs=1e-9)


def test_the_control_says_which_locality_it_moves() -> None:
    explorer = LocalityExplorer()
    for dial, words in DIALS.items():
        explorer.controls["dial"].value = dial
        assert explorer.controls["value"].description == words
        assert f"{dial} = <b>" in explorer.text.value


@pytest.mark.parametrize(
    ("options", "words"),
    [({"error": 0.5}, "error=0.5"), ({"dial": "p"}, "dial='p'"), ({"value": 9}, "value=9")],
)
def test_what_is_not_offered_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LocalityExplorer(**options)  # type: ignore[arg-type]


def test_shots_and_errors_that_are_not_offered_are_refused() -> None:
    with pytest.raises(ValueError, match="shots=7"):
        HardwareExplorer(shots=7)
    with pytest.raises(ValueError, match=r"error=0\.5"):
        HardwareExplorer(error=0.5)
