"""A guide fixes the surest neurons; a selector searches the rest."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.limits import check_array, check_integer
from labkit.selectors.blocks import embed, restriction
from labkit.selectors.classical import exhaustive
from labkit.selectors.local import check_options
from labkit.selectors.meter import CostMeter
from labkit.selectors.running import Selector, call_selector


def guided_search(
    meter: CostMeter,
    *,
    rng: np.random.Generator,
    guide: npt.ArrayLike,
    n_fixed: int,
    inner: Selector = exhaustive,
    inner_options: Mapping[str, Any] | None = None,
) -> None:
    """Fixes the `n_fixed` neurons of largest |guide| at its signs, and searches the others.

    z_j = 1 - 2 m_j takes the sign of guide_j: the neuron goes where it is 0 or more, and stays
    where it is negative. So 2^n masks become 2^(n - n_fixed); the best of all may not be among
    them. What the guide cost is not counted here: the meter sees queries only.

    Args:
        meter: the cost.
        rng: the inner selector's randomness.
        guide: (n,) numbers, such as a solution of the relaxed problem; of equal ones, the first is
            surer.
        n_fixed: neurons that are fixed, 0..n.
        inner: any selector, also your own; it gets a meter of the masks of the others.
        inner_options: its options.

    >>> from labkit.costs import PauliZCost
    >>> from labkit.selectors import run
    >>> cost = PauliZCost({(0,): -2.0, (1,): 1.0, (0, 2): 0.5}, 3)
    >>> rng = np.random.default_rng(0)
    >>> run(guided_search, cost, rng=rng, guide=[2.0, -1.0, 0.1], n_fixed=2)
    Selection(selector='guided_search', cost=-3.5, n_active=2, n_neurons=3, cost_queries=2)
    """
    n = meter.n_neurons
    values = check_array("guide", guide)
    if values.shape != (n,):
        raise ValueError(f"guide has shape {values.shape}; it must be ({n},)")
    n_fixed = check_integer("n_fixed", n_fixed, minimum=0, maximum=n)
    options = check_options(inner, inner_options)
    mask, surest = values < 0, np.argsort(-np.abs(values), kind="stable")
    if n_fixed == n:
        meter.evaluate(mask)
        return
    free = np.sort(surest[n_fixed:])
    child = meter.child(restriction(meter.cost)(mask, free))
    try:
        call_selector(inner, child, rng, options)
    finally:
        meter.absorb(child, partial(embed, mask, free))
