"""Local search step by step: which neurons are free, what the block offers, what is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from labkit.costs import CostTable
from labkit.course.explorers.base import (
    MAX_SEED,
    ProblemExplorer,
    dropdown,
    slider,
    task_dropdown,
)
from labkit.course.explorers.picture import SharedMask
from labkit.course.plots import draw_walk
from labkit.course.plots.walks import draw_bits, draw_spent, nearest_mask
from labkit.course.wording import say
from labkit.datasets import Task
from labkit.limits import check_integer
from labkit.masks import BoolArray, all_masks, mask_to_string
from labkit.networks import NetworkArrays
from labkit.problems import Problem, build_problem
from labkit.selectors import SCHEMES, BlockStep, LocalWalk, walk_locally
from labkit.selectors.blocks import embed

MIN_NEURONS, MAX_NEURONS = 3, 10
#: Steps whose masks are drawn: as many rows as can be read.
_ROWS = 8


@dataclass(frozen=True, eq=False)
class LocalSearchView:
    """What a walk, by enumeration of each block, has come to after so many of its steps."""

    table: CostTable
    walk: LocalWalk
    step: int
    lit: BoolArray | None = None

    def __post_init__(self) -> None:
        check_integer("step", self.step, minimum=0, maximum=len(self.walk.steps))

    @property
    def masks(self) -> BoolArray:
        """The start and the mask after each step made: bool (step + 1, n)."""
        return self.walk.masks(self.step)

    @property
    def next(self) -> BlockStep | None:
        """The decision that comes; None at the end."""
        return self.walk.steps[self.step] if self.step < len(self.walk.steps) else None

    @property
    def candidates(self) -> BoolArray | None:
        """The 2^b masks among which it chooses, bool (2^b, n); None where no block is free."""
        coming = self.next
        if coming is None or not len(coming.block):
            return None
        return embed(coming.before, coming.block, all_masks(len(coming.block)))

    @property
    def spent(self) -> int:
        """Cost queries by now; a block that is enumerated takes 2^b."""
        if self.step:
            return self.walk.steps[self.step - 1].ledger.cost_queries
        first = self.walk.steps[0]
        return first.ledger.cost_queries - 2 ** len(first.block)

    @property
    def numbers(self) -> dict[str, Any]:
        """What the lab book keeps."""
        mask = self.masks[-1]
        return {
            "mask_string": mask_to_string(mask),
            "cost": float(self.table.evaluate(mask)),
            "rank": self.table.rank(mask),
            "cost_queries": self.spent,
            "n_steps": len(self.walk.steps),
        }

    @property
    def text(self) -> str:
        """The same in one line."""
        mask, cost, rank, spent, n_steps = self.numbers.values()
        words = say(
            "theatre.text",
            step=self.step,
            n_steps=n_steps,
            mask=mask,
            cost=cost,
            rank=rank,
            n_costs=len(self.table.costs),
            spent=spent,
            n_history=len(self.walk.selection.history),
            next_in_words=self._next_in_words,
        )
        if self.lit is None:
            return words
        cost = float(self.table.evaluate(self.lit))
        return say("theatre.ring_mask_cost", words=words, lit=mask_to_string(self.lit), cost=cost)

    @property
    def _next_in_words(self) -> str:
        coming = self.next
        if coming is None:
            return say("theatre.the_search_has_ended")
        if not len(coming.block):
            return say("theatre.next_the_decisions_are")
        named = ", ".join(map(str, coming.block))
        return say(
            "theatre.free_next_neurons_candidates", named=named, n_block=2 ** len(coming.block)
        )


@lru_cache(maxsize=256)
def find_walk(problem: Problem, block_size: int, scheme: str, start: int) -> LocalWalk:
    """The walk from the start mask of one seed, each block by enumeration."""
    rng, groups = np.random.default_rng([problem.seed, start]), groups_of(problem.network, scheme)
    options: dict[str, Any] = {"block_size": block_size, "scheme": scheme, "groups": groups}
    return walk_locally(problem.table, rng=rng, **options)


def groups_of(network: NetworkArrays, scheme: str) -> list[list[int]] | None:
    """The groups that a scheme cuts into blocks; None where it takes none.

    `layers`: the first and the second half of the neurons, as if they were two layers.
    `input_groups`: for each input the neurons that weigh it most, where there are any.
    """
    n = network.n_mask_bits
    if scheme == "layers":
        return [[*range(n // 2)], [*range(n // 2, n)]]
    if scheme == "input_groups":
        heaviest = np.abs(network.kernel[: network.n_inputs]).argmax(axis=0)
        return [np.flatnonzero(heaviest == i).tolist() for i in np.unique(heaviest)]
    return None


class LocalSearchTheatre(ProblemExplorer):
    """Local selection on the cost of all subnetworks, one decision after the other.

    The squares are what the free block offers; the next step goes to the lowest of them. The arrow
    keys left and right make a step back or forth. A click on a dot lights its mask, a click on a
    bit that mask with this bit flipped, a click on the right axes goes to that query's step.

    Args:
        task: one of `controls.TASKS`, or of your own.
        seed: of the network's weights, 0 to 19.
        n_neurons: neurons, 3 to 10.
        block_size: neurons that are free at once, 1 to n_neurons.
        scheme: one of `selectors.SCHEMES`; see `groups_of`.
        start: seed of the start mask and of random blocks, 0 to 19.
        step: decisions made to begin with, as many as the search has at most.
        shared: the mask that is lit here and in other explorers.
    """

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 7,
        n_neurons: int = 8,
        block_size: int = 2,
        scheme: str = "sweeps",
        start: int = 0,
        step: int = 0,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        choices = {
            "seed": check_integer("seed", seed, minimum=0, maximum=MAX_SEED),
            "task": task_dropdown(task),
            "n_neurons": slider(
                "n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, say("shared.neurons")
            ),
            "block_size": slider(
                "block_size", block_size, 1, n_neurons, say("shared.locality_block_size")
            ),
            "scheme": dropdown("scheme", scheme, SCHEMES),
            "start": slider("start", start, 0, MAX_SEED, say("shared.seed_of_the_start")),
        }
        problem = build_problem(task, n_neurons, seed=seed)
        n_steps = len(find_walk(problem, block_size, scheme, start).steps)
        # the last one: the others say how many steps there are
        choices["step"] = slider("step", step, 0, n_steps, say("shared.step"))
        super().__init__(choices, widths=(5.0, 3.2, 3.6), height=3.6, shared=shared)

    @property
    def walk(self) -> LocalWalk:
        """The search that the controls choose."""
        chosen = self.chosen
        return find_walk(self.problem, chosen["block_size"], chosen["scheme"], chosen["start"])

    @property
    def view(self) -> LocalSearchView:
        """What is shown."""
        return LocalSearchView(self.problem.table, self.walk, self.chosen["step"], self.lit)

    def _numbers(self) -> dict[str, Any]:
        return self.view.numbers

    def _adjust(self, moved: str) -> None:
        """Another network has other blocks, another search has another number of steps."""
        if moved == "n_neurons":
            self.controls["block_size"].max = self.chosen["n_neurons"]
        if moved != "step":
            self.controls["step"].max = len(self.walk.steps)

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 0:
            self._light(nearest_mask(self.problem.table, x, y, self._axes[0]))
        elif number == 1:
            self._light_bit(round(x), round(y))
        else:
            spent = [step.ledger.cost_queries for step in self.walk.steps]
            self.controls["step"].value = int(np.searchsorted(spent, x, side="right"))

    def _arrow(self, right: int, up: int) -> None:
        self.controls["step"].value += right

    def _light_bit(self, neuron: int, row: int) -> None:
        """Lights the mask of a row with one bit flipped; beneath the last row, that one's."""
        masks = self.view.masks
        if 0 <= neuron < masks.shape[1]:
            flip = np.arange(masks.shape[1]) == neuron
            self.shared.choose(masks[min(max(row, 0), len(masks) - 1)] ^ flip)

    def _draw(self) -> str:
        view, (dots, bits, costs) = self.view, self._axes
        path = view.walk.path(view.step)
        draw_walk(dots, view.table, path, candidates=view.candidates, lit=view.lit)
        dots.set_title(say("theatre.circle_start_triangle_now"), fontsize=10)
        first = max(0, view.step + 1 - _ROWS)
        none = np.empty(0, dtype=np.int64)
        blocks = [none, *(step.block for step in view.walk.steps)][first : view.step + 1]
        asked = view.next.block if view.next is not None and len(view.next.block) else None
        draw_bits(bits, view.masks[first:], blocks, first=first, asked=asked, lit=view.lit)
        bits.set_ylim(first + _ROWS + 0.6, first - 0.6)
        bits.set_title(say("theatre.filled_stays_framed_free"), fontsize=10)
        lit_cost = None if view.lit is None else float(view.table.evaluate(view.lit))
        draw_spent(costs, view.walk, view.spent, view.table.minimum, lit_cost=lit_cost)
        costs.set_title(
            say("theatre.dotted_the_optimum", scheme=self.chosen["scheme"]), fontsize=10
        )
        return view.text
