"""Hundreds of neurons by local selection, beside trained networks: notebook 13."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import FloatArray, IntArray
from labkit.course.checking import compare_cost, compare_function, exercise, number_exercise
from labkit.datasets import Task, load_task
from labkit.ledger import Ledger, Outcome
from labkit.problems import DEFAULT_SCALE, build_large
from labkit.scoring import NetworkCost, accuracy, check_labels, cost_of_outputs
from labkit.selectors import default_oracle_calls, local_selection, run

if TYPE_CHECKING:
    import pandas as pd

    from labkit.baselines import TrainedNetworks

#: Number of neurons, or block size -> one value for each seed.
Samples = Mapping[int, FloatArray]

#: Networks of one size that are trained side by side, and steps of their training.
N_TRAINED, EPOCHS = 5, 300


@lru_cache(maxsize=16)
def train_side_by_side(task_name: str | Task, n_hidden: int) -> TrainedNetworks:
    """`N_TRAINED` networks of one size, trained side by side as if alone: it is faster."""
    from labkit.baselines import train_networks

    options = {"n_networks": N_TRAINED, "epochs": EPOCHS, "seed": 0}
    return train_networks(load_task(task_name), n_hidden, **options)


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
    outputs = network.outputs(task.x_test, found.neuron_mask)
    result = {
        "subnetwork_accuracy": accuracy(outputs, task.y_test),
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


def _train(cost: NetworkCost, n_hidden: int, epochs: int, seed: int) -> tuple[FloatArray, Ledger]:
    """The cost before each step of Adam on all weights of the network that `cost` masks."""
    from labkit.baselines import train_network
    from labkit.networks import RandomNetwork

    network = RandomNetwork(cost.x.shape[1], n_hidden, scale=DEFAULT_SCALE, seed=seed)
    trained = train_network(network.adapt(cost.x), cost.x, cost.y, epochs=epochs)
    return trained.history, trained.ledger


def pick_by_width(runs: pd.DataFrame, what: str) -> dict[str, dict[int, FloatArray]]:
    """Of `select_and_train` in blocks of four: task -> neurons -> a result (seeds,).

    Args:
        runs: of the record '13_scaling_up'.
        what: of the result, such as 'subnetwork_accuracy'.
    """
    rows = runs[runs["parameters.block_size"] == 4]
    return {
        str(name): _by(group, "parameters.n_hidden", what)
        for name, group in rows.groupby("parameters.task_name")
    }


def pick_by_block(runs: pd.DataFrame, what: str) -> dict[int, FloatArray]:
    """Of `select_and_train` on breast cancer, 256 neurons: block size -> a result (seeds,)."""
    of_task = runs["parameters.task_name"] == "breast_cancer"
    rows = runs[of_task & (runs["parameters.n_hidden"] == 256)]
    return _by(rows, "parameters.block_size", what)


def _by(rows: pd.DataFrame, column: str, what: str) -> dict[int, FloatArray]:
    groups = rows.sort_values("seed").groupby(column)[f"result.{what}"]
    return {int(value): group.to_numpy(dtype=np.float64) for value, group in groups}


def pick_descents(runs: pd.DataFrame) -> tuple[IntArray, dict[str, FloatArray]]:
    """Of the record '13_descents': passes (points,), and way -> costs (points, networks)."""
    names = {1: "blocks of 1", 4: "blocks of 4", 0: "gradient training"}
    passes = np.array(min(runs["result.passes"], key=len))
    ways = runs["parameters.block_size"].fillna(0).map(names)
    costs = runs.groupby(ways)["result.costs"]
    return passes, {
        str(way): np.array([row[: len(passes)] for row in rows]).T for way, rows in costs
    }


# a start, then three sweeps through 1,024 neurons in blocks of 8: one pass a mask
number_exercise(
    "13-1",
    1 + 3 * (1024 // 8) * 2**8,
    "Count one block first: its masks, a pass each. Then the blocks of a sweep, sweeps, the start.",
    slips={
        3 * (1024 // 8) * 2**8: "The start mask is asked for too, before the first sweep.",
        3 * 1024 * 2**8: "That makes each neuron a block; a block is 8 of them.",
        1 + (1024 // 8) * 2**8: "That is one sweep; there are three.",
        1 + 3 * 1024: "That is a pass for each neuron; a block of 8 has 2^8 masks.",
        1 + 3 * (1024 // 8): "That is a pass for each block; a block of 8 has 2^8 masks.",
    },
)


@exercise("13-2")
def mask_as_good_as_one_sweep(answer: Any) -> str | None:
    """A mask of 64 neurons for breast cancer that costs no more than one sweep's answer."""
    return compare_cost(answer, *_one_sweep(), "one sweep of blocks of 4 finds")


@cache
def _one_sweep() -> tuple[NetworkCost, float]:
    """The cost of the network of exercise 13-2, and what one sweep of it finds."""
    _, cost = build_large("breast_cancer", 64, seed=11)
    rng = np.random.default_rng(0)
    return cost, run(local_selection, cost, rng=rng, block_size=4, max_rounds=1).cost


@exercise("13-3")
def softmax_cross_entropy(answer: Any) -> str | None:
    """A function (f, y) -> mean of log(sum_c exp f_c) - f_y, for outputs (samples, classes)."""

    def cross_entropy(f: FloatArray, y: IntArray) -> float:
        targets = check_labels(y, n_samples=f.shape[0], n_outputs=f.shape[1])
        return float(cost_of_outputs(f, targets, cost="cross_entropy"))

    rng, shapes = np.random.default_rng(13), ((1, 3), (7, 3), (20, 5))
    cases = ((rng.normal(size=shape), rng.integers(shape[1], size=shape[0])) for shape in shapes)
    what = "For {0.shape[0]} samples of {0.shape[1]} classes the cost"
    return compare_function(answer, cross_entropy, cases, what)


@exercise("13-4")
def fewest_calls_of_a_sweep(answer: Any) -> str | None:
    """A function (n, b) -> calls of one sweep, each block enumerated or by adaptive Grover."""

    def fewest(n: int, b: int) -> int:
        blocks = (min(b, n - first) for first in range(0, n, b))
        return sum(min(2**size, default_oracle_calls(size)) for size in blocks)

    cases = ((12, 4), (12, 12), (30, 15), (10, 4), (25, 11))
    what = "For {} neurons in blocks of {} one sweep"
    return compare_function(answer, fewest, cases, f"{what}, each block the cheaper way,")
