"""Random networks with a solved read-out, stage after stage: what notebook 20 computes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.baselines import fit_readout
from labkit.costs import CostTable, equal_within
from labkit.course.checking import compare_function, exercise, number_exercise
from labkit.datasets import Task, load_images, load_task
from labkit.datasets.splits import standardise
from labkit.ledger import Ledger, Outcome
from labkit.neighbours.residual import (
    class_targets,
    draw_features,
    hidden_features,
    solve_ridge,
    solving_bill,
    train_residual,
)
from labkit.networks import OneLayerArrays
from labkit.problems import Problem, build_problem
from labkit.scoring import ReadoutCost, accuracy, readout_cost
from labkit.scoring.readout_cost import hidden_outputs
from labkit.selectors import adaptive_grover, local_selection, one_flip_search, run
from labkit.threads import one_blas_thread

#: Penalties that are tried, the validation samples choose; and those of many stages.
RIDGES = tuple(10.0**power for power in range(-3, 4))
STAGE_RIDGES = (0.1, 1.0, 10.0)
#: How pixels are scaled: all by one number, or each by its own mean and deviation.
SCALES = ("one scale", "each pixel")
#: Block sizes of local selection.
BLOCKS = (1, 2, 3, 4, 6, 12)
#: Descents of one-flip search, until it has met the best mask.
RESTARTS = 500
#: Accuracy of these numbers of chosen neurons.
KEPT = (8, 16, 32, 64)


def images(name: str, side: int, scaling: str) -> Task:
    """A task of images: 'mnist5k' averaged to side x side, or 'digits' (8 x 8, each pixel)."""
    task = load_images(side) if name == "mnist5k" else load_task(name)
    if scaling == "one scale":
        return task
    keys = ("x_train", "x_validation", "x_test")
    x = {key: getattr(task, key).astype(np.float64) for key in keys}
    scaled: dict[str, Any] = {key: standardise(of, x["x_train"]) for key, of in x.items()}
    return replace(task, **scaled)


def solve_on(task: Task, features: Callable[[npt.NDArray[Any]], FloatArray]) -> tuple[float, float]:
    """Test accuracy of a solved read-out of features of x, and the ridge that validation chose."""
    train, validation, test = map(features, (task.x_train, task.x_validation, task.x_test))
    y = class_targets(task.y_train, task.n_classes)
    readouts = [solve_ridge(train, y, ridge=ridge) for ridge in RIDGES]
    right = [share_right(validation @ w, task.y_validation) for w in readouts]
    best = int(np.argmax(right))
    return share_right(test @ readouts[best], task.y_test), RIDGES[best]


def share_right(outputs: FloatArray, y: Any) -> float:
    """Share of samples whose largest output is that of their label."""
    return float(np.mean(outputs.argmax(axis=1) == y))


def with_constant(x: npt.NDArray[Any]) -> FloatArray:
    """[x, 1]: what a straight line reads."""
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def measure_crossing(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """A straight line, and random networks of M and 2M neurons, on images of M pixels.

    Args:
        parameters: `task_name`, `side` (M = side^2), `scaling` (of `SCALES`).
        seed: of the random weights; the line has none.

    Returns:
        Test accuracy of `line`, `same` (J = M) and `twice` (J = 2M), each with the ridge that the
        validation samples chose.
    """
    task = images(parameters["task_name"], parameters["side"], parameters["scaling"])
    m, rng, result = task.n_features, np.random.default_rng(seed), {}
    result["line"], _ = solve_on(task, with_constant)
    for name, n_hidden in (("same", m), ("twice", 2 * m)):
        weights = draw_features(m, n_hidden, rng=rng)
        result[name], _ = solve_on(task, partial(hidden_features, weights=weights))
    return Outcome(result, Ledger(forward_passes=2 * (1 + len(RIDGES))))


def measure_stages(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Stage after stage on images, or all neurons solved at once.

    Args:
        parameters: `task_name`, `side`, `n_hidden` (J), `n_stages`; one stage has a step of 1.
        seed: of the random weights.

    Returns:
        `accuracy`: on the test samples after each stage; `seconds` of one thread, to train with
        one ridge. The ridge of `STAGE_RIDGES` is best on the validation samples after the last.
    """
    scaling = "one scale" if parameters["task_name"] == "mnist5k" else "each pixel"
    task = images(parameters["task_name"], parameters["side"], scaling)
    n_hidden, n_stages = parameters["n_hidden"], parameters["n_stages"]
    step, tried, start = 1.0 if n_stages == 1 else 0.5, [], time.process_time()
    with one_blas_thread():
        for ridge in STAGE_RIDGES:
            network = train_residual(
                task, n_hidden=n_hidden, n_stages=n_stages, ridge=ridge, step=step,
                rng=np.random.default_rng(seed),
            )  # fmt: skip
            tried.append(network)
        seconds = (time.process_time() - start) / len(STAGE_RIDGES)
        right = [n.accuracies(task.x_validation, task.y_validation)[-1] for n in tried]
        best = tried[int(np.argmax(right))]
        result = {"accuracy": best.accuracies(task.x_test, task.y_test), "seconds": seconds}
    return Outcome(result, Ledger(forward_passes=2 * len(STAGE_RIDGES)))


