"""Variational annealing: a wave function over masks follows a transverse field down to none."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from labkit.limits import check_integer, check_positive
from labkit.selectors.meter import CostMeter
from labkit.wave_functions.quantum_states import (
    QuantumState,
    check_samples,
    reconfigure,
    sweep_masks,
)


def variational_annealing(
    meter: CostMeter,
    *,
    rng: Generator,
    steps: int = 40,
    samples: int = 16,
    field: float = 1.0,
    learning_rate: float = 0.3,
) -> None:
    """Trains psi > 0 by its local energies while the field falls to zero; asks for its samples.

    Each step moves the samples by a sweep of Metropolis flips of psi^2, asks for their costs, one
    query each, and takes one step of stochastic reconfiguration at the field of that step, which
    falls evenly to zero. The ratios of amplitudes ask for no cost; they are counted as
    `amplitude_evaluations`. No qubit is used: the state is a classical network.

    Args:
        meter: the cost.
        rng: draws the network, the first masks, flips and decisions.
        steps: 1 or more.
        samples: masks of each step, 2 or more.
        field: of the first step, in standard deviations of its costs.
        learning_rate: see `labkit.wave_functions.quantum_states.reconfigure`.

    Reference: Hibat-Allah et al. 2021, Nature Machine Intelligence 3, 952, for the annealing.
    """
    steps = check_integer("steps", steps, minimum=1)
    samples = check_integer("samples", samples, minimum=2)
    field = check_positive("field", field)
    learning_rate = check_positive("learning_rate", learning_rate)
    n = meter.n_neurons
    state = QuantumState(n, seed=int(rng.integers(2**32)))
    check_samples(state, samples)
    masks, unit = rng.random((samples, n)) < 0.5, 0.0
    for share in np.linspace(1, 0, steps):
        masks, moved = sweep_masks(state, masks, rng=rng)
        meter.count(amplitude_evaluations=moved)
        costs = meter.evaluate(masks)
        unit = unit or float(costs.std())
        if not unit:
            continue  # all alike so far: nothing to learn
        of_step = {"field": field * unit * float(share), "learning_rate": learning_rate}
        state, _, asked = reconfigure(state, masks, costs, **of_step)
        meter.count(amplitude_evaluations=asked)
