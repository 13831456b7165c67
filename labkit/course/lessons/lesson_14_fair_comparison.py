"""Every selector and baseline at the same number of calls: what notebook 14 computes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.ansatz import ramp_angles
from labkit.arrays import FloatArray, IntArray
from labkit.costs import CostTable, LocalCost, equal_within
from labkit.course.checking import compare_function, compare_trap, exercise, number_exercise
from labkit.ledger import Ledger, Outcome
from labkit.masks import mask_from_index
from labkit.problems import Problem, build_nk_problem, build_problem
from labkit.selectors import optimise_angles, run, tree_elimination
from labkit.selectors.racing import LAYERS, Trace, race_qaoa, trace

if TYPE_CHECKING:
    import pandas as pd


#: Exact gradients that transferred angles are trained with, on the next of so many networks.
TRANSFER_EVALUATIONS, N_NETWORKS = 100, 20
#: Steps of edge-popup before it starts again; steps of gradient training: 256 calls.
EDGE_POPUP_STEPS, TRAINING_STEPS = 25, 128


@lru_cache(maxsize=64)
def transferred_angles(task_name: str, n_hidden: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Angles trained by exact gradients on another network of the same size: that of `seed`."""
    table = build_problem(task_name, n_hidden, seed=seed).table
    ramp = ramp_angles(LAYERS, n_hidden, std=1.0)
    return optimise_angles(table, ramp, evaluations=TRANSFER_EVALUATIONS)


