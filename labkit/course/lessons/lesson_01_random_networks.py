"""The best subnetwork of a random network beside a trained network of the same size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from labkit.course.checking import exercise, number_exercise
from labkit.ledger import Ledger, Outcome
from labkit.masks import check_one_mask
from labkit.problems import build_problem


def compare_best_with_trained(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The subnetwork of least training cost beside a trained network of the same size.

    Args:
        parameters: arguments of `build_problem`.
        seed: of the random network's weights, and of the weights that training begins with.

    Returns:
        The test accuracy of each, and the least training cost of a subnetwork.
    """
    from labkit.baselines import train_networks

    problem = build_problem(seed=seed, **parameters)
    trained = train_networks(problem.task, parameters["n_hidden"], n_networks=1, seed=seed)
    result = {
        "subnetwork_accuracy": problem.accuracy(problem.table.optimal_masks()[0]),
        "trained_accuracy": float(trained.test_accuracy[0]),
        "minimum": problem.table.minimum,
    }
    every_mask = Ledger(forward_passes=len(problem.table.costs))
    return Outcome(result, every_mask + trained.ledger, {})


# mask bits of 6 hidden units on 3 inputs with bias
number_exercise("01-1", 6 * (3 + 1))


@exercise("01-2")
def output_by_hand(answer: Any) -> str | None:
    """Outputs of mask 10110010 on the test samples, from contributions."""
    problem, mask = build_problem("moons", 8, seed=7), "10110010"
    expected = problem.network.outputs(problem.task.x_test, check_one_mask(mask, 8)).ravel()
    given = np.asarray(answer, dtype=np.float64).ravel()
    if given.shape != expected.shape:
        said = f"{expected.size} outputs were expected, one for each test sample"
        return f"{said}; {given.size} came."
    worst = int(np.argmax(np.abs(given - expected)))
    if abs(given[worst] - expected[worst]) < 1e-4:
        return None
    said = f"For mask {mask} and test sample {worst} the output is {expected[worst]:.4f}"
    return f"{said}; {given[worst]:.4f} came."


# cross-entropy of the subnetwork without neurons
number_exercise("01-3", math.log(2), tolerance=5e-4)