def measure_choice(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Masks of one small network, with its read-out ±a and with a read-out that is solved.

    Args:
        parameters: `task_name` and `n_hidden` of `build_problem`.
        seed: of the network and of the searches.

    Returns:
        Test accuracy of the `mask` of least cross-entropy, of `all` neurons with a solved
        read-out, of those `chosen` by leave-one-out, and of the first as many (`drawn`); `kept`,
        how many these are; `one_flip` and `grover`: calls until the least of all masks was met;
        `fixed_met` and `solved_met`: by block size of `BLOCKS`, whether local selection ends at it.
    """
    problem = build_problem(parameters["task_name"], parameters["n_hidden"], seed=seed)
    cost, whole = solved_cost(problem)
    table = cost.to_table()
    best = table.optimal_masks()[0]
    rngs = np.random.default_rng(seed).spawn(4)
    grover = run(adaptive_grover, table, rng=rngs[0], target_cost=table.minimum)
    walked = run(one_flip_search, table, rng=rngs[1], target_cost=table.minimum, restarts=RESTARTS)
    result = {
        "mask": problem.accuracy(problem.table.optimal_masks()[0]),
        "all": whole,
        "chosen": solved_accuracy(problem, cost, best),
        "drawn": solved_accuracy(problem, cost, np.arange(len(best)) < best.sum()),
        "kept": int(best.sum()),
        "grover": grover.ledger.oracle_calls,
        "one_flip": walked.ledger.cost_queries,
        "fixed_met": meets_by_blocks(problem.table, rngs[2]),
        "solved_met": meets_by_blocks(table, rngs[3]),
    }
    return Outcome(result, grover.ledger + walked.ledger)


def solved_cost(problem: Problem) -> tuple[ReadoutCost, float]:
    """The leave-one-out cost, and the test accuracy of all neurons with a solved read-out.

    The ridge of both is the one that the validation samples choose for all neurons.
    """
    task, network = problem.task, problem.network
    assert isinstance(network, OneLayerArrays)
    training = task.x_train, task.y_train
    fitted = fit_readout(network, training, (task.x_validation, task.y_validation))
    size = float(np.mean(np.sum(hidden_outputs(network, task.x_train) ** 2, axis=1)))
    cost = readout_cost(network, *training, ridge=fitted.ridge * size)
    keep_all = np.ones(problem.n_neurons, dtype=bool)
    return cost, accuracy(fitted.network.outputs(task.x_test, keep_all), task.y_test)


def solved_accuracy(problem: Problem, cost: ReadoutCost, neuron_mask: BoolArray) -> float:
    """Test accuracy of the neurons that a mask keeps, their read-out solved."""
    assert isinstance(problem.network, OneLayerArrays)
    weights, constant = cost.readout(neuron_mask)
    outputs = hidden_outputs(problem.network, problem.task.x_test) @ weights + constant
    return accuracy(outputs, problem.task.y_test)


def meets_by_blocks(table: CostTable, rng: np.random.Generator) -> list[bool]:
    """Whether local selection from all neurons on ends at a best mask, by block size."""
    found = (run(local_selection, table, rng=rng, block_size=size).cost for size in BLOCKS)
    return [_is_least(table, cost) for cost in found]


def _is_least(table: CostTable, cost: float) -> bool:
    return cost <= table.minimum + float(equal_within(table, table.minimum))


def measure_greedy(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Neurons chosen one by one out of many under a solved read-out, beside as many drawn.

    Args:
        parameters: `n_drawn`; ten digits, each pixel standardised.
        seed: of the random weights.

    Returns:
        `chosen`, `drawn`: test accuracy for each number of `KEPT`.
    """
    task = load_task("digits")
    weights = draw_features(task.n_features, parameters["n_drawn"], rng=np.random.default_rng(seed))
    h, g = (hidden_features(x, weights) for x in (task.x_train, task.x_test))
    cost = ReadoutCost(h, class_targets(task.y_train, task.n_classes), 1.0)
    walk = cost.walk(np.zeros(cost.n_neurons, dtype=bool))
    result: dict[str, list[float]] = {"chosen": [], "drawn": []}
    for kept in range(1, max(KEPT) + 1):
        costs = walk.flip_costs()
        costs[walk.neuron_mask] = np.inf  # it only adds
        walk.move([int(costs.argmin())], float(costs.min()))
        if kept in KEPT:
            drawn = np.arange(cost.n_neurons) < kept
            for name, mask in (("chosen", walk.neuron_mask), ("drawn", drawn)):
                w, constant = cost.readout(mask)
                result[name].append(share_right(g @ w + constant, task.y_test))
    asked = max(KEPT) * cost.n_neurons
    return Outcome(result, Ledger(cost_queries=asked, forward_passes=asked))


@exercise("20-1")
def shrinking_factor(answer: Any) -> str | None:
    """A function (s, ridge, step) -> what a stage leaves of the residual along that direction."""

    def factor(s: float, ridge: float, step: float) -> float:
        return 1 - step * s**2 / (s**2 + ridge)

    cases = (
        (0.0, 1.0, 0.5),
        (1.0, 1.0, 0.5),
        (3.0, 1.0, 0.5),
        (99**0.5, 1.0, 0.5),
        (2.0, 5.0, 2.0),
    )
    return compare_function(answer, factor, cases, "For s = {}, a = {}, μ = {} the factor")


_ONCE, _STAGES = solving_bill(898, 1280), solving_bill(898, 64, 20)
# numbers held at once by a solve of 1,280 neurons, over those of a stage of 64
number_exercise(
    "20-2",
    _ONCE[0] / _STAGES[0],
    "Count the features and the matrix, of all neurons at once and of one stage.",
    tolerance=0.3,
    slips={
        20: "That is the ratio of the features alone; the matrix is J × J.",
        400: "That is the ratio of the matrices alone; the features are samples × J.",
    },
)
# multiplications of one solve over those of twenty stages
number_exercise(
    "20-3",
    _ONCE[1] / _STAGES[1],
    "Add both parts for 1,280 neurons; add them for 64, times twenty stages; then divide.",
    tolerance=0.3,
    slips={
        20 * _ONCE[1] / _STAGES[1]: "That is one stage; there are twenty of them.",
        _STAGES[1] / _ONCE[1]: "That is the other way round.",
    },
)


@exercise("20-4")
def left_out_errors(answer: Any) -> str | None:
    """A function (h, y, ridge) -> mean squared error of each sample left out; no constant."""
    rng = np.random.default_rng(20)

    def left_out(h: FloatArray, y: FloatArray, ridge: float) -> float:
        errors = []
        for i in range(len(h)):
            rest, of_rest = np.delete(h, i, axis=0), np.delete(y, i)
            errors.append(y[i] - h[i] @ solve_ridge(rest, of_rest, ridge=ridge))
        return float(np.mean(np.square(errors)))

    shapes = ((5, 2, 1.0), (8, 3, 0.1), (6, 6, 2.0))
    cases = [(rng.normal(size=(n, j)), rng.normal(size=n), ridge) for n, j, ridge in shapes]
    return compare_function(answer, left_out, cases, "For h of shape {0.shape} and a = {2} it")
