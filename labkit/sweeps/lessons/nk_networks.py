"""What notebook 11 computes, and what its records are computed by: NK networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.activations import NetworkArrays, NKArrays, draw_nk_network
from labkit.ansatz import ramp_angles
from labkit.costs import LocalCost
from labkit.datasets import Task, load_task
from labkit.masks import check_one_mask
from labkit.problems import DEFAULT_SCALE
from labkit.scoring import accuracy, ensemble_cost, network_cost, nk_cost
from labkit.selectors import (
    Ledger,
    Selection,
    dynamic_programming,
    one_flip_search,
    qaoa_sampling,
    random_search,
    run,
)
from labkit.simulators.light_cones import light_cone_expectation
from labkit.sweeps.functions import Outcome

if TYPE_CHECKING:
    import pandas as pd

COST = "cross_entropy"


@dataclass(frozen=True, eq=False)
class NKProblem:
    """A task, an NK network for it, and the sum of N small tables that its masks cost.

    Attributes:
        task: all its features.
        network: its weights, standardised on the training samples.
        cost: the mean cross-entropy of the outputs on the training samples.
    """

    task: Task
    network: NKArrays
    cost: LocalCost

    def accuracy(self, neuron_mask: npt.ArrayLike, *, split: str = "test") -> float:
        """Share of samples that the mean of the outputs classifies rightly.

        A mask that keeps no neuron says 0 to each sample: no class, and none is right.

        Args:
            neuron_mask: (N,) bool, 0 and 1, or a mask string.
            split: 'train', 'validation' or 'test'.
        """
        mask = check_one_mask(neuron_mask, self.network.n_neurons)
        x, y = getattr(self.task, f"x_{split}"), getattr(self.task, f"y_{split}")
        return accuracy(self.network.prediction(x, mask), y)

    def ensemble_cost(self, neuron_mask: npt.ArrayLike) -> float:
        """The cost of the prediction of one mask, on the training samples."""
        task = self.task
        return ensemble_cost(self.network, task.x_train, task.y_train, neuron_mask, cost=COST)

    def as_one_output(self) -> NetworkArrays:
        """The network of one output that makes the same prediction, and couples all its neurons.

        (1/N) sum_i sum_{j in nbhd(i)} m_j a_ij ĥ_j = sum_j m_j (1/N sum_i a_ij) ĥ_j.
        """
        nk = self.network
        readout = np.zeros((nk.n_neurons, 1), dtype=np.float64)
        np.add.at(readout[:, 0], nk.neighbourhoods, nk.readout / nk.n_neurons)
        columns = nk.mean[:, np.newaxis], nk.inverse_std[:, np.newaxis]
        return NetworkArrays(nk.kernel, readout.astype(np.float32), nk.scale, "neuron", *columns)


@lru_cache(maxsize=256, typed=True)
def build_nk_problem(
    task_name: str,
    n_neurons: int,
    n_inputs_per_output: int,
    *,
    seed: int,
    scale: float = DEFAULT_SCALE,
    neighbourhood: str = "adjacent",
) -> NKProblem:
    """Draws an NK network for a task and scores each of its outputs on the training data.

    Args:
        task_name: one of `datasets.TASK_NAMES`, of two classes.
        n_neurons: N.
        n_inputs_per_output: K, neurons that each output reads.
        seed: of the network's weights; the hidden neurons are the same for every K.
        scale: factor on the outputs.
        neighbourhood: 'adjacent' or 'random'.

    Raises:
        TypeError: a count or the seed is not an integer.
        ValueError: a name is unknown or a count out of range.
    """
    task = load_task(task_name)
    network = draw_nk_network(
        task.n_features,
        n_neurons,
        n_inputs_per_output,
        neighbourhood=neighbourhood,
        scale=scale,
        seed=seed,
    ).adapted(task.x_train)
    return NKProblem(task, network, nk_cost(network, task.x_train, task.y_train, cost=COST))


def measure_quality(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """How good the optimum of the NK cost is, beside a search on the prediction's own cost.

    Args:
        parameters: arguments of `build_nk_problem`.
        seed: of the network's weights and, independently of them, of one-flip search.

    Returns:
        Of the NK cost's optimum: its cost, the prediction's own cost, the accuracies, and the
        share of neurons kept. Of one-flip search on the prediction's own cost: cost and accuracy.
    """
    problem, rng = build_nk_problem(seed=seed, **parameters), _stream(seed)
    exact = run(dynamic_programming, problem.cost, rng=rng)
    task = problem.task
    whole = network_cost(problem.as_one_output(), task.x_train, task.y_train, cost=COST)
    searched = run(one_flip_search, whole, rng=rng)
    result = {
        "nk_cost": exact.cost,
        "random_nk_cost": problem.cost.mean,
        "ensemble_cost": problem.ensemble_cost(exact.neuron_mask),
        "validation_accuracy": problem.accuracy(exact.neuron_mask, split="validation"),
        "test_accuracy": problem.accuracy(exact.neuron_mask),
        "share_kept": float(exact.neuron_mask.mean()),
        "searched_cost": searched.cost,
        "searched_accuracy": problem.accuracy(searched.neuron_mask),
    }
    return Outcome(result, exact.ledger + searched.ledger)


def compare_rivals(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Searches of an NK cost with the same number of calls, beside its exact optimum.

    A call is a cost query or a cost layer: `shots` shots of p layers and a query each.

    Args:
        parameters: arguments of `build_nk_problem`, and p and shots of QAOA on its ramp.
        seed: of the network's weights and, independently of them, of the searches.

    Returns:
        The least cost and that of each search, the calls of each, the mean cost of all masks,
        and the forward passes that dynamic programming counts.
    """
    options = dict(parameters)
    layers, shots = options.pop("p"), options.pop("shots")
    cost, rng = build_nk_problem(seed=seed, **options).cost, _stream(seed)
    calls = shots * (layers + 1)
    found: dict[str, Selection] = {
        "qaoa": run(qaoa_sampling, cost, rng=rng, p=layers, shots=shots),
        "one_flip": run(one_flip_search, cost, rng=rng, restarts=calls, max_cost_queries=calls),
        "random": run(random_search, cost, rng=rng, max_cost_queries=calls),
    }
    exact = run(dynamic_programming, cost, rng=rng)
    result = {"minimum": exact.cost, "mean": cost.mean, "exact_passes": exact.ledger.forward_passes}
    for name, selection in found.items():
        ledger = selection.ledger
        result[f"{name}_cost"] = selection.cost
        result[f"{name}_calls"] = ledger.cost_queries + ledger.cost_layers
    return Outcome(result, sum((s.ledger for s in found.values()), start=Ledger()))


