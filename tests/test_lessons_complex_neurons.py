"""Notebook 23: its selectors and states by hand, one point of each record, what records show."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import cirq
import numpy as np
import pytest

from labkit.circuits.grover import grover_circuit
from labkit.circuits.oracles import build_table_oracle
from labkit.costs import CostTable
from labkit.course import check, recorded
from labkit.course.explorers import PhaseExplorer
from labkit.course.explorers.phases import OUTPUTS, PHASES, PhaseView
from labkit.course.lessons import figures_23_complex_neurons as figures
from labkit.course.lessons import lesson_23_complex_neurons as lesson
from labkit.selectors import run
from labkit.simulators import entropy, final_state

TABLE = CostTable(np.random.default_rng(23).random(2**12), 12)


def search(selector: Any, **options: Any) -> Any:
    return run(selector, TABLE, rng=np.random.default_rng(1), **options)


# Searches among choices


def test_the_masks_of_three_are_all_of_them_and_no_others() -> None:
    masks = lesson.masks_of(12, 3)
    chosen = {tuple(np.flatnonzero(mask).tolist()) for mask in masks}
    assert chosen == {*itertools.combinations(range(12), 3)} and len(masks) == 220


def test_enumeration_finds_the_best_and_counts_each() -> None:
    masks = lesson.masks_of(12, 3)
    found = search(lesson.enumerate_masks, masks=masks)
    assert found.cost == TABLE.evaluate(masks).min() and found.ledger.cost_queries == 220


def test_greedy_growth_adds_the_best_neuron_at_each_step() -> None:
    found, kept = search(lesson.grow_greedily, n_active=3), np.zeros(12, dtype=bool)
    for _ in range(3):
        costs = {j: float(TABLE.evaluate(kept | (np.arange(12) == j))) for j in range(12)}
        best = min((j for j in range(12) if not kept[j]), key=lambda j: costs[j])
        kept[best] = True
    assert found.ledger.cost_queries == 12 + 11 + 10
    assert min(found.history[-10:]) == pytest.approx(float(TABLE.evaluate(kept)))


def test_one_of_each_block_is_kept_and_no_exchange_in_a_block_is_better() -> None:
    found = search(lesson.one_of_each, n_blocks=3)
    blocks = found.neuron_mask.reshape(3, 4)
    assert (blocks.sum(axis=1) == 1).all() and found.ledger.cost_queries % 12 == 1
    for block in range(3):
        for one in np.eye(4, dtype=bool):
            other = blocks.copy()
            other[block] = one
            assert TABLE.evaluate(other.ravel()) >= found.cost - 1e-12


@pytest.mark.parametrize("draws", [1, 3, 6])
def test_the_least_of_some_drawn_costs_is_the_mean_over_all_draws(draws: int) -> None:
    costs = np.random.default_rng(0).random(6)
    least = [min(of) for of in itertools.combinations(costs, draws)]
    assert lesson.expected_least(costs, draws) == pytest.approx(np.mean(least))


# Grover's search among them


@pytest.mark.parametrize("name", ["any 3 of 12", "block by block"])
def test_the_states_of_the_search_are_those_of_its_circuit(name: str) -> None:
    start, states = lesson.starts_of_search()[name], lesson.states_of_start(name)
    marked, n = start[len(start) // 2], start.shape[1]
    qubits, kept = cirq.LineQubit.range(n), int(marked.sum())
    calls = len(states) - 1
    circuit = grover_circuit(qubits, build_table_oracle(qubits, [marked]), calls, n_active=kept)
    assert abs(np.vdot(final_state(circuit), states[-1])) == pytest.approx(1, abs=1e-4)
    assert all(np.linalg.norm(state) == pytest.approx(1) for state in states)
    assert calls == {"any 3 of 12": 11, "block by block": 1}[name]


def test_the_calls_are_those_of_the_largest_chance() -> None:
    for n_masks in (4, 64, 220):
        theta = math.asin(1 / math.sqrt(n_masks))
        chances = [math.sin((2 * k + 1) * theta) ** 2 for k in range(20)]
        assert lesson.best_calls(n_masks) == int(np.argmax(chances))


def test_one_of_each_four_is_a_product_at_first_and_holds_less() -> None:
    starts = lesson.starts_of_search()
    each = starts["1 of each 4"]
    assert len(each) == 64 and (each.reshape(-1, 3, 4).sum(axis=2) == 1).all()
    first = lesson.states_of_start("1 of each 4")[0]
    assert entropy(first, range(4)) < 1e-9 and entropy(first, range(2)) == pytest.approx(1)
    bits = [lesson.most_bits(lesson.states_of_start(name)) for name in starts]
    assert bits[0] > bits[1] > bits[2] == pytest.approx(1)


# Records


def test_a_point_of_each_record_is_what_is_computed_now() -> None:
    for name, function, wanted in (
        ("23_masks_and_readouts", lesson.measure_readout, {"task": "moons", "kind": "complex"}),
        ("23_random_filters", lesson.measure_choice, {"structure": "complex"}),
        (
            "23_trained_filters",
            lesson.measure_training,
            {"task": "digits", "structure": "real modulus", "learning_rate": 0.03},
        ),
    ):
        runs = recorded(name).runs
        rows = runs[runs["seed"] == 3]
        for key, value in wanted.items():
            rows = rows[rows[f"parameters.{key}"] == value]
        (stored,) = rows.to_dict("records")
        for key, value in function(wanted, 3).result.items():
            exact = name != "23_trained_filters"  # whose sums are in single precision
            near: dict[str, Any] = {"rel": 1e-6} if exact else {"abs": 0.011}
            if key != "loss":
                assert stored[f"result.{key}"] == pytest.approx(value, **near), (name, key)


def test_complex_filters_lead_phase_only_ones_and_a_claim_is_judged_by_its_lead() -> None:
    runs = recorded("23_trained_filters").runs
    for task in figures.TASKS:
        picked = lesson.pick_trained(runs, task)
        assert all(len(values) == 24 for values in picked.values())
        mean, error = lesson.lead(picked["complex"], picked["phase-only"])
        assert mean > 2 * error > 0
        gaps = picked["complex"] - picked["phase-only"]
        assert (mean, error) == pytest.approx((np.mean(gaps), np.std(gaps, ddof=1) / 24**0.5))
    table = figures.table_of_claims(runs)
    assert len(table) == len(figures.CLAIMS) + 2
    for claim, (ahead, behind) in figures.CLAIMS.items():
        for task, title in figures.TASKS.items():
            picked = lesson.pick_trained(runs, task)
            verdict = lesson.judge(picked[ahead], picked[behind])
            assert table.loc[claim, title].endswith(f": {verdict}")
    assert lesson.judge(np.ones(4), np.zeros(4)) == "confirmed"
    assert lesson.judge(np.array([0.1, -0.1]), np.zeros(2)) == "not confirmed"


def test_the_rate_that_validates_best_is_picked() -> None:
    runs = recorded("23_trained_filters").runs
    of = runs[(runs["parameters.task"] == "digits") & (runs["parameters.structure"] == "relu")]
    means = {
        rate: rows["result.validation"].mean()
        for rate, rows in of.groupby("parameters.learning_rate")
    }
    best = max(means, key=lambda rate: means[rate])
    rows = of[of["parameters.learning_rate"] == best].sort_values("seed")
    picked = lesson.pick_trained(runs, "digits")["relu"]
    assert picked.tolist() == rows["result.test"].tolist()


def test_a_figure_says_what_it_was_given() -> None:
    runs = recorded("23_random_filters").runs
    choices = lesson.pick_choices(runs, "complex")
    told = figures.figure_choices(runs).text
    assert (
        f"complex {choices['test_any'].mean():.3f}, {choices['test_enumeration'].mean():.3f}"
        in told
    )
    assert "block by block: 1.00 bits" in figures.figure_locality(choices).text
    assert f"{choices['queries_blocks'].mean():.0f} queries" in figures.bill_in_words(choices)


# Explorer and exercises


def test_a_view_is_what_a_loop_computes() -> None:
    def angle(u: complex) -> float:
        return math.atan2(u.imag, u.real)

    read: dict[str, Callable[[complex], float]] = {"modulus": abs, "argument": angle}
    read["sine squared"] = lambda u: math.sin(angle(u)) ** 2
    for output in OUTPUTS:
        view = PhaseView(30, 165, 0.75, output)
        w = [np.exp(1j * math.radians(30)), 0.75 * np.exp(1j * math.radians(165))]
        expected = [read[output](w[0] * 1j**a + w[1] * 1j**b) for a in (0, 1) for b in (0, 1)]
        assert view.outputs == pytest.approx(expected, abs=1e-9)
        corners = view.surface[[0, -1, 0, -1], [0, 0, -1, -1]]
        assert corners == pytest.approx(expected, abs=1e-9)


def test_turning_both_phases_turns_the_sums_and_leaves_the_modulus() -> None:
    first, second = PhaseView(0, 90, 1, "modulus"), PhaseView(45, 135, 1, "modulus")
    assert first.surface == pytest.approx(second.surface)
    assert second.sums == pytest.approx(first.sums * np.exp(0.25j * np.pi))
    shown = PhaseExplorer(phase_2=180)
    assert "makes it XOR, with a gap of <b>1.41</b>" in shown.text.value
    shown.controls["phase_2"].value = PHASES[0][1]
    assert "no XOR by a threshold" in shown.text.value


@pytest.mark.parametrize(
    ("name", "right", "wrong", "says"),
    [
        ("23-1", [0, 2**0.5, 2**0.5, 0], [0, 1, 1, 0], "Of 01 it is not 1"),
        ("23-1", np.sqrt([0, 2, 2, 0]), [0, 1], "four were asked for"),
        (
            "23-2",
            lambda w: [[w.real, w.imag], [-w.imag, w.real]],
            lambda w: [[w.real, -w.imag], [w.imag, w.real]],
            "multiply",
        ),
        ("23-2", lambda w: np.array([[w.real, w.imag], [-w.imag, w.real]]), lambda w: w, "shape"),
        ("23-3", 80, 72, "bias"),
        ("23-3", 80.0, 40, "two that are trained"),
        ("23-4", 11, 50, "three only"),
    ],
)
def test_an_answer_is_judged(name: str, right: Any, wrong: Any, says: str) -> None:
    assert check(name, right).status == "right"
    verdict = check(name, wrong)
    assert verdict.status == "wrong" and says in verdict.message


def test_a_mask_of_all_filters_is_what_the_cost_keeps_whole() -> None:
    cost, h = lesson.choice_of_filters("relu", 0)
    assert cost.n_neurons == 12 and h.shape[1:] == (36, 12)
