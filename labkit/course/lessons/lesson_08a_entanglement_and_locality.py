"""Notebook 08a: bits across a cut, and what locality lowers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.amplification import optimal_iterations
from labkit.ansatz import ramp_angles
from labkit.arrays import FloatArray
from labkit.costs import LocalCost, PauliZCost
from labkit.course.checking import compare_function, exercise, number_exercise
from labkit.problems import build_nk_problem, build_problem
from labkit.simulators import entropy, evolve_grover, evolve_qaoa

Localised = LocalCost | PauliZCost
TASK = "breast_cancer"
State = npt.NDArray[np.complex128]


def bits_by_layer(costs: Sequence[Localised], p: int, *, neurons: Sequence[int]) -> FloatArray:
    """The entropy of a cut after 0, 1, ..., p layers of QAOA, each cost on its ramp.

    Returns:
        (p + 1, costs), bits.
    """
    return np.array([_bits_of_one(cost, p, neurons) for cost in costs]).T


def _bits_of_one(cost: Localised, p: int, neurons: Sequence[int]) -> list[float]:
    gammas, betas = ramp_angles(p, cost.n_neurons, std=cost.std)
    layers = range(p + 1)
    return [entropy(evolve_qaoa(cost, gammas[:k], betas[:k]), neurons) for k in layers]


def bits_by_call(n_neurons: int, n_marked: int, *, neurons: Sequence[int]) -> FloatArray:
    """The entropy of a cut after 0, 1, ... oracle calls of Grover's search, up to its best count.

    The marked masks are spread evenly over all 2^n.
    """
    marked = np.zeros(2**n_neurons, dtype=bool)
    marked[np.linspace(0, 2**n_neurons - 1, n_marked).astype(int)] = True
    calls = range(optimal_iterations(n_neurons, n_marked) + 1)
    states = (evolve_grover(marked, call) for call in calls)
    return np.array([entropy(state, neurons) for state in states])


def costs_by_k(n_neurons: int, ks: Sequence[int], *, seeds: range) -> dict[str, list[LocalCost]]:
    """NK costs of breast_cancer by K, of several networks."""
    return {
        f"NK, K = {k}": [build_nk_problem(TASK, n_neurons, k, seed=s).cost for s in seeds]
        for k in ks
    }


def costs_by_order(
    n_neurons: int, orders: Sequence[int], *, seeds: range
) -> dict[str, list[PauliZCost]]:
    """Tables of one hidden layer on breast_cancer, of several networks, cut off at each order."""
    tables = [build_problem(TASK, n_neurons, seed=seed).table for seed in seeds]
    return {
        f"order {k}": [PauliZCost.from_table(table, max_order=k) for table in tables]
        for k in orders
    }


def bits_by_width(ns: Sequence[int], p: int, *, seeds: range) -> dict[str, FloatArray]:
    """Bits across the middle after p layers, as networks widen: label -> (widths, seeds)."""
    found: dict[str, list[FloatArray]] = {}
    for n in ns:
        by_form: dict[str, Sequence[Localised]] = {
            **costs_by_k(n, (2, 3), seeds=seeds),
            **costs_by_order(n, (2, n), seeds=seeds),
        }
        for label, costs in by_form.items():
            name = "whole table" if label == f"order {n}" else label
            found.setdefault(name, []).append(bits_by_layer(costs, p, neurons=range(n // 2))[-1])
    return {name: np.array(values) for name, values in found.items()}


@exercise("08a-1")
def bits_of_a_pair(answer: Any) -> str | None:
    """The entropy of one qubit of cos(t) |00> + sin(t) |11> as a function of t."""
    cases = ((t,) for t in (0.0, 0.3, np.pi / 4, 1.2, np.pi / 2))

    def bits(t: float) -> float:
        return entropy(np.array([np.cos(t), 0, 0, np.sin(t)]), [0])

    return compare_function(answer, bits, cases, "For t = {} the entropy in bits")


# most bits across any cut of a block of 5 neurons
number_exercise(
    "08a-2",
    2.0,
    "A cut has no more bits than the smaller of its sides has neurons: which cut has the most?",
    slips={
        5: "That is the block; the bits of a cut are limited by the smaller of its two sides.",
        2.5: "Half a neuron is on no side: a cut leaves whole neurons on each.",
        4: "That is the number of equal terms; in bits it is their logarithm to base 2.",
        3: "That is the larger side; the smaller one limits what is shared.",
    },
)


@exercise("08a-3")
def state_without_a_coin(answer: Any) -> str | None:
    """A state of two qubits, (4,): each mask with chance 1/4, and one bit between the qubits."""
    state = np.asarray(answer, dtype=np.complex128)
    if state.size != 4:
        return f"Four amplitudes are expected; shape {state.shape} came."
    state = state.ravel()
    odds = np.abs(state) ** 2
    if not np.allclose(odds, 0.25, atol=1e-6):
        return f"Its chances are {odds.round(3).tolist()}; each mask should have 0.25."
    bits = entropy(state, [0])
    if abs(bits - 1) < 1e-6:
        return None
    return (
        f"Its qubits share {bits:.3f} bits; 1 is asked for. A product has a b c d with "
        f"a d = b c; here a d - b c is {np.round(state[0] * state[3] - state[1] * state[2], 3)}."
    )


@exercise("08a-4")
def bits_of_any_state(answer: Any) -> str | None:
    """A function (state, neurons) -> the entropy in bits between these neurons and the rest."""
    rng = np.random.default_rng(8)
    for n, neurons in ((2, [1]), (3, [0, 2]), (4, [1, 3]), (4, [2])):
        state = rng.normal(size=2**n) + 1j * rng.normal(size=2**n)
        state /= np.linalg.norm(state)
        what = f"For a random state of {n} neurons, those of {neurons} on one side, the entropy"
        if fault := compare_function(answer, entropy, [(state, neurons)], what):
            return fault
    return None
