"""Notebook 23: complex-valued neurons, trained and random, beside real ones of their kind."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import BoolArray, Float32Array, FloatArray
from labkit.course.checking import exercise, number_exercise
from labkit.datasets import Task
from labkit.ledger import Ledger, Outcome
from labkit.masks import all_masks, masks_to_indices
from labkit.neighbours.complex_network import sample_complex_network, to_unit_range
from labkit.neighbours.trained_filters import (
    STRUCTURES,
    Numbers,
    Structure,
    draw_filters,
    encode,
    respond,
    train_filters,
)
from labkit.networks import sample_network
from labkit.scoring import accuracy, score_all_masks
from labkit.scoring.filter_cost import FilterCost, filter_cost
from labkit.selectors import CostMeter, Selection, run
from labkit.selectors.classical import swap_search

if TYPE_CHECKING:
    import pandas as pd

#: Passes through the training images, by task.
EPOCHS = {"digits": 40, "mnist5k": 15}
#: Random filters to choose from, and how many are chosen.
N_FILTERS, N_KEPT, N_BLOCKS = 12, 3, 3
#: Of the solved read-out of filters, see `filter_cost`.
RIDGE = 0.01
#: What `measure_choice` compares at the same masks.
WAYS = ("enumeration", "each", "greedy", "swap", "blocks")


def images_of(x: Float32Array) -> Float32Array:
    """Samples (samples, side^2) as images (samples, side, side)."""
    side = math.isqrt(x.shape[1])
    return x.reshape(-1, side, side)


@cache
def load_unit(name: str) -> Task:
    """A stored task whose features lie between 0 and 1."""
    return to_unit_range(name)


def measure_training(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Trains the filters of one structure with their read-out.

    Args:
        parameters: 'task' of `EPOCHS`, 'structure' of `STRUCTURES`, 'learning_rate'.
        seed: of first weights and of the order of images.

    Returns:
        `validation` and `test` accuracy, `loss` of the last epoch, `n_filter_parameters` and
        `n_parameters`; a forward and a backward pass for each epoch.
    """
    task, structure = load_unit(parameters["task"]), STRUCTURES[parameters["structure"]]
    options = {"epochs": EPOCHS[task.name], "learning_rate": parameters["learning_rate"]}
    images, rng = images_of(task.x_train), np.random.default_rng([seed, 23])
    trained = train_filters(structure, images, task.y_train, rng=rng, **options)
    result = {
        "validation": trained.accuracy(images_of(task.x_validation), task.y_validation),
        "test": trained.accuracy(images_of(task.x_test), task.y_test),
        "loss": float(trained.losses[-1]),
        "n_filter_parameters": trained.n_filter_parameters,
        "n_parameters": trained.n_parameters,
    }
    return Outcome(result, trained.ledger)


def pick_trained(runs: pd.DataFrame, task: str) -> dict[str, FloatArray]:
    """Structure -> test accuracies (seeds,), each at the rate of its best mean validation accuracy.

    Args:
        runs: of the record '23_trained_filters'.
        task: 'digits' or 'mnist5k'.
    """
    picked = {}
    for name in STRUCTURES:
        of = runs[(runs["parameters.task"] == task) & (runs["parameters.structure"] == name)]
        rate = of.groupby("parameters.learning_rate")["result.validation"].mean().idxmax()
        rows = of[of["parameters.learning_rate"] == rate].sort_values("seed")
        picked[name] = rows["result.test"].to_numpy(np.float64)
    return picked


