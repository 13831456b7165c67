"""Hundreds of neurons by local selection, beside trained networks: notebook 13."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.course.checking import compare_cost, compare_function, exercise, number_exercise
from labkit.datasets import Task, load_task
from labkit.ledger import Ledger, Outcome
from labkit.networks import fold_subnetwork
from labkit.problems import DEFAULT_SCALE, build_large
from labkit.scoring import NetworkCost, accuracy, check_labels, cost_of_outputs, network_cost
from labkit.selectors import default_oracle_calls, local_selection, one_flip_search, run
from labkit.threads import one_blas_thread

if TYPE_CHECKING:
    import pandas as pd

    from labkit.networks import NetworkArrays, OneLayerArrays

#: Number of neurons, or block size -> one value for each seed.
Samples = Mapping[int, FloatArray]

#: Steps of gradient training.
EPOCHS = 100


def select_in_blocks(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Local selection of one large network, in blocks.

    Args:
        parameters: `task_name`, `n_hidden`, `block_size`.
        seed: of the network's weights and of the search.

    Returns:
        Test accuracy, training cost and number of kept neurons of the subnetwork.
    """
    task = load_task(parameters["task_name"])
    network, cost = build_large(task, parameters["n_hidden"], seed=seed)
    rng = np.random.default_rng(seed)
    found = run(local_selection, cost, rng=rng, block_size=parameters["block_size"])
    result = _describe(network, task, found.neuron_mask)
    return Outcome({**result, "cost": found.cost}, found.ledger)


