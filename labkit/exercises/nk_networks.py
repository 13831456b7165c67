"""Exercises of notebook 11."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from labkit.activations import draw_nk_network
from labkit.costs import LocalCost
from labkit.exercises.checking import compare_number, exercise
from labkit.masks import check_one_mask, mask_from_index, mask_to_string
from labkit.selectors import dynamic_programming, run
from labkit.simulators.light_cones import light_cone
from labkit.sweeps.lessons.nk_networks import build_nk_problem

_GAMMA = 0.8


@exercise("11-1")
def width_of_a_cone(answer: Any) -> str | None:
    """Qubits in the light cone of one output of 1,000 neurons, K = 4, after 3 layers."""
    terms = [(tuple((i + j) % 1000 for j in range(4)), np.zeros(16)) for i in range(1000)]
    return compare_number(answer, len(light_cone(LocalCost(terms, 1000), terms[0][0], 3)))


@exercise("11-2")
def least_mask(answer: Any) -> str | None:
    """A mask of least NK cost: circles, 40 neurons, K = 3, seed 2."""
    cost = build_nk_problem("circles", 40, 3, seed=2).cost
    mask = check_one_mask(answer, 40)
    best = run(dynamic_programming, cost, rng=np.random.default_rng(0))
    if float(cost.evaluate(mask)) <= best.cost + 1e-9:
        return None
    return (
        f"Mask {mask_to_string(mask)} costs {float(cost.evaluate(mask)):.6f}; "
        f"there is one of {best.cost:.6f}."
    )


@exercise("11-3")
def phases_of_a_ring(answer: Any) -> str | None:
    """The phase layer exp(-i 0.8 C) of 4 neurons, C = number of neighbours that both stay."""
    import cirq

    both = np.array([0.0, 0.0, 0.0, 1.0])
    cost = LocalCost([((j, (j + 1) % 4), both) for j in range(4)], 4).to_table()
    qubits = cirq.LineQubit.range(4)
    unitary = cirq.Circuit(answer).unitary(qubit_order=qubits, qubits_that_should_be_present=qubits)
    if unitary.shape != (16, 16) or not np.allclose(np.abs(unitary), np.eye(16), atol=1e-6):
        return "The circuit changes which mask is which; a phase layer changes only phases."
    # a phase common to all masks cannot be measured
    came = np.diag(unitary) / unitary[0, 0]
    wrong = np.flatnonzero(~np.isclose(came, np.exp(-1j * _GAMMA * cost.costs), atol=1e-6))
    if not wrong.size:
        return None
    turned = -np.angle(came[wrong[0]]) % (2 * np.pi)
    return (
        f"Mask {mask_to_string(mask_from_index(int(wrong[0]), 4))} costs "
        f"{cost.costs[wrong[0]]:.0f}: the angle of its phase should be "
        f"-{_GAMMA * cost.costs[wrong[0]]:.3f}; it is -{turned:.3f}."
    )


@exercise("11-4")
def who_interacts(answer: Any) -> str | None:
    """A function (N, K, j) -> the set of neurons that neuron j interacts with."""
    for n, k, j in ((12, 3, 5), (12, 3, 0), (9, 1, 4), (10, 2, 9), (6, 5, 2)):
        read = draw_nk_network(1, n, k, seed=0).neighbourhoods.tolist()
        expected = set(itertools.chain(*(row for row in read if j in row))) - {j}
        came = {int(neuron) for neuron in answer(n, k, j)}
        if came != expected:
            return (
                f"For N = {n}, K = {k} neuron {j} interacts with {sorted(expected)}; "
                f"{sorted(came)} came."
            )
    return None
