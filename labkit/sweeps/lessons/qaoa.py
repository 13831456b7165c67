"""What notebook 07 counts: how likely an optimum is in one shot, by depth and kind of angles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.ansatz import ramp_angles
from labkit.costs import CostTable
from labkit.problems import build_problem
from labkit.selectors import Ledger, optimise_angles, qaoa_sampling, run
from labkit.simulators import evolve_qaoa, probabilities
from labkit.sweeps.functions import Outcome

Angles = tuple[npt.ArrayLike, npt.ArrayLike]


def chance_of_optimum(table: CostTable, angles: Angles) -> float:
    """The probability that one shot of QAOA is a mask of the smallest cost, ties included.

    Args:
        table: costs of all masks.
        angles: gammas and betas (p,), for a cost of standard deviation 1, as those that
            `labkit.selectors.optimise_angles` returns.

    Raises:
        TypeError: the angles are no arrays of numbers.
        ValueError: they are not of one length, or not finite.
    """
    gammas, betas = angles
    state = evolve_qaoa(table, np.asarray(gammas) / (table.std or 1.0), betas)
    chance = probabilities(state)
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
