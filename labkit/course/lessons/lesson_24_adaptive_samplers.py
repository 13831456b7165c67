"""Notebook 24: samplers that adapt their step, on the line and over masks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.baselines import fit_readout
from labkit.costs import CostTable
from labkit.course.checking import compare_function, compare_number, exercise, number_exercise
from labkit.ledger import Ledger, Outcome
from labkit.masks import all_masks, mask_from_index, masks_from_indices
from labkit.neighbours.sampling import (
    inclusion_probabilities,
    jump_chain_distribution,
    mask_posterior,
    sample_langevin,
)
from labkit.networks import OneLayerArrays
from labkit.problems import Problem, build_problem
from labkit.scoring import accuracy
from labkit.selectors import CostMeter, sample_masks_posterior
from labkit.simulators import entropy

#: Steps times their size, of which the first half is left out; longer where noise slows the clock.
TIME, CHAINS = 24.0, 200
#: Neurons; and of moons' 200 training samples one over the number: e^(-cost / T) is a likelihood.
N, TEMPERATURE = 12, 1 / 200
#: Draws of a mask around each block.
_AROUND = 4


def measure_langevin(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The variance that chains of the unit Gaussian come to.

    Args:
        parameters: 'method', one of `sampling.CORRECTIONS`; 'step'; 'noise' of the gradients, 0 by
            default.
        seed: of the chains.

    Returns:
        `variance`; `weighted`, by the clocks; and how many `gradients` were asked for.
    """
    noise = parameters.get("noise", 0.0)
    steps = round(TIME * (1 + noise) / parameters["step"])
    made = sample_langevin(
        "gaussian",
        step=parameters["step"],
        steps=steps,
        chains=CHAINS,
        correction=parameters["method"],
        noise=noise,
        rng=np.random.default_rng([seed, 24]),
    )
    variances = {
        name: made.variance(burn_in=steps // 2, weighted=name == "weighted")
        for name in ("variance", "weighted")
    }
    return Outcome({**variances, "gradients": made.gradients})


@lru_cache(maxsize=32)
def build_moons(seed: int) -> Problem:
    """Moons, twelve neurons, the cross-entropy of every mask."""
    return build_problem("moons", N, seed=seed)


@lru_cache(maxsize=32)
def true_inclusion(seed: int) -> FloatArray:
    """P(m_j = 1) by the exact posterior of the same, float64 (12,)."""
    return inclusion_probabilities(mask_posterior(build_moons(seed).table, TEMPERATURE))


def distance(estimate: FloatArray, truth: FloatArray) -> float:
    """The root of the mean squared error."""
    return float(np.sqrt(np.mean((estimate - truth) ** 2)))


def measure_masks(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """How far inclusion probabilities by so many queries are from the exact ones.

    Args:
        parameters: 'kind', one of `posterior.KINDS`, or 'random': random masks weighted by
            e^(-cost / T); 'queries'.
        seed: of the network and, independently of it, of the sampler.

    Returns:
        `error`, over the neurons; and `limit`, that of the jump chain's own distribution.
    """
    table, rng = build_moons(seed).table, np.random.default_rng([seed, 24])
    meter = CostMeter(table, max_cost_queries=parameters["queries"])
    if parameters["kind"] == "random":
        found = weigh_random(meter, TEMPERATURE, rng)
    else:
        found = sample_masks_posterior(
            meter, kind=parameters["kind"], temperature=TEMPERATURE, rng=rng
        ).inclusion()
    truth = true_inclusion(seed)
    jumps = inclusion_probabilities(jump_chain_distribution(table, TEMPERATURE))
    result = {"error": distance(found, truth), "limit": distance(jumps, truth)}
    return Outcome(result, meter.ledger)


def weigh_random(meter: CostMeter, temperature: float, rng: np.random.Generator) -> FloatArray:
    """P(m_j = 1), (n,), by random masks that count for e^(-cost / T), until the budget is spent."""
    assert meter.left is not None
    masks = rng.random((meter.left, meter.n_neurons)) < 0.5
    costs = meter.evaluate(masks)
    return np.average(masks, axis=0, weights=np.exp(-(costs - costs.min()) / temperature))


def measure_blocks(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """What blocks of a size find with so many queries, and what a machine would hold for one.

    Args:
        parameters: 'block_size'; 'queries', 0: none are asked, as for the whole register.
        seed: of the network and, independently of it, of the sampler.

    Returns:
        `error` of the inclusion probabilities, where there are queries; and `entanglement`, bits
        across the middle of sum sqrt(p(m)) |m> of a block, the others held, see `bits_of_blocks`.
    """
    table, size = build_moons(seed).table, parameters["block_size"]
    result = {"entanglement": bits_of_blocks(table, size, np.random.default_rng([seed, 25]))}
    if not parameters["queries"]:
        return Outcome(result)
    meter = CostMeter(table, max_cost_queries=parameters["queries"])
    masks = sample_in_blocks(meter, size, TEMPERATURE, np.random.default_rng([seed, 24]))
    result["error"] = distance(masks.mean(axis=0), true_inclusion(seed))
    return Outcome(result, meter.ledger)


def sample_in_blocks(
    meter: CostMeter, block_size: int, temperature: float, rng: np.random.Generator
) -> BoolArray:
    """Draws a random block of neurons anew, given the others, again and again: masks (moves, n).

    Each mask of a block is a query. (Gibbs' sampler, Geman and Geman 1984.)
    """
    walk, masks = meter.walk(rng.random(meter.n_neurons) < 0.5), []
    while meter.left is not None and meter.left >= 2**block_size:
        block = rng.choice(meter.n_neurons, block_size, replace=False)
        costs = walk.block_costs(block)
        shares = np.exp(-(costs - costs.min()) / temperature)
        i = int(rng.choice(len(costs), p=shares / shares.sum()))
        chosen = mask_from_index(i, block_size)
        walk.move(block[chosen != walk.neuron_mask[block]], float(costs[i]))
        masks.append(walk.neuron_mask)
    return np.array(masks)


def bits_of_blocks(table: CostTable, block_size: int, rng: np.random.Generator) -> float:
    """Mean bits across the middle of random blocks' sum sqrt(p(m)) |m>; others as p draws them."""
    if block_size == 1:
        return 0.0  # nothing to share
    n, posterior, bits = table.n_neurons, mask_posterior(table, TEMPERATURE), []
    inner = all_masks(block_size)
    for index in rng.choice(2**n, size=_AROUND, p=posterior):
        block = np.sort(rng.choice(n, block_size, replace=False))
        around = np.repeat(masks_from_indices(index, n)[None], len(inner), axis=0)
        around[:, block] = inner
        part = CostTable(table.evaluate(around), block_size)
        state = np.sqrt(mask_posterior(part, TEMPERATURE))
        bits.append(entropy(state, range(block_size // 2)))
    return float(np.mean(bits))


def measure_mixture(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Held-out quality of the best mask, of the mixture over all masks, and of a solved read-out.

    Args:
        parameters: none.
        seed: of the network.

    Returns:
        Test cross-entropies and accuracies: `best`, of the mask of least training cost; `mixture`,
        sum p(m) p(y | x, m); `jumps`, the same with the jump chain's distribution;
        `solved_accuracy`, of the same neurons with a read-out by least squares.
    """
    problem = build_moons(seed)
    chances, y = _chances(problem), problem.task.y_test
    table = problem.table
    each = {
        "best": chances[:, int(table.costs.argmin())],
        "mixture": chances @ mask_posterior(table, TEMPERATURE),
        "jumps": chances @ jump_chain_distribution(table, TEMPERATURE),
    }
    result = {f"{name}_cost": float(-np.log(np.where(y == 1, p, 1 - p)).mean())
              for name, p in each.items()}  # fmt: skip
    result |= {f"{name}_accuracy": float(((p > 0.5) == y).mean()) for name, p in each.items()}
    result["solved_accuracy"] = _solved_accuracy(problem)
    return Outcome(result, Ledger(forward_passes=2**N))


def _chances(problem: Problem) -> FloatArray:
    """p(y = 1 | x, m) of each test sample and mask, (samples, 2^n)."""
    outputs = [problem.network.outputs(problem.task.x_test, mask) for mask in all_masks(N)]
    return np.asarray(1 / (1 + np.exp(-np.column_stack(outputs).astype(np.float64))))


def _solved_accuracy(problem: Problem) -> float:
    """On the test samples, of all neurons with a read-out by least squares."""
    task, network = problem.task, problem.network
    assert isinstance(network, OneLayerArrays)
    pair = (task.x_train, task.y_train), (task.x_validation, task.y_validation)
    solved = fit_readout(network, *pair).network
    return accuracy(solved.outputs(task.x_test, np.ones(N, dtype=bool)), task.y_test)


_C = float(np.sqrt(2 / np.pi))
# (floor + 2 c) / (floor + c) = 1.1
number_exercise(
    "24-1",
    9 * _C,
    "The variance is (λ + 2c) / (λ + c), with c the mean of |θ|, √(2/π).",
    tolerance=5e-3,
    slips={
        9.0: "That is λ in units of c.",
        10 * _C: "What is left over is c / (λ + c): put that equal to 0.1.",
        _C / 9: "That is where the variance is 1.9 times too large.",
    },
)


@exercise("24-2")
def chances_of_four_masks(answer: Any) -> str | None:
    """Probabilities (4,) of the jump chain, at costs 0, 1, 1 and 0.5 and T = 0.5."""
    table = CostTable(np.array([0.0, 1.0, 1.0, 0.5]), 2)
    came = np.asarray(answer, dtype=np.float64)
    if came.shape != (4,):
        return f"Four probabilities are expected; shape {came.shape} came."
    if np.allclose(came, mask_posterior(table, 0.5), atol=5e-4):
        return "That is the posterior; the chain is at p(m) Z(m), normalised."
    for i, expected in enumerate(jump_chain_distribution(table, 0.5)):
        what = f"Mask {i:02b}: e^(−cost / T) times Z, over the sum of it."
        if fault := compare_number(came[i], float(expected), what, tolerance=5e-4):
            return fault
    return None


@exercise("24-3")
def weight_of_a_mask(answer: Any) -> str | None:
    """A function (cost, flipped, temperature) -> 1 / Z of a mask and of its flips' costs."""

    def truth(cost: float, flipped: FloatArray, temperature: float) -> float:
        return float(1 / np.exp((cost - flipped) / (2 * temperature)).sum())

    rng = np.random.default_rng(24)
    cases = [(0.3, rng.random(n), temperature) for n, temperature in ((2, 0.5), (5, 0.1), (12, 1))]
    return compare_function(answer, truth, cases, "For a cost of {}, flips {} and T = {} 1 / Z")


number_exercise(
    "24-4",
    (50_000 - 1) // N,
    "The first mask is one query, and each jump looks at all flips of the mask before it.",
    slips={
        50_000: "So many masks Metropolis tries; a jump looks at twelve flips.",
        50_000 / N: "A part of a jump is none.",
    },
)
