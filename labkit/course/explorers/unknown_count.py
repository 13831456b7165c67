"""Search a block of neurons round by round without a count, and see what its size costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from labkit.amplification import expected_calls
from labkit.arrays import BoolArray, FloatArray
from labkit.costs import CostTable, equal_within
from labkit.course.explorers.base import MAX_SEED, ProblemExplorer, slider
from labkit.course.explorers.picture import SharedMask
from labkit.course.lessons.lesson_05_unknown_count import (
    Rounds,
    expected_calls_to_minimum,
    follow_rounds,
)
from labkit.course.lessons.lesson_12_local_selection import pass_in_blocks
from labkit.course.plots.blocks import draw_over_blocks, draw_rounds
from labkit.course.wording import say
from labkit.datasets import Task, check_task
from labkit.limits import check_integer
from labkit.problems import Problem, build_problem

MIN_NEURONS, MAX_NEURONS = 3, 12
#: Rounds that a search is watched for after it met the least cost, which it does not know.
_IN_VAIN = 3


@dataclass(frozen=True, eq=False)
class BlockPass:
    """One pass over all neurons in blocks of one size.

    Attributes:
        offered: the costs of each block's masks.
        unknown: calls until every block met its least cost, in expectation, by `adaptive_grover`:
            its oracle calls, and the query at each block's start.
        known: the same by Grover's search that is told the least cost and how many masks have it.
        masks: how many masks all blocks have together: the queries that enumeration takes.
        regret: cost above the least of all masks, at the end of the pass.
    """

    offered: list[CostTable]
    unknown: float
    known: float
    masks: int
    regret: float


@lru_cache(maxsize=512)
def view_pass(problem: Problem, start: int, block_size: int) -> BlockPass:
    """The pass from the start mask of one seed, each block to its least cost."""
    table = problem.table
    mask: BoolArray = np.random.default_rng([problem.seed, start]).random(table.n_neurons) < 0.5
    offered, end = pass_in_blocks(table, mask, block_size)
    best = [(cost.n_neurons, len(cost.optimal_masks())) for cost in offered]
    return BlockPass(
        offered,
        unknown=sum(map(expected_calls_to_minimum, offered)) + len(offered),
        known=sum(expected_calls(n, m) for n, m in best),
        masks=sum(len(cost.costs) for cost in offered),
        regret=max(float(table.evaluate(end)) - table.minimum, 0.0),
    )


@lru_cache(maxsize=256)
def find_rounds(problem: Problem, start: int, block_size: int) -> Rounds:
    """The search of the first block, until some rounds after it met the least cost."""
    cost, calls = view_pass(problem, start, block_size).offered[0], 2**block_size
    while True:
        rng = np.random.default_rng([problem.seed, start, block_size])
        rounds = follow_rounds(cost, rng=rng, max_oracle_calls=calls)
        least = cost.minimum + float(equal_within(cost, cost.minimum))
        after = np.flatnonzero(rounds.thresholds <= least)
        if len(after) > _IN_VAIN:
            kept = slice(int(after[_IN_VAIN]) + 1)
            return Rounds(rounds.calls[kept], rounds.costs[kept], rounds.thresholds[kept])
        calls *= 2


@dataclass(frozen=True, eq=False)
class UnknownCountView:
    """The first block's search after so many rounds, and the passes of all block sizes."""

    problem: Problem
    start: int
    block_size: int
    round: int

    @property
    def rounds(self) -> Rounds:
        """Of the first block."""
        return find_rounds(self.problem, self.start, self.block_size)

    @property
    def passes(self) -> list[BlockPass]:
        """By block size, from 1 on."""
        sizes = range(1, self.problem.n_neurons + 1)
        return [view_pass(self.problem, self.start, size) for size in sizes]

    @property
    def here(self) -> BlockPass:
        """Of the block size that is chosen."""
        return self.passes[self.block_size - 1]

    @property
    def calls(self) -> int:
        """Oracle calls by now, in the first block."""
        return int(self.rounds.calls[self.round])

    @property
    def n_less(self) -> int:
        """How many masks of the first block cost less than its threshold: nobody knows it."""
        cost, threshold = self.here.offered[0], float(self.rounds.thresholds[self.round])
        return int((cost.costs < threshold - equal_within(cost, threshold)).sum())

    @property
    def text(self) -> str:
        """The same in one line."""
        n, k, here = self.problem.n_neurons, self.block_size, self.here
        return say(
            "unknown_count.text",
            k=k,
            n=n,
            k_2=2**k,
            round=self.round,
            n_calls=len(self.rounds.calls) - 1,
            calls=self.calls,
            n_less=self.n_less,
            n_offered=len(here.offered),
            unknown=here.unknown,
            known=here.known,
            masks=here.masks,
            regret=here.regret,
        )


