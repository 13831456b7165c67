"""Searches that do not know how many masks are good: how many calls, and round by round."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.amplification import GROWTH, average_success
from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs import EQUAL_WITHIN, CostTable, equal_within
from labkit.course.checking import compare_function, exercise, name_mask, number_exercise
from labkit.ledger import Ledger, Outcome
from labkit.limits import check_integer
from labkit.problems import build_problem
from labkit.selectors import CostMeter, adaptive_grover, one_flip_search, random_search, run
from labkit.selectors.running import SearchEnded, Selector

if TYPE_CHECKING:
    import pandas as pd

#: Runs of each search at each point.
RUNS = 10
#: How the figures name what `count_calls` counted.
LABELS = {
    "adaptive Grover": "result.adaptive_grover",
    "random search": "result.random_search",
    "one-flip search": "result.one_flip_search",
}
_LIMITLESS = 10**9


def count_calls(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Counts what three searches ask until they meet an optimum, `RUNS` runs each.

    Args:
        parameters: arguments of `build_problem`; with `shuffled`, the costs are dealt out anew
            among the masks.
        seed: of the network's weights, of the shuffling and of the searches.

    Returns:
        The number of optima, and for each run the oracle calls of `adaptive_grover`,
        verifications included, and the cost queries of random and of one-flip search.
    """
    options, rng = dict(parameters), np.random.default_rng(seed)
    is_shuffled = options.pop("shuffled", False)
    table = build_problem(seed=seed, **options).table
    if is_shuffled:
        table = CostTable(rng.permutation(table.costs), table.n_neurons)

    def meet_optimum(selector: Selector, **limits: int) -> list[Ledger]:
        search = partial(run, selector, table, rng=rng, target_cost=table.minimum, **limits)
        return [search().ledger for _ in range(RUNS)]

    grover = meet_optimum(adaptive_grover, max_oracle_calls=_LIMITLESS)
    random = meet_optimum(random_search)
    one_flip = meet_optimum(one_flip_search, restarts=_LIMITLESS)
    result = {
        "n_optima": len(table.optimal_masks()),
        "adaptive_grover": np.array([ledger.oracle_calls for ledger in grover]),
        "random_search": np.array([ledger.cost_queries for ledger in random]),
        "one_flip_search": np.array([ledger.cost_queries for ledger in one_flip]),
    }
    return Outcome(result, sum((*grover, *random, *one_flip), Ledger()))


def mean_calls(runs: pd.DataFrame) -> dict[str, FloatArray]:
    """The mean calls of each search on each row of `count_calls`: label -> float64 (networks,)."""
    return {label: np.array([*runs[name]]).mean(axis=1) for label, name in LABELS.items()}


@dataclass(frozen=True, eq=False)
class Rounds:
    """One run of `adaptive_grover`, round by round.

    Attributes:
        calls: int64 (rounds + 1,), oracle calls spent at the end of each round; 0 for the start.
        costs: float64 (rounds + 1,), the cost measured then; first that of the start.
        thresholds: float64 (rounds + 1,), the threshold after it: the least cost so far.
    """

    calls: IntArray
    costs: FloatArray
    thresholds: FloatArray

    def calls_to(self, cost: float) -> int:
        """Oracle calls until the threshold came down to a cost; a ValueError if it never did."""
        rounding = EQUAL_WITHIN * np.abs(self.costs).max()
        met = np.flatnonzero(np.abs(self.thresholds - cost) <= rounding)
        if not met.size:
            raise ValueError(f"cost={cost} was not met (limit: {self.thresholds[-1]})")
        return int(self.calls[met[0]])


def follow_rounds(
    table: CostTable, *, rng: np.random.Generator, max_oracle_calls: int | None = None
) -> Rounds:
    """Runs `adaptive_grover` and notes each measurement; its arguments are passed on."""
    meter = _Witness(table)
    with suppress(SearchEnded):
        adaptive_grover(meter, rng=rng, max_oracle_calls=max_oracle_calls)
    # a round's verification is counted just after its query
    calls = np.array(meter.calls_before)
    calls[1:] += 1
    return Rounds(calls, meter.history, np.minimum.accumulate(meter.history))


