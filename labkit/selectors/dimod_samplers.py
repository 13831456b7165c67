"""Samplers of others: whatever samples dimod's models selects neurons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import BoolArray
from labkit.costs import AnyCost, CostTable, LocalCost, PauliZCost, to_binary_polynomial, to_bqm
from labkit.limits import check_rng, show_value
from labkit.platforms import DIMOD
from labkit.selectors.meter import CostMeter
from labkit.selectors.running import name_of, run
from labkit.selectors.selection import Selection

if TYPE_CHECKING:
    import dimod

_SEEDS = 2**31  # those that every sampler takes


def select_with(
    sampler: Any, cost: AnyCost, *, rng: np.random.Generator, **options: Any
) -> Selection:
    """Lets a sampler of dimod choose the neurons: of dwave-samplers, of a quantum annealer.

    The cost is given as a quadratic model. Above order 2 a sampler that has `sample_poly` is given
    the polynomial itself; to another one it is made quadratic, with a variable more for pairs of
    neurons, by `dimod.HigherOrderComposite`. Of all reads the one of least energy is the mask,
    whose cost is then asked for: one query. The ledger counts reads as shots; what else a sampler
    does is not known, but for the seconds, in which the cost is also made a model.

    Args:
        sampler: has `sample(model, **options)`, as `dwave.samplers.SimulatedAnnealingSampler()`,
            or `sample_poly`.
        cost: a `PauliZCost`, or a `LocalCost` or `CostTable`, which is made one.
        rng: source of a `seed`, where the sampler has that option and none is given.
        **options: the sampler's own, such as `num_reads`. Where a polynomial is made quadratic,
            `penalty_strength` is by default what no gain outweighs.

    Raises:
        MissingPartError: dimod is not installed.
        TypeError: `sampler` is none, or `cost` has no terms.
        ValueError: the sampler returns no read, or leaves a neuron out.

    >>> import dimod
    >>> cost = PauliZCost({(0,): 1.0, (0, 1): 0.5}, 2)
    >>> select_with(dimod.ExactSolver(), cost, rng=np.random.default_rng(0))
    Selection(selector='ExactSolver', cost=-1.5, n_active=1, n_neurons=2, cost_queries=1)
    """
    check_rng(rng)
    if not (_can(sampler, "sample") or _can(sampler, "sample_poly")):
        what = "is no sampler of dimod such as dimod.ExactSolver()"
        raise TypeError(f"sampler={show_value(sampler)} {what}")
    polynomial = _as_polynomial(cost)

    def ask(meter: CostMeter, *, rng: np.random.Generator) -> BoolArray:
        reads = _sample(sampler, polynomial, _with_seed(sampler, options, rng))
        meter.count(shots=int(np.sum(reads.record.num_occurrences)))
        return _best_mask(reads, polynomial)

    ask.__name__ = name_of(sampler)
    return run(ask, cost, rng=rng)


def _can(sampler: Any, method: str) -> bool:
    return callable(getattr(sampler, method, None))


def _as_polynomial(cost: Any) -> PauliZCost:
    if isinstance(cost, LocalCost):
        return cost.to_pauli_z()
    if isinstance(cost, CostTable):
        return PauliZCost.from_table(cost)
    if not isinstance(cost, PauliZCost):
        how = "labkit.scoring.quadratic_cost makes one of a network"
        raise TypeError(f"cost={show_value(cost)} has no terms (limit: a PauliZCost; {how})")
    return cost


def _with_seed(
    sampler: Any, options: Mapping[str, Any], rng: np.random.Generator
) -> Mapping[str, Any]:
    """The options, and a seed for a sampler that has this option."""
    takes_seed = "seed" in (getattr(sampler, "parameters", None) or {})
    return {"seed": int(rng.integers(_SEEDS)), **options} if takes_seed else options


def _sample(sampler: Any, cost: PauliZCost, options: Mapping[str, Any]) -> dimod.SampleSet:
    dimod = DIMOD.load()
    if cost.order <= 2 and _can(sampler, "sample"):
        return sampler.sample(to_bqm(cost), **options)
    polynomial = to_binary_polynomial(cost)
    if _can(sampler, "sample_poly"):
        return sampler.sample_poly(polynomial, **options)
    # a product that a variable stands for may at most be worth what all such terms are
    enough = 2 * sum(abs(c) for neurons, c in cost.terms.items() if len(neurons) > 2)
    made_quadratic = dimod.HigherOrderComposite(sampler)
    return made_quadratic.sample_poly(polynomial, **{"penalty_strength": enough, **options})


def _best_mask(reads: dimod.SampleSet, cost: PauliZCost) -> BoolArray:
    """The read of least energy; a neuron stays where its variable is 1, as a spin or a bit."""
    if not len(reads):
        raise ValueError("the sampler returned 0 reads (limit: at least 1)")
    values = reads.first.sample
    labels = range(cost.n_neurons) if cost.names is None else cost.names
    missing = [label for label in labels if label not in values]
    if missing:
        raise ValueError(f"the sampler returned no value of {show_value(missing)} (limit: of each)")
    return np.array([values[label] > 0 for label in labels])
