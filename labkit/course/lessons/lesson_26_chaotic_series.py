"""Notebook 26: chaotic series, large kernels, and random filters under masks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.course.checking import compare_function, exercise, number_exercise
from labkit.datasets import Task
from labkit.ledger import Ledger, Outcome
from labkit.neighbours.chaos import growth_of_neighbours, has_no_period, least_period
from labkit.neighbours.chaos import load_series_task as load_series
from labkit.neighbours.random_filters import RandomFilters, sample_filters
from labkit.scoring import accuracy, score_all_masks
from labkit.selectors import one_flip_search, random_search, run, walk_locally

if TYPE_CHECKING:
    import pandas as pd

#: Kernels of the networks that are trained, and their passes through the training series.
KERNELS, EPOCHS = (40, 3), 60
#: Random filters under masks, and under a solved read-out.
N_FILTERS, MANY_FILTERS, KERNEL, RIDGE = 12, 100, 40, 1.0
#: Of a period: as a share of what the largest input error may become, and the longest looked for.
TOLERANCE, LONGEST = 1e-5, 16
#: Sizes of blocks, and what each search may ask for.
BLOCKS, QUERIES = (1, 2, 3, 4, 6, 12), 200


def bounds_of(filters: FloatArray, following: FloatArray | None = None) -> FloatArray:
    """How far an activation can be from its period, in errors of the input: sums of sizes.

    A relu of a filter w moves by at most sum_u |w_u| times the largest error of what it reads; of
    a second layer these errors are those of the first.

    Args:
        filters: float (k, filters), of the first layer.
        following: float (k, filters, next), of the second.
    """
    first = np.abs(filters).sum(axis=0)
    if following is None:
        return np.asarray(first)
    return np.asarray(np.einsum("kfn,f->n", np.abs(following), first))


def kept_periods(
    series: FloatArray, activations: FloatArray, bounds: FloatArray
) -> tuple[float, float]:
    """Shares of activations with the least period of their input, and constant ones.

    Of inputs of period 2 to 16.

    Args:
        series: float (series, length).
        activations: float (series, filters, places).
        bounds: float (filters,), of `bounds_of`.
    """
    periods = np.asarray(least_period(series, tolerance=TOLERANCE, longest=LONGEST))
    rows = np.flatnonzero(periods > 1)
    found = np.array([
        least_period(each, tolerance=TOLERANCE * bound, longest=LONGEST)
        for each, bound in zip(np.moveaxis(activations[rows], 1, 0), bounds, strict=True)
    ])  # fmt: skip
    return float(np.mean(found == periods[rows])), float(np.mean(found == 1))


def measure_training(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Trains a network of one kernel size in Keras, and looks for the periods of its activations.

    Args:
        parameters: 'map' of `chaos.MAPS`, 'kernel_size'.
        seed: of first weights and of the order of series.

    Returns:
        `test` and `train` accuracy; `kept` and `constant`, the shares of activations of the second
        layer with the period of their input, and with none to show; the same `_before` training.
    """
    from labkit.baselines.classifiers import train_on
    from labkit.networks import LargeKernelNetwork
    from labkit.networks.keras.layers import compile_classifier

    task, start = load_series(parameters["map"]), time.perf_counter()
    network = LargeKernelNetwork(parameters["kernel_size"], seed=seed)
    network(task.x_train[:1])
    before = _periods_of(network, task)
    compile_classifier(network, 1)
    network.optimizer.learning_rate = 0.005
    train_on(network, task.x_train, task.y_train, epochs=EPOCHS, seed=seed)
    result = {
        "test": accuracy(np.asarray(network(task.x_test)), task.y_test),
        "train": accuracy(np.asarray(network(task.x_train)), task.y_train),
    }
    after = _periods_of(network, task)
    result |= {"kept": after[0], "constant": after[1]}
    result |= {"kept_before": before[0], "constant_before": before[1]}
    seconds = time.perf_counter() - start
    return Outcome(result, Ledger(forward_passes=EPOCHS + 4, backward_passes=EPOCHS,
                                  seconds=seconds))  # fmt: skip


def _periods_of(network: Any, task: Task) -> tuple[float, float]:
    regular = task.x_test[task.y_test == 0]
    active = np.moveaxis(np.asarray(network.activations(regular)), 1, 2)
    first, second = (np.asarray(layer.kernel) for layer in (network.first, network.second))
    return kept_periods(regular, active, bounds_of(first[:, 0], second))


def solve_filters(network: RandomFilters, task: Task, ridge: float = RIDGE) -> float:
    """Test accuracy of a read-out solved on standardised filters and a constant: ridge."""
    train, test = (np.c_[network.standardised(x), np.ones(len(x))]
                   for x in (task.x_train, task.x_test))  # fmt: skip
    gram = train.T @ train + ridge * np.eye(train.shape[1])
    readout = np.linalg.solve(gram, train.T @ (2.0 * task.y_train - 1))
    return accuracy((test @ readout)[:, np.newaxis], task.y_test)


