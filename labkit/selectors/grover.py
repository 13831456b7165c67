"""Grover's search for a mask below a threshold, and minimum finding: Dürr and Høyer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from labkit.amplification import GROWTH, optimal_iterations, success_probability
from labkit.arrays import BoolArray
from labkit.costs import CostTable, equal_within
from labkit.limits import check_integer, check_register
from labkit.masks import mask_from_index, masks_from_indices
from labkit.selectors.meter import CostMeter

if TYPE_CHECKING:
    import cirq

    from labkit.circuits.qubits import Qubits


def grover_search(
    meter: CostMeter,
    *,
    rng: np.random.Generator,
    threshold: float | None = None,
    iterations: int | None = None,
    shots: int = 1,
    sampler: cirq.Sampler | None = None,
    qubits: Qubits | None = None,
) -> None:
    """Amplifies the masks of cost at most `threshold`, measures, and verifies each outcome.

    The circuit is |s>, then `iterations` times oracle and reflection; without noise a shot finds
    a marked mask with probability sin^2((2 iterations + 1) theta), theta = asin sqrt(M/2^n).
    The oracle is made from the table of costs: the ledger counts the 2^n forward passes that
    this took, `iterations` oracle calls for each shot, and one cost query to verify it.

    Args:
        meter: the cost.
        rng: source of the measurement outcomes.
        threshold: masks of at most this cost are marked; by default the smallest cost.
        iterations: oracle calls in one shot; by default the best number for the M marked masks,
            which a search on hardware would not know.
        shots: how often the circuit is run and measured, at least 1.
        sampler: runs the circuit, qsim by default; its randomness is its own.
        qubits: of its circuit, by neuron, see `qaoa_circuit`.

    Reference: Grover 1996, arXiv quant-ph/9605043; Boyer et al. 1998, arXiv quant-ph/9605034.

    Raises:
        ValueError: no mask is marked.
        TooLargeError: the table or the state does not fit in memory.
    """
    shots = check_integer("shots", shots, minimum=1)
    meter.count_table(meter.n_neurons)
    table = meter.cost.to_table()
    marked = table.marked(table.minimum if threshold is None else threshold)
    n, n_marked = meter.n_neurons, int(marked.sum())
    k = optimal_iterations(n, n_marked) if iterations is None else iterations
    outcomes = _measure(marked, k, shots, rng=rng, sampler=sampler, qubits=qubits)
    meter.count(oracle_calls=k * shots, circuit_runs=1, shots=shots)
    meter.evaluate(outcomes)


#: Measures once after so many iterations that mark the masks of cost below the threshold.
Measurement = Callable[[float, int], BoolArray]


def adaptive_grover(
    meter: CostMeter,
    *,
    rng: np.random.Generator,
    max_oracle_calls: int | None = None,
    sampler: cirq.Sampler | None = None,
    qubits: Qubits | None = None,
) -> None:
    """Finds the minimum without knowing a threshold or the number M of masks below it.

    A random mask's cost is the first threshold; the oracle marks the masks that cost less. Each
    round draws j from 0..ceil(reach) - 1, runs j iterations, measures once and verifies: j + 1
    oracle calls, the last of them a cost query as well. A mask of less cost is the new threshold
    and sets reach to 1; otherwise reach grows by 6/5, to at most sqrt(2^n). Where the threshold is
    the optimum already, nothing is marked: the search cannot know, and goes on until the calls
    are spent (or the target was reached).

    By default 22.5 sqrt(N) + 1.4 log2(N)^2 oracle calls, N = 2^n, are spent. They end at an
    optimum with probability 1/2 or more, because:

    1. Below a threshold with M > 0 masks below it, a round whose reach is at least
       1 / sin(2 theta) succeeds with probability 1/4 or more, and a search takes 9/2 sqrt(N/M)
       calls or fewer in expectation, M not known (Boyer et al., theorem 3).
    2. Each mask below the threshold is as likely as any other to be the next threshold. So a
       mask of rank r is ever the threshold with probability 1/r (Dürr and Høyer, lemma 1).
    3. Besides, a search verifies log_{6/5} sqrt(N/M) + 5 times or fewer in expectation: until the
       reach suffices, and 4 times from then on.
    4. The calls until the threshold is the minimum are then, in expectation, at most
       sum_{r=2}^{N} (1/r) (9/2 sqrt(N / (r - 1)) + log_{6/5} sqrt(N / (r - 1)) + 5), whose first
       part is below 8.4 sqrt(N): less than half of what is spent. By Markov's inequality half of
       the runs or fewer need more.
    5. Equal costs only help. c masks of one cost with a masks below them are met with probability
       c / (a + c), and c / ((a + c) sqrt(a)) <= sum_{r=a+1}^{a+c} 1 / (r sqrt(r - 1)).
    6. Every outcome is verified, so no mask is ever taken for a better one.

    The oracle is made from the table of costs, and the ledger counts the 2^n forward passes of
    it. One shot is drawn from the exact state: after j iterations the marked masks share the
    probability sin^2((2j + 1) theta) equally, the others the rest, so no circuit is needed.

    Args:
        meter: the cost.
        rng: source of the start, the number of iterations, and the measurement outcomes.
        max_oracle_calls: over all rounds, verifications too, 0 or more; the last round is cut.
        sampler: runs the circuits, on their table oracles, in place of the exact state: with
            thousands of marked masks these are long. Its randomness is its own.
        qubits: of its circuits, by neuron, see `qaoa_circuit`; without a `sampler` not used.

    Raises:
        TooLargeError: the table does not fit in memory.

    Reference: Dürr and Høyer 1996, arXiv quant-ph/9607014; Boyer et al. 1998, arXiv
    quant-ph/9605034.
    """
    n = check_register("n_neurons", meter.n_neurons, bytes_per_mask=48, what="sorted costs")
    if max_oracle_calls is None:
        max_oracle_calls = default_oracle_calls(n)
    calls_left = check_integer("max_oracle_calls", max_oracle_calls, minimum=0)
    meter.count_table(n)
    table = meter.cost.to_table()
    measure = exact_measurement(table, rng=rng)
    if sampler is not None:
        measure = circuit_measurement(table, rng=rng, sampler=sampler, qubits=qubits)
    threshold, reach = float(meter.evaluate(rng.random(n) < 0.5)), 1.0
    while calls_left > 0:
        iterations = min(int(rng.integers(math.ceil(reach))), calls_left - 1)
        calls_left -= iterations + 1
        outcome = measure(threshold, iterations)
        meter.count(oracle_calls=iterations, circuit_runs=1, shots=1)
        cost = _verify(meter, outcome)
        if cost < threshold - meter.equal_within(threshold):
            threshold, reach = cost, 1.0
        else:
            reach = min(GROWTH * reach, math.sqrt(2**n))


def _verify(meter: CostMeter, outcome: BoolArray) -> float:
    """The cost of a measured mask: one query, and one oracle call if it was allowed."""
    is_allowed = meter.left != 0
    try:
        return float(meter.evaluate(outcome))
    finally:
        meter.count(oracle_calls=int(is_allowed))


def default_oracle_calls(n_neurons: int) -> int:
    """22.5 sqrt(2^n) + 1.4 n^2, rounded up: enough for the optimum in half of the runs or more.

    Reference: Dürr and Høyer 1996, arXiv quant-ph/9607014, theorem 1.
    """
    n = check_integer("n_neurons", n_neurons, minimum=1, maximum=1000)
    return math.ceil(22.5 * math.sqrt(2**n) + 1.4 * n**2)


def exact_measurement(table: CostTable, *, rng: np.random.Generator) -> Measurement:
    """One shot of the exact state: a marked mask with probability sin^2((2j + 1) theta).

    All marked masks have the same amplitude, all others another one: within each kind an outcome
    is uniform. The costs are sorted once, and each shot takes a binary search for M.
    """
    n, by_cost = table.n_neurons, np.argsort(table.costs)
    in_order = table.costs[by_cost]

    def measure(threshold: float, iterations: int) -> BoolArray:
        below = threshold - equal_within(table, threshold)
        n_marked = int(np.searchsorted(in_order, below, side="left"))
        chance = success_probability(n, n_marked, iterations) if n_marked else 0.0
        is_marked = rng.random() < chance or n_marked == 2**n
        place = rng.integers(n_marked) if is_marked else rng.integers(n_marked, 2**n)
        return mask_from_index(by_cost[place], n)

    return measure


def circuit_measurement(
    table: CostTable,
    *,
    rng: np.random.Generator,
    sampler: cirq.Sampler | None,
    qubits: Qubits | None = None,
) -> Measurement:
    """One shot of the circuit with the table's oracle, on `sampler`, or on qsim for None."""

    def measure(threshold: float, iterations: int) -> BoolArray:
        marked = table.costs < threshold - equal_within(table, threshold)
        return _measure(marked, iterations, 1, rng=rng, sampler=sampler, qubits=qubits)[0]

    return measure


def _measure(
    marked: BoolArray,
    iterations: int,
    shots: int,
    *,
    rng: np.random.Generator,
    sampler: cirq.Sampler | None,
    qubits: Qubits | None,
) -> BoolArray:
    """Masks (shots, n) measured from the circuit whose oracle marks the masks (2^n,)."""
    import cirq

    from labkit.circuits import grover, oracles
    from labkit.circuits.decompositions import DIAGONAL_UP_TO
    from labkit.circuits.qubits import choose_qubits
    from labkit.simulators import sample_masks

    n = len(marked).bit_length() - 1
    qubits = choose_qubits(qubits, n)
    masks = masks_from_indices(np.flatnonzero(marked), n)
    # where nothing is marked the oracle does nothing
    if len(masks) > 1 and n <= DIAGONAL_UP_TO:
        oracle = oracles.build_diagonal_oracle(qubits, marked)  # as many gates as for one mask
    else:
        oracle = oracles.build_table_oracle(qubits, masks) if len(masks) else cirq.FrozenCircuit()
    circuit = grover.grover_circuit(qubits, oracle, iterations)
    return sample_masks(circuit, shots, rng=rng, qubits=qubits, sampler=sampler)
