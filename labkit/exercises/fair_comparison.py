"""Exercises of notebook 14."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labkit.costs import EQUAL_WITHIN
from labkit.exercises.checking import compare_number, exercise
from labkit.masks import check_one_mask, mask_to_string
from labkit.problems import build_problem

#: moons, neurons and seed of the network of exercise 14-3: it has a trap.
TRAP = ("moons", 8, 7)


@exercise("14-1")
def calls_of_a_tuned_qaoa(answer: Any) -> str | None:
    """3 layers, 20 states of 50 shots tried in training, then 100 shots; all masks verified."""
    return compare_number(answer, (20 * 50 + 100) * (3 + 1))


@exercise("14-2")
def regret_at_a_budget(answer: Any) -> str | None:
    """A function (history, minimum, budget) -> regret after that many cost queries."""
    rng = np.random.default_rng(14)
    for length, budget in ((1, 1), (12, 5), (12, 12), (6, 40)):
        history = rng.random(length) + 0.3
        expected = float(history[:budget].min() - 0.25)
        given = float(answer(history.copy(), 0.25, budget))
        if not abs(given - expected) < 1e-9:
            return (
                f"After {budget} calls of a history of {length} the regret is {expected:.4f}; "
                f"{given:.4f} came."
            )
    return None


@exercise("14-3")
def trap_of_one_flip(answer: Any) -> str | None:
    """A mask that no single flip improves, and that is not the best."""
    task, n, seed = TRAP
    table = build_problem(task, n, seed=seed).table
    mask = check_one_mask(answer, n)
    cost = float(table.evaluate(mask))
    flipped = table.evaluate(mask ^ np.eye(n, dtype=bool))
    best = int(flipped.argmin())
    if flipped[best] < cost - EQUAL_WITHIN:
        return (
            f"Mask {mask_to_string(mask)} costs {cost:.4f}; flipping neuron {best} lowers that "
            f"to {flipped[best]:.4f}, so one-flip search would go on."
        )
    if cost <= table.minimum + EQUAL_WITHIN:
        return f"Mask {mask_to_string(mask)} is the best of all; a trap is not."
    return None


@exercise("14-4")
def calls_to_be_sure(answer: Any) -> str | None:
    """Runs of 50 calls that succeed with probability 0.3, until one has with 99%."""
    return compare_number(answer, 50 * math.ceil(math.log(0.01) / math.log(1 - 0.3)))
