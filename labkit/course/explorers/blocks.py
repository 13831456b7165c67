"""Choose all neurons at once, or a few at a time: what is entangled, and what is found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from labkit.course.explorers.base import MAX_SEED, ProblemExplorer, seed_slider, slider
from labkit.course.explorers.picture import SharedMask
from labkit.course.plots import draw_blocks, draw_cost_histogram
from labkit.course.wording import say
from labkit.datasets import Task, check_task
from labkit.limits import check_integer
from labkit.masks import mask_to_string
from labkit.problems import Problem, build_problem
from labkit.selectors import LocalWalk, walk_locally

MIN_NEURONS, MAX_NEURONS = 4, 10


@dataclass(frozen=True, eq=False)
class BlockView:
    """What choosing a block of neurons at a time comes to, from one start.

    Attributes:
        problem: whose masks are chosen.
        block_size: neurons chosen at a time; a machine holds a qubit for each.
        walk: the choices, each by looking at all masks of its block.
    """

    problem: Problem
    block_size: int
    walk: LocalWalk

    @property
    def blocks(self) -> list[list[int]]:
        """The neurons of each block, in order."""
        n = self.problem.n_neurons
        return [[*range(j, min(j + self.block_size, n))] for j in range(0, n, self.block_size)]

    @property
    def found(self) -> str:
        """The mask that is chosen in the end."""
        return self.walk.selection.mask_string

    @property
    def rank(self) -> int:
        """Of the mask that is found; 1 is the best."""
        return self.problem.table.rank(self.found)

    @property
    def amplitudes(self) -> int:
        """That a machine of so many qubits holds."""
        return 2**self.block_size

    @property
    def text(self) -> str:
        """The same in one line."""
        n, size, cost = self.problem.n_neurons, self.block_size, self.walk.selection.cost
        return say(
            "blocks.text",
            size=size,
            n=n,
            amplitudes=self.amplitudes,
            n_2=2**n,
            masks=mask_to_string(self.walk.masks()[0]),
            found=self.found,
            cost=cost,
            rank=self.rank,
        )


@lru_cache(maxsize=256)
def view_blocks(
    task: str | Task, n_neurons: int, seed: int, block_size: int, start: int
) -> BlockView:
    """Goes through the blocks again and again, from the mask of one seed, until nothing falls."""
    problem = build_problem(task, n_neurons, seed=seed)
    rng = np.random.default_rng([seed, start])
    walk = walk_locally(problem.table, rng=rng, block_size=block_size)
    return BlockView(problem, block_size, walk)


class BlockExplorer(ProblemExplorer):
    """How many neurons are chosen at a time: the qubits that are entangled, and what is found.

    Neighbouring neurons make a block. Each block in turn takes its best mask while the others are
    held, until a whole round lowers nothing.

    Args:
        task: one of `datasets.TASK_NAMES`, or of your own.
        seed: of the network's weights, 0 to 19.
        n_neurons: neurons, 4 to 10.
        block_size: neurons chosen at a time, 1 to n_neurons.
        start: seed of the mask at which the choosing begins, 0 to 19.
        shared: the mask that is lit here and in other explorers; by default one of its own.
    """

    _kept = ("found", "rank", "amplitudes")

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 7,
        n_neurons: int = 8,
        block_size: int = 8,
        start: int = 0,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        n = check_integer("n_neurons", n_neurons, minimum=MIN_NEURONS, maximum=MAX_NEURONS)
        choices = {
            "task": check_task("task", task),
            "n_neurons": n,
            "block_size": slider("block_size", block_size, 1, n, say("blocks.neurons_at_a_time")),
            "seed": seed_slider(seed),
            "start": slider("start", start, 0, MAX_SEED, say("shared.seed_of_the_start")),
        }
        super().__init__(choices, widths=(5.0, 4.4), height=3.0, shared=shared)

    @property
    def view(self) -> BlockView:
        """What is shown."""
        chosen = self.chosen
        return view_blocks(
            *(chosen[name] for name in ("task", "n_neurons", "seed", "block_size", "start"))
        )

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        draw_blocks(left, view.blocks)
        masks = {"start": view.walk.masks()[0], "found": view.walk.selection.neuron_mask}
        draw_cost_histogram(right, view.problem.table, masks)
        return view.text
