"""The oracle explorer: its marks are the circuit's, its sizes too, and a click lights a mask."""

from __future__ import annotations

import cirq
import numpy as np
import pytest

from labkit.amplification import success_probability
from labkit.circuits.gate_errors import add_gate_errors
from labkit.circuits.grover import grover_circuit
from labkit.circuits.oracles import build_computed_oracle, build_table_oracle
from labkit.circuits.reports import circuit_report
from labkit.course.explorers import OracleExplorer, SharedMask
from labkit.course.explorers.oracle import MAX_SAMPLES, OracleView, vote_options
from labkit.course.lessons.lesson_06_computed_oracle import (
    best_size,
    computed_size,
    quantised_weights,
    table_size,
)
from labkit.course.plots import draw_points_and_lines, draw_quality, draw_registers, new_axes
from labkit.masks import all_masks, mask_from_string, masks_from_indices
from labkit.scoring.quantised import count_right, few_samples
from labkit.simulators import evolve_grover, final_state

SMALL = [(3, 2, 1), (4, 3, 2), (4, 4, 3), (5, 3, 2), (6, 4, 4)]


@pytest.mark.parametrize(("n_neurons", "n_samples", "threshold"), SMALL)
def test_the_marks_by_formula_are_those_of_the_computed_circuit_on_qsim(
    n_neurons: int, n_samples: int, threshold: int
) -> None:
    weights = quantised_weights("digits_3v6", n_neurons, n_samples, seed=7)
    view = OracleView(weights, threshold, "computed")
    oracle = build_computed_oracle(weights, threshold)
    for k in (0, 1, 2, view.iterations):
        circuit = grover_circuit(oracle.mask_qubits, oracle.circuit, k)
        state = final_state(circuit).reshape(2**n_neurons, -1)
        assert np.linalg.norm(state[:, 1:]) < 1e-4  # the work qubits are back at zero
        expected = evolve_grover(view.marked, k)
        overlap = np.vdot(expected, state[:, 0])
        assert abs(overlap) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("n_neurons", "n_samples", "threshold"), SMALL)
def test_the_amplitudes_after_one_call_have_the_signs_of_both_circuits(
    n_neurons: int, n_samples: int, threshold: int
) -> None:
    weights = quantised_weights("moons", n_neurons, n_samples, seed=3)
    view = OracleView(weights, threshold, "table")
    computed = build_computed_oracle(weights, threshold)
    start = cirq.Circuit(cirq.H.on_each(*computed.mask_qubits))
    state = final_state(start + computed.circuit).reshape(2**n_neurons, -1)[:, 0]
    np.testing.assert_allclose(state, view.after_oracle, atol=1e-4)
    if view.n_marked:
        masks = masks_from_indices(np.flatnonzero(view.marked), n_neurons)
        listed = final_state(start + build_table_oracle(computed.mask_qubits, masks))
        np.testing.assert_allclose(listed, view.after_oracle, atol=1e-4)


@pytest.mark.parametrize(("n_neurons", "n_samples", "threshold"), SMALL)
def test_the_sizes_are_those_of_the_circuits(
    n_neurons: int, n_samples: int, threshold: int
) -> None:
    weights = quantised_weights("digits_3v6", n_neurons, n_samples, seed=7)
    marked = masks_from_indices(np.flatnonzero(count_right(weights) >= threshold), n_neurons)
    oracle = build_computed_oracle(weights, threshold)
    size = computed_size(weights, threshold)
    assert size.n_qubits == oracle.n_qubits
    assert size.two_qubit_gates == circuit_report(oracle.circuit).two_qubit_gates
    assert size.queries_before == 0
    assert len(marked)
    listed = build_table_oracle(oracle.mask_qubits, marked)
    size = table_size(marked)
    assert size.two_qubit_gates == circuit_report(listed).two_qubit_gates
    assert (size.n_qubits, size.queries_before) == (n_neurons, 2**n_neurons)


@pytest.mark.parametrize("n_neurons", [2, 3, 4])
def test_the_size_of_a_list_is_that_of_its_circuit_whatever_is_marked(n_neurons: int) -> None:
    qubits = cirq.LineQubit.range(n_neurons)
    for mask in all_masks(n_neurons):
        counted = circuit_report(build_table_oracle(qubits, [mask])).two_qubit_gates
        assert table_size(mask[np.newaxis]).two_qubit_gates == counted


def test_the_best_size_is_that_of_the_highest_threshold_that_marks_a_mask() -> None:
    weights = quantised_weights("moons", 5, 4, seed=3)
    highest = max(t for t in range(1, 5) if OracleView(weights, t, "table").n_marked)
    assert best_size("moons", 5, 4, seed=3) == computed_size(weights, highest)


def test_counting_right_samples_agrees_with_counting_one_by_one() -> None:
    weights = np.array([[2, -1, 1], [-3, 2, 2], [1, 1, -2], [0, 0, 0]])
    for mask, right in zip(all_masks(3), count_right(weights), strict=True):
        assert right == sum(sum(row[mask]) >= 1 for row in weights)
    with pytest.raises(ValueError, match=r"weights has shape \(3,\)"):
        count_right([1, 2, 3])


