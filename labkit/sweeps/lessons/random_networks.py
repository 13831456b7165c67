"""The best subnetwork of a random network beside a trained network of the same size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.problems import build_problem
from labkit.selectors import Ledger
from labkit.sweeps.functions import Outcome


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
