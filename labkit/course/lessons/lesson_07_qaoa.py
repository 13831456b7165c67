"""What notebook 07 counts: how likely an optimum is in one shot, by depth and kind of angles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.ansatz import ramp_angles
from labkit.arrays import FloatArray
from labkit.costs import CostTable, PauliZCost
from labkit.course.checking import compare_function, exercise, number_exercise, take_mask
from labkit.course.circuit_checks import compare_state
from labkit.ledger import Ledger, Outcome
from labkit.masks import mask_to_index, mask_to_string
from labkit.problems import build_problem
from labkit.selectors import optimise_angles, qaoa_sampling, run
from labkit.simulators import evolve_qaoa, probabilities

Angles = tuple[npt.ArrayLike, npt.ArrayLike]


def chance_of_optimum(table: CostTable, angles: Angles) -> float:
    """The probability that one shot of QAOA is a mask of the smallest cost, ties included.

    Args:
        table: costs of all masks.
        angles: gammas and betas (p,), for a cost of standard deviation 1, as those that
            `labkit.selectors.optimise_angles` returns.
    """
    gammas, betas = angles
    chance = probabilities(evolve_qaoa(table, np.asarray(gammas) / (table.std or 1.0), betas))
    return float(chance[table.marked(table.minimum)].sum() / chance.sum())


def compare_angles(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The chance of an optimum in one shot with angles of three kinds.

    Args:
        parameters: `task_name`, `n_hidden`, `p`, and `evaluations` of the exact gradient to train.
        seed: of the random network's weights.

    Returns:
        The chance with the angles of the ramp, with those trained from it on this network, and
        with those trained on the network of the next seed. The ledger is that of both trainings.
    """
    p, n, evaluations = (parameters[name] for name in ("p", "n_hidden", "evaluations"))
    here, there = (_table(parameters, other) for other in (seed, seed + 1))
    ramp = ramp_angles(p, n, std=1.0)
    angles = {
        "ramp": ramp,
        "trained": optimise_angles(here, ramp, evaluations=evaluations),
        "transferred": optimise_angles(there, ramp, evaluations=evaluations),
    }
    result = {name: chance_of_optimum(here, given) for name, given in angles.items()}
    return Outcome(result, _training(here, p, evaluations) + _training(there, p, evaluations), {})


def _table(parameters: Mapping[str, Any], seed: int) -> CostTable:
    return build_problem(parameters["task_name"], parameters["n_hidden"], seed=seed).table


def _training(table: CostTable, p: int, evaluations: int) -> Ledger:
    """What the same training spends, with the one shot that ends it."""
    rng = np.random.default_rng(0)
    trained = run(qaoa_sampling, table, rng=rng, p=p, shots=1, angles="gradient",
                  evaluations=evaluations)  # fmt: skip
    return trained.ledger


# cost layers for a 99% chance of the optimum: 4 layers a shot, which meets it with 5%
number_exercise(
    "07-1",
    4 * math.ceil(math.log(0.01) / math.log(0.95)),
    lambda layers: (
        f"So many cost layers are {layers / 4:g} shots, which all miss with probability "
        f"{0.95 ** (layers / 4):.4f}."
        if 0 <= layers < 1e4
        else "A shot takes 4 cost layers, and misses with probability 0.95."
    ),
    slips={
        math.ceil(math.log(0.01) / math.log(0.95)): "That is the shots; each has 4 cost layers.",
        4 / 0.05: "That is the mean until the first hit; by then more than a third still wait.",
        4 * 0.99 / 0.05: "Chances of shots do not add: multiply the chances to miss.",
    },
)


@exercise("07-2")
def most_probable_mask(answer: Any) -> str | None:
    """The most probable mask after 4 layers of the ramp: moons, 8 neurons, seed 13."""
    mask = take_mask(answer, 8)
    table = build_problem("moons", 8, seed=13).table
    chance = probabilities(evolve_qaoa(table, *ramp_angles(4, 8, std=table.std)))
    came = float(chance[mask_to_index(mask)])
    if came >= chance.max() - 1e-6:
        return None
    return (
        f"Mask {mask_to_string(mask)}, of rank {table.rank(mask)}, has probability {came:.4f}; "
        f"the largest is {chance.max():.4f}."
    )


@exercise("07-3")
def one_layer_for_agreement(answer: Any) -> str | None:
    """A circuit on two qubits: start, phase and mixer for a cost of 1 where two neurons agree."""
    cost = PauliZCost({(0, 1): 1.0}, 2)
    return compare_state(answer, evolve_qaoa(cost, [0.7], [0.3], dtype="complex128"))


@exercise("07-4")
def mean_of_the_best_share(answer: Any) -> str | None:
    """A function (costs, share) -> the mean of the lowest share of the costs."""

    def mean_of_lowest(costs: FloatArray, share: float) -> float:
        return float(np.sort(costs)[: math.ceil(share * len(costs))].mean())

    rng = np.random.default_rng(3)
    cases = ((rng.random(n), share) for n, share in ((8, 1.0), (8, 0.5), (10, 0.2), (64, 0.05)))
    what = "For {0.size} costs and a share of {1:g} the mean"
    return compare_function(answer, mean_of_lowest, cases, what, tolerance=1e-9)
