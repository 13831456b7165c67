"""Exercises of notebook 09."""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.ansatz import check_angles, ramp_angles
from labkit.exercises.checking import compare_number, exercise
from labkit.masks import check_one_mask, mask_to_string


@exercise("09-1")
def means_for_a_gradient(answer: Any) -> str | None:
    """Mean costs in one gradient by central differences, three layers."""
    gammas, betas = ramp_angles(3, 6, std=1.0)
    return compare_number(answer, 2 * (len(gammas) + len(betas)))


@exercise("09-2")
def scaled_gammas(answer: Any) -> str | None:
    """A function (gammas, n, std) -> gammas, from 6 neurons and a standard deviation of 1."""
    from labkit.sweeps.lessons.training_angles import transfer_angles

    for gammas, n, std in (([1.0], 6, 0.5), ([0.5, 2.0], 24, 1.0), ([0.7, 1.5, 3.0], 10, 0.2)):
        expected = transfer_angles((np.array(gammas), np.zeros(len(gammas))), 6, n)[0] / std
        came = np.asarray(answer(np.array(gammas), n, std), dtype=np.float64)
        if came.shape != expected.shape or not np.allclose(came, expected, atol=1e-6):
            return (
                f"For gammas {gammas}, n = {n}, std = {std} they are {expected.round(4).tolist()}; "
                f"{came.round(4).tolist()} came."
            )
    return None


@exercise("09-3")
def better_than_the_ramp(answer: Any) -> str | None:
    """Two gammas and two betas whose mean cost is 0.1 standard deviations below the ramp's."""
    from labkit.sweeps.lessons.training_angles import mean_cost, moons_table

    gammas, betas = answer
    angles, table = check_angles(gammas, betas), moons_table(8, 3)
    if len(angles[0]) != 2:
        return f"Two layers are asked for; {len(angles[0])} came."
    limit = mean_cost(table, ramp_angles(2, 8, std=1.0)) - 0.1
    value = mean_cost(table, angles)
    if value <= limit:
        return None
    return f"The mean cost is {value:.3f} standard deviations; at most {limit:.3f} is asked for."


@exercise("09-4")
def optimum_from_shots(answer: Any) -> str | None:
    """A mask of the least squared error, 12 neurons, seed 6."""
    from labkit.sweeps.lessons.training_angles import moons_table

    table = moons_table(12, 6)
    mask = check_one_mask(answer, 12, argument="your mask")
    if table.rank(mask) == 1:
        return None
    return (
        f"Mask {mask_to_string(mask)} costs {float(table.evaluate(mask)):.6f}, rank "
        f"{table.rank(mask)}; the least cost is {table.minimum:.6f}."
    )
