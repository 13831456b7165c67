"""Exercises of notebook 00."""

from __future__ import annotations

from typing import Any

from labkit.amplification import optimal_iterations
from labkit.course.checking import exercise, number_exercise
from labkit.masks import check_one_mask, mask_to_string
from labkit.problems import build_problem


@exercise("00-1")
def among_the_best(answer: Any) -> str | None:
    """A mask string of eight neurons whose cost is among the lowest tenth."""
    table = build_problem("moons", 8, seed=7).table
    mask = check_one_mask(answer, 8, argument="your mask")
    rank, limit = table.rank(mask), len(table.costs) // 10
    if rank <= limit:
        return None
    return (
        f"Mask {mask_to_string(mask)} costs {float(table.evaluate(mask)):.4f} and has rank {rank} "
        f"of {len(table.costs)}; a rank of {limit} or better was asked for."
    )


# the subnetworks of 20 neurons
number_exercise("00-2", 2**20)
# the first peak for one marked mask of eight neurons
number_exercise("00-3", optimal_iterations(8, 1))
