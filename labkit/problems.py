"""A selection problem: a task, a random network for it, and the cost of every subnetwork."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy.typing as npt

from labkit.activations import NetworkArrays, draw_network
from labkit.costs import CostTable
from labkit.datasets import Task, load_task
from labkit.limits import check_choice, check_integer
from labkit.masks import check_one_mask
from labkit.scoring import accuracy, score_all_masks

#: Factor on the output: at 1 cross-entropy of a few neurons hardly leaves log 2, and above 3 it
#: switches most of them off.
DEFAULT_SCALE = 2.0


@dataclass(frozen=True, eq=False)
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

    @property
    def n_neurons(self) -> int:
        """Number of mask bits."""
        return self.table.n_neurons

    def accuracy(self, neuron_mask: npt.ArrayLike, *, split: str = "test") -> float:
        """Share of samples that a subnetwork classifies rightly.

        Args:
            neuron_mask: (n_neurons,) bool, 0 and 1, or a mask string.
            split: 'train', 'validation' or 'test'.

        Raises:
            ValueError: the mask has the wrong length, or the split is unknown.
        """
        mask = check_one_mask(neuron_mask, self.n_neurons)
        check_choice("split", split, ("train", "validation", "test"))
        x, y = getattr(self.task, f"x_{split}"), getattr(self.task, f"y_{split}")
        return accuracy(self.network.outputs(x, mask), y)


@lru_cache(maxsize=64, typed=True)  # typed: True is no seed, although True == 1
def build_problem(
    task_name: str,
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
        task_name: one of `datasets.TASK_NAMES`.
        n_hidden: units of each hidden layer; a neuron mask has as many bits for each.
        seed: of the network's weights, 0 or more.
        hidden_layers: 1, or 2 with neuron masks.
        mask_kind: 'neuron' or 'weight'.
        n_components: the network sees this many principal components of the features; None for
            the features themselves. Tasks of two features keep them.
        scale: factor on the output.
        cost: 'cross_entropy', 'squared_error' or 'error_rate'.

    Raises:
        TypeError: a count or the seed is not an integer.
        ValueError: a name is unknown or a count out of range.
        TooLargeError: the table does not fit in memory.
    """
    task = load_task(task_name)
    if n_components is not None and task.n_features > 2:
        task = task.principal_components(check_integer("n_components", n_components, minimum=1))
    n_outputs = 1 if task.n_classes == 2 else task.n_classes
    network = draw_network(
        task.n_features,
        n_hidden,
        n_outputs,
        hidden_layers=hidden_layers,
        mask_kind=mask_kind,
        # of few neurons, outputs of readout ±a often tie exactly
        readout="signed_constant" if n_outputs == 1 else "gaussian",
        scale=scale,
        seed=seed,
    ).adapted(task.x_train)
    table = score_all_masks(network, task.x_train, task.y_train, cost=cost)
    return Problem(task, network, table, cost, seed)
