"""Exercises of notebook 10."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np

from labkit.exercises.checking import compare_number, exercise
from labkit.masks import check_one_mask, mask_from_index, mask_to_string
from labkit.problems import build_problem


@exercise("10-1")
def masks_of_four(answer: Any) -> str | None:
    """How many masks of 16 neurons keep 4."""
    return compare_number(answer, comb(16, 4))


@exercise("10-2")
def one_of_each_pair(answer: Any) -> str | None:
    """A circuit on four qubits: one of neurons 0 and 1, one of neurons 2 and 3, all equal."""
    import cirq

    from labkit.simulators import final_state, probabilities

    if not isinstance(answer, cirq.AbstractCircuit):
        return f"A cirq.Circuit is expected; {type(answer).__name__} came."
    qubits = cirq.LineQubit.range(4)
    everywhere = cirq.Circuit(cirq.I.on_each(*qubits)) + answer.unfreeze()
    chances = probabilities(final_state(everywhere))
    if len(chances) != 16:
        return f"The circuit acts on {len(everywhere.all_qubits())} qubits; 4 are asked for."
    right = [i for i in range(16) if (i >> 2) in (0b01, 0b10) and (i & 3) in (0b01, 0b10)]
    expected = np.where(np.isin(np.arange(16), right), 1 / len(right), 0.0)
    wrong = np.abs(chances - expected)
    worst = int(wrong.argmax())
    if wrong[worst] < 1e-4:
        return None
    return (
        f"Mask {mask_to_string(mask_from_index(worst, 4))} should have the chance "
        f"{expected[worst]:.3f}; it has {chances[worst]:.3f}."
    )


@exercise("10-3")
def best_of_three(answer: Any) -> str | None:
    """The best mask of three of ten neurons, circles, seed 3."""
    from labkit.sweeps.lessons.sparse import keeps

    table = build_problem("circles", 10, seed=3).table
    mask = check_one_mask(answer, 10, argument="your mask")
    if mask.sum() != 3:
        return f"Mask {mask_to_string(mask)} keeps {mask.sum()} neurons; 3 are asked for."
    least, cost = float(table.costs[keeps(10, 3)].min()), float(table.evaluate(mask))
    if cost <= least + 1e-9:
        return None
    return f"Mask {mask_to_string(mask)} costs {cost:.6f}; the least cost of three is {least:.6f}."


@exercise("10-4")
def at_most(answer: Any) -> str | None:
    """A function (table, k) -> the least cost of masks that keep at most k neurons."""
    from labkit.sweeps.lessons.sparse import costs_by_weight

    for n, seed, k in ((6, 1, 0), (6, 2, 6), (8, 4, 2), (10, 7, 8)):
        table = build_problem("moons", n, seed=seed).table
        expected = min(float(costs.min()) for costs in costs_by_weight(table)[: k + 1])
        came = float(answer(table, k))
        if not abs(came - expected) < 1e-9:
            return f"For {n} neurons, seed {seed}, k = {k} it is {expected:.6f}; {came:.6f} came."
    return None
