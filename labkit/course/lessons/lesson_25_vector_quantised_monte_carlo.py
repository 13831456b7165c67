"""Notebook 25: a selection's Hamiltonian, wave functions of few codes, and what flips reuse."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np

from labkit.arrays import FloatArray
from labkit.costs import PauliZCost
from labkit.course.checking import compare_number, exercise, number_exercise
from labkit.datasets import load_task
from labkit.ledger import Outcome
from labkit.masks import all_masks
from labkit.neighbours.quantum_states import (
    QuantumState,
    Training,
    ground_state,
    train_state,
)
from labkit.networks import sample_network
from labkit.scoring import quadratic_cost
from labkit.selectors import (
    CostMeter,
    exhaustive,
    local_selection,
    one_flip_search,
    random_search,
    run,
    simulated_annealing,
    variational_annealing,
)
from labkit.selectors.running import Selector
from labkit.simulators import entropy
from labkit.wave_functions.quantum_weights import count_of_one
from labkit.wave_functions.transverse_field import product_of_blocks

#: The field, in standard deviations of the cost; neurons; cost queries of each search.
FIELD, N_NEURONS, QUERIES = 0.5, 12, 640
#: Of the training without codes, and of that of the scores of codes.
WHOLE: Mapping[str, Any] = {"steps": 80, "samples": 96, "learning_rate": 0.5}
SCORES: Mapping[str, Any] = {"steps": 40, "samples": 64, "learning_rate": 0.5}
_LOOKED_AT = 32


def search_blocks(meter: CostMeter, *, rng: np.random.Generator) -> None:
    """Local selection in blocks of four, enumerated, again and again until the budget is spent."""
    while True:
        local_selection(meter, rng=rng, block_size=4, inner=exhaustive)


SEARCHES: Mapping[str, Selector] = {
    "random": random_search,
    "one-flip": partial(one_flip_search, restarts=QUERIES),
    "annealing": partial(simulated_annealing, sweeps=20, restarts=QUERIES),
    "blocks": search_blocks,
    "variational": variational_annealing,
}


@lru_cache(maxsize=32)
def build_cost(seed: int) -> PauliZCost:
    """Squared error of the masks of a dozen random neurons on moons, in standard deviations."""
    task = load_task("moons")
    network = sample_network(task.n_features, N_NEURONS, seed=seed).adapted(task.x_train)
    cost = quadratic_cost(network, task.x_train, task.y_train)
    std = cost.to_table().std
    return PauliZCost({term: c / std for term, c in cost.terms.items()}, N_NEURONS)


@lru_cache(maxsize=32)
def find_ground(seed: int) -> tuple[float, FloatArray]:
    """Energy and probabilities (2^n,) of the ground state of `build_cost` at `FIELD`."""
    return ground_state(build_cost(seed), FIELD)


@lru_cache(maxsize=32)
def train_whole(seed: int) -> Training:
    """The state that is trained without codes."""
    rng = np.random.default_rng([seed, 25])
    return train_state(
        QuantumState(N_NEURONS, seed=seed), build_cost(seed), FIELD, rng=rng, **WHOLE
    )


def look_exactly(state: QuantumState, seed: int) -> tuple[float, float]:
    """Energy above the ground state's, and fidelity with it, over all 2^n masks."""
    log_psi = state.log_psi(all_masks(N_NEURONS))
    psi = np.exp(log_psi - log_psi.max())
    psi /= np.linalg.norm(psi)
    energy, probabilities = find_ground(seed)
    places = np.arange(len(psi))
    ratios = sum(psi[places ^ (1 << j)] for j in range(N_NEURONS))
    found = psi**2 @ build_cost(seed).to_table().costs - FIELD * float(psi @ ratios)
    return float(found - energy), float((psi @ np.sqrt(probabilities)) ** 2)


