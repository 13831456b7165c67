"""A race: each selector under the same number of calls, and what it had found after each call.

One call is one use of the cost, wherever it is used: one cost query (a verification too), one
oracle call in superposition, one cost layer of one shot, one forward pass or one backward pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs import Cost, CostTable, LocalCost
from labkit.ledger import CALLS_IN_CIRCUIT
from labkit.limits import check_choice, check_integer
from labkit.selectors import (
    CostMeter,
    Ledger,
    adaptive_grover,
    exhaustive,
    genetic_search,
    local_selection,
    one_flip_search,
    partition_crossover_search,
    qaoa_sampling,
    random_search,
    simulated_annealing,
    tabu_search,
    tree_elimination,
)
from labkit.selectors.meter import SearchEnded
from labkit.selectors.running import (
    Selector,
    call_selector,
    check_selector,
    name_of,
)

#: Layers of QAOA, neurons of a local block; shots and states where angles are trained on the way.
LAYERS, BLOCK_SIZE, TUNING_SHOTS, TUNING_STATES = 4, 4, 16, 30


@dataclass(frozen=True, eq=False)
class Trace:
    """What one run of a selector had found, call by call.

    Attributes:
        calls: int64 (queries,), calls spent when each mask's cost came, rising.
        costs: float64 (queries,), those costs.
        ledger: of the whole run.
    """

    calls: IntArray
    costs: FloatArray
    ledger: Ledger

    def best_at(self, budget: npt.ArrayLike) -> FloatArray:
        """The least cost known after so many calls, float64 (...); inf before the first answer."""
        answered = np.searchsorted(self.calls, np.asarray(budget), side="right")
        best = np.concatenate([[np.inf], np.minimum.accumulate(self.costs)])
        found: FloatArray = best[answered]
        return found


class CallMeter(CostMeter):
    """A meter that knows how many calls were spent when each cost came.

    Each mask measured from a circuit bears its shot's share of what the circuit spent. A
    verification is counted once, although the ledger has it as an oracle call and a cost query.

    Attributes:
        spent: calls so far.
    """

    def __init__(self, cost: Cost, **limits: Any) -> None:
        super().__init__(cost, **limits)
        self.spent, self._by_shot, self._calls = 0, 0, list[IntArray]()

    @property
    def calls(self) -> IntArray:
        """Calls spent when each cost came, int64 (queries,)."""
        return np.concatenate([*self._calls, np.empty(0, dtype=np.int64)])

    def count(self, **spent: float) -> None:
        """Adds entries to the ledger; oracle calls and cost layers of a circuit are calls."""
        super().count(**spent)
        if spent.get("shots"):
            in_circuit = sum(spent.get(name, 0) for name in CALLS_IN_CIRCUIT)
            self._by_shot = int(in_circuit / spent["shots"])
        if asked := int(spent.get("cost_queries", 0)):
            each = 1 + self._by_shot
            self._calls.append(np.arange(1, asked + 1) * each + self.spent)
            self.spent, self._by_shot = self.spent + asked * each, 0

    def pay(self, calls: int) -> None:
        """Counts calls that told no cost of a mask, such as passes for the table of a term."""
        self.spent += calls

    def absorb(self, child: CostMeter, embed: Callable[[BoolArray], BoolArray]) -> None:
        """Takes over what a child spent, and when."""
        super().absorb(child, embed)
        assert isinstance(child, CallMeter)
        self._calls.append(self.spent + child.calls)
        self.spent += child.spent


#: Searches under a meter for about `budget` calls, or until it has nothing more to do.
Entrant = Callable[[CallMeter, np.random.Generator, int], None]


def _local(
    meter: CallMeter, rng: np.random.Generator, budget: int, *, grover_inside: bool = False
) -> None:
    size = min(BLOCK_SIZE, meter.n_neurons)
    options: dict[str, Any] = {"block_size": size}
    if grover_inside:
        calls = {"max_oracle_calls": 2**size - 1}
        options |= {"inner": adaptive_grover, "inner_options": calls}
    local_selection(meter, rng=rng, **options)


def _read_terms(
    meter: CallMeter, rng: np.random.Generator, budget: int, *, selector: Selector
) -> None:
    """A random mask, then a search that reads terms: their tables take 2^order calls."""
    meter.evaluate(rng.random(meter.n_neurons) < 0.5)
    meter.pay(2**meter.cost.order)
    selector(meter, rng=rng)


def race_qaoa(
    meter: CallMeter, rng: np.random.Generator, budget: int, angles: Any = "ramp"
) -> None:
    """QAOA of `LAYERS` layers with as many shots as the budget allows, a verification each."""
    shots = math.ceil(budget / (LAYERS + 1))
    qaoa_sampling(meter, rng=rng, p=LAYERS, shots=shots, angles=angles)


#: Selectors that need no more than a cost; one that ends before the budget starts again.
ENTRANTS: Mapping[str, Entrant] = {
    "exhaustive": lambda meter, rng, budget: exhaustive(meter, rng=rng),
    "random search": lambda meter, rng, budget: random_search(meter, rng=rng),
    "one-flip search": lambda meter, rng, budget: one_flip_search(meter, rng=rng),
    "annealing": lambda meter, rng, budget: simulated_annealing(meter, rng=rng),
    "tabu search": lambda meter, rng, budget: tabu_search(meter, rng=rng),
    "genetic search": lambda meter, rng, budget: genetic_search(meter, rng=rng),
    "local selection": _local,
    "local, Grover inside": partial(_local, grover_inside=True),
    "adaptive Grover": lambda meter, rng, budget: adaptive_grover(
        meter, rng=rng, max_oracle_calls=budget
    ),
    "QAOA, ramp": race_qaoa,
    "QAOA, tuned here": lambda meter, rng, budget: qaoa_sampling(
        meter, rng=rng, p=LAYERS, shots=TUNING_SHOTS, angles="sampled", evaluations=TUNING_STATES
    ),
}

#: Those that need a cost of local terms, such as that of an NK network.
LOCAL_ENTRANTS: Mapping[str, Entrant] = {
    "partition crossover": partial(_read_terms, selector=partition_crossover_search),
    "tree elimination": partial(_read_terms, selector=tree_elimination),
}


def own_entrant(selector: Selector) -> Entrant:
    """A selector of your own as an entrant: it starts again where it ends before the budget.

    Raises:
        TypeError: it cannot be called as `selector(meter, rng=rng)`.
    """
    check_selector(selector, {})

    def search(meter: CallMeter, rng: np.random.Generator, budget: int) -> None:
        call_selector(selector, meter, rng, {})

    search.__name__ = name_of(selector)
    return search


def trace(
    entrant: str | Entrant,
    cost: CostTable | LocalCost,
    budget: int,
    *,
    rng: np.random.Generator,
    minimum: float | None = None,
) -> Trace:
    """Runs a selector, again and again where it ends early, until `budget` calls are spent.

    It stops at an optimum: from there on nothing can be found.

    Args:
        entrant: one of `ENTRANTS`, of `LOCAL_ENTRANTS`, or another; of a selector of your own,
            `own_entrant`.
        cost: what to minimise; of local terms for `LOCAL_ENTRANTS`.
        budget: calls, at least 1.
        rng: source of all randomness.
        minimum: the least cost of all masks; by default the table tells it.

    Raises:
        RuntimeError: it ends without having asked for a mask.
    """
    if not callable(entrant):
        known = {**ENTRANTS, **LOCAL_ENTRANTS}
        entrant = known[check_choice("entrant", entrant, tuple(known))]
    budget = check_integer("budget", budget, minimum=1)
    least = cost.to_table().minimum if minimum is None else minimum
    meter = CallMeter(cost, max_cost_queries=budget, target_cost=least)
    with suppress(SearchEnded):
        while meter.spent < budget:
            before = meter.spent
            entrant(meter, rng, budget)
            if meter.spent == before:
                raise RuntimeError(f"selector {name_of(entrant)} asked for no mask")
    within = meter.calls <= budget
    return Trace(meter.calls[within], meter.history[within], meter.ledger)
