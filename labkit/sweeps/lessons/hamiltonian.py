"""Quadratic costs made without a table, beside the table of cross-entropy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.costs import CostTable
from labkit.costs.spectrum import regret_by, truncate
from labkit.problems import build_problem
from labkit.scoring import quadratic_cost
from labkit.selectors import Ledger
from labkit.sweeps.functions import Outcome


def compare_quadratic_costs(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Which mask three quadratic costs take for the best, and the table of cross-entropy.

    `truncated` is the table cut off at order 2, which needs the table; `expanded` is cross-entropy
    to second order about f = 0, and `squared_error` is exact: both are made by one forward pass.

    Args:
        parameters: arguments of `build_problem`, without `cost`.
        seed: of the random network's weights.

    Returns:
        `regret.*` in cross-entropy on the training samples, `accuracy.*` on the test samples, and
        `n_active.*`.
    """
    problem = build_problem(seed=seed, **parameters)
    task = problem.task
    choosing: dict[str, CostTable] = {
        "table": problem.table,
        "truncated": truncate(problem.table, 2),
        "expanded": quadratic_cost(
            problem.network, task.x_train, task.y_train, cost="cross_entropy"
        ).to_table(),
        "squared_error": quadratic_cost(problem.network, task.x_train, task.y_train).to_table(),
    }
    result: dict[str, float] = {}
    for name, table in choosing.items():
        result[f"regret.{name}"] = regret_by(problem.table, table)
        chosen = table.optimal_masks()[0]
        result[f"accuracy.{name}"] = problem.accuracy(chosen)
        result[f"n_active.{name}"] = int(chosen.sum())
    return Outcome(result, Ledger(forward_passes=len(problem.table.costs) + 2))