def measure_codes(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """What K codes leave of a trained state, beside K codes of a random encoder.

    Args:
        parameters: 'codes', K; 0 for none.
        seed: of the random neurons, of the state, and independently of them of the samples.

    Returns:
        `error`, energy above the exact one in standard deviations of the cost; `fidelity`; the
        `random_error` of a network whose score of each code alone is trained; and, of flips of
        the trained state's samples, `saving`, how many times fewer multiply-adds they take than
        without codes, and `changed` sites of all blocks, a flip.
    """
    whole, n_codes = train_whole(seed), parameters["codes"]
    if not n_codes:
        error, fidelity = look_exactly(whole.state, seed)
        return Outcome({"error": error, "fidelity": fidelity}, whole.ledger)
    rng = np.random.default_rng([seed, 26, n_codes])
    quantised = whole.state.quantised(n_codes, masks=whole.masks, rng=rng)
    random = QuantumState(N_NEURONS, seed=seed + 1000).quantised(n_codes, rng=rng)
    cost = build_cost(seed)
    trained, drawn = (train_state(s, cost, FIELD, rng=rng, **SCORES) for s in (quantised, random))
    works = [trained.state.flip_ratios(mask)[1] for mask in trained.masks[:_LOOKED_AT]]
    of_whole = N_NEURONS * count_of_one(whole.state.weights)
    error, fidelity = look_exactly(trained.state, seed)
    result = {
        "error": error,
        "fidelity": fidelity,
        "random_error": look_exactly(drawn.state, seed)[0],
        "saving": of_whole / np.mean([work.multiply_adds for work in works]),
        "changed": np.mean([work.changed_sites.sum(axis=1) for work in works]),
    }
    return Outcome(result, whole.ledger + trained.ledger + drawn.ledger)


def measure_blocks(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """What a product of block states leaves, and what each must hold; one neuron: no entanglement.

    Args:
        parameters: 'block_size'.
        seed: of the random neurons, and independently of them of the descents.

    Returns:
        `error` as of `measure_codes`; `bits`, the most across the middle of a block.
    """
    rng = np.random.default_rng([seed, 27])
    size, cost = parameters["block_size"], build_cost(seed)
    found = product_of_blocks(cost, FIELD, block_size=size, starts=3, rng=rng)
    halves = [(s, len(s).bit_length() // 2) for s in found.states]
    bits = max(entropy(s, range(half)) if len(s) > 2 else 0.0 for s, half in halves)
    return Outcome({"error": found.energy - find_ground(seed)[0], "bits": bits})


def measure_flips(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The work of all flips of a random mask, in a random network of 16 codes.

    Args:
        parameters: 'n_neurons' and 'mixing', as of `QuantumState`.
        seed: of the network, and independently of it of the mask.

    Returns:
        Sites that change in the `first` and in the `second` block, a flip; the `site_updates` of
        all flips, `multiply_adds` of all flips and of the mask itself, and `without` codes.
    """
    n, mixing = parameters["n_neurons"], parameters["mixing"]
    state = QuantumState(n, codes=16, mixing=mixing, seed=seed)
    mask = np.random.default_rng([seed, 28]).random(n) < 0.5
    _, work = state.flip_ratios(mask)
    first, second = work.changed_sites.mean(axis=0)
    without = n * count_of_one(QuantumState(n, mixing=mixing, seed=seed).weights)
    result = {"first": first, "second": second, "without": without}
    result |= {"site_updates": int(work.changed_sites.sum())}
    return Outcome(result | {"multiply_adds": work.multiply_adds + work.of_mask})


def measure_search(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """What a selector finds with `QUERIES` cost queries.

    Args:
        parameters: 'search', one of `SEARCHES`.
        seed: of the random neurons and, independently of them, of the selector.

    Returns:
        `regret`, in standard deviations; `found`, whether it is the optimum; `calls` to get there.
    """
    cost, selector = build_cost(seed), SEARCHES[parameters["search"]]
    minimum = cost.to_table().minimum
    rng = np.random.default_rng([seed, 29])
    found = run(selector, cost, rng=rng, max_cost_queries=QUERIES)
    reached = np.flatnonzero(found.history <= minimum + 1e-9 * cost.magnitude)
    calls = float(reached[0]) + 1 if len(reached) else np.nan
    result = {"regret": found.cost - minimum, "found": len(reached) > 0, "calls": calls}
    return Outcome(result, found.ledger)


@exercise("25-1")
def local_energies_by_hand(answer: Any) -> str | None:
    """A function (costs, psi, field) -> the local energies (2^n,)."""
    if not callable(answer):
        return "A function is expected: answer(costs, psi, field)."
    rng = np.random.default_rng(25)
    cases = (
        ([0.0, 1.0, 1.0, 0.5], np.ones(4), 0.5),
        (rng.normal(size=8), rng.uniform(1, 2, 8), 0.3),
    )
    for costs, psi, field in cases:
        came = np.asarray(answer(np.array(costs), psi, field), dtype=np.float64)
        places, n = np.arange(len(psi)), len(psi).bit_length() - 1
        if came.shape != psi.shape:
            return f"For {len(psi)} masks shape {came.shape} came; a local energy for each."
        ratios = sum(psi[places ^ (1 << j)] for j in range(n)) / psi
        for i, expected in enumerate(costs - field * ratios):
            if fault := compare_number(
                came[i], expected, f"That of mask {i} of {n} neurons is another.", tolerance=1e-6
            ):
                return fault
    return None


number_exercise(
    "25-2",
    128 * (2 * (128 * 8 + 8 * 8 + 16 * 8 + 8 * 16 + 16 * 8) + 8),
    "For each site and block: A x, W, the distances to the codes, M, N; and w at the end.",
    slips={
        128 * (128 * 8 + 8 * 8 + 16 * 8 + 8 * 16 + 16 * 8) + 128 * 8: "There are two blocks.",
        2
        * 128
        * (128 * 8 + 8 * 8 + 16 * 8 + 8 * 16 + 16 * 8): "At the end comes w . x of each site.",
    },
)

number_exercise(
    "25-3",
    (128 + 1) * 16 * (1 + 1.30) + 2.46,
    "The flip changes one site, then 1.30 sites change on average, then 2.46.",
    tolerance=1e-4,
    slips={
        128 * 16 * (1 + 1.30) + 2.46: "A site that changes also adds to its own scores.",
        (128 + 1)
        * 16
        * (1 + 1.30 + 2.46): "The last block's changes are looked up, one number each.",
    },
)