def measure_method(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """What one method makes of one random network, and what it took.

    Args:
        parameters: `task_name`, `n_hidden`, `method` (a name in `METHODS`), and for the search
            `cost`, by default the cross-entropy.
        seed: of the network's weights, and of the method.

    Returns:
        Test accuracy and number of kept neurons; and the processor's seconds, of one thread, from
        the drawn network to the answer.
    """
    task, method = load_task(parameters["task_name"]), METHODS[parameters["method"]]
    cost = parameters.get("cost", "cross_entropy")
    network, _ = build_large(task, parameters["n_hidden"], seed=seed)
    _load_loops()
    with one_blas_thread():
        start = time.process_time()
        made, neuron_mask, ledger = method(network, task, cost, np.random.default_rng(seed))
        seconds = time.process_time() - start
    return Outcome({**_describe(made, task, neuron_mask), "seconds": seconds}, ledger)


def _describe(network: NetworkArrays, task: Task, neuron_mask: BoolArray) -> dict[str, Any]:
    """Test accuracy and size of a subnetwork, run as a smaller network: it takes less memory."""
    kernel, bias, readout, constant = fold_subnetwork(network, neuron_mask)
    f = np.maximum(task.x_test @ kernel + bias, 0.0) @ readout + constant
    return {"test_accuracy": accuracy(f, task.y_test), "n_active": int(neuron_mask.sum())}


@cache
def _load_loops() -> None:
    """The compiled loops of a search, which are loaded once in a process."""
    run(one_flip_search, build_large("moons", 2, seed=0)[1], rng=np.random.default_rng(0))


#: What a method makes: a network, the mask of it, and what that took.
Made = tuple["NetworkArrays", BoolArray, Ledger]


def _search(network: OneLayerArrays, task: Task, cost: str, rng: Generator) -> Made:
    large = network_cost(network, task.x_train, task.y_train, cost=cost)
    found = run(one_flip_search, large, rng=rng)
    return network, found.neuron_mask, found.ledger


def _edge_popup(network: OneLayerArrays, task: Task, cost: str, rng: Generator) -> Made:
    from labkit.baselines import edge_popup

    found = edge_popup(network, task.x_train, task.y_train, epochs=EPOCHS, rng=rng)
    return network, found.neuron_mask, found.ledger


def _train(network: OneLayerArrays, task: Task, cost: str, rng: Generator) -> Made:
    from labkit.baselines import train_arrays

    rate = learning_rate(network.n_hidden)
    trained = train_arrays(network, task.x_train, task.y_train, epochs=EPOCHS, learning_rate=rate)
    return trained.network, _all(network), trained.ledger


def learning_rate(n_hidden: int) -> float:
    """Of Adam: 0.02 for 64 neurons, and falling as 1 / sqrt(n).

    Of 1/4, 1/2, 1, 2 and 4 times as much none did better, by more than luck, on the validation
    samples of further networks of 16 to 1,024 neurons; 0.02 at all widths does worse.
    """
    return 0.16 / math.sqrt(n_hidden)


def _fit(network: OneLayerArrays, task: Task, cost: str, rng: Generator) -> Made:
    from labkit.baselines import fit_readout

    training, validation = (task.x_train, task.y_train), (task.x_validation, task.y_validation)
    fitted = fit_readout(network, training, validation)
    return fitted.network, _all(network), fitted.ledger


def _keep_all(network: OneLayerArrays, task: Task, cost: str, rng: Generator) -> Made:
    return network, _all(network), Ledger()


def _all(network: NetworkArrays) -> BoolArray:
    return np.ones(network.n_mask_bits, dtype=bool)


#: What is measured beside one another: name -> from a network and a task to what it makes.
METHODS: dict[str, Callable[[Any, Task, str, Generator], Made]] = {
    "one-flip search": _search,
    "edge-popup": _edge_popup,
    "gradient training": _train,
    "least squares": _fit,
    "all neurons kept": _keep_all,
}


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
        history, ledger = _train_in_keras(cost, n_hidden, parameters["epochs"], seed)
        each = 2
    passes = 2 ** np.arange(int(np.log2(each * len(history))) + 1)
    best = np.minimum.accumulate(history)
    return Outcome({"passes": passes, "costs": best[(passes - 1) // each]}, ledger)


def _train_in_keras(
    cost: NetworkCost, n_hidden: int, epochs: int, seed: int
) -> tuple[FloatArray, Ledger]:
    """The cost before each step of Adam on all weights of the network that `cost` masks."""
    from labkit.baselines import train_network
    from labkit.networks import RandomNetwork

    network = RandomNetwork(cost.x.shape[1], n_hidden, scale=DEFAULT_SCALE, seed=seed)
    trained = train_network(network.adapt(cost.x), cost.x, cost.y, epochs=epochs)
    return trained.history, trained.ledger


def pick_by_size(runs: pd.DataFrame, method: str, what: str) -> dict[str, dict[int, FloatArray]]:
    """Of `measure_method`: task -> neurons -> a column of the runs (seeds,).

    Args:
        runs: of the records '13_what_size_buys' and '13_ten_classes'.
        method: a name in `METHODS`.
        what: such as 'result.test_accuracy' or 'ledger.cost_queries'.
    """
    rows = runs[runs["parameters.method"] == method]
    groups = rows.groupby("parameters.task_name")
    return {str(name): _by(group, "parameters.n_hidden", what) for name, group in groups}


def pick_by_block(runs: pd.DataFrame, what: str) -> dict[int, FloatArray]:
    """Of `select_in_blocks`: block size -> a column of the runs (seeds,)."""
    return _by(runs, "parameters.block_size", what)


def pick_largest(runs: pd.DataFrame, what: str) -> dict[str, FloatArray]:
    """Of the record '13_hundred_thousand': method, and cost if it is named -> a column (seeds,)."""
    costs = (", " + runs["parameters.cost"].str.replace("_", " ")).fillna("")
    groups = runs.sort_values("seed").groupby(runs["parameters.method"] + costs, sort=False)[what]
    return {str(name): group.to_numpy(dtype=np.float64) for name, group in groups}


def fit_power(values: Samples) -> tuple[float, float]:
    """The exponent p of mean(values) ~ n^p and its standard error.

    p is the slope of log mean over log n by least squares. Its error is the jackknife's over the
    networks: with p_i the slope without network i of S, sqrt((S-1)/S sum_i (p_i - mean p)^2)
    (Efron, Stein 1981).

    Args:
        values: neurons -> (networks,), at least two sizes and two networks.
    """
    sizes, table = np.log([*values]), np.array([*values.values()])
    count = table.shape[1]
    means = [table.mean(axis=1), *(np.delete(table, i, axis=1).mean(axis=1) for i in range(count))]
    slope, *without = np.polyfit(sizes, np.log(means).T, 1)[0]
    return float(slope), float(np.std(without) * math.sqrt(count - 1))


def _by(rows: pd.DataFrame, column: str, what: str) -> dict[int, FloatArray]:
    groups = rows.sort_values("seed").groupby(column)[what]
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
