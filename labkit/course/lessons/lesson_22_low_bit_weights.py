"""Notebook 22: weights of one bit or two, as masks and by gradients, at equal passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from labkit.ansatz import ramp_angles
from labkit.arrays import BoolArray, FloatArray
from labkit.baselines import fit_readout, low_bit_search, straight_through
from labkit.baselines.descent import Adam
from labkit.baselines.low_bit import LowBitPasses
from labkit.course.checking import compare_function, compare_number, exercise, number_exercise
from labkit.datasets import Task, load_task
from labkit.ledger import Ledger, Outcome
from labkit.networks import NetworkArrays, OneLayerArrays, sample_network
from labkit.networks.low_bit import hard_weights, rise_factor, soft_weights, temperatures
from labkit.scoring import LowBitCost, accuracy, score_all_masks
from labkit.selectors import (
    CostMeter,
    Selection,
    adaptive_grover,
    local_selection,
    one_flip_search,
    qaoa_sampling,
    random_search,
    run,
)
from labkit.selectors.blocks import restriction
from labkit.selectors.running import Selector
from labkit.simulators import entropy, evolve_qaoa

BINARY, TERNARY = (-1.0, 1.0), (-1.0, 0.0, 1.0)
#: Passes of every search, forward and backward; each epoch of a gradient takes one of both.
PASSES, EPOCHS = 600, 299
#: Layers and shots of QAOA in a block.
LAYERS, SHOTS = 4, 4


@dataclass(frozen=True)
class Size:
    """A problem of low-bit weights, small or large.

    Attributes:
        task_name: of two classes.
        n_hidden: units.
        values: of each weight.
    """

    task_name: str
    n_hidden: int
    values: tuple[float, ...] = BINARY


#: By the number of mask bits.
SIZES = {
    15: Size("moons", 5),
    48: Size("moons", 16),
    124: Size("breast_cancer", 4),
    248: Size("breast_cancer", 8),
    520: Size("digits_3v6", 8),
    1040: Size("digits_3v6", 8, TERNARY),
    2080: Size("digits_3v6", 32),
}


@dataclass(frozen=True, eq=False)
class LowBitProblem:
    """A task, a network for it, and the cost of its low-bit masks."""

    task: Task
    network: NetworkArrays
    cost: LowBitCost
    values: tuple[float, ...]

    @property
    def passes(self) -> LowBitPasses:
        """The same, forward and backward."""
        return LowBitPasses.of(self.network, self.values, self.task.x_train, self.task.y_train)


def build_low_bit(bits: int, seed: int, *, scale: float = 1.0) -> LowBitProblem:
    """The problem of so many bits, one of `SIZES`."""
    size = SIZES[bits]
    task = load_task(size.task_name)
    options: dict[str, Any] = {"mask_kind": "weight", "scale": scale, "seed": seed}
    network = sample_network(task.n_features, size.n_hidden, **options)
    cost = LowBitCost(network, size.values, task.x_train, task.y_train)
    return LowBitProblem(task, network, cost, size.values)


def again(search: Selector) -> Selector:
    """A search that begins anew where it ends, until the budget is spent."""

    def search_on(meter: CostMeter, *, rng: np.random.Generator) -> None:
        while True:
            search(meter, rng=rng)

    return search_on


def in_blocks(block_size: int, inner: str) -> Selector:
    """Local selection in blocks, each by 'enumeration', 'Grover' or 'QAOA'."""
    options: dict[str, Any] = {"block_size": block_size}
    if inner == "Grover":
        calls = {"max_oracle_calls": 2**block_size - 1}
        options |= {"inner": adaptive_grover, "inner_options": calls}
    elif inner == "QAOA":
        shots = {"p": LAYERS, "shots": SHOTS}
        options |= {"inner": qaoa_sampling, "inner_options": shots}
    return again(partial(local_selection, **options))


def search_low_bit(problem: LowBitProblem, searcher: str, rng: np.random.Generator) -> Selection:
    """Searches with `PASSES` passes at most: 'one-flip', 'random', 'search', 'straight', or blocks.

    Blocks of four neurons are 'Grover', 'QAOA' or 'enumeration'.
    """
    x, y, network = problem.task.x_train, problem.task.y_train, problem.network
    by_gradient = {"search": low_bit_search, "straight": straight_through}
    if searcher in by_gradient:
        train: Callable[..., Selection] = by_gradient[searcher]
        return train(network, x, y, values=problem.values, epochs=EPOCHS, rng=rng)
    limits = {"max_forward_passes": PASSES}
    if searcher == "one-flip":
        return run(one_flip_search, problem.cost, rng=rng, restarts=PASSES, **limits)
    selector = random_search if searcher == "random" else in_blocks(4, searcher)
    return run(selector, problem.cost, rng=rng, **limits)


def measure_search(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """What a search of low-bit weights finds with `PASSES` passes.

    Args:
        parameters: 'bits', one of `SIZES`; 'searcher', as of `search_low_bit`, or 'real', weights
            of any value by the same gradient; 'scale' of the outputs, 1 by default.
        seed: of the network and, independently of it, of the search.

    Returns:
        `cost` on the training samples, `test_accuracy`; `solved_accuracy` there, of the same hidden
        units with a read-out by least squares; and the forward and backward `passes`.
    """
    problem = build_low_bit(parameters["bits"], seed, scale=parameters.get("scale", 1.0))
    if parameters["searcher"] == "real":
        weights, ledger = train_real(problem)
    else:
        rng = np.random.default_rng([seed, 22])
        found = search_low_bit(problem, parameters["searcher"], rng)
        weights, ledger = weights_of(problem, found.neuron_mask), found.ledger
    result = {"cost": problem.passes.cost(weights), **accuracies(problem, weights)}
    return Outcome(result | {"passes": ledger.forward_passes + ledger.backward_passes}, ledger)


def weights_of(problem: LowBitProblem, neuron_mask: BoolArray) -> FloatArray:
    """The weights (fan_in, n_hidden) that a mask chooses."""
    network = problem.passes.network
    return network.masked_weights(neuron_mask.reshape(network.n_hidden, -1)).T


def train_real(problem: LowBitProblem) -> tuple[FloatArray, Ledger]:
    """Real weights by Adam, from the random ones, with the read-out of the others; the control."""
    passes, weights = problem.passes, problem.network.kernel.astype(np.float64)
    adam = Adam(0.02, weights)
    for _ in range(EPOCHS):
        adam.step(passes.cost_and_gradient(weights)[1])
    return weights, Ledger(forward_passes=EPOCHS, backward_passes=EPOCHS)


def accuracies(problem: LowBitProblem, weights: FloatArray) -> dict[str, float]:
    """Of hidden units on the test samples, with their own ± read-out and with a solved one."""
    task, network = problem.task, problem.network
    blank = {"mean": np.zeros((network.n_hidden, 1)), "inverse_std": np.ones((network.n_hidden, 1))}
    units = OneLayerArrays(
        weights.astype(np.float32), network.readout, network.scale, "neuron", **blank
    ).adapted(task.x_train)
    training, validation = (task.x_train, task.y_train), (task.x_validation, task.y_validation)
    solved = fit_readout(units, training, validation).network
    whole = np.ones(network.n_hidden, dtype=bool)
    scores = (accuracy(each.outputs(task.x_test, whole), task.y_test) for each in (units, solved))
    return dict(zip(("test_accuracy", "solved_accuracy"), scores, strict=True))


def measure_gap(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """What hardening costs: soft weights at the end of a search, and their hard ones.

    Args:
        parameters: 'bits', one of `SIZES`, and 'final_temperature'.
        seed: of the network and, independently of it, of the first logits.

    Returns:
        Costs: `soft`; `stale`, of the hard weights with the statistics of the soft ones; and
        `hard`, with statistics taken anew.
    """
    passes = build_low_bit(parameters["bits"], seed).passes
    factor = rise_factor(EPOCHS, parameters["final_temperature"])
    at, rng = temperatures(EPOCHS, factor=factor), np.random.default_rng([seed, 22])
    last = passes.train_logits(at, learning_rate=0.003, rng=rng)
    values = passes.network.values
    soft, hard = soft_weights(last, values, float(at[-1])), hard_weights(last, values)
    stale = passes.cost(hard, passes.statistics(soft))
    result = {"soft": passes.cost(soft), "stale": stale, "hard": passes.cost(hard)}
    return Outcome(result, Ledger(forward_passes=EPOCHS + 3, backward_passes=EPOCHS))


def measure_blocks(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """What blocks of a size find with `PASSES` passes, and what a machine must hold for them.

    Args:
        parameters: 'bits', one of `SIZES`; 'block_size'; 'inner', 'enumeration', 'Grover' or
            'QAOA'; 'bits_only': no search, as where a table takes more passes than there are.
        seed: of the network and, independently of it, of the search.

    Returns:
        `cost`, where there is a search, and `entanglement`: the most bits across the middle of a
        block after any of `LAYERS` layers of QAOA, of the blocks of a random mask.
    """
    problem, size = build_low_bit(parameters["bits"], seed), parameters["block_size"]
    held = entanglement_of_blocks(problem.cost, size, rng=np.random.default_rng([seed, 23]))
    if parameters.get("bits_only"):
        return Outcome({"entanglement": held})
    searched = in_blocks(size, parameters["inner"])
    rng, limits = np.random.default_rng([seed, 22]), {"max_forward_passes": PASSES}
    found = run(searched, problem.cost, rng=rng, **limits)
    return Outcome({"entanglement": held, "cost": found.cost}, found.ledger)


def entanglement_of_blocks(cost: Any, block_size: int, *, rng: np.random.Generator) -> float:
    """The most bits across the middle of a block, over the first eight of them and the layers."""
    n, found = cost.n_neurons, [0.0]
    mask, of_block = rng.random(n) < 0.5, restriction(cost)
    for start in range(0, n - block_size + 1, block_size)[:8]:
        if block_size == 1:
            break  # nothing to share
        table = of_block(mask, np.arange(start, start + block_size)).to_table()
        gammas, betas = ramp_angles(LAYERS, block_size, std=table.std or 1.0)
        for p in range(1, LAYERS + 1):
            state = evolve_qaoa(table, gammas[:p], betas[:p])
            found.append(entropy(state, range(block_size // 2)))
    return max(found)


@lru_cache
def best_of_a_dozen(seed: int, task_name: str = "breast_cancer") -> float:
    """Test accuracy of the best of all 4,096 neuron masks of a dozen drawn units, ± read-out."""
    task = load_task(task_name)
    network = sample_network(task.n_features, 12, seed=seed).adapted(task.x_train)
    best = score_all_masks(network, task.x_train, task.y_train).optimal_masks()[0]
    return accuracy(network.outputs(task.x_test, best), task.y_test)


@lru_cache
def solve_drawn(n_hidden: int, seed: int, task_name: str = "breast_cancer") -> float:
    """Test accuracy of drawn units, real weights, with a read-out by least squares."""
    task = load_task(task_name)
    network = sample_network(task.n_features, n_hidden, seed=seed).adapted(task.x_train)
    assert isinstance(network, OneLayerArrays)
    training, validation = (task.x_train, task.y_train), (task.x_validation, task.y_validation)
    solved = fit_readout(network, training, validation).network
    return accuracy(solved.outputs(task.x_test, np.ones(n_hidden, dtype=bool)), task.y_test)


@exercise("22-1")
def soft_weight_of_two(answer: Any) -> str | None:
    """A function (difference, temperature) -> the soft weight of {-1, 1}."""

    def truth(difference: float, temperature: float) -> float:
        return float(soft_weights(np.array([0.0, difference]), BINARY, temperature))

    cases = ((0.05, 1.0), (0.05, 10.0), (0.05, 100.0), (-0.3, 4.0), (0.0, 1000.0))
    what = "For a difference of {} at temperature {} the soft weight"
    return compare_function(answer, truth, cases, what)


# from 1 to 1000 in 180 epochs
number_exercise(
    "22-2",
    rise_factor(300, 1000.0),
    "So many equal factors one after another make 1000.",
    tolerance=5e-5,
    slips={
        1000 ** (1 / 300): "The temperature rises in 180 of the 300 epochs only.",
        1000 / 180: "That would be a rise by equal steps; it rises by equal factors.",
        np.log(1000) / 180: "That is the logarithm of the factor.",
    },
)


@exercise("22-3")
def slope_of_the_soft_weight(answer: Any) -> str | None:
    """A function (logits, values, temperature) -> dw/dA, (K,)."""
    rng = np.random.default_rng(22)
    if not callable(answer):
        return "A function is expected: answer(logits, values, temperature)."
    for values, temperature in ((BINARY, 1.0), (TERNARY, 3.0), ((0.0, 0.7), 10.0)):
        logits = rng.normal(size=len(values)) / temperature
        came = np.asarray(answer(logits, np.array(values), temperature), dtype=np.float64)
        if came.shape != logits.shape:
            return f"For K = {len(values)} values shape {came.shape} came; a slope for each."
        for k, expected in enumerate(_slopes(logits, values, temperature)):
            what = f"For logits {logits.round(3).tolist()} at {temperature:g} slope {k}"
            if fault := compare_number(came[k], expected, f"{what} is another.", tolerance=1e-5):
                return fault
    return None


def _slopes(logits: FloatArray, values: tuple[float, ...], temperature: float) -> FloatArray:
    """dw/dA by central differences."""
    steps = 1e-6 * np.eye(len(logits))
    ends = [soft_weights(logits + sign * steps, values, temperature) for sign in (1, -1)]
    return (ends[0] - ends[1]) / 2e-6


# 600 passes: the start, then 16 for a table and 4 to verify what was measured, again and again
number_exercise(
    "22-4",
    (PASSES - 1) // (2**4 + SHOTS),
    "One pass is the start; each block takes its table and the masks that are measured.",
    slips={
        PASSES // 2**4: "Each mask that is measured is run as well.",
        PASSES // SHOTS: "Before a block is measured, each of its masks is run for the table.",
    },
)
