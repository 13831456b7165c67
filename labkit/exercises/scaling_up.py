"""Exercises of notebook 13."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from labkit.exercises.checking import compare_number, exercise
from labkit.masks import check_one_mask
from labkit.scoring import NetworkCost


@exercise("13-1")
def passes_of_three_sweeps(answer: Any) -> str | None:
    """A start, then three sweeps through 1,024 neurons in blocks of 8: one pass a mask."""
    return compare_number(answer, 1 + 3 * (1024 // 8) * 2**8)


@exercise("13-2")
def mask_as_good_as_one_sweep(answer: Any) -> str | None:
    """A mask of 64 neurons for breast cancer that costs no more than one sweep's answer."""
    cost, limit = one_sweep()
    mask = check_one_mask(answer, cost.n_neurons)
    reached = float(cost.evaluate(mask))
    if reached <= limit + 1e-9:
        return None
    return (
        f"The mask keeps {mask.sum()} neurons and costs {reached:.4f}; "
        f"one sweep of blocks of 4 finds {limit:.4f}."
    )


@cache
def one_sweep() -> tuple[NetworkCost, float]:
    """The cost of the network of exercise 13-2, and what one sweep of it finds."""
    from labkit.selectors import local_selection, run
    from labkit.sweeps.lessons.scaling_up import build_large

    _, cost = build_large("breast_cancer", 64, seed=11)
    rng = np.random.default_rng(0)
    return cost, run(local_selection, cost, rng=rng, block_size=4, max_rounds=1).cost


@exercise("13-3")
def softmax_cross_entropy(answer: Any) -> str | None:
    """A function (f, y) -> mean of log(sum_c exp f_c) - f_y, for outputs (samples, classes)."""
    from labkit.scoring import check_labels, cost_of_outputs

    rng = np.random.default_rng(13)
    for n_samples, n_classes in ((1, 3), (7, 3), (20, 5)):
        f, y = rng.normal(size=(n_samples, n_classes)), rng.integers(n_classes, size=n_samples)
        targets = check_labels(y, n_samples=n_samples, n_outputs=n_classes)
        expected = float(cost_of_outputs(f, targets, cost="cross_entropy"))
        given = float(answer(f.copy(), y.copy()))
        if not abs(given - expected) < 1e-6:
            return (
                f"For {n_samples} samples of {n_classes} classes the cost is {expected:.6f}; "
                f"{given:.6f} came."
            )
    return None


@exercise("13-4")
def smallest_block_for_grover(answer: Any) -> str | None:
    """The smallest block size at which adaptive Grover's default budget is below 2^b."""
    from labkit.selectors import default_oracle_calls

    smallest = next(b for b in range(1, 100) if default_oracle_calls(b) < 2**b)
    return compare_number(answer, smallest)