@pytest.mark.parametrize("n_samples", [1, 2, 5, 6])
def test_few_samples_takes_the_classes_in_turn(n_samples: int) -> None:
    y = np.array([1, 1, 0, 1, 0, 0])
    assert few_samples(y, n_samples).tolist() == [2, 0, 4, 1, 5, 3][:n_samples]
    with pytest.raises(ValueError, match="n_samples=7"):
        few_samples(y, 7)


def test_the_default_view_is_the_oracle_of_the_notebook() -> None:
    view = OracleExplorer().view
    assert view.sizes["computed"].n_qubits == 14
    assert view.n_marked == view.marked.sum() > 0
    expected = success_probability(6, view.n_marked, view.iterations)
    assert view.success == pytest.approx(expected, abs=1e-6)
    assert "14" in view.text
    assert view.ledger.count("<tr") == 3


def test_a_threshold_that_no_mask_reaches_is_shown_as_such() -> None:
    weights = np.array([[1, 0, 0], [-1, 0, 0]])  # never both right
    view = OracleView(weights, 2, "computed")
    assert (view.n_marked, view.iterations, view.success) == (0, 0, 0.0)
    assert (view.after_oracle > 0).all()


def test_a_threshold_keeps_how_many_may_be_wrong_when_samples_change() -> None:
    explorer = OracleExplorer(n_samples=4)
    explorer.controls["threshold"].value = 3
    explorer.controls["n_samples"].value = MAX_SAMPLES
    assert explorer.controls["threshold"].value == MAX_SAMPLES - 1
    labels = [label for label, _ in vote_options(explorer.weights)]
    assert labels[-1].startswith(f"≥ {MAX_SAMPLES} of {MAX_SAMPLES} right (")


def test_a_click_on_an_amplitude_lights_its_mask() -> None:
    shared = SharedMask()
    explorer = OracleExplorer(shared=shared)
    before = bytes(explorer.image.value)
    ax = explorer._axes[0]
    x, y = ax.transData.transform((9.2, 0.0)) / ax.figure.bbox.size
    explorer.point_at(float(x), float(y))
    assert list(shared.neuron_mask) == list(mask_from_string("001001"))
    assert "ring: mask 001001, right about" in explorer.text.value
    assert bytes(explorer.image.value) != before
    explorer._pressed(1, 0)
    assert list(shared.neuron_mask) == list(mask_from_string("001010"))


def test_what_the_lab_book_keeps_names_the_choice_and_its_price() -> None:
    explorer = OracleExplorer(oracle="table")
    assert explorer._numbers()["queries_before"] == 64
    assert explorer._parameters()["task"] == "digits_3v6"


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [("n_samples", 9, ValueError), ("n_samples", "few", TypeError), ("oracle", "mine", ValueError)],
)
def test_bad_arguments_are_named(argument: str, value: object, error: type[Exception]) -> None:
    with pytest.raises(error, match=argument):
        OracleExplorer(**{argument: value})  # type: ignore[arg-type]


def test_the_figures_hold_what_they_are_given() -> None:
    registers, sizes, points = new_axes(3)
    draw_registers(registers, {"mask qubits": 6, "accumulator": 0, "counter": 3})
    assert [len(line.get_xdata()) for line in registers.lines] == [6, 3]
    assert [text.get_text() for text in registers.texts] == ["mask qubits: 6", "counter: 3"]
    draw_quality(sizes, [2, 4], {"a": [[1, 3], [5, 7]]})
    assert sizes.lines[0].get_ydata().tolist() == [2, 6]
    draw_points_and_lines(points, {"p": ([1, 2], [3, 4])}, {"l": ([1, 2], [5, 6])})
    assert [line.get_label() for line in points.lines] == ["p", "l"]


def test_gate_errors_come_after_each_two_qubit_gate_and_keep_measurements() -> None:
    qubits = cirq.LineQubit.range(3)
    circuit = cirq.Circuit(
        cirq.H(qubits[0]), cirq.CNOT(*qubits[:2]), cirq.CCZ(*qubits), cirq.measure(*qubits)
    )
    erring = add_gate_errors(circuit, 0.25)
    channels = [op for op in erring.all_operations() if op.gate == cirq.depolarize(0.25, 2)]
    assert len(channels) == circuit_report(circuit).two_qubit_gates
    assert sum(map(cirq.is_measurement, erring.all_operations())) == 1


def test_without_errors_the_circuit_is_the_same_and_with_them_it_is_mixed() -> None:
    qubits = cirq.LineQubit.range(2)
    circuit = cirq.Circuit(cirq.H(qubits[0]), cirq.CNOT(*qubits))
    bell = np.outer([1, 0, 0, 1], [1, 0, 0, 1]) / 2
    for p in (0.0, 0.15):
        mixed = cirq.DensityMatrixSimulator().simulate(add_gate_errors(circuit, p))
        # with p one of 15 Pauli errors; 16/15 of p is the share of the fully mixed state
        expected = (1 - 16 / 15 * p) * bell + 16 / 15 * p * np.eye(4) / 4
        np.testing.assert_allclose(mixed.final_density_matrix, expected, atol=1e-5)


@pytest.mark.parametrize(("p", "error"), [(-0.1, ValueError), (1.1, ValueError), ("x", TypeError)])
def test_a_probability_out_of_range_is_refused(p: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="probability"):
        add_gate_errors(cirq.Circuit(), p)  # type: ignore[arg-type]
