"""Local selection: a block of neurons at a time, each block by any selector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count
from typing import Any

import numpy as np

from labkit.arrays import BoolArray, IntArray
from labkit.costs import AnyCost, Cost
from labkit.costs.names import check_neurons
from labkit.ledger import Ledger
from labkit.limits import check_choice, check_integer, show_value
from labkit.masks import masks_from_indices
from labkit.selectors.blocks import clusters, cut, embed, interaction_strength, restriction
from labkit.selectors.classical import exhaustive
from labkit.selectors.counted import CountedWalk
from labkit.selectors.meter import CostMeter
from labkit.selectors.running import (
    Selector,
    call_selector,
    check_selector,
    name_of,
    run,
)
from labkit.selectors.selection import Selection


@dataclass(frozen=True, eq=False)
class BlockStep:
    """One decision of local selection.

    Attributes:
        block: int (b,), the neurons that were free; empty where `solo` puts its decisions together.
        before: bool (n,), the mask that the other neurons were held at.
        after: bool (n,), the mask with the block decided.
        cost: of `after`.
        ledger: what was counted until then, from the start of the search.
    """

    block: IntArray
    before: BoolArray
    after: BoolArray
    cost: float
    ledger: Ledger


@dataclass(frozen=True, eq=False)
class LocalWalk:
    """A local selection and its decisions, in order.

    Attributes:
        selection: as `run` returns it.
        steps: the decisions; one that the budget or the target cut short is not among them.
    """

    selection: Selection
    steps: tuple[BlockStep, ...]

    def masks(self, n_steps: int | None = None) -> BoolArray:
        """The start and the mask after each of the first (or all) steps: bool (n_steps + 1, n)."""
        return np.array([self._start, *(step.after for step in self.steps[:n_steps])])

    def path(self, n_steps: int | None = None) -> BoolArray:
        """The same with each mask that a step began at: `solo` goes back to the start."""
        visited = [self._start]
        for step in self.steps[:n_steps]:
            if (step.before != visited[-1]).any():
                visited.append(step.before)
            visited.append(step.after)
        return np.array(visited)

    @property
    def _start(self) -> BoolArray:
        if not self.steps:
            raise ValueError("steps=() of this walk: its first block was cut short (limit: 1 step)")
        return self.steps[0].before


#: How `local_selection` cuts the neurons into blocks, and how often it goes through them.
SCHEMES = ("solo", "one_pass", "sweeps", "random_blocks", "clusters", "layers", "input_groups")
#: Of blocks up to this size `exhaustive` asks for all masks at once.
_WALKED = 14
_GROUPED = ("layers", "input_groups")


def local_selection(
    meter: CostMeter,
    *,
    rng: np.random.Generator,
    block_size: int,
    scheme: str = "sweeps",
    inner: Selector = exhaustive,
    inner_options: Mapping[str, Any] | None = None,
    groups: Sequence[Sequence[int]] | None = None,
    max_rounds: int | None = None,
    watch: Callable[[BlockStep], None] | None = None,
) -> None:
    """Chooses a block of neurons at a time, with all the other neurons held.

    From a random mask, `inner` searches the masks of one block, under what is left of the budget
    and with the same target; its best mask is kept where it is not worse. All that it counts is
    counted here, and a mask that it asks for again is counted again. The schemes:

    - solo: each block is decided at the start mask, and all decisions are put together at the
      end: none of them knew of any other.
    - one_pass: blocks of neighbouring neurons, in order, each knowing the decisions before it.
    - sweeps: the same again and again, until a whole sweep lowers nothing.
    - random_blocks: a new random partition in each round, until a round lowers nothing.
    - clusters: sweeps through blocks of neurons that interact strongly (see
      `blocks.interaction_strength`, which asks for n (n + 1) / 2 masks where the cost is a table).
    - layers, input_groups: sweeps through blocks that are cut from `groups` of neurons.

    Args:
        meter: the cost.
        rng: source of the start, the random partitions, and the inner selector's randomness.
        block_size: neurons in one block, 1..n; the last block, and that of a group, may be smaller.
        scheme: one of `SCHEMES`.
        inner: any selector, also your own; it gets a meter of the masks of one block.
        inner_options: its options.
        groups: neurons of each layer, or of each input; every neuron is in one or more.
        max_rounds: sweeps or rounds at most; None for no limit.
        watch: is told of each decision; see `walk_locally`.

    Raises:
        ValueError: `groups` do not go with the scheme.
        RuntimeError: the inner selector asked for no mask.
    """
    n = meter.n_neurons
    block_size = check_integer("block_size", block_size, minimum=1, maximum=n)
    check_choice("scheme", scheme, SCHEMES)
    if max_rounds is not None:
        max_rounds = check_integer("max_rounds", max_rounds, minimum=1)
    grouped = _check_groups(groups, scheme, n)
    options = check_options(inner, inner_options)
    if watch is not None and not callable(watch):
        raise TypeError(f"watch={show_value(watch)} is not a function of a step")
    mask = rng.random(n) < 0.5
    walk = meter.walk(mask)
    decide, cost = _Decider(meter, walk, inner, options, rng, watch), walk.cost
    if scheme == "random_blocks":
        _sweep(decide, mask, cost, lambda: cut(rng.permutation(n), block_size), max_rounds)
        return
    if scheme == "clusters":
        blocks = clusters(interaction_strength(meter, mask, cost), block_size)
    else:
        blocks = [block for group in grouped for block in cut(group, block_size)]
    if scheme == "solo":
        merged = mask.copy()
        for block in blocks:
            merged[block] = decide(mask, cost, block)[0][block]
        decide.tell(np.empty(0, np.int64), mask, merged, float(meter.evaluate(merged)))
    else:
        _sweep(decide, mask, cost, lambda: blocks, 1 if scheme == "one_pass" else max_rounds)


@dataclass(frozen=True, eq=False)
class _Decider:
    """Lets `inner` choose a block; keeps its best mask where that is not worse.

    Of all masks of a small block the costs come from one walk, which goes where the masks go.
    """

    meter: CostMeter
    walk: CountedWalk
    inner: Selector
    options: Mapping[str, Any]
    rng: np.random.Generator
    watch: Callable[[BlockStep], None] | None

    def __call__(self, mask: BoolArray, cost: float, block: IntArray) -> tuple[BoolArray, float]:
        """The mask after the block was decided, and its cost."""
        walks = self.inner is exhaustive and len(block) <= _WALKED
        found, least = self._best_of_all(block) if walks else self._search(mask, block)
        after = mask
        if least <= cost + self.meter.equal_within(cost):
            after, cost = embed(mask, block, found), least
        self.tell(block, mask, after, cost)
        return after, cost

    def _best_of_all(self, block: IntArray) -> tuple[BoolArray, float]:
        """The first of the best masks of a block, and its cost."""
        costs = self.walk.block_costs(block)
        least = float(costs.min())
        best = int((costs <= least + self.meter.equal_within(least)).argmax())
        return masks_from_indices(best, len(block)), float(costs[best])

    def _search(self, mask: BoolArray, block: IntArray) -> tuple[BoolArray, float]:
        """The mask of a block that `inner` finds best, and its cost."""
        child = self.meter.child(self.restrict(mask, block))
        try:
            call_selector(self.inner, child, self.rng, self.options)
        finally:
            self.meter.absorb(child, partial(embed, mask, block))
        if child.best_mask is None:
            raise RuntimeError(f"selector {name_of(self.inner)} asked for no mask")
        return child.best_mask, child.best_cost

    @cached_property
    def restrict(self) -> Callable[[BoolArray, IntArray], Cost]:
        """What gives the cost of a block."""
        return restriction(self.meter.cost)

    def tell(self, block: IntArray, before: BoolArray, after: BoolArray, cost: float) -> None:
        if self.watch is not None:
            self.watch(BlockStep(block, before, after, cost, self.meter.ledger))


def _sweep(
    decide: _Decider,
    mask: BoolArray,
    cost: float,
    partition: Callable[[], list[IntArray]],
    max_rounds: int | None,
) -> None:
    """Goes through all blocks until a whole round lowers nothing."""
    for _ in count() if max_rounds is None else range(max_rounds):
        before = cost
        for block in partition():
            after, cost = decide(mask, cost, block)
            decide.walk.move(block[after[block] != mask[block]], cost)
            mask = after
        if not cost < before - decide.meter.equal_within(before):
            return


def walk_locally(cost: AnyCost, *, rng: np.random.Generator, **options: Any) -> LocalWalk:
    """Runs `local_selection` and keeps each of its decisions.

    Args:
        cost: what to minimise.
        rng: source of all randomness: the selection is the one that `run` gives.
        **options: of `local_selection` and of `run`.
    """
    steps: list[BlockStep] = []
    selection = run(local_selection, cost, rng=rng, watch=steps.append, **options)
    return LocalWalk(selection, tuple(steps))


def check_options(inner: Any, options: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The options of an inner selector that can be called with them."""
    if options is not None and not isinstance(options, Mapping):
        raise TypeError(f"inner_options={show_value(options)} is not a mapping of names to values")
    check_selector(inner, options or {}, argument="inner")
    return options or {}


def _check_groups(groups: Any, scheme: str, n: int) -> list[Sequence[int]]:
    """The groups to cut into blocks: those given, or one of all neurons."""
    if (groups is not None) != (scheme in _GROUPED):
        given = f"groups={show_value(groups)} with scheme={scheme!r}"
        raise ValueError(f"{given} (limit: groups with {' or '.join(_GROUPED)}, with no other)")
    if groups is None:
        return [range(n)]
    if isinstance(groups, str) or not isinstance(groups, Iterable):
        raise TypeError(f"groups={show_value(groups)} is not a sequence of sequences of neurons")
    checked: list[Sequence[int]] = [check_neurons(group, n) for group in groups]
    if left_out := set(range(n)).difference(*checked):
        raise ValueError(f"groups lacks neuron {min(left_out)} (limit: all of 0..{n - 1})")
    return checked