class _Witness(CostMeter):
    """A meter that notes how many oracle calls were spent before each query."""

    def __init__(self, cost: CostTable) -> None:
        super().__init__(cost)
        self.calls_before: list[int] = []

    def evaluate(self, neuron_masks: npt.ArrayLike) -> FloatArray:
        """As `CostMeter.evaluate`."""
        self.calls_before.append(self.ledger.oracle_calls)
        return super().evaluate(neuron_masks)


def expected_calls_to_minimum(table: CostTable) -> float:
    """Oracle calls of `adaptive_grover` until it meets the least cost, in expectation, exactly.

    A cost that g masks have and L masks are below is ever the threshold with probability
    g / (L + g): the first mask met that costs no more is as likely any one of these. From there a
    search for the L masks below takes U(n, L) calls, `expected_calls_unknown`::

        sum over costs with L > 0 of g / (L + g) * U(n, L)

    Costs that differ by rounding alone count as equal. Reference: Dürr and Høyer 1996, arXiv
    quant-ph/9607014, lemma 1, for costs that all differ.
    """
    ranked = np.sort(table.costs)
    rises = np.diff(ranked) > equal_within(table, ranked[1:])
    below = 1 + np.flatnonzero(rises)
    if not below.size:
        return 0.0
    equal = np.diff(np.append(below, len(ranked)))
    return float(equal / (below + equal) @ _calls_unknown(table.n_neurons, below))


def _calls_unknown(n: int, marked: IntArray) -> FloatArray:
    """`expected_calls_unknown` of many numbers of marked masks at once, each below 2^n."""
    last, theta = math.sqrt(2**n), np.arcsin(np.sqrt(marked / 2**n))
    calls, not_yet, reach = np.zeros(len(marked)), np.ones(len(marked)), 1.0
    while True:
        m = math.ceil(reach)
        success = 0.5 - np.sin(4 * m * theta) / (4 * m * np.sin(2 * theta))
        if reach >= last:
            return calls + not_yet * (m + 1) / 2 / success
        calls += not_yet * (m + 1) / 2
        not_yet *= 1 - success
        reach = min(GROWTH * reach, last)


def expected_queries_one_flip(table: CostTable) -> float:
    """Cost queries of `one_flip_search` until it meets the least cost, in expectation, exactly.

    A descent asks Q queries and meets the least cost with chance P, in the mean over all starts
    and orders; it restarts until one does, which is the 1/P-th on average: Q / P queries. Time and
    memory go as 4^n, so n is at most 10.

    Raises:
        ValueError: there are more neurons.
    """
    n = check_integer("n_neurons", table.n_neurons, minimum=1, maximum=10)
    least = table.minimum + equal_within(table, table.minimum)
    sweeps, flips = _sweeps(n), 2 ** np.arange(n)
    # queries to come and chance of the least cost, by mask and by set of neurons that this sweep
    # has yet to try: all of them, or fewer and one before lowered the cost; (2, 2^n, 2^n)
    ahead = np.zeros((2, 2**n, 2**n))
    for mask in np.argsort(table.costs, kind="stable"):
        cost = table.costs[mask]
        if cost <= least:
            ahead[1, mask] = 1
            continue
        is_lower = table.costs[mask ^ flips] < cost - equal_within(table, cost)
        ahead[:, mask] = _from_mask(ahead[:, mask ^ flips], is_lower, sweeps)
    asked, met = ahead[:, :, -1].mean(axis=1)
    return float((1 + asked) / met)


def _sweeps(n: int) -> list[tuple[IntArray, IntArray, IntArray]]:
    """For sets of 1, 2, ..., n neurons as bits: the sets, their neurons, and all but each."""
    sets, bits = np.arange(2**n), 2 ** np.arange(n)
    holds = (sets[:, None] & bits) > 0
    found = []
    for size in range(1, n + 1):
        of_size = sets[holds.sum(axis=1) == size]
        neurons = np.nonzero(holds[of_size])[1].reshape(-1, size)
        found.append((of_size, neurons, of_size[:, None] ^ bits[neurons]))
    return found


