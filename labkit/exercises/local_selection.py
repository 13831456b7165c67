"""Exercises of notebook 12."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.costs import EQUAL_WITHIN
from labkit.exercises.checking import exercise
from labkit.masks import all_masks, check_one_mask, mask_from_string, mask_to_string
from labkit.problems import build_problem
from labkit.selectors import local_selection, run
from labkit.selectors.blocks import BlockCost

_HELD, _BLOCK = "10110100", (1, 4, 6)


@exercise("12-1")
def queries_of_sweeps(answer: Any) -> str | None:
    """A function (n, block_size, rounds) -> cost queries, the start included."""
    for n, block_size, rounds in ((8, 2, 1), (12, 4, 3), (10, 3, 2), (7, 7, 1), (9, 4, 5)):
        table = build_problem("moons", n, seed=0).table
        found = run(local_selection, table, rng=np.random.default_rng(0),
                    block_size=block_size, scheme="one_pass")  # fmt: skip
        expected = 1 + rounds * (found.ledger.cost_queries - 1)
        came = float(answer(n, block_size, rounds))
        if came != expected:
            return (
                f"For n = {n}, blocks of {block_size} and {rounds} rounds, {expected} queries are "
                f"made; {came:g} came."
            )
    return None


@exercise("12-2")
def best_of_a_block(answer: Any) -> str | None:
    """The best mask with neurons 1, 4, 6 free and the others held."""
    table, held = build_problem("moons", 8, seed=3).table, mask_from_string(_HELD)
    mask = check_one_mask(answer, 8, argument="your mask")
    moved = [j for j in np.flatnonzero(mask != held) if j not in _BLOCK]
    if moved:
        return f"Mask {mask_to_string(mask)} changes neuron {moved[0]}, which is held."
    least = float(_block_cost().to_table().minimum)
    cost = float(table.evaluate(mask))
    if cost <= least + EQUAL_WITHIN:
        return None
    return f"Mask {mask_to_string(mask)} costs {cost:.6f}; a mask of the block costs {least:.6f}."


@exercise("12-3")
def oracle_of_a_block(answer: Any) -> str | None:
    """A circuit on three qubits that flips the phase of the block's masks that cost less."""
    import cirq

    qubits, cost = cirq.LineQubit.range(3), _block_cost()
    now = float(cost.evaluate(mask_from_string(_HELD)[list(_BLOCK)]))
    expected = np.where(cost.to_table().costs < now - EQUAL_WITHIN, -1, 1)
    unitary = cirq.Circuit(answer).unitary(qubit_order=qubits, qubits_that_should_be_present=qubits)
    if not np.allclose(np.abs(unitary), np.eye(8), atol=1e-6):
        return "The circuit changes which mask is which; an oracle changes only signs."
    # a phase common to all masks cannot be measured
    phases = np.diag(unitary) / unitary[0, 0] * expected[0]
    wrong = np.flatnonzero(~np.isclose(phases, expected, atol=1e-6))
    if not wrong.size:
        return None
    return (
        f"Mask {mask_to_string(all_masks(3)[wrong[0]])} of the block should get the sign "
        f"{expected[wrong[0]]:+d}; it gets {np.round(phases[wrong[0]], 3)}."
    )


@exercise("12-4")
def stuck_mask(answer: Any) -> str | None:
    """A mask that no single flip improves, and that is not the best."""
    table = build_problem("breast_cancer", 10, seed=17).table
    mask = check_one_mask(answer, 10, argument="your mask")
    cost = float(table.evaluate(mask))
    lower = np.flatnonzero(table.evaluate(mask ^ np.eye(10, dtype=bool)) < cost - EQUAL_WITHIN)
    if lower.size:
        return f"Mask {mask_to_string(mask)} is not stuck: flipping neuron {lower[0]} lowers it."
    if table.rank(mask) == 1:
        return f"Mask {mask_to_string(mask)} is the best of all; find one that is only stuck."
    return None


def _block_cost() -> BlockCost:
    """The cost of the block of exercises 2 and 3, the other neurons held."""
    table = build_problem("moons", 8, seed=3).table
    return BlockCost(table, mask_from_string(_HELD), np.array(_BLOCK))
