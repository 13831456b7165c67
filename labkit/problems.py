"""A selection problem: a task, a random network for it, and the cost of every subnetwork."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import Float32Array, IntArray
from labkit.costs import CostTable, LocalCost
from labkit.datasets import Task, check_two_classes, load_task
from labkit.limits import check_choice, check_integer, repr_line
from labkit.networks import (
    NetworkArrays,
    NKArrays,
    OneLayerArrays,
    sample_network,
    sample_nk_network,
)
from labkit.scoring import (
    NetworkCost,
    accuracy,
    ensemble_cost,
    network_cost,
    nk_cost,
    score_all_masks,
)

#: Factor on the output: at 1 cross-entropy of a few neurons hardly leaves log 2, and above 3 it
#: switches most of them off.
DEFAULT_SCALE = 2.0
#: Of NK networks: squared error switches nearly every neuron off at this scale.
NK_COST = "cross_entropy"


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """A task, a random network for it, and the cost of each of its 2^n subnetworks.

    Attributes:
        task: in the features that the network sees.
        network: its weights, standardised on the training samples.
        table: the cost of each mask on the training samples.
        cost_name: 'cross_entropy', 'squared_error' or 'error_rate'.
        seed: of the network's weights.
    """

    task: Task
    network: NetworkArrays
    table: CostTable
    cost_name: str
    seed: int

    def __repr__(self) -> str:
        sizes = {"n_neurons": self.n_neurons, "cost_name": self.cost_name, "seed": self.seed}
        return repr_line(self, task=self.task.name, **sizes, minimum=self.table.minimum)

    @property
    def n_neurons(self) -> int:
        """Number of mask bits."""
        return self.table.n_neurons

    def accuracy(self, neuron_mask: npt.ArrayLike, *, split: str = "test") -> float:
        """Share of samples that a subnetwork classifies rightly.

        Args:
            neuron_mask: (n_neurons,) bool, 0 and 1, or a mask string.
            split: 'train', 'validation' or 'test'.
        """
        x, y = _samples(self.task, split)
        return accuracy(self.network.outputs(x, neuron_mask), y)


def _samples(task: Task, split: str) -> tuple[Float32Array, IntArray]:
    check_choice("split", split, ("train", "validation", "test"))
    return getattr(task, f"x_{split}"), getattr(task, f"y_{split}")


def build_problem(
    task_name: str | Task,
    n_hidden: int,
    *,
    seed: int,
    hidden_layers: int = 1,
    mask_kind: str = "neuron",
    n_components: int | None = 2,
    scale: float = DEFAULT_SCALE,
    cost: str = "cross_entropy",
) -> Problem:
    """Draws a random network for a task and scores each of its subnetworks on the training data.

    Args:
        task_name: one of `datasets.TASK_NAMES`, or a task of your own.
        n_hidden: units of each hidden layer; a neuron mask has as many bits for each.
        seed: of the network's weights, 0 or more.
        hidden_layers: 1, or 2 with neuron masks.
        mask_kind: 'neuron' or 'weight'.
        n_components: the network sees this many principal components of the features; None for
            the features themselves. Tasks of two features keep them.
        scale: factor on the output.
        cost: 'cross_entropy', 'squared_error' or 'error_rate'.

    Raises:
        TooLargeError: the table does not fit in memory.

    >>> problem = build_problem("moons", 5, seed=0)
    >>> len(problem.table.costs), problem.task.name
    (32, 'moons')
    """
    options: dict[str, Any] = {
        "mask_kind": mask_kind,
        "n_components": n_components,
        "scale": scale,
        "cost": cost,
    }
    task = load_task(task_name)
    return _build_problem(task, n_hidden, seed=seed, hidden_layers=hidden_layers, **options)


@lru_cache(maxsize=64, typed=True)  # typed: True is no seed, although True == 1
def _build_problem(
    task: Task,
    n_hidden: int,
    *,
    seed: int,
    hidden_layers: int,
    mask_kind: str,
    n_components: int | None,
    scale: float,
    cost: str,
) -> Problem:
    if n_components is not None and task.n_features > 2:
        task = _seen(task, check_integer("n_components", n_components, minimum=1))
    network = _sample_for(
        task, n_hidden, hidden_layers=hidden_layers, mask_kind=mask_kind, scale=scale, seed=seed
    )
    table = score_all_masks(network, task.x_train, task.y_train, cost=cost)
    return Problem(task, network, table, cost, seed)


@lru_cache(maxsize=16)
def _seen(task: Task, n_components: int) -> Task:
    """A task in its principal components, which are the same for each network."""
    return task.principal_components(n_components)


def _sample_for(task: Task, n_hidden: int, **options: Any) -> NetworkArrays:
    """A random network for the classes of a task, standardised on its training samples."""
    n_outputs = 1 if task.n_classes == 2 else task.n_classes
    # of few neurons, outputs of readout ±a often tie exactly
    readout = "signed_constant" if n_outputs == 1 else "gaussian"
    network = sample_network(task.n_features, n_hidden, n_outputs, readout=readout, **options)
    return network.adapted(task.x_train)


@dataclass(frozen=True, eq=False, repr=False)
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

    def __repr__(self) -> str:
        sizes = {n: getattr(self.network, n) for n in ("n_neurons", "n_inputs_per_output")}
        return repr_line(self, task=self.task.name, **sizes)

    def accuracy(self, neuron_mask: npt.ArrayLike, *, split: str = "test") -> float:
        """Share of samples that the mean of the outputs classifies rightly.

        A mask that keeps no neuron says 0 to each sample: no class, and none is right.

        Args:
            neuron_mask: (N,) bool, 0 and 1, or a mask string.
            split: 'train', 'validation' or 'test'.
        """
        x, y = _samples(self.task, split)
        return accuracy(self.network.prediction(x, neuron_mask), y)

    def ensemble_cost(self, neuron_mask: npt.ArrayLike) -> float:
        """The cost of the prediction of one mask, on the training samples."""
        task = self.task
        return ensemble_cost(self.network, task.x_train, task.y_train, neuron_mask, cost=NK_COST)

    def as_one_output(self) -> NetworkArrays:
        """The network of one output that makes the same prediction, and couples all its neurons.

        (1/N) sum_i sum_{j in nbhd(i)} m_j a_ij ĥ_j = sum_j m_j (1/N sum_i a_ij) ĥ_j.
        """
        nk = self.network
        readout = np.zeros((nk.n_neurons, 1), dtype=np.float64)
        np.add.at(readout[:, 0], nk.neighbourhoods, nk.readout / nk.n_neurons)
        columns = nk.mean[:, np.newaxis], nk.inverse_std[:, np.newaxis]
        return OneLayerArrays(nk.kernel, readout.astype(np.float32), nk.scale, "neuron", *columns)


def build_nk_problem(
    task_name: str | Task,
    n_neurons: int,
    n_inputs_per_output: int,
    *,
    seed: int,
    scale: float = DEFAULT_SCALE,
    neighbourhood: str = "adjacent",
) -> NKProblem:
    """Draws an NK network for a task and scores each of its outputs on the training data.

    Args:
        task_name: one of `datasets.TASK_NAMES`, or a task of your own, of two classes.
        n_neurons: N.
        n_inputs_per_output: K, neurons that each output reads.
        seed: of the network's weights; the hidden neurons are the same for every K.
        scale: factor on the outputs.
        neighbourhood: 'adjacent' or 'random'.
    """
    task, sizes = check_two_classes("task_name", task_name), (n_neurons, n_inputs_per_output)
    options: dict[str, Any] = {"scale": scale, "neighbourhood": neighbourhood}
    return _build_nk_problem(task, *sizes, seed=seed, **options)


@lru_cache(maxsize=256, typed=True)
def _build_nk_problem(
    task: Task,
    n_neurons: int,
    n_inputs_per_output: int,
    *,
    seed: int,
    scale: float,
    neighbourhood: str,
) -> NKProblem:
    network = sample_nk_network(
        task.n_features,
        n_neurons,
        n_inputs_per_output,
        neighbourhood=neighbourhood,
        scale=scale,
        seed=seed,
    ).adapted(task.x_train)
    return NKProblem(task, network, nk_cost(network, task.x_train, task.y_train, cost=NK_COST))


def build_large(
    task_name: str | Task, n_hidden: int, *, seed: int
) -> tuple[NetworkArrays, NetworkCost]:
    """A random network on all features of a task, and its cost without a table.

    The network of `n_hidden` neurons, as many mask bits, is standardised on the training samples;
    its cost is the cross-entropy on them. The seed of the weights is 0 or more.
    """
    task = load_task(task_name)
    network = _sample_for(task, n_hidden, scale=DEFAULT_SCALE, seed=seed)
    return network, network_cost(network, task.x_train, task.y_train)
