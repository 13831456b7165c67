"""Exercises of notebook 01."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.exercises.checking import compare_number, exercise
from labkit.masks import check_one_mask, mask_to_string
from labkit.problems import build_problem


@exercise("01-1")
def bits_of_a_weight_mask(answer: Any) -> str | None:
    """Mask bits of 6 hidden units on 3 inputs with bias."""
    return compare_number(answer, 6 * (3 + 1))


@exercise("01-2")
def output_by_hand(answer: Any) -> str | None:
    """Outputs of mask 10110010 on the test samples, from contributions."""
    problem = build_problem("moons", 8, seed=7)
    mask = check_one_mask("10110010", 8)
    expected = problem.network.outputs(problem.task.x_test, mask).ravel()
    given = np.asarray(answer, dtype=np.float64).ravel()
    if given.shape != expected.shape:
        return (
            f"{expected.size} outputs were expected, one for each test sample; {given.size} came."
        )
    worst = int(np.argmax(np.abs(given - expected)))
    if abs(given[worst] - expected[worst]) < 1e-4:
        return None
    return (
        f"For mask {mask_to_string(mask)} and test sample {worst} the output is "
        f"{expected[worst]:.4f}; {given[worst]:.4f} came."
    )


@exercise("01-3")
def cost_of_silence(answer: Any) -> str | None:
    """Cross-entropy of the subnetwork without neurons: log 2."""
    return compare_number(answer, float(np.log(2)), tolerance=5e-4)
