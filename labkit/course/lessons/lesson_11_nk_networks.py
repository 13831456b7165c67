"""What notebook 11 computes, and what its records are computed by: NK networks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.ansatz import ramp_angles
from labkit.arrays import FloatArray
from labkit.costs import LocalCost
from labkit.course.checking import compare_cost, compare_function, compare_number, exercise
from labkit.course.circuit_checks import compare_phases
from labkit.ledger import Outcome
from labkit.networks import sample_nk_network
from labkit.problems import NK_COST, build_nk_problem
from labkit.scoring import network_cost
from labkit.selectors import (
    Ledger,
    Selection,
    dynamic_programming,
    one_flip_search,
    qaoa_sampling,
    random_search,
    run,
)
from labkit.simulators.light_cones import light_cone, light_cone_expectation

if TYPE_CHECKING:
    import pandas as pd

#: N of the circuits whose size was counted beforehand.
MIN_NEURONS, MAX_NEURONS = 6, 12
#: Of a diagonal of K qubits; a test counts them in the circuit.
_GATES_OF_DIAGONAL = (0, 0, 1, 6, 14, 30, 62)
#: Depths of the circuit for K = 1 to 6, then p = 1 to 4, then N = 6 to 12, as `circuit_report`
#: counts them: the neighbourhoods take turns, and how well their turns fit depends on N. A test
#: counts again.
_COUNTED = """
3 3 3 3 3 3 3  5 5 5 5 5 5 5  7 7 7 7 7 7 7  9 9 9 9 9 9 9
4 5 4 5 4 5 4  7 8 7 8 7 8 7  10 11 10 11 10 11 10  13 15 13 14 13 14 13
41 48 59 41 48 59 41  81 84 95 81 84 95 81
121 127 149 121 120 131 121  161 163 185 161 161 183 161
166 193 118 139 166 193 118  329 383 235 250 277 304 235
492 573 352 384 438 492 352  655 763 469 495 549 603 469
358 417 476 535 307 358 417  713 831 949 1067 613 656 715
1068 1245 1422 1599 919 1009 1127  1423 1659 1895 2131 1225 1307 1425
752 865 988 1111 1234 1357 752  1503 1727 1973 2219 2465 2711 1503
2254 2589 2958 3327 3696 4065 2254  3005 3451 3943 4435 4927 5419 3005
"""
_DEPTHS = np.array(_COUNTED.split(), dtype=np.int64).reshape(6, 4, 7)


def measure_quality(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """How good the optimum of the NK cost is, beside a search on the prediction's own cost.

    Args:
        parameters: arguments of `build_nk_problem`.
        seed: of the network's weights and, independently of them, of one-flip search.

    Returns:
        Of the NK cost's optimum: its cost, the prediction's own cost, the accuracies, and the
        share of neurons kept. Of one-flip search on the prediction's own cost: cost and accuracy.
    """
    problem, rng = build_nk_problem(seed=seed, **parameters), _stream(seed)
    exact = run(dynamic_programming, problem.cost, rng=rng)
    task = problem.task
    whole = network_cost(problem.as_one_output(), task.x_train, task.y_train, cost=NK_COST)
    searched = run(one_flip_search, whole, rng=rng)
    result = {
        "nk_cost": exact.cost,
        "random_nk_cost": problem.cost.mean,
        "ensemble_cost": problem.ensemble_cost(exact.neuron_mask),
        "validation_accuracy": problem.accuracy(exact.neuron_mask, split="validation"),
        "test_accuracy": problem.accuracy(exact.neuron_mask),
        "share_kept": float(exact.neuron_mask.mean()),
        "searched_cost": searched.cost,
        "searched_accuracy": problem.accuracy(searched.neuron_mask),
    }
    return Outcome(result, exact.ledger + searched.ledger)


def compare_rivals(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Searches of an NK cost with the same number of calls, beside its exact optimum.

    A call is a cost query or a cost layer: `shots` shots of p layers and a query each.

    Args:
        parameters: arguments of `build_nk_problem`, and p and shots of QAOA on its ramp.
        seed: of the network's weights and, independently of them, of the searches.

    Returns:
        The least cost and that of each search, the calls of each, the mean cost of all masks,
        and the forward passes that dynamic programming counts.
    """
    options = dict(parameters)
    layers, shots = options.pop("p"), options.pop("shots")
    cost, rng = build_nk_problem(seed=seed, **options).cost, _stream(seed)
    calls = shots * (layers + 1)
    found: dict[str, Selection] = {
        "qaoa": run(qaoa_sampling, cost, rng=rng, p=layers, shots=shots),
        "one_flip": run(one_flip_search, cost, rng=rng, restarts=calls, max_cost_queries=calls),
        "random": run(random_search, cost, rng=rng, max_cost_queries=calls),
    }
    exact = run(dynamic_programming, cost, rng=rng)
    result = {"minimum": exact.cost, "mean": cost.mean, "exact_passes": exact.ledger.forward_passes}
    for name, selection in found.items():
        ledger = selection.ledger
        result[f"{name}_cost"] = selection.cost
        result[f"{name}_calls"] = ledger.cost_queries + ledger.cost_layers
    return Outcome(result, sum((s.ledger for s in found.values()), start=Ledger()))