class UnknownCountExplorer(ProblemExplorer):
    """Adaptive Grover search in blocks: its rounds, its calls, and what a smaller register loses.

    The arrow keys left and right make a round back or forth; a click on the left axes goes to the
    round of that call, one on the others chooses the block size.

    Args:
        task: one of `datasets.TASK_NAMES`, or of your own.
        seed: of the network's weights, 0 to 19.
        n_neurons: neurons, 3 to 12.
        block_size: neurons of a block, qubits of the register, 1 to n_neurons.
        start: seed of the start mask and of the search, 0 to 19.
        round: of the first block's search to begin with, as many as it is watched for at most.
        shared: the mask that is lit here and in other explorers.
    """

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 7,
        n_neurons: int = 12,
        block_size: int = 3,
        start: int = 0,
        round: int = 0,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        register = say("unknown_count.locality_block_size_qubits")
        choices = {
            "task": check_task("task", task),
            "seed": check_integer("seed", seed, minimum=0, maximum=MAX_SEED),
            "n_neurons": slider(
                "n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, say("shared.neurons")
            ),
            "block_size": slider("block_size", block_size, 1, n_neurons, register),
            "start": slider("start", start, 0, MAX_SEED, say("unknown_count.seed_of_the_search")),
        }
        rounds = find_rounds(build_problem(task, n_neurons, seed=seed), start, block_size)
        # the last one: the others say how many rounds there are
        choices["round"] = slider(
            "round", round, 0, len(rounds.calls) - 1, say("unknown_count.round")
        )
        super().__init__(choices, widths=(4.4, 3.9, 3.4), height=3.6, shared=shared)

    @property
    def view(self) -> UnknownCountView:
        """What is shown."""
        chosen = self.chosen
        return UnknownCountView(
            self.problem, *(chosen[k] for k in ("start", "block_size", "round"))
        )

    def _numbers(self) -> dict[str, float]:
        view, here = self.view, self.view.here
        passed = {"unknown": here.unknown, "known": here.known, "regret": here.regret}
        return {"calls": view.calls, "n_less": view.n_less, "masks": here.masks, **passed}

    def _adjust(self, moved: str) -> None:
        """No block is larger than the network, and another search has another number of rounds."""
        if moved == "n_neurons":
            self.controls["block_size"].max = self.chosen["n_neurons"]
        if moved != "round":
            self.controls["round"].max = len(self.view.rounds.calls) - 1

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 0:
            calls = self.view.rounds.calls
            self.controls["round"].value = int(np.searchsorted(calls, x, side="right")) - 1
        else:
            self.controls["block_size"].value = round(x)
            self._adjust("block_size")

    def _arrow(self, right: int, up: int) -> None:
        self.controls["round"].value += right

    def _draw(self) -> str:
        view, (left, middle, right) = self.view, self._axes
        rounds, passes = view.rounds, view.passes
        draw_rounds(left, rounds.calls, rounds.costs, rounds.thresholds, view.round)
        calls: dict[str, FloatArray] = {
            name: np.array([getattr(each, name) for each in passes])
            for name in ("unknown", "known", "masks")
        }
        sizes, chosen = range(1, len(passes) + 1), view.block_size
        draw_over_blocks(middle, sizes, calls, chosen=chosen, ylabel=say("shared.calls_of_a_whole"),
                         title=say("unknown_count.circles_unknown_triangles_known"), is_log=True
                         )  # fmt: skip
        middle.set_ylim(3, 6000)
        regrets = {"regret": [each.regret for each in passes]}
        draw_over_blocks(right, sizes, regrets, chosen=chosen, ylabel="",
                         title=say("unknown_count.cost_above_the_least"))  # fmt: skip
        right.set_ylim(bottom=-0.02 * right.get_ylim()[1])
        return view.text
