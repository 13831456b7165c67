"""Hundreds of neurons by local selection, beside trained networks: notebook 13."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import FloatArray, IntArray
from labkit.course.checking import compare_cost, compare_function, exercise, number_exercise
from labkit.course.plots import (
    draw_decision,
    draw_quality,
    in_words,
    new_axes,
    set_log_ticks,
    show,
)
from labkit.course.plots.canvas import Show
from labkit.datasets import Task, load_task
from labkit.ledger import Ledger, Outcome
from labkit.problems import DEFAULT_SCALE, build_large
from labkit.scoring import NetworkCost, accuracy, check_labels, cost_of_outputs
from labkit.selectors import Selection, default_oracle_calls, local_selection, run

if TYPE_CHECKING:
    import pandas as pd

    from labkit.baselines import TrainedNetworks
    from labkit.networks import NetworkArrays

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


def figure_decisions(
    task: Task, searched: Mapping[int, tuple[NetworkArrays, Selection]], right: Mapping[int, float]
) -> None:
    """Shows what the mask found among so many neurons decides.

    Args:
        task: of two features.
        searched: neurons -> the network, and the selection from it.
        right: neurons -> share of the test samples that are right.
    """
    axes = new_axes(len(searched), width=min(10 / len(searched), 5.5), height=3.2)
    for ax, (n, (network, found)) in zip(axes, searched.items(), strict=True):
        draw_decision(ax, network, task, found.neuron_mask)
        ax.set_title(f"the mask found among {n} neurons", fontsize=10)
    shares = in_words({f"{n} neurons": share for n, share in right.items()})
    show(axes, f"Decisions on {task.name}; share of test samples right: {shares}.")


def figure_accuracies(
    chosen: Mapping[str, Samples], trained: Mapping[str, Samples], *, show: Show = show
) -> None:
    """Shows test accuracy over the neurons, task by task: of the mask found, and of training."""
    axes, said = new_axes(2, rows=2, width=4.4, height=2.9), []
    for ax, (name, found) in zip(axes, chosen.items(), strict=True):
        sizes = list(found)
        both = {"subnetwork": _stack(found), "trained": _stack(trained[name])}
        draw_quality(ax, sizes, both).set_title(name, fontsize=10)
        set_log_ticks(ax, sizes).set(xlabel="neurons", ylabel="test accuracy")
        gap = (both["trained"] - both["subnetwork"]).mean(axis=1)
        said.append(f"{name} {in_words(dict(zip(map(str, sizes), gap, strict=True)), '+.3f')}")
    words = f"Trained less subnetwork at each n: {'; '.join(said)}."
    show(axes, f"{words} Bars: one standard deviation, 10 seeds.")


def figure_passes(passes: Mapping[str, Samples], in_training: int, *, show: Show = show) -> None:
    """Shows the forward passes of selection over the neurons, the mean over the tasks.

    Args:
        passes: task -> neurons -> forward passes (seeds,).
        in_training: forward and backward passes of the rival, at any width.
        show: what displays the figure with its text.
    """
    sizes = sorted({n for of_task in passes.values() for n in of_task})
    by_n = ([of_task[n] for of_task in passes.values() if n in of_task] for n in sizes)
    spent = np.array([np.mean(of_tasks, axis=0) for of_tasks in by_n])
    rival = {"gradient training": np.full((len(sizes), 2), in_training)}
    ways = {"local selection, blocks of 4": spent, **rival}
    ax = set_log_ticks(draw_quality(new_axes(width=7)[0], sizes, ways), sizes)
    ax.set(yscale="log", xlabel="neurons", ylabel="passes over the training data")
    slope = np.polyfit(np.log(sizes), np.log(spent.mean(axis=1)), 1)[0]
    times = passes["breast_cancer"][sizes[-1]].mean() / in_training
    show(ax, f"Mean over tasks: passes grow as n to the power {slope:.2f}. Breast cancer, "
         f"{sizes[-1]:,} neurons: {times:.0f} times training's. "
         "Bars: one standard deviation, 10 seeds.")  # fmt: skip


def figure_descents(passes: IntArray, costs: Mapping[str, FloatArray]) -> None:
    """Shows the best training cost so far over the passes, way -> (points, networks)."""
    ax = draw_quality(new_axes(width=7)[0], passes.tolist(), costs)
    ax.set(xscale="log", yscale="log", xlabel="passes, forward and backward")
    ax.set_ylabel("best cost so far")
    last = in_words({way: values[-1].mean() for way, values in costs.items()}, ".4f")
    show(ax, f"Mean training cost after {passes[-1]} passes: {last}. "
         "Bars: one standard deviation over 5 networks.")  # fmt: skip


def figure_block_calls(sizes: IntArray, calls: Mapping[str, FloatArray]) -> None:
    """Shows the calls for one block over its size, way -> (sizes,); first that of enumeration."""
    columns = {way: np.asarray(values)[:, np.newaxis] for way, values in calls.items()}
    ax = draw_quality(new_axes(width=7)[0], sizes.tolist(), columns)
    ax.set(yscale="log", xlabel="block size = qubits", ylabel="calls for one block")
    all_masks, *rivals = columns
    first = {k: sizes[np.argmax(columns[k] < columns[all_masks] - 1e-9)] for k in rivals}
    said = in_words(first, "d")
    show(ax, f"Grover is cheaper than trying all from this block size on: {said}.")


def figure_blocks(found: Samples, passes: Samples, *, show: Show = show) -> None:
    """Shows the test accuracy over the block size, and the passes that each takes in words."""
    ax = draw_quality(new_axes(width=6)[0], list(found), {"subnetwork": _stack(found)})
    ax.set(xlabel="block size = qubits", ylabel="test accuracy", ylim=(0.9, 1))
    least, most = min(found), max(found)
    gain, times = found[most].mean() - found[least].mean(), passes[most].mean()
    show(ax, f"Blocks of {most} against {least}: {gain:+.4f} in test accuracy for "
         f"{times / passes[least].mean():.0f} times the passes. "
         "Bars: one standard deviation over 10 seeds.")  # fmt: skip


def _stack(samples: Samples) -> FloatArray:
    """(values, seeds)."""
    return np.array(list(samples.values()))


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
