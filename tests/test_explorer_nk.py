"""The locality explorer: its numbers against ways of another kind, its clicks and arrows."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.circuits.qaoa import qaoa_circuit
from labkit.circuits.reports import circuit_report
from labkit.costs import LocalCost
from labkit.course.explorers import NKExplorer, SharedMask
from labkit.course.explorers.nk import KS, MAX_LAYERS, SHOTS, least_of_shots, view_nk
from labkit.course.lessons.lesson_11_nk_networks import MAX_NEURONS, MIN_NEURONS, circuit_size
from labkit.course.plots import draw_ring, new_axes
from labkit.course.plots.networks import ring_places
from labkit.masks import mask_to_string
from labkit.simulators import final_state, probabilities


def ring_cost(n: int, k: int) -> LocalCost:
    rng = np.random.default_rng(n + k)
    terms = [(tuple((i + j) % n for j in range(k)), rng.normal(size=2**k)) for i in range(n)]
    return LocalCost(terms, n)


def click_neuron(explorer: NKExplorer, j: int) -> None:
    ax, n = explorer._axes[0], explorer.controls["n_neurons"].value
    width, height = ax.figure.bbox.size
    x, y = ax.transData.transform(ring_places(n)[j])
    explorer.point_at(x / width, y / height)


@pytest.mark.parametrize("k", KS)
def test_gates_and_depth_are_those_of_the_circuit(k: int) -> None:
    for n in range(MIN_NEURONS, MAX_NEURONS + 1):
        for p in range(1, MAX_LAYERS + 1):
            report = circuit_report(qaoa_circuit(ring_cost(n, k), [0.1] * p, [0.1] * p))
            assert circuit_size(n, k, p) == (report.two_qubit_gates, report.depth), (n, p)


@pytest.mark.parametrize(("n", "k", "p"), [(6, 1, 1), (7, 3, 2), (8, 6, 4)])
def test_the_view_agrees_with_every_mask_and_with_the_circuit(n: int, k: int, p: int) -> None:
    view = view_nk("moons", n, k, p, 3)
    table = view.problem.cost.to_table()
    assert view.minimum == pytest.approx(table.minimum, abs=1e-12)
    assert table.evaluate(view.optimum) == pytest.approx(table.minimum, abs=1e-12)
    assert view.mean == pytest.approx(table.mean)
    rise = (np.arange(p) + 0.5) / p
    angles = np.sqrt(n) / table.std * rise, 0.5 * (1 - rise)
    chances = probabilities(final_state(qaoa_circuit(view.problem.cost, *angles)))
    assert view.qaoa == pytest.approx(chances @ table.costs, abs=1e-4)
    assert view.chance == pytest.approx(chances[table.costs <= table.minimum + 1e-9].sum(), 1e-3)


def test_the_least_of_some_shots_agrees_with_drawing_them() -> None:
    rng = np.random.default_rng(3)
    costs, chances = np.sort(rng.normal(size=50)), rng.dirichlet(np.ones(50))
    drawn = rng.choice(costs, p=chances, size=(20_000, SHOTS)).min(axis=1)
    error = drawn.std() / np.sqrt(len(drawn))
    assert least_of_shots(costs, chances, SHOTS) == pytest.approx(drawn.mean(), abs=5 * error)
    assert least_of_shots(costs, chances, 1) == pytest.approx(chances @ costs)


@pytest.mark.parametrize(("k", "p", "width"), [(1, 4, 1), (2, 2, 6), (3, 1, 7), (3, 4, 12)])
def test_the_light_cone_grows_by_k_minus_one_on_either_side(k: int, p: int, width: int) -> None:
    assert len(view_nk("moons", 12, k, p, 0).light_cone(5)) == width


def test_a_click_on_a_neuron_flips_it_in_the_mask_that_others_share() -> None:
    shared = SharedMask()
    explorer, other = NKExplorer(shared=shared), NKExplorer(seed=2, shared=shared)
    optimum, before = explorer.view.optimum, bytes(other.image.value)
    drawn = explorer.n_draws
    click_neuron(explorer, 4)
    expected = optimum.copy()
    expected[4] ^= True
    lit = shared.of(12)
    assert lit is not None and (lit == expected).all()
    assert explorer.n_draws == drawn + 1
    assert bytes(other.image.value) != before
    cost = float(explorer.view.problem.cost.evaluate(expected))
    assert f"lit mask <b>{mask_to_string(expected)}</b>: {cost:.4f}" in explorer.text.value
    click_neuron(explorer, 4)
    assert np.array_equal(shared.neuron_mask, optimum)


def test_a_mask_of_another_size_is_not_shown() -> None:
    shared = SharedMask()
    shared.choose([True] * 5)
    assert "lit mask" not in NKExplorer(shared=shared).text.value


def test_a_click_beside_the_neurons_lights_nothing() -> None:
    explorer = NKExplorer()
    ax = explorer._axes[0]
    x, y = ax.transData.transform((0.0, 0.0)) / ax.figure.bbox.size
    explorer.point_at(x, y)
    assert explorer.shared.of(12) is None


@pytest.mark.parametrize("number", [1, 2])
def test_a_click_on_a_curve_chooses_k(number: int) -> None:
    explorer = NKExplorer()
    ax, drawn = explorer._axes[number], explorer.n_draws
    x, y = ax.transData.transform((5.2, sum(ax.get_ylim()) / 2)) / ax.figure.bbox.size
    explorer.point_at(x, y)
    assert explorer.controls["n_inputs_per_output"].value == 5
    assert explorer.n_draws == drawn + 1


def test_arrows_move_the_light_cone_and_k() -> None:
    explorer = NKExplorer(n_neurons=6, n_inputs_per_output=2)
    explorer._pressed(-1, 0)
    assert "light cone of output 5" in explorer.text.value
    explorer._pressed(0, 1)
    assert explorer.controls["n_inputs_per_output"].value == 3
    for _ in range(9):
        explorer._pressed(0, -1)
    assert explorer.controls["n_inputs_per_output"].value == 1
    explorer.reset_button.click()
    assert "light cone of output 0" in explorer.text.value


def test_an_output_that_is_no_longer_there_gives_way() -> None:
    explorer = NKExplorer(n_neurons=12)
    explorer.output = 11
    explorer.controls["n_neurons"].value = 6
    assert "light cone of output 5" in explorer.text.value


@pytest.mark.parametrize(("argument", "value"), [("n_inputs_per_output", 7), ("p", 0), ("p", 1.5)])
def test_bad_arguments_are_named(argument: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError), match=argument):
        NKExplorer(**{argument: value})  # type: ignore[arg-type]


def test_the_lab_book_gets_the_numbers_that_are_shown() -> None:
    explorer = NKExplorer()
    numbers, view = explorer._numbers(), explorer.view
    assert numbers["minimum"] == view.minimum and numbers["depth"] == view.depth
    assert explorer._parameters()["n_inputs_per_output"] == 3


def test_the_ring_draws_a_line_between_any_two_that_share_a_term() -> None:
    ax = draw_ring(new_axes()[0], [(0, 1, 2), (2, 3)], 5)
    places = ring_places(5)
    line = np.asarray(ax.lines[0].get_xydata()).reshape(-1, 3, 2)[:, :2]
    drawn = {tuple(sorted(int(np.abs(places - end).sum(axis=1).argmin()) for end in pair))
             for pair in line}  # fmt: skip
    assert drawn == {(0, 1), (0, 2), (1, 2), (2, 3)}