def measure_light_cones(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The exact mean cost of QAOA on its ramp by light cones, between all masks and the best.

    Args:
        parameters: arguments of `build_nk_problem`, and p.
        seed: of the network's weights and, independently of them, of one-flip search.

    Returns:
        The mean cost of all masks and of QAOA's state, the least cost, and that of one-flip
        search, with its queries.
    """
    options = dict(parameters)
    layers = options.pop("p")
    cost, rng = build_nk_problem(seed=seed, **options).cost, _stream(seed)
    exact = run(dynamic_programming, cost, rng=rng)
    searched = run(one_flip_search, cost, rng=rng)
    angles = ramp_angles(layers, cost.n_neurons, std=cost.std)
    result = {
        "mean": cost.mean,
        "qaoa": light_cone_expectation(cost, *angles),
        "minimum": exact.cost,
        "one_flip": searched.cost,
        "one_flip_queries": searched.ledger.cost_queries,
    }
    return Outcome(result, exact.ledger + searched.ledger)


def over_seeds(runs: pd.DataFrame, column: str, *, by: str) -> FloatArray:
    """A result of a record, (points, seeds), both ascending; `by` a parameter of the points."""
    wide = runs.pivot(index=f"parameters.{by}", columns="seed", values=f"result.{column}")
    return wide.sort_index().to_numpy(dtype=np.float64)


def _stream(seed: int) -> np.random.Generator:
    """A stream of its own, since the weights are drawn from the seed itself."""
    return np.random.default_rng(np.random.SeedSequence([seed, 1]))


def circuit_size(n_neurons: int, n_inputs_per_output: int, p: int) -> tuple[int, int]:
    """Two-qubit gates and depth of p layers of QAOA: p N diagonals of K qubits.

    It was counted beforehand: a slider cannot wait for a circuit.

    Args:
        n_neurons: N, 6 to 12.
        n_inputs_per_output: K, 1 to 6; from 3 on a diagonal takes 2^K - 2 two-qubit gates.
        p: layers, 1 to 4.
    """
    gates = p * n_neurons * _GATES_OF_DIAGONAL[n_inputs_per_output]
    return gates, int(_DEPTHS[n_inputs_per_output - 1, p - 1, n_neurons - MIN_NEURONS])


@exercise("11-1")
def width_of_a_cone(answer: Any) -> str | None:
    """Qubits in the light cone of one output of 1,000 neurons, K = 4, after 3 layers."""
    terms = [(tuple((i + j) % 1000 for j in range(4)), np.zeros(16)) for i in range(1000)]
    cones = [len(light_cone(LocalCost(terms, 1000), terms[0][0], p)) for p in range(4)]
    means = (
        f"Without a layer the cone is the neighbourhood, {cones[0]} qubits; one layer makes it "
        f"{cones[1]}, since neighbourhoods that share one neuron join on both sides. And then?"
    )
    slips: dict[float, str] = {
        4 + 3 * 3: "That grows on one side only; a neighbourhood has neighbours on both.",
        4 + 2 * 3 * 4: "A neighbourhood that joins shares a neuron: it brings K - 1 new ones.",
        4 * 3: "Layers do not multiply the cone; each adds a rim on both sides.",
        1000: "A ring is entangled all round only after many more layers.",
    }
    return compare_number(answer, cones[3], means, slips=slips)


@exercise("11-2")
def least_mask(answer: Any) -> str | None:
    """A mask of least NK cost: circles, 40 neurons, K = 3, seed 2."""
    cost = build_nk_problem("circles", 40, 3, seed=2).cost
    best = run(dynamic_programming, cost, rng=np.random.default_rng(0))
    return compare_cost(answer, cost, best.cost, "there is one of")


@exercise("11-5")
def least_cost_of_a_line(answer: Any) -> str | None:
    """A function (tables) -> the least cost of a line of neurons, K = 2, exactly."""

    def least_cost(tables: FloatArray) -> float:
        terms = [((j, j + 1), table.ravel()) for j, table in enumerate(tables)]
        cost = LocalCost(terms, len(tables) + 1)
        return run(dynamic_programming, cost, rng=np.random.default_rng(0)).cost

    rng = np.random.default_rng(11)
    cases = [(rng.random((n - 1, 2, 2)),) for n in (2, 3, 8, 16, 60)]
    what = "For {0.shape[0]} random tables of neighbouring pairs the least cost"
    return compare_function(answer, least_cost, cases, what)


@exercise("11-3")
def phases_of_a_ring(answer: Any) -> str | None:
    """The phase layer exp(-i 0.8 C) of 4 neurons, C = number of neighbours that both stay."""
    both = np.array([0.0, 0.0, 0.0, 1.0])
    cost = LocalCost([((j, (j + 1) % 4), both) for j in range(4)], 4)
    return compare_phases(answer, -0.8 * cost.to_table().costs)


@exercise("11-4")
def who_interacts(answer: Any) -> str | None:
    """A function (N, K, j) -> the set of neurons that neuron j interacts with."""
    for n, k, j in ((12, 3, 5), (12, 3, 0), (9, 1, 4), (10, 2, 9), (6, 5, 2)):
        read = sample_nk_network(1, n, k, seed=0).neighbourhoods.tolist()
        expected = set(itertools.chain(*(row for row in read if j in row))) - {j}
        came = {int(neuron) for neuron in answer(n, k, j)}
        if j in came:
            return f"For N = {n}, K = {k} neuron {j} is in your set: leave out the neuron itself."
        if came != expected:
            said = f"For N = {n}, K = {k} neuron {j} interacts with {sorted(expected)}"
            return f"{said}; {sorted(came)} came."
    return None