def run_at_equal_budget(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """One selector or baseline on one network: how good its answer is after 8, 16, 32, ... calls.

    Args:
        parameters: `task_name` and `n_hidden` of `build_problem`; `entrant`: one of `ENTRANTS` or
            'QAOA, transferred', 'edge-popup', 'magnitude pruning', 'gradient training'; `budget`:
            calls, a power of two; `n_runs`: runs whose mean is kept; `shuffled`: the same costs,
            dealt to the masks at random.
        seed: of the network; all runs differ by their generators.

    Returns:
        Lists by budget: `budgets`, `regret` (cost above the least of all masks), `found` (share of
        runs that have met an optimum), and `test_accuracy` where masks have their own costs. The
        ledger is that of all runs.
    """
    problem = _build(parameters, seed)
    budgets = _budgets(parameters)
    if parameters["entrant"] == "gradient training":
        return _train(problem, budgets)
    traces = [
        _run_entrant(parameters["entrant"], problem, parameters, np.random.default_rng([seed, r]))
        for r in range(parameters["n_runs"])
    ]
    outcome = _compare(traces, budgets, problem.table, problem.table.minimum)
    if parameters["shuffled"]:
        return outcome
    costs = np.array([t.best_at(budgets) for t in traces])
    accuracy = np.vectorize(partial(_accuracy, problem))(costs).mean(axis=0)
    return replace(outcome, result={**outcome.result, "test_accuracy": accuracy})


def run_on_local_terms(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """One selector on one NK network: how good its answer is after 8, 16, 32, ... calls.

    Args:
        parameters: `task_name`, `n_neurons` and `n_inputs_per_output` of `build_nk_problem`;
            `entrant`: one of `ENTRANTS` or `LOCAL_ENTRANTS`; `budget` and `n_runs` as above.
        seed: of the network; all runs differ by their generators.

    Returns:
        As `run_at_equal_budget`, without accuracies. What elimination proves is the least cost.
    """
    sizes = parameters["n_neurons"], parameters["n_inputs_per_output"]
    cost = build_nk_problem(parameters["task_name"], *sizes, seed=seed).cost
    least = run(tree_elimination, cost, rng=np.random.default_rng(seed)).cost
    traces = [
        trace(parameters["entrant"], cost, parameters["budget"],
              rng=np.random.default_rng([seed, r]), minimum=least)
        for r in range(parameters["n_runs"])
    ]  # fmt: skip
    return _compare(traces, _budgets(parameters), cost, least)


def _budgets(parameters: Mapping[str, Any]) -> IntArray:
    return 2 ** np.arange(3, int(math.log2(parameters["budget"])) + 1)


def _compare(
    traces: Sequence[Trace], budgets: IntArray, cost: CostTable | LocalCost, least: float
) -> Outcome:
    """What was found by then, mean over runs, and the ledger of all."""
    regret = np.array([t.best_at(budgets) for t in traces]) - least
    result = {
        "budgets": budgets,
        "regret": regret.mean(axis=0),
        "found": (regret <= equal_within(cost, least)).mean(axis=0),
    }
    return Outcome(result, sum((t.ledger for t in traces), Ledger()))


def _build(parameters: Mapping[str, Any], seed: int) -> Problem:
    problem = build_problem(parameters["task_name"], parameters["n_hidden"], seed=seed)
    return shuffle_costs(problem) if parameters["shuffled"] else problem


def shuffle_costs(problem: Problem) -> Problem:
    """The same costs, dealt to the masks at random: similar masks no longer cost alike."""
    rng = np.random.default_rng([problem.seed, problem.n_neurons])
    table = CostTable(rng.permutation(problem.table.costs), problem.n_neurons)
    return replace(problem, table=table)


def collect(runs: pd.DataFrame, what: str, *, shuffled: bool = False) -> dict[str, FloatArray]:
    """'regret', 'found' or 'test_accuracy' of each entrant of a record, (seeds, budgets)."""
    if "parameters.shuffled" in runs:
        runs = runs[runs["parameters.shuffled"] == shuffled]
    grouped = runs.groupby("parameters.entrant", sort=False)[f"result.{what}"]
    return {str(name): np.array(values.tolist()) for name, values in grouped}


def _run_entrant(
    name: str, problem: Problem, parameters: Mapping[str, Any], rng: np.random.Generator
) -> Trace:
    if name in ("edge-popup", "magnitude pruning"):
        return _run_baseline(name, problem, parameters["budget"], rng)
    if name != "QAOA, transferred":
        return trace(name, problem.table, parameters["budget"], rng=rng)
    other = (problem.seed + 1) % N_NETWORKS
    angles = transferred_angles(parameters["task_name"], problem.n_neurons, other)
    return trace(partial(race_qaoa, angles=angles), problem.table, parameters["budget"], rng=rng)


def _run_baseline(name: str, problem: Problem, budget: int, rng: np.random.Generator) -> Trace:
    """Edge-popup keeps another number of neurons at each start; each gradient is one more call."""
    from labkit.baselines import edge_popup, magnitude_pruning

    data = (problem.network, problem.task.x_train, problem.task.y_train)
    if name == "magnitude pruning":
        found = magnitude_pruning(*data)
        return Trace(np.arange(1, len(found.history) + 1), found.history, found.ledger)
    starts = range(math.ceil(budget / (2 * EDGE_POPUP_STEPS)))
    numbers = rng.integers(1, problem.n_neurons + 1, len(starts))
    runs = [edge_popup(*data, n_active=int(k), epochs=EDGE_POPUP_STEPS, rng=rng) for k in numbers]
    costs = np.concatenate([run.history for run in runs])
    of_one = np.append(np.ones(1, dtype=int), np.full(EDGE_POPUP_STEPS, 2))
    calls = np.cumsum(np.tile(of_one, len(runs)))
    return Trace(calls, costs, sum((run.ledger for run in runs), Ledger()))


def _train(problem: Problem, budgets: IntArray) -> Outcome:
    """Trains all weights of the same random network; a step is two calls.

    Its cost may be below that of every mask: then the regret is negative.
    """
    from labkit.baselines import train_network
    from labkit.networks import RandomNetwork
    from labkit.scoring import accuracy

    task = problem.task
    network = RandomNetwork(
        task.n_features, problem.n_neurons, scale=problem.network.scale, seed=problem.seed
    ).adapt(task.x_train)
    trained = train_network(network, task.x_train, task.y_train, epochs=TRAINING_STEPS)
    steps = 2 * np.arange(TRAINING_STEPS) + 1
    costs = Trace(steps, trained.history, trained.ledger).best_at(budgets)
    test = accuracy(np.asarray(trained.model(task.x_test)), task.y_test)
    result = {
        "budgets": budgets,
        "regret": costs - problem.table.minimum,
        "found": np.zeros(len(budgets)),
        "test_accuracy": np.full(len(budgets), test),
    }
    return Outcome(result, trained.ledger)


def _accuracy(problem: Problem, cost: float) -> float:
    """On the test samples, of the mask of that cost."""
    nearest = int(np.abs(problem.table.costs - cost).argmin())
    return problem.accuracy(mask_from_index(nearest, problem.n_neurons))


def solve_readouts(runs: pd.DataFrame) -> FloatArray:
    """Test accuracy of each network of a record, all neurons kept, its readout solved: (seeds,).

    One linear equation each, see `share_solved`; no mask, no search.
    """
    from labkit.course.explorers.network import share_solved

    drawn = runs[["parameters.task_name", "parameters.n_hidden", "seed"]].drop_duplicates()
    rows = drawn.sort_values("seed").itertuples(index=False)
    return np.array([share_solved(build_problem(t, int(n), seed=int(s))) for t, n, s in rows])


def pick_table_passes(runs: pd.DataFrame) -> dict[str, float]:
    """Forward passes for a cost table alone, in one run on one network: entrant -> their mean."""
    rows = runs[~runs["parameters.shuffled"].astype(bool)]
    of_table = (rows["ledger.forward_passes"] - rows["ledger.cost_queries"]) / rows[
        "parameters.n_runs"
    ]
    by_entrant = of_table.groupby(rows["parameters.entrant"]).mean()
    return {name: float(by_entrant[name]) for name in ("adaptive Grover", "QAOA, ramp")}


# 3 layers, 20 states of 50 shots tried in training, then 100 shots; all masks verified
number_exercise(
    "14-1",
    (20 * 50 + 100) * (3 + 1),
    "Count all shots, those of the training too; then what each of them costs.",
    slips={
        20 * 50 + 100: "Those are the shots. Each is 3 cost layers, and a query that verifies it.",
        (20 * 50 + 100) * 3: "That leaves out the query that verifies each mask.",
        100 * (3 + 1): "That leaves out the training: its shots cost as much as any.",
        (20 + 100) * (3 + 1): "A state that is tried takes 50 shots.",
        20 * 50 * (3 + 1): "That leaves out the 100 shots after the training.",
    },
)


@exercise("14-2")
def regret_at_a_budget(answer: Any) -> str | None:
    """A function (history, minimum, budget) -> regret after that many cost queries."""

    def regret(history: FloatArray, minimum: float, budget: int) -> float:
        return float(history[:budget].min()) - minimum

    rng, sizes = np.random.default_rng(14), ((1, 1), (12, 5), (12, 12), (6, 40))
    cases = ((rng.random(length) + 0.3, 0.25, budget) for length, budget in sizes)
    what = "After {2} calls of a history of {0.size} the regret"
    return compare_function(answer, regret, cases, what, tolerance=1e-9)


@exercise("14-3")
def trap_of_one_flip(answer: Any) -> str | None:
    """A mask that no single flip improves, and that is not the best."""
    return compare_trap(answer, build_problem("moons", 8, seed=7).table)


# runs of 50 calls that succeed with probability 0.3, until one has with 99%
number_exercise(
    "14-4",
    50 * math.ceil(math.log(0.01) / math.log(1 - 0.3)),
    f"Two repetitions take 100 calls, and both fail with probability {0.7**2:.2f}. How many all "
    "fail with at most 0.01? Repetitions are whole.",
    slips={
        13: "Those are the repetitions; each takes 50 calls.",
        50 / 0.3: "That is the mean until the first hit, when a third still wait for theirs.",
        50 * 0.99 / 0.3: "Chances of repetitions do not add: multiply the chances to fail.",
    },
)
