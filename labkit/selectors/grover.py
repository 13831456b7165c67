"""Selection by Grover's search, as circuits on qsim or any other sampler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.limits import check_integer
from labkit.masks import masks_from_indices
from labkit.selectors.running import CostMeter

if TYPE_CHECKING:
    import cirq


def grover_search(
    meter: CostMeter,
    *,
    rng: np.random.Generator,
    threshold: float | None = None,
    iterations: int | None = None,
    shots: int = 1,
    sampler: cirq.Sampler | None = None,
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

    Reference: Grover 1996, arXiv quant-ph/9605043; Boyer et al. 1998, arXiv quant-ph/9605034.

    Raises:
        TypeError: `iterations` or `shots` is not an integer, or `sampler` runs no circuits.
        ValueError: one of them is out of range, or no mask is marked.
        TooLargeError: the table or the state does not fit in memory.
    """
    import cirq

    from labkit.circuits import grover, oracles
    from labkit.simulators import sample_masks

    shots = check_integer("shots", shots, minimum=1)
    table = meter.cost.to_table()
    marked = table.marked(table.minimum if threshold is None else threshold)
    n, n_marked = meter.n_neurons, int(marked.sum())
    k = grover.optimal_iterations(n, n_marked) if iterations is None else iterations
    qubits = cirq.LineQubit.range(n)
    oracle = oracles.build_table_oracle(qubits, masks_from_indices(np.flatnonzero(marked), n))
    circuit = grover.grover_circuit(qubits, oracle, k)
    outcomes = sample_masks(circuit, shots, rng=rng, qubits=qubits, sampler=sampler)
    meter.count(oracle_calls=k * shots, circuit_runs=1, shots=shots, forward_passes=2**n)
    meter.evaluate(outcomes)
