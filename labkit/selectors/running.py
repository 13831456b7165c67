"""How every selector runs: one signature, one check of the answer."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from labkit.costs import AnyCost
from labkit.costs.tables import SINGLE_PRECISION
from labkit.limits import check_integer, check_number, check_rng, show_value
from labkit.masks import check_one_mask, mask_to_string
from labkit.selectors.meter import CostMeter as CostMeter
from labkit.selectors.meter import SearchEnded as SearchEnded
from labkit.selectors.selection import Selection, WrongCostError

#: Called as `selector(meter, rng=rng, **options)`; see `run`.
Selector = Callable[..., Any]


def run(
    selector: Selector,
    cost: AnyCost,
    *,
    rng: np.random.Generator,
    max_cost_queries: int | None = None,
    max_forward_passes: int | None = None,
    target_cost: float | None = None,
    **options: Any,
) -> Selection:
    """Runs a selector, counts and times it, and checks the cost that it states.

    A selector of your own is a function of the meter, which it asks for the costs of masks and
    which remembers the best of them; `rng` and all options come by name. It returns nothing, or a
    mask, whose cost is then asked for as well. Beyond `max_cost_queries` no mask is answered: the
    meter ends the search.

    Args:
        selector: `exhaustive`, `random_search`, ..., or your own.
        cost: what to minimise: of `labkit.costs`, or any object with `evaluate` and `n_neurons`.
        rng: source of all randomness: the same state gives the same selection.
        max_cost_queries: no more masks than this are asked for; the best one asked is returned.
        max_forward_passes: no more subnetworks than this are run: a mask that is asked for is one,
            a table of n neurons, of a block's too, is 2^n of them and is made whole or not at all.
        target_cost: end as soon as a mask of at most this cost, but for rounding, was asked for;
            see `labkit.costs.equal_within`.
        **options: the selector's own.

    Raises:
        WrongCostError: the cost stated is not the cost of the mask returned, by more than
            rounding, or was not asked for; a RuntimeError, whose `selection` has the mask.
        RuntimeError: no mask was asked for, as where the passes do not suffice for a table.
        TypeError: the selector cannot be called so, returns what is no mask, or `cost` is no cost.

    >>> from labkit.costs import CostTable
    >>> from labkit.selectors import exhaustive
    >>> run(exhaustive, CostTable([0.7, 0.2, 0.9, 0.4], 2), rng=np.random.default_rng(0))
    Selection(selector='exhaustive', cost=0.2, n_active=1, n_neurons=2, cost_queries=4)

    >>> def coin_flips(meter, *, rng, tosses=8):
    ...     masks = rng.random((tosses, meter.n_neurons)) < 0.5
    ...     costs = meter.evaluate(masks)
    ...     return masks[costs.argmin()]
    >>> run(coin_flips, CostTable([0.7, 0.2, 0.9, 0.4], 2), rng=np.random.default_rng(0), tosses=6)
    Selection(selector='coin_flips', cost=0.2, n_active=1, n_neurons=2, cost_queries=6)
    """
    check_rng(rng)
    check_selector(selector, options)
    if target_cost is not None:
        target_cost = check_number("target_cost", target_cost)
    if max_cost_queries is not None:
        max_cost_queries = check_integer("max_cost_queries", max_cost_queries, minimum=1)
    if max_forward_passes is not None:
        max_forward_passes = check_integer("max_forward_passes", max_forward_passes, minimum=1)
    limits = {"max_cost_queries": max_cost_queries, "max_forward_passes": max_forward_passes}
    meter = CostMeter(cost, **limits, target_cost=target_cost)
    start = time.perf_counter()
    with suppress(SearchEnded):
        call_selector(selector, meter, rng, options)
    meter.count(seconds=time.perf_counter() - start)
    return _checked(selector, meter)


def _checked(selector: Selector, meter: CostMeter) -> Selection:
    name = name_of(selector)
    if meter.best_mask is None:
        passes = meter.max_forward_passes
        within = "" if passes is None else f" within max_forward_passes={passes}"
        raise RuntimeError(f"selector {name} asked for no mask{within}")
    recomputed = float(meter.cost.evaluate(meter.best_mask))
    names = getattr(meter.cost, "names", None)
    found = Selection(name, meter.best_mask, meter.best_cost, meter.ledger, meter.history, names)
    again = replace(found, cost=recomputed)
    if not abs(recomputed - meter.best_cost) <= _rounding(meter):
        raise WrongCostError(f"selector {name} states {meter.best_cost}, it is {recomputed}", again)
    if not meter.history.size or meter.best_cost < meter.history.min():
        what = "returns a mask whose cost it did not ask for"
        raise WrongCostError(f"selector {name} {what}", again)
    return found


def _rounding(meter: CostMeter) -> float:
    """What the cost of one mask may differ by when it is asked for again, among others.

    A cost of which nothing is known may come from single precision.
    """
    if meter.magnitude:
        return meter.equal_within(meter.best_cost)
    return SINGLE_PRECISION * float(np.abs(meter.history).max(initial=0.0))


def check_selector(
    selector: Any, options: Mapping[str, Any], *, argument: str = "selector"
) -> Selector:
    """Returns a selector that can be called with a meter, `rng=` and these options.

    Raises:
        TypeError: it cannot.
    """
    if not callable(selector):
        raise TypeError(f"{argument}={show_value(selector)} is not a selector such as exhaustive")
    try:
        signature = inspect.signature(selector)
    except ValueError:  # what is not written in Python need not have one
        return selector
    try:
        signature.bind(None, rng=None, **options)
    except TypeError as error:
        called = ", ".join(["meter", "rng=rng", *(f"{name}=..." for name in options)])
        given = f"{argument} {name_of(selector)}{signature}"
        raise TypeError(f"{given} cannot be called as ({called}): {error}") from None
    return selector


def call_selector(
    selector: Selector, meter: CostMeter, rng: np.random.Generator, options: Mapping[str, Any]
) -> None:
    """Lets a selector search; a mask that it returns is asked for, unless it is the best so far.

    Raises:
        TypeError: it returns something else.
    """
    returned = selector(meter, rng=rng, **options)
    if returned is None:
        return
    try:
        mask = check_one_mask(returned, meter.n_neurons, argument="it")
    except (TypeError, ValueError) as error:
        what = f"selector {name_of(selector)} returned {show_value(returned)}, no mask: {error}"
        best = ""  # what was found is not lost
        if meter.best_mask is not None:
            best = f"; its best is {mask_to_string(meter.best_mask)} of cost {meter.best_cost}"
        raise TypeError(f"{what} (limit: a mask or None){best}") from None
    if meter.best_mask is None or (mask != meter.best_mask).any():
        meter.evaluate(mask)


def name_of(selector: Selector) -> str:
    """Its name, for messages and results."""
    return str(getattr(selector, "__name__", type(selector).__name__))