def measure_light_cones(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The exact mean cost of QAOA on its ramp by light cones, between all masks and the best.

    Args:
        parameters: arguments of `build_nk_problem`, and p.
        seed: of the network's weights and, independently of them, of one-flip search.

    Returns:
        The mean cost of all masks and of QAOA's state, the least cost, and that of one-flip
        search, with its queries.
    """
    options = dict(parameters)
    layers = options.pop("p")
    cost, rng = build_nk_problem(seed=seed, **options).cost, _stream(seed)
    exact = run(dynamic_programming, cost, rng=rng)
    searched = run(one_flip_search, cost, rng=rng)
    angles = ramp_angles(layers, cost.n_neurons, std=cost.std)
    result = {
        "mean": cost.mean,
        "qaoa": light_cone_expectation(cost, *angles),
        "minimum": exact.cost,
        "one_flip": searched.cost,
        "one_flip_queries": searched.ledger.cost_queries,
    }
    return Outcome(result, exact.ledger + searched.ledger)


def over_seeds(runs: pd.DataFrame, column: str, *, by: str) -> npt.NDArray[np.float64]:
    """The values of a column of a record, (points, seeds), points and seeds ascending.

    Args:
        runs: of a record, see `labkit.sweeps.recorded`, one for each point and seed.
        column: of `runs`, without 'result.'.
        by: the parameter that tells the points apart, without 'parameters.'.
    """
    wide = runs.pivot(index=f"parameters.{by}", columns="seed", values=f"result.{column}")
    return wide.sort_index().to_numpy(dtype=np.float64)


def _stream(seed: int) -> np.random.Generator:
    """A stream of its own, since the weights are drawn from the seed itself."""
    return np.random.default_rng(np.random.SeedSequence([seed, 1]))
