"""Notebook 09: QAOA's angles trained, transferred, and what that costs.

Angles are given for a cost of standard deviation 1: gammas are divided by that of the cost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.ansatz import check_angles, ramp_angles
from labkit.arrays import FloatArray, count_each
from labkit.costs import Cost, CostTable, PauliZCost, equal_within
from labkit.course.checking import compare_best, exercise, name_mask, number_exercise
from labkit.course.lessons.lesson_07_qaoa import chance_of_optimum
from labkit.ledger import Outcome
from labkit.limits import show_value
from labkit.masks import check_mask, place_values
from labkit.problems import build_problem
from labkit.scoring import quadratic_cost
from labkit.selectors import one_flip_search, qaoa_sampling, queries_to_optimum, run
from labkit.selectors.qaoa import optimise_angles
from labkit.simulators import evolve_qaoa, probabilities, qaoa_expectation, qaoa_value_and_gradient

if TYPE_CHECKING:
    import pandas as pd

Angles = tuple[FloatArray, FloatArray]


@lru_cache(maxsize=256)
def moons_cost(n_neurons: int, seed: int) -> PauliZCost:
    """The squared error of each subnetwork of a random network on moons: a cost of order 2."""
    problem = build_problem("moons", n_neurons, seed=seed, scale=1.0, cost="squared_error")
    return quadratic_cost(problem.network, problem.task.x_train, problem.task.y_train)


@lru_cache(maxsize=256)
def moons_table(n_neurons: int, seed: int) -> CostTable:
    """`moons_cost` of every mask."""
    return moons_cost(n_neurons, seed).to_table()


def train_in_tensorflow_quantum(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Angles trained from the ramp by Adam on TensorFlow Quantum's gradients.

    Args:
        parameters: `n_neurons`, and `p`, `epochs`, `learning_rate` of `train_angles`.
        seed: of the network's weights.

    Returns:
        The gradient at the ramp's angles, the angles trained, and the mean cost after each step;
        all for the cost in units of its standard deviation, from its mean.
    """
    from labkit.angle_training import train_angles, value_and_gradient

    n, p = parameters["n_neurons"], parameters["p"]
    cost = moons_cost(n, seed)
    gammas, betas = ramp_angles(p, n, std=cost.std)
    _, dgammas, dbetas = value_and_gradient(cost, gammas, betas)
    options = {name: parameters[name] for name in ("p", "epochs", "learning_rate")}
    trained = train_angles(cost, **options)
    result = {
        "gradient": np.concatenate([dgammas / cost.std**2, dbetas / cost.std]),
        "gammas": trained.gammas * cost.std,
        "betas": trained.betas,
        "history": (trained.history - cost.mean) / cost.std,
    }
    return Outcome(result, trained.ledger)


@lru_cache(maxsize=64)
def own_angles(n_neurons: int, seed: int, p: int = 4, evaluations: int = 60) -> Angles:
    """Angles trained on one network from the ramp of p layers, by the exact gradient (L-BFGS).

    The mean cost and its gradient are evaluated so often at most.
    """
    ramp = ramp_angles(p, n_neurons, std=1.0)
    return optimise_angles(moons_table(n_neurons, seed), ramp, evaluations=evaluations)


def mean_angles(n_neurons: int, seeds: Iterable[int], p: int = 4) -> Angles:
    """The mean over networks of their own angles: what is transferred."""
    each = np.mean([own_angles(n_neurons, seed, p) for seed in seeds], axis=0)
    return each[0], each[1]


def transfer_angles(angles: Angles, n_from: int, n_to: int) -> Angles:
    """Angles for n_to neurons from those of n_from: gamma grows as sqrt(n), as in the ramp.

    A flip of one of n neurons changes a cost of standard deviation 1 by about 1/sqrt(n), so that
    the phase it makes, gamma/sqrt(n), stays as it was.
    """
    return angles[0] * math.sqrt(n_to / n_from), angles[1]


