"""Hundreds of neurons by local selection, beside trained networks: notebook 13."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.activations import NetworkArrays, draw_network
from labkit.datasets import load_task
from labkit.problems import DEFAULT_SCALE
from labkit.scoring import NetworkCost, accuracy, network_cost
from labkit.selectors import Ledger, local_selection, run
from labkit.sweeps.functions import Outcome

if TYPE_CHECKING:
    from labkit.baselines import TrainedNetworks

#: Networks of one size that are trained side by side, and steps of their training.
N_TRAINED, EPOCHS = 5, 300


def build_large(task_name: str, n_hidden: int, *, seed: int) -> tuple[NetworkArrays, NetworkCost]:
    """A random network on all features of a task, and its cost without a table.

    Args:
        task_name: one of `datasets.TASK_NAMES`.
        n_hidden: neurons, as many mask bits.
        seed: of the weights, 0 or more.

    Returns:
        The network, standardised on the training samples, and its cross-entropy on them.
    """
    task = load_task(task_name)
    two_classes = task.n_classes == 2
    network = draw_network(
        task.n_features,
        n_hidden,
        1 if two_classes else task.n_classes,
        readout="signed_constant" if two_classes else "gaussian",
        scale=DEFAULT_SCALE,
        seed=seed,
    ).adapted(task.x_train)
    return network, network_cost(network, task.x_train, task.y_train)


@lru_cache(maxsize=16)
def train_side_by_side(task_name: str, n_hidden: int) -> TrainedNetworks:
    """`N_TRAINED` networks of one size, trained side by side as if each were alone: it is faster.

    Args:
        task_name: one of `datasets.TASK_NAMES`.
        n_hidden: hidden units of each.
    """
    from labkit.baselines import train_networks

    return train_networks(
        load_task(task_name), n_hidden, n_networks=N_TRAINED, epochs=EPOCHS, seed=0
    )


def select_and_train(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Local selection of one large network, beside a trained network of the same size.

    Args:
        parameters: `task_name`, `n_hidden`, `block_size`.
        seed: of the network's weights and of the search; seed modulo `N_TRAINED` is the number of
            the trained network beside it.

    Returns:
        Test accuracy of both, training cost and number of kept neurons of the subnetwork, and the
        forward passes of the selection. The ledger has the training too.
    """
    task_name, n_hidden = parameters["task_name"], parameters["n_hidden"]
    task = load_task(task_name)
    network, cost = build_large(task_name, n_hidden, seed=seed)
    rng = np.random.default_rng(seed)
    found = run(local_selection, cost, rng=rng, block_size=parameters["block_size"])
    trained = train_side_by_side(task_name, n_hidden)
    result = {
        "subnetwork_accuracy": accuracy(
            network.outputs(task.x_test, found.neuron_mask), task.y_test
        ),
        "trained_accuracy": float(trained.test_accuracy[seed % N_TRAINED]),
        "cost": found.cost,
        "n_active": int(found.neuron_mask.sum()),
        "selection_passes": found.ledger.forward_passes,
    }
    training = Ledger(forward_passes=EPOCHS, backward_passes=EPOCHS)
    return Outcome(result, found.ledger + training)


def descend(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The least training cost after 1, 2, 4, ... passes, by local selection or by gradients.

    Args:
        parameters: `task_name`, `n_hidden`, and either `block_size` or the `epochs` of Adam, with
            a forward and a backward pass each.
        seed: of the network, which is the same for both, and of the search.

    Returns:
        Lists `passes`, powers of two up to what was spent, and `costs`.
    """
    n_hidden = parameters["n_hidden"]
    _, cost = build_large(parameters["task_name"], n_hidden, seed=seed)
    if "block_size" in parameters:
        rng = np.random.default_rng(seed)
        found = run(local_selection, cost, rng=rng, block_size=parameters["block_size"])
        history, ledger, each = found.history, found.ledger, 1
    else:
        history, ledger = _train(cost, n_hidden, parameters["epochs"], seed)
        each = 2
    passes = 2 ** np.arange(int(np.log2(each * len(history))) + 1)
    best = np.minimum.accumulate(history)
    return Outcome({"passes": passes, "costs": best[(passes - 1) // each]}, ledger)


def _train(
    cost: NetworkCost, n_hidden: int, epochs: int, seed: int
) -> tuple[npt.NDArray[np.float64], Ledger]:
    """The cost before each step of Adam on all weights of the network that `cost` masks."""
    from labkit.baselines import train_network
    from labkit.networks import RandomNetwork

    network = RandomNetwork(cost.x.shape[1], n_hidden, scale=DEFAULT_SCALE, seed=seed)
    trained = train_network(network.adapt(cost.x), cost.x, cost.y, epochs=epochs)
    return trained.history, trained.ledger