def _from_mask(
    lower: FloatArray, is_lower: BoolArray, sweeps: list[tuple[IntArray, IntArray, IntArray]]
) -> FloatArray:
    """A row of `expected_queries_one_flip`, (2, 2^n): any neuron left is the next to be tried.

    Args:
        lower: the rows of the masks one flip away, (2, n, 2^n); used where they cost less.
        is_lower: which these are, bool (n,).
        sweeps: see `_sweeps`.
    """
    row, sets = np.zeros((2, lower.shape[-1])), np.arange(lower.shape[-1])
    for of_size, neurons, rest in sweeps:
        then = np.where(is_lower[neurons], lower[:, neurons, rest], row[:, rest])
        row[:, of_size] = then.mean(axis=-1)
        row[0, of_size] += 1
    # where none that is left lowers the cost, but one before did, another sweep begins
    ends = sets & (2 ** np.arange(len(is_lower)) @ is_lower) == 0
    ends[-1] = False  # nothing was before
    row[:, ends] += row[:, -1:]
    return row


@exercise("05-1")
def success_of_a_round(answer: Any) -> str | None:
    """A function (n, M, reach) -> chance of a marked mask after a random number of calls."""
    cases = ((6, 1, 1), (6, 3, 4), (8, 1, 16), (10, 20, 7))
    what = "For n = {}, M = {} and reach {} the chance"
    return compare_function(answer, average_success, cases, what)


# failed rounds until the reach has grown by 6/5 each from 1 to sqrt(2^12) or more
number_exercise(
    "05-2",
    math.ceil(math.log(2**6) / math.log(6 / 5)),
    lambda rounds: (
        f"After 3 failed rounds the reach is (6/5)^3 = {(6 / 5) ** 3:.4g}; its largest value is "
        "the root of the number of masks. How many factors of 6/5 is that?"
        if rounds == int(rounds)
        else "Rounds are whole: take the first after which the reach is at its largest value."
    ),
    slips={
        2**6: "That is the largest reach; asked for are the factors of 6/5 that lead there.",
        math.ceil(12 * math.log(2, 6 / 5)): "That leads to 2^12; the reach ends at its root.",
        math.ceil(math.log2(2**6)): "That doubles the reach each time; it grows by 6/5.",
    },
)
# thresholds of one search for the minimum of 2^8 different costs, that of the start too
number_exercise(
    "05-3",
    sum(1 / rank for rank in range(1, 2**8 + 1)),
    "The number expected is a sum: for each of the 256 masks, the chance that it is a threshold.",
    tolerance=0.05,
    slips={
        8: "That is log2 of 256, as if each threshold halved what is left exactly.",
        math.log(256): "That is ln 256; the sum of 1/r is larger by 0.58 (Euler's constant).",
        256: "That is the number of masks; few of them become a threshold.",
    },
)


@exercise("05-4")
def costs_that_trap(answer: Any) -> str | None:
    """Eight different costs, least at mask 111, from which one flip at a time never leaves 000."""
    costs = np.asarray(answer, dtype=np.float64)
    if costs.shape != (8,) or not np.isfinite(costs).all():
        said = "Eight costs are expected, one for each of the masks 000, 001, ..., 111"
        return f"{said}; {costs.size} came."
    if len(np.unique(costs)) < 8:
        return "The eight costs must differ from one another; two of them are equal."
    if (best := int(costs.argmin())) != 0b111:
        said = f"The least cost must be that of mask 111, {costs[7]:g}"
        return f"{said}; mask {name_mask(best, 3)} has {costs[best]:g}."
    for neighbour in (0b100, 0b010, 0b001):
        if costs[neighbour] < costs[0]:
            return (
                f"Mask 000 should be a trap; from its cost {costs[0]:g} a flip to mask "
                f"{name_mask(neighbour, 3)} leads down to {costs[neighbour]:g}."
            )
    return None
