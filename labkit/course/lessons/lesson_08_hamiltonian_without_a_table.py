"""Quadratic costs made without a table, beside the table of cross-entropy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from labkit.arrays import FloatArray
from labkit.costs import CostTable, PauliZCost
from labkit.costs.spectrum import regret_by, truncate
from labkit.course.checking import compare_function, exercise, number_exercise, take_mask
from labkit.course.circuit_checks import compare_phases
from labkit.ledger import Ledger, Outcome
from labkit.masks import mask_to_string
from labkit.problems import build_problem
from labkit.scoring import quadratic_cost


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
    data = (problem.network, problem.task.x_train, problem.task.y_train)
    choosing: dict[str, CostTable] = {
        "table": problem.table,
        "truncated": truncate(problem.table, 2),
        "expanded": quadratic_cost(*data, cost="cross_entropy").to_table(),
        "squared_error": quadratic_cost(*data).to_table(),
    }
    result: dict[str, float] = {}
    for name, table in choosing.items():
        result[f"regret.{name}"] = regret_by(problem.table, table)
        chosen = table.optimal_masks()[0]
        result[f"accuracy.{name}"] = problem.accuracy(chosen)
        result[f"n_active.{name}"] = int(chosen.sum())
    return Outcome(result, Ledger(forward_passes=len(problem.table.costs) + 2))


# coefficients of a Hamiltonian of order 2 on 20 neurons: 1 + n + n (n - 1) / 2
number_exercise(
    "08-1",
    1 + 20 + 20 * 19 // 2,
    "Count three kinds: the constant, the terms of one neuron, the terms of two.",
    slips={
        20 * 19 // 2: "Those are the pairs; the fields of single neurons and the constant remain.",
        20 + 20 * 19 // 2: "That leaves out the constant, the coefficient of no neuron.",
        1 + 20 * 19 // 2: "That leaves out the fields, one for each neuron.",
        1 + 20 + 20 * 19: "That counts each pair twice: Z_0 Z_1 and Z_1 Z_0 are one term.",
        1 + 20 + 20**2: "A pair is of two different neurons, and counted once.",
        2**20: "That is the table; order 2 has no terms of three neurons or more.",
    },
)


@exercise("08-2")
def one_coefficient(answer: Any) -> str | None:
    """A function (costs, S) -> c_S."""

    def coefficient(costs: FloatArray, neurons: tuple[int, ...]) -> float:
        return PauliZCost.from_table(CostTable(costs, 4)).terms.get(neurons, 0.0)

    costs = build_problem("circles", 4, seed=1).table.costs
    cases = ((costs, neurons) for neurons in ((), (0,), (3,), (0, 2), (1, 2, 3)))
    what = "For circles, 4 neurons, seed 1 and S = {1} the coefficient"
    return compare_function(answer, coefficient, cases, what)


@exercise("08-3")
def phase_of_two_terms(answer: Any) -> str | None:
    """The circuit exp(-0.4 i C) for C = 0.5 Z_0 - 0.25 Z_1 Z_2."""
    cost = PauliZCost({(0,): 0.5, (1, 2): -0.25}, 3)
    return compare_phases(answer, -0.4 * cost.to_table().costs)


@exercise("08-4")
def mask_that_deceives(answer: Any) -> str | None:
    """A mask that order 2 takes for cheaper than the best, on iris, 10 neurons, seed 0."""
    table = build_problem("iris", 10, seed=0).table
    mask = take_mask(answer, 10)
    both = np.array([mask, table.optimal_masks()[0]])
    came, limit = truncate(table, 2).evaluate(both).tolist()
    if table.rank(mask) > 1 and came < limit:
        return None
    return (
        f"Mask {mask_to_string(mask)} has rank {table.rank(mask)} and costs {came:.6f} up to order "
        f"2; it should not be the best, and yet cost less than the best does: {limit:.6f}."
    )
