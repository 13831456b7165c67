"""Notebook 14a: what errors leave of each form of a cost, and of each block size."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.amplification import optimal_iterations, success_probability
from labkit.ansatz import ramp_angles
from labkit.arrays import FloatArray
from labkit.costs import CostTable, LocalCost, PauliZCost
from labkit.course.checking import compare_number, exercise, number_exercise
from labkit.course.circuit_checks import compare_depolarised
from labkit.course.lessons.lesson_12_local_selection import build_two_layers
from labkit.datasets import load_task
from labkit.ledger import Ledger, Outcome
from labkit.networks import sample_network
from labkit.problems import build_nk_problem, build_problem
from labkit.scoring import quadratic_cost
from labkit.selectors import (
    CostMeter,
    adaptive_grover,
    exhaustive,
    local_selection,
    one_flip_search,
    random_search,
    run,
)
from labkit.selectors.racing import CallMeter, Entrant, trace
from labkit.simulators import NoisyCircuit, noisy_light_cone_expectation

if TYPE_CHECKING:
    import cirq

TASK = "breast_cancer"
#: Of these there are circuits, a mean and a standard deviation.
Cost = CostTable | PauliZCost | LocalCost
ERRORS = (0.0, 1e-4, 1e-3, 3e-3, 1e-2, 2e-2)
#: Masks that count as found in figure B: the best 5% of 256.
BEST = 13
#: Iterated searches, calls after which the regret of figure D is read.
BUDGETS = (50, 100, 200)


def build_cost(form: str, n_neurons: int, seed: int) -> Cost:
    """A cost of breast_cancer in a form: 'NK 2', 'NK 3', ..., 'two-local', or 'table'."""
    if form.startswith("NK"):
        return build_nk_problem(TASK, n_neurons, int(form[3:]), seed=seed).cost
    kind = "squared_error" if form == "two-local" else "cross_entropy"
    problem = build_problem(TASK, n_neurons, seed=seed, cost=kind)
    if form == "table":
        return problem.table
    return quadratic_cost(problem.network, problem.task.x_train, problem.task.y_train)


def measure_gain_left(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Of what noiseless QAOA gains over a random mask in mean cost, the share that errors leave.

    Args:
        parameters: 'form' and 'n_neurons' of `build_cost`, p layers on the ramp, and 'error' after
            each two-qubit gate. Above 10 neurons an NK cost is followed by its light cones.
        seed: of the network's weights.

    Returns:
        `gain_left`; `two_qubit_gates` of the circuit as built; `fidelity`, the product of (1 -
        error) over them.
    """
    from labkit.circuits import circuit_report
    from labkit.circuits.qaoa import qaoa_circuit

    form, n, p, error = (parameters[name] for name in ("form", "n_neurons", "p", "error"))
    cost = build_cost(form, n, seed)
    gammas, betas = ramp_angles(p, n, std=cost.std)
    circuit = qaoa_circuit(cost, gammas, betas)
    gates = circuit_report(circuit).two_qubit_gates
    noisy, clean = (_mean_cost(cost, circuit, gammas, betas, e) for e in (error, 0.0))
    result = {
        "gain_left": (noisy - cost.mean) / (clean - cost.mean),
        "two_qubit_gates": gates,
        "fidelity": (1 - error) ** gates,
    }
    passes = 2**n if isinstance(cost, CostTable) else 1
    return Outcome(result, Ledger(circuit_runs=2, forward_passes=passes))


def _mean_cost(
    cost: Cost, circuit: cirq.Circuit, gammas: FloatArray, betas: FloatArray, error: float
) -> float:
    if isinstance(cost, LocalCost) and cost.n_neurons > 10:
        return noisy_light_cone_expectation(cost, gammas, betas, two_qubit_error=error)
    return float(NoisyCircuit.of(circuit).probabilities(error) @ cost.to_table().costs)


