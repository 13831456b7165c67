"""All costs at once, and their local minima for a search of a few neurons at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import comb

import numpy as np

from labkit.costs import CostTable
from labkit.course.explorers.base import ProblemExplorer, seed_slider, slider
from labkit.course.explorers.controls import cost_dropdown
from labkit.course.explorers.picture import SharedMask
from labkit.course.explorers.subnetwork import find_next_by_cost
from labkit.course.lessons.lesson_12_local_selection import find_stuck_masks
from labkit.course.plots.blocks import draw_minima, draw_over_blocks
from labkit.course.plots.walks import nearest_mask
from labkit.course.wording import say
from labkit.datasets import Task, check_task
from labkit.masks import BoolArray, mask_to_index, mask_to_string

MIN_NEURONS, MAX_NEURONS = 3, 12


@dataclass(frozen=True, eq=False)
class CostTableView:
    """The local minima of a cost: masks that no change of a block of neurons improves.

    Attributes:
        table: costs of all masks.
        block_size: neurons that may change at a time, any of them.
        lit: bool (n,), the mask that is lit.
    """

    table: CostTable
    block_size: int
    lit: BoolArray | None = None

    @property
    def stuck(self) -> BoolArray:
        """Bool (2^n,), by mask index; the best masks are among them."""
        return _all_stuck(self.table)[self.block_size - 1]

    @property
    def n_stuck(self) -> list[int]:
        """How many, by block size from 1 on."""
        return [int(stuck.sum()) for stuck in _all_stuck(self.table)]

    @property
    def n_reached(self) -> list[int]:
        """How many masks differ from one by at most k neurons, itself too, k from 1 on."""
        n = self.table.n_neurons
        return [*accumulate(comb(n, k) for k in range(n + 1))][1:]

    @property
    def worst(self) -> float:
        """How much more than the least the costliest local minimum costs."""
        return float(self.table.costs[self.stuck].max() - self.table.minimum)

    @property
    def text(self) -> str:
        """The same in one line."""
        k, n, n_masks = self.block_size, self.table.n_neurons, len(self.table.costs)
        n_stuck, reached = self.n_stuck[k - 1], self.n_reached[k - 1]
        words = say(
            "cost_table.text",
            k=k,
            n=n,
            n_stuck=n_stuck,
            n_masks=n_masks,
            worst=self.worst,
            reached=reached,
        )
        if self.lit is None:
            return words
        cost, is_stuck = float(self.table.evaluate(self.lit)), self.stuck[mask_to_index(self.lit)]
        kind = say("cost_table.a_local_minimum") if is_stuck else say("cost_table.no_local_minimum")
        return say(
            "cost_table.ring_mask_cost",
            words=words,
            lit=mask_to_string(self.lit),
            cost=cost,
            kind=kind,
        )


@lru_cache(maxsize=64)
def _all_stuck(table: CostTable) -> list[BoolArray]:
    return [find_stuck_masks(table, k) for k in range(1, table.n_neurons + 1)]


class CostTableExplorer(ProblemExplorer):
    """The cost of every mask, and where a search of k neurons at a time can get stuck.

    A click on a dot lights its mask, the arrow keys left and right the next by cost; a click on
    the right axes chooses the block size.

    Args:
        task: one of `datasets.TASK_NAMES`, or of your own.
        seed: of the network's weights, 0 to 19.
        n_neurons: neurons, 3 to 12.
        cost: one of `scoring.COSTS`.
        block_size: neurons that may change at a time, 1 to n_neurons.
        shared: the mask that is lit here and in other explorers.
    """

    _kept = ("n_stuck", "n_reached", "worst")

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 7,
        n_neurons: int = 8,
        cost: str = "cross_entropy",
        block_size: int = 1,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        choices = {
            "task": check_task("task", task),
            "n_neurons": slider(
                "n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, say("shared.neurons")
            ),
            "seed": seed_slider(seed),
            "cost": cost_dropdown(cost),
            "block_size": slider(
                "block_size", block_size, 1, n_neurons, say("shared.locality_block_size")
            ),
        }
        super().__init__(choices, widths=(5.4, 4.4), height=3.8, shared=shared)

    @property
    def view(self) -> CostTableView:
        """What is shown."""
        return CostTableView(self.problem.table, self.chosen["block_size"], self.lit)

    def _adjust(self, moved: str) -> None:
        """There is no block larger than the network."""
        if moved == "n_neurons":
            self.controls["block_size"].max = self.chosen["n_neurons"]

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 0:
            start = np.zeros(self.chosen["n_neurons"])
            self._light(nearest_mask(self.problem.table, x, y, self._axes[0], start))
        else:
            self.controls["block_size"].value = round(x)

    def _arrow(self, right: int, up: int) -> None:
        self.shared.choose(find_next_by_cost(self.problem.table, self.lit, right))

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        draw_minima(left, view.table, view.stuck, view.lit)
        counts = {
            say("cost_table.local_minima"): view.n_stuck,
            say("cost_table.masks_to_compare"): view.n_reached,
        }
        title = say("cost_table.circles_local_minima_triangles")
        draw_over_blocks(
            right, range(1, view.table.n_neurons + 1), counts, chosen=view.block_size,
            ylabel=say("shared.masks"), title=title, is_log=True,
        )  # fmt: skip
        return view.text
