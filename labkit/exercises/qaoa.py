"""Exercises of notebook 07."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labkit.exercises.checking import compare_number, exercise
from labkit.masks import check_one_mask, mask_from_index, mask_to_string

_GAMMA, _BETA = 0.7, 0.3


@exercise("07-1")
def layers_for_99_percent(answer: Any) -> str | None:
    """Cost layers for a 99% chance of the optimum: 4 layers a shot, which meets it with 5%."""
    shots = math.ceil(math.log(0.01) / math.log(0.95))
    return compare_number(answer, 4 * shots)


@exercise("07-2")
def most_probable_mask(answer: Any) -> str | None:
    """The most probable mask after 4 layers of the ramp: moons, 8 neurons, seed 13."""
    from labkit.ansatz import ramp_angles
    from labkit.problems import build_problem
    from labkit.simulators import evolve_qaoa, probabilities

    mask = check_one_mask(answer, 8)
    table = build_problem("moons", 8, seed=13).table
    chance = probabilities(evolve_qaoa(table, *ramp_angles(4, 8, std=table.std)))
    came = float(chance[int(mask_to_string(mask), 2)])
    if came >= chance.max() - 1e-6:
        return None
    return (
        f"Mask {mask_to_string(mask)}, of rank {table.rank(mask)}, has probability {came:.4f}; "
        f"the largest is {chance.max():.4f}."
    )


@exercise("07-3")
def one_layer_for_agreement(answer: Any) -> str | None:
    """A circuit on two qubits: start, phase and mixer for a cost of 1 where two neurons agree."""
    import cirq

    from labkit.costs import PauliZCost
    from labkit.simulators import evolve_qaoa

    qubits = cirq.LineQubit.range(2)
    state = cirq.Circuit(answer).final_state_vector(qubit_order=qubits)
    cost = PauliZCost({(0, 1): 1.0}, 2)
    expected = evolve_qaoa(cost, [_GAMMA], [_BETA], dtype="complex128")
    overlap = np.vdot(state, expected)
    if abs(overlap) > 1 - 1e-5:  # a phase common to all masks cannot be measured
        return None
    # turned as near as can be, so that the mask that differs most can be named
    turned = state * np.exp(1j * np.angle(overlap))
    worst = int(np.abs(turned - expected).argmax())
    return (
        f"Mask {mask_to_string(mask_from_index(worst, 2))} should have the amplitude "
        f"{np.round(expected[worst], 3)}; it has {np.round(turned[worst], 3)} "
        "(up to a phase common to all masks)."
    )


@exercise("07-4")
def mean_of_the_best_share(answer: Any) -> str | None:
    """A function (costs, share) -> the mean of the lowest share of the costs."""
    rng = np.random.default_rng(3)
    for n_shots, share in ((8, 1.0), (8, 0.5), (10, 0.2), (64, 0.05)):
        costs = rng.random(n_shots)
        expected = np.sort(costs)[: math.ceil(share * n_shots)].mean()
        came = float(answer(costs.copy(), share))
        if not abs(came - expected) < 1e-9:
            return (
                f"For {n_shots} costs and a share of {share:g} the mean is {expected:.6f}; "
                f"{came:.6f} came."
            )
    return None