def measure_rivals(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """What needs no training: random filters under a solved read-out, and rules of one line.

    Args:
        parameters: 'map' of `chaos.MAPS`.
        seed: of the filters; the rules do not depend on it.

    Returns:
        Test accuracies `few`, `many` (12 and 100 filters), `rule` (no period up to 64) and
        `growth` (of the gaps between neighbours, above 0).
    """
    task, start = load_series(parameters["map"]), time.perf_counter()
    drawn = {n: sample_filters(n, KERNEL, seed=seed) for n in (N_FILTERS, MANY_FILTERS)}
    few, many = (solve_filters(each.adapted(task.x_train), task) for each in drawn.values())
    guesses = {
        "rule": has_no_period(task.x_test),
        "growth": growth_of_neighbours(task.x_test) > 0,
    }
    right = {name: float(np.mean(guess == task.y_test)) for name, guess in guesses.items()}
    ledger = Ledger(forward_passes=4, seconds=time.perf_counter() - start)
    return Outcome({"few": few, "many": many, **right}, ledger)


def fits_by_sign(network: RandomFilters, task: Task) -> FloatArray:
    """Of each filter alone: a_j times the correlation of its feature with the label, (n,)."""
    z, y = network.standardised(task.x_train), 2.0 * task.y_train - 1
    return np.asarray(np.sign(network.readout) * (z.T @ y) / len(y))


def measure_masks(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Masks of twelve random filters: all, the best, those of searches, a solved read-out.

    Args:
        parameters: 'map' of `chaos.MAPS`.
        seed: of the filters and of the searches.

    Returns:
        Test accuracies `all`, `best` and `solved`; `sign`, of the mask of the filters whose sign
        fits; `agree`, the share of bits that it and the best mask share; for each block size b
        `regret_b` and `bits_b`, as of `bits_of_blocks`; `regret_flip` and `regret_random`, of
        one-flip and random search; regrets are shares of the span from the mean to the best.
    """
    task = load_series(parameters["map"])
    network = sample_filters(N_FILTERS, KERNEL, seed=seed).adapted(task.x_train)
    table = score_all_masks(network, task.x_train, task.y_train, cost="cross_entropy")
    best, fits = table.optimal_masks()[0], fits_by_sign(network, task) > 0

    def right(mask: BoolArray) -> float:
        return accuracy(network.outputs(task.x_test, mask), task.y_test)

    result: dict[str, Any] = {"all": right(np.ones(N_FILTERS, dtype=bool)), "best": right(best)}
    result |= {"sign": right(fits), "agree": float(np.mean(fits == best))}
    result |= {"solved": solve_filters(network, task), "n_active": int(best.sum())}
    span, ledger = (
        float(table.costs.mean() - table.costs.min()),
        Ledger(cost_queries=2**N_FILTERS, forward_passes=2**N_FILTERS),
    )
    rng = np.random.default_rng([seed, 26])
    for name, searched in (("flip", one_flip_search), ("random", random_search)):
        found = run(searched, table, rng=rng, max_cost_queries=QUERIES)
        result[f"regret_{name}"] = (found.cost - float(table.costs.min())) / span
        ledger += found.ledger
    for size in BLOCKS:
        walk = walk_locally(table, rng=rng, block_size=size)
        result[f"regret_{size}"] = (walk.selection.cost - float(table.costs.min())) / span
        result[f"queries_{size}"] = walk.selection.ledger.cost_queries
        result[f"bits_{size}"] = bits_of_blocks(size)
        ledger += walk.selection.ledger
    return Outcome(result, ledger)


def bits_of_blocks(block_size: int) -> float:
    """The most bits across the middle of a block, along Grover's search for one of its masks.

    After k calls the marked mask has the amplitude sin((2k + 1) theta), sin theta = 2^(-b/2), the
    others share the rest: in this plane of two states the halves of the register are a matrix of
    2 x 2 blocks, whose singular values give the entropy.
    """
    if block_size == 1:
        return 0.0
    n, half = 2**block_size, 2 ** (block_size // 2)
    theta, found = np.arcsin(n**-0.5), [0.0]
    for k in range(1 + round(np.pi / (4 * theta) - 0.5)):
        state = np.full(n, np.cos((2 * k + 1) * theta) / np.sqrt(n - 1))
        state[0] = np.sin((2 * k + 1) * theta)
        shares = np.linalg.svd(state.reshape(half, -1), compute_uv=False) ** 2
        shares = shares[shares > 0]
        found.append(float(-(shares * np.log2(shares)).sum()))
    return max(found)


def pick(runs: pd.DataFrame, name: str, **wanted: Any) -> FloatArray:
    """A result (seeds,), in the order of seeds, of the points with these parameters."""
    for key, value in wanted.items():
        runs = runs[runs[f"parameters.{key}"] == value]
    return runs.sort_values("seed")[f"result.{name}"].to_numpy(np.float64)


def rank_correlation(first: FloatArray, second: FloatArray) -> float:
    """Spearman's rho; 0 where one of them is constant."""
    ranks = np.array([_ranks(each) for each in (first, second)])
    return 0.0 if np.ptp(ranks, axis=1).min() == 0 else float(np.corrcoef(ranks)[0, 1])


def _ranks(values: FloatArray) -> FloatArray:
    _, at, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[at])


# p / gcd(p, s)
@exercise("26-1")
def longest_period(answer: Any) -> str | None:
    """A function (p, s) -> the longest period that an activation at stride s can have."""
    cases = [(6, 4), (6, 1), (5, 5), (12, 8), (7, 3)]
    what = "For p = {} at stride {} the longest period"
    return compare_function(answer, lambda p, s: p // gcd(p, s), cases, what)


# ln |4 + 2r - r^2| / 2 at 3.2
number_exercise(
    "26-2",
    float(np.log(abs(4 + 2 * 3.2 - 3.2**2)) / 2),
    "The product of f' at both points of the cycle is 4 + 2r - r^2; a step has half its logarithm.",
    tolerance=0.001,
)

# 4 + 2r - r^2 = 0
number_exercise(
    "26-3",
    1 + float(np.sqrt(5)),
    "Superstable is a cycle whose product of slopes is 0: solve 4 + 2r - r^2 = 0 for r above 3.",
    tolerance=0.001,
)