def filters_of(runs: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Structure -> the numbers that its filters have, and all that are trained, on digits."""
    on_digits = runs[runs["parameters.task"] == "digits"].drop_duplicates("parameters.structure")
    columns = ["result.n_filter_parameters", "result.n_parameters"]
    rows = on_digits.set_index("parameters.structure")[columns].astype(int)
    return {
        name: (int(rows.loc[name, columns[0]]), int(rows.loc[name, columns[1]]))
        for name in STRUCTURES
    }


def lead(ahead: FloatArray, behind: FloatArray) -> tuple[float, float]:
    """The mean lead in accuracy over seeds, and its standard error, seed by seed."""
    gaps = ahead - behind
    return float(gaps.mean()), float(gaps.std(ddof=1) / np.sqrt(len(gaps)))


def judge(ahead: FloatArray, behind: FloatArray) -> str:
    """'confirmed' where the lead is above two standard errors, 'not confirmed' otherwise."""
    mean, error = lead(ahead, behind)
    return "confirmed" if mean > 2 * error else "not confirmed"


def random_responses(structure: Structure, seed: int) -> dict[str, Numbers]:
    """Split of digits -> responses (samples, places, filters) of random filters."""
    task, rng = load_unit("digits"), np.random.default_rng([seed, 230])
    encoded = {
        split: encode(structure, images_of(getattr(task, f"x_{split}")))
        for split in ("train", "validation", "test")
    }
    drawn = draw_filters(structure, encoded["train"].shape[-1], rng)
    return {split: respond(structure, drawn, each)[0] for split, each in encoded.items()}


def choice_of_filters(name: str, seed: int) -> tuple[FilterCost, Numbers]:
    """The cost of keeping some of twelve random filters, and their responses to test images.

    Args:
        name: of `STRUCTURES`.
        seed: of the filters.
    """
    task, structure = load_unit("digits"), replace(STRUCTURES[name], n_filters=N_FILTERS)
    h = random_responses(structure, seed)
    training, validation = (h["train"], task.y_train), (h["validation"], task.y_validation)
    return filter_cost(training, validation, ridge=RIDGE), h["test"]


def masks_of(n: int, n_active: int) -> BoolArray:
    """All masks that keep `n_active` of n, bool (subsets, n)."""
    masks = all_masks(n)
    return masks[masks.sum(axis=1) == n_active]


def enumerate_masks(meter: CostMeter, *, rng: np.random.Generator, masks: BoolArray) -> None:
    """Asks for the cost of each of some masks (masks, n)."""
    meter.evaluate(masks)


def grow_greedily(meter: CostMeter, *, rng: np.random.Generator, n_active: int) -> None:
    """Adds the neuron that lowers the cost most, until `n_active` are kept."""
    mask = np.zeros(meter.n_neurons, dtype=bool)
    for _ in range(n_active):
        larger = mask | np.eye(len(mask), dtype=bool)[~mask]
        mask = larger[np.argmin(meter.evaluate(larger))]


def one_of_each(meter: CostMeter, *, rng: np.random.Generator, n_blocks: int) -> None:
    """Keeps one neuron of each block; sweeps through blocks, the best one of each, others held."""
    blocks = np.split(np.arange(meter.n_neurons), n_blocks)
    mask = np.zeros(meter.n_neurons, dtype=bool)
    mask[[rng.choice(block) for block in blocks]] = True
    cost, before = float(meter.evaluate(mask)), np.inf
    while cost < before - meter.equal_within(cost):
        before = cost
        for block in blocks:
            choices = np.tile(mask, (len(block), 1))
            choices[:, block] = np.eye(len(block), dtype=bool)
            costs = meter.evaluate(choices)
            mask, cost = choices[np.argmin(costs)], float(costs.min())


def find_filters(cost: FilterCost, seed: int) -> dict[str, Selection]:
    """Way -> the three filters of twelve that it chooses; two ways choose one of each four.

    'each' asks for all 64 such choices, 'blocks' for those of one block at a time. Swap search
    may ask as often as greedy growth does.
    """
    rng, kept = np.random.default_rng([seed, 231]), {"n_active": N_KEPT}
    any_three, each, _ = starts_of_search().values()
    grown = run(grow_greedily, cost, rng=rng, **kept)
    queries = grown.ledger.cost_queries
    return {
        "enumeration": run(enumerate_masks, cost, rng=rng, masks=any_three),
        "each": run(enumerate_masks, cost, rng=rng, masks=each),
        "greedy": grown,
        "swap": run(swap_search, cost, rng=rng, max_cost_queries=queries, **kept),
        "blocks": run(one_of_each, cost, rng=rng, n_blocks=N_BLOCKS),
    }


def expected_least(costs: FloatArray, draws: int) -> float:
    """The least of so many costs, drawn without repetition, on average.

    The i-th smallest of N costs is the least of d drawn ones with probability
    C(N - i, d - 1) / C(N, d), i = 1, ..., N - d + 1.

    Args:
        costs: float64 (N,).
        draws: d, 1 to N.
    """
    n = len(costs)
    chances = [math.comb(n - i, draws - 1) / math.comb(n, draws) for i in range(1, n + 1)]
    return float(np.sort(costs) @ chances)


def measure_choice(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Three of twelve random filters of one structure, chosen in each of `WAYS`, on digits.

    Args:
        parameters: 'structure' of `STRUCTURES`.
        seed: of the filters and of the searches.

    Returns:
        For each way `cost_*`, `test_*` and `queries_*`; `test_any` and
        `cost_any`, the means over all subsets; `cost_drawn`, the best of as many random ones as
        'blocks' asked for, on average; `test_all` and `cost_all`, of the twelve.
    """
    y = load_unit("digits").y_test
    cost, h = choice_of_filters(parameters["structure"], seed)
    found, subsets = find_filters(cost, seed), masks_of(N_FILTERS, N_KEPT)
    result: dict[str, Any] = {}
    for way, selection in found.items():
        result[f"cost_{way}"] = float(selection.cost)
        result[f"test_{way}"] = accuracy(cost.outputs(h, selection.neuron_mask), y)
        result[f"queries_{way}"] = selection.ledger.cost_queries
    every = np.ones(N_FILTERS, dtype=bool)
    costs, asked = cost.evaluate(subsets), result["queries_blocks"]
    result["cost_any"], result["cost_drawn"] = float(costs.mean()), expected_least(costs, asked)
    result["test_any"] = float(np.mean([accuracy(cost.outputs(h, m), y) for m in subsets]))
    result["cost_all"] = float(cost.evaluate(every))
    result["test_all"] = accuracy(cost.outputs(h, every), y)
    return Outcome(result, sum((s.ledger for s in found.values()), Ledger()))


def pick_choices(runs: pd.DataFrame, name: str) -> dict[str, FloatArray]:
    """Result -> values (seeds,), of one structure in the record '23_random_filters'."""
    rows = runs[runs["parameters.structure"] == name].sort_values("seed")
    columns = [column for column in rows.columns if column.startswith("result.")]
    return {c.removeprefix("result."): rows[c].to_numpy(np.float64) for c in columns}


def measure_readout(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The best mask of twelve random neurons with a read-out ±a, and one solved read-out of them.

    Args:
        parameters: 'task' of two classes, 'kind' 'complex' or 'relu'.
        seed: of the network.

    Returns:
        `test_mask`, of the mask of least cross-entropy in training, `n_active` of it; and
        `test_solved`, of least squares on the same twelve.
    """
    start, task = time.perf_counter(), load_unit(parameters["task"])
    sample = sample_complex_network if parameters["kind"] == "complex" else sample_network
    network: Any = sample(task.n_features, N_FILTERS, scale=2.0, seed=seed)
    network = network.adapted(task.x_train)
    table = score_all_masks(network, task.x_train, task.y_train, cost="cross_entropy")
    best = table.optimal_masks()[0]
    hidden, tested = [network.contributions(x)[..., 0] for x in (task.x_train, task.x_test)]
    solved = tested @ np.linalg.lstsq(hidden, 2.0 * task.y_train - 1, rcond=None)[0]
    result = {
        "test_mask": accuracy(network.outputs(task.x_test, best), task.y_test),
        "n_active": int(best.sum()),
        "test_solved": accuracy(solved[:, np.newaxis], task.y_test),
    }
    asked, seconds = table.costs.size, time.perf_counter() - start
    ledger = Ledger(cost_queries=asked, forward_passes=asked + 1, seconds=seconds)
    return Outcome(result, ledger)


def pick_readouts(runs: pd.DataFrame, task: str, kind: str) -> dict[str, FloatArray]:
    """'mask' and 'solved' -> test accuracies (seeds,), of the record '23_masks_and_readouts'."""
    rows = runs[(runs["parameters.task"] == task) & (runs["parameters.kind"] == kind)]
    rows = rows.sort_values("seed")
    return {way: rows[f"result.test_{way}"].to_numpy(np.float64) for way in ("mask", "solved")}


def grover_states(start: BoolArray, marked: BoolArray) -> list[FloatArray]:
    """The states of Grover's search from equal amplitudes, call by call, up to a global sign.

    With N masks in the start, one of them marked, and theta = asin(1/sqrt(N)), after k calls the
    marked mask has the amplitude sin((2k + 1) theta), the others share cos((2k + 1) theta).

    Args:
        start: bool (masks, n), those that the start holds.
        marked: bool (n,), one of them.

    Returns:
        float64 (2^n,) after 0, 1, ... calls, up to the best number of them.
    """
    at, here = masks_to_indices(start), int(masks_to_indices(marked))
    theta = math.asin(1 / math.sqrt(len(at)))
    states = []
    for k in range(1 + best_calls(len(at))):
        state = np.zeros(2 ** start.shape[1])
        state[at] = math.cos((2 * k + 1) * theta) / math.sqrt(len(at) - 1)
        state[here] = math.sin((2 * k + 1) * theta)
        states.append(state)
    return states


def best_calls(n_masks: int) -> int:
    """Oracle calls after which one of so many masks is met most likely: pi / (4 theta) - 1/2."""
    return round(math.pi / (4 * math.asin(1 / math.sqrt(n_masks))) - 0.5)


def most_bits(states: Sequence[FloatArray]) -> float:
    """The most bits across a cut of the register into its first neurons and the rest."""
    from labkit.simulators import entropy

    n = len(states[0]).bit_length() - 1
    return max(entropy(state, range(cut)) for state in states for cut in range(1, n))


def starts_of_search() -> dict[str, BoolArray]:
    """What a register holds at first: any three of twelve, one of each four, or one of four."""
    one = np.eye(N_FILTERS // N_BLOCKS, dtype=bool)
    each = np.array([np.concatenate(rows) for rows in itertools.product(one, repeat=N_BLOCKS)])
    return {"any 3 of 12": masks_of(N_FILTERS, N_KEPT), "1 of each 4": each, "block by block": one}


def states_of_start(name: str) -> list[FloatArray]:
    """The states of Grover's search from one of `starts_of_search`, for the mask in its middle."""
    start = starts_of_search()[name]
    return grover_states(start, start[len(start) // 2])


def fit_in_keras(model: Any, epochs: int) -> float:
    """Trains a Keras model of images (8, 8, 1) on digits, as the record does; its test accuracy."""
    from labkit.baselines.classifiers import train_on
    from labkit.networks.keras.layers import compile_classifier

    task = load_unit("digits")
    x, test = (images_of(each)[..., np.newaxis] for each in (task.x_train, task.x_test))
    compile_classifier(model, task.n_classes)
    model.optimizer.learning_rate = 0.01
    train_on(model, x, task.y_train, epochs=epochs, seed=1)
    return accuracy(np.asarray(model(test)), task.y_test)


# |1 - 1|, |1 - i|, |i - 1|, |i - i|
@exercise("23-1")
def outputs_of_xor(answer: Any) -> str | None:
    """The outputs of w = (1, -1), b = 0 for 00, 01, 10, 11."""
    from labkit.neighbours.complex_neurons import modulus

    truth = modulus([[0, 0], [0, 1], [1, 0], [1, 1]], [[1], [-1]], [0])[:, 0]
    given = np.asarray(answer, dtype=np.float64).ravel()
    if given.shape != truth.shape:
        return f"{given.size} outputs came, four were asked for: of 00, 01, 10 and 11."
    for name, value, right in zip(("00", "01", "10", "11"), given, truth, strict=True):
        if not math.isclose(value, right, abs_tol=0.005):
            return (
                f"Of {name} it is not {value:g}: draw z_1 and z_2 as arrows, and their difference."
            )
    return None


@exercise("23-2")
def block_of_a_weight(answer: Any) -> str | None:
    """A function w -> the 2 x 2 matrix M with (Re z, Im z) @ M = (Re wz, Im wz)."""
    for w, z in ((1 + 2j, 1), (1 + 2j, 1j), (-0.5j, 2 + 1j), (3 + 0j, -1 + 1j)):
        given = answer(w)
        if np.shape(given) != (2, 2):
            return f"For w = {w} it has the shape {np.shape(given)}, not (2, 2)."
        block = np.asarray(given, dtype=np.float64)
        real, imag = np.array([complex(z).real, complex(z).imag]) @ block
        if not np.isclose(complex(real, imag), w * z):
            said = f"For w = {w} and z = {complex(z)} it gives {complex(real, imag):.3g}"
            return f"{said}, where w z = {w * z:.3g}: multiply (a + ib)(x + iy) out."
    return None


# real and imaginary part of 9 weights and a bias, for each of 4 filters
number_exercise(
    "23-3",
    4 * 2 * (9 + 1),
    "Count the complex numbers of one filter first, its bias too; each is two real ones.",
    slips={
        4 * 2 * 9: "Each filter has a bias too.",
        4 * (9 + 1): "A complex number is two that are trained.",
    },
)


# pi/4 sqrt(220) - 1/2, rounded
number_exercise(
    "23-4",
    best_calls(math.comb(N_FILTERS, N_KEPT)),
    "sin^2((2k + 1) theta) is largest near (2k + 1) theta = pi/2; sin theta is 1/sqrt(subsets).",
    slips={50: "That is for all masks of twelve: the Dicke state holds those of three only."},
)