def compare_transfer(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The ramp, angles transferred and angles trained on one network, beside classical search.

    Args:
        parameters: `n_neurons`; `n_from` and `n_donors`, the networks that the transferred angles
            are the mean of; `p`, `shots` and `evaluations` of a state tried in training.
        seed: of the network's weights, and of all shots and starts.

    Returns:
        The chance of an optimum in one shot by each kind of angles; what one-flip search and
        training from shots cost, and which state of the training first showed an optimum.
    """
    n, n_from, p = (parameters[name] for name in ("n_neurons", "n_from", "p"))
    table, rng = moons_table(n, seed), np.random.default_rng(seed)
    donors = mean_angles(n_from, range(100, 100 + parameters["n_donors"]), p)
    shots = parameters["shots"]
    training = run(qaoa_sampling, table, rng=rng, angles="sampled", p=p, shots=shots,
                   evaluations=parameters["evaluations"])  # fmt: skip
    least = table.minimum
    met = np.flatnonzero(training.history <= least + equal_within(table, least))
    queries = queries_to_optimum(one_flip_search, [table] * 20, rng=rng, restarts=9999)
    result = {
        "ramp": chance_of_optimum(table, ramp_angles(p, n, std=1.0)),
        "transferred": chance_of_optimum(table, transfer_angles(donors, n_from, n)),
        "unscaled": chance_of_optimum(table, donors),
        "own": chance_of_optimum(table, own_angles(n, seed, p)),
        "random": len(table.optimal_masks()) / 2**n,
        "one_flip_queries": float(queries.mean()),
        "state_of_first_optimum": int(met[0]) // shots + 1 if met.size else None,
    }
    return Outcome(result, training.ledger)


def pick_angles(runs: pd.DataFrame) -> list[Angles]:
    """The angles that a record's runs ended with, in the order of its networks."""
    columns = (runs[f"result.{name}"] for name in ("gammas", "betas"))
    return [(np.asarray(g), np.asarray(b)) for g, b in zip(*columns, strict=True)]


def pick_by_size(runs: pd.DataFrame, name: str) -> FloatArray:
    """A result of a record, (sizes, networks), the smallest networks first."""
    wide = runs.pivot(index="parameters.n_neurons", columns="seed", values=f"result.{name}")
    return wide.sort_index().to_numpy(dtype=np.float64)


def pick_at_size(runs: pd.DataFrame, n_neurons: int) -> dict[str, FloatArray]:
    """The results of a record at one size by name, and its `cost_layers`: (networks,) each."""
    rows = runs[runs["parameters.n_neurons"] == n_neurons]
    names = {column: column.removeprefix("result.") for column in runs if "result." in column}
    names["ledger.cost_layers"] = "cost_layers"
    return {name: rows[column].to_numpy(dtype=np.float64) for column, name in names.items()}


def expected_cost(table: CostTable, angles: Angles) -> float:
    """The mean cost of a shot, in standard deviations from the mean of all masks."""
    value = qaoa_expectation(table, angles[0] / table.std, angles[1], dtype="complex128")
    return (value - table.mean) / table.std


def central_differences(table: CostTable, angles: Angles, h: float = 1e-4) -> FloatArray:
    """(E(angle + h) - E(angle - h)) / 2h by each of the 2p angles, E the `expected_cost`, (2p,)."""
    flat, p = np.concatenate(angles), len(angles[0])
    gradient = np.zeros(2 * p)
    for j in range(2 * p):
        shift = h * (np.arange(2 * p) == j)
        up, down = (expected_cost(table, ((flat + s)[:p], (flat + s)[p:])) for s in (shift, -shift))
        gradient[j] = (up - down) / (2 * h)
    return gradient


def difference_errors(
    cost: Cost,
    angles: Angles,
    steps: npt.ArrayLike,
    *,
    shots: int,
    rng: np.random.Generator,
    repeats: int = 200,
) -> tuple[FloatArray, FloatArray]:
    """How wrong a central difference by the first beta is, at each step h.

    Args:
        cost: any.
        angles: where, for a cost of standard deviation 1.
        steps: (steps,) h, radians.
        shots: for each of the two mean costs.
        rng: of the measurement outcomes.
        repeats: how often it is measured.

    Returns:
        the error with exact mean costs, and the root of the mean squared error of measured ones;
        float64 (steps,) each, in standard deviations of the cost per radian.
    """
    table, first = cost.to_table(), np.arange(len(angles[0])) == 0
    unscaled = (angles[0] / table.std, angles[1])
    *_, dbetas = qaoa_value_and_gradient(table, *unscaled, dtype="complex128")
    truth = dbetas[0] / table.std
    exact, measured = [], []
    for h in np.asarray(steps, dtype=np.float64):
        ends = [(angles[0], angles[1] + sign * h * first) for sign in (1, -1)]
        up, down = (_means(table, end, shots, repeats, rng) for end in ends)
        errors = (up - down) / (2 * h) - truth
        exact.append(abs(errors[0]))
        measured.append(math.sqrt(np.mean(errors[1:] ** 2)))
    return np.array(exact), np.array(measured)


def _means(
    table: CostTable, angles: Angles, shots: int, repeats: int, rng: np.random.Generator
) -> FloatArray:
    """The mean cost in standard deviations: exact, then as measured `repeats` times."""
    state = evolve_qaoa(table, angles[0] / table.std, angles[1], dtype="complex128")
    chances = probabilities(state)
    costs = (table.costs - table.mean) / table.std
    counts = rng.multinomial(shots, chances / chances.sum(), size=repeats)
    return np.concatenate([[chances @ costs], counts @ costs / shots])


# mean costs in one gradient by central differences, three layers
number_exercise(
    "09-1",
    2 * np.size(ramp_angles(3, 6, std=1.0)),
    "How many angles have three layers, and how many mean costs does one central difference take?",
    slips={
        6: "That is one mean cost for each angle; a central difference is of two.",
        3: "That is one for each layer; a layer has two angles, and a difference two mean costs.",
        7: "That is with forward differences, which share one point; central ones share none.",
        36: "That counts the cost layers of the shots too; asked for are the mean costs.",
    },
)


@exercise("09-2")
def scaled_gammas(answer: Any) -> str | None:
    """A function (gammas, n, std) -> gammas, from 6 neurons and a standard deviation of 1."""
    if not callable(answer):
        return f"A function is expected; {show_value(answer)} is none."
    for gammas, n, std in (([1.0], 6, 0.5), ([0.5, 2.0], 24, 1.0), ([0.7, 1.5, 3.0], 10, 0.2)):
        given = np.array(gammas)
        expected = transfer_angles((given, given), 6, n)[0] / std
        came = np.asarray(answer(given, n, std), dtype=np.float64)
        if came.shape != expected.shape or not np.allclose(came, expected, atol=1e-6):
            said = f"For gammas {gammas}, n = {n}, std = {std} they are"
            return f"{said} {expected.round(4).tolist()}; {came.round(4).tolist()} came."
    return None


@exercise("09-3")
def better_than_the_ramp(answer: Any) -> str | None:
    """Two gammas and two betas whose mean cost is 0.1 standard deviations below the ramp's."""
    angles, table = check_angles(*answer), moons_table(8, 3)
    if len(angles[0]) != 2:
        return f"Two layers are asked for; {len(angles[0])} came."
    limit = expected_cost(table, ramp_angles(2, 8, std=1.0)) - 0.1
    if (value := expected_cost(table, angles)) <= limit:
        return None
    return f"The mean cost is {value:.3f} standard deviations; at most {limit:.3f} is asked for."


@exercise("09-4")
def optimum_from_shots(answer: Any) -> str | None:
    """A mask of the least squared error, 12 neurons, seed 6."""
    return compare_best(answer, moons_table(12, 6))


@exercise("09-5")
def shots_with_reused_angles(answer: Any) -> str | None:
    """A function (table, shots, rng) -> masks (shots, n) measured with angles of 6 neurons."""
    if not callable(answer):
        return f"A function is expected; {show_value(answer)} is none."
    donors, shots = mean_angles(6, range(100, 110)), 20_000
    for n, seed in ((6, 2), (8, 3), (10, 5)):
        table, rng = moons_table(n, seed), np.random.default_rng(n)
        masks = check_mask(answer(table, shots, rng), n, argument="your masks")
        if masks.shape != (shots, n):
            return f"For n = {n}, shape {(shots, n)} is expected; {masks.shape} came."
        gammas, betas = transfer_angles(donors, 6, n)
        expected = probabilities(evolve_qaoa(table, gammas / table.std, betas))
        came = count_each(masks @ place_values(n), at_least=2**n) / shots
        # six standard errors, those of a mask that is not to come as of one shot
        off = np.abs(came - expected) / (6 * np.sqrt((expected + 1 / shots) / shots))
        if off[worst := int(off.argmax())] > 1:
            return (
                f"For n = {n}, seed {seed}, mask {name_mask(worst, n)} comes in "
                f"{expected[worst]:.2%} of shots with the reused angles, in {came[worst]:.2%} of "
                "yours. Gamma grows as the root of n, and is divided by the cost's deviation."
            )
    return None
