"""Samples masks in proportion to e^(-cost / T); each cost that is looked at is a query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.ledger import Ledger
from labkit.limits import check_choice, check_number, check_positive, check_rng, show_value
from labkit.selectors.counted import CountedWalk
from labkit.selectors.meter import CostMeter

#: A chain that flips at each step, as it is or weighted by 1 / Z; and Metropolis.
KINDS = ("uncorrected", "weighted", "metropolis")


@dataclass(frozen=True, eq=False)
class MaskSamples:
    """Masks that a chain went through.

    Attributes:
        neuron_masks: bool (samples, n), in order.
        weights: float64 (samples,), the largest 1: what each mask counts for.
        queries: int64 (samples,), cost queries by the time that each could be weighted.
        ledger: what all of it cost.
    """

    neuron_masks: BoolArray
    weights: FloatArray
    queries: IntArray
    ledger: Ledger

    def inclusion(self, queries: int | None = None) -> FloatArray:
        """The estimate of P(m_j = 1), float64 (n,), from what so many queries gave; None: all.

        Raises:
            ValueError: they gave no sample.
        """
        most = np.inf if queries is None else check_number("queries", queries)
        among = self.queries <= most
        weights = self.weights[among]
        if not weights.sum() > 0:
            raise ValueError(f"queries={queries} gave no sample (limit: {self.queries.min()})")
        return np.asarray(weights @ self.neuron_masks[among] / weights.sum())


def sample_masks_posterior(
    meter: CostMeter, *, kind: str, temperature: float, rng: np.random.Generator
) -> MaskSamples:
    """Walks from a random mask until the budget is spent, and keeps every mask on its way.

    'uncorrected' and 'weighted' look at all n flips and do one of them, j with a chance of
    e^(-(cost(m^j) - cost(m)) / 2T) / Z(m); weights are 1, or 1 / Z(m), after which they stand for
    e^(-cost / T). A step is n queries. 'metropolis' looks at one flip, in random order in each
    sweep, and does it with a chance of min(1, e^(-(cost(m^j) - cost(m)) / T)): one query.

    Args:
        meter: the cost, with a budget; never a query more than that. What does not suffice for a
            step is not spent.
        kind: one of `KINDS`.
        temperature: T above 0, in the unit of the cost.
        rng: draws the first mask, and every choice.

    Raises:
        ValueError: the meter has no budget, one too small for the first step, or a target, at
            which a sample would end too early.

    Reference: the chain as of Zanella 2020, JASA 115, 852, at the root of the ratio; Metropolis et
    al. 1953. See `labkit.neighbours.sampling`.
    """
    if not isinstance(meter, CostMeter):
        raise TypeError(f"meter={show_value(meter)} is no CostMeter")
    check_choice("kind", kind, KINDS)
    temperature = check_positive("temperature", temperature)
    check_rng(rng)
    a_step = 1 if kind == "metropolis" else meter.n_neurons
    if meter.left is None or meter.left < 1 + a_step:
        raise ValueError(f"the meter has a budget of {meter.left} (limit: {1 + a_step} or more)")
    if meter.target_cost is not None:
        raise ValueError(f"the meter has target_cost={meter.target_cost} (limit: None)")
    walk = meter.walk(rng.random(meter.n_neurons) < 0.5)
    step = _metropolis if kind == "metropolis" else _jumps
    masks, logs, queries = map(
        np.concatenate, zip(*step(meter, walk, temperature, rng), strict=True)
    )
    weights = np.exp(logs - logs.max()) if kind == "weighted" else np.ones(len(logs))
    return MaskSamples(masks, weights, queries, meter.ledger)


#: Masks (k, n), the logarithms of 1 / Z (k,), and the queries spent by each (k,).
_Part = tuple[BoolArray, FloatArray, IntArray]


def _jumps(
    meter: CostMeter, walk: CountedWalk, temperature: float, rng: np.random.Generator
) -> Iterator[_Part]:
    """The mask before each jump, once its Z is known; while a whole look is left."""
    while (left := meter.left) is not None and left >= walk.n_neurons:
        log = -(walk.flip_costs() - walk.cost) / (2 * temperature)
        shares = np.exp(log - log.max())
        log_z = float(log.max() + np.log(shares.sum()))
        spent = meter.ledger.cost_queries
        yield walk.neuron_mask[None], np.array([-log_z]), np.array([spent])
        walk.flip(int(np.searchsorted(np.cumsum(shares), rng.random() * shares.sum())))


def _metropolis(
    meter: CostMeter, walk: CountedWalk, temperature: float, rng: np.random.Generator
) -> Iterator[_Part]:
    """The mask after each try; a sweep at a time, as far as the budget goes."""
    while meter.left:
        order, before = rng.permutation(walk.n_neurons)[: meter.left], walk.neuron_mask
        spent = meter.ledger.cost_queries
        kept = walk.anneal(order, temperature, rng).kept
        flips = np.zeros((len(order), walk.n_neurons), dtype=bool)
        flips[np.arange(len(order)), order] = kept
        masks = before ^ np.logical_xor.accumulate(flips, axis=0)
        yield masks, np.zeros(len(order)), spent + 1 + np.arange(len(order))