def measure_truncation(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The chance of one of the best masks in one shot, by the order a cost is cut off at.

    Two hidden layers of 4 neurons; QAOA of p layers on the ramp.

    Args:
        parameters: 'order', at which the table is cut; 8 keeps it, as one diagonal. And p.
        seed: of the network's weights.

    Returns:
        `chance_0`, `chance_1`, ... at each of `ERRORS`; `two_qubit_gates`.
    """
    from labkit.circuits import circuit_report
    from labkit.circuits.qaoa import qaoa_circuit

    table = build_problem(TASK, 4, seed=seed, hidden_layers=2, n_components=None).table
    order, n = parameters["order"], table.n_neurons
    cost = table if order == n else PauliZCost.from_table(table, max_order=order)
    circuit = qaoa_circuit(cost, *ramp_angles(parameters["p"], n, std=cost.std))
    best, run = np.argsort(table.costs, kind="stable")[:BEST], NoisyCircuit.of(circuit)
    chances = [float(run.probabilities(error)[best].sum()) for error in ERRORS]
    result = {f"chance_{i}": chance for i, chance in enumerate(chances)}
    gates = circuit_report(circuit).two_qubit_gates
    return Outcome(
        result | {"two_qubit_gates": gates},
        Ledger(circuit_runs=len(ERRORS), forward_passes=2**n),
    )


@lru_cache(maxsize=64)
def _grover_runs(block_size: int) -> tuple[NoisyCircuit, ...]:
    """Grover's search of a block for one mask: 1, 2, ... iterations."""
    import cirq

    from labkit.circuits.grover import grover_circuit
    from labkit.circuits.oracles import build_table_oracle

    qubits = cirq.LineQubit.range(block_size)
    oracle = build_table_oracle(qubits, [np.ones(block_size, dtype=bool)])
    most = max(optimal_iterations(block_size, 1), 1)
    return tuple(NoisyCircuit.of(grover_circuit(qubits, oracle, j + 1)) for j in range(most))


@lru_cache(maxsize=1024)
def calls_per_success(block_size: int, error: float) -> float:
    """Oracle calls for one marked mask of a block, its verification included, per success.

    min_j (j + 1) / P(j), P(j) the chance of the mask after j iterations at that error, against
    (2^k + 1)/2 cost queries of enumeration in the mean.

    Returns:
        The ratio of the two: below 1 Grover is ahead.
    """
    chances = [run.probabilities(error)[-1] for run in _grover_runs(block_size)]
    calls = min((j + 2) / chance for j, chance in enumerate(chances))
    return float(calls / ((2**block_size + 1) / 2))


def computed_ratio(block_size: int, gates_per_call: int, error: float) -> float:
    """`calls_per_success` with an oracle of many gates, whose first error ends the search.

    After j calls P(j) = f sin^2((2j + 1) theta) + (1 - f)/2^k, f = (1 - error)^(j gates). A real
    error does less harm than that, but of thousands of gates it is not known how much less.
    """
    j = np.arange(1, max(optimal_iterations(block_size, 1), 1) + 1)
    clean = np.array([success_probability(block_size, 1, int(each)) for each in j])
    kept = (1 - error) ** (j * float(gates_per_call))
    chances = kept * clean + (1 - kept) / 2**block_size
    return float(((j + 1) / chances).min() / ((2**block_size + 1) / 2))


def break_even_error(block_size: int, gates_per_call: int) -> float:
    """The error rate below which `computed_ratio` is below 1; 0 where it never is."""
    from scipy.optimize import brentq

    if computed_ratio(block_size, gates_per_call, 0.0) >= 1:
        return 0.0
    return float(
        10 ** brentq(lambda e: computed_ratio(block_size, gates_per_call, 10**e) - 1, -12, 0)
    )


def measure_block_regret(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The regret of a search of two hidden layers of 6 neurons after some calls.

    Args:
        parameters: 'searcher', 'grover', 'enumeration', 'one_flip' or 'random'; for the first two
            'block_size', for the first 'error' after each two-qubit gate.
        seed: of the network's weights and, independently of them, of the search.

    Returns:
        `regret_50`, `regret_100`, `regret_200`: the cost above the least after so many calls.
    """
    table, rng = build_two_layers(seed).table, np.random.default_rng([seed, 14])
    traced = trace(_entrant(rng=rng, **parameters), table, max(BUDGETS), rng=rng)
    best = traced.best_at(np.array(BUDGETS)) - table.minimum
    return Outcome(
        {f"regret_{b}": float(r) for b, r in zip(BUDGETS, best, strict=True)}, traced.ledger
    )


def _entrant(
    *, rng: np.random.Generator, searcher: str, block_size: int = 1, error: float = 0.0
) -> Entrant:
    """A search that `trace` runs again and again until the calls are spent."""
    if searcher in ("one_flip", "random"):
        search = one_flip_search if searcher == "one_flip" else random_search
        return lambda meter, rng, budget: search(meter, rng=rng)
    options: dict[str, Any] = {"inner": exhaustive}
    if searcher == "grover":
        inner: dict[str, Any] = {"max_oracle_calls": 2**block_size - 1}
        if error:
            from labkit.hardware import NoisySampler

            inner["sampler"] = NoisySampler(error, rng=rng)
        options = {"inner": adaptive_grover, "inner_options": inner}

    def search_blocks(meter: CallMeter, rng: np.random.Generator, budget: int) -> None:
        checked: CostMeter = meter
        local_selection(checked, rng=rng, block_size=block_size, **options)

    return search_blocks


def seconds_of(name: str, n_neurons: int) -> float:
    """Seconds of one search of a two-local cost: 'exhaustive' or 'one_flip_search'."""
    task = load_task(TASK)
    network = sample_network(task.n_features, n_neurons, seed=1).adapted(task.x_train)
    cost = quadratic_cost(network, task.x_train, task.y_train)
    start = time.perf_counter()
    run({"exhaustive": exhaustive, "one_flip_search": one_flip_search}[name], cost,
        rng=np.random.default_rng(1))  # fmt: skip
    return time.perf_counter() - start


# two qubits, mask 11, one iteration, error 0.05 after each of the two CZ
number_exercise(
    "14a-1",
    0.25 + 0.75 * (1 - 16 * 0.05 / 15) ** 2,
    "Each gate keeps the state with 1 - 16e/15, else all four masks are equally likely.",
    tolerance=5e-4,
    slips={
        0.95**2: "That is the chance that no gate errs; mask 11 may come in spite of an error.",
        0.25 + 0.75 * 0.95**2: "One error in 16 does nothing: λ is 16e/15, not e.",
        (1 - 16 * 0.05 / 15) ** 2: "What is lost is spread over four masks, 11 among them.",
        0.25 + 0.75 * (1 - 16 * 0.05 / 15): "There are two gates, one in the oracle and one after.",
    },
)


@exercise("14a-2")
def depolarised(answer: Any) -> str | None:
    """A function (rho, error) -> rho after depolarising one qubit."""
    return compare_depolarised(answer, ((1, 0.0), (1, 0.1), (1, 0.75)))


@exercise("14a-5")
def depolarised_of_any_size(answer: Any) -> str | None:
    """A function (rho, error) -> rho after depolarising all its qubits at once, 1 to 3 of them."""
    return compare_depolarised(answer, ((1, 0.1), (2, 0.05), (2, 15 / 16), (3, 0.2)))


@exercise("14a-3")
def block_for_a_machine(answer: Any) -> str | None:
    """The block size of the fewest calls per success at an error of 2e-3."""

    def means(size: float) -> str:
        if size not in range(2, 8):
            return "Blocks of 2 to 7 neurons are compared."
        ratio = calls_per_success(2, 2e-3)
        return f"At 2 neurons Grover takes {ratio:.3f} of enumeration's calls. And at the others?"

    best = min(range(2, 8), key=lambda size: calls_per_success(size, 2e-3))
    return compare_number(answer, best, means)


@exercise("14a-4")
def repaired_mean(answer: Any) -> str | None:
    """The limit at scale 0 of 0.38, 0.49, 0.565 at 1, 3, 5, with the asymptote 0.7."""
    from labkit.hardware import extrapolate_to_zero_noise

    scales, means = [1, 3, 5], np.array([0.38, 0.49, 0.565])
    expected = extrapolate_to_zero_noise(scales, means, asymptote=0.7)
    slips = {
        float(np.polyfit(scales, means, 1)[1]): "That is a line through the means themselves.",
        0.7 - expected: "That is the distance to 0.7; asked for is the mean cost.",
        float(np.log(0.7 - expected)): "That is the logarithm of the distance to 0.7.",
        0.38: "That is the mean at scale 1, as measured.",
    }
    step = "A line through the logarithms of 0.7 less each mean: its value at scale 0, and back."
    return compare_number(answer, expected, step, tolerance=2e-3, slips=slips)
