"""Quadratic costs made without a table, beside the table of cross-entropy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labkit.arrays import FloatArray
from labkit.costs import CostTable, PauliZCost
from labkit.costs.spectrum import regret_by, truncate
from labkit.course.checking import compare_function, exercise, number_exercise, take_mask
from labkit.course.circuit_checks import compare_phases
from labkit.course.plots import (
    Captioned,
    draw_agreement,
    draw_counts,
    draw_couplings,
    draw_spectra,
    draw_spread,
    new_axes,
)
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


#: What `compare_quadratic_costs` gives: scale -> a result for each seed.
Runs = Mapping[float, Sequence[Mapping[str, float]]]
_SCALE = "scale of the network's outputs"
#: Which quadratic costs are compared by their accuracy, as the notebook calls them.
_CHOOSING = {
    "table": "table of cross-entropy",
    "expanded": "expanded, no table",
    "squared_error": "squared error, no table",
}


def pick_results(runs: Runs, what: str) -> dict[str, FloatArray]:
    """One of the results of all runs, such as 'regret.expanded': scale as text -> (seeds,)."""
    return {f"{scale:g}": np.array([one[what] for one in row]) for scale, row in runs.items()}


def figure_agreement(costs: FloatArray, formula: FloatArray, n_terms: int) -> Captioned:
    """Shows the cost of each mask, (2^n,), as run and by a formula of so many coefficients."""
    ax = draw_agreement(new_axes()[0], costs, formula)
    ax.set(xlabel="squared error, subnetwork run", ylabel="squared error, by the formula")
    return Captioned(
        ax,
        f"{len(formula)} masks: the formula of {n_terms} coefficients differs from the runs "
        f"by {np.abs(formula - costs).max():.0e} at most.",
    )


def figure_couplings(
    hamiltonian: PauliZCost, apart: tuple[int, ...], together: tuple[int, ...]
) -> Captioned:
    """Shows fields and couplings, and names the pairs of the largest and of the least coupling."""
    ax = draw_couplings(new_axes(width=5.6, height=4.4)[0], hamiltonian)
    high, low = hamiltonian.terms[apart], hamiltonian.terms[together]
    return Captioned(
        ax,
        f"Most alike are neurons {apart[0]} and {apart[1]} (J = {high:+.2f}), most opposed "
        f"{together[0]} and {together[1]} (J = {low:+.2f}).",
    )


def figure_gates(sizes: Sequence[int], gates: Mapping[str, Sequence[int]]) -> Captioned:
    """Draws the two-qubit gates of one phase layer over n, from the table or the Hamiltonian."""
    ax = draw_counts(new_axes(width=6.4)[0], sizes, gates)
    ax.set(ylabel="two-qubit gates of one phase layer")
    listed, paired = (counts[sizes.index(10)] for counts in gates.values())
    return Captioned(
        ax, f"At 10 neurons {listed:,} gates from the table, {paired} from the Hamiltonian."
    )


def figure_spectra(shares: Mapping[str, FloatArray], low: Mapping[str, float]) -> Captioned:
    """Draws the share of the variance in each order, cost -> (networks, n + 1).

    `low`: cost -> the median share of orders 1 and 2.
    """
    ax = draw_spectra(new_axes(width=7.5)[0], shares)
    said = ", ".join(f"{cost} {share:.2%}" for cost, share in low.items())
    return Captioned(
        ax, f"Median share in orders 1 and 2: {said}. 20 networks; error bars: quartiles."
    )


def figure_truncated(regret: Mapping[int, Sequence[float]], found: Mapping[int, int]) -> Captioned:
    """Draws the regret of each network by the highest order that is kept, order -> (networks,).

    `found`: order -> on how many networks the best mask is still found.
    """
    by_order = {"cross-entropy": {f"{k}": values for k, values in regret.items()}}
    ax = draw_spread(new_axes(width=8)[0], by_order, ylabel="regret")
    ax.set(xlabel="locality: highest order that is kept")
    said = ", ".join(f"{count} at order {k}" for k, count in found.items())
    return Captioned(ax, f"Best mask found, of 20 networks: {said}. A point is a network.")


def figure_regret(runs: Runs) -> Captioned:
    """Shows the regret of the truncated and of the expanded cost over the scale."""
    lost = {name: pick_results(runs, f"regret.{name}") for name in ("truncated", "expanded")}
    ax = draw_spread(new_axes(width=8)[0], lost, ylabel="regret in cross-entropy")
    ax.set(xlabel=_SCALE)
    mean = {name: {s: values.mean() for s, values in lost[name].items()} for name in lost}
    return Captioned(
        ax,
        f"Mean regret at scale 2: truncated {mean['truncated']['2']:.4f}, expanded "
        f"{mean['expanded']['2']:.4f}; at scale 0.25 both below 0.001. A point is a network.",
    )


def figure_accuracy(runs: Runs) -> Captioned:
    """Shows the test accuracy of what three costs choose, over the scale."""
    right = {label: pick_results(runs, f"accuracy.{name}") for name, label in _CHOOSING.items()}
    ax = draw_spread(new_axes(width=8.5, height=4.4)[0], right, ylabel="test accuracy")
    ax.set(xlabel=_SCALE)
    said = "; ".join(
        f"scale {s}: " + ", ".join(f"{right[label][s].mean():.3f} {label}" for label in right)
        for s in ("1", "2", "4")
    )
    return Captioned(ax, f"Mean test accuracy: {said}.")


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
    """A function (costs, S) -> c_S, for any number of neurons."""

    def coefficient(costs: FloatArray, neurons: tuple[int, ...]) -> float:
        table = CostTable(costs, costs.size.bit_length() - 1)
        return PauliZCost.from_table(table).terms.get(neurons, 0.0)

    costs = {n: build_problem("circles", n, seed=1).table.costs for n in (2, 4, 5)}
    of_four = [(costs[4], neurons) for neurons in ((), (0,), (3,), (0, 2), (1, 2, 3))]
    cases = [*of_four, (costs[2], (0, 1)), (costs[5], (1, 4))]
    what = "For the {0.size} masks of circles, seed 1, and S = {1} the coefficient"
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
